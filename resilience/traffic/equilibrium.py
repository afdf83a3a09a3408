"""Static user equilibrium by path-based gradient projection, from nothing or from an earlier solution.

Wardrop's equilibrium is the minimum of Beckmann's objective sum_a int_0^{v_a} t_a(x) dx. Shortest paths are added
pair by pair (column generation) and flow is moved to the cheapest path of a pair with a Newton step: Jayakrishnan,
Tsai, Prashker & Rajadhyaksha (1994), "A faster path-based algorithm for traffic assignment".

Relative gap is (TSTT - SPTT) / TSTT at the costs of the solution, TSTT = sum over paths of flow times minutes and
SPTT = sum over pairs of flow times the minutes of the shortest path, flow in passenger-car units. Trips that stay at
home under `GiveUp` belong to both sums with their limit. Average excess cost is (TSTT - SPTT) / sum of flow, minutes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resilience.base.errors import InputError
from resilience.base.text import say
from resilience.traffic import kernels
from resilience.traffic.demand import Demand, Exponential, GiveUp, Linear
from resilience.traffic.graph import count
from resilience.traffic.memory import check_memory
from resilience.traffic.workspace import PathStore, Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from resilience.base.arrays import Bools, Floats, Ints
    from resilience.traffic.graph import RoadGraph
    from resilience.traffic.search import SearchGraph


@dataclass(frozen=True)
class Assignment:
    """An equilibrium: flows on links and paths, and how exact it is.

    Parameters
    ----------
    flow : passenger-car units/h of every link, shape (links,)
    class_flow : vehicles/h of every class, shape (classes, links)
    minutes : cost of every link, shape (links,); where tolls, distances or other fixed costs are in it, these and all
        times below are generalised minutes
    od_minutes : shortest cost of every pair (inf where there is no path), shape (pairs,)
    served, unserved : vehicles/h of every pair, shape (pairs,)
    relative_gap, average_excess_cost : as defined at the head of this file
    objective : what the equilibrium makes least: Beckmann's sum over links, what classes pay beyond it, and minus the
        area below the demand curve (`GiveUp`: plus the charge), in passenger-car units times minutes
    total_travel_time : vehicle-minutes per hour of those who travel
    unserved_minutes : what those who do not travel are charged under `GiveUp`, vehicle-minutes per hour
    iterations : passes of shortest paths over all origins
    converged, stalled : the gap was reached; there was no progress any more before it was
    store : the paths that carry flow; None where they were not asked for, see `Warm.assign`

    """

    network: RoadGraph = field(repr=False)
    demand: Demand = field(repr=False)
    closed: Bools | None = field(repr=False)
    flow: Floats = field(repr=False)
    class_flow: Floats = field(repr=False)
    minutes: Floats = field(repr=False)
    od_minutes: Floats = field(repr=False)
    served: Floats = field(repr=False)
    unserved: Floats = field(repr=False)
    relative_gap: float
    average_excess_cost: float
    objective: float
    total_travel_time: float
    unserved_minutes: float
    iterations: int
    converged: bool
    stalled: bool
    store: PathStore | None = field(repr=False)

    @property
    def search(self) -> SearchGraph:
        """The search graph whose arcs `store` speaks of."""
        return self.network.search(self.demand.pairs.ends)

    @property
    def total_cost(self) -> float:
        """Travel time of those who travel and charge of those who do not, vehicle-minutes per hour.

        inf where trips are not made and have no price, so that to lose trips never looks like an improvement: give the
        demand a `GiveUp`. nan for elastic demand, whose loss is that of `consumer_surplus`.
        """
        answer = self.demand.answer
        if answer is None and self.unserved.any():
            return np.inf
        if isinstance(answer, Exponential | Linear):
            return np.nan
        return self.total_travel_time + self.unserved_minutes

    @property
    def scale(self) -> float:
        """Travel time and charges as a size to hold a gap against, above 0, vehicle-minutes per hour."""
        return max(self.total_travel_time + self.unserved_minutes, 1e-12)

    @property
    def consumer_surplus(self) -> float:
        """What elastic demand is worth to travellers beyond what they bear, vehicle-minutes per hour; else nan.

        The area between the demand curve and the cost u: d / theta for `Exponential`, d (minutes - u) / 2 for `Linear`.
        """
        answer, made = self.demand.answer, self.demand.pairs.origin != self.demand.pairs.destination
        served, cost = self.served[made], self.od_minutes[made]
        if isinstance(answer, Exponential):
            return float(served.sum() / answer.theta)
        if isinstance(answer, Linear):
            limit = np.broadcast_to(np.asarray(answer.minutes, float), self.served.shape)[made]
            some = served > 0
            return float((served[some] * np.maximum(limit[some] - cost[some], 0.0)).sum() / 2.0)
        return np.nan

    @property
    def stored_paths(self) -> PathStore:
        """The paths that carry flow.

        Raises
        ------
        InputError
            They were not kept.

        """
        if self.store is None:
            raise InputError(say("error.no_paths"))
        return self.store

    @cached_property
    def paths(self) -> tuple[Ints, NDArray[np.int32], NDArray[np.int32], Floats]:
        """The paths link by link: offsets (paths + 1,), links in driving order, pair and flow of each path."""
        net, store = self.search, self.stored_paths
        length = np.diff(net.member_start)[store.arcs]
        total = np.concatenate([[0], np.cumsum(length)])
        begin = np.repeat(net.member_start[store.arcs] - total[:-1], length)
        links = net.members[begin + np.arange(total[-1])]
        return total[store.offsets], links, store.owner, store.flow

    def link_table(self) -> pd.DataFrame:
        """Return one row a link: from_node, to_node, flow, minutes, volume_capacity and the flow of each class."""
        graph = self.network
        nodes = graph.names_of_nodes()
        table = pd.DataFrame(
            {
                "from_node": nodes[graph.tail],
                "to_node": nodes[graph.head],
                "flow": self.flow,
                "minutes": np.where(self._shut, np.inf, self.minutes),
                "volume_capacity": self.flow / graph.capacity_vph,
                "closed": self._shut,
            },
            index=graph.names_of_links(),
        )
        if len(self.demand.classes) > 1:
            for c, vehicles in enumerate(self.demand.classes):
                table[f"flow_{vehicles.name}"] = self.class_flow[c]
        return table

    def pair_table(self) -> pd.DataFrame:
        """Return one row a pair: origin, destination, [vehicle], demand, served, unserved (vehicles/h), minutes."""
        nodes, pairs = self.network.names_of_nodes(), self.demand.pairs
        table = pd.DataFrame({"origin": nodes[pairs.origin], "destination": nodes[pairs.destination]})
        if len(self.demand.classes) > 1:
            table["vehicle"] = np.array([c.name for c in self.demand.classes])[pairs.of_class]
        table["demand"], table["served"], table["unserved"] = self.demand.vph, self.served, self.unserved
        table["minutes"] = self.od_minutes
        return table

    def path_table(self) -> pd.DataFrame:
        """Return one row a path that carries flow: origin, destination, flow (pcu/h), minutes, links (a tuple)."""
        offsets, links, owner, flow = self.paths
        nodes, names, pairs = self.network.names_of_nodes(), self.network.names_of_links(), self.demand.pairs
        cost = np.stack([self.minutes + (0.0 if c.extra_min is None else c.extra_min) for c in self.demand.classes])
        kind = np.repeat(pairs.of_class[owner], np.diff(offsets))
        summed = np.concatenate([[0.0], np.cumsum(cost[kind, links])])
        return pd.DataFrame(
            {
                "origin": nodes[pairs.origin[owner]],
                "destination": nodes[pairs.destination[owner]],
                "pair": owner,
                "flow": flow,
                "minutes": summed[offsets[1:]] - summed[offsets[:-1]],
                "links": [tuple(names[links[a:b]]) for a, b in pairwise(offsets)],
            }
        )

    @property
    def _shut(self) -> Bools:
        return np.zeros(self.network.links, np.bool_) if self.closed is None else self.closed


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
    iterations : most passes of shortest paths over all origins
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
    if isinstance(demand, pd.DataFrame):
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
