"""Stochastic user equilibrium, logit: drivers who know the minutes of their ways only roughly.

Of the ways k of a pair the share exp(-theta c_k) / sum_j exp(-theta c_j) takes each, c_k its minutes at the very
flows that come of it: Fisk (1980, doi:10.1016/0191-2615(80)90004-1), where c_k + ln(f_k) / theta is the same for all
ways of a pair. What a pair expects of its best way is the satisfaction -ln(sum_k exp(-theta c_k)) / theta, the mean of
the least perceived minutes: Williams (1977, doi:10.1068/a090285). It lies below the minutes of the shortest way.

Which ways there are is part of the model, and ways that share links count as if they had nothing in common:

link    all ways over links that lead away from the origin, by minutes on empty open roads, without naming them: Dial
        (1971, doi:10.1016/0041-1647(71)90012-8). The links are chosen once and kept, so that there is one fixed point:
        Leurent (1997), "Curbing the computational difficulty of the logit equilibrium assignment model", hal-00348419.
        With a large theta this is the user equilibrium among those ways only: 11 % more minutes than the user
        equilibrium on Sioux Falls, where congestion turns ways around. By the minutes of a user equilibrium instead of
        empty roads (`base`) all its paths are among them, and a large theta leads there.
path    the paths of a user equilibrium, and the shortest at the flows of now until no pair has one that is not known.
        With a large theta this is the user equilibrium.

The fixed point v = y(v), with y(v) the flows that the minutes at flows v bring about, is found by self-regulated
averaging, Liu, He & He (2009, doi:10.1007/s11067-007-9023-x), and each step is mixed with the last few after Anderson
(1965, doi:10.1145/321296.321305). On Sioux Falls, Anaheim and Chicago Sketch, whole and with closures, with theta 0.1
to 50 per minute, a residual of 1e-4 takes 41 loadings in the geometric mean and 102 without mixing, one of 1e-6 takes
56 and 165. Successive averages (1/n) do not come to 1e-6 within 2,000. Where theta is so large that the user
equilibrium is near (from 10 per minute on in jammed networks) the search is slow or stalls, and says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numba import njit
from scipy.sparse import csr_array
from scipy.sparse.linalg import lsmr

from resilience.base.arrays import sums
from resilience.base.errors import InputError, near
from resilience.base.text import say
from resilience.traffic.demand import Demand
from resilience.traffic.equilibrium.equilibrium import assign, check, check_start
from resilience.traffic.equilibrium.workspace import PathStore
from resilience.traffic.search import NONE, arrive, grow, pop, sift

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from resilience.base.arrays import Bools, Floats, Ints, Unsigned
    from resilience.traffic.equilibrium.solution import Assignment
    from resilience.traffic.graph import RoadGraph

    Progress = Callable[[int, float], bool | None]

LOADINGS = ("link", "path")
LEAST_THETA, MOST_THETA = 1e-9, 1e6  # per minute: below, minutes never matter; above, exponents lose their digits
MORE, LESS = 1.5, 0.1  # what averaging adds to its divisor where the residual grew and where it fell: fewest loadings
MEMORY = 5  # steps that are mixed: with 3 and with 8 some of the networks named above took longer
TOO_FAR = 3.0  # a residual so many times the least one takes the mixing back there; 1.5 and endless did worse
ALIKE = 1e-3  # sine of the angle below which a past step says nothing that later ones do not; 1e-1 took longer
LONGEST = 10.0  # a past step is not extended farther: 3 and 30 took longer, and with 1,000 rounding multiplied
PAUSE = 100  # loadings without progress (no residual under 0.9 of the least) that make mixing pause until there is some
PATIENCE = 300  # loadings without progress after which the search ends; there whatever led on did so within 99
ROUNDING = 1e-12  # share of all flow that a node may lack; real networks stay below 1e-14
PATH_GAP = 1e-4  # of the user equilibrium that gives the first paths; what it misses is found on the way
CLOSER = 1e-9  # share by which a way must be shorter than those known to be a new one: far above rounding
SAME = 1e-12  # share of the largest distance below which two distances are one: some thousand roundings
MOST_BUSH_BYTES = 512e6  # above this the links that lead away are chosen anew in every loading


@dataclass(frozen=True)
class LogitAssignment:
    """A stochastic equilibrium: flows on links, what the ways cost, and how exact it is.

    Parameters
    ----------
    theta : how well minutes are known, per minute
    loading : "link" or "path", as at the head of this file
    flow : passenger-car units/h of every link, shape (links,)
    minutes : cost of every link at that flow, shape (links,)
    od_minutes : mean minutes that the trips of every pair take (inf where there is no way), shape (pairs,)
    satisfaction : mean of the least perceived minutes of every pair (inf where there is no way), shape (pairs,)
    served, unserved : vehicles/h of every pair, shape (pairs,)
    total_travel_time : vehicle-minutes per hour
    residual : sum over links of |y(v) - v| over the sum of v, at the flows v
    iterations : loadings until the residual was small enough
    converged, stalled : the gap was reached; there was no progress any more before it was
    store : with loading "path" the paths and their flow, on the arcs of `network.search` of the ends of the pairs

    """

    network: RoadGraph = field(repr=False)
    demand: Demand = field(repr=False)
    closed: Bools | None = field(repr=False)
    theta: float
    loading: str
    flow: Floats = field(repr=False)
    minutes: Floats = field(repr=False)
    od_minutes: Floats = field(repr=False)
    satisfaction: Floats = field(repr=False)
    served: Floats = field(repr=False)
    unserved: Floats = field(repr=False)
    total_travel_time: float
    residual: float
    iterations: int
    converged: bool
    stalled: bool
    store: PathStore | None = field(repr=False)

    def link_table(self) -> pd.DataFrame:
        """Return one row a link: from_node, to_node, flow (pcu/h), minutes (inf: closed), volume_capacity, closed."""
        graph = self.network
        nodes = graph.names_of_nodes()
        shut = np.zeros(graph.links, np.bool_) if self.closed is None else self.closed
        return pd.DataFrame(
            {
                "from_node": nodes[graph.tail],
                "to_node": nodes[graph.head],
                "flow": self.flow,
                "minutes": np.where(shut, np.inf, self.minutes),
                "volume_capacity": self.flow / graph.capacity_vph,
                "closed": shut,
            },
            index=graph.names_of_links(),
        )

    def pair_table(self) -> pd.DataFrame:
        """Return one row a pair: origin, destination, demand, served, unserved (vehicles/h), minutes, satisfaction."""
        nodes, pairs = self.network.names_of_nodes(), self.demand.pairs
        return pd.DataFrame(
            {
                "origin": nodes[pairs.origin],
                "destination": nodes[pairs.destination],
                "demand": self.demand.vph,
                "served": self.served,
                "unserved": self.unserved,
                "minutes": self.od_minutes,
                "satisfaction": self.satisfaction,
            }
        )


def assign_logit(
    network: RoadGraph,
    demand: Demand | pd.DataFrame,
    *,
    theta: float,
    loading: str = "link",
    gap: float = 1e-4,
    iterations: int = 1000,
    closed: NDArray[np.bool_] | None = None,
    base: Assignment | None = None,
    progress: Progress | None = None,
) -> LogitAssignment:
    """Return the stochastic user equilibrium (logit) of a demand on the open links of a network.

    Pairs without a way stay unserved. The answer is the same bytes for the same arguments.

    Parameters
    ----------
    demand : or a table for `Demand.from_table`; of one vehicle class, without an answer
    theta : how well drivers know minutes, per minute: with 0.1 a way that takes 10 minutes more is taken e = 2.7 times
        less often
    loading : which ways there are, "link" or "path", as at the head of this file
    gap : residual to reach. Since more traffic never makes a link faster, flows are about as far from the fixed point
        as from their own answer: 1e-4 means a hundredth of a percent
    iterations : most loadings; with theta up to 1 per minute and a gap of 1e-4 the networks named above took up to 95
    closed : links that nobody may use, shape (links,)
    base : a user equilibrium of the same pairs. With loading "path" the one whose paths to begin with; None: it is
        solved here. With loading "link" the one whose minutes tell which links lead away; None: those of empty roads
    progress : called with iteration and residual after each loading; where it returns False, the search ends there

    Raises
    ------
    InputError
        theta, gap or loading is not possible, demand has several classes or an answer, or `closed` or `base` belongs
        to another network or other pairs.

    """
    if isinstance(demand, pd.DataFrame):
        demand = Demand.from_table(network, demand)
    check(network, demand, gap, iterations, closed)
    _check(network, demand, theta, loading, base)
    streets = _Streets.of(network, demand, closed)
    ways: _LinkWays | _PathWays
    if loading == "link":
        ways = _LinkWays(streets, theta, np.zeros(network.links) if base is None else base.flow)
    else:
        if base is None:
            base = assign(network, demand, gap=PATH_GAP, closed=closed)
        ways = _PathWays(streets, theta, base)
    search = _Search(streets, ways, gap, iterations, progress)
    search.run()
    return _result(search, closed)


def _check(network: RoadGraph, demand: Demand, theta: float, loading: str, base: Assignment | None) -> None:
    if not LEAST_THETA <= theta <= MOST_THETA:
        raise InputError(say("error.logit_theta", low=LEAST_THETA, high=MOST_THETA, found=theta))
    if loading not in LOADINGS:
        raise InputError(say("error.logit_loading", found=loading, expected=near(loading, LOADINGS)))
    if len(demand.classes) != 1:
        raise InputError(say("error.logit_classes", found=len(demand.classes)))
    if demand.answer is not None:
        raise InputError(say("error.logit_answer", found=type(demand.answer).__name__))
    if base is not None:
        check_start(network, demand, base)


# ------------------------------------------------------------------------------------------ the fixed point


@dataclass(frozen=True)
class _Streets:
    """What the ways lead over, and who travels: one class of vehicles on its open links."""

    network: RoadGraph
    demand: Demand
    shut: Bools
    extra: Floats
    first: Ints
    origin: Ints
    pcu: Floats

    @classmethod
    def of(cls, network: RoadGraph, demand: Demand, closed: Bools | None) -> _Streets:
        vehicles, origin = demand.classes[0], demand.pairs.origin
        shut = np.zeros(network.links, np.bool_) if closed is None else np.asarray(closed, np.bool_)
        begins = np.flatnonzero(np.r_[True, np.diff(origin) != 0])
        return cls(
            network=network,
            demand=demand,
            shut=shut if vehicles.closed is None else shut | np.asarray(vehicles.closed, np.bool_),
            extra=np.zeros(network.links) if vehicles.extra_min is None else np.asarray(vehicles.extra_min, float),
            first=np.r_[begins, len(origin)].astype(np.int64),
            origin=origin[begins],
            pcu=demand.vph * demand.pce,
        )

    def cost(self, flow: Floats) -> Floats:
        """Return what each link costs this class at a flow, minutes."""
        return self.network.minutes(flow) + self.extra

    def balance(self, flow: Floats) -> Floats:
        """Return the flow out of each node less the flow into it, shape (nodes,)."""
        network = self.network
        return sums(network.tail, flow, network.nodes) - sums(network.head, flow, network.nodes)


class _Averaging:
    """The next flows to try: self-regulated averaging, mixed with the last steps as long as that leads on."""

    def __init__(self) -> None:
        self.divisor = 1.0 - LESS  # so that the first step goes all the way
        self.last = self.mark = np.inf
        self.since = 0
        self.best: tuple[float, Floats, Floats] | None = None
        self.flows: list[Floats] = []
        self.changes: list[Floats] = []

    def next(self, flow: Floats, change: Floats, residual: float) -> Floats:
        """Return the flows after those that were just tried, of which `change` = y(v) - v and its size are given."""
        self.mark, self.since = (residual, 0) if residual < 0.9 * self.mark else (self.mark, self.since + 1)
        self.divisor += MORE if residual >= self.last else LESS
        self.last = residual
        if self.best is None or residual < self.best[0]:
            self.best = residual, flow, change
        elif residual > TOO_FAR * self.best[0] and len(self.flows) > 1:
            self.last, flow, change = self.best
            self.flows, self.changes = [], []
        apart = np.zeros(len(flow)) if self.since > PAUSE else self._mix(flow, change)
        self.flows, self.changes = [*self.flows, flow][-MEMORY:], [*self.changes, change][-MEMORY:]
        plain = flow + change / self.divisor
        low = plain + apart < 0.0
        share = float(np.min(plain[low] / -apart[low])) if low.any() else 1.0
        return np.maximum(plain + share * apart, 0.0)

    def _mix(self, flow: Floats, change: Floats) -> Floats:
        """Return what to add to the plain step: towards the mix of past flows whose changes all but cancel."""
        basis: list[tuple[Floats, Floats]] = []
        apart = np.zeros(len(flow))
        for past, turned in zip(reversed(self.flows), reversed(self.changes), strict=True):
            step, turn = past - flow, turned - change
            size = _norm(turn)
            for known_step, known_turn in basis:
                part = float((turn * known_turn).sum())
                step, turn = step - part * known_step, turn - part * known_turn
            rest = _norm(turn)
            along = float((turn * change).sum())
            if rest > ALIKE * size and abs(along) <= LONGEST * rest**2:
                apart -= along / rest**2 * (step + turn / self.divisor)
                basis.append((step / rest, turn / rest))
        return apart


def _norm(values: Floats) -> float:
    return math.sqrt(float((values * values).sum()))  # not by BLAS, whose sums depend on the number of threads


class _Search:
    """The search for the fixed point, on whatever ways there are."""

    def __init__(
        self, streets: _Streets, ways: _LinkWays | _PathWays, gap: float, iterations: int, progress: Progress | None
    ) -> None:
        self.streets, self.ways = streets, ways
        self.gap, self.most, self.progress = gap, iterations, progress
        self.flow = ways.load(streets.cost(np.zeros(streets.network.links)))
        self.balance = streets.balance(self.flow)
        self.iterations, self.stopped, self.stalled, self.complete = 0, False, False, False

    def run(self) -> None:
        """Find the fixed point, with all the ways that belong to it."""
        while not self.complete and self._settle():
            self.complete = not self.ways.extend(self.streets.cost(self.flow))

    def _settle(self) -> bool:
        """Find the fixed point on the ways known by now; return whether the gap was reached."""
        averaging, flow, least = _Averaging(), self.flow, np.inf
        while self.iterations < self.most and not self.stopped and not self.stalled:
            change = self.ways.load(self.streets.cost(flow)) - flow
            self.iterations += 1
            residual = _residual(flow, change)
            if residual < least:
                self.flow, least = flow, residual
            if self.progress is not None:
                self.stopped = self.progress(self.iterations, residual) is False
            if residual <= self.gap:
                return True
            flow = self._mended(averaging.next(flow, change, residual))
            self.stalled = averaging.since > PATIENCE
        return False

    def _mended(self, flow: Floats) -> Floats:
        """Return the flows with what rounding took from nodes or added to them put right, on links that carry flow.

        Loadings conserve flow. Steps that were tiny and then extended time and again may not, on networks of few links.
        """
        streets = self.streets
        wrong = streets.balance(flow) - self.balance
        if np.abs(wrong).max() <= ROUNDING * flow.sum():
            return flow
        used = np.flatnonzero(flow)
        column = np.arange(len(used))
        ends = streets.network.tail[used], streets.network.head[used]
        sign = np.repeat([1.0, -1.0], len(used))
        shape = (streets.network.nodes, len(used))
        table = csr_array((sign, (np.concatenate(ends), np.tile(column, 2))), shape=shape)
        result = flow.copy()
        result[used] = np.maximum(flow[used] - lsmr(table, wrong, atol=1e-12, btol=1e-12)[0], 0.0)
        return result


def _residual(flow: Floats, change: Floats) -> float:
    total = float(flow.sum())
    return float(np.abs(change).sum()) / total if total > 0.0 else 0.0


def _result(search: _Search, closed: Bools | None) -> LogitAssignment:
    streets, ways, flow = search.streets, search.ways, search.flow
    demand, cost = streets.demand, streets.cost(flow)
    residual = _residual(flow, ways.load(cost) - flow)
    satisfaction, mean = ways.outcome(cost)
    served = np.where(np.isfinite(satisfaction), demand.vph, 0.0)
    return LogitAssignment(
        network=streets.network,
        demand=demand,
        closed=closed,
        theta=ways.theta,
        loading="link" if isinstance(ways, _LinkWays) else "path",
        flow=flow,
        minutes=streets.network.minutes(flow),
        od_minutes=mean,
        satisfaction=satisfaction,
        served=served,
        unserved=demand.vph - served,
        total_travel_time=float(flow @ cost) / demand.classes[0].pce,
        residual=residual,
        iterations=search.iterations,
        converged=search.complete,
        stalled=search.stalled,
        store=ways.store if isinstance(ways, _PathWays) else None,
    )


# ------------------------------------------------------------------- ways over links that lead away from the origin


class Net(NamedTuple):
    """The whole network for the kernels.

    tail, head : ends of every link; far : the minutes that tell which links lead away, inf: shut
    out_start, out_link, in_start, in_link : links out of and into every node
    """

    tail: Unsigned
    head: Unsigned
    far: Floats
    barred: Bools
    out_start: Ints
    out_link: Ints
    in_start: Ints
    in_link: Ints


class Bushes(NamedTuple):
    """The links that lead away from each origin towards a destination of its, one row an origin or one for all.

    node : heads of the links, farthest first, shape (rows, nodes)
    begin : first link of each head, shape (rows, nodes + 1)
    link : shape (rows, links)
    size : number of heads of each origin; known : origins whose row is filled
    """

    node: Unsigned
    begin: Unsigned
    link: Unsigned
    size: Ints
    known: NDArray[np.uint8]


class Scratch(NamedTuple):
    """Scratch of a loading, by node; `share` by position in a bush."""

    value: Floats
    passing: Floats
    share: Floats
    label: Floats
    keys: Floats
    place: Unsigned
    heap: Unsigned
    at: Unsigned


class _LinkWays:
    """All ways over links that lead away from the origin, never named."""

    def __init__(self, streets: _Streets, theta: float, flow: Floats) -> None:
        network, pairs = streets.network, streets.demand.pairs
        self.theta, self.streets = theta, streets
        far = np.where(streets.shut, np.inf, streets.cost(flow))
        self.net = Net(
            network.tail.astype(np.uint32), network.head.astype(np.uint32), far, network.barred,
            *network.star(), *network.star(reverse=True),
        )  # fmt: skip
        nodes, links, groups = network.nodes, network.links, len(streets.origin)
        rows = groups if groups * (2.0 * nodes + links) * 4.0 <= MOST_BUSH_BYTES else 1
        self.bushes = Bushes(
            node=np.empty((rows, nodes), np.uint32),
            begin=np.empty((rows, nodes + 1), np.uint32),
            link=np.empty((rows, links), np.uint32),
            size=np.zeros(groups, np.int64),
            known=np.zeros(groups, np.uint8),
        )
        self.scratch = Scratch(
            value=np.empty(nodes),
            passing=np.zeros(nodes),
            share=np.empty(links),
            label=np.empty(nodes),
            keys=np.empty(nodes),
            place=np.empty(nodes, np.uint32),
            heap=np.empty(nodes, np.uint32),
            at=np.empty(nodes, np.uint32),
        )
        self.destination = pairs.destination.astype(np.uint32)
        self.reached = np.zeros(len(pairs), np.uint8)
        self.satisfaction, self.mean = np.empty(len(pairs)), np.empty(len(pairs))

    def load(self, cost: Floats) -> Floats:
        """Return the flow of every link that the minutes of the links bring about."""
        flow = np.zeros(len(cost))
        self._load(cost, flow, with_mean=False)
        return flow

    def outcome(self, cost: Floats) -> tuple[Floats, Floats]:
        """Return satisfaction and mean minutes of every pair, shape (pairs,)."""
        self._load(cost, np.zeros(len(cost)), with_mean=True)
        return self.satisfaction / self.theta, self.mean

    def extend(self, _: Floats) -> bool:
        """Return that there are no more ways than those."""
        return False

    def _load(self, cost: Floats, flow: Floats, *, with_mean: bool) -> None:
        streets = self.streets
        _stoch(
            self.net, self.bushes, self.scratch, streets.first, streets.origin, self.destination, streets.pcu, cost,
            self.theta, with_mean, self.reached, flow, self.satisfaction, self.mean,
        )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _reach(net: Any, scratch: Any, source: int) -> int:
    """Write the distance of all nodes and their rank by it (NONE: not reached); return how many there are.

    Nodes at the same distance stand in the order in which links of no minutes lead from one to the other.
    """
    label, keys, heap, place, at = scratch.label, scratch.keys, scratch.heap, scratch.place, scratch.at
    label[:] = np.inf
    place[:] = NONE
    at[:] = NONE
    label[source] = 0.0
    size = sift(keys, heap, place, 0, source, 0.0)
    many = 0
    while size > 0:
        node, here = heap[0], keys[0]
        size = pop(keys, heap, place, size)
        at[node] = many
        many += 1
        if net.barred[node] and node != source:
            continue
        for k in range(net.out_start[node], net.out_start[node + 1]):
            link = net.out_link[k]
            other = net.head[link]
            reach = here + net.far[link]
            if reach < label[other]:
                label[other] = reach
                size = sift(keys, heap, place, size, other, reach)
    return many


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _choose(net: Any, bushes: Any, scratch: Any, row: int, source: int, goals: Any) -> int:
    """Fill the row of an origin with the links that lead away from it and towards a goal; return the number of heads.

    Every link of a shortest way by the same minutes is one of them, also where it has no minutes.
    """
    label, order, wanted, at = scratch.label, scratch.heap, scratch.place, scratch.at
    node, begin, link = bushes.node[row], bushes.begin[row], bushes.link[row]
    many = _reach(net, scratch, source)
    farthest = 0.0
    for i in range(len(at)):
        if at[i] != NONE:
            order[at[i]] = i
            farthest = max(farthest, label[i])
    same = SAME * farthest
    wanted[:] = 0
    for k in range(len(goals)):
        wanted[goals[k]] = 1
    size, end = 0, 0
    for rank in range(many - 1, 0, -1):
        here = order[rank]
        if wanted[here] == 0:
            continue
        node[size], begin[size] = here, end
        size += 1
        for k in range(net.in_start[here], net.in_start[here + 1]):
            by = net.in_link[k]
            tail = net.tail[by]
            if net.far[by] == np.inf or at[tail] >= rank or (net.barred[tail] and tail != source):
                continue
            if label[here] - label[tail] > same or net.far[by] <= 2.0 * same:
                link[end] = by
                end += 1
                wanted[tail] = 1
    begin[size] = end
    return size


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _weigh(net: Any, bushes: Any, scratch: Any, row: int, size: int, cost: Any, theta: float) -> None:
    """Write theta times the satisfaction of every head, and the share of each link among those into its head.

    A head's is the least of its links' less the logarithm of what the others add, so that no exponential overflows.
    """
    node, begin, link = bushes.node[row], bushes.begin[row], bushes.link[row]
    value, share, tail = scratch.value, scratch.share, net.tail
    for i in range(size - 1, -1, -1):
        low, high = begin[i], begin[i + 1]
        if high - low == 1:
            share[low] = 1.0
            value[node[i]] = value[tail[link[low]]] + theta * cost[link[low]]
            continue
        least = np.inf
        for e in range(low, high):
            share[e] = value[tail[link[e]]] + theta * cost[link[e]]
            least = min(least, share[e])
        total = 0.0
        for e in range(low, high):
            share[e] = math.exp(least - share[e])
            total += share[e]
        for e in range(low, high):
            share[e] /= total
        value[node[i]] = least - math.log(total)


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _stoch(
    net: Any, bushes: Any, scratch: Any, first: Any, origin: Any, destination: Any, trips: Any, cost: Any,
    theta: float, with_mean: bool, reached: Any, flow: Any, satisfaction: Any, mean: Any,
) -> None:  # fmt: skip
    """Add the flow of all pairs to `flow`; write theta times the satisfaction, and the mean minutes if asked for."""
    value, passing, share = scratch.value, scratch.passing, scratch.share
    for g in range(len(origin)):
        row, source = g if len(bushes.node) == len(origin) else 0, origin[g]
        if bushes.known[g] == 0:
            bushes.size[g] = _choose(net, bushes, scratch, row, source, destination[first[g] : first[g + 1]])
            for k in range(first[g], first[g + 1]):
                reached[k] = 1 if scratch.label[destination[k]] < np.inf else 0
            bushes.known[g] = 1 if len(bushes.node) == len(origin) else 0
        node, begin, link, size = bushes.node[row], bushes.begin[row], bushes.link[row], bushes.size[g]
        value[source] = 0.0
        _weigh(net, bushes, scratch, row, size, cost, theta)
        for k in range(first[g], first[g + 1]):
            satisfaction[k] = value[destination[k]] if reached[k] == 1 else np.inf
            if reached[k] == 1:
                passing[destination[k]] += trips[k]
        for i in range(size):
            through = passing[node[i]]
            passing[node[i]] = 0.0
            if through > 0.0:
                for e in range(begin[i], begin[i + 1]):
                    flow[link[e]] += through * share[e]
                    passing[net.tail[link[e]]] += through * share[e]
        passing[source] = 0.0
        if with_mean:
            for i in range(size - 1, -1, -1):
                total = 0.0
                for e in range(begin[i], begin[i + 1]):
                    total += share[e] * (value[net.tail[link[e]]] + cost[link[e]])
                value[node[i]] = total
            for k in range(first[g], first[g + 1]):
                mean[k] = value[destination[k]] if reached[k] == 1 else np.inf


# --------------------------------------------------------------------------------------------- ways that are named


class _PathWays:
    """Named ways: the paths of a user equilibrium and the shortest ones that were found since."""

    def __init__(self, streets: _Streets, theta: float, base: Assignment) -> None:
        pairs = streets.demand.pairs
        self.theta, self.streets = theta, streets
        self.net = streets.network.search(pairs.ends)
        self.shut = self.net.any_of(streets.shut)
        self.origin = self.net.number[streets.origin].astype(np.uint32)
        self.destination = self.net.number[pairs.destination].astype(np.uint32)
        nodes, many = len(self.net.net.start) - 1, len(pairs)
        self.label, self.keys = np.empty(nodes), np.empty(nodes)
        self.up = np.empty(self.net.net.through, np.uint32)
        self.queue, self.stack = np.empty(nodes, np.uint32), np.empty(nodes, np.uint32)
        self.same, self.hops = np.empty(nodes, np.uint8), np.zeros(many, np.uint32)
        self.satisfaction, self.mean = np.empty(many), np.empty(many)
        old = base.stored_paths
        length = np.diff(old.offsets)
        path = np.repeat(np.arange(len(length)), length)
        open_ = np.bincount(path, self.shut[old.arcs], len(length)) == 0
        self._take(old.owner[open_], length[open_], old.arcs[open_[path]])
        self.extend(streets.cost(base.flow))

    def _take(self, owner: NDArray[np.int32], length: Ints, arcs: Unsigned) -> None:
        """Have these paths and no others, sorted by pair."""
        order = np.argsort(owner, kind="stable")
        begin = (np.cumsum(length) - length)[order]
        offsets = np.concatenate([[0], np.cumsum(length[order])]).astype(np.int64)
        at = np.repeat(begin - offsets[:-1], length[order]) + np.arange(offsets[-1])
        self.store = PathStore(offsets, arcs[at], owner[order], np.zeros(len(owner)))
        self.price = np.empty(len(owner))
        self.first = np.searchsorted(owner[order], np.arange(len(self.destination) + 1)).astype(np.int64)

    def load(self, cost: Floats) -> Floats:
        """Return the flow of every link that the minutes of the links bring about."""
        flow = np.zeros(self.net.arcs)
        store = self.store
        _split(
            self.first, store.offsets, store.arcs, self.streets.pcu, self.net.over_arcs(cost), self.theta, self.price,
            store.flow, flow, self.satisfaction, self.mean,
        )  # fmt: skip
        return self.net.on_links(flow)

    def outcome(self, _: Floats) -> tuple[Floats, Floats]:
        """Return satisfaction and mean minutes of every pair as they were loaded last, shape (pairs,)."""
        stay = self.streets.demand.pairs.origin == self.streets.demand.pairs.destination
        return np.where(stay, 0.0, self.satisfaction), np.where(stay, 0.0, self.mean)

    def extend(self, cost: Floats) -> bool:
        """Take in the shortest path of every pair that has none as short; return whether there were any."""
        arc_cost = self.net.over_arcs(cost)
        arc_cost[self.shut] = np.inf
        store, first = self.store, self.streets.first
        known = np.full(len(self.destination), np.inf)
        path = np.repeat(np.arange(len(store.owner)), np.diff(store.offsets))
        np.minimum.at(known, store.owner, np.bincount(path, arc_cost[store.arcs], len(store.owner)))
        arcs = [store.arcs]
        for g, source in enumerate(self.origin):
            new = np.empty(self._seek(arc_cost, source, first[g], first[g + 1], known), np.uint32)
            if len(new):
                _note(
                    self.net.net, arc_cost, source, first[g], first[g + 1], self.destination, self.label, self.up,
                    self.hops, new,
                )  # fmt: skip
                arcs.append(new)
        owner = np.flatnonzero(self.hops).astype(np.int32)
        if len(owner):
            length = np.concatenate([np.diff(store.offsets), self.hops[owner].astype(np.int64)])
            self._take(np.concatenate([store.owner, owner]), length, np.concatenate(arcs))
        return len(owner) > 0

    def _seek(self, cost: Floats, source: np.uint32, first: int, last: int, known: Floats) -> int:
        found = _seek(
            self.net.net, cost, source, first, last, self.destination, known, self.label, self.up, self.queue,
            self.stack, self.keys, self.same, self.hops,
        )  # fmt: skip
        return int(found)


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _split(
    first: Any, offsets: Any, arcs: Any, trips: Any, cost: Any, theta: float, price: Any, share: Any, flow: Any,
    satisfaction: Any, mean: Any,
) -> None:  # fmt: skip
    """Write the flow of every path into `share`, add it to its arcs; write satisfaction and mean minutes of pairs."""
    for k in range(len(trips)):
        satisfaction[k], mean[k] = np.inf, np.inf
        least = np.inf
        for p in range(first[k], first[k + 1]):
            price[p] = 0.0
            for at in range(offsets[p], offsets[p + 1]):
                price[p] += cost[arcs[at]]
            least = min(least, price[p])
        if least == np.inf:
            continue
        total, minutes = 0.0, 0.0
        for p in range(first[k], first[k + 1]):
            share[p] = math.exp(-theta * (price[p] - least))
            total += share[p]
            minutes += share[p] * price[p]
        satisfaction[k], mean[k] = least - math.log(total) / theta, minutes / total
        for p in range(first[k], first[k + 1]):
            share[p] *= trips[k] / total
            for at in range(offsets[p], offsets[p + 1]):
                flow[arcs[at]] += share[p]


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _seek(
    net: Any, cost: Any, source: int, first: int, last: int, destination: Any, known: Any, label: Any, up: Any,
    queue: Any, stack: Any, keys: Any, same: Any, hops: Any,
) -> int:  # fmt: skip
    """Write how many arcs each pair's shortest path has where it is shorter than `known`, else 0; return the sum."""
    grow(net, cost, source, label, up, queue, stack, keys, same)
    total = 0
    for k in range(first, last):
        hops[k] = 0
        if destination[k] == source:
            continue
        least, arc = arrive(net, cost, label, up, destination[k])
        if least < np.inf and least < known[k] * (1.0 - CLOSER):
            hops[k] = 1
            while net.tail[arc] != source:
                arc = up[net.tail[arc]]
                hops[k] += 1
            total += hops[k]
    return total


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _note(
    net: Any, cost: Any, source: int, first: int, last: int, destination: Any, label: Any, up: Any, hops: Any, arcs: Any
) -> None:
    """Write the arcs of the paths that `_seek` has found, one path behind the other, in driving order."""
    end = 0
    for k in range(first, last):
        if hops[k] == 0:
            continue
        _, arc = arrive(net, cost, label, up, destination[k])
        end += hops[k]
        for back in range(1, hops[k] + 1):
            arcs[end - back] = arc
            if net.tail[arc] != source:
                arc = up[net.tail[arc]]
