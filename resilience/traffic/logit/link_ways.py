"""Ways chosen link by link: which links lead away from an origin, and what each way weighs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numba import njit

from resilience.traffic.search import NONE, pop, sift

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from resilience.base.arrays import Bools, Floats, Ints, Unsigned
    from resilience.traffic.logit.streets import Streets

    Progress = Callable[[int, float], bool | None]


SAME = 1e-12  # share of the largest distance below which two distances are one: some thousand roundings


MOST_BUSH_BYTES = 512e6  # above this the links that lead away are chosen anew in every loading


class Net(NamedTuple):
    """The whole network for the kernels.

    tail, head : ends of every link; far : the minutes that tell which links lead away, inf: shut
    out_start, out_link, in_start, in_link : links out of and into every node
    """

    tail: Unsigned
    head: Unsigned
    far: Floats
    barred: Bools
    out_start: Ints
    out_link: Ints
    in_start: Ints
    in_link: Ints


class Bushes(NamedTuple):
    """The links that lead away from each origin towards a destination of its, one row an origin or one for all.

    node : heads of the links, farthest first, shape (rows, nodes)
    begin : first link of each head, shape (rows, nodes + 1)
    link : shape (rows, links)
    size : number of heads of each origin; known : origins whose row is filled
    """

    node: Unsigned
    begin: Unsigned
    link: Unsigned
    size: Ints
    known: NDArray[np.uint8]


class Scratch(NamedTuple):
    """Scratch of a loading, by node; `share` by position in a bush."""

    value: Floats
    passing: Floats
    share: Floats
    label: Floats
    keys: Floats
    place: Unsigned
    heap: Unsigned
    at: Unsigned


class LinkWays:
    """All ways over links that lead away from the origin, never named."""

    def __init__(self, streets: Streets, theta: float, flow: Floats) -> None:
        network, pairs = streets.network, streets.pairs
        self.theta, self.streets = theta, streets
        far = np.where(streets.shut, np.inf, streets.cost(flow))
        self.net = Net(
            network.tail.astype(np.uint32), network.head.astype(np.uint32), far, network.barred,
            *network.star()[:2], *network.star(reverse=True)[:2],
        )  # fmt: skip
        nodes, links, groups = network.nodes, network.links, len(streets.origin)
        rows = groups if groups * (2.0 * nodes + links) * 4.0 <= MOST_BUSH_BYTES else 1
        self.bushes = Bushes(
            node=np.empty((rows, nodes), np.uint32),
            begin=np.empty((rows, nodes + 1), np.uint32),
            link=np.empty((rows, links), np.uint32),
            size=np.zeros(groups, np.int64),
            known=np.zeros(groups, np.uint8),
        )
        self.scratch = Scratch(
            value=np.empty(nodes),
            passing=np.zeros(nodes),
            share=np.empty(links),
            label=np.empty(nodes),
            keys=np.empty(nodes),
            place=np.empty(nodes, np.uint32),
            heap=np.empty(nodes, np.uint32),
            at=np.empty(nodes, np.uint32),
        )
        self.destination = pairs.destination.astype(np.uint32)
        self.reached = np.zeros(len(pairs), np.uint8)
        self.satisfaction, self.mean = np.empty(len(pairs)), np.empty(len(pairs))

    def load(self, cost: Floats) -> Floats:
        """Return the flow of every link that the minutes of the links bring about."""
        flow = np.zeros(len(cost))
        self._load(cost, flow, with_mean=False)
        return flow

    def outcome(self, cost: Floats) -> tuple[Floats, Floats]:
        """Return satisfaction and mean minutes of every pair, shape (pairs,)."""
        self._load(cost, np.zeros(len(cost)), with_mean=True)
        return self.satisfaction / self.theta, self.mean

    def extend(self, _: Floats) -> bool:
        """Return that there are no more ways than those."""
        return False

    def _load(self, cost: Floats, flow: Floats, *, with_mean: bool) -> None:
        streets = self.streets
        _stoch(
            self.net, self.bushes, self.scratch, streets.first, streets.origin, self.destination, streets.pcu, cost,
            self.theta, with_mean, self.reached, flow, self.satisfaction, self.mean,
        )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _reach(net: Any, scratch: Any, source: int) -> int:
    """Write the distance of all nodes and their rank by it (NONE: not reached); return how many there are.

    Nodes at the same distance stand in the order in which links of no minutes lead from one to the other.
    """
    label, keys, heap, place, at = scratch.label, scratch.keys, scratch.heap, scratch.place, scratch.at
    label[:] = np.inf
    place[:] = NONE
    at[:] = NONE
    label[source] = 0.0
    size = sift(keys, heap, place, 0, source, 0.0)
    many = 0
    while size > 0:
        node, here = heap[0], keys[0]
        size = pop(keys, heap, place, size)
        at[node] = many
        many += 1
        if net.barred[node] and node != source:
            continue
        for k in range(net.out_start[node], net.out_start[node + 1]):
            link = net.out_link[k]
            other = net.head[link]
            reach = here + net.far[link]
            if reach < label[other]:
                label[other] = reach
                size = sift(keys, heap, place, size, other, reach)
    return many


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _choose(net: Any, bushes: Any, scratch: Any, row: int, source: int, goals: Any) -> int:
    """Fill the row of an origin with the links that lead away from it and towards a goal; return the number of heads.

    Every link of a shortest way by the same minutes is one of them, also where it has no minutes.
    """
    label, order, wanted, at = scratch.label, scratch.heap, scratch.place, scratch.at
    node, begin, link = bushes.node[row], bushes.begin[row], bushes.link[row]
    many = _reach(net, scratch, source)
    farthest = 0.0
    for i in range(len(at)):
        if at[i] != NONE:
            order[at[i]] = i
            farthest = max(farthest, label[i])
    same = SAME * farthest
    wanted[:] = 0
    for k in range(len(goals)):
        wanted[goals[k]] = 1
    size, end = 0, 0
    for rank in range(many - 1, 0, -1):
        here = order[rank]
        if wanted[here] == 0:
            continue
        node[size], begin[size] = here, end
        size += 1
        for k in range(net.in_start[here], net.in_start[here + 1]):
            by = net.in_link[k]
            tail = net.tail[by]
            if net.far[by] == np.inf or at[tail] >= rank or (net.barred[tail] and tail != source):
                continue
            if label[here] - label[tail] > same or net.far[by] <= 2.0 * same:
                link[end] = by
                end += 1
                wanted[tail] = 1
    begin[size] = end
    return size


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _weigh(net: Any, bushes: Any, scratch: Any, row: int, size: int, cost: Any, theta: float) -> None:
    """Write theta times the satisfaction of every head, and the share of each link among those into its head.

    A head's is the least of its links' less the logarithm of what the others add, so that no exponential overflows.
    """
    node, begin, link = bushes.node[row], bushes.begin[row], bushes.link[row]
    value, share, tail = scratch.value, scratch.share, net.tail
    for i in range(size - 1, -1, -1):
        low, high = begin[i], begin[i + 1]
        if high - low == 1:
            share[low] = 1.0
            value[node[i]] = value[tail[link[low]]] + theta * cost[link[low]]
            continue
        least = np.inf
        for e in range(low, high):
            share[e] = value[tail[link[e]]] + theta * cost[link[e]]
            least = min(least, share[e])
        total = 0.0
        for e in range(low, high):
            share[e] = math.exp(least - share[e])
            total += share[e]
        for e in range(low, high):
            share[e] /= total
        value[node[i]] = least - math.log(total)


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _stoch(
    net: Any, bushes: Any, scratch: Any, first: Any, origin: Any, destination: Any, trips: Any, cost: Any,
    theta: float, with_mean: bool, reached: Any, flow: Any, satisfaction: Any, mean: Any,
) -> None:  # fmt: skip
    """Add the flow of all pairs to `flow`; write theta times the satisfaction, and the mean minutes if asked for."""
    value, passing, share = scratch.value, scratch.passing, scratch.share
    for g in range(len(origin)):
        row, source = g if len(bushes.node) == len(origin) else 0, origin[g]
        if bushes.known[g] == 0:
            bushes.size[g] = _choose(net, bushes, scratch, row, source, destination[first[g] : first[g + 1]])
            for k in range(first[g], first[g + 1]):
                reached[k] = 1 if scratch.label[destination[k]] < np.inf else 0
            bushes.known[g] = 1 if len(bushes.node) == len(origin) else 0
        node, begin, link, size = bushes.node[row], bushes.begin[row], bushes.link[row], bushes.size[g]
        value[source] = 0.0
        _weigh(net, bushes, scratch, row, size, cost, theta)
        for k in range(first[g], first[g + 1]):
            satisfaction[k] = value[destination[k]] if reached[k] == 1 else np.inf
            if reached[k] == 1:
                passing[destination[k]] += trips[k]
        for i in range(size):
            through = passing[node[i]]
            passing[node[i]] = 0.0
            if through > 0.0:
                for e in range(begin[i], begin[i + 1]):
                    flow[link[e]] += through * share[e]
                    passing[net.tail[link[e]]] += through * share[e]
        passing[source] = 0.0
        if with_mean:
            for i in range(size - 1, -1, -1):
                total = 0.0
                for e in range(begin[i], begin[i + 1]):
                    total += share[e] * (value[net.tail[link[e]]] + cost[link[e]])
                value[node[i]] = total
            for k in range(first[g], first[g + 1]):
                mean[k] = value[destination[k]] if reached[k] == 1 else np.inf
