"""The command line: a command takes its arguments, makes one call and prints."""
