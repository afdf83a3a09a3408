"""Ordinary days: the equilibria of trips out and back, solved once and kept in a file."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from resilience.base.arrays import sums
from resilience.base.files import atomic
from resilience.traffic.demand import Demand
from resilience.traffic.equilibrium.equilibrium import assign
from resilience.traffic.equilibrium.solution import Assignment
from resilience.traffic.equilibrium.warm import Warm
from resilience.traffic.equilibrium.workspace import PathStore

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, ItemsView
    from pathlib import Path

    from numpy.typing import NDArray

    from resilience.agents.population import Population
    from resilience.networks.road import RoadModel

OUT, BACK = "out", "back"
GIVEN = ("network", "demand", "closed", "store")  # what an assignment refers to and a file does not repeat
FINER = 0.1  # ordinary days are solved to this share of the gap, so that differences owe little to them
Key = tuple[str, bool]


class Baseline:
    """The equilibria of ordinary days, by period and whether it is the weekend.

    `warm` gives the same solutions ready to be changed; they are made when they are first asked for and shared by all
    runs of a process.
    """

    def __init__(self, solutions: dict[Key, Assignment]) -> None:
        self._solutions = solutions
        self._warm: dict[Key, Warm] = {}
        self._shared: dict[Hashable, Any] = {}

    def __getitem__(self, key: Key) -> Assignment:
        return self._solutions[key]

    def items(self) -> ItemsView[Key, Assignment]:
        """Return periods and their equilibria."""
        return self._solutions.items()

    def warm(self, key: Key) -> Warm:
        """Return the solved city of a period, ready for closures and other demand."""
        if key not in self._warm:
            self._warm[key] = Warm(self._solutions[key])
        return self._warm[key]

    def shared(self, key: Hashable, build: Callable[[], Any]) -> Any:
        """Return what `build` makes of the ordinary days alone, made once in a process."""
        if key not in self._shared:
            self._shared[key] = build()
        return self._shared[key]


def baseline(road: RoadModel, people: Population, gap: float) -> Baseline:
    """Return the ordinary equilibria: trips out and back, on working days and at the weekend, to a tenth of `gap`."""
    result: dict[Key, Assignment] = {}
    for weekend in (False, True):
        due = people.weekend if weekend else people.weekday
        for period, pairs, pair in ((OUT, people.out, people.out_pair), (BACK, people.back, people.back_pair)):
            demand = sums(pair, people.vehicles * due, len(pairs))
            result[period, weekend] = assign(road.graph, Demand(pairs, demand), gap=FINER * gap)
    return Baseline(result)


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
    result: dict[Key, Assignment] = {}
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
    return Baseline(result)
