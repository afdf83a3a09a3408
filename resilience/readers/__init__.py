"""Other people's formats, read into plain tables and arrays."""
