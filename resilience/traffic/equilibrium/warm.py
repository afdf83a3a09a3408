"""Many small changes to one solved city: closures, slow-downs, lost capacity, other demand.

Every change starts from the same equilibrium, with its paths and its shortest-path trees. Only trips whose paths are
closed are taken off the roads; the origins concerned search first, trees are mended and not grown, and nothing is
copied but the flows. So an answer never depends on what was asked before, or by which worker.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from resilience.base.errors import InputError, StoppedError
from resilience.base.text import say
from resilience.traffic.equilibrium import kernels
from resilience.traffic.equilibrium.equilibrium import check_flags, check_target, solve
from resilience.traffic.equilibrium.workspace import Workspace
from resilience.traffic.graph import count

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from resilience.base.arrays import Bools, Floats
    from resilience.traffic.equilibrium.solution import Assignment
    from resilience.traffic.graph import RoadGraph


LEAST_GAP = 1e-13  # rounding hides what is finer
FINER, TIMES_CHANGE, TIMES_GAP = 0.1, 2.0, 10.0  # how the error of a travel time is judged, see `Warm.totals`


@dataclass(frozen=True)
class Change:
    """What is different from the base; None: nothing.

    Parameters
    ----------
    closed : links that nobody may use, shape (links,), instead of the closures of the base
    speed, capacity : factors on the free-flow speed and the capacity of the base, (0, 1] or more, shape (links,)
    vph : demand of every pair, vehicles/h, shape (pairs,)

    """

    closed: Bools | None = None
    speed: Floats | None = None
    capacity: Floats | None = None
    vph: Floats | None = None

    def on(self, graph: RoadGraph) -> RoadGraph:
        """Return a network with the speeds and capacities of the change; closures are not part of a network."""
        if self.speed is None and self.capacity is None:
            return graph
        ones = np.ones(graph.links)
        return graph.with_state(
            speed=ones if self.speed is None else self.speed,
            capacity=ones if self.capacity is None else self.capacity,
        )


class Totals(NamedTuple):
    """What a change comes to.

    total_travel_time, unserved_minutes : vehicle-minutes per hour
    unserved : vehicles/h
    relative_gap : of the solution
    error : how far the travel time may be from the exact one, vehicle-minutes per hour, see `Warm.totals`
    converged : the gap was reached
    seen : what the `look` of the caller returned
    """

    total_travel_time: float
    unserved_minutes: float
    unserved: float
    relative_gap: float
    error: float
    converged: bool
    seen: Any


class Warm:
    """A solved city, ready to be changed and solved again any number of times.

    Examples
    --------
    >>> base = assign(network, demand, gap=1e-6)                    # doctest: +SKIP
    >>> warm = Warm(base)                                           # doctest: +SKIP
    >>> warm.assign(Change(closed=shut), gap=1e-4).unserved.sum()   # doctest: +SKIP

    """

    def __init__(self, base: Assignment) -> None:
        self.base = base
        self.work = Workspace(base.network, base.demand, base.closed)
        self.work.load(base.stored_paths)
        self.work.measure()
        self._shelve()

    def _shelve(self) -> None:
        """Keep what a solution changes, so that the next one finds it as it was."""
        work = self.work
        used = work.store.used
        used[kernels.BASE] = used[kernels.SLOTS]
        slots = int(used[kernels.SLOTS])
        self._kept: list[tuple[Callable[[Workspace], NDArray[Any]], NDArray[Any]]] = [
            (lambda w: w.roads.arc, work.roads.arc.copy()),
            (lambda w: w.roads.cost, work.roads.cost.copy()),
            (lambda w: w.store.flow[:slots], work.store.flow[:slots].copy()),
            (lambda w: w.store.next[:slots], work.store.next[:slots].copy()),
            (lambda w: w.store.head, work.store.head.copy()),
            (lambda w: w.store.sent, work.store.sent.copy()),
            (lambda w: w.store.busy, work.store.busy.copy()),
            (lambda w: w.store.is_busy, work.store.is_busy.copy()),
            (lambda w: w.store.straight, work.store.straight.copy()),
            (lambda w: w.store.used, used.copy()),
            (lambda w: w.store.mark, work.store.mark.copy()),
            (lambda w: w.trips.cap, work.trips.cap.copy()),
            (lambda w: w.trees.up, work.trees.up.copy()),
            (lambda w: w.trees.order, work.trees.order.copy()),
            (lambda w: w.trees.known, work.trees.known.copy()),
            (lambda w: w.od, work.od.copy()),
        ]
        self._index = work.index()

    def _reset(self) -> None:
        for of, kept in self._kept:
            of(self.work)[...] = kept
        self.work.graph, self.work.demand = self.base.network, self.base.demand

    def twin(self) -> Warm:
        """Return a second one of the same base for another thread."""
        return Warm(self.base)

    def _begin(self, change: Change, gap: float) -> Bools | None:
        base, work = self.base, self.work
        many = base.network.links
        for name, values in (("closed", change.closed), ("speed", change.speed), ("capacity", change.capacity)):
            if values is not None and np.shape(values) != (many,):
                raise InputError(say("error.bad_link_count", column=name, found=count(values), expected=many))
        if change.closed is not None:
            check_flags("closed", change.closed)
        self._reset()
        closed = base.closed if change.closed is None else np.asarray(change.closed, np.bool_)
        if change.vph is not None:
            work.demand = replace(base.demand, vph=np.asarray(change.vph, float))
            work.trips.cap[:] = work.demand.vph * work.demand.pce
        if change.speed is not None or change.capacity is not None:
            work.set_state(change.on(base.network), closed)
        elif change.closed is not None:
            work.close(closed, base.closed)
        work.start_warm(gap, self.base.scale, index=self._index if change.vph is None else None)
        return closed

    def assign(
        self,
        change: Change,
        *,
        gap: float = 1e-6,
        iterations: int = 1000,
        progress: Callable[[int, float], bool | None] | None = None,
        paths: bool = False,
    ) -> Assignment:
        """Return the equilibrium of the changed city; arguments as of the function `assign`.

        With `paths` its paths are copied out of the workspace; without, asking for them is an `InputError`.
        """
        check_target(gap, iterations)
        closed = self._begin(change, gap)
        return solve(self.work, gap, iterations, closed, progress, paths=paths)

    def totals(
        self,
        change: Change,
        *,
        gap: float = 1e-6,
        iterations: int = 1000,
        with_error: bool = False,
        look: Callable[[Workspace], Any] | None = None,
    ) -> Totals:
        """Return what a change comes to, without the tables of a whole solution.

        With `with_error` the solution goes on to a tenth of the gap it has reached, and the error of the travel time is
        taken as twice its last change plus ten times gap times travel time. The gap alone says too little: on Anaheim
        the true error is three times gap times travel time in the median and up to four hundred times. `make verify`
        measures how often the error covers the truth. `look` is handed the solved workspace, to take from it what else
        is wanted.
        """
        check_target(gap, iterations)
        self._begin(change, gap)
        work = self.work
        ended = work.advance(gap, iterations)
        rough = float(work.sums[kernels.TOTAL])
        if with_error and ended == kernels.DONE:
            work.advance(max(FINER * min(gap, float(work.progress[kernels.GAP])), LEAST_GAP), iterations)
        if work.progress[kernels.MOVING] != kernels.NOBODY:
            work.measure()
        demand, store, sums = work.demand, work.store, work.sums
        home = np.maximum(work.trips.cap - store.sent, 0.0)
        home[demand.pairs.origin == demand.pairs.destination] = 0.0
        unserved = home / demand.pce
        charge = float(unserved @ work.trips.limit) if work.trips.answer == kernels.GIVE_UP else 0.0
        # the sum over paths weighs by passenger-car units; with one class of cars that is the vehicle
        on_roads = sums[kernels.TOTAL] - (float(home @ work.trips.limit) if charge else 0.0)
        time = on_roads / demand.classes[0].pce if len(demand.classes) == 1 else work.vehicle_minutes()
        found = float(work.progress[kernels.GAP])
        exact = float(sums[kernels.TOTAL])
        error = TIMES_CHANGE * abs(exact - rough) + TIMES_GAP * found * exact if with_error else np.nan
        seen = look(work) if look is not None else None
        return Totals(float(time), charge, float(unserved.sum()), found, error, found <= gap, seen)

    def many(
        self,
        changes: Sequence[Change],
        *,
        gap: float = 1e-6,
        iterations: int = 1000,
        workers: int = 1,
        with_error: bool = False,
        look: Callable[[Workspace], Any] | None = None,
        progress: Callable[[int, int], bool | None] | None = None,
    ) -> list[Totals]:
        """Return what each change comes to; the answers do not depend on the number of workers (threads).

        Raises
        ------
        StoppedError
            `progress`, called with how many of how many are done, returned False.

        """
        check_target(gap, iterations)
        stop, lock = Event(), Lock()
        result: dict[int, Totals] = {}

        def share(warm: Warm, numbers: range) -> None:
            for number in numbers:
                if stop.is_set():
                    return
                found = warm.totals(changes[number], gap=gap, iterations=iterations, with_error=with_error, look=look)
                with lock:
                    result[number] = found
                    if progress is not None and progress(len(result), len(changes)) is False:
                        stop.set()

        workers = max(1, min(workers, len(changes)))
        warms = [self, *(self.twin() for _ in range(workers - 1))]
        with ThreadPoolExecutor(workers) as pool:
            try:
                parts = [pool.submit(share, w, range(n, len(changes), workers)) for n, w in enumerate(warms)]
                for part in parts:
                    part.result()
            except BaseException:  # an error in one thread, or the user's Ctrl-C here, ends the others too
                stop.set()
                raise
        if len(result) < len(changes):
            raise StoppedError(say("error.stopped_scan", done=len(result), total=len(changes)))
        return [result[number] for number in range(len(changes))]
