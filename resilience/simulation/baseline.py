"""Ordinary days: the equilibria of trips out and back, solved once and kept in a file that processes share."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite.binding import get_host_cpu_name

from resilience.base.kept import digest_of, kept
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
    from resilience.traffic.demand import Demand
    from resilience.traffic.graph import RoadGraph

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
    asked = _demands(people)
    return Baseline({key: assign(road.graph, demand, gap=FINER * gap) for key, demand in asked.items()})


def kept_baseline(road: RoadModel, people: Population, gap: float, *, instead: Path | None = None) -> Baseline:
    """Return the ordinary equilibria, solved once and kept for the next time and for other processes.

    Parameters
    ----------
    instead : folder to keep them in where the user's folder cannot be used

    """
    asked = _demands(people)
    key = digest_of(*_parts(road.graph, asked), FINER * gap, get_host_cpu_name())
    found = kept("ordinary", key, lambda: _arrays(baseline(road, people, gap)), instead=instead)
    return _baseline(found, road, asked)


def _demands(people: Population) -> dict[Key, Demand]:
    """Return the trips of ordinary days by period and whether it is the weekend."""
    result: dict[Key, Demand] = {}
    for weekend in (False, True):
        for period in (OUT, BACK):
            result[period, weekend] = people.ordinary_demand(weekend=weekend, back=period == BACK)
    return result


def _parts(graph: RoadGraph, asked: dict[Key, Demand]) -> list[object]:
    """Return all numbers that the equilibria depend on."""
    own = ("tail", "head", "free_flow_min", "capacity_vph", "b", "power", "fixed_min", "barred", "kind")
    ends = [(d.pairs.origin, d.pairs.destination, d.pairs.of_class, d.vph) for d in asked.values()]
    classes = next(iter(asked.values())).classes
    return [
        graph.nodes,
        *(getattr(graph, name) for name in own),
        list(asked),
        *(part for some in ends for part in some),
        *(part for c in classes for part in (c.name, c.pce, c.closed, c.extra_min)),
    ]


def _arrays(ordinary: Baseline) -> dict[str, NDArray[Any]]:
    """Return the ordinary equilibria as arrays; network and demand are not among them."""
    arrays: dict[str, NDArray[Any]] = {}
    for (period, weekend), found in ordinary.items():
        name = f"{period}:{int(weekend)}:"
        for part in fields(found):
            if part.name not in GIVEN:
                arrays[name + part.name] = np.asarray(getattr(found, part.name))
        arrays |= {f"{name}store:{part}": array for part, array in found.stored_paths._asdict().items()}
    return arrays


def _baseline(arrays: dict[str, NDArray[Any]], road: RoadModel, asked: dict[Key, Demand]) -> Baseline:
    """Return the ordinary equilibria of `_arrays` for the network and the trips that they were solved for."""
    result: dict[Key, Assignment] = {}
    for (period, weekend), demand in asked.items():
        name = f"{period}:{int(weekend)}:"
        values: dict[str, Any] = {}
        for part in fields(Assignment):
            if part.name not in GIVEN:
                array = arrays[name + part.name]
                values[part.name] = array if array.ndim else array.item()
        store = PathStore(*(arrays[f"{name}store:{part}"] for part in PathStore._fields))
        given: dict[str, Any] = {"network": road.graph, "demand": demand, "closed": None, "store": store}
        result[period, weekend] = Assignment(**given, **values)
    return Baseline(result)
