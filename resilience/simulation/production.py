"""Firms work and trade: an hour's output, and at the end of a day the deliveries over the roads as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from resilience.agents.firms import Firms
    from resilience.base.arrays import Bools
    from resilience.simulation.world import World


class Production:
    """Runs the firms and writes down what they make."""

    def __init__(self, world: World, firms: Firms) -> None:
        self.world, self.firms = world, firms
        firms.open_books(world.weekday(0))
        self._asked: tuple[int, Bools] | None = None
        ends = world.city["supply_links"][["supplier", "buyer"]]
        where = world.city["firms"][["zone"]]
        self._links_key = "-".join(str(pd.util.hash_pandas_object(t).sum()) for t in (ends, where))

    @classmethod
    def of(cls, world: World) -> Self | None:
        """Return the part, None where the city has no firms."""
        return None if world.model.firms is None else cls(world, world.model.firms)

    def step(self, hour: int) -> None:
        """Let the firms work for an hour, and trade at the end of the day."""
        world, firms, put = self.world, self.firms, self.world.record.put
        weekday, services, mine = world.weekday(hour), world.services, world.firm_component
        firms.labour = world.labour
        power = services.up[mine] | ~services.intact[mine]
        made, full = firms.tick(hour % 24, weekday, 1.0 - services.loss[mine], power)
        put("economy/value_added", hour, float(made.sum()))
        put("economy/value_added_full", hour, float(full.sum()))
        put("economy/closed_firms", hour, float((~services.intact[mine]).sum()))
        sectors = world.city["sectors"].index
        for name, value in zip(sectors, np.bincount(firms.sector, made, len(sectors)), strict=True):
            put("economy/value_added", hour, float(value), f"sector:{name}")
        if hour % 24 == 23:
            firms.trade(weekday, self._goods_pass())

    def _goods_pass(self) -> Bools:
        """Return which supply links can be driven: an open way leads from the supplier's zone to the buyer's.

        Firms that no way joins on the dry roads either are taken to be served another way.
        """
        world, links = self.world, self.world.city["supply_links"]
        road = world.road
        if road is None or world.roads is None or not world.roads.closed.any():
            return np.ones(len(links), np.bool_)
        if self._asked is None or self._asked[0] != world.version:
            zones, firms = world.city["zones"], world.city["firms"]
            at = np.asarray(zones.index.get_indexer(firms["zone"]), np.int64)
            ends = [at[firms.index.get_indexer(links[column])] for column in ("supplier", "buyer")]
            nowhere = np.zeros(len(world.roads.closed), np.bool_)
            key = f"goods:{world.city.road_key}:{self._links_key}"
            usual = world.city.shared(key, lambda: road.ways(nowhere, *ends))
            self._asked = world.version, road.ways(world.roads.closed, *ends) | ~usual
        return self._asked[1]
