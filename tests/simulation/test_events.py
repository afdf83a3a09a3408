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


@dataclass(frozen=True)
class Swell:
    """Water on every road whose depth goes up and down around that of the other hazard; both close the roads."""

    unit = "m"
    first: bool = True

    def start(self, inputs, severity, onset, streams):
        return Swells(inputs, onset.hour, self.first)


class Swells(Falls):
    def __init__(self, inputs, begins, first):
        super().__init__(inputs, begins)
        self.first = first

    def step(self, hour, view):
        last = 6 if self.first else 12
        if not self.begins <= hour < self.begins + last:
            return None, Damage()
        depth = 0.5 if self.first else 0.4 + 0.2 * ((hour - self.begins) % 2)
        deep = np.full(len(self.dry.link_m), depth)
        return replace(self.dry, link_m=deep, link_share=all_along(deep), level_m=depth), Damage()


def test_a_road_goes_back_to_the_first_flood_as_long_as_that_closes_it(sioux):
    inputs = replace(sioux.inputs, hazards={"one": Swell(), "two": Swell(first=False)})
    scenario = replace(sioux.scenarios["lake-3m"], severity={"one": 1.0, "two": 1.0}, horizon_days=2)
    record = run(inputs, scenario, option="o", streams=Streams(1, 0), people=None, ordinary=None)
    road = next(e["component"] for e in record.events if e["what"] == "closed")
    by_number = {e["event"]: e["component"] for e in record.events}
    told = [(e["hour"], e["what"]) for e in record.events if e["component"] == road]
    assert [what for _, what in told] == ["closed", "still_closed", "open"]
    closed, still = (e for e in record.events if e["component"] == road and e["what"] != "open")
    assert still["hour"] == closed["hour"] + 6
    assert by_number[still["cause"]] == "hazard:two"
