"""How good an answer is: measured from the link flows alone, by means that share nothing with either solver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from resilience.base.arrays import sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.networks import Problem
    from resilience.base.arrays import Bools, Floats


ORIGINS_AT_ONCE = 256


@dataclass(frozen=True)
class Quality:
    """What an answer is worth.

    Parameters
    ----------
    gap : (TSTT - SPTT) / TSTT at the costs of the flow itself
    objective : Beckmann's objective, vehicle-minutes
    imbalance : largest amount by which flow out of a node less flow into it misses its demand, vehicles/h
    above : share by which the objective lies above that of the reference flow
    flow_rms : root mean square difference from the reference flow over all links, vehicles/h

    """

    gap: float
    objective: float
    imbalance: float
    above: float
    flow_rms: float


def measure(problem: Problem, flow: Floats, reference: Floats, closed: Bools | None = None) -> Quality:
    """Return the quality of a flow, shape (links,), held against a reference flow, on the links that are open."""
    still = np.zeros(len(flow), np.bool_) if closed is None else closed
    assert not flow[still].any(), "flow on closed links"
    minutes = problem.minutes(flow)
    total = float(flow @ minutes)
    least = float(problem.demand @ shortest(problem, minutes, still))
    best = problem.objective(reference)
    return Quality(
        gap=(total - least) / total,
        objective=problem.objective(flow),
        imbalance=imbalance(problem, flow),
        above=problem.objective(flow) / best - 1.0,
        flow_rms=float(np.sqrt(np.mean((flow - reference) ** 2))),
    )


def imbalance(problem: Problem, flow: Floats) -> float:
    """Return the largest amount by which a node's flow out less its flow in misses its demand, vehicles/h."""

    def net(start: NDArray[np.int64], end: NDArray[np.int64], values: Floats) -> Floats:
        return sums(start, values, problem.nodes) - sums(end, values, problem.nodes)

    wanted = net(problem.origin, problem.destination, problem.demand)
    return float(np.abs(net(problem.tail, problem.head, flow) - wanted).max())


def shortest(problem: Problem, minutes: Floats, closed: Bools) -> Floats:
    """Return the least minutes of each pair at fixed link costs by scipy's Dijkstra, shape (pairs,).

    A barred node becomes two: links arrive at the one, links and trips leave from the other.
    """
    leaves = np.arange(problem.nodes)
    leaves[problem.barred] = problem.nodes + np.arange(problem.barred.sum())
    size = problem.nodes + int(problem.barred.sum())
    used = ~closed
    tail, head, cost = leaves[problem.tail[used]], problem.head[used], minutes[used]
    order = np.lexsort((cost, head, tail))
    tail, head, cost = tail[order], head[order], cost[order]
    cheapest = np.r_[True, (np.diff(tail) != 0) | (np.diff(head) != 0)]  # of parallel links
    graph = csr_array((cost[cheapest], (tail[cheapest], head[cheapest])), shape=(size, size))
    result = np.empty(len(problem.origin))
    origins = np.unique(problem.origin)
    for first in range(0, len(origins), ORIGINS_AT_ONCE):
        some = origins[first : first + ORIGINS_AT_ONCE]
        minutes_to = dijkstra(graph, indices=leaves[some])
        begin, end = np.searchsorted(problem.origin, [some[0], some[-1] + 1])
        row = np.searchsorted(some, problem.origin[begin:end])
        result[begin:end] = minutes_to[row, problem.destination[begin:end]]
    return result
