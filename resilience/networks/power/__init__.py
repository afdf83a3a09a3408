"""The power network: by connectivity and capacity, and who is shed where that is short."""
