"""Shortest paths for many origins: a contracted graph laid out for the cache, and trees that are grown or mended.

What never matters to a trip between the given ends is taken out first: dead ends are dropped and chains of links
through nodes with two neighbours become one arc. Nodes that no path may pass through (zones) come last, so that the
search knows nothing of them but their arrivals. The others stand in an order that keeps neighbours close (reverse
Cuthill-McKee), arcs are sorted by tail.

Trees grow by the two-ended queue of Pape (1974, doi:10.1007/BF01585577), on road networks two to three times as
fast as a heap. Its worst case is exponential, so that a search which scans too many nodes is done again with Dijkstra.
A tree known from earlier costs is mended instead: labels are summed along it, every arc is looked at once, and only
what has become shorter is searched again. Either way the labels are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numba import njit

from resilience.traffic.hierarchy.hierarchy import Hierarchy, build

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience.base.arrays import Bools, Ints, Unsigned


NONE = 2**32 - 1  # no arc, or a node that was never in a queue
WAS = 2**32 - 2  # a node that was in the queue
LEAST_ORDERED = 200  # nodes below which all lie in the cache anyhow
MOST_SCANS = 40  # scans per node after which a search changes to Dijkstra


class Net(NamedTuple):
    """What the search kernels need of a contracted graph; numbers are unsigned, which saves a test at every look-up.

    through : number of nodes that paths may pass; the sinks are numbered from here on
    start : first arc of each node, shape (nodes + 1,)
    middle : first arc of each node that leads into a sink, shape (nodes,)
    tail, head : nodes of each arc
    in_start, in_arc : arcs into each sink, sinks counted from 0
    inner : the arcs that do not lead into a sink
    """

    through: int
    start: Unsigned
    middle: Unsigned
    tail: Unsigned
    head: Unsigned
    in_start: Unsigned
    in_arc: Unsigned
    inner: Unsigned


@dataclass(frozen=True)
class SearchGraph:
    """A graph prepared for searches between given ends.

    Parameters
    ----------
    number : search number of each node of the full graph, -1 where it was taken out, shape (nodes,)
    net : the contracted graph
    member_start, members : links that make up each arc, in the order in which they are driven; no link is in two arcs
    arc : arc of each link of the full graph, -1 where it is in none, shape (links,)

    """

    number: Ints
    net: Net
    member_start: Ints
    members: NDArray[np.int32]
    arc: NDArray[np.int32]

    @cached_property
    def hierarchy(self) -> Hierarchy:
        """The contraction hierarchy of the graph, made once: it does not depend on costs."""
        return build(self.net)

    @property
    def arcs(self) -> int:
        """Number of arcs."""
        return len(self.net.tail)

    def over_arcs(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sum of a link value over each arc, shape (arcs,)."""
        if not self.arcs:
            return np.zeros(0)
        if len(self.members) == self.arcs:  # each is one link
            return np.asarray(values[self.members], float)
        return np.asarray(np.add.reduceat(values[self.members], self.member_start[:-1]), float)

    def any_of(self, flags: Bools) -> Bools:
        """Return the arcs of which a link is flagged, shape (arcs,)."""
        hit = np.zeros(self.arcs, np.bool_)
        found = self.arc[np.flatnonzero(flags)]
        hit[found[found >= 0]] = True
        return hit

    def on_links(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return an arc value on each link, 0 on links that are in no arc, shape (links,)."""
        if not self.arcs:
            return np.zeros(len(self.arc))
        return np.where(self.arc >= 0, values[np.maximum(self.arc, 0)], 0.0)


def contract(tail: Ints, head: Ints, barred: Bools, ends: Ints, alike: Ints | None = None) -> SearchGraph:
    """Return the search graph of a network for trips between the nodes `ends`.

    Parameters
    ----------
    alike : class of each link's cost function, shape (links,): links of different classes, and those of class -1,
        are never joined

    """
    nodes = len(barred)
    kept = barred.copy()
    kept[ends] = True
    sort = np.zeros(len(tail), np.int64) if alike is None else alike
    arcs: list[tuple[int, int, tuple[int, ...]] | None] = [
        (int(a), int(b), (i,)) for i, (a, b) in enumerate(zip(tail, head, strict=True)) if a != b
    ]
    out: list[set[int]] = [set() for _ in range(nodes)]
    into: list[set[int]] = [set() for _ in range(nodes)]
    for number, arc in enumerate(arcs):
        if arc is not None:
            out[arc[0]].add(number)
            into[arc[1]].add(number)

    def remove(number: int) -> None:
        arc = arcs[number]
        if arc is not None:
            out[arc[0]].discard(number)
            into[arc[1]].discard(number)
            arcs[number] = None

    queue = [int(n) for n in np.flatnonzero(~kept)]
    while queue:
        node = queue.pop()
        ways_in = [(n, arcs[n]) for n in sorted(into[node])]
        ways_out = [(n, arcs[n]) for n in sorted(out[node])]
        neighbours = {a[0] for _, a in ways_in if a} | {a[1] for _, a in ways_out if a}
        if len(neighbours) > 2 or not neighbours:
            continue
        joined = [(a, b) for _, a in ways_in for _, b in ways_out if a and b and a[0] != b[1]]
        ends_of = [a[2] for a, _ in joined] + [b[2] for _, b in joined]
        if len(set(ends_of)) < len(ends_of):  # a link would be in two arcs
            continue
        if any(sort[a[2][0]] != sort[b[2][0]] or sort[a[2][0]] < 0 for a, b in joined):
            continue
        for number, _ in [*ways_in, *ways_out]:
            remove(number)
        for a, b in joined:
            arcs.append((a[0], b[1], a[2] + b[2]))
            out[a[0]].add(len(arcs) - 1)
            into[b[1]].add(len(arcs) - 1)
        queue += [n for n in neighbours if not kept[n]]
    return _lay_out([a for a in arcs if a is not None], barred, ends, len(tail))


def _leaves(tail: Ints, head: Ints, nodes: int) -> Bools:
    """Return the nodes with one neighbour, which no shortest path passes; of two that have but each other, one."""
    ends = np.unique(np.stack([np.minimum(tail, head), np.maximum(tail, head)]), axis=1)
    leaf = np.bincount(ends.ravel(), minlength=nodes) <= 1
    leaf[ends[0, leaf[ends[0]] & leaf[ends[1]]]] = False
    return np.asarray(leaf, np.bool_)


def _near_together(tail: Ints, head: Ints, nodes: int) -> Ints:
    """Return an order of nodes in which neighbours lie near each other, so that a search stays in the cache."""
    if nodes < LEAST_ORDERED:
        return np.arange(nodes)
    from scipy.sparse import csr_array  # a fifth of the start of a command on a small network
    from scipy.sparse.csgraph import reverse_cuthill_mckee

    ends = np.r_[tail, head], np.r_[head, tail]
    pattern = csr_array((np.ones(2 * len(tail)), ends), shape=(nodes, nodes))
    return np.asarray(reverse_cuthill_mckee(pattern.tocsr(), symmetric_mode=True), np.int64)


def _lay_out(arcs: list[tuple[int, int, tuple[int, ...]]], barred: Bools, ends: Ints, links: int) -> SearchGraph:
    tail, head = (np.array([a[k] for a in arcs], np.int64) for k in (0, 1))
    used = np.unique(np.concatenate([tail, head, np.asarray(ends, np.int64)]))
    compact = np.full(len(barred), -1, np.int64)
    compact[used] = np.arange(len(used))
    t, h = compact[tail], compact[head]
    last = _leaves(t, h, len(used)) | barred[used]
    order = _near_together(t, h, len(used))
    order = np.concatenate([order[~last[order]], order[last[order]]])
    rank = np.empty(len(used), np.int64)
    rank[order] = np.arange(len(used))
    through = int((~last).sum())
    t, h = rank[t], rank[h]
    sort = np.lexsort((h, h >= through, t))
    t, h = t[sort], h[sort]
    count = np.bincount(t, minlength=len(used))
    start = np.concatenate([[0], np.cumsum(count)]).astype(np.int32)
    middle = start[:-1] + np.bincount(t[h < through], minlength=len(used)).astype(np.int32)
    in_arc = np.argsort(h, kind="stable")
    in_arc = in_arc[h[in_arc] >= through]
    in_count = np.bincount(h[in_arc] - through, minlength=len(used) - through)
    lengths = np.array([len(arcs[i][2]) for i in sort], np.int64)
    members = np.array([link for i in sort for link in arcs[i][2]], np.int32)
    arc = np.full(links, -1, np.int32)
    arc[members] = np.repeat(np.arange(len(arcs), dtype=np.int32), lengths)
    return SearchGraph(
        number=np.where(compact >= 0, rank[np.maximum(compact, 0)], -1),
        net=Net(
            through,
            start.astype(np.uint32),
            middle.astype(np.uint32),
            t.astype(np.uint32),
            h.astype(np.uint32),
            np.concatenate([[0], np.cumsum(in_count)]).astype(np.uint32),
            in_arc.astype(np.uint32),
            np.flatnonzero(h < through).astype(np.uint32),
        ),
        member_start=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        members=members,
        arc=arc,
    )


# ------------------------------------------------------------------------------------------------ kernels


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def sift(keys: Any, nodes: Any, place: Any, size: int, node: int, key: float) -> int:
    """Insert a node into the 4-ary heap or decrease its key; return the new size."""
    i = int(place[node])
    if i == NONE:
        i = size
        size += 1
    while i > 0:
        parent = (i - 1) >> 2
        if keys[parent] <= key:
            break
        keys[i] = keys[parent]
        nodes[i] = nodes[parent]
        place[nodes[i]] = i
        i = parent
    keys[i] = key
    nodes[i] = node
    place[node] = i
    return size


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def pop(keys: Any, nodes: Any, place: Any, size: int) -> int:
    """Remove the node with the smallest key (nodes[0]) from the 4-ary heap; return the new size."""
    place[nodes[0]] = NONE
    size -= 1
    if size == 0:
        return 0
    key, node = keys[size], nodes[size]
    i = 0
    while True:
        child = 4 * i + 1
        if child >= size:
            break
        least = child
        for k in range(child + 1, min(child + 4, size)):
            if keys[k] < keys[least]:
                least = k
        if keys[least] >= key:
            break
        keys[i] = keys[least]
        nodes[i] = nodes[least]
        place[nodes[i]] = i
        i = least
    keys[i] = key
    nodes[i] = node
    place[node] = i
    return size


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _dijkstra(net: Any, cost: Any, source: int, label: Any, up: Any, place: Any, nodes: Any, keys: Any) -> None:
    """Do what `grow` does with a heap, whose worst case is bounded."""
    label[:] = np.inf
    up[:] = NONE
    place[:] = NONE
    label[source] = 0.0
    size = sift(keys, nodes, place, 0, source, 0.0)
    while size > 0:
        node = nodes[0]
        here = keys[0]
        size = pop(keys, nodes, place, size)
        for arc in range(net.start[node], net.middle[node]):
            other = net.head[arc]
            reach = here + cost[arc]
            if reach < label[other]:
                label[other] = reach
                up[other] = arc
                size = sift(keys, nodes, place, size, other, reach)


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _settle(net: Any, cost: Any, label: Any, up: Any, queue: Any, first: int, last: int, most: int, same: Any) -> bool:
    """Work off a two-ended queue of nodes whose label fell; False where that takes more than `most` scans.

    Writes 2 into `same` for each node whose arc changed.
    """
    n = np.uint32(len(label))
    scans = 0
    while first != n:
        node = first
        first = queue[node]
        queue[node] = WAS
        here = label[node]
        scans += 1
        if scans > most:
            return False
        for arc in range(net.start[node], net.middle[node]):
            other = net.head[arc]
            reach = here + cost[arc]
            if reach < label[other]:
                label[other] = reach
                if up[other] != arc:
                    up[other] = arc
                    same[other] = 2
                state = queue[other]
                if state == NONE:
                    queue[other] = n
                    if first == n:
                        first = other
                    else:
                        queue[last] = other
                    last = other
                elif state == WAS:
                    if first == n:
                        last = other
                    queue[other] = first
                    first = other
    return True


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def grow(net: Any, cost: Any, source: int, label: Any, up: Any, queue: Any, stack: Any, keys: Any, same: Any) -> None:
    """Write the least cost from `source` to every through node into `label` and the last arc (or NONE) into `up`.

    Sinks other than the source keep an infinite label: ask `arrive`. `queue` is scratch of shape (nodes,): NONE, WAS or
    the next in the queue. `same` is set to 2, see `mend`.
    """
    n = np.uint32(len(label))
    label[:] = np.inf
    queue[:] = NONE
    up[:] = NONE
    label[source] = 0.0
    queue[source] = n
    if not _settle(net, cost, label, up, queue, source, source, MOST_SCANS * n, same):
        _dijkstra(net, cost, source, label, up, queue, stack, keys)
    same[:] = 2


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def rank(label: Any, order: Any, count: Any, spare: Any) -> None:
    """Write the through nodes into `order`, roughly by label, unreached ones last; `count`, `spare` are scratch."""
    n = len(order)
    most = 0.0
    for node in range(n):
        if label[node] < np.inf and label[node] > most:
            most = label[node]
    scale = (n - 2) / most if most > 0.0 and n > 2 else 0.0
    count[:] = 0
    for node in range(n):
        bucket = int(label[node] * scale) if label[node] < np.inf else n - 1
        spare[node] = bucket
        count[bucket] += 1
    before = 0
    for bucket in range(n):
        before, count[bucket] = before + count[bucket], before
    for node in range(n):
        order[count[spare[node]]] = node
        count[spare[node]] += 1


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _tell_unchanged(net: Any, source: int, up: Any, order: Any, stack: Any, same: Any) -> None:
    """Write 1 into `same` for each through node that is reached by the path of the old tree, 2 for the others.

    It holds 2 where the last arc is another one, and else 0.
    """
    same[source] = 1
    for i in range(len(order)):
        node = order[i]
        if same[node] == 0 and up[node] != NONE and same[net.tail[up[node]]] != 0:
            same[node] = same[net.tail[up[node]]]
            continue
        top = 0
        while same[node] == 0 and up[node] != NONE:
            stack[top] = node
            top += 1
            node = net.tail[up[node]]
        state = 1 if same[node] == 1 else 2
        same[node] = state
        while top > 0:
            top -= 1
            same[stack[top]] = state


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def mend(
    net: Any, cost: Any, source: int, label: Any, up: Any, order: Any, queue: Any, stack: Any, keys: Any, same: Any
) -> None:
    """Do what `grow` does, starting from a tree `up` that was grown from the same source at other costs.

    Labels are summed along the tree, then every arc is looked at once in one plain loop, and what has become shorter
    spreads from there. `order` (see `rank`) lets most labels be summed without going back up the tree. Writes 1 into
    `same` for each through node that is reached by the path of the old tree, 2 for the others.
    """
    n = np.uint32(len(label))
    same[:] = 0
    label[: net.through] = -1.0
    label[net.through :] = np.inf
    label[source] = 0.0
    for i in range(net.through):
        node = order[i]
        arc = up[node]
        if label[node] < 0.0 and arc != NONE and label[net.tail[arc]] >= 0.0:
            label[node] = label[net.tail[arc]] + cost[arc]
            continue
        top = 0
        while label[node] < 0.0:
            if up[node] == NONE:
                label[node] = np.inf
                break
            stack[top] = node
            top += 1
            node = net.tail[up[node]]
        here = label[node]
        while top > 0:
            top -= 1
            node = stack[top]
            here += cost[up[node]]
            label[node] = here
    queue[:] = NONE
    first, last, changed = n, n, False
    for i in range(len(net.inner)):
        arc = net.inner[i]
        other = net.head[arc]
        reach = label[net.tail[arc]] + cost[arc]
        if reach < label[other]:
            label[other] = reach
            changed = True
            if up[other] != arc:
                up[other] = arc
                same[other] = 2
            if queue[other] == NONE:
                queue[other] = n
                if first == n:
                    first = other
                else:
                    queue[last] = other
                last = other
    if first != n and not _settle(net, cost, label, up, queue, first, last, MOST_SCANS * n, same):
        _dijkstra(net, cost, source, label, up, queue, stack, keys)
        same[:] = 2
    elif changed:
        _tell_unchanged(net, source, up, order, stack, same)
    else:
        same[:] = 1


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def arrive(net: Any, cost: Any, label: Any, up: Any, node: int) -> Any:
    """Return the least cost of a destination, sink or not, and the arc by which it is reached (NONE: none)."""
    if node < net.through:
        return label[node], up[node]
    least, by = np.inf, np.uint32(NONE)
    for k in range(net.in_start[node - net.through], net.in_start[node - net.through + 1]):
        arc = net.in_arc[k]
        reach = label[net.tail[arc]] + cost[arc]
        if reach < least:
            least, by = reach, arc
    return least, by


@njit(cache=True, nogil=True)
def from_any(offsets: Any, order: Any, far: Any, shut: Any, cost: Any, sink: Any, sources: Any) -> Any:
    """Return the least cost from any of the sources to every node of a full graph, shape (nodes,).

    No path passes through a sink; a source may be one.
    """
    n = len(offsets) - 1
    label = np.full(n, np.inf)
    keys, nodes, place = np.empty(n), np.empty(n, np.int64), np.full(n, NONE, np.int64)
    size = 0
    for source in sources:
        if label[source] > 0.0:
            label[source] = 0.0
            size = sift(keys, nodes, place, size, source, 0.0)
    while size > 0:
        node = nodes[0]
        here = keys[0]
        size = pop(keys, nodes, place, size)
        for k in range(offsets[node], offsets[node + 1]):
            link = order[k]
            if shut[link]:
                continue
            other, reach = far[k], here + cost[link]
            if reach < label[other]:
                label[other] = reach
                if not sink[other]:
                    size = sift(keys, nodes, place, size, other, reach)
    return label
