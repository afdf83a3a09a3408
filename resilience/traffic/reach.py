"""Who gets where over open links, and behind how few closed ones: searches that ask for no minutes.

No way passes through a barred node, but a search may begin at one. The kernels take the links beside each node as
`RoadGraph.star` gives them, in reverse to search against the traffic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from resilience.base.arrays import Bools, Floats, Ints
    from resilience.traffic.graph import RoadGraph

STEP = 1e-7  # what an open link counts beside a closed one: of as few closures the way of fewer links is the shorter


def reached(graph: RoadGraph, closed: Bools, start: int, *, against: bool = False) -> Bools:
    """Return the nodes that open links lead to from a node, it among them, shape (nodes,).

    Parameters
    ----------
    closed : links that nobody may use, shape (links,)
    against : search against the traffic, for the nodes that lead to it

    """
    seen, queue = np.zeros(graph.nodes, np.bool_), np.empty(graph.nodes, np.int64)
    _spread(*graph.star(reverse=against), closed, graph.barred, start, seen, queue)
    return seen


def reached_more(graph: RoadGraph, closed: Bools, seen: Bools, opened: Ints, *, against: bool = False) -> Bools:
    """Return what `reached` does from a node where it was `seen` before some links were opened and none was closed.

    Parameters
    ----------
    seen : what was reached from a node that is not barred, shape (nodes,); not changed
    opened : numbers of the links

    """
    near, far = (graph.head, graph.tail) if against else (graph.tail, graph.head)
    new = far[opened[seen[near[opened]] & ~graph.barred[near[opened]]]]
    seen, queue = seen.copy(), np.empty(graph.nodes, np.int64)
    for node in new.tolist():
        if graph.barred[node]:
            seen[node] = True
        elif not seen[node]:
            _spread(*graph.star(reverse=against), closed, graph.barred, node, seen, queue)
    return seen


def joined(graph: RoadGraph, closed: Bools, start: Ints, goal: Ints, *, against: bool = False) -> Bools:
    """Return for pairs of nodes whether the open links lead from one to the other, shape (pairs,).

    One search is made for each start: where few nodes lie after many starts it is done soon.
    """
    order = np.argsort(start, kind="stable")
    found = np.zeros(len(start), np.bool_)
    found[order] = _join(*graph.star(reverse=against), closed, graph.barred, start[order], goal[order])
    return found


def closures(graph: RoadGraph, closed: Bools, start: int) -> Floats:
    """Return how many closed links lie on the way with the fewest of them from a node to each, shape (nodes,).

    Each open link on the way counts STEP more, so that of such ways the one with the fewest links is taken; inf where
    no way leads. From a barred node only open links lead away: what is closed there is not looked at.
    """
    return np.asarray(_closures(*graph.star(), closed, graph.barred, start, STEP))


def on_ways(graph: RoadGraph, closed: Bools, behind: Floats, goals: Ints) -> Ints:
    """Return the closed links on all ways with the fewest of them to some goals, ascending.

    behind : what `closures` says, shape (nodes,); finite at the goals
    """
    count = np.where(np.isfinite(behind), np.rint(behind), -1.0).astype(np.int64)
    return np.flatnonzero(_on_ways(*graph.star(reverse=True), closed, graph.barred, count, goals))


# ------------------------------------------------------------------------------------------------ kernels


@njit(cache=True, nogil=True)
def _spread(offsets: Any, order: Any, far: Any, shut: Any, sink: Any, start: int, seen: Any, queue: Any) -> int:
    """Mark the nodes that are reached in `seen`, write them into `queue` and return how many they are."""
    seen[start] = True
    queue[0] = start
    at, end = 0, 1
    while at < end:
        node = queue[at]
        at += 1
        if sink[node] and node != start:
            continue
        for k in range(offsets[node], offsets[node + 1]):
            other = far[k]
            if not seen[other] and not shut[order[k]]:
                seen[other] = True
                queue[end] = other
                end += 1
    return end


@njit(cache=True, nogil=True)
def _join(offsets: Any, order: Any, far: Any, shut: Any, sink: Any, start: Any, goal: Any) -> Any:
    """Return which pairs, sorted by start, are joined."""
    nodes = len(offsets) - 1
    seen, queue, end = np.zeros(nodes, np.bool_), np.empty(nodes, np.int64), 0
    found = np.zeros(len(start), np.bool_)
    for i in range(len(start)):
        if i == 0 or start[i] != start[i - 1]:
            for k in range(end):
                seen[queue[k]] = False
            end = _spread(offsets, order, far, shut, sink, start[i], seen, queue)
        found[i] = seen[goal[i]]
    return found


@njit(cache=True, nogil=True)
def _closures(offsets: Any, order: Any, far: Any, shut: Any, sink: Any, start: int, step: float) -> Any:
    """Work off two queues, one of what an open link led to and one for closed ones.

    There are two costs, and labels are worked off in rising order: so each queue is sorted by itself, and the next node
    stands in front of one of them.
    """
    nodes = len(offsets) - 1
    label = np.full(nodes, np.inf)
    queue, key = np.empty((2, nodes + 1), np.int64), np.empty((2, nodes + 1))
    at, end = np.zeros(2, np.int64), np.zeros(2, np.int64)
    for k in range(offsets[start], offsets[start + 1]):
        node = far[k]
        if not shut[order[k]] and label[node] > 0.0:
            label[node] = 0.0
            queue[0, end[0]], key[0, end[0]] = node, 0.0
            end[0] += 1
    while at[0] < end[0] or at[1] < end[1]:
        which = 0
        if at[0] == end[0] or (at[1] < end[1] and key[1, at[1]] < key[0, at[0]]):
            which = 1
        node, here = queue[which, at[which]], key[which, at[which]]
        at[which] += 1
        if here > label[node] or sink[node]:
            continue
        for k in range(offsets[node], offsets[node + 1]):
            other = far[k]
            to = 1 if shut[order[k]] else 0
            reach = here + (1.0 if to else step)
            if reach < label[other]:
                label[other] = reach
                queue[to, end[to]], key[to, end[to]] = other, reach
                end[to] += 1
    return label


@njit(cache=True, nogil=True)
def _on_ways(offsets: Any, order: Any, far: Any, shut: Any, sink: Any, count: Any, goals: Any) -> Any:
    """Go back from the goals over all links that keep to the count, and return which of the closed ones are met."""
    nodes = len(offsets) - 1
    met, seen, stack, top = np.zeros(len(far), np.bool_), np.zeros(nodes, np.bool_), np.empty(nodes, np.int64), 0
    for goal in goals:
        if not seen[goal]:
            seen[goal] = True
            stack[top] = goal
            top += 1
    while top > 0:
        top -= 1
        node = stack[top]
        for k in range(offsets[node], offsets[node + 1]):
            link, before = order[k], far[k]
            if sink[before] or count[before] < 0 or count[before] + (1 if shut[link] else 0) != count[node]:
                continue
            if shut[link]:
                met[link] = True
            if not seen[before]:
                seen[before] = True
                stack[top] = before
                top += 1
    return met
