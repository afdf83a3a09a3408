"""Static user equilibrium by path-based gradient projection, from nothing or from an earlier solution.

Wardrop's equilibrium is the minimum of Beckmann's objective sum_a int_0^{v_a} t_a(x) dx. Shortest paths are added
pair by pair (column generation) and flow is moved to the cheapest path of a pair with a Newton step: Jayakrishnan,
Tsai, Prashker & Rajadhyaksha (1994), "A faster path-based algorithm for traffic assignment".

Relative gap is (TSTT - SPTT) / TSTT at the costs of the solution, TSTT = sum over paths of flow times minutes and
SPTT = sum over pairs of flow times the minutes of the shortest path, flow in passenger-car units. Trips that stay at
home under `GiveUp` belong to both sums with their limit. Average excess cost is (TSTT - SPTT) / sum of flow, minutes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from resilience.base.errors import InputError
from resilience.base.text import say
from resilience.traffic.demand import Demand, Exponential, GiveUp
from resilience.traffic.equilibrium import kernels
from resilience.traffic.equilibrium.memory import check_memory
from resilience.traffic.equilibrium.solution import Assignment
from resilience.traffic.equilibrium.workspace import Workspace
from resilience.traffic.graph import count

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from resilience.base.arrays import Bools, Floats
    from resilience.traffic.graph import RoadGraph


def assign(
    network: RoadGraph,
    demand: Demand | pd.DataFrame,
    *,
    gap: float = 1e-6,
    iterations: int = 1000,
    closed: NDArray[np.bool_] | None = None,
    warm: Assignment | None = None,
    progress: Callable[[int, float], bool | None] | None = None,
) -> Assignment:
    """Return the user equilibrium of a demand on the open links of a network.

    Pairs without a path stay unserved. Within one process and between processes the answer is the same bytes for
    the same arguments; `warm` changes the answer within the gap only.

    Parameters
    ----------
    demand : or a table for `Demand.from_table`
    gap : relative gap to reach
    iterations : most passes of shortest paths, over all origins or those that hold most of the excess
    closed : links that nobody may use, shape (links,)
    warm : an earlier solution for the same pairs, on roads with the same links, to start from
    progress : called with iteration and relative gap after each pass (far from the end a guess, since costs move during
        the pass); where it returns False, the search ends there

    Raises
    ------
    InputError
        The gap is not positive, `closed` or `warm` belongs to another network or other pairs, or the paths would not
        fit into the memory of this machine (`memory_needed`).

    """
    if not isinstance(demand, Demand):
        demand = Demand.from_table(network, demand)
    check(network, demand, gap, iterations, closed)
    check_memory(network, demand)
    work = Workspace(network, demand, closed)
    if warm is None:
        work.start_cold()
    else:
        check_start(network, demand, warm)
        work.load(warm.stored_paths)
        work.start_warm(gap, warm.scale)
    return solve(work, gap, iterations, closed, progress)


def check(network: RoadGraph, demand: Demand, gap: float, iterations: int, closed: Bools | None) -> None:
    """Refuse what cannot be solved, with the reason."""
    check_target(gap, iterations)
    pairs = demand.pairs
    for ends in (pairs.origin, pairs.destination):
        bad = (ends < 0) | (ends >= network.nodes)
        if bad.any():
            raise InputError(say("error.bad_pair_end", found=int(ends[bad.argmax()])))
    for name, values in (
        ("closed", closed),
        *((f"{c.name}.closed", c.closed) for c in demand.classes),
        *((f"{c.name}.extra_min", c.extra_min) for c in demand.classes),
    ):
        if values is not None and np.shape(values) != (network.links,):
            raise InputError(say("error.bad_link_count", column=name, found=count(values), expected=network.links))
        if values is not None and name.endswith("closed"):
            check_flags(name, values)
    if network.own is not None:
        some = network.kind == 3
        network.own.check(*(a[some] for a in (network.free_flow_min, network.capacity_vph, network.b, network.power)))


def check_target(gap: float, iterations: int) -> None:
    """Refuse a gap or a number of iterations at which nothing can end."""
    if not (np.isfinite(gap) and gap > 0):
        raise InputError(say("error.bad_gap", found=gap))
    if iterations < 1:
        raise InputError(say("error.not_positive", name="iterations", found=iterations))


def check_flags(column: str, values: object) -> None:
    """Refuse flags that are no booleans: numbers of links, say, or words."""
    found = np.asarray(values).dtype
    if found != np.bool_:
        raise InputError(say("error.bad_flags", column=column, found=found))


def check_start(network: RoadGraph, demand: Demand, base: Assignment) -> None:
    """Refuse an earlier solution of other pairs or other roads."""
    pairs, others = demand.pairs, base.demand.pairs
    same = network is base.network or all(
        np.array_equal(getattr(network, part), getattr(base.network, part)) for part in ("tail", "head", "barred")
    )
    same = same and all(
        np.array_equal(a, b)
        for a, b in (
            (pairs.origin, others.origin), (pairs.destination, others.destination), (pairs.of_class, others.of_class)
        )
    )  # fmt: skip
    if same and network is not base.network:  # how arcs are joined depends on the cost functions, too
        mine, theirs = network.search(pairs.ends), base.search
        same = mine is theirs or np.array_equal(mine.arc, theirs.arc)
    if not same:
        raise InputError(say("error.warm_mismatch"))


def _rest_of_objective(demand: Demand, class_flow: Floats, work: Workspace) -> float:
    """Return the objective beyond Beckmann's sum over the links."""
    rest = 0.0
    for c, vehicles in enumerate(demand.classes):
        if vehicles.extra_min is not None:
            rest += vehicles.pce * float(class_flow[c] @ vehicles.extra_min)
    sent, cap, limit, answer = work.store.sent, work.trips.cap, work.trips.limit, demand.answer
    if answer is None:
        return rest
    away = demand.pairs.origin != demand.pairs.destination
    sent, cap, limit = sent[away], cap[away], limit[away]
    if isinstance(answer, GiveUp):
        return rest + float((cap - sent) @ limit)
    some = sent > 0.0
    sent, cap, limit = sent[some], cap[some], limit[some]
    if isinstance(answer, Exponential):
        return rest - float(sent @ (limit + (1.0 - np.log(sent / cap)) / answer.theta))
    return rest - float(limit @ (sent - sent**2 / (2.0 * cap)))


