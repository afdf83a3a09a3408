"""User equilibrium: solve it, start it warm, slice the day, ask it which trips use a link."""
