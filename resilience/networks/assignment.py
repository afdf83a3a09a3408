"""Static user equilibrium by path-based gradient projection, with warm starts.

Wardrop's equilibrium is the minimum of Beckmann's objective sum_a int_0^{v_a} t_a(x) dx. Shortest paths are added
pair by pair (column generation) and flow is moved to the cheapest path of a pair with a Newton step: Jayakrishnan,
Tsai, Prashker & Rajadhyaksha (1994), "A faster path-based algorithm for traffic assignment". Link cost: BPR,
t = t0 (1 + b (v/c)^p).

Relative gap here is (TSTT - SPTT) / TSTT, TSTT = sum_a v_a t_a, SPTT = sum_od d_od u_od at current costs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from resilience.errors import InputError
from resilience.networks.shortest import SearchGraph, arc_costs, contract, from_any, grow
from resilience.text import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


WARM_SWEEPS = 8


@dataclass(frozen=True)
class RoadGraph:
    """What the solver needs of a road network; nodes and links are numbered from 0.

    Parameters
    ----------
    nodes : number of nodes
    tail, head : node numbers of every link, shape (links,)
    free_flow_min, capacity_vph, b, power : BPR parameters, shape (links,)
    fixed_min : flow-independent cost such as a toll in minutes, shape (links,)
    barred : nodes that no path may pass through (zone centroids), shape (nodes,)

    """

    nodes: int
    tail: Ints
    head: Ints
    free_flow_min: Floats
    capacity_vph: Floats
    b: Floats
    power: Floats
    fixed_min: Floats
    barred: NDArray[np.bool_]
    _prepared: dict[bytes, Any] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, values, good in (
            ("capacity_vph", self.capacity_vph, self.capacity_vph > 0),
            ("free_flow_min", self.free_flow_min, self.free_flow_min >= 0),
            ("b", self.b, self.b >= 0),
            ("power", self.power, self.power >= 0),
        ):
            bad = np.flatnonzero(~(good & np.isfinite(values)))
            if len(bad):
                raise InputError(
                    say("error.bad_link_value", column=name, link=int(bad[0]), found=float(values[bad[0]]))
                )

    def search(self, pairs: Pairs) -> SearchGraph:
        """Return the graph prepared for searches between the ends of the pairs, made once per topology."""
        ends = np.unique(np.concatenate([pairs.origin, pairs.destination]))
        key = ends.tobytes()
        if key not in self._prepared:
            self._prepared[key] = contract(self.tail, self.head, self.barred, ends)
        found: SearchGraph = self._prepared[key]
        return found

    def star(self, *, reverse: bool = False) -> tuple[Ints, Ints]:
        """Return the links sorted by tail (by head in reverse): offsets (nodes + 1,) and link numbers (links,)."""
        key = b"reverse" if reverse else b"forward"
        if key not in self._prepared:
            start = self.head if reverse else self.tail
            counts = np.bincount(start, minlength=self.nodes)
            offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
            self._prepared[key] = (offsets, np.argsort(start, kind="stable").astype(np.int64))
        found: tuple[Ints, Ints] = self._prepared[key]
        return found

    @property
    def cost_parts(self) -> tuple[Floats, Floats, Floats, Floats, Floats]:
        """The arrays that make the cost of links, in the order of the kernels."""
        return self.free_flow_min, self.capacity_vph, self.b, self.power, self.fixed_min

    def minutes(self, flow: Floats) -> Floats:
        """Return the cost of every link at the given flow (vehicles/h), minutes."""
        ratio = flow / self.capacity_vph
        return self.free_flow_min * (1.0 + self.b * ratio**self.power) + self.fixed_min

    def objective(self, flow: Floats) -> float:
        """Return Beckmann's objective, vehicle-minutes."""
        ratio = flow / self.capacity_vph
        grown = self.free_flow_min * (1.0 + self.b * ratio**self.power / (self.power + 1.0)) + self.fixed_min
        return float(np.sum(flow * grown))

    def with_state(self, *, speed: Floats, capacity: Floats) -> RoadGraph:
        """Return the network with free-flow speed and capacity scaled by factors in (0, 1], shape (links,)."""
        return replace(self, free_flow_min=self.free_flow_min / speed, capacity_vph=self.capacity_vph * capacity)


