"""Floods: what the water does, and where the city meets it."""
