"""Many runs of a case: what is to be done, on which processes, into which folder."""
