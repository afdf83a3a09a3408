"""The roads hour by hour: what state they are in, when traffic is solved again, how long each trip takes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from resilience.base.defaults import default
from resilience.simulation.baseline import BACK, OUT, Baseline
from resilience.simulation.road_state import RoadState, open_state
from resilience.traffic.demand import Demand, Pairs
from resilience.traffic.equilibrium.equilibrium import assign
from resilience.traffic.skims import skim

if TYPE_CHECKING:
    from resilience.agents.population import Population
    from resilience.base.arrays import Floats
    from resilience.networks.road import RoadModel
    from resilience.traffic.equilibrium.solution import Assignment


@dataclass(frozen=True)
class Solved:
    """The last solution of a period and what it was solved for."""

    assignment: Assignment
    state: RoadState
    demand: Floats


class Traffic:
    """Solves periods, and only those in which enough has changed since the last solution of the same period.

    The minutes of pairs whose paths cross a changed link are always measured anew, closures included, so that
    nobody drives through a closed road; what is left out is the re-routing of the others.
    """

    def __init__(self, road: RoadModel, people: Population, ordinary: Baseline, gap: float) -> None:
        self.road, self.gap, self.ordinary = road, gap, ordinary
        self.pairs: dict[str, Pairs] = {OUT: people.out, BACK: people.back}
        dry = open_state(road)
        self.last = {key: Solved(a, dry, a.served + a.unserved) for key, a in ordinary.items()}
        self.solutions = 0

    def expected(self, period: str, weekend: bool, state: RoadState) -> Floats:
        """Return the minutes of each pair on the roads as they are, with the traffic of the last solution."""
        last = self.last[period, weekend]
        changed = last.state.changed(state)
        if not changed.any():
            return last.assignment.od_minutes
        offsets, store, owner, _ = last.assignment.paths
        touched = np.zeros(len(last.demand), np.bool_)
        if len(store):
            hit = np.add.reduceat(changed[store].astype(np.int64), np.minimum(offsets[:-1], len(store) - 1)) > 0
            touched[owner[hit & (np.diff(offsets) > 0)]] = True
        touched |= ~np.isfinite(last.assignment.od_minutes)
        known = np.zeros(len(touched), np.bool_)
        known[owner] = True
        touched |= ~known
        graph = self.road.graph.with_state(speed=state.speed, capacity=state.capacity)
        pairs = self.pairs[period]
        measured = skim(graph, pairs, graph.minutes(last.assignment.flow), closed=state.closed, wanted=touched)
        return np.where(touched, measured, last.assignment.od_minutes)

    def solve(self, period: str, weekend: bool, state: RoadState, demand: Floats, expected: Floats) -> Assignment:
        """Return the traffic of a period; the last solution with `expected` minutes where little has changed."""
        key = (period, weekend)
        last = self.last[key]
        usual = self.ordinary[key].flow
        flow_changed = usual[last.state.changed(state)].sum() / max(usual.sum(), 1e-9)
        demand_changed = np.abs(demand - last.demand).sum() / max(last.demand.sum(), 1e-9)
        if max(flow_changed, demand_changed) <= default("traffic.resolve_share"):
            return replace(last.assignment, od_minutes=expected, relative_gap=float("nan"))
        graph = self.road.graph.with_state(speed=state.speed, capacity=state.capacity)
        wanted = Demand(self.pairs[period], demand)
        found = assign(graph, wanted, gap=self.gap, closed=state.closed, warm=last.assignment)
        self.last[key] = Solved(found, state, demand)
        self.solutions += 1
        return found
