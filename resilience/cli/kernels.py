"""The kernels, compiled ahead: small jobs that between them call every kernel with the types that commands use.

Numba compiles a function for the types of its first call and keeps it on disk. So each job here is the work of some
command on a made-up network: what it compiles, no command has to.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from resilience.traffic.demand import Demand
    from resilience.traffic.graph import RoadGraph

SMALL, LARGE = 4, 46  # streets to each side: trees below, labels of the hierarchy above the limit between them


class Job(NamedTuple):
    """What is compiled, a key of the texts, and the work that compiles it."""

    name: str
    work: Callable[[], None]


def jobs() -> list[Job]:
    """Return the jobs in the order in which they are best done."""
    return [
        Job("small_networks", lambda: _solve(SMALL)),
        Job("large_networks", lambda: _solve(LARGE)),
        Job("skims", _skims),
        Job("logit", _logit),
        Job("links", _links),
        Job("flood", _flood),
    ]


def compiled() -> int:
    """Return how many kernels have been compiled in this process and were not on disk."""
    return sum(sum(kernel.stats.cache_misses.values()) for _, kernel in kernels())


def kernels() -> Iterator[tuple[str, Any]]:
    """Return the kernels of the modules that are loaded, with their names."""
    from numba.core.registry import CPUDispatcher

    for name, module in list(sys.modules.items()):
        if name.startswith("resilience."):
            for key, value in vars(module).items():
                if isinstance(value, CPUDispatcher) and value.py_func.__module__ == name:
                    yield f"{name}.{key}", value


def _grid(side: int) -> tuple[RoadGraph, Demand]:
    """Return a square of two-way streets with trips between places in it that nobody passes through."""
    from resilience.traffic.demand import Demand, Pairs
    from resilience.traffic.graph import RoadGraph

    at = np.arange(side * side).reshape(side, side)
    one = np.concatenate([at[:, :-1].ravel(), at[:-1].ravel()])
    other = np.concatenate([at[:, 1:].ravel(), at[1:].ravel()])
    ends = at[:: max(side // 5, 1), :: max(side // 5, 1)].ravel()
    zones = side * side + np.arange(len(ends))
    tail = np.concatenate([one, other, zones, ends])
    head = np.concatenate([other, one, ends, zones])
    many = len(tail)
    ones = np.ones(many)
    length = 1.0 + np.asarray(np.arange(many) % 7, float)
    barred = np.zeros(side * side + len(zones), np.bool_)
    barred[zones] = True
    graph = RoadGraph(
        nodes=len(barred), tail=tail, head=head, free_flow_min=length, capacity_vph=20.0 * ones, b=0.15 * ones,
        power=4.0 * ones, fixed_min=0.0 * ones, barred=barred,
    )  # fmt: skip
    origin, destination = (x.ravel() for x in np.meshgrid(zones, zones, indexing="ij"))
    apart = origin != destination
    return graph, Demand(Pairs(origin[apart], destination[apart]), np.full(int(apart.sum()), 30.0))


def _solve(side: int) -> None:
    from resilience.traffic.demand import Demand, Pairs, VehicleClass
    from resilience.traffic.equilibrium.equilibrium import assign
    from resilience.traffic.equilibrium.warm import Change, Warm

    graph, demand = _grid(side)
    warm = Warm(assign(graph, demand, gap=1e-3))
    closed = np.arange(graph.links) == 0
    warm.assign(Change(closed=closed), gap=1e-3)
    warm.assign(Change(closed=closed, vph=demand.vph * 0.9), gap=1e-3)
    warm.totals(Change(closed=closed), gap=1e-3, with_error=True)
    classes = VehicleClass("car"), VehicleClass("lorry", pce=2.0)
    one, other = (np.tile(ends, 2) for ends in (demand.pairs.origin, demand.pairs.destination))
    both = Pairs(one, other, np.repeat([0, 1], len(demand.vph)))
    Warm(assign(graph, Demand(both, np.tile(demand.vph, 2), classes), gap=1e-2)).totals(Change(closed=closed), gap=1e-2)


def _skims() -> None:
    from resilience.networks.open_roads import OpenRoads
    from resilience.traffic.nearest import Nearest, towards
    from resilience.traffic.reach import closures, on_ways
    from resilience.traffic.skims import nodes_within, skim

    for side in (SMALL, LARGE):
        graph, demand = _grid(side)
        minutes, closed = graph.minutes(np.zeros(graph.links)), np.zeros(graph.links, np.bool_)
        skim(graph, demand.pairs, minutes)
        skim(graph, demand.pairs, minutes, along=[minutes])
        asked = Nearest(towards(graph, np.array([0])), np.array([1]))
        for _ in range(2):  # the second time it mends
            asked.minutes(minutes, closed, np.array([True]))
        nodes_within(graph, np.array([0]), minutes, closed)
        closed[: graph.links // 2] = True
        OpenRoads(graph, closed).ways(demand.pairs.origin, demand.pairs.destination)
        on_ways(graph, closed, closures(graph, closed, 0), np.array([1]))


def _logit() -> None:
    from resilience.traffic.logit.logit import assign_logit

    graph, demand = _grid(SMALL)
    for ways in ("link", "path"):
        assign_logit(graph, demand, theta=0.5, loading=ways, gap=1e-2)


def _links() -> None:
    from resilience.traffic.criticality.structure import detours

    graph, _ = _grid(SMALL)
    detours(graph, graph.free_flow_min)


def _flood() -> None:
    from resilience.city.water import all_along
    from resilience.hazards.flood.bathtub import Inundation, connection_level
    from resilience.hazards.flood.exposure import Exposure

    ground = np.arange(9.0).reshape(3, 3)
    cells, zero, no = np.arange(9), np.zeros(9, np.int64), np.zeros(9, np.bool_)
    city = Exposure(
        piece_link=cells, piece_cell=cells, piece_share=np.ones(9), bridge=no, tunnel=no, portal_cell=zero,
        portal_link=zero, tube=(), site_cell=cells, zone_cell=zero, cell_zone=zero, zone_cells=cells,
        zone_unknown=np.zeros(9),
    )  # fmt: skip
    deck = np.full(9, np.nan)
    deck.flags.writeable = False  # as a column of a table
    lake, raised = ground < 1.0, np.zeros(9)
    Inundation(city, ground, connection_level(ground, lake), lake, deck, raised, raised).at(5.0, with_cells=True)
    all_along(raised)
