"""What a run asks of the solved traffic of a period, however drivers choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from resilience.traffic.demand import Demand, Pairs
from resilience.traffic.skims import skim

if TYPE_CHECKING:
    from resilience.base.arrays import Bools, Floats
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
        """Vehicles of every class that drive on every link in the period, shape (classes, links)."""

    @property
    def od_minutes(self) -> Floats:
        """Minutes of the trips of every pair, inf where there is no way, shape (pairs,)."""

    @property
    def relative_gap(self) -> float:
        """How far it is from solved."""


def vehicles_on_links(solved: Solution) -> Floats:
    """Return the vehicles of all classes that drive on every link in the period, shape (links,)."""
    return np.asarray(solved.class_flow.sum(axis=0), float)


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
