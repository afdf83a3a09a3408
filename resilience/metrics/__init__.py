"""Numbers about a run, by pillar. A metric is a function (record, no-hazard record, city tables) -> curve or number."""
