"""How drivers choose their ways in a run: as in user equilibrium, or by logit, knowing minutes only roughly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from resilience.simulation.baseline import FINER
from resilience.traffic.demand import Demand, Pairs
from resilience.traffic.logit.logit import assign_logit, mean_minutes
from resilience.traffic.skims import skim

if TYPE_CHECKING:
    from resilience.base.arrays import Bools, Floats
    from resilience.city.inputs import Rhythm
    from resilience.networks.road import RoadModel
    from resilience.simulation.baseline import Baseline, Key
    from resilience.traffic.equilibrium.solution import Assignment
    from resilience.traffic.equilibrium.warm import Change
    from resilience.traffic.graph import RoadGraph


class Solution(Protocol):
    """What a run asks of the solved traffic of a period."""

    @property
    def demand(self) -> Demand:
        """What wants to travel."""

    @property
    def flow(self) -> Floats:
        """Passenger-car units/h of every link, shape (links,)."""

    @property
    def class_flow(self) -> Floats:
        """Vehicles/h of every class on every link, shape (classes, links)."""

    @property
    def od_minutes(self) -> Floats:
        """Minutes of the trips of every pair, inf where there is no way, shape (pairs,)."""

    @property
    def relative_gap(self) -> float:
        """How far it is from solved."""


def vehicles_on_links(solved: Solution) -> Floats:
    """Return the vehicles/h of all classes on every link, shape (links,)."""
    return solved.flow if len(solved.demand.classes) == 1 else np.asarray(solved.class_flow.sum(axis=0), float)


def minutes_of_pairs(graph: RoadGraph, demand: Demand, flow: Floats, closed: Bools) -> Floats:
    """Return the minutes of every pair by the roads open to its class, with the traffic `flow`, shape (pairs,)."""
    minutes, pairs = graph.minutes(flow), demand.pairs
    if len(demand.classes) == 1:
        return skim(graph, pairs, minutes, closed=closed)
    result = np.empty(len(pairs))
    for number, kind in enumerate(demand.classes):
        mine = pairs.of_class == number
        if not mine.any():
            continue
        cost = minutes if kind.extra_min is None else minutes + kind.extra_min
        shut = closed if kind.closed is None else closed | kind.closed
        result[mine] = skim(graph, Pairs(pairs.origin[mine], pairs.destination[mine]), cost, closed=shut)
    return result


class Equilibrium:
    """User equilibrium: nobody can be faster by another way."""

    def __init__(self, ordinary: Baseline, gap: float) -> None:
        self.ordinary, self.gap = ordinary, gap

    def usual(self, key: Key) -> Solution:
        """Return the ordinary day's traffic of a period."""
        return self.ordinary[key]

    def solve(self, key: Key, change: Change) -> Solution:
        """Return the traffic of a period after a change of the ordinary day."""
        return self.ordinary.warm(key).assign(change, gap=self.gap)

    def expected(self, last: Solution, graph: RoadGraph, closed: Bools) -> Floats:
        """Return the minutes of every pair on the roads of now, with the traffic of a solution."""
        return minutes_of_pairs(graph, last.demand, last.flow, closed)


@dataclass(frozen=True)
class Fuzzy:
    """A logit equilibrium; `relative_gap` is its residual, `equilibrium` the user equilibrium that gave the ways."""

    demand: Demand
    flow: Floats
    class_flow: Floats
    od_minutes: Floats
    relative_gap: float
    equilibrium: Assignment


class Logit:
    """Logit equilibrium, on the ways that the user equilibrium of the same roads and trips gives."""

    def __init__(self, road: RoadModel, ordinary: Baseline, gap: float, theta: float, ways: str) -> None:
        self.road, self.ordinary, self.gap, self.theta, self.ways = road, ordinary, gap, theta, ways

    def usual(self, key: Key) -> Solution:
        """Return the ordinary day's traffic of a period, solved once in a process."""
        of = (key, self.theta, self.ways, self.gap)
        found: Solution = self.ordinary.shared(
            of, lambda: self._solve(self.ordinary[key], self.road.graph, None, FINER)
        )
        return found

    def solve(self, key: Key, change: Change) -> Solution:
        """Return the traffic of a period after a change of the ordinary day."""
        base = self.ordinary.warm(key).assign(change, gap=self.gap, paths=True)
        return self._solve(base, base.network, change.closed, 1.0)

    def expected(self, last: Solution, graph: RoadGraph, closed: Bools) -> Floats:
        """Return the mean minutes of every pair over its ways of now, at the minutes of the traffic of a solution."""
        assert isinstance(last, Fuzzy)  # noqa: S101 - it is one of ours
        ways = last.equilibrium
        return mean_minutes(
            graph, last.demand, last.flow, theta=self.theta, loading=self.ways, base=ways, closed=closed
        )

    def _solve(self, base: Assignment, graph: RoadGraph, closed: Bools | None, finer: float) -> Fuzzy:
        demand = Demand(base.demand.pairs, base.demand.vph, base.demand.classes)
        found = assign_logit(
            graph, demand, theta=self.theta, loading=self.ways, gap=finer * self.gap, closed=closed, base=base
        )
        return Fuzzy(demand, found.flow, found.class_flow, found.od_minutes, found.residual, base)


RouteChoice = Equilibrium | Logit


def route_choice(road: RoadModel, ordinary: Baseline, rhythm: Rhythm) -> RouteChoice:
    """Return how drivers of a case choose their ways."""
    if rhythm.logit_theta is None:
        return Equilibrium(ordinary, rhythm.relative_gap)
    return Logit(road, ordinary, rhythm.relative_gap, rhythm.logit_theta, rhythm.logit_ways)
