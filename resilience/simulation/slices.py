"""A period in slices of time: its trips set out by a profile, and what is still on its way goes into the next slice.

The slices are those of `assign_hours`, all on the roads of the hour in which the period begins and with what trip
makers decided then. Of the trips of a pair that set out by the shares s_n the share w_n drives in slice n,

    w_n = D_n - y_n,    y_n = D_n min(1, u_n / (2H)),    D_n = s_n + y_(n-1)

and what y leaves of the last slice arrives after it: the minutes of the pair are the mean of u_n over these. Trips that
are still on their way when the last slice ends are told (`traffic/under_way_vehicles`) and count as made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from resilience.simulation.baseline import FINER
from resilience.simulation.solution import minutes_of_pairs
from resilience.traffic.equilibrium.hours import State, assign_hours

if TYPE_CHECKING:
    from collections.abc import Mapping

    from resilience.base.arrays import Bools, Floats
    from resilience.networks.road import RoadModel
    from resilience.simulation.baseline import Baseline, Key
    from resilience.simulation.route_choice import Equilibrium
    from resilience.simulation.solution import Solution
    from resilience.traffic.demand import Demand
    from resilience.traffic.equilibrium.solution import Assignment
    from resilience.traffic.equilibrium.warm import Change
    from resilience.traffic.graph import RoadGraph

Profile = tuple[float, ...]


@dataclass(frozen=True)
class Sliced:
    """The traffic of a period in slices.

    Parameters
    ----------
    demand : vehicles of the period
    flow : passenger-car units/h of every link in its busiest slice, shape (links,)
    class_flow : vehicles of every class that drive on every link in the period, shape (classes, links)
    od_minutes : mean minutes of the trips of every pair, inf where there is no way, shape (pairs,)
    relative_gap : of the slice that is farthest from solved
    under_way : vehicles of every pair that are on their way at the end, shape (pairs,)
    profile : share of the trips that set out in each slice
    slices : the equilibrium of each slice

    """

    demand: Demand
    flow: Floats
    class_flow: Floats
    od_minutes: Floats
    relative_gap: float
    under_way: Floats
    profile: Profile
    slices: tuple[Assignment, ...]


def mean_minutes(profile: Profile, minutes: Floats, slice_minutes: float) -> Floats:
    """Return the mean minutes of the trips of every pair over the slices in which they drive, shape (pairs,).

    Parameters
    ----------
    profile : share of the trips that set out in each slice
    minutes : of every pair in each slice, inf where there is no way, shape (slices, pairs)

    >>> mean_minutes((0.5, 0.5), np.array([[6.0], [12.0]]), 60.0).round(3)
    array([9.15])

    """
    left, total = np.zeros(minutes.shape[1]), np.zeros(minutes.shape[1])
    for share, now in zip(profile, minutes, strict=True):
        wanted = share + left
        left = wanted * np.minimum(1.0, now / (2.0 * slice_minutes))
        driven = wanted - left
        total += driven * np.where(driven > 0, now, 0.0)
    last = np.where(np.isfinite(minutes[-1]), minutes[-1], 0.0)
    return np.where(np.isfinite(minutes[-1]), total + left * last, np.inf)


class Slices:
    """User equilibrium in slices of time, for the periods that have a profile."""

    def __init__(
        self, road: RoadModel, ordinary: Baseline, hour: Equilibrium, profiles: Mapping[str, Profile], minutes: float
    ) -> None:
        self.road, self.ordinary, self.hour = road, ordinary, hour
        self.profiles, self.slice_minutes = profiles, minutes

    def usual(self, key: Key) -> Solution:
        """Return the ordinary day's traffic of a period, solved once in a process."""
        if key[0] not in self.profiles:
            return self.hour.usual(key)
        of = ("slices", key, self.profiles[key[0]], self.slice_minutes, self.hour.gap)
        demand, gap = self.ordinary[key].demand, FINER * self.hour.gap
        found: Sliced = self.ordinary.shared(of, lambda: self._solve(key, self.road.graph, None, demand, gap))
        return found

    def solve(self, key: Key, change: Change) -> Solution:
        """Return the traffic of a period after a change of the ordinary day."""
        if key[0] not in self.profiles:
            return self.hour.solve(key, change)
        demand = self.ordinary[key].demand
        if change.vph is not None:
            demand = replace(demand, vph=change.vph)
        return self._solve(key, change.on(self.road.graph), change.closed, demand, self.hour.gap)

    def expected(self, last: Solution, graph: RoadGraph, closed: Bools) -> Floats:
        """Return the minutes of every pair on the roads of now, with the traffic of a solution."""
        if not isinstance(last, Sliced):
            return self.hour.expected(last, graph, closed)
        minutes = [minutes_of_pairs(graph, last.demand, part.flow, closed) for part in last.slices]
        return mean_minutes(last.profile, np.array(minutes), self.slice_minutes)

    def _solve(self, key: Key, graph: RoadGraph, closed: Bools | None, demand: Demand, gap: float) -> Sliced:
        profile, hours = self.profiles[key[0]], self.slice_minutes / 60.0
        states = [State(closed=closed)] * len(profile)
        factors = np.array(profile) / hours
        found = assign_hours(graph, demand, factors, minutes=self.slice_minutes, gap=gap, states=states)
        minutes = np.array([part.od_minutes for part in found.slices])
        return Sliced(
            demand=demand,
            flow=np.max([part.flow for part in found.slices], axis=0),
            class_flow=hours * np.sum([part.class_flow for part in found.slices], axis=0),
            od_minutes=mean_minutes(profile, minutes, self.slice_minutes),
            relative_gap=max(part.relative_gap for part in found.slices),
            under_way=np.where(np.isfinite(minutes[-1]), found.not_finished, 0.0),
            profile=profile,
            slices=found.slices,
        )
