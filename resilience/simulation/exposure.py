"""Writes down how safe people are, what firms make, and the maps; looking changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resilience.base.defaults import default
from resilience.city.water import DEPTHS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience.agents.firms import Firms
    from resilience.simulation.world import World

DEEP = DEPTHS.index(0.30)
CELLS_EVERY_HOURS = 3


class Observer:
    """Looks at the world once an hour."""

    def __init__(self, world: World, *, with_maps: bool) -> None:
        self.world, self.with_maps = world, with_maps
        city = world.city
        facilities = city["facilities"]
        hospitals = facilities[facilities["kind"] == "hospital"] if len(facilities) else facilities
        self.hospital = np.asarray(city.components.get_indexer(hospitals.index), np.int64)
        self.hospital_node = np.array([world.site_node(int(c)) for c in self.hospital], np.int64)
        self.dark_hours = np.zeros(len(world.residents))
        self.near = np.zeros(len(world.residents), np.bool_)
        self.near_known_for: tuple[int, bytes] | None = None
        self.closed, self.speed = np.zeros(world.links), np.ones(world.links)
        self.flow = np.zeros(world.links)
        self.up = np.ones(len(city.components))
        self.cells: NDArray[np.uint8] | None = None

    def safety(self, hour: int) -> None:
        """Write down people in water, without power, and with a hospital in reach."""
        world, people, put = self.world, self.world.residents, self.world.record.put
        share = world.water.zone_share
        for k, depth in enumerate(DEPTHS):
            put(f"safety/people_in_{round(depth * 100):03d}cm", hour, float((people * share[:, k]).sum()))
        put("safety/water_level", hour, world.water.level_m)
        dark = ~world.services.up[world.zone_component]
        self.dark_hours = np.where(dark, self.dark_hours + 1, 0.0)
        long = self.dark_hours > default("safety.long_outage_hours")
        put("safety/people_without_power", hour, float(people[dark].sum()))
        put("safety/people_long_without_power", hour, float(people[long].sum()))
        if len(self.hospital):
            working = world.services.up[self.hospital]
            put("safety/hospitals_down", hour, float((~working).sum()))
            if world.road is not None:
                near = self._near_hospital(working)
                put("safety/people_near_hospital", hour, float(people[near].sum()))
                put("safety/safe_residents", hour, float((people * (1.0 - share[:, DEEP]))[near].sum()))

    def _near_hospital(self, working: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which zones reach a working hospital in time; a zone without a way counts as not."""
        key = (self.world.version, working.tobytes())
        if self.near_known_for != key:
            minutes = self.world.minutes_to_nearest(self.hospital_node[working])
            self.near = minutes <= default("safety.hospital_minutes")
            self.near_known_for = key
        return self.near

    def economy(self, hour: int, weekday: int, firms: Firms) -> None:
        """Let the firms work for an hour and write down what they make."""
        world, put = self.world, self.world.record.put
        services, mine = world.services, world.firm_component
        power = services.up[mine] | ~services.intact[mine]
        made, full = firms.tick(hour % 24, weekday, 1.0 - services.loss[mine], power)
        put("economy/value_added", hour, float(made.sum()))
        put("economy/value_added_full", hour, float(full.sum()))
        put("economy/closed_firms", hour, float((~services.intact[mine]).sum()))
        sectors = world.city["sectors"].index
        for name, value in zip(sectors, np.bincount(firms.sector, made, len(sectors)), strict=True):
            put("economy/value_added", hour, float(value), f"sector:{name}")

    def draw(self, hour: int, *, roads_changed: bool, flow: NDArray[np.float64] | None) -> None:
        """Write maps down as changes."""
        if not self.with_maps:
            return
        world, record, ids = self.world, self.world.record, self.world.city["road_links"].index
        if roads_changed and world.roads is not None:
            closed = world.roads.closed[: world.links].astype(float)
            speed = np.round(world.roads.speed[: world.links], 2)
            for name, now, before in (("closed", closed, self.closed), ("speed", speed, self.speed)):
                record.draw(name, hour, ids[now != before], now[now != before])
            self.closed, self.speed = closed, speed
        if flow is not None:
            change = np.abs(flow - self.flow) > np.maximum(25.0, 0.1 * self.flow)
            record.draw("flow", hour, ids[change], np.round(flow[change]))
            self.flow = np.where(change, flow, self.flow)
        up = world.services.up.astype(float)
        record.draw("up", hour, world.city.components[up != self.up], up[up != self.up])
        self.up = up
        if world.water.cells_m is not None and hour % CELLS_EVERY_HOURS == 0:
            self._draw_cells(hour, world.water.cells_m)

    def _draw_cells(self, hour: int, depth_m: NDArray[np.float64]) -> None:
        now = np.minimum(np.ceil(depth_m.ravel() * 10.0 - 1e-9), 255).astype(np.uint8)
        before = self.cells if self.cells is not None else np.zeros(len(now), np.uint8)
        changed = np.flatnonzero(now != before)
        if len(changed):
            self.world.record.fields.append(
                pd.DataFrame({"hour": hour, "cell": changed.astype(np.int32), "depth_dm": now[changed]})
            )
        self.cells = now
