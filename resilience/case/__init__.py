"""A folder becomes a case: what is there, what is given, what is tested and tried."""
