"""Roads close and open: water, tunnels out of service and dark signals become the state that cars meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from resilience.base.defaults import default
from resilience.simulation.road_state import road_state

if TYPE_CHECKING:
    from resilience.base.arrays import Bools
    from resilience.networks.road import RoadModel
    from resilience.simulation.world import World


class Roads:
    """Keeps the state of the roads and tells which links close and open, each with its cause."""

    def __init__(self, world: World, road: RoadModel) -> None:
        self.world, self.road = world, road
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
        now = road_state(self.road, world.water, blocked, dark)
        closed = self.road.on_roads(now.closed)
        world.record.put("traffic/closed_km", hour, float(self.length_km[closed].sum()))
        world.roads_changed = bool(before.changed(now).any()) or bool((blocked != world.blocked).any())
        if not world.roads_changed:
            return
        world.set_roads(now, blocked)
        self._tell(hour, self.road.on_roads(before.closed), closed)

    def _tell(self, hour: int, was: Bools, now: Bools) -> None:
        world = self.world
        ids = world.city["road_links"].index
        tunnel = dict(zip(world.tunnel_link.tolist(), world.tunnel_component.tolist(), strict=True))
        for link in np.flatnonzero(now & ~was):
            cause = world.why_out(tunnel.get(int(link), -1))
            wet = world.water.link_m[link] >= default("traffic.closure_depth_m")
            reason = "flooded" if wet or cause < 0 else "out_of_service"
            cause = cause if cause >= 0 else world.water_cause
            world.closed_by[link] = world.record.tell(hour, str(ids[link]), "closed", reason, cause)
        for link in np.flatnonzero(was & ~now):
            world.record.tell(hour, str(ids[link]), "open", "", int(world.closed_by[link]))
            world.closed_by[link] = -1
