"""Firms work and trade: an hour's output, and at the end of a day the deliveries over the roads of the day.

A day's staff are those whom the morning's trips bring, in all hours of that day: what firms make before the morning is
booked when it is known who came. Goods wait for a way: what is made in a day is delivered if the roads join the two
firms in any hour in which the supplier is open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import pandas as pd

from resilience.city.vehicles import closed_to_goods

if TYPE_CHECKING:
    from resilience.agents.firms import Firms
    from resilience.base.arrays import Bools, Floats, Ints
    from resilience.networks.road import RoadModel
    from resilience.simulation.world import World


class _Hour(NamedTuple):
    """An hour of work that is still to be booked: whole firms as a share, and which have power, shape (firms,)."""

    hour: int
    undamaged: Floats
    power: Bools


class Production:
    """Runs the firms and writes down what they make."""

    def __init__(self, world: World, firms: Firms) -> None:
        self.world, self.firms = world, firms
        firms.open_books(world.weekday(0))
        self.unbooked: list[_Hour] = []
        self.deliveries = Deliveries(world, firms)

    @classmethod
    def of(cls, world: World) -> Self | None:
        """Return the part, None where the city has no firms."""
        return None if world.model.firms is None else cls(world, world.model.firms)

    def step(self, hour: int) -> None:
        """Let the firms work for an hour, and trade at the end of the day."""
        world, mine = self.world, self.world.firm_component
        services = world.services
        power = services.up[mine] | ~services.intact[mine]
        self.unbooked.append(_Hour(hour, 1.0 - services.loss[mine], power))
        world.record.put("economy/closed_firms", hour, float((~services.intact[mine]).sum()))
        if world.people is None or hour % 24 >= world.inputs.rhythm.morning:
            self.firms.labour = world.labour
            for past in self.unbooked:
                self._book(past)
            self.unbooked.clear()
        self.deliveries.step(hour)
        if hour % 24 == 23:
            self.firms.trade(world.weekday(hour), self.deliveries.end_day())

    def _book(self, past: _Hour) -> None:
        world, firms, put = self.world, self.firms, self.world.record.put
        made, full = firms.tick(past.hour % 24, world.weekday(past.hour), past.undamaged, past.power)
        put("economy/value_added", past.hour, float(made.sum()))
        put("economy/value_added_full", past.hour, float(full.sum()))
        sectors = world.city["sectors"].index
        for name, value in zip(sectors, np.bincount(firms.sector, made, len(sectors)), strict=True):
            put("economy/value_added", past.hour, float(value), f"sector:{name}")


class Deliveries:
    """Keeps which supply links could be driven today, on the roads open to the vehicles that carry goods."""

    def __init__(self, world: World, firms: Firms) -> None:
        self.world, self.hours = world, firms.hours
        city, table = world.city, world.city["supply_links"]
        self.supplier = firms.supply.supplier
        zone = np.asarray(city["zones"].index.get_indexer(city["firms"]["zone"]), np.int64)
        self.ends: tuple[Ints, Ints] = (zone[self.supplier], zone[firms.supply.buyer])
        ends = table[["supplier", "buyer"]], city["firms"][["zone"]]
        self._key = "-".join(str(pd.util.hash_pandas_object(t).sum()) for t in ends)
        self.barred = None if world.road is None else closed_to_goods(world.road, world.inputs.vehicles)
        if self.barred is not None:
            self._key += f"-{hash(world.inputs.vehicles)}"
        self.passed = np.zeros(len(table), np.bool_)
        self._asked = np.full(len(table), -1)  # version of the world in which a link was last looked at in vain

    def step(self, hour: int) -> None:
        """Look which deliveries that are still to be made today find a way in this hour."""
        world = self.world
        open_now = self.hours.at_work(hour % 24, world.weekday(hour))[self.supplier]
        left = np.flatnonzero(open_now & ~self.passed & (self._asked != world.version))
        if len(left) == 0:
            return
        if world.road is None or world.roads is None or not world.roads.closed.any():
            self.passed[left] = True
            return
        usual = self._usual(world.road)[left]
        self.passed[left[~usual]] = True
        left = left[usual]
        closed = world.roads.closed if self.barred is None else world.roads.closed | self.barred
        self.passed[left] = world.road.ways(closed, self.ends[0][left], self.ends[1][left])
        self._asked[left] = world.version

    def end_day(self) -> Bools:
        """Return which supply links could be driven today, shape (links,), and begin the next day."""
        passed = self.passed
        self.passed = np.zeros_like(passed)
        self._asked[:] = -1
        return passed

    def _usual(self, road: RoadModel) -> Bools:
        """Return the links that a way joins on the dry roads; those of others are taken to be served another way."""
        nowhere = np.zeros(len(road.graph.tail), np.bool_) if self.barred is None else self.barred
        found: Bools = self.world.city.shared(
            f"goods:{self.world.city.road_key}:{self._key}", lambda: road.ways(nowhere, *self.ends)
        )
        return found
