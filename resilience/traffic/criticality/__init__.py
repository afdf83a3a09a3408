"""Which road matters most: what is closed, what its loss costs, how the network is built."""
