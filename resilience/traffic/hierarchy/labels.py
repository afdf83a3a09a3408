"""Costs put on a hierarchy, and labels of many origins side by side.

Customization: a chord costs the least of its arcs and of the ways over earlier nodes, found in one pass over the
triangles from below. Labels: from an origin up along the chords, then down in the reverse order of the nodes, for
`LANES` origins at once and only as far as destinations ask for. Both are exact (float64): labels differ from those of
Dijkstra by rounding alone, as sums are taken in another order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numba import njit

from resilience.traffic.hierarchy.lanes import LANES, relax

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience.base.arrays import Bytes, Floats, Unsigned
    from resilience.traffic.hierarchy.hierarchy import Hierarchy
    from resilience.traffic.search import Net

NO_CHORD = 2**32 - 1
ROW = np.uint64(LANES)


class Metric(NamedTuple):
    """What chords cost, and scratch: `up` to the later place, `down` to the earlier.

    up, down : shape (chords,), or (classes, chords) with one row a class, as `way` but not `at`
    way : how a step is driven, shape (2 chords, 2); steps are numbered twice the chord, and 1 more for the way up: the
        chord to the place below and that from there, or NO_CHORD and an arc
    at : scratch, shape (through,)
    """

    up: Floats
    down: Floats
    way: Unsigned
    at: Unsigned


class Probe(NamedTuple):
    """Scratch of a search between two ends, and of one for several origins.

    front, back : labels from the one and to the other end, infinite between searches, shape (through,)
    front_by, back_by : chord by which a place was reached, and for ends the arc
    line, back_line : places met from either end, ascending; other : scratch; met : number of the search that met each
    work : steps to be unpacked, see `Metric.way`
    seen, stamp : path that passed a node and where in it, shape (nodes, 2); number of the last path or search
    rows : labels of LANES origins, shape (nodes * LANES,), first of places (true where needed or marked), then of sinks
    plain : 1 where all arcs into a sink come from nodes that paths may pass, so that its row is true, shape (sinks,)
    mark : holds turn[0] at places above the origins, which the way up reaches, shape (through,)
    turn : turn[0] is 1 to 255, another in each turn of the lanes; turn[1] counts turns
    lanes : group in each lane
    fall, rise : last step to a place, from above and from below, as found by paths of one lane: turn * LANES + lane,
        and a step or none, shape (through, 2)
    known : the last path of a lane that passed a place: twice turn * LANES + lane, and 1 more where the way back had
        begun to rise; where it begins, and its arcs up to there; shape (through, 3)
    """

    front: Floats
    back: Floats
    front_by: Unsigned
    back_by: Unsigned
    line: Unsigned
    back_line: Unsigned
    other: Unsigned
    met: NDArray[np.int64]
    work: Unsigned
    seen: NDArray[np.int64]
    stamp: NDArray[np.int64]
    rows: Floats
    plain: Bytes
    mark: Bytes
    turn: NDArray[np.int64]
    lanes: NDArray[np.int64]
    fall: NDArray[np.int64]
    rise: NDArray[np.int64]
    known: NDArray[np.int64]


def empty_metric(chords: Hierarchy, classes: int | None = None) -> Metric:
    """Return room for the costs of the chords, of one or of each of several classes."""
    many, rows = len(chords.head), () if classes is None else (classes,)
    way = np.empty((*rows, 2 * many, 2), np.uint32)
    return Metric(np.empty((*rows, many)), np.empty((*rows, many)), way, np.empty(len(chords.rank), np.uint32))


def empty_probe(net: Net | None, chords: Hierarchy) -> Probe:
    """Return the scratch of searches; without a graph, that of none."""
    places, nodes = len(chords.rank), 0 if net is None else len(net.start) - 1
    plain = np.ones(nodes - places if net is not None else 0, np.uint8)
    if net is not None:
        plain[net.head[net.in_arc[net.tail[net.in_arc] >= net.through]] - net.through] = 0
    return Probe(
        np.full(places, np.inf), np.full(places, np.inf), np.empty(places, np.uint32), np.empty(places, np.uint32),
        np.empty(places, np.uint32), np.empty(places, np.uint32), np.empty(places, np.uint32),
        np.zeros(places, np.int64), np.empty(4 * places + 16, np.uint32), np.zeros((nodes, 2), np.int64),
        np.zeros(1, np.int64), np.full(max(places, nodes) * LANES, np.inf), plain, np.zeros(places, np.uint8),
        np.zeros(2, np.int64),
        np.zeros(LANES, np.int64), np.full((places, 2), -1, np.int64), np.full((places, 2), -1, np.int64),
        np.full((places, 3), -1, np.int64),
    )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def customize(chords: Any, metric: Any, cost: Any) -> None:
    """Put costs of the arcs on the chords; inf closes an arc."""
    up, down, way, at = metric.up, metric.down, metric.way, metric.at
    head, start = chords.head, chords.start
    for e in range(len(head)):
        up[e], down[e] = np.inf, np.inf
        way[2 * e, 0], way[2 * e + 1, 0] = NO_CHORD, NO_CHORD
        for i in range(chords.first[e], chords.first[e + 1]):
            arc = chords.arcs[i]
            if chords.rising[i] == 1:
                if cost[arc] < up[e]:
                    up[e], way[2 * e + 1, 1] = cost[arc], arc
            elif cost[arc] < down[e]:
                down[e], way[2 * e, 1] = cost[arc], arc
    for w in range(len(start) - 1):
        for e in range(start[w], start[w + 1]):
            at[head[e]] = e
        for k in range(chords.below_start[w], chords.below_start[w + 1]):
            f = chords.below[k]
            to_low, from_low = down[f], up[f]
            for q in range(f + 1, start[chords.tail[f] + 1]):
                e = at[head[q]]
                step = np.uint64(e) << np.uint64(1)
                reach = to_low + up[q]
                if reach < up[e]:
                    up[e] = reach
                    way[step + np.uint64(1), 0], way[step + np.uint64(1), 1] = f, q
                reach = down[q] + from_low
                if reach < down[e]:
                    down[e] = reach
                    way[step, 0], way[step, 1] = f, q


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def needed(net: Any, chords: Any, destination: Any, need: Any) -> None:
    """Write 1 into `need` for each place that a label of one of the destinations may depend on, shape (through,)."""
    for k in range(len(destination)):
        node = destination[k]
        if node < net.through:
            _mark_up(chords, chords.rank[node], need)
            continue
        for i in range(net.in_start[node - net.through], net.in_start[node - net.through + 1]):
            tail = net.tail[net.in_arc[i]]
            if tail < net.through:
                _mark_up(chords, chords.rank[tail], need)


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _mark_up(chords: Any, place: Any, need: Any) -> None:
    while need[place] == 0:
        need[place] = 1
        place = chords.parent[place]


def turns(net: Net, chords: Hierarchy, origin: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return the order of origins in which neighbours follow each other and share their way up, shape (origins,).

    It is that in which a walk through the tree of parents comes to the places where the origins enter.
    """
    below = np.ones(len(chords.rank), np.int64)
    at = np.zeros(len(chords.rank), np.int64)
    _walk(chords, below, np.zeros(len(at), np.int64), at)
    first = np.zeros(len(origin), np.int64)
    _enter(net, chords, origin, at, first)
    return np.argsort(first, kind="stable")


