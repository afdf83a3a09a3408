"""Mitigation: a measure turns inputs into inputs and has a cost; it never sees a result."""
