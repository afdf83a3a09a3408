"""Passes of shortest paths, and how a solution goes on: sweeps, a pass, sweeps, until the relative gap is reached.

A pass asks for the least cost of every pair, adds what is shorter than the paths of a pair, measures, and (unless it
only measures) moves flow. Passes that move look only at the groups that hold most of the excess, and paths that have
lost their flow stay a while, so that sweeps find them again without a pass. Least costs come from the tree of each
origin, and flow moves at once, costs following each move; or from the labels of a contraction hierarchy: then only
pairs that have something to gain have a path unpacked, and flow moves between labels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numba import njit

from resilience.traffic.cost import FLOW
from resilience.traffic.equilibrium.kernels import (
    ASIDE,
    BEST,
    BUSY,
    DONE,
    EVERYONE,
    EXPONENTIAL,
    FIXED,
    FREE,
    GAP,
    GIVE_UP,
    GROUP,
    GUESSED,
    LEAST,
    MORE,
    MOVING,
    NOBODY,
    PAIR,
    PART,
    PLACED,
    POOL,
    ROOM,
    SCALE,
    SEARCHING,
    SLOTS,
    SMALL,
    STALLED,
    STEPS,
    STUCK,
    TOTAL,
    WAITED,
    WAITERS,
    WAITING,
    WANTED,
    WHOLE,
    asked,
    balance,
    is_calm,
    price_all,
    price_arc,
    price_paths,
    rests,
    sweep,
    watch,
)
from resilience.traffic.hierarchy.labels import Metric, customize, fill, least_of, sweep_up_and_down
from resilience.traffic.hierarchy.lanes import LANES
from resilience.traffic.hierarchy.paths import forget, path_of_row
from resilience.traffic.search import NONE, arrive, grow, mend, rank

if TYPE_CHECKING:
    from resilience.base.arrays import Bytes, Ints
    from resilience.traffic.hierarchy.hierarchy import Hierarchy
    from resilience.traffic.hierarchy.labels import Probe

SWEEP_AIM = 0.05  # sweeps go on until the excess among known paths is this share of the last gap
MOST_SWEEPS = 12
SLIGHT = 0.2  # times the mean excess of the pairs of a sweep below which the next one leaves a pair out
TROUBLE, MANY_SWEEPS = 5, 500  # after so many rounds without progress (pairs pass flow to and fro) more sweeps follow
EASE = 0.02  # moves that gain less than this share of the aim are left undone
WORTH = 0.2  # a path that is cheaper than those known by less than this share of the target is not taken up
# times the target below which a guessed, and a measured, gap makes the next pass a measuring one
NEAR_GUESSED, NEAR_MEASURED = 3.0, 2.0
LEFT = 0.1  # share of the excess whose groups the next pass leaves out; those have the least each
LEFT_OF_AIM = 0.2  # or this share of what the target allows, if that is more
STEEP = (16.0, 8.0, 4.0, 2.0, 1.0, 0.5, 0.25, 0.1)  # times the mean excess above which a group is looked at
MANY = 0.005  # share of trips without a path after a change from which everyone is moved once before measuring
# a pass that moves flow sweeps and prices chords anew after so many fillings of the lanes or new paths, or, if that is
# more, after the time it takes a share of the groups, or for a share of the pairs to have a new path
REFRESH, MANY_NEW = 32, 2000
SHARE_OF_GROUPS, SHARE_OF_PAIRS = 0.2, 0.04
WORTH_NOW = 0.3  # in such a pass, a path that gains less than this share of the last gap is left for a later one
AT, USED, LANE, NEXT, AGE, CLASS, NEW, LOADED = range(8)  # entries of the state of a pass by labels
NEVER = 2**30
FRESH = 0.05  # share of the gap of the last pass over all groups below which the next one looks at all again
FAR = 0.1  # a gap above this counts as this
# times the gap by which a path without flow may be dearer than the cheapest and is kept, and at most so much
KEEP, MOST_KEPT = 30.0, 0.005
CROWDED = 0.3  # share of the pairs that sweeps look at above which no such path is kept: those sweeps take all the time
AWAY = 1.0  # times the gap by which all other paths are dearer where sweeps do not look at a pair; up to a gap of ...
AWAY_UP_TO = 0.01
PATIENCE = 60  # rounds without a tenth of progress after which a solution has stalled


class Ladder(NamedTuple):
    """The hierarchy of a solution: chords, what they cost each class, and scratch; `on` is 0 where trees serve better.

    turn : order in which groups are labelled, shape (groups,); need : places that labels of destinations depend on
    state : where a pass by labels stopped, entries AT to LOADED
    """

    on: int
    chords: Hierarchy
    metric: Metric
    probe: Probe
    turn: Ints
    need: Bytes
    state: Ints


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def has_room(net: Any, store: Any) -> bool:
    """Return whether one more path can be stored, however long."""
    slot = store.used[FREE] >= 0 or store.used[SLOTS] < len(store.flow)
    return slot and store.used[POOL] + len(net.start) <= len(store.pool)


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _trace(net: Any, up: Any, store: Any, source: int, by: int) -> int:
    """Write the path that a tree ends with arc `by` behind those in the pool, in driving order; return its arcs."""
    pool, begin = store.pool, store.used[POOL]
    hops, arc = 0, by
    while True:
        pool[begin + hops] = arc
        hops += 1
        node = net.tail[arc]
        if node == source:
            break
        arc = up[node]
    end = begin + hops - 1
    for i in range(hops >> 1):
        pool[begin + i], pool[end - i] = pool[end - i], pool[begin + i]
    return hops


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _keep(roads: Any, store: Any, c: int, k: int, hops: int, least: float) -> int:
    """Keep the path behind those in the pool, if it is cheaper than `least`, and return its slot; -1 if not."""
    begin = store.used[POOL]
    price = 0.0
    for i in range(begin, begin + hops):
        price += roads.cost[c, store.pool[i]]
    if not price < least * (1.0 - 1e-12):
        return -1
    slot = store.used[FREE]
    if slot >= 0:
        store.used[FREE] = store.next[slot]
    else:
        slot = store.used[SLOTS]
        store.used[SLOTS] += 1
    store.used[POOL] = begin + hops
    store.start[slot] = begin
    store.length[slot] = hops
    store.flow[slot] = 0.0
    store.price[slot] = price
    store.next[slot] = store.head[k]
    store.head[k] = slot
    return slot


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _put(roads: Any, trips: Any, store: Any, k: int, slot: int) -> None:
    """Send all trips of a pair along its only path; what its arcs cost now is left for later."""
    cap = trips.cap[k]
    store.flow[slot] = cap
    store.sent[k] = cap
    for at in range(store.start[slot], store.start[slot] + store.length[slot]):
        roads.arc[store.pool[at], FLOW] += cap


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _price_tree(roads: Any, up: Any) -> None:
    """Write what the arcs of a tree cost; those that lead into a sink are not among them."""
    for node in range(len(up)):
        if up[node] != NONE:
            price_arc(roads, up[node])


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _is_new(trips: Any, store: Any, k: int) -> bool:
    """Return whether a pair whose trips all go has one path and nobody on it."""
    return trips.answer == FIXED and store.sent[k] <= 0.0 and store.next[store.head[k]] < 0


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _count(trips: Any, sums: Any, k: int, cost: float, sent: float, total: float) -> float:
    """Add a pair to the sums of a pass: its least cost, flow, and flow times price; return its excess."""
    cap = trips.cap[k]
    least = 0.0
    if trips.answer == GIVE_UP:
        total += (cap - sent) * trips.limit[k]
        least = cap * min(cost, trips.limit[k])
    elif sent > 0.0:
        least = sent * cost
    sums[TOTAL] += total
    sums[LEAST] += least
    excess = total - least
    if trips.answer >= EXPONENTIAL:
        if cost < np.inf:
            want = asked(trips, k, cost)
            sums[ASIDE] += abs(want - sent)
            sums[WANTED] += want
            excess += abs(want - sent) * cost
    elif trips.answer == FIXED and sent < cap and cost < np.inf:
        sums[WAITING] += cap - sent
        excess = np.inf
    return excess


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _known(net: Any, store: Any, same: Any, k: int, source: int, goal: int, by: int) -> bool:
    """Return whether the one path of a straight pair is still that of the tree, which has just been searched."""
    if goal < net.through:
        return same[goal] == 1
    if by == NONE:
        return False
    before = net.tail[by]
    if before != source and same[before] != 1:
        return False
    alone = net.in_start[goal - net.through + 1] - net.in_start[goal - net.through] == 1
    slot = store.head[k]
    return alone or store.pool[store.start[slot] + store.length[slot] - 1] == by


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _is_tree_path(net: Any, store: Any, up: Any, slot: int, source: int, by: Any) -> bool:
    arc = by
    begin = store.start[slot]
    for i in range(int(store.length[slot]) - 1, -1, -1):
        if arc == NONE or store.pool[begin + np.uint64(i)] != arc:
            return False
        node = net.tail[arc]
        arc = np.uint32(NONE) if node == source else up[node]
    return True


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _copy(source: Any, target: Any) -> None:
    for i in range(len(source)):
        target[i] = source[i]


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def tree_pass(
    net: Any, roads: Any, trips: Any, store: Any, trees: Any, od: Any, sums: Any, excess: Any, only: Any, move: bool,
    placing: bool, rough: bool, target: float, keep: float, away: float, g: int, k: int,
) -> Any:  # fmt: skip
    """One pass of shortest paths over the groups flagged in `only`, from group `g` on; see the head of this file.

    Where the store is full it stops before a pair and returns (group, pair): called again with them and a larger
    store, it goes on as if nothing had happened. At the end it returns (groups, -1). With `move` the sums are taken
    at costs that move along; without, they are exact. `placing` looks only at pairs with trips that are not yet under
    way, and leaves known trees as they are, so that what is known of the other pairs stays true. `rough` says that
    costs have changed so much that new trees are sooner grown than old ones mended. `target` is the gap that the
    solution is to reach.
    """
    label, queue = trees.label, trees.queue
    each = len(trees.up) == len(trips.origin)
    ease, better = EASE * target, 1.0 - max(WORTH * target, 1e-12)
    while g < len(trips.origin):
        if only[g] == 0:
            g += 1
            continue
        c, source = trips.vehicle[g], trips.origin[g]
        row = roads.cost[c]
        aside = placing and each
        up = trees.spare if aside else trees.up[g if each else 0]
        if k < 0:
            tree = trees.up[g if each else 0]
            if each and trees.known[g] == 1 and not rough:
                if aside:
                    _copy(tree, up)
                mend(net, row, source, label, up, trees.order[g], queue, trees.stack, trees.keys, trees.same)
            else:
                grow(net, row, source, label, tree, queue, trees.stack, trees.keys, trees.same)
                trees.known[g] = 1
                if each:
                    rank(label, trees.order[g], queue, trees.stack)
                if aside:
                    _copy(tree, up)
            k = trips.first[g]
            excess[g] = 0.0
        loaded = False
        while k < trips.first[g + 1]:
            goal = trips.destination[k]
            if goal == source:
                od[k] = 0.0
                k += 1
                continue
            cap = trips.cap[k]
            if placing and store.sent[k] >= cap:
                k += 1
                continue
            cost, by = arrive(net, row, label, up, goal)
            od[k] = cost
            if store.straight[k] == 1:
                bears = trips.answer == FIXED or (trips.answer == GIVE_UP and cost <= trips.limit[k])
                if bears and store.sent[k] >= cap and _known(net, store, trees.same, k, source, goal, by):
                    sums[TOTAL] += cap * cost
                    sums[LEAST] += cap * cost
                    k += 1
                    continue
                store.straight[k] = 0
            if cap <= 0.0:
                k += 1
                continue
            best, total = price_paths(roads, store, c, k)
            least = np.inf if best < 0 else store.price[best]
            fresh = -1
            if cost < least * better:
                if not has_room(net, store):
                    if loaded:
                        _price_tree(roads, up)
                    return g, k
                fresh = _keep(roads, store, c, k, _trace(net, up, store, source, by), least)
                if fresh >= 0:
                    best = fresh
            store.left[k] = _count(trips, sums, k, cost, store.sent[k], total)
            excess[g] += store.left[k]
            if best >= 0:
                if move and fresh >= 0 and _is_new(trips, store, k):
                    _put(roads, trips, store, k, fresh)
                    price_arc(roads, by)
                    loaded = True
                elif move and not is_calm(trips, store, k, best):
                    balance(roads, trips, store, c, k, best, ease, keep)
                if not rests(trips, store, k, best, away):
                    watch(store, k)
                if each and not placing and is_calm(trips, store, k, best):
                    only_one = store.head[k]
                    if only_one == fresh or _is_tree_path(net, store, up, only_one, source, by):
                        store.straight[k] = 1
            k += 1
        if loaded:
            _price_tree(roads, up)
        k = -1
        g += 1
    return g, -1


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def label_pass(
    net: Any, roads: Any, trips: Any, store: Any, ladder: Any, od: Any, sums: Any, excess: Any, only: Any,
    vehicle: Any, move: bool, placing: bool, target: float, worth: float, keep: float, away: float, small: float,
    begin: bool,
) -> bool:  # fmt: skip
    """Do what `tree_pass` does with labels of the hierarchy; return whether it came to its end.

    Groups are labelled `LANES` at a time; a path is taken up where it gains more than the share `worth`. With `move`,
    flow is swept to the new paths now and then and costs are put on the chords anew. Where the store is full it stops;
    called again without `begin`, it goes on.
    """
    chords, probe = ladder.chords, ladder.probe
    state = ladder.state
    ease, better = EASE * target, 1.0 - max(worth, 1e-12)
    refresh = max(REFRESH, SHARE_OF_GROUPS * len(trips.origin) / LANES) if move else NEVER
    many_new = max(MANY_NEW, SHARE_OF_PAIRS * len(od)) if move else np.inf
    if begin:
        state[:] = 0
        state[AGE] = NEVER
    else:
        forget(probe)  # the pool may have been packed
    while state[CLASS] < len(roads.cost):
        c = state[CLASS]
        row, metric = roads.cost[c], _metric_of(ladder.metric, c)
        if state[USED] == 0:
            if state[AGE] >= refresh or state[NEW] >= many_new:
                if state[LOADED] == 1:
                    price_all(roads)
                    state[LOADED] = 0
                if state[AGE] < NEVER:
                    sweep(roads, trips, store, vehicle, ease, keep, away, small)
                customize(chords, metric, row)
                state[AGE] = state[NEW] = 0
            state[AT], state[USED] = fill(
                net, chords, row, probe, trips.origin, trips.vehicle, c, ladder.turn, only, state[AT]
            )
            if state[USED] == 0:
                state[CLASS], state[AT], state[AGE] = c + 1, 0, NEVER
                continue
            sweep_up_and_down(net, chords, metric, row, probe, ladder.need)
            state[LANE], state[NEXT] = 0, trips.first[probe.lanes[0]]
            for i in range(state[USED]):
                excess[probe.lanes[i]] = 0.0
        while state[LANE] < state[USED]:
            lane = np.uint64(state[LANE])
            g = probe.lanes[lane]
            source = trips.origin[g]
            k = state[NEXT]
            while k < trips.first[g + 1]:
                cap, goal = trips.cap[k], trips.destination[k]
                if goal == source:
                    od[k] = 0.0
                    k += 1
                    continue
                if placing and store.sent[k] >= cap:
                    k += 1
                    continue
                cost = least_of(net, chords, row, probe, lane, source, goal)
                od[k] = cost
                if cap <= 0.0:
                    k += 1
                    continue
                best, total = price_paths(roads, store, c, k)
                least = np.inf if best < 0 else store.price[best]
                if cost < least * better:
                    if not has_room(net, store):
                        state[NEXT] = k
                        return False
                    pool, end = store.pool, store.used[POOL]
                    hops = path_of_row(net, chords, metric, probe, row, lane, source, goal, pool, end)
                    fresh = _keep(roads, store, c, k, hops, least)
                    if fresh >= 0:
                        best = fresh
                        state[NEW] += 1
                    else:
                        forget(probe)
                store.left[k] = _count(trips, sums, k, cost, store.sent[k], total)
                excess[g] += store.left[k]
                if (
                    best >= 0
                    and move
                    and trips.answer == FIXED
                    and store.sent[k] < cap
                    and store.next[store.head[k]] < 0
                ):
                    _put(roads, trips, store, k, best)
                    state[LOADED] = 1
                if best >= 0 and not rests(trips, store, k, best, away):
                    watch(store, k)
                k += 1
            state[LANE] += 1
            if state[LANE] < state[USED]:
                state[NEXT] = trips.first[probe.lanes[state[LANE]]]
        state[USED] = 0
        state[AGE] += 1
    if state[LOADED] == 1:
        price_all(roads)
    return True


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _metric_of(metric: Any, c: int) -> Any:
    return Metric(metric.up[c], metric.down[c], metric.way[c], metric.at)


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def choose(excess: Any, only: Any, enough: float) -> bool:
    """Flag the groups that hold the excess of their last pass but for a small part; return whether these are all.

    Excess gathers where costs have changed: of Porto Alegre's thousand origins a tenth holds nine tenths of it.
    """
    total = _sum(excess)
    left = max(LEFT * total, enough)
    least = -1.0
    if total < np.inf:
        for steep in STEEP:
            least = steep * total / len(excess)
            below = 0.0
            for g in range(len(excess)):
                if excess[g] <= least:
                    below += excess[g]
            if below <= left:
                break
    every = True
    for g in range(len(excess)):
        only[g] = 1 if excess[g] > least else 0
        every = every and only[g] == 1
    return every


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def advance(
    net: Any, roads: Any, trips: Any, store: Any, trees: Any, ladder: Any, od: Any, sums: Any, excess: Any, only: Any,
    vehicle: Any, progress: Any, target: float, steps: int,
) -> int:  # fmt: skip
    """Go on for up to `steps` rounds of sweeps and a pass of shortest paths, until the relative gap is `target`.

    Far from equilibrium a pass moves flow at once, looks only at the groups that hold most of the excess, and its gap
    is an estimate; the last pass looks at all and moves nothing. Returns DONE, MORE (steps are used up), ROOM (the
    store is full: enlarge it and call again) or STUCK (no progress any more).
    """
    rounds = 0
    while rounds < steps:
        crowded = store.used[BUSY] > CROWDED * len(od)
        keep = 0.0 if crowded else min(KEEP * progress[GAP], MOST_KEPT)
        away = AWAY * min(progress[GAP], AWAY_UP_TO)
        if progress[SEARCHING] == 0.0:
            aim = SWEEP_AIM * max(min(progress[GAP], FAR), target)
            enough = aim * progress[SCALE]
            progress[SMALL] = 0.0
            for _ in range(MOST_SWEEPS if progress[STALLED] < TROUBLE else MANY_SWEEPS):
                met = sweep(roads, trips, store, vehicle, EASE * aim, keep, away, progress[SMALL])
                progress[SMALL] = SLIGHT * met / max(store.used[BUSY], 1)
                if met <= enough:
                    break
            near = NEAR_MEASURED if progress[MOVING] == NOBODY else NEAR_GUESSED
            far = progress[GAP] > near * target or progress[MOVING] == PLACED
            only[:] = 1
            stale = progress[PART] == 1.0 and progress[GAP] < FRESH * progress[WHOLE]
            progress[PART] = 0.0
            if far and not stale and progress[MOVING] != PLACED:
                progress[PART] = 0.0 if choose(excess, only, LEFT_OF_AIM * target * progress[SCALE]) else 1.0
            sums[:] = 0.0
            progress[MOVING] = EVERYONE if far else NOBODY
            progress[SEARCHING], progress[GROUP], progress[PAIR] = 1.0, 0.0, -1.0
        move = progress[MOVING] != NOBODY
        placing = progress[MOVING] == WAITERS
        if ladder.on == 1:
            worth = max(WORTH * target, WORTH_NOW * min(progress[GAP], FAR)) if move else WORTH * target
            done = label_pass(
                net, roads, trips, store, ladder, od, sums, excess, only, vehicle, move, placing, target, worth,
                keep, away, progress[SMALL], progress[PAIR] < 0.0,
            )  # fmt: skip
            g, k = (len(trips.origin), -1) if done else (0, 0)  # a pair: to be continued
        else:
            rough = progress[GAP] == np.inf
            g, k = tree_pass(
                net, roads, trips, store, trees, od, sums, excess, only, move, placing, rough, target,
                keep, away, int(progress[GROUP]), int(progress[PAIR]),
            )  # fmt: skip
        progress[GROUP], progress[PAIR] = g, k
        if g < len(trips.origin):
            return ROOM
        progress[SEARCHING] = 0.0
        if progress[MOVING] == WAITERS:  # the gap of such a pass says nothing
            progress[MOVING] = PLACED if progress[WAITED] > MANY else NOBODY
            continue
        if progress[PART] == 1.0:
            progress[GAP] = max(_sum(excess), 0.0) / progress[SCALE]
        else:
            progress[GAP] = progress[WHOLE] = _gap(trips, sums, progress)
        progress[STEPS] += 1.0
        rounds += 1
        gap = progress[GAP]
        if gap <= target and not move:
            return DONE
        best = GUESSED if move else BEST  # a guess may lie below what is measured later
        progress[STALLED] = 0.0 if gap < 0.9 * progress[best] else progress[STALLED] + 1.0
        progress[best] = min(gap, progress[best])
        if progress[STALLED] > PATIENCE:
            return STUCK
    return MORE


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _gap(trips: Any, sums: Any, progress: Any) -> float:
    """Return the relative gap of a pass over all groups and keep its total as the scale of the next ones."""
    total = sums[TOTAL]
    gap = 0.0 if total == 0.0 else (total - sums[LEAST]) / total
    if trips.answer >= EXPONENTIAL and sums[ASIDE] > 0.0:
        gap = max(gap, sums[ASIDE] / sums[WANTED])  # nobody wants to drive and some do: endless
    progress[SCALE] = total
    return np.inf if sums[WAITING] > 0.0 or not gap < np.inf else gap


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _sum(values: Any) -> float:
    total = 0.0
    for i in range(len(values)):
        total += values[i]
    return total
