"""Writes maps down as changes: closed roads, speeds, flows, components, and the cells of the water."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from resilience.city.water import CELLS_EVERY_HOURS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience.base.arrays import Floats
    from resilience.simulation.world import World


class Maps:
    """Draws what has changed; looking changes nothing."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.closed, self.speed = np.zeros(world.links), np.ones(world.links)
        self.flow = np.zeros(world.links)
        self.up = np.ones(len(world.city.components))
        self.cells: NDArray[np.uint8] | None = None

    @classmethod
    def of(cls, world: World) -> Self | None:
        """Return the part, None where no maps are kept."""
        return cls(world) if world.with_maps else None

    def step(self, hour: int) -> None:
        """Write down the states that have changed since the last hour."""
        world, record = self.world, self.world.record
        if world.road is not None and world.roads_changed:
            ids, roads = world.city["road_links"].index, world.state_of_roads
            closed = world.road.on_roads(roads.closed).astype(float)
            speed = np.round(world.road.on_roads(roads.speed), 2)
            for name, now, before in (("closed", closed, self.closed), ("speed", speed, self.speed)):
                record.draw(name, hour, ids[now != before], now[now != before])
            self.closed, self.speed = closed, speed
        if world.flow is not None:
            self._draw_flow(hour, world.flow)
        up = world.services.up.astype(float)
        record.draw("up", hour, world.city.components[up != self.up], up[up != self.up])
        self.up = up
        if world.water.cells_m is not None and hour % CELLS_EVERY_HOURS == 0:
            self._draw_cells(hour, world.water.cells_m)

    def _draw_flow(self, hour: int, flow: Floats) -> None:
        """Draw flows that differ enough to be seen, and every flow that has come to nothing."""
        ended = (flow == 0) & (self.flow > 0)
        change = (np.abs(flow - self.flow) > np.maximum(25.0, 0.1 * self.flow)) | ended
        self.world.record.draw("flow", hour, self.world.city["road_links"].index[change], np.round(flow[change]))
        self.flow = np.where(change, flow, self.flow)

    def _draw_cells(self, hour: int, depth_m: Floats) -> None:
        now = np.minimum(np.ceil(depth_m.ravel() * 10.0 - 1e-9), 255).astype(np.uint8)
        before = self.cells if self.cells is not None else np.zeros(len(now), np.uint8)
        changed = np.flatnonzero(now != before)
        if len(changed):
            self.world.record.fields.append(
                pd.DataFrame({"hour": hour, "cell": changed.astype(np.int32), "depth_dm": now[changed]})
            )
        self.cells = now