@dataclass(frozen=True)
class Pairs:
    """Origin-destination pairs sorted by origin: node numbers of shape (pairs,)."""

    origin: Ints
    destination: Ints

    def __post_init__(self) -> None:
        if len(self.origin) and (np.diff(self.origin) < 0).any():
            raise InputError(say("error.pairs_not_sorted"))


@dataclass(frozen=True)
class Assignment:
    """An equilibrium: flows on links and paths, and how exact it is.

    `od_minutes` is the shortest time of every pair at the final flows (inf where there is no path);
    `paths` holds the path store (offsets, links, pair of each path, flow of each path) for warm starts.
    """

    flow: Floats
    minutes: Floats
    od_minutes: Floats
    served: Floats
    unserved: Floats
    relative_gap: float
    average_excess_cost: float
    objective: float
    total_travel_time: float
    iterations: int
    converged: bool
    paths: tuple[Ints, NDArray[np.int32], NDArray[np.int32], Floats] = field(repr=False)


def assign(
    graph: RoadGraph,
    pairs: Pairs,
    demand: Floats,
    *,
    gap: float,
    iterations: int = 1000,
    closed: NDArray[np.bool_] | None = None,
    warm: Assignment | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> Assignment:
    """Return the user equilibrium of `demand` (vehicles/h per pair) on the open links of `graph`.

    Pairs without a path stay unserved. Within one process and between processes the answer is the same bytes for
    the same arguments; `warm` (an earlier result for the same pairs) changes the answer within the gap only.

    Raises
    ------
    InputError
        Demand is negative or not finite, the gap is not positive, or `warm` belongs to other pairs.

    """
    if not (np.isfinite(demand).all() and (demand >= 0).all()):
        raise InputError(say("error.bad_demand"))
    if not (np.isfinite(gap) and gap > 0):
        raise InputError(say("error.bad_gap", found=gap))
    if len(pairs.origin) == 0:
        raise InputError(say("error.no_demand"))
    shut = np.zeros(len(graph.tail), np.bool_) if closed is None else np.asarray(closed, np.bool_)
    net = graph.search(pairs)
    origin, destination = net.number[pairs.origin], net.number[pairs.destination]
    topology = (net.offsets, net.tail, net.head, net.member_start, net.members, net.sink)
    if warm is None:
        state = (np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0))
    else:
        if len(warm.od_minutes) != len(demand):
            raise InputError(say("error.warm_mismatch"))
        state = warm.paths
    cost_parts = graph.cost_parts
    state, flow = _restart(state, demand, shut, len(graph.tail))
    count, found_gap, best = 0, np.inf, np.inf
    stalled = 0
    everyone = np.ones(len(demand), np.bool_)
    if warm is not None:
        state, flow = _equalise(state, flow, len(demand), WARM_SWEEPS, gap, *cost_parts)
    while True:
        state, flow, od_minutes, tstt, sptt = _columns(
            *topology, shut, origin, destination, demand, everyone, True, state, flow, *cost_parts
        )
        found_gap = (tstt - sptt) / tstt if tstt > 0 else 0.0
        if progress is not None:
            progress(count, found_gap)
        stalled = 0 if found_gap < 0.9 * best else stalled + 1
        best = min(best, found_gap)
        if found_gap <= gap or count >= iterations or stalled > 50:
            break
        sweeps = 4 if found_gap > 1e-3 else 12
        state, flow = _equalise(state, flow, len(demand), sweeps, found_gap, *cost_parts)
        count += 1
    minutes = graph.minutes(flow)
    served = np.where(np.isfinite(od_minutes), demand, 0.0)
    return Assignment(
        flow=flow,
        minutes=minutes,
        od_minutes=od_minutes,
        served=served,
        unserved=demand - served,
        relative_gap=float(found_gap),
        average_excess_cost=float((tstt - sptt) / max(served.sum(), 1e-300)),
        objective=graph.objective(flow),
        total_travel_time=float(np.sum(flow * minutes)),
        iterations=count,
        converged=bool(found_gap <= gap),
        paths=state,
    )


