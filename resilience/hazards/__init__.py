"""What can hit a city. A hazard is a frozen description with `start`; its event steps hour by hour."""