@njit(cache=True, nogil=True)
def _walk(chords: Any, below: Any, free: Any, at: Any) -> None:
    """Write the position of every place in a walk from the roots down; `below` (ones) and `free` are scratch."""
    places = len(at)
    for v in range(places):
        if chords.parent[v] != v:
            below[chords.parent[v]] += below[v]
    begin = 0
    for v in range(places - 1, -1, -1):
        p = chords.parent[v]
        if p == v:
            at[v] = begin
            begin += below[v]
        else:
            at[v] = free[p]
            free[p] += below[v]
        free[v] = at[v] + 1


@njit(cache=True, nogil=True)
def _enter(net: Any, chords: Any, origin: Any, at: Any, first: Any) -> None:
    for i in range(len(origin)):
        node = origin[i]
        if node < net.through:
            first[i] = at[chords.rank[node]]
            continue
        least = len(at)
        for arc in range(net.start[node], net.middle[node]):
            least = min(least, at[chords.rank[net.head[arc]]])
        first[i] = least


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _reach(probe: Any, place: Any) -> None:
    """Mark a place; where it was not, its labels are those of another turn and go."""
    if probe.mark[place] != probe.turn[0]:
        probe.mark[place] = probe.turn[0]
        _clear(probe.rows, place)


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _clear(rows: Any, place: Any) -> None:
    here = np.uint64(place) * ROW
    for lane in range(LANES):
        rows[here + np.uint64(lane)] = np.inf


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def seed(net: Any, chords: Any, cost: Any, source: Any, lane: Any, probe: Any) -> None:
    """Set the first labels of an origin in its lane."""
    if source < net.through:
        place = chords.rank[source]
        _reach(probe, place)
        probe.rows[np.uint64(place) * ROW + lane] = 0.0
        return
    for arc in range(net.start[source], net.middle[source]):
        place = chords.rank[net.head[arc]]
        _reach(probe, place)
        at = np.uint64(place) * ROW + lane
        probe.rows[at] = min(probe.rows[at], cost[arc])


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def sweep_up_and_down(net: Any, chords: Any, metric: Any, cost: Any, probe: Any, need: Any) -> None:
    """Spread the labels that were set over all places that are needed, and over the sinks behind them."""
    rows, mark, start, head = probe.rows, probe.mark, chords.start, chords.head
    places, turn = len(start) - 1, probe.turn[0]
    for v in range(places):
        if mark[v] == turn:
            here = np.uint64(v) * ROW
            for e in range(start[v], start[v + 1]):
                _reach(probe, head[e])
                relax(rows, np.uint64(head[e]) * ROW, here, metric.up[e])
    for i in range(places):
        v = places - 1 - i
        if need[v] == 1:
            here = np.uint64(v) * ROW
            if mark[v] != turn:
                _clear(rows, v)
            for e in range(start[v], start[v + 1]):
                relax(rows, here, np.uint64(head[e]) * ROW, metric.down[e])
    for sink in range(len(probe.plain)):
        here = np.uint64(places + sink) * ROW
        _clear(rows, places + sink)
        for i in range(net.in_start[sink], net.in_start[sink + 1]):
            arc = net.in_arc[i]
            if net.tail[arc] < net.through:
                relax(rows, here, np.uint64(chords.rank[net.tail[arc]]) * ROW, cost[arc])


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def least_of(net: Any, chords: Any, cost: Any, probe: Any, lane: Any, source: Any, goal: Any) -> Any:
    """Return the label of a destination that is not the source."""
    if goal < net.through:
        return probe.rows[np.uint64(chords.rank[goal]) * ROW + lane]
    if probe.plain[goal - net.through] == 1:
        return probe.rows[np.uint64(goal) * ROW + lane]
    return label_of(net, chords, cost, probe, lane, source, goal)[0]


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def label_of(net: Any, chords: Any, cost: Any, probe: Any, lane: Any, source: Any, goal: Any) -> Any:
    """Return the label of a destination that is not the source, and the arc that leads into a sink (NO_CHORD: none)."""
    least = np.inf
    by: Any = NO_CHORD
    if goal < net.through:
        return probe.rows[np.uint64(chords.rank[goal]) * ROW + lane], by
    for i in range(net.in_start[goal - net.through], net.in_start[goal - net.through + 1]):
        arc = net.in_arc[i]
        tail = net.tail[arc]
        reach = np.inf
        if tail < net.through:
            reach = probe.rows[np.uint64(chords.rank[tail]) * ROW + lane] + cost[arc]
        elif tail == source:
            reach = cost[arc]
        if reach < least:
            least, by = reach, np.int64(arc)
    return least, by


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _next_turn(probe: Any) -> None:
    probe.turn[1] += 1
    probe.turn[0] += 1
    if probe.turn[0] == 256:
        probe.turn[0] = 1
        probe.mark[:] = 0


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def fill(
    net: Any, chords: Any, cost: Any, probe: Any, origin: Any, vehicle: Any, c: Any, turn: Any, only: Any, at: Any
) -> Any:
    """Take the next flagged groups of a class in turn, as many as there are lanes; return where to go on, and how many.

    `turn` is the order in which groups fill the lanes: neighbours share the way up.
    """
    used = 0
    while at < len(turn) and used < LANES:
        g = turn[at]
        at += 1
        if only[g] == 0 or vehicle[g] != c:
            continue
        if used == 0:
            _next_turn(probe)
        seed(net, chords, cost, origin[g], np.uint64(used), probe)
        probe.lanes[used] = g
        used += 1
    return at, used