def skim(
    graph: RoadGraph, pairs: Pairs, minutes: Floats, *, closed: NDArray[np.bool_], wanted: NDArray[np.bool_]
) -> Floats:
    """Return the shortest minutes of the wanted pairs at fixed link costs, shape (pairs,); nan where not wanted."""
    net = graph.search(pairs)
    cost = np.empty(len(net.tail))
    arc_costs(net.member_start, net.members, minutes, closed, cost)
    origin, destination = net.number[pairs.origin], net.number[pairs.destination]
    return np.asarray(_skim(net.offsets, net.head, cost, net.sink, origin, destination, wanted))


def look_ahead(
    graph: RoadGraph, pairs: Pairs, earlier: Assignment, *, closed: NDArray[np.bool_], wanted: NDArray[np.bool_]
) -> tuple[Floats, Assignment]:
    """Return what the wanted pairs would meet on a changed network with the traffic of an earlier solution.

    Returns
    -------
    minutes : shortest minutes, shape (pairs,); nan where not wanted, inf without a path
    warm : the earlier solution with the new shortest paths in its store (without flow), to start `assign` from

    """
    net = graph.search(pairs)
    origin, destination = net.number[pairs.origin], net.number[pairs.destination]
    topology = (net.offsets, net.tail, net.head, net.member_start, net.members, net.sink)
    ones = np.ones(len(pairs.origin))
    state, _, minutes, _, _ = _columns(
        *topology, closed, origin, destination, ones, wanted, False, earlier.paths, earlier.flow, *graph.cost_parts
    )
    return np.where(wanted, minutes, np.nan), replace(earlier, paths=state)


def minutes_to_nearest(graph: RoadGraph, targets: Ints, minutes: Floats, closed: NDArray[np.bool_]) -> Floats:
    """Return the minutes from every node to the nearest of the target nodes, shape (nodes,); inf without a path."""
    offsets, order = graph.star(reverse=True)
    return np.asarray(
        from_any(offsets, order, graph.tail, closed, minutes, graph.barred, np.asarray(targets, np.int64))
    )


def nodes_within(graph: RoadGraph, sources: Ints, minutes: Floats, closed: NDArray[np.bool_]) -> Floats:
    """Return the minutes to every node from the nearest source node, shape (nodes,); inf without a path."""
    offsets, order = graph.star()
    return np.asarray(
        from_any(offsets, order, graph.head, closed, minutes, graph.barred, np.asarray(sources, np.int64))
    )


# ---------------------------------------------------------------------------------------------- kernels


@njit(cache=True)
def _link_minutes(v: float, t0: float, c: float, b: float, p: float, fixed: float) -> float:
    if b == 0.0 or (v <= 0.0 and p > 0.0):
        return t0 + fixed
    ratio = v / c
    if p == 4.0:
        square = ratio * ratio
        return t0 * (1.0 + b * square * square) + fixed
    return t0 * (1.0 + b * ratio**p) + fixed


@njit(cache=True)
def _link_slope(v: float, t0: float, c: float, b: float, p: float) -> float:
    if b == 0.0 or p == 0.0:
        return 0.0
    if v <= 0.0:
        return t0 * b / c if p == 1.0 else 0.0
    ratio = v / c
    if p == 4.0:
        return t0 * b * 4.0 * ratio * ratio * ratio / c
    return t0 * b * p * ratio ** (p - 1.0) / c


