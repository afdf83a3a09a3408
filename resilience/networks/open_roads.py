"""Which nodes the open roads join: strongly connected parts, and ways from zone to zone."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from resilience.traffic.reach import joined, reached, reached_more

if TYPE_CHECKING:
    from resilience.base.arrays import Bools, Ints
    from resilience.traffic.graph import RoadGraph


TRIED = 8  # junctions, as the hub of the open roads


class OpenRoads:
    """The links of a road graph that are open.

    Parameters
    ----------
    graph : the roads
    closed : links that nobody may use, shape (links,)

    """

    def __init__(self, graph: RoadGraph, closed: Bools) -> None:
        self.graph, self.closed = graph, closed
        self._hub: tuple[Bools, Bools] | None = None

    @cached_property
    def part(self) -> Ints:
        """Number of the strongly connected part of each node; zones join nothing, shape (nodes,)."""
        graph, barred = self.graph, self.graph.barred
        keep = ~self.closed & ~barred[graph.tail] & ~barred[graph.head]
        roads = csr_array(
            (np.ones(int(keep.sum())), (graph.tail[keep], graph.head[keep])), shape=(graph.nodes, graph.nodes)
        )
        return np.asarray(connected_components(roads, directed=True, connection="strong")[1], np.int64)

    @cached_property
    def largest(self) -> Bools:
        """Nodes of the largest part, and zones that can reach it and be reached from it, shape (nodes,)."""
        graph, barred = self.graph, self.graph.barred
        inside = (self.part == np.bincount(self.part[~barred]).argmax()) & ~barred
        tail, head = graph.tail[~self.closed], graph.head[~self.closed]
        leaves, arrives = np.zeros(graph.nodes, np.bool_), np.zeros(graph.nodes, np.bool_)
        leaves[tail[inside[head]]] = True
        arrives[head[inside[tail]]] = True
        return inside | (barred & leaves & arrives)

    def hub(self) -> tuple[Bools, Bools]:
        """Return the nodes that lead to a junction in the middle of things, and those that it leads to, shape (nodes,).

        Any junction is right; of a few, far apart in the list, the first is taken that is joined to half of all, both
        ways, or else the one that is joined to most.
        """
        if self._hub is not None:
            return self._hub
        junctions = np.flatnonzero(~self.graph.barred)
        best, size = (np.zeros(self.graph.nodes, np.bool_),) * 2, 0
        for junction in junctions[:: max(len(junctions) // TRIED, 1)].tolist():
            leads, led = (reached(self.graph, self.closed, junction, against=way) for way in (True, False))
            if (around := int((leads & led).sum())) > size:
                best, size = (leads, led), around
            if size > len(junctions) / 2:
                break
        self._hub = best
        return best

    def after(self, node: int) -> Bools:
        """Return the nodes that open roads lead to from a node, shape (nodes,)."""
        leads, led = self.hub()
        if leads[node] and led[node] and not self.graph.barred[node]:
            return led
        return reached(self.graph, self.closed, node)

    def with_closures(self, closed: Bools) -> OpenRoads:
        """Return the roads with other closures; as long as none is new, the search from the hub only goes on."""
        now = OpenRoads(self.graph, closed)
        if self._hub is not None and not (closed & ~self.closed).any():
            opened, (leads, led) = np.flatnonzero(self.closed & ~closed), self._hub
            if (leads & led).sum() > len(leads) / 4:  # else there may be a better hub by now
                now._hub = (
                    reached_more(self.graph, closed, leads, opened, against=True),
                    reached_more(self.graph, closed, led, opened),
                )
        return now

    def ways(self, origin: Ints, destination: Ints) -> Bools:
        """Return which pairs of zones an open way joins; nobody passes through a zone.

        Most do by way of the hub. Who leads to no hub lies in a small part, and is searched from; whom the hub does not
        lead to is searched for against the traffic.

        Parameters
        ----------
        origin, destination : nodes of zones, shape (pairs,)

        """
        graph, (leads, led) = self.graph, self.hub()
        way = leads[origin] & led[destination]
        rest = np.flatnonzero(~way)
        lost, hidden = rest[~leads[origin[rest]]], rest[leads[origin[rest]]]
        way[lost] = joined(graph, self.closed, origin[lost], destination[lost])
        way[hidden] = joined(graph, self.closed, destination[hidden], origin[hidden], against=True)
        return np.asarray(way, np.bool_)
