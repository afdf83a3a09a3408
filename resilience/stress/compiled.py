"""Compile all kernels before they are needed: each kind of question is asked once of something tiny."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba.core.dispatcher import Dispatcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from resilience.traffic.demand import Demand
    from resilience.traffic.graph import RoadGraph

SMALL, LARGE = 6, 50  # junctions along the side of the grids: trees are searched on one, labels on the other


class Step(NamedTuple):
    """What was compiled: the name of the question, seconds taken, and how many kernels were not there before."""

    name: str
    seconds: float
    compiled: int


def compile_all() -> Iterator[Step]:
    """Ask every kind of question once, so that its kernels lie in the cache of compiled code; yield each when done."""
    for name, ask in QUESTIONS.items():
        start, before = time.perf_counter(), _compiled()
        ask()
        yield Step(name, time.perf_counter() - start, _compiled() - before)


def _compiled() -> int:
    """Return how many kernels this process compiled, those it found in the cache left out."""
    modules = [module for name, module in sys.modules.items() if name.startswith("resilience.")]
    kernels = {id(k): k for module in modules for k in vars(module).values() if isinstance(k, Dispatcher)}
    return sum(sum(kernel.stats.cache_misses.values()) for kernel in kernels.values())


def _grid(side: int) -> tuple[RoadGraph, Demand]:
    """Return a square grid of two-way streets with a few trips, enough to load its roads."""
    from resilience.traffic import Demand, Pairs, RoadGraph

    at = np.arange(side * side).reshape(side, side)
    one = np.r_[at[:, :-1].ravel(), at[:-1].ravel()]
    other = np.r_[at[:, 1:].ravel(), at[1:].ravel()]
    tail, head = np.r_[one, other], np.r_[other, one]
    many = len(tail)
    minutes = np.linspace(1.0, 1.6, many)
    graph = RoadGraph(
        side * side, tail, head, minutes, np.full(many, 100.0), np.full(many, 0.15), np.full(many, 4.0),
        np.zeros(many), np.zeros(side * side, np.bool_),
    )  # fmt: skip
    ends = np.linspace(0, side * side - 1, 5).astype(np.int64)
    origin, destination = np.repeat(ends, 5), np.tile(ends, 5)
    return graph, Demand(Pairs(*(part[origin != destination] for part in (origin, destination))), np.full(20, 90.0))


def _equilibrium(side: int) -> None:
    from resilience.traffic import Change, Warm, assign
    from resilience.traffic.skims import skim

    graph, demand = _grid(side)
    base = assign(graph, demand, gap=1e-3)
    closed = np.zeros(graph.links, np.bool_)
    closed[np.argmax(base.flow)] = True
    Warm(base).assign(Change(closed=closed), gap=1e-3)
    skim(graph, demand.pairs, base.minutes, along=[base.minutes])
    base.pair_table()


def _logit() -> None:
    from resilience.traffic import assign_logit

    graph, demand = _grid(SMALL)
    for loading in ("link", "path"):
        assign_logit(graph, demand, theta=0.5, loading=loading, gap=1e-2, iterations=20)


def _criticality() -> None:
    from resilience.traffic import assign
    from resilience.traffic.criticality.elements import single_links
    from resilience.traffic.criticality.scan import scan
    from resilience.traffic.criticality.structure import detours

    graph, demand = _grid(SMALL)
    base = assign(graph, demand, gap=1e-3)
    scan(base, single_links(graph)[:2], charge_min=np.full(len(demand.pairs), 60.0), gap=1e-3)
    detours(graph, base.minutes)


def _run() -> None:
    from resilience.case.case import load_case
    from resilience.case.shipped import find_case
    from resilience.stress.stress import stress_test

    case = load_case(find_case(Path("sioux_falls")))
    some = next(name for name, s in case.scenarios.items() if any("lake" in hazard for hazard in s.severity))
    with tempfile.TemporaryDirectory() as folder:
        stress_test(case, scenarios=[some], options=["do-nothing"], replicates=1, out=Path(folder) / "run")


QUESTIONS: dict[str, Callable[[], None]] = {
    "trees": lambda: _equilibrium(SMALL),
    "labels": lambda: _equilibrium(LARGE),
    "logit": _logit,
    "criticality": _criticality,
    "run": _run,
}
