"""A dashboard over run folders: reads results, runs no model."""
