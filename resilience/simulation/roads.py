"""Roads close and open: water, tunnels out of service and dark signals become the state that cars meet.

A road that stays closed for another cause than was told is told anew (`still_closed`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from resilience.base.defaults import default
from resilience.simulation.road_state import open_state, renewed, unlike

if TYPE_CHECKING:
    from resilience.base.arrays import Bools, Ints
    from resilience.city.water import Water
    from resilience.networks.road import RoadModel
    from resilience.simulation.world import World


class Roads:
    """Keeps the state of the roads and tells which links close and open, each with its cause.

    Attributes
    ----------
    seen : water, links blocked and junctions with dark signals of the last hour
    now : the state of the roads that these make
    told : number of the event that each closure was told to go back to, -1 where it is open, shape (road links,)

    """

    def __init__(self, world: World, road: RoadModel) -> None:
        self.world, self.road = world, road
        self.now = open_state(road)
        self.seen = world.water, world.blocked, np.zeros(len(world.city["road_nodes"]), np.bool_)
        self.told = np.full(world.links, -1)
        self.length_km = world.city["road_links"]["length_m"].to_numpy(float) / 1000.0

    @classmethod
    def of(cls, world: World) -> Self | None:
        """Return the part, None where the city has no roads."""
        return None if world.road is None else cls(world, world.road)

    def step(self, hour: int) -> None:
        """Bring the roads up to date."""
        world = self.world
        blocked = np.zeros(world.links, np.bool_)
        blocked[world.tunnel_link] = ~world.services.up[world.tunnel_component]
        dark = np.zeros(len(world.city["road_nodes"]), np.bool_)
        dark[world.signal_node] = ~world.services.up[world.signal_component]
        before = world.state_of_roads
        self._renew(world.water, blocked, dark)
        now = self.now
        closed = self.road.on_roads(now.closed)
        world.record.put("traffic/closed_km", hour, float(self.length_km[closed].sum()))
        world.roads_changed = bool(before.changed(now).any()) or bool((blocked != world.blocked).any())
        if world.roads_changed:
            world.set_roads(now, blocked)
        self._tell(hour, self.road.on_roads(before.closed), closed)

    def _renew(self, water: Water, blocked: Bools, dark: Bools) -> None:
        """Bring `now` up to date on the links on which anything differs from the hour before."""
        was_wet, was_blocked, was_dark = self.seen
        some = (blocked != was_blocked) | (dark != was_dark)[self.road.network.ends[1]]
        if water is not was_wet:
            some |= unlike(water, was_wet)
        if some.any():
            self.now = renewed(self.now, self.road, np.flatnonzero(some), water, blocked, dark)
        self.seen = water, blocked, dark

    def _causes(self) -> Ints:
        """Return the number of the event that keeps each road link closed, if it is, shape (road links,)."""
        world = self.world
        deep = default("traffic.closure_depth_m")
        causes = np.where(world.water.link_m >= deep, world.water_by, -1)
        for event, water in world.waters.items():  # a flood that still closes a road is not over
            causes[(self.told == event) & (water.link_m >= deep)] = event
        for link, component in zip(world.tunnel_link.tolist(), world.tunnel_component.tolist(), strict=True):
            if not world.services.up[component] and (cause := world.why_out(component)) >= 0:
                causes[link] = cause
        return causes

    def _tell(self, hour: int, was: Bools, now: Bools) -> None:
        world, ids = self.world, self.world.city["road_links"].index
        causes = self._causes() if now.any() else self.told
        for link in np.flatnonzero(now & (~was | (causes != self.told))):
            wet = world.water.link_m[link] >= default("traffic.closure_depth_m")
            reason = "flooded" if wet else "out_of_service"
            what = "still_closed" if was[link] else "closed"
            world.closed_by[link] = world.record.tell(hour, str(ids[link]), what, reason, int(causes[link]))
        for link in np.flatnonzero(was & ~now):
            world.record.tell(hour, str(ids[link]), "open", "", int(world.closed_by[link]))
            world.closed_by[link] = -1
        self.told = np.where(now, causes, -1)