def _possible_minutes(graph: RoadGraph, flow: Floats) -> Floats:
    """Return the minutes of every link; an InputError where a cost function gives none that are possible."""
    with np.errstate(over="ignore", invalid="ignore"):
        minutes = graph.minutes(flow)
    bad = np.flatnonzero(~(np.isfinite(minutes) & (minutes >= 0.0)))
    if len(bad):
        name = graph.names_of_links()[bad[0]]
        raise InputError(say("error.bad_minutes", link=name, found=float(minutes[bad[0]]), flow=float(flow[bad[0]])))
    return minutes


def solve(
    work: Workspace,
    gap: float,
    iterations: int,
    closed: Bools | None,
    progress: Callable[[int, float], bool | None] | None,
    *,
    paths: bool = True,
) -> Assignment:
    """Go on with a workspace that has been started until the gap is reached, and return what came of it."""
    ended = kernels.MORE
    while ended == kernels.MORE:
        left = iterations - int(work.progress[kernels.STEPS])
        if left <= 0:
            break
        ended = work.advance(gap, 1 if progress is not None else left)
        go_on = progress(int(work.progress[kernels.STEPS]), float(work.progress[kernels.GAP])) if progress else None
        if go_on is False:
            break
    if ended != kernels.DONE and work.progress[kernels.MOVING] != kernels.NOBODY:
        work.measure()
    return result_of(work, gap, closed, stalled=ended == kernels.STUCK, paths=paths)


def result_of(work: Workspace, gap: float, closed: Bools | None, *, stalled: bool, paths: bool = True) -> Assignment:
    """Return the solution in a workspace."""
    graph, demand = work.graph, work.demand
    classes = len(demand.classes)
    store = work.paths() if paths or classes > 1 else None
    flow = work.link_flow()
    minutes = _possible_minutes(graph, flow)
    pce = demand.pce
    od = work.od.copy()
    same = demand.pairs.origin == demand.pairs.destination
    sent = np.where(same, demand.vph, work.store.sent / pce)
    if demand.answer is None:
        sent = np.where(np.isfinite(od), demand.vph, 0.0)
    unserved = np.maximum(demand.vph - sent, 0.0)
    if store is None or classes == 1:
        class_flow = (flow / demand.classes[0].pce)[None, :]
    else:
        each = np.repeat(store.flow / pce[store.owner], np.diff(store.offsets))
        kind = np.repeat(demand.pairs.of_class[store.owner], np.diff(store.offsets))
        arcs = np.bincount(kind * work.net.arcs + store.arcs, each, classes * work.net.arcs)
        class_flow = np.stack([work.net.on_links(row) for row in arcs.astype(float).reshape(classes, -1)])
    time = float(np.sum(class_flow * minutes))
    for c, vehicles in enumerate(demand.classes):
        if vehicles.extra_min is not None:
            time += float(class_flow[c] @ vehicles.extra_min)
    charge = float(unserved @ work.trips.limit) if isinstance(demand.answer, GiveUp) else 0.0
    total, least = work.sums[kernels.TOTAL], work.sums[kernels.LEAST]
    found_gap = float(work.progress[kernels.GAP])
    return Assignment(
        network=graph,
        demand=demand,
        closed=closed,
        flow=flow,
        class_flow=class_flow,
        minutes=minutes,
        od_minutes=od,
        served=sent,
        unserved=unserved,
        relative_gap=found_gap,
        average_excess_cost=float((total - least) / max(float(work.store.sent.sum()), 1e-300)),
        objective=graph.objective(flow) + _rest_of_objective(demand, class_flow, work),
        total_travel_time=time,
        unserved_minutes=charge,
        iterations=int(work.progress[kernels.STEPS]),
        converged=found_gap <= gap,
        stalled=stalled,
        store=store,
    )
