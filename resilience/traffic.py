"""The roads hour by hour: what state they are in, when traffic is solved again, how long each trip takes."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from resilience.assignment.equilibrium import Assignment, assign
from resilience.assignment.graph import Demand, Pairs
from resilience.assignment.skims import skim
from resilience.assignment.workspace import PathStore
from resilience.base.arrays import sums
from resilience.base.defaults import default
from resilience.base.files import atomic
from resilience.networks.road import RoadModel, binned_depth, speed_in_water

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from resilience.agents.population import Population
    from resilience.base.arrays import Bools, Floats
    from resilience.damage import Field


OUT, BACK = "out", "back"
GIVEN = ("network", "demand", "closed", "store")  # what an assignment refers to and a file does not repeat
Baseline = dict[tuple[str, bool], Assignment]


@dataclass(frozen=True)
class RoadState:
    """Road links as cars meet them, connectors included, shape (all links,).

    Parameters
    ----------
    closed : no car passes
    speed, capacity : share of the dry road's, in (0, 1]

    """

    closed: Bools
    speed: Floats
    capacity: Floats

    def changed(self, other: RoadState) -> Bools:
        """Return which links differ."""
        return (
            (self.closed != other.closed)
            | (np.abs(self.speed - other.speed) > 1e-9)
            | (np.abs(self.capacity - other.capacity) > 1e-9)
        )


def open_state(road: RoadModel) -> RoadState:
    """Return the state of a dry city with power."""
    many = len(road.graph.tail)
    return RoadState(np.zeros(many, np.bool_), np.ones(many), np.ones(many))


def road_state(road: RoadModel, water: Field | None, blocked: Bools, dark_signals: Bools) -> RoadState:
    """Return the state of the roads.

    Parameters
    ----------
    blocked : road links that are shut for another reason, shape (road links,)
    dark_signals : junctions whose signals have no power, shape (junctions,)

    """
    links = road.network.links
    limit = links["speed_kmh"].to_numpy(float)
    closed, speed = blocked.copy(), np.ones(len(links))
    if water is not None:
        closed |= water.link_m >= default("traffic.closure_depth_m")
        wet = (water.link_mean_m > 0) & ~closed
        below_closure = np.minimum(water.link_mean_m, default("traffic.closure_depth_m") - 1e-6)
        slow = speed_in_water(binned_depth(below_closure[wet]), limit[wet])
        speed[wet] = np.maximum(slow / limit[wet], 0.01)
    capacity = np.maximum(speed, default("traffic.capacity_floor"))
    _, head = road.network.ends
    capacity = np.where(dark_signals[head], capacity * default("traffic.signal_capacity"), capacity)
    return RoadState(
        np.asarray(road.all_links(closed, False), np.bool_),
        np.asarray(road.all_links(speed, 1.0), float),
        np.asarray(road.all_links(capacity, 1.0), float),
    )


def baseline(road: RoadModel, people: Population, gap: float) -> Baseline:
    """Return the ordinary equilibria: trips out and back, on working days and at the weekend."""
    result: Baseline = {}
    for weekend in (False, True):
        due = people.weekend if weekend else people.weekday
        for period, pairs, pair in ((OUT, people.out, people.out_pair), (BACK, people.back, people.back_pair)):
            demand = sums(pair, people.vehicles * due, len(pairs))
            result[period, weekend] = assign(road.graph, Demand(pairs, demand), gap=gap)
    return result


def save_baseline(path: Path, ordinary: Baseline) -> None:
    """Write the ordinary equilibria to one file, atomically; network and demand are not in it."""
    arrays: dict[str, NDArray[Any]] = {}
    for (period, weekend), found in ordinary.items():
        name = f"{period}:{int(weekend)}:"
        for part in fields(found):
            if part.name not in GIVEN:
                arrays[name + part.name] = np.asarray(getattr(found, part.name))
        arrays[name + "vph"] = found.demand.vph
        arrays |= {f"{name}store:{part}": array for part, array in found.stored_paths._asdict().items()}
    with atomic(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def load_baseline(path: Path, road: RoadModel, people: Population) -> Baseline:
    """Return the ordinary equilibria of a file for the network and the trip makers that they were solved for."""
    result: Baseline = {}
    with np.load(path, allow_pickle=False) as data:
        for key in dict.fromkeys(tuple(name.split(":")[:2]) for name in data.files):
            name = f"{key[0]}:{key[1]}:"
            values: dict[str, Any] = {}
            for part in fields(Assignment):
                if part.name not in GIVEN:
                    array = data[name + part.name]
                    values[part.name] = array if array.ndim else array.item()
            store = PathStore(*(data[f"{name}store:{part}"] for part in PathStore._fields))
            demand = Demand(people.out if key[0] == OUT else people.back, data[name + "vph"])
            given: dict[str, Any] = {"network": road.graph, "demand": demand, "closed": None, "store": store}
            result[key[0], key[1] == "1"] = Assignment(**given, **values)
    return result


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
