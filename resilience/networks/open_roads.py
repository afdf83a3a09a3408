"""Which nodes the open roads join: strongly connected parts, and what leads from one part to another."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numba import njit
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

if TYPE_CHECKING:
    from resilience.base.arrays import Bools, Ints
    from resilience.traffic.graph import RoadGraph


class Lists(NamedTuple):
    """Parts beside each node, or after each part, each once: value[offset[i] : offset[i + 1]]."""

    offset: Ints
    value: Ints


class OpenRoads:
    """The links of a road graph that are open.

    Parameters
    ----------
    graph : the roads
    closed : links that nobody may use, shape (links,)

    """

    def __init__(self, graph: RoadGraph, closed: Bools) -> None:
        self.graph, self.closed = graph, closed

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

    @cached_property
    def _after(self) -> Lists:
        """The parts to which links lead from each part."""
        graph, part, barred = self.graph, self.part, self.graph.barred
        between = ~self.closed & ~barred[graph.tail] & ~barred[graph.head] & (part[graph.tail] != part[graph.head])
        return _lists(part[graph.tail[between]], part[graph.head[between]], self.graph.nodes)

    @cached_property
    def _out_of(self) -> Lists:
        """The parts to which connectors lead out of each zone."""
        links = ~self.closed & self.graph.barred[self.graph.tail]
        return _lists(self.graph.tail[links], self.part[self.graph.head[links]], self.graph.nodes)

    @cached_property
    def _into(self) -> Lists:
        """The parts from which connectors lead into each zone."""
        links = ~self.closed & self.graph.barred[self.graph.head]
        return _lists(self.graph.head[links], self.part[self.graph.tail[links]], self.graph.nodes)

    def ways(self, origin: Ints, destination: Ints) -> Bools:
        """Return which pairs of zones an open way joins; nobody passes through a zone.

        Parameters
        ----------
        origin, destination : nodes of zones, shape (pairs,)

        """
        joined = self.largest[origin] & self.largest[destination] | (origin == destination)
        rest = np.flatnonzero(~joined)
        if len(rest):
            rest = rest[np.argsort(origin[rest], kind="stable")]
            found = np.zeros(len(rest), np.bool_)
            _find_ways(*self._after, *self._out_of, *self._into, origin[rest], destination[rest], found)
            joined[rest] = found
        return np.asarray(joined, np.bool_)


def _lists(key: Ints, value: Ints, keys: int) -> Lists:
    many = np.int64(value.max(initial=0)) + 1
    pairs = np.unique(key * many + value)
    return Lists(np.searchsorted(pairs // many, np.arange(keys + 1)).astype(np.int64), pairs % many)


@njit(cache=True, nogil=True)
def _find_ways(
    after_at: Any, after: Any, out_at: Any, out: Any, into_at: Any, into: Any, origin: Any, destination: Any, found: Any
) -> None:
    """Write which pairs, sorted by origin, a way over the parts joins."""
    seen = np.full(len(after_at), -1)
    queue = np.empty(len(after_at), np.int64)
    last = -1
    for i in range(len(origin)):
        if origin[i] != last:
            last = origin[i]
            end = 0
            for j in range(out_at[last], out_at[last + 1]):
                seen[out[j]] = last
                queue[end] = out[j]
                end += 1
            at = 0
            while at < end:
                here = queue[at]
                at += 1
                for j in range(after_at[here], after_at[here + 1]):
                    if seen[after[j]] != last:
                        seen[after[j]] = last
                        queue[end] = after[j]
                        end += 1
        for j in range(into_at[destination[i]], into_at[destination[i] + 1]):
            if seen[into[j]] == last:
                found[i] = True
                break
