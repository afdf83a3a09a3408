"""Shortest paths for many origins: a contracted graph laid out for the cache, and a label-correcting search.

What never matters to a trip between the given ends is taken out first: dead ends are dropped and chains of links
through nodes with two neighbours become one arc. Arcs are sorted by tail in an order that keeps neighbours close
(reverse Cuthill-McKee). Costs are handed over link by link, paths come back link by link.

Trees grow by the two-ended queue of Pape (1974, doi:10.1007/BF01585577), on road networks two to three times as
fast as a heap. Its worst case is exponential, so that a search which scans too many nodes is done again with Dijkstra.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit
from scipy.sparse import csr_array
from scipy.sparse.csgraph import reverse_cuthill_mckee

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

MOST_SCANS = 40  # scans per node after which a search changes to Dijkstra


@dataclass(frozen=True)
class SearchGraph:
    """A graph prepared for searches between given ends.

    Parameters
    ----------
    number : search number of each node of the full graph, -1 where it was taken out, shape (nodes,)
    offsets : first arc of each search node, 32-bit, shape (search nodes + 1,)
    tail, head : search nodes of each arc, 32-bit, shape (arcs,)
    member_start, members : links that make up each arc, in the order in which they are driven
    sink : search nodes that no path passes through, shape (search nodes,)

    """

    number: Ints
    offsets: NDArray[np.int32]
    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    member_start: Ints
    members: Ints
    sink: NDArray[np.bool_]


def contract(tail: Ints, head: Ints, barred: NDArray[np.bool_], ends: Ints) -> SearchGraph:
    """Return the search graph of a network for trips between the nodes `ends`."""
    nodes = len(barred)
    kept = barred.copy()
    kept[ends] = True
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
        joined = [(a[0], b[1], a[2] + b[2]) for _, a in ways_in for _, b in ways_out if a and b and a[0] != b[1]]
        if len(joined) > len(ways_in) + len(ways_out):
            continue
        for number, _ in [*ways_in, *ways_out]:
            remove(number)
        for arc in joined:
            arcs.append(arc)
            out[arc[0]].add(len(arcs) - 1)
            into[arc[1]].add(len(arcs) - 1)
        queue += [n for n in neighbours if not kept[n]]
    return _lay_out([a for a in arcs if a is not None], barred, ends)


def _lay_out(arcs: list[tuple[int, int, tuple[int, ...]]], barred: NDArray[np.bool_], ends: Ints) -> SearchGraph:
    tail, head = (np.array([a[k] for a in arcs], np.int64) for k in (0, 1))
    used = np.unique(np.concatenate([tail, head, np.asarray(ends, np.int64)]))
    compact = np.full(len(barred), -1, np.int64)
    compact[used] = np.arange(len(used))
    t, h = compact[tail], compact[head]
    shape = (len(used), len(used))
    pattern = csr_array((np.ones(2 * len(t)), (np.r_[t, h], np.r_[h, t])), shape=shape)
    order = reverse_cuthill_mckee(pattern.tocsr(), symmetric_mode=True)
    rank = np.empty(len(used), np.int64)
    rank[order] = np.arange(len(used))
    number = np.where(compact >= 0, rank[np.maximum(compact, 0)], -1)
    t, h = rank[t], rank[h]
    sort = np.lexsort((h, t))
    lengths = np.array([len(arcs[i][2]) for i in sort], np.int64)
    sink = np.zeros(len(used), np.bool_)
    sink[number[used]] = barred[used]
    return SearchGraph(
        number=number,
        offsets=np.concatenate([[0], np.cumsum(np.bincount(t, minlength=len(used)))]).astype(np.int32),
        tail=t[sort].astype(np.int32),
        head=h[sort].astype(np.int32),
        member_start=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        members=np.array([link for i in sort for link in arcs[i][2]], np.int32),
        sink=sink,
    )


# ------------------------------------------------------------------------------------------------ kernels


@njit(cache=True)
def arc_costs(member_start: Any, members: Any, cost: Any, shut: Any, arc_cost: Any) -> None:
    """Write the cost of each arc: the sum of its links', inf where one of them is shut."""
    for arc in range(len(arc_cost)):
        total = 0.0
        for k in range(member_start[arc], member_start[arc + 1]):
            total += np.inf if shut[members[k]] else cost[members[k]]
        arc_cost[arc] = total


@njit(cache=True)
def sift(keys: Any, nodes: Any, place: Any, size: int, node: int, key: float) -> int:
    """Insert a node into the 4-ary heap or decrease its key; return the new size."""
    i = place[node]
    if i < 0:
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


@njit(cache=True)
def pop(keys: Any, nodes: Any, place: Any, size: int) -> int:
    """Remove the node with the smallest key (nodes[0]) from the 4-ary heap; return the new size."""
    place[nodes[0]] = -1
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


@njit(cache=True)
def grow(offsets: Any, head: Any, cost: Any, sink: Any, source: int, label: Any, via: Any, queue: Any) -> None:
    """Write the least cost from `source` to every search node into `label` and the last arc into `via`.

    `queue` is scratch of shape (search nodes,): -1 never queued, -2 was queued, else the next in the queue.
    """
    n = len(sink)
    label[:] = np.inf
    queue[:] = -1
    label[source] = 0.0
    via[source] = -1
    first, last = source, source
    queue[source] = n
    scans, most = 0, MOST_SCANS * n
    while first != n:
        node = first
        first = queue[node]
        queue[node] = -2
        here = label[node]
        scans += 1
        if scans > most:
            _dijkstra(offsets, head, cost, sink, source, label, via)
            return
        for arc in range(offsets[node], offsets[node + 1]):
            other = head[arc]
            reach = here + cost[arc]
            if reach < label[other]:
                label[other] = reach
                via[other] = arc
                if sink[other]:
                    continue
                state = queue[other]
                if state == -1:
                    queue[other] = n
                    if first == n:
                        first = other
                    else:
                        queue[last] = other
                    last = other
                elif state == -2:
                    if first == n:
                        last = other
                    queue[other] = first
                    first = other


@njit(cache=True)
def _dijkstra(offsets: Any, head: Any, cost: Any, sink: Any, source: int, label: Any, via: Any) -> None:
    """Do what `grow` does with a heap, whose worst case is bounded."""
    n = len(sink)
    label[:] = np.inf
    label[source] = 0.0
    via[source] = -1
    keys, nodes, place = np.empty(n), np.empty(n, np.int64), np.full(n, -1, np.int64)
    size = sift(keys, nodes, place, 0, source, 0.0)
    while size > 0:
        node = nodes[0]
        here = keys[0]
        size = pop(keys, nodes, place, size)
        for arc in range(offsets[node], offsets[node + 1]):
            other = head[arc]
            reach = here + cost[arc]
            if reach < label[other]:
                label[other] = reach
                via[other] = arc
                if not sink[other]:
                    size = sift(keys, nodes, place, size, other, reach)


@njit(cache=True)
def from_any(offsets: Any, order: Any, far: Any, shut: Any, cost: Any, sink: Any, sources: Any) -> Any:
    """Return the least cost from any of the sources to every node of a full graph, shape (nodes,).

    No path passes through a sink; a source may be one.
    """
    n = len(offsets) - 1
    label = np.full(n, np.inf)
    keys, nodes, place = np.empty(n), np.empty(n, np.int64), np.full(n, -1, np.int64)
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
            reach = here + cost[link]
            if reach < label[far[link]]:
                label[far[link]] = reach
                if not sink[far[link]]:
                    size = sift(keys, nodes, place, size, far[link], reach)
    return label
