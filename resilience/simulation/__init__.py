"""One run: the clock, the order of a tick, and the state that its parts share."""
