"""Programs we compare with; each runs in an environment of its own and imports nothing of ours but the protocol."""
