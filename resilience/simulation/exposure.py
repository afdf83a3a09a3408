"""Writes down how safe people are: water where they live, power, a hospital in reach; looking changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from resilience.base.defaults import default
from resilience.city.water import DEEP, DEPTHS, depth_group
from resilience.simulation.world import NOWHERE
from resilience.traffic.nearest import Nearest, towards

if TYPE_CHECKING:
    from resilience.base.arrays import Bools, Ints
    from resilience.city.city import City
    from resilience.networks.road import RoadModel
    from resilience.simulation.world import World


class Exposure:
    """Looks at the people of the city once an hour."""

    def __init__(self, world: World) -> None:
        self.world = world
        city = world.city
        facilities = city["facilities"]
        hospitals = facilities[facilities["kind"] == "hospital"] if len(facilities) else facilities
        self.hospital = np.asarray(city.components.get_indexer(hospitals.index), np.int64)
        node = np.array([world.site_node(int(c)) for c in self.hospital], np.int64)
        self.by_road = np.flatnonzero(node != NOWHERE)  # hospitals to which roads lead
        self.nearest = None if world.road is None else _nearest(city, world.road, node[self.by_road])
        self.dark_hours = np.zeros(len(world.residents))
        self.near = np.zeros(len(world.residents), np.bool_)
        self.near_known_for: tuple[int, bytes] | None = None

    @classmethod
    def of(cls, world: World) -> Self:
        """Return the part."""
        return cls(world)

    def step(self, hour: int) -> None:
        """Write down people in water, without power, and with a hospital in reach."""
        world, people, put = self.world, self.world.residents, self.world.record.put
        share = world.water.zone_share
        for k, depth in enumerate(DEPTHS):
            put("safety/people_by_depth", hour, float((people * share[:, k]).sum()), depth_group(depth))
        put("safety/water_level", hour, world.water.level_m)
        dark = ~world.services.up[world.zone_component]
        self.dark_hours = np.where(dark, self.dark_hours + 1, 0.0)
        long = self.dark_hours > default("safety.long_outage_hours")
        put("safety/people_without_power", hour, float(people[dark].sum()))
        put("safety/people_long_without_power", hour, float(people[long].sum()))
        if len(self.hospital):
            working = world.services.up[self.hospital]
            put("safety/hospitals_down", hour, float((~working).sum()))
            if self.nearest is not None:
                near = self._near_hospital(self.nearest, working)
                put("safety/people_near_hospital", hour, float(people[near].sum()))
                put("safety/safe_residents", hour, float((people * (1.0 - share[:, DEEP]))[near].sum()))

    def _near_hospital(self, nearest: Nearest, working: Bools) -> Bools:
        """Return which zones reach a working hospital in time; a zone without a way counts as not."""
        key = (self.world.version, working.tobytes())
        if self.near_known_for != key:
            minutes = nearest.minutes(*self.world.for_high_vehicles(), working[self.by_road])
            self.near = minutes <= default("safety.hospital_minutes") + 1e-9
            self.near_known_for = key
        return self.near


def _nearest(city: City, road: RoadModel, hospitals: Ints) -> Nearest:
    """Return what tells the minutes from each zone to the nearest of some junctions."""
    key = f"nearest:{city.road_key}:{hospitals.tolist()}"
    return Nearest(city.shared(key, lambda: towards(road.graph, hospitals)), road.zone_node)