@njit(cache=True)
def _skim(offsets: Any, head: Any, cost: Any, sink: Any, origin: Any, destination: Any, wanted: Any) -> Any:
    n, pairs = len(offsets) - 1, len(origin)
    label, via = np.empty(n), np.empty(n, np.int64)
    queue = np.empty(n, np.int32)
    result = np.full(pairs, np.nan)
    first = 0
    while first < pairs:
        last, some = first, False
        while last < pairs and origin[last] == origin[first]:
            some = some or wanted[last]
            last += 1
        if some:
            grow(offsets, head, cost, sink, origin[first], label, via, queue)
            for k in range(first, last):
                if wanted[k]:
                    result[k] = label[destination[k]]
        first = last
    return result


@njit(cache=True)
def _flows(links: int, offsets: Any, store: Any, flows: Any) -> Any:
    flow = np.zeros(links)
    for path in range(len(flows)):
        if flows[path] > 0.0:
            for k in range(offsets[path], offsets[path + 1]):
                flow[store[k]] += flows[path]
    return flow


@njit(cache=True)
def _restart(state: Any, demand: Any, shut: Any, links: int) -> Any:
    """Drop paths over shut links and scale the flows of each pair to its demand."""
    offsets, store, owner, flows = state
    pairs = len(demand)
    kept, kept_links = 0, 0
    good = np.ones(len(owner), np.bool_)
    carried = np.zeros(pairs)
    for path in range(len(owner)):
        if demand[owner[path]] <= 0.0:
            good[path] = False
            continue
        for k in range(offsets[path], offsets[path + 1]):
            if shut[store[k]]:
                good[path] = False
                break
        if good[path]:
            kept += 1
            kept_links += offsets[path + 1] - offsets[path]
            carried[owner[path]] += flows[path]
    new_offsets, new_store = np.zeros(kept + 1, np.int64), np.empty(kept_links, np.int32)
    new_owner, new_flows = np.empty(kept, np.int32), np.empty(kept)
    at, end = 0, 0
    seen = np.zeros(pairs, np.bool_)
    for path in range(len(owner)):
        if not good[path]:
            continue
        pair = owner[path]
        for k in range(offsets[path], offsets[path + 1]):
            new_store[end] = store[k]
            end += 1
        new_owner[at] = pair
        if carried[pair] > 0.0:
            new_flows[at] = flows[path] * demand[pair] / carried[pair]
        elif not seen[pair]:
            new_flows[at] = demand[pair]
        else:
            new_flows[at] = 0.0
        seen[pair] = True
        at += 1
        new_offsets[at] = end
    flow = _flows(links, new_offsets, new_store, new_flows)
    return (new_offsets, new_store, new_owner, new_flows), flow


