"""Ways chosen among listed paths."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numba import njit

from resilience.traffic.equilibrium.workspace import PathStore
from resilience.traffic.search import arrive, grow

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from resilience.base.arrays import Floats, Ints, Unsigned
    from resilience.traffic.equilibrium.solution import Assignment
    from resilience.traffic.logit.streets import Streets

    Progress = Callable[[int, float], bool | None]


PATH_GAP = 1e-4  # of the user equilibrium that gives the first paths; what it misses is found on the way


CLOSER = 1e-9  # share by which a way must be shorter than those known to be a new one: far above rounding


class PathWays:
    """Named ways: the paths of a user equilibrium and the shortest ones that were found since."""

    def __init__(self, streets: Streets, theta: float, base: Assignment) -> None:
        pairs = streets.pairs
        self.theta, self.streets = theta, streets
        self.net = streets.network.search(streets.ends)
        self.shut = self.net.any_of(streets.shut)
        self.origin = self.net.number[streets.origin].astype(np.uint32)
        self.destination = self.net.number[pairs.destination].astype(np.uint32)
        nodes, many = len(self.net.net.start) - 1, len(pairs)
        self.label, self.keys = np.empty(nodes), np.empty(nodes)
        self.up = np.empty(self.net.net.through, np.uint32)
        self.queue, self.stack = np.empty(nodes, np.uint32), np.empty(nodes, np.uint32)
        self.same, self.hops = np.empty(nodes, np.uint8), np.zeros(many, np.uint32)
        self.satisfaction, self.mean = np.empty(many), np.empty(many)
        old = base.stored_paths
        path = np.repeat(np.arange(len(old.owner)), np.diff(old.offsets))
        open_ = np.bincount(path, self.shut[old.arcs], len(old.owner)) == 0
        owner, chosen = _known(streets, base)
        owner, chosen = owner[open_[chosen]], chosen[open_[chosen]]
        length = np.diff(old.offsets)[chosen]
        self._take(owner, length, old.arcs[_spans(old.offsets[chosen], length)])
        self.extend(streets.cost(base.flow))

    def _take(self, owner: NDArray[np.int32], length: Ints, arcs: Unsigned) -> None:
        """Have these paths and no others, sorted by pair."""
        order = np.argsort(owner, kind="stable")
        at = _spans((np.cumsum(length) - length)[order], length[order])
        offsets = np.concatenate([[0], np.cumsum(length[order])]).astype(np.int64)
        self.store = PathStore(offsets, arcs[at], owner[order], np.zeros(len(owner)))
        self.price = np.empty(len(owner))
        self.first = np.searchsorted(owner[order], np.arange(len(self.destination) + 1)).astype(np.int64)

    def load(self, cost: Floats) -> Floats:
        """Return the flow of every link that the minutes of the links bring about."""
        flow = np.zeros(self.net.arcs)
        store = self.store
        _split(
            self.first, store.offsets, store.arcs, self.streets.pcu, self.net.over_arcs(cost), self.theta, self.price,
            store.flow, flow, self.satisfaction, self.mean,
        )  # fmt: skip
        return self.net.on_links(flow)

    def outcome(self, _: Floats) -> tuple[Floats, Floats]:
        """Return satisfaction and mean minutes of every pair as they were loaded last, shape (pairs,)."""
        stay = self.streets.pairs.origin == self.streets.pairs.destination
        return np.where(stay, 0.0, self.satisfaction), np.where(stay, 0.0, self.mean)

    def extend(self, cost: Floats) -> bool:
        """Take in the shortest path of every pair that has none as short; return whether there were any."""
        arc_cost = self.net.over_arcs(cost)
        arc_cost[self.shut] = np.inf
        store, first = self.store, self.streets.first
        known = np.full(len(self.destination), np.inf)
        path = np.repeat(np.arange(len(store.owner)), np.diff(store.offsets))
        np.minimum.at(known, store.owner, np.bincount(path, arc_cost[store.arcs], len(store.owner)))
        arcs = [store.arcs]
        for g, source in enumerate(self.origin):
            new = np.empty(self._seek(arc_cost, source, first[g], first[g + 1], known), np.uint32)
            if len(new):
                _note(
                    self.net.net, arc_cost, source, first[g], first[g + 1], self.destination, self.label, self.up,
                    self.hops, new,
                )  # fmt: skip
                arcs.append(new)
        owner = np.flatnonzero(self.hops).astype(np.int32)
        if len(owner):
            length = np.concatenate([np.diff(store.offsets), self.hops[owner].astype(np.int64)])
            self._take(np.concatenate([store.owner, owner]), length, np.concatenate(arcs))
        return len(owner) > 0

    def _seek(self, cost: Floats, source: np.uint32, first: int, last: int, known: Floats) -> int:
        found = _seek(
            self.net.net, cost, source, first, last, self.destination, known, self.label, self.up, self.queue,
            self.stack, self.keys, self.same, self.hops,
        )  # fmt: skip
        return int(found)


def _spans(begin: Ints, length: Ints) -> Ints:
    """Return the numbers from each beginning on, so many of them, one row behind the other."""
    return np.repeat(begin - (np.cumsum(length) - length), length) + np.arange(length.sum())


def _known(streets: Streets, base: Assignment) -> tuple[NDArray[np.int32], Ints]:
    """Return the paths of a user equilibrium that are ways of a class: pair of the class and number of the path.

    All classes know the paths of all between the same ends, so that classes that are alike have the same ways.
    """
    old, pairs, nodes = base.stored_paths, base.demand.pairs, streets.network.nodes
    if len(base.demand.classes) == 1:
        return old.owner, np.arange(len(old.owner))
    spans = pairwise(old.offsets.tolist())
    way, _ = pd.factorize(np.array([old.arcs[a:b].tobytes() for a, b in spans], object))
    mine = pd.DataFrame({"ends": streets.pairs.origin * np.int64(nodes) + streets.pairs.destination})
    ends = (pairs.origin * np.int64(nodes) + pairs.destination)[old.owner]
    paths = pd.DataFrame({"ends": ends, "way": way, "path": np.arange(len(way))}).drop_duplicates(["ends", "way"])
    found = mine.assign(pair=np.arange(len(mine))).merge(paths, on="ends")
    return found["pair"].to_numpy(np.int32), found["path"].to_numpy(np.int64)


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _split(
    first: Any, offsets: Any, arcs: Any, trips: Any, cost: Any, theta: float, price: Any, share: Any, flow: Any,
    satisfaction: Any, mean: Any,
) -> None:  # fmt: skip
    """Write the flow of every path into `share`, add it to its arcs; write satisfaction and mean minutes of pairs."""
    for k in range(len(trips)):
        satisfaction[k], mean[k] = np.inf, np.inf
        least = np.inf
        for p in range(first[k], first[k + 1]):
            price[p] = 0.0
            for at in range(offsets[p], offsets[p + 1]):
                price[p] += cost[arcs[at]]
            least = min(least, price[p])
        if least == np.inf:
            continue
        total, minutes = 0.0, 0.0
        for p in range(first[k], first[k + 1]):
            share[p] = math.exp(-theta * (price[p] - least))
            total += share[p]
            minutes += share[p] * price[p]
        satisfaction[k], mean[k] = least - math.log(total) / theta, minutes / total
        for p in range(first[k], first[k + 1]):
            share[p] *= trips[k] / total
            for at in range(offsets[p], offsets[p + 1]):
                flow[arcs[at]] += share[p]


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _seek(
    net: Any, cost: Any, source: int, first: int, last: int, destination: Any, known: Any, label: Any, up: Any,
    queue: Any, stack: Any, keys: Any, same: Any, hops: Any,
) -> int:  # fmt: skip
    """Write how many arcs each pair's shortest path has where it is shorter than `known`, else 0; return the sum."""
    grow(net, cost, source, label, up, queue, stack, keys, same)
    total = 0
    for k in range(first, last):
        hops[k] = 0
        if destination[k] == source:
            continue
        least, arc = arrive(net, cost, label, up, destination[k])
        if least < np.inf and least < known[k] * (1.0 - CLOSER):
            hops[k] = 1
            while net.tail[arc] != source:
                arc = up[net.tail[arc]]
                hops[k] += 1
            total += hops[k]
    return total


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _note(
    net: Any, cost: Any, source: int, first: int, last: int, destination: Any, label: Any, up: Any, hops: Any, arcs: Any
) -> None:
    """Write the arcs of the paths that `_seek` has found, one path behind the other, in driving order."""
    end = 0
    for k in range(first, last):
        if hops[k] == 0:
            continue
        _, arc = arrive(net, cost, label, up, destination[k])
        end += hops[k]
        for back in range(1, hops[k] + 1):
            arcs[end - back] = arc
            if net.tail[arc] != source:
                arc = up[net.tail[arc]]
