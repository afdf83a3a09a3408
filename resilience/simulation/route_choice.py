"""How drivers choose their ways in a run: as in user equilibrium, or by logit, knowing minutes only roughly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from resilience.simulation.baseline import BACK, FINER, OUT
from resilience.simulation.slices import Slices
from resilience.simulation.solution import Solution, minutes_of_pairs
from resilience.traffic.demand import Demand
from resilience.traffic.logit.logit import assign_logit, mean_minutes

if TYPE_CHECKING:
    from resilience.base.arrays import Bools, Floats
    from resilience.city.inputs import Rhythm
    from resilience.networks.road import RoadModel
    from resilience.simulation.baseline import Baseline, Key
    from resilience.traffic.equilibrium.solution import Assignment
    from resilience.traffic.equilibrium.warm import Change
    from resilience.traffic.graph import RoadGraph


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


RouteChoice = Equilibrium | Logit | Slices


def route_choice(road: RoadModel, ordinary: Baseline, rhythm: Rhythm) -> RouteChoice:
    """Return how drivers of a case choose their ways."""
    if rhythm.logit_theta is None:
        hour = Equilibrium(ordinary, rhythm.relative_gap)
        profiles = {period: profile for period in (OUT, BACK) if (profile := rhythm.profile(period))}
        return Slices(road, ordinary, hour, profiles, rhythm.slice_minutes) if profiles else hour
    return Logit(road, ordinary, rhythm.relative_gap, rhythm.logit_theta, rhythm.logit_ways)