@njit(cache=True)
def _columns(
    offsets: Any, tail: Any, head: Any, member_start: Any, members: Any, sink: Any, shut: Any, origin: Any,
    destination: Any, demand: Any, wanted: Any, load: bool, state: Any, flow: Any, t0: Any, c: Any, b: Any, p: Any,
    fixed: Any,
) -> Any:  # fmt: skip
    """One pass of shortest paths: measure the gap and add every path that is shorter than those in the store.

    The costs stand still during a pass that only adds paths to pairs which have one. With `load`, a pair without a
    path puts all its demand on its shortest path at once, and costs follow origin by origin, so that a cold start is
    no all-or-nothing heap on the same links; the gap of such a pass is then infinite by definition. Origins without
    a wanted pair are passed over (the gap then says nothing).
    """
    links, n, pairs = len(t0), len(offsets) - 1, len(origin)
    p_offsets, store, owner, flows = state
    paths = len(owner)
    cost = np.empty(links)
    for a in range(links):
        cost[a] = np.inf if shut[a] else _link_minutes(flow[a], t0[a], c[a], b[a], p[a], fixed[a])
    tstt = 0.0
    for a in range(links):
        if flow[a] > 0.0:
            tstt += flow[a] * cost[a]
    # the paths of the store, pair by pair
    count = np.zeros(pairs + 1, np.int64)
    for path in range(paths):
        count[owner[path] + 1] += 1
    for k in range(pairs):
        count[k + 1] += count[k]
    best = np.full(pairs, np.inf)
    for path in range(paths):
        total = 0.0
        for k in range(p_offsets[path], p_offsets[path + 1]):
            total += cost[store[k]]
        best[owner[path]] = min(best[owner[path]], total)
    label, via = np.empty(n), np.empty(n, np.int64)
    queue = np.empty(n, np.int32)
    arc_cost = np.empty(len(tail))
    arc_costs(member_start, members, cost, shut, arc_cost)
    od = np.full(pairs, np.inf)
    new_owner = np.empty(pairs, np.int32)
    new_flows = np.empty(pairs)
    new_ends = np.empty(pairs, np.int64)
    new_store = np.empty(max(16, pairs * 8), np.int32)
    new_paths, new_links = 0, 0
    sptt, cold = 0.0, False
    first = 0
    while first < pairs:
        o, last, some = origin[first], first, False
        while last < pairs and origin[last] == o:
            some = some or wanted[last]
            last += 1
        if not some:
            first = last
            continue
        grow(offsets, head, arc_cost, sink, o, label, via, queue)
        moved = False
        for k in range(first, last):
            goal = destination[k]
            od[k] = label[goal]
            if not wanted[k] or demand[k] <= 0.0 or not np.isfinite(od[k]):
                continue
            sptt += demand[k] * od[k]
            if goal == o or od[k] >= best[k] * (1.0 - 1e-12):
                continue
            node = goal
            while node != o:
                arc = via[node]
                if new_links + member_start[arc + 1] - member_start[arc] > len(new_store):
                    bigger = np.empty(2 * len(new_store) + member_start[arc + 1] - member_start[arc], np.int32)
                    bigger[:new_links] = new_store[:new_links]
                    new_store = bigger
                for at in range(member_start[arc], member_start[arc + 1]):
                    new_store[new_links] = members[at]
                    new_links += 1
                node = tail[arc]
            new_owner[new_paths] = k
            new_ends[new_paths] = new_links
            new_flows[new_paths] = 0.0
            if load and count[k + 1] == count[k]:
                new_flows[new_paths] = demand[k]
                begin = new_ends[new_paths - 1] if new_paths > 0 else 0
                for at in range(begin, new_links):
                    flow[new_store[at]] += demand[k]
                moved = True
            new_paths += 1
        if moved:
            cold = True
            for a in range(links):
                if not shut[a]:
                    cost[a] = _link_minutes(flow[a], t0[a], c[a], b[a], p[a], fixed[a])
            arc_costs(member_start, members, cost, shut, arc_cost)
        first = last
    if cold:
        tstt, sptt = 1.0, -np.inf
    # merge old and new paths, sorted by pair, old ones first
    if new_paths > 0:
        lengths = np.zeros(pairs + 1, np.int64)
        for path in range(paths):
            lengths[owner[path] + 1] += p_offsets[path + 1] - p_offsets[path]
        for path in range(new_paths):
            begin = new_ends[path - 1] if path > 0 else 0
            lengths[new_owner[path] + 1] += new_ends[path] - begin
        total_paths = paths + new_paths
        m_offsets, m_store = np.zeros(total_paths + 1, np.int64), np.empty(lengths.sum(), np.int32)
        m_owner, m_flows = np.empty(total_paths, np.int32), np.empty(total_paths)
        old, new, at, end = 0, 0, 0, 0
        while old < paths or new < new_paths:
            if old < paths and (new == new_paths or owner[old] <= new_owner[new]):
                for k in range(p_offsets[old], p_offsets[old + 1]):
                    m_store[end] = store[k]
                    end += 1
                m_owner[at] = owner[old]
                m_flows[at] = flows[old]
                old += 1
            else:
                begin = new_ends[new - 1] if new > 0 else 0
                for k in range(begin, new_ends[new]):
                    m_store[end] = new_store[k]
                    end += 1
                m_owner[at] = new_owner[new]
                m_flows[at] = new_flows[new]
                new += 1
            at += 1
            m_offsets[at] = end
        state = (m_offsets, m_store, m_owner, m_flows)
    return state, flow, od, tstt, sptt


