"""Shortest paths by a customizable contraction hierarchy: order and chords, costs, labels of many origins, paths."""
