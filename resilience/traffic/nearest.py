"""Minutes to the nearest of some places, asked hour after hour while roads and places change a little.

The search goes against the traffic, from one more node that leads to every place that counts in no time. Between two
questions few links differ, so the tree of the last one is mended (`search.mend`). Labels are exact whatever was asked
before: they are those of a new search, to the last bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from resilience.traffic.search import NONE, SearchGraph, arrive, contract, grow, mend, rank

if TYPE_CHECKING:
    from resilience.base.arrays import Bools, Floats, Ints
    from resilience.traffic.graph import RoadGraph


def towards(graph: RoadGraph, places: Ints) -> SearchGraph:
    """Return the graph that `Nearest` searches: every link turned round, and one more node that leads to the places.

    places : nodes that may be passed through, shape (places,)
    """
    start = graph.nodes
    tail = np.concatenate([graph.head, np.full(len(places), start)])
    head = np.concatenate([graph.tail, places])
    return contract(tail, head, np.append(graph.barred, False), np.arange(start + 1))


class Nearest:
    """Minutes from some nodes to the nearest of those places that count at the time.

    Parameters
    ----------
    prepared : what `towards` gives; not changed
    nodes : from where minutes are asked, shape (nodes,)

    """

    def __init__(self, prepared: SearchGraph, nodes: Ints) -> None:
        self.prepared = prepared
        self.source = np.uint32(prepared.number[-1])
        self.nodes = prepared.number[nodes].astype(np.uint32)
        many, through = len(prepared.number), prepared.net.through
        self._label, self._keys = np.empty(many), np.empty(many)
        self._queue, self._stack = np.empty(many, np.uint32), np.empty(many, np.uint32)
        self._same = np.empty(many, np.uint8)
        self._up, self._order = np.full(through, NONE, np.uint32), np.zeros(0, np.uint32)  # the tree, once one is grown

    def minutes(self, link_minutes: Floats, closed: Bools, counts: Bools) -> Floats:
        """Return the minutes from each node to the nearest place that counts, inf without a way, shape (nodes,).

        Parameters
        ----------
        link_minutes : not negative, shape (links,)
        closed : links that nobody may use, shape (links,)
        counts : shape (places,)

        """
        own = np.concatenate([np.where(closed, np.inf, link_minutes), np.where(counts, 0.0, np.inf)])
        net, cost = self.prepared.net, self.prepared.over_arcs(own)
        tree = self._label, self._up
        if len(self._order):
            mend(net, cost, self.source, *tree, self._order, self._queue, self._stack, self._keys, self._same)
        else:
            self._order = np.empty(net.through, np.uint32)
            grow(net, cost, self.source, *tree, self._queue, self._stack, self._keys, self._same)
        rank(self._label, self._order, self._queue, self._stack)
        return np.asarray(_arrivals(net, cost, *tree, self.nodes))


@njit(cache=True, nogil=True)
def _arrivals(net: Any, cost: Any, label: Any, up: Any, nodes: Any) -> Any:
    found = np.empty(len(nodes))
    for i in range(len(nodes)):
        found[i], _ = arrive(net, cost, label, up, nodes[i])
    return found
