"""Traffic of a period: the equilibrium of the roads as they are and of the trips that are made.

Every solution starts from the ordinary day's equilibrium and from nothing else (`Warm`), so that the same roads and the
same demand give the same answer whatever came before. Only a period whose roads and demand are those of the last one
is not solved again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from resilience.simulation.elastic import Elastic
from resilience.simulation.road_state import RoadState, open_state
from resilience.simulation.route_choice import route_choice
from resilience.traffic.equilibrium.warm import Change

if TYPE_CHECKING:
    from resilience.base.arrays import Floats
    from resilience.city.inputs import Rhythm
    from resilience.networks.road import RoadModel
    from resilience.simulation.baseline import Baseline
    from resilience.simulation.solution import Solution


@dataclass(frozen=True)
class Solved:
    """The last solution of a period and what it was solved for."""

    assignment: Solution
    state: RoadState
    demand: Floats


@dataclass(frozen=True)
class Answered:
    """The last answer of elastic demand in a period and what it was an answer to."""

    minutes: Floats
    state: RoadState
    demand: Floats


class Traffic:
    """Solves the periods of a run."""

    def __init__(self, road: RoadModel, ordinary: Baseline, rhythm: Rhythm) -> None:
        self.road = road
        self.choice = route_choice(road, ordinary, rhythm)
        theta = rhythm.elastic_theta
        self.elastic = None if theta is None else Elastic(ordinary, rhythm.relative_gap, theta)
        self.dry = open_state(road)
        self.last = {key: Solved(self.choice.usual(key), self.dry, a.demand.vph) for key, a in ordinary.items()}
        self.solutions = 0
        self.answers: dict[tuple[str, bool], Answered] = {}

    def usual(self, period: str, weekend: bool) -> Solution:
        """Return the ordinary day's traffic of a period."""
        return self.choice.usual((period, weekend))

    def expected(self, period: str, weekend: bool, state: RoadState) -> Floats:
        """Return what trip makers expect: minutes of each pair on the roads as they are, with the traffic they know.

        That is the traffic of the last solution of the same period; inf without a way, shape (pairs,).
        """
        last = self.last[period, weekend]
        if not last.state.changed(state).any():
            return last.assignment.od_minutes
        graph = self.road.graph.with_state(speed=state.speed, capacity=state.capacity)
        return self.choice.expected(last.assignment, graph, state.closed)

    def solve(self, period: str, weekend: bool, state: RoadState, demand: Floats) -> Solution:
        """Return the traffic of a period on the roads as they are.

        Parameters
        ----------
        period, weekend : OUT or BACK, and the kind of day
        state : the roads
        demand : vehicles/h of each pair, shape (pairs,)

        """
        key = (period, weekend)
        last = self.last[key]
        if np.array_equal(demand, last.demand) and not last.state.changed(state).any():
            return last.assignment
        found = self._solve(key, state, demand)
        self.last[key] = Solved(found, state, demand)
        self.solutions += 1
        return found

    def answered(self, elastic: Elastic, key: tuple[str, bool], state: RoadState, demand: Floats) -> Floats:
        """Return the minutes of every pair once demand has answered to them, inf without a way, shape (pairs,).

        demand : vehicles/h of each pair at ordinary minutes, shape (pairs,)
        """
        last = self.answers.get(key)
        if last is not None and np.array_equal(demand, last.demand) and not last.state.changed(state).any():
            return last.minutes
        change = self._change(key, state, demand)
        minutes = self.choice.usual(key).od_minutes if change is None else elastic.minutes(key, change)
        self.answers[key] = Answered(minutes, state, demand)
        return minutes

    def _solve(self, key: tuple[str, bool], state: RoadState, demand: Floats) -> Solution:
        change = self._change(key, state, demand)
        return self.choice.usual(key) if change is None else self.choice.solve(key, change)

    def _change(self, key: tuple[str, bool], state: RoadState, demand: Floats) -> Change | None:
        """Return what is different from the ordinary day, None where nothing is."""
        other_demand = not np.array_equal(demand, self.choice.usual(key).demand.vph)
        if not other_demand and not self.dry.changed(state).any():
            return None
        slow = bool((state.speed != 1.0).any())
        less = bool((state.capacity != 1.0).any())
        return Change(
            closed=state.closed if state.closed.any() else None,
            speed=state.speed if slow else None,
            capacity=state.capacity if less else None,
            vph=demand if other_demand else None,
        )
