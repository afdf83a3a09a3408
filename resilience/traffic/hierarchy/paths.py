"""Single shortest paths, unpacked from the chords of a hierarchy: between two ends, or from the labels of a lane."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from resilience.traffic.hierarchy.labels import NO_CHORD, ROW, label_of
from resilience.traffic.hierarchy.lanes import LANES

NOTHING = -1  # no chord leads to a place from above
TINY = 1e-11  # times the cost of a path: an arc that costs less may be part of a round that costs nothing
MOST_TIMES = 100.0  # times the label of a place that a path may cost to go on from an earlier one that passed it


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def path_of_row(
    net: Any, chords: Any, metric: Any, probe: Any, cost: Any, lane: Any, source: Any, goal: Any, trail: Any, begin: Any
) -> Any:
    """Do what `path` does from the labels of the last sweep, the origin being in a lane; the arcs go to trail[begin:].

    Chords are those whose costs and labels add up to a label exactly: from the destination upwards as long as there
    is one, then downwards to the origin. Where rounding makes two ways equal, that may lead astray: then it is `path`.
    Where an earlier path of the lane has passed, its arcs up to there are taken over, which are those that would be
    found. So paths must stay where they were written; if one does not, `forget`.
    """
    work, known = probe.work, probe.known
    least, last = label_of(net, chords, cost, probe, lane, source, goal)
    if least == np.inf:
        return 0
    node = goal if last == NO_CHORD else net.tail[last]
    if node == source:
        trail[begin] = last
        return 1
    now = probe.turn[1] * LANES + np.int64(lane)
    v = chords.rank[node]
    size, rising, hops = 0, False, 0
    while True:
        label = probe.rows[np.uint64(v) * ROW + lane]
        if known[v, 0] == 2 * now + rising and MOST_TIMES * label >= least:
            hops = known[v, 2]
            for i in range(hops):
                trail[begin + i] = trail[known[v, 1] + i]
            break
        if source < net.through:
            if v == chords.rank[source]:
                break
        elif probe.mark[v] == probe.turn[0]:
            first = _entry(net, chords, cost, source, v, label)
            if first != NO_CHORD:
                trail[begin] = first
                hops = 1
                break
        step: Any = NOTHING
        if not rising:
            step = _fall(chords, metric, probe, lane, v)
        if step >= 0:
            v = chords.head[step >> 1]
        else:
            rising = True
            step = _rise(chords, metric, probe, lane, v)
            if step < 0:
                return path(net, chords, metric, probe, cost, source, goal, trail[begin:])
            v = chords.tail[step >> 1]
        work[size] = step
        size += 1
    hops = _write(chords, metric, probe, now, size, trail, begin, hops, cost, TINY * least)
    if hops < 0:
        forget(probe)
        return path(net, chords, metric, probe, cost, source, goal, trail[begin:])
    if last != NO_CHORD:
        trail[begin + hops] = last
        hops += 1
    return hops


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def forget(probe: Any) -> None:
    """Let later paths take nothing over from those that have been written."""
    probe.turn[1] += 1


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _entry(net: Any, chords: Any, cost: Any, source: Any, place: Any, label: Any) -> Any:
    """Return the arc by which an origin that nobody passes through enters a place at its label, NO_CHORD if none."""
    for arc in range(net.start[source], net.middle[source]):
        if chords.rank[net.head[arc]] == place and cost[arc] == label:
            return np.int64(arc)
    return np.int64(NO_CHORD)


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _fall(chords: Any, metric: Any, probe: Any, lane: Any, place: Any) -> Any:
    """Return twice the chord from a later place that makes the label of this one, NOTHING if none does."""
    rows = probe.rows
    now = probe.turn[1] * LANES + np.int64(lane)
    if probe.fall[place, 0] == now:
        return probe.fall[place, 1]
    found: Any = NOTHING
    here = rows[np.uint64(place) * ROW + lane]
    for e in range(chords.start[place], chords.start[place + 1]):
        if rows[np.uint64(chords.head[e]) * ROW + lane] + metric.down[e] == here:
            found = 2 * np.int64(e)
            break
    probe.fall[place, 0], probe.fall[place, 1] = now, found
    return found


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _rise(chords: Any, metric: Any, probe: Any, lane: Any, place: Any) -> Any:
    """Return twice the chord from an earlier place that makes the label of this one, and 1; NOTHING if none does."""
    rows, mark, turn = probe.rows, probe.mark, probe.turn[0]
    now = probe.turn[1] * LANES + np.int64(lane)
    if probe.rise[place, 0] == now:
        return probe.rise[place, 1]
    found: Any = NOTHING
    here = rows[np.uint64(place) * ROW + lane]
    for i in range(chords.below_start[place + 1], chords.below_start[place], -1):  # of equal ones, that from highest up
        f = chords.below[i - 1]
        tail = chords.tail[f]
        if mark[tail] == turn and rows[np.uint64(tail) * ROW + lane] + metric.up[f] == here:
            found = 2 * np.int64(f) + 1
            break
    probe.rise[place, 0], probe.rise[place, 1] = now, found
    return found


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _open(work: Any, size: Any, step: Any, f: Any, q: Any) -> Any:
    """Put the two chords of a step, over the place below, on the stack in its place, the first to be driven on top."""
    if step & 1 == 1:
        work[size], work[size + 1] = 2 * q + 1, 2 * f
    else:
        work[size], work[size + 1] = 2 * f + 1, 2 * q
    return size + 2


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _write(
    chords: Any, metric: Any, probe: Any, now: Any, size: Any, trail: Any, begin: Any, hops: Any, cost: Any, tiny: Any
) -> Any:
    """Write the arcs of the steps on the stack, the last one first, and remember the places to which these lead.

    Returns the arcs of the path, -1 where one costs so little that it may go round. The stack grows by one step for
    each that is opened.
    """
    work, known = probe.work, probe.known
    left: Any = size  # steps that are not yet driven, but for those that have been opened
    place: Any = np.uint32(0)
    while size > 0:
        size -= 1
        step = work[size]
        if size < left:
            left = size
            place = chords.head[step >> 1] if step & 1 == 1 else chords.tail[step >> 1]
        f, q = metric.way[step, 0], metric.way[step, 1]
        if f != NO_CHORD:
            size = _open(work, size, step, f, q)
            continue
        if not cost[q] > tiny:
            return -1
        trail[begin + hops] = q
        hops += 1
        if size == left:
            rising = work[size - 1] & 1 if size > 0 else 0  # how the way back came here, on which the way on depends
            known[place, 0], known[place, 1], known[place, 2] = 2 * now + np.int64(rising), begin, hops
    return hops


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _end(chords: Any, label: Any, by: Any, line: Any, length: Any, probe: Any, place: Any, cost: Any, mark: Any) -> Any:
    """Set the label of an end of the search and merge the places above it into the ascending `line`: its length."""
    if cost < label[place]:
        label[place] = cost
        by[place] = mark
    met, other, stamp = probe.met, probe.other, probe.stamp[0]
    fresh = 0
    v = place
    while met[v] != stamp:
        met[v] = stamp
        other[fresh] = v
        fresh += 1
        v = chords.parent[v]
    i, j = length - 1, fresh - 1
    for out in range(length + fresh - 1, -1, -1):
        if j < 0:
            break
        if i >= 0 and line[i] > other[j]:
            line[out] = line[i]
            i -= 1
        else:
            line[out] = other[j]
            j -= 1
    return length + fresh


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _climb(chords: Any, cost: Any, label: Any, by: Any, line: Any, length: Any) -> None:
    """Spread labels upwards along the places of a line."""
    for i in range(length):
        v = line[i]
        here = label[v]
        if here == np.inf:
            continue
        for e in range(chords.start[v], chords.start[v + 1]):
            reach = here + cost[e]
            if reach < label[chords.head[e]]:
                label[chords.head[e]] = reach
                by[chords.head[e]] = e


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def path(net: Any, chords: Any, metric: Any, probe: Any, cost: Any, source: Any, goal: Any, trail: Any) -> Any:
    """Write the arcs of a shortest path in driving order into `trail`; return how many they are, 0 without a path."""
    many = len(chords.head)
    front, back, front_by, back_by = probe.front, probe.back, probe.front_by, probe.back_by
    ahead = behind = 0
    probe.stamp[0] += 1
    if source < net.through:
        ahead = _end(chords, front, front_by, probe.line, ahead, probe, chords.rank[source], 0.0, NO_CHORD)
    else:
        for arc in range(net.start[source], net.middle[source]):
            place = chords.rank[net.head[arc]]
            ahead = _end(chords, front, front_by, probe.line, ahead, probe, place, cost[arc], many + np.int64(arc))
    probe.stamp[0] += 1
    straight: Any = NO_CHORD
    straight_cost = np.inf
    if goal < net.through:
        behind = _end(chords, back, back_by, probe.back_line, behind, probe, chords.rank[goal], 0.0, NO_CHORD)
    else:
        for i in range(net.in_start[goal - net.through], net.in_start[goal - net.through + 1]):
            arc = net.in_arc[i]
            tail = net.tail[arc]
            if tail < net.through:
                place = chords.rank[tail]
                behind = _end(
                    chords, back, back_by, probe.back_line, behind, probe, place, cost[arc], many + np.int64(arc)
                )
            elif tail == source and cost[arc] < straight_cost:
                straight, straight_cost = np.int64(arc), cost[arc]
    _climb(chords, metric.up, front, front_by, probe.line, ahead)
    _climb(chords, metric.down, back, back_by, probe.back_line, behind)
    least, top = straight_cost, NO_CHORD
    for i in range(ahead):
        v = probe.line[i]
        if front[v] + back[v] < least:
            least, top = front[v] + back[v], v
    hops = 0
    if top != NO_CHORD:
        hops = _unroll(net, chords, metric, probe, cost, source, top, trail)
    elif straight != NO_CHORD:
        trail[0] = straight
        hops = 1
    for i in range(ahead):
        front[probe.line[i]] = np.inf
    for i in range(behind):
        back[probe.back_line[i]] = np.inf
    return hops


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _unroll(net: Any, chords: Any, metric: Any, probe: Any, cost: Any, source: Any, top: Any, trail: Any) -> Any:
    """Write the arcs of the path over the place `top`, to which both sides have climbed."""
    many = len(chords.head)
    probe.stamp[0] += 1
    probe.seen[source, 0], probe.seen[source, 1] = probe.stamp[0], 0
    work, size = probe.work, 0
    v = top
    arc: Any = NO_CHORD
    while True:
        by = probe.front_by[v]
        if by == NO_CHORD:
            break
        if by >= many:
            arc = np.int64(by) - many
            break
        work[size] = 2 * by + 1
        size += 1
        v = chords.tail[by]
    hops = 0
    if arc != NO_CHORD:
        hops = _drive(net, probe, source, arc, trail, hops)
    # the last chord on the stack is the first of the way
    hops = _unpack(net, chords, metric, probe, cost, source, size, trail, hops)
    v = top
    while True:
        by = probe.back_by[v]
        if by == NO_CHORD:
            return hops
        if by >= many:
            return _drive(net, probe, source, by - many, trail, hops)
        work[0] = 2 * by
        hops = _unpack(net, chords, metric, probe, cost, source, 1, trail, hops)
        v = chords.tail[by]


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _unpack(
    net: Any, chords: Any, metric: Any, probe: Any, cost: Any, source: Any, size: Any, trail: Any, hops: Any
) -> Any:
    """Drive along the chords on the stack, the last one first."""
    work = probe.work
    while size > 0:
        size -= 1
        step = work[size]
        f, q = metric.way[step, 0], metric.way[step, 1]
        if f == NO_CHORD:
            hops = _drive(net, probe, source, q, trail, hops)
        else:
            size = _open(work, size, step, f, q)
    return hops


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _drive(net: Any, probe: Any, source: Any, arc: Any, trail: Any, hops: Any) -> Any:
    """Append an arc; where it leads back to a node of the path (at no cost), the round is left out."""
    to = net.head[arc]
    if probe.seen[to, 0] == probe.stamp[0]:
        at = probe.seen[to, 1]
        if at < hops and to == (source if at == 0 else net.head[trail[at - 1]]):
            return at
    trail[hops] = arc
    probe.seen[to, 0], probe.seen[to, 1] = probe.stamp[0], hops + 1
    return hops + 1