@njit(cache=True)
def _equalise(
    state: Any, flow: Any, pairs: int, sweeps: int, gap: float, t0: Any, c: Any, b: Any, p: Any, fixed: Any
) -> Any:
    """Sweep over the pairs with more than one path and move flow to the cheapest, costs following each move."""
    offsets, store, owner, flows = state
    links, paths = len(t0), len(owner)
    cost, slope = np.empty(links), np.empty(links)
    for a in range(links):
        cost[a] = _link_minutes(flow[a], t0[a], c[a], b[a], p[a], fixed[a])
        slope[a] = _link_slope(flow[a], t0[a], c[a], b[a], p[a])
    mark = np.zeros(links, np.int64)
    stamp = 0
    quiet = np.zeros(pairs, np.int64)
    for sweep in range(sweeps):
        first = 0
        while first < paths:
            last = first + 1
            while last < paths and owner[last] == owner[first]:
                last += 1
            pair = owner[first]
            if last - first == 1 or quiet[pair] > sweep:
                first = last
                continue
            cheapest, least = first, np.inf
            for path in range(first, last):
                total = 0.0
                for k in range(offsets[path], offsets[path + 1]):
                    total += cost[store[k]]
                if total < least:
                    cheapest, least = path, total
            worst = 0.0
            for path in range(first, last):
                if path == cheapest or flows[path] <= 0.0:
                    continue
                # mark: stamp on links of the cheapest path alone, -stamp on links that both share
                stamp += 1
                total, rival, bend = 0.0, 0.0, 0.0
                for k in range(offsets[cheapest], offsets[cheapest + 1]):
                    mark[store[k]] = stamp
                    rival += cost[store[k]]
                for k in range(offsets[path], offsets[path + 1]):
                    a = store[k]
                    total += cost[a]
                    if mark[a] == stamp:
                        mark[a] = -stamp
                    else:
                        bend += slope[a]
                excess = total - rival
                if excess <= 0.0:
                    continue
                for k in range(offsets[cheapest], offsets[cheapest + 1]):
                    if mark[store[k]] == stamp:
                        bend += slope[store[k]]
                worst = max(worst, excess / total)
                shift = flows[path] if bend <= 0.0 else min(flows[path], excess / bend)
                flows[path] -= shift
                flows[cheapest] += shift
                for k in range(offsets[path], offsets[path + 1]):
                    a = store[k]
                    if mark[a] != -stamp:
                        flow[a] = max(flow[a] - shift, 0.0)
                        cost[a] = _link_minutes(flow[a], t0[a], c[a], b[a], p[a], fixed[a])
                        slope[a] = _link_slope(flow[a], t0[a], c[a], b[a], p[a])
                for k in range(offsets[cheapest], offsets[cheapest + 1]):
                    a = store[k]
                    if mark[a] == stamp:
                        flow[a] += shift
                        cost[a] = _link_minutes(flow[a], t0[a], c[a], b[a], p[a], fixed[a])
                        slope[a] = _link_slope(flow[a], t0[a], c[a], b[a], p[a])
            if worst < 0.01 * gap:
                quiet[pair] = sweep + 3
            first = last
    # drop paths that carry nothing, keeping one per pair
    kept, kept_links = 0, 0
    keep = np.zeros(paths, np.bool_)
    for path in range(paths):
        if flows[path] > 0.0:
            keep[path] = True
            kept += 1
            kept_links += offsets[path + 1] - offsets[path]
    new_offsets, new_store = np.zeros(kept + 1, np.int64), np.empty(kept_links, np.int32)
    new_owner, new_flows = np.empty(kept, np.int32), np.empty(kept)
    at, end = 0, 0
    for path in range(paths):
        if keep[path]:
            for k in range(offsets[path], offsets[path + 1]):
                new_store[end] = store[k]
                end += 1
            new_owner[at] = owner[path]
            new_flows[at] = flows[path]
            at += 1
            new_offsets[at] = end
    flow = _flows(links, new_offsets, new_store, new_flows)
    return (new_offsets, new_store, new_owner, new_flows), flow
