"""The hot loops of the equilibrium: paths of pairs, and how flow moves between them.

Every pair keeps its paths in a linked list of slots. Passes (passes.py) add shorter paths; a sweep moves flow among
the paths that are there. Flow moves from a dearer path to the cheapest by a Newton step on the arcs in
which they differ; trips that stay at home are one more place to move from and to. Flow in pcu/h, cost in minutes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numba import njit

from resilience.traffic.cost import FLOW, SLOPE, minutes_at, slope_at

if TYPE_CHECKING:
    from resilience.base.arrays import Bytes, Floats, Ints, Longs, Shorts, Unsigned

MOST_BACK = 0.9  # share of the trips of a pair that one step of elastic demand may send home

FIXED, GIVE_UP, EXPONENTIAL, LINEAR = 0, 1, 2, 3  # how demand answers to cost; from EXPONENTIAL on it is elastic
SLOTS, POOL, FREE, BUSY, STAMP, BASE = range(6)  # entries of Store.used
TOTAL, LEAST, WAITING, ASIDE, WANTED = range(5)  # entries of the sums of a pass
# entries of the progress of a solution, and how a call of `advance` ended
GAP, BEST, GUESSED, STALLED, STEPS, SEARCHING, GROUP, PAIR, MOVING, SCALE, WAITED, PART, WHOLE, SMALL = range(14)
DONE, MORE, ROOM, STUCK = range(4)
# whom a pass moves: nobody (it measures), everyone, those who wait for a path after a change; PLACED: those have one
NOBODY, EVERYONE, WAITERS, PLACED = range(4)


class Trips(NamedTuple):
    """Who wants to go where: groups of pairs with one origin and one vehicle class.

    first : first pair of each group, shape (groups + 1,)
    origin, vehicle : search node and class of each group
    destination : search node of each pair
    cap : the most that a pair may send, shape (pairs,)
    answer : FIXED, GIVE_UP, EXPONENTIAL or LINEAR
    limit : minutes of each pair: at which it gives up; of reference; at which demand is zero
    theta : per minute, of the exponential
    """

    first: Ints
    origin: Unsigned
    vehicle: Unsigned
    destination: Unsigned
    cap: Floats
    answer: int
    limit: Floats
    theta: float


class Roads(NamedTuple):
    """The roads under load.

    arc : one row an arc, columns as named in cost.py, shape (arcs, 8)
    cost, extra : minutes of each arc for each class, and what is added to those of all, shape (classes, arcs)
    own : addresses of the user's cost function and its derivative
    """

    arc: Floats
    cost: Floats
    extra: Floats
    own: Ints


class Store(NamedTuple):
    """Paths. Slots: start and length in the pool of arcs, flow, next slot of the pair (-1: last), price as scratch.

    head : first slot of each pair (-1: none); sent : flow of each pair; busy : pairs that sweeps look at, with flags
    straight : 1 where a pair has one path, that of the tree of its group as it was after the last pass
    left : excess of each pair when it was last looked at, flow times minutes
    used : how many slots, pool entries and busy pairs are used, the first free slot, the last stamp, slots of the base
    """

    start: Longs
    length: Unsigned
    flow: Floats
    next: Shorts
    price: Floats
    pool: Unsigned
    head: Shorts
    sent: Floats
    busy: Shorts
    is_busy: Bytes
    straight: Bytes
    left: Floats
    used: Ints
    mark: Ints


class Trees(NamedTuple):
    """Trees of the groups, shape (groups or 1, through nodes), and scratch of a search.

    up : arc into each through node; order : through nodes, roughly by the labels of the first tree
    spare : a tree of one group, used while only those who wait are placed
    known : groups that have a tree
    """

    up: Unsigned
    spare: Unsigned
    order: Unsigned
    known: Bytes
    label: Floats
    queue: Unsigned
    stack: Unsigned
    keys: Floats
    same: Bytes


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def price_arc(roads: Any, a: int) -> None:
    """Write cost and slope of an arc at its flow."""
    v = roads.arc[a, FLOW]
    roads.arc[a, SLOPE] = slope_at(roads.arc, roads.own, a, v)
    t = minutes_at(roads.arc, roads.own, a, v)
    for c in range(len(roads.extra)):
        roads.cost[c, a] = t + roads.extra[c, a]


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def price_all(roads: Any) -> None:
    """Write cost and slope of every arc at its flow."""
    for a in range(len(roads.arc)):
        price_arc(roads, a)


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _load(roads: Any, a: int, change: float) -> None:
    """Change the flow of an arc; its cost follows."""
    roads.arc[a, FLOW] = max(0.0, roads.arc[a, FLOW] + change)
    price_arc(roads, a)


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def load_paths(store: Any, roads: Any) -> None:
    """Write the flow of every arc anew from the paths, so that no rounding gathers."""
    roads.arc[:, FLOW] = 0.0
    for k in range(len(store.head)):
        slot = store.head[k]
        while slot >= 0:
            f = store.flow[slot]
            for at in range(store.start[slot], store.start[slot] + store.length[slot]):
                roads.arc[store.pool[at], FLOW] += f
            slot = store.next[slot]


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _swap(roads: Any, store: Any, c: int, slot: int, best: int) -> None:
    """Move flow from a path to the cheapest path of the pair, one Newton step."""
    pool, mark = store.pool, store.mark
    store.used[STAMP] += 1
    stamp = store.used[STAMP]
    total, rival, bend = 0.0, 0.0, 0.0
    lo, hi = store.start[slot], store.start[slot] + store.length[slot]
    to, end = store.start[best], store.start[best] + store.length[best]
    for at in range(to, end):
        a = pool[at]
        mark[a] = stamp
        rival += roads.cost[c, a]
    for at in range(lo, hi):
        a = pool[at]
        total += roads.cost[c, a]
        if mark[a] == stamp:
            mark[a] = -stamp
        else:
            bend += roads.arc[a, SLOPE]
    excess = total - rival
    if excess <= 0.0:
        return
    for at in range(to, end):
        a = pool[at]
        if mark[a] == stamp:
            bend += roads.arc[a, SLOPE]
    flow = store.flow[slot]
    shift = flow if bend * flow <= excess else excess / bend
    if shift == flow:
        store.flow[slot] = 0.0
    else:
        store.flow[slot] = flow - shift
    store.flow[best] += shift
    for at in range(lo, hi):
        a = pool[at]
        if mark[a] != -stamp:
            _load(roads, a, -shift)
    for at in range(to, end):
        a = pool[at]
        if mark[a] == stamp:
            _load(roads, a, shift)


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _add(roads: Any, store: Any, slot: int, change: float) -> None:
    """Change the flow of a path by trips that were at home or stay there."""
    store.flow[slot] += change
    for at in range(store.start[slot], store.start[slot] + store.length[slot]):
        _load(roads, store.pool[at], change)


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _bend(roads: Any, store: Any, slot: int) -> float:
    total = 0.0
    for at in range(store.start[slot], store.start[slot] + store.length[slot]):
        total += roads.arc[store.pool[at], SLOPE]
    return total


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def asked(trips: Any, k: int, cost: float) -> float:
    """Return the elastic demand of a pair at a cost: exponential or linear."""
    if trips.answer == EXPONENTIAL:
        return trips.cap[k] * math.exp(-trips.theta * (cost - trips.limit[k]))
    return trips.cap[k] * max(0.0, 1.0 - cost / trips.limit[k])


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _more(trips: Any, k: int, sent: float, want: float, cost: float, bend: float) -> float:
    """Return how many more trips of a pair to send: a Newton step towards demand = `asked` at the cost they make.

    Once somebody drives, the step is taken on the cost at which so many would drive: demand itself is flat where cost
    is high, and a step on it would send all and nobody in turn.
    """
    cap, limit = trips.cap[k], trips.limit[k]
    gap = want - sent
    if sent <= 0.0 or cap <= 0.0:
        return gap
    if trips.answer == EXPONENTIAL:
        willing, fall = limit - math.log(sent / cap) / trips.theta, 1.0 / (trips.theta * sent)
    else:
        willing, fall = limit * (1.0 - sent / cap), limit / cap
    step = (willing - cost) / (bend + fall)
    if trips.answer == EXPONENTIAL:
        step = max(step, -MOST_BACK * sent)
    return min(step, gap) if gap > 0.0 else max(step, gap)


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _stay_or_go(roads: Any, trips: Any, store: Any, c: int, k: int, best: int) -> None:
    """Move trips of a pair between home and the road."""
    if trips.answer >= EXPONENTIAL:
        cost, sent = store.price[best], store.sent[k]
        want = asked(trips, k, cost)
        step = _more(trips, k, sent, want, cost, _bend(roads, store, best))
        if step > 0.0:
            _add(roads, store, best, step)
        elif sent > 0.0:
            share = step / sent
            slot = store.head[k]
            while slot >= 0:
                _add(roads, store, slot, share * store.flow[slot])
                slot = store.next[slot]
        store.sent[k] = sent + step
        return
    limit = np.inf if trips.answer == FIXED else trips.limit[k]
    home = trips.cap[k] - store.sent[k]
    gain = limit - store.price[best]
    if home > 0.0 and gain > 0.0:
        bend = 0.0 if gain == np.inf else _bend(roads, store, best)
        step = home if bend * home <= gain else gain / bend
        _add(roads, store, best, step)
        store.sent[k] = trips.cap[k] if step == home else store.sent[k] + step
    elif gain < 0.0 and store.sent[k] > 0.0:
        left = 0.0
        slot = store.head[k]
        while slot >= 0:
            flow = store.flow[slot]
            if flow > 0.0:
                over = -limit
                for at in range(store.start[slot], store.start[slot] + store.length[slot]):
                    over += roads.cost[c, store.pool[at]]
                bend = _bend(roads, store, slot)
                if over > 0.0:
                    step = flow if bend * flow <= over else over / bend
                    _add(roads, store, slot, -step)
                    if step == flow:
                        store.flow[slot] = 0.0
                left += store.flow[slot]
            slot = store.next[slot]
        store.sent[k] = left


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def price_paths(roads: Any, store: Any, c: int, k: int) -> Any:
    """Price the paths of a pair; return the cheapest slot (-1: none) and the sum of flow times price."""
    best, least, total = -1, np.inf, 0.0
    slot = store.head[k]
    while slot >= 0:
        price = 0.0
        for at in range(store.start[slot], store.start[slot] + store.length[slot]):
            price += roads.cost[c, store.pool[at]]
        store.price[slot] = price
        if price < least:
            best, least = slot, price
        flow = store.flow[slot]
        if flow > 0.0:
            total += flow * price
        slot = store.next[slot]
    return best, total


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _unlink(store: Any, k: int, before: int, slot: int) -> None:
    """Take a slot out of the list of its pair, behind `before` (-1: it is the first); free it if no base has it."""
    if before < 0:
        store.head[k] = store.next[slot]
    else:
        store.next[before] = store.next[slot]
    if slot >= store.used[BASE]:
        store.next[slot] = store.used[FREE]
        store.used[FREE] = slot


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def balance(roads: Any, trips: Any, store: Any, c: int, k: int, best: int, ease: float, keep: float) -> None:
    """Move flow of a pair to its cheapest path; drop paths that have none left and are dearer by the share `keep`.

    The others soon have flow again: flow that leaves a path for another that many take at once comes back in part.
    """
    least = store.price[best]
    dear = least * (1.0 + keep)
    moved = False
    slot = store.head[k]
    while slot >= 0:
        if slot != best and store.flow[slot] > 0.0 and (moved or store.price[slot] - least > ease * least):
            _swap(roads, store, c, slot, best)
            moved = True
        slot = store.next[slot]
    if trips.answer >= EXPONENTIAL or trips.answer == GIVE_UP or store.sent[k] < trips.cap[k]:
        if moved:
            least = 0.0
            for at in range(store.start[best], store.start[best] + store.length[best]):
                least += roads.cost[c, store.pool[at]]
            store.price[best] = least
        _stay_or_go(roads, trips, store, c, k, best)
    before = -1
    slot = store.head[k]
    while slot >= 0:
        following = store.next[slot]
        if slot != best and store.flow[slot] <= 0.0 and not store.price[slot] <= dear:
            _unlink(store, k, before, slot)
        else:
            before = slot
        slot = following


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def is_calm(trips: Any, store: Any, k: int, best: int) -> bool:
    """Return whether nothing can move in a pair: one path, everyone under way, and nobody about to give up."""
    if store.next[store.head[k]] >= 0 or store.sent[k] < trips.cap[k] or trips.answer >= EXPONENTIAL:
        return False
    return trips.answer == FIXED or store.price[best] <= trips.limit[k]


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def rests(trips: Any, store: Any, k: int, best: int, away: float) -> bool:
    """Return whether nothing is about to move in a pair: all its flow on one path, the others dearer by `away`."""
    if store.sent[k] < trips.cap[k] or trips.answer >= EXPONENTIAL:
        return False
    near = store.price[best] * (1.0 + away)
    if trips.answer == GIVE_UP and near > trips.limit[k]:
        return False
    slot = store.head[k]
    while slot >= 0:
        if slot != best and (store.flow[slot] > 0.0 or store.price[slot] <= near):
            return False
        slot = store.next[slot]
    return True


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def watch(store: Any, k: int) -> None:
    """Let the next sweeps look at a pair."""
    if store.is_busy[k] == 0:
        store.is_busy[k] = 1
        store.busy[store.used[BUSY]] = k
        store.used[BUSY] += 1


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def count_uses(store: Any, uses: Any) -> None:
    """Add to `uses` how many paths lead over each arc, shape (arcs,)."""
    for k in range(len(store.head)):
        slot = store.head[k]
        while slot >= 0:
            for at in range(store.start[slot], store.start[slot] + store.length[slot]):
                uses[store.pool[at]] += 1
            slot = store.next[slot]


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def index_paths(store: Any, place: Any, slots: Any, owner: Any) -> None:
    """Write the slots of the paths over each arc and the pair of each slot; `place` is where each arc begins."""
    for k in range(len(store.head)):
        slot = store.head[k]
        while slot >= 0:
            owner[slot] = k
            for at in range(store.start[slot], store.start[slot] + store.length[slot]):
                a = store.pool[at]
                slots[place[a]] = slot
                place[a] += 1
            slot = store.next[slot]


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _shift(roads: Any, store: Any, slot: int, change: float) -> None:
    """Change the flow of the arcs of a path and not their cost."""
    for at in range(store.start[slot], store.start[slot] + store.length[slot]):
        a = store.pool[at]
        roads.arc[a, FLOW] = max(0.0, roads.arc[a, FLOW] + change)


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def vacate_arcs(
    roads: Any, trips: Any, store: Any, only: Any, shut: Any, begin: Any, slots: Any, owner: Any, group: Any
) -> None:
    """Do what `vacate` does for the arcs `shut` and a store that has just been indexed."""
    for i in range(len(shut)):
        for at in range(begin[shut[i]], begin[shut[i] + 1]):
            slot = slots[at]
            k = owner[slot]
            before, here = -1, store.head[k]
            while here >= 0 and here != slot:
                before, here = here, store.next[here]
            if here < 0:
                continue  # it went with another arc
            _shift(roads, store, slot, -store.flow[slot])
            _unlink(store, k, before, slot)
            sent = 0.0
            here = store.head[k]
            while here >= 0:
                sent += store.flow[here]
                here = store.next[here]
            store.sent[k] = sent
            store.straight[k] = 0
            only[group[k]] = 1


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def sweep(
    roads: Any, trips: Any, store: Any, vehicle: Any, ease: float, keep: float, away: float, least_excess: float
) -> float:
    """Balance busy pairs once, but for those whose excess was below `least_excess` when they were last looked at.

    Returns the excess that was met (flow times minutes above the cheapest path), that of pairs left out as it was.
    """
    kept = 0
    excess = 0.0
    for i in range(store.used[BUSY]):
        k = store.busy[i]
        if store.left[k] < least_excess and least_excess > 0.0:  # rounding makes an excess of nothing negative
            excess += store.left[k]
            store.busy[kept] = k
            kept += 1
            continue
        c = vehicle[k]
        best, total = price_paths(roads, store, c, k)
        if best < 0:
            store.is_busy[k] = 0
            continue
        least = store.price[best]
        own = total - store.sent[k] * least
        if trips.answer >= EXPONENTIAL:
            own += abs(asked(trips, k, least) - store.sent[k]) * least
        elif trips.answer == GIVE_UP:
            home = trips.cap[k] - store.sent[k]
            gain = trips.limit[k] - least
            own += home * gain if gain > 0.0 else -store.sent[k] * gain
        elif store.sent[k] < trips.cap[k]:
            own = np.inf
        excess += own
        store.left[k] = own
        balance(roads, trips, store, c, k, best, ease, keep)
        if rests(trips, store, k, best, away):
            store.is_busy[k] = 0
            continue
        store.busy[kept] = k
        kept += 1
    store.used[BUSY] = kept
    return excess


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def vacate(roads: Any, trips: Any, store: Any, only: Any) -> None:
    """Take trips off paths that cannot be driven any more and fit flows to caps; flag groups with trips to place."""
    for g in range(len(trips.origin)):
        c = trips.vehicle[g]
        for k in range(trips.first[g], trips.first[g + 1]):
            sent = 0.0
            before = -1
            slot = store.head[k]
            while slot >= 0:
                shut = trips.cap[k] <= 0.0
                for at in range(store.start[slot], store.start[slot] + store.length[slot]):
                    if roads.cost[c, store.pool[at]] == np.inf:
                        shut = True
                        break
                following = store.next[slot]
                if shut:
                    _shift(roads, store, slot, -store.flow[slot])
                    _unlink(store, k, before, slot)
                else:
                    sent += store.flow[slot]
                    before = slot
                slot = following
            if sent > trips.cap[k]:
                share = trips.cap[k] / sent
                slot = store.head[k]
                while slot >= 0:
                    change = store.flow[slot] * (share - 1.0)
                    store.flow[slot] += change
                    _shift(roads, store, slot, change)
                    slot = store.next[slot]
                sent = trips.cap[k]
            store.sent[k] = sent
            if sent < trips.cap[k]:
                only[g] = 1
            if sent < trips.cap[k] or store.head[k] < 0:
                store.straight[k] = 0


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def live_arcs(store: Any) -> int:
    """Return how many entries of the pool belong to paths that are in use."""
    arcs = 0
    for k in range(len(store.head)):
        slot = store.head[k]
        while slot >= 0:
            arcs += store.length[slot]
            slot = store.next[slot]
    return arcs


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def pack(store: Any, pool: Any) -> None:
    """Copy the paths in use into another pool, pair by pair."""
    end = 0
    for k in range(len(store.head)):
        slot = store.head[k]
        while slot >= 0:
            begin = store.start[slot]
            store.start[slot] = end
            for i in range(store.length[slot]):
                pool[end] = store.pool[begin + i]
                end += 1
            slot = store.next[slot]
    store.used[POOL] = end


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def minutes_of(roads: Any, store: Any, vehicle: Any, pce: Any) -> float:
    """Return the sum over paths of vehicles times minutes."""
    result = 0.0
    for k in range(len(store.head)):
        _, total = price_paths(roads, store, vehicle[k], k)
        result += total / pce[k]
    return result


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def count_paths(store: Any) -> Any:
    """Return how many paths carry flow, and how many arcs they have."""
    paths, arcs = 0, 0
    for k in range(len(store.head)):
        slot = store.head[k]
        while slot >= 0:
            if store.flow[slot] > 0.0:
                paths += 1
                arcs += store.length[slot]
            slot = store.next[slot]
    return paths, arcs


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def write_paths(store: Any, roads: Any, offsets: Any, arcs: Any, owner: Any, flow: Any) -> None:
    """Write the paths that carry flow one behind the other, pair by pair, and the flow of every arc anew from them."""
    roads.arc[:, FLOW] = 0.0
    path, end = 0, 0
    for k in range(len(store.head)):
        slot = store.head[k]
        while slot >= 0:
            f = store.flow[slot]
            if f > 0.0:
                for at in range(store.start[slot], store.start[slot] + store.length[slot]):
                    a = store.pool[at]
                    roads.arc[a, FLOW] += f
                    arcs[end] = a
                    end += 1
                owner[path] = k
                flow[path] = f
                path += 1
                offsets[path] = end
            slot = store.next[slot]
