"""All arrays of one equilibrium under way, made once and used for any number of solutions of the same pairs."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from resilience.traffic.cost import FIXED, FLOW
from resilience.traffic.demand import Exponential, GiveUp, Linear
from resilience.traffic.equilibrium import kernels, passes
from resilience.traffic.equilibrium.kernels import Roads, Store, Trees, Trips
from resilience.traffic.equilibrium.passes import Ladder
from resilience.traffic.hierarchy.hierarchy import no_hierarchy
from resilience.traffic.hierarchy.labels import empty_metric, empty_probe, needed, turns
from resilience.traffic.search import NONE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience.base.arrays import Bools, Floats
    from resilience.traffic.demand import Demand
    from resilience.traffic.graph import RoadGraph
    from resilience.traffic.search import SearchGraph


PACK_BELOW = 0.7  # share of the pool in use below which it is packed before it is enlarged
LEAST_NODES = 2000  # through nodes from which on labels are found sooner than trees are mended (docs/design.md)
LENGTH = 0.7  # arcs of a path for which there is room, times the root of the through nodes; cities have 0.4 to 0.6
MOST_TREE_BYTES = 512e6  # above this the trees of the origins are grown anew in every pass


class PathStore(NamedTuple):
    """Paths that carry flow, sorted by pair: arcs of path i are arcs[offsets[i]:offsets[i + 1]], in driving order.

    offsets : shape (paths + 1,)
    arcs : arcs of the search graph
    owner : pair of each path, shape (paths,)
    flow : passenger-car units/h, shape (paths,)
    """

    offsets: NDArray[np.int64]
    arcs: NDArray[np.uint32]
    owner: NDArray[np.int32]
    flow: Floats


class PathIndex(NamedTuple):
    """Which paths lead over each arc: slots[begin[arc]:begin[arc + 1]]; the pair of a slot, the group of a pair."""

    begin: NDArray[np.int64]
    slots: NDArray[np.int32]
    owner: NDArray[np.int32]
    group: NDArray[np.int32]


class Workspace:
    """The arrays of a solution, and the steps that change them."""

    def __init__(self, graph: RoadGraph, demand: Demand, closed: Bools | None) -> None:
        pairs = demand.pairs
        self.graph, self.demand = graph, demand
        self.net: SearchGraph = graph.search(pairs.ends)
        number = self.net.number
        many, nodes, arcs = len(pairs), len(self.net.net.start) - 1, self.net.arcs
        origin, vehicle = number[pairs.origin], pairs.of_class
        begins = np.flatnonzero(np.r_[True, (np.diff(origin) != 0) | (np.diff(vehicle) != 0)])
        kind, limit, theta = _answer(demand)
        self.trips = Trips(
            first=np.r_[begins, many].astype(np.int64),
            origin=origin[begins].astype(np.uint32),
            vehicle=vehicle[begins].astype(np.uint32),
            destination=number[pairs.destination].astype(np.uint32),
            cap=demand.vph * demand.pce,
            answer=kind,
            limit=limit,
            theta=theta,
        )
        self.vehicle = vehicle.astype(np.uint32)
        classes = len(demand.classes)
        self.roads = Roads(
            arc=graph.arc_matrix(self.net, closed),
            cost=np.zeros((classes, arcs)),
            extra=np.zeros((classes, arcs)),
            own=np.zeros(2, np.int64) if graph.own is None else graph.own.address,
        )
        for c, vehicles in enumerate(demand.classes):
            if vehicles.extra_min is not None:
                self.roads.extra[c] = self.net.over_arcs(np.asarray(vehicles.extra_min, float))
            if vehicles.closed is not None:
                self.roads.extra[c, self.net.any_of(np.asarray(vehicles.closed, np.bool_))] = np.inf
        # room that is not used costs no memory; arrays that turn out too small are copied
        per_path = LENGTH * self.net.net.through**0.5 + 8.0
        self.store = _empty_store(many, 2 * many + 256, int(per_path * many) + 4 * nodes, arcs)
        groups = len(begins)
        self.ladder = _ladder(self.net, self.trips, classes)
        each = self.ladder.on == 0 and groups * self.net.net.through * 8.0 <= MOST_TREE_BYTES
        rows = groups if each else 1
        self.trees = Trees(
            up=np.full((rows, self.net.net.through), NONE, np.uint32),
            spare=np.empty(self.net.net.through, np.uint32),
            order=np.zeros((rows, self.net.net.through), np.uint32),
            known=np.zeros(groups, np.uint8),
            label=np.empty(nodes),
            queue=np.empty(nodes, np.uint32),
            stack=np.empty(nodes, np.uint32),
            keys=np.empty(nodes),
            same=np.empty(nodes, np.uint8),
        )
        self.od = np.full(many, np.inf)
        self.sums = np.zeros(5)
        self.only = np.ones(groups, np.uint8)
        self.excess = np.full(groups, np.inf)
        self.progress = np.zeros(kernels.SMALL + 1)
        kernels.price_all(self.roads)

    # -- what a solution starts from ---------------------------------------------------------------

    def load(self, paths: PathStore) -> None:
        """Take the paths of an earlier solution, scaled to the demand of now."""
        many = len(paths.owner)
        self._resize(max(len(self.store.flow), many + many // 4), max(len(self.store.pool), len(paths.arcs) * 5 // 4))
        store, owner = self.store, paths.owner
        store.start[:many] = paths.offsets[:-1]
        store.length[:many] = np.diff(paths.offsets)
        store.pool[: len(paths.arcs)] = paths.arcs
        sent = np.bincount(owner, paths.flow, len(self.od))
        share = np.ones(len(self.od))
        if self.trips.answer == kernels.FIXED:
            np.divide(self.trips.cap, sent, out=share, where=sent > 0)
        store.flow[:many] = paths.flow * share[owner]
        same = owner[1:] == owner[:-1]
        store.next[:many] = -1
        store.next[: many - 1][same] = (np.arange(1, many)[same]).astype(np.int32)
        firsts = np.flatnonzero(np.r_[True, ~same]) if many else np.zeros(0, np.int64)
        store.head[owner[firsts]] = firsts.astype(np.int32)
        store.sent[:] = np.where(np.abs(share - 1.0) > 0, np.where(sent > 0, self.trips.cap, 0.0), sent)
        several = np.zeros(len(self.od), np.bool_)
        several[owner[1:][same]] = True
        if self.trips.answer not in (kernels.FIXED, kernels.GIVE_UP):
            several[:] = True
        busy = np.flatnonzero(several)
        store.busy[: len(busy)] = busy
        store.is_busy[busy] = 1
        store.used[kernels.BUSY], store.used[kernels.SLOTS] = len(busy), many
        store.used[kernels.POOL] = len(paths.arcs)
        kernels.load_paths(store, self.roads)
        kernels.price_all(self.roads)

    def start_cold(self) -> None:
        """Get ready to place everyone on empty roads."""
        self.only[:] = 1
        self._begin(gap=np.inf, moving=kernels.EVERYONE)

    def start_warm(self, target: float, scale: float, *, index: PathIndex | None = None) -> None:
        """Take trips off closed paths and get ready to place them again, the groups concerned first.

        With an index of the paths, which are then as they were when it was made, only those over closed arcs are seen.
        """
        kernels.price_all(self.roads)
        self.only[:] = 0
        if index is None:
            kernels.vacate(self.roads, self.trips, self.store, self.only)
        else:
            shut = np.flatnonzero(np.isinf(self.roads.arc[:, FIXED]))
            kernels.vacate_arcs(self.roads, self.trips, self.store, self.only, shut, *index)
        self.roads.arc[np.isinf(self.roads.arc[:, FIXED]), FLOW] = 0.0
        kernels.price_all(self.roads)
        self._begin(gap=passes.NEAR_MEASURED * target, moving=kernels.WAITERS)
        self.progress[kernels.SCALE] = scale
        waiting = self.trips.cap.sum() - self.store.sent.sum()
        self.progress[kernels.WAITED] = waiting / max(self.trips.cap.sum(), 1e-12)

    def _begin(self, *, gap: float, moving: int) -> None:
        self.sums[:] = 0.0
        self.excess[:] = np.inf
        p = self.progress
        p[:] = 0.0
        p[kernels.GAP], p[kernels.BEST], p[kernels.GUESSED], p[kernels.MOVING] = gap, np.inf, np.inf, moving
        p[kernels.SEARCHING], p[kernels.PAIR] = 1.0, -1.0

    def index(self) -> PathIndex:
        """Return which paths lead over each arc."""
        store = self.store
        many = np.zeros(self.net.arcs, np.int64)
        kernels.count_uses(store, many)
        begin = np.concatenate([[0], np.cumsum(many)]).astype(np.int64)
        found = PathIndex(
            begin, np.empty(begin[-1], np.int32), np.empty(store.used[kernels.SLOTS], np.int32),
            np.repeat(np.arange(len(self.trips.origin), dtype=np.int32), np.diff(self.trips.first)),
        )  # fmt: skip
        kernels.index_paths(store, begin[:-1].copy(), found.slots, found.owner)
        return found

    # -- going on ------------------------------------------------------------------------------------

    def advance(self, target: float, steps: int) -> int:
        """Go on for some rounds; return how that ended (kernels.DONE, MORE or STUCK)."""
        while True:
            ended = int(
                passes.advance(
                    self.net.net, self.roads, self.trips, self.store, self.trees, self.ladder, self.od, self.sums,
                    self.excess, self.only, self.vehicle, self.progress, target, steps,
                )
            )  # fmt: skip
            if ended != kernels.ROOM:
                return ended
            self.enlarge()

    def measure(self) -> None:
        """Search all shortest paths at the costs as they are, so that gap and minutes are exact; move nothing."""
        p, steps = self.progress, self.progress[kernels.STEPS]
        self.only[:] = 1
        self.sums[:] = 0.0
        p[kernels.SEARCHING], p[kernels.GROUP], p[kernels.PAIR] = 1.0, 0.0, -1.0
        p[kernels.MOVING], p[kernels.PART] = kernels.NOBODY, 0.0
        self.advance(1e-300, 1)
        p[kernels.STEPS] = steps

    def enlarge(self) -> None:
        """Make room for more paths: by packing those in use where much is waste, else by longer arrays."""
        old = self.store
        if old.used[kernels.BASE] == 0 and kernels.live_arcs(old) < PACK_BELOW * len(old.pool):
            pool = np.empty(len(old.pool), np.uint32)
            kernels.pack(old, pool)
            self.store = old = old._replace(pool=pool)
            if passes.has_room(self.net.net, old):
                return
        full_slots, full_pool = (
            old.used[i] >= 0.9 * len(x) for i, x in ((kernels.SLOTS, old.flow), (kernels.POOL, old.pool))
        )
        both = full_slots == full_pool
        self._resize(
            len(old.flow) * 3 // 2 + 256 if full_slots or both else len(old.flow),
            len(old.pool) * 3 // 2 + 4 * len(self.net.net.start) if full_pool or both else len(old.pool),
        )

    def _resize(self, slots: int, pool: int) -> None:
        old = self.store

        def longer(array: NDArray[Any], size: int) -> NDArray[Any]:
            if size == len(array):
                return array
            result = np.empty(size, array.dtype)
            result[: len(array)] = array
            return result

        self.store = old._replace(
            start=longer(old.start, slots),
            length=longer(old.length, slots),
            flow=longer(old.flow, slots),
            next=longer(old.next, slots),
            price=longer(old.price, slots),
            pool=longer(old.pool, pool),
        )

    # -- what came of it -----------------------------------------------------------------------------

    def paths(self) -> PathStore:
        """Return the paths that carry flow; the flow of the roads is added up anew from them."""
        many, arcs = (int(n) for n in kernels.count_paths(self.store))
        result = PathStore(
            np.zeros(many + 1, np.int64), np.empty(arcs, np.uint32), np.empty(many, np.int32), np.empty(many)
        )
        kernels.write_paths(self.store, self.roads, *result)
        return result

    def link_flow(self) -> Floats:
        """Return the flow of every link, passenger-car units/h."""
        return self.net.on_links(self.roads.arc[:, FLOW])

    def set_state(self, graph: RoadGraph, closed: Bools | None) -> None:
        """Change the cost functions and closures, flows as they are."""
        self.graph = graph
        self.roads.arc[:, FIXED:] = graph.arc_matrix(self.net, closed)[:, FIXED:]

    def close(self, closed: Bools | None, before: Bools | None) -> None:
        """Change closures only: arcs that are shut now, and arcs of the base that are open again."""
        if before is not None and before.any():
            self.set_state(self.graph, closed)
        elif closed is not None:
            self.roads.arc[self.net.any_of(closed), FIXED] = np.inf

    def vehicle_minutes(self) -> float:
        """Return the minutes of all vehicles on the road, an hour, all classes."""
        return float(kernels.minutes_of(self.roads, self.store, self.vehicle, self.demand.pce))


def _ladder(search: SearchGraph, trips: Trips, classes: int) -> Ladder:
    """Return the hierarchy of the search graph with room for the costs of each class, an empty one for small graphs."""
    net = search.net
    if net.through < LEAST_NODES:
        return _no_ladder()
    chords = search.hierarchy
    need = np.zeros(len(chords.rank), np.uint8)
    needed(net, chords, trips.destination, need)
    return Ladder(
        on=1,
        chords=chords,
        metric=empty_metric(chords, classes),
        probe=empty_probe(net, chords),
        turn=turns(net, chords, trips.origin),
        need=need,
        state=np.zeros(passes.LOADED + 1, np.int64),
    )


@cache
def _no_ladder() -> Ladder:
    """Return the ladder of those who search trees: nothing is written into it."""
    chords, none, need = no_hierarchy(), np.zeros(0, np.int64), np.zeros(0, np.uint8)
    return Ladder(0, chords, empty_metric(chords, 1), empty_probe(None, chords), none, need, none)


def _answer(demand: Demand) -> tuple[int, Floats, float]:
    answer, many = demand.answer, len(demand.vph)
    if answer is None:
        return kernels.FIXED, np.zeros(1), 0.0
    limit = np.broadcast_to(np.asarray(answer.minutes, float), (many,)).copy()
    if isinstance(answer, GiveUp):
        return kernels.GIVE_UP, limit, 0.0
    if isinstance(answer, Exponential):
        return kernels.EXPONENTIAL, limit, float(answer.theta)
    assert isinstance(answer, Linear)  # noqa: S101 - there are no others
    return kernels.LINEAR, limit, 0.0


def _empty_store(pairs: int, slots: int, pool: int, arcs: int) -> Store:
    used = np.zeros(6, np.int64)
    used[kernels.FREE] = -1
    return Store(
        start=np.empty(slots, np.uint64),
        length=np.empty(slots, np.uint32),
        flow=np.empty(slots),
        next=np.empty(slots, np.int32),
        price=np.empty(slots),
        pool=np.empty(pool, np.uint32),
        head=np.full(pairs, -1, np.int32),
        sent=np.zeros(pairs),
        busy=np.empty(pairs, np.int32),
        is_busy=np.zeros(pairs, np.uint8),
        straight=np.zeros(pairs, np.uint8),
        left=np.full(pairs, np.inf),
        used=used,
        mark=np.zeros(arcs, np.int64),
    )
