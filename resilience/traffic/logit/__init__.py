"""Stochastic (logit) equilibrium, on links or on paths."""
