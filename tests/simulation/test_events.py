"""Water that a hazard no longer brings is gone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from resilience import Damage, Event, all_along, dry
from resilience.base.streams import Streams
from resilience.simulation.engine import run


@dataclass(frozen=True)
class Shower:
    """Two feet of water on every road for a while, and then none at all."""

    unit = "m"

    def start(self, inputs, severity, onset, streams):
        return Falls(inputs, onset.hour)


class Falls(Event):
    def __init__(self, inputs, begins):
        city = inputs.city
        sizes = len(city["road_links"]), len(city.sites), len(city["zones"])
        self.begins, self.dry = begins, dry(*sizes)

    def step(self, hour, view):
        if not self.begins <= hour < self.begins + 4:
            return None, Damage()
        deep = np.full(len(self.dry.link_m), 0.6)
        return replace(self.dry, link_m=deep, link_share=all_along(deep), level_m=0.6), Damage()


def test_roads_are_dry_as_soon_as_no_event_brings_water(sioux):
    inputs = replace(sioux.inputs, hazards={"shower": Shower()})
    scenario = replace(sioux.scenarios["lake-3m"], severity={"shower": 1.0}, horizon_days=2)
    record = run(inputs, scenario, option="o", streams=Streams(1, 0), people=None, ordinary=None)
    closed = record.curve("traffic/closed_km") > 0
    assert np.flatnonzero(closed).tolist() == [5, 6, 7, 8]
