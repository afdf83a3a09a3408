"""Benchmarks: our solvers and those of others on the same input, in turn."""
