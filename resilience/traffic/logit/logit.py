"""Stochastic user equilibrium, logit: drivers who know the minutes of their ways only roughly.

Of the ways k of a pair the share exp(-theta c_k) / sum_j exp(-theta c_j) takes each, c_k its minutes at the very
flows that come of it: Fisk (1980, doi:10.1016/0191-2615(80)90004-1), where c_k + ln(f_k) / theta is the same for all
ways of a pair. What a pair expects of its best way is the satisfaction -ln(sum_k exp(-theta c_k)) / theta, the mean of
the least perceived minutes: Williams (1977, doi:10.1068/a090285). It lies below the minutes of the shortest way.

Which ways there are is part of the model, and ways that share links count as if they had nothing in common:

link    all ways over links that lead away from the origin, without naming them: Dial
        (1971, doi:10.1016/0041-1647(71)90012-8). The links are chosen once and kept, so that there is one fixed point:
        Leurent (1997), "Curbing the computational difficulty of the logit equilibrium assignment model", hal-00348419.
        Away is by the minutes of a user equilibrium, so that all its paths are among the ways and a large theta leads
        there. By those of empty roads (base="empty"), as Dial has it, the search ends at the user equilibrium among
        the ways of empty roads only: 11 % more minutes on Sioux Falls, where congestion turns ways around.
path    the paths of a user equilibrium, and the shortest at the flows of now until no pair has one that is not known.
        With a large theta this is the user equilibrium. A class takes the paths of all classes that are open to it.

Each class of vehicles has its own trips, links and extra minutes; what they meet on is the flow of all, in
passenger-car units. The fixed point v = y(v), with v the flows of each class on each link and y(v) those that the
minutes at the sum of v bring about, is found by self-regulated
averaging, Liu, He & He (2009, doi:10.1007/s11067-007-9023-x), and each step is mixed with the last few after Anderson
(1965, doi:10.1145/321296.321305). On Sioux Falls, Anaheim and Chicago Sketch, whole and with closures, with theta 0.1
to 50 per minute, a residual of 1e-4 takes 41 loadings in the geometric mean and 102 without mixing, one of 1e-6 takes
56 and 165. Successive averages (1/n) do not come to 1e-6 within 2,000. Where theta is so large that the user
equilibrium is near (from 10 per minute on in jammed networks) the search is slow or stalls, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.linalg import lsmr

from resilience.base.errors import InputError, near
from resilience.base.text import say
from resilience.traffic.demand import Demand
from resilience.traffic.equilibrium.equilibrium import assign, check, check_start
from resilience.traffic.equilibrium.workspace import PathStore
from resilience.traffic.logit.averaging import Averaging
from resilience.traffic.logit.link_ways import LinkWays
from resilience.traffic.logit.path_ways import PATH_GAP, PathWays
from resilience.traffic.logit.streets import Streets

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from resilience.base.arrays import Bools, Floats
    from resilience.traffic.equilibrium.solution import Assignment
    from resilience.traffic.graph import RoadGraph

    Progress = Callable[[int, float], bool | None]

LOADINGS = ("link", "path")
EMPTY = "empty"
LEAST_THETA, MOST_THETA = 1e-9, 1e6  # per minute: below, minutes never matter; above, exponents lose their digits
PATIENCE = 300  # loadings without progress after which the search ends; there whatever led on did so within 99
ROUNDING = 1e-12  # share of all flow that a node may lack; real networks stay below 1e-14


@dataclass(frozen=True)
class LogitAssignment:
    """A stochastic equilibrium: flows on links, what the ways cost, and how exact it is.

    Parameters
    ----------
    theta : how well minutes are known, per minute
    loading : "link" or "path", as at the head of this file
    flow : passenger-car units/h of every link, shape (links,)
    class_flow : vehicles/h of every class, shape (classes, links)
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
    class_flow: Floats = field(repr=False)
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
        """Return one row a link: from_node, to_node, flow, minutes, volume_capacity and the flow of each class."""
        graph = self.network
        nodes = graph.names_of_nodes()
        shut = np.zeros(graph.links, np.bool_) if self.closed is None else self.closed
        table = pd.DataFrame(
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
        if len(self.demand.classes) > 1:
            for vehicles, flow in zip(self.demand.classes, self.class_flow, strict=True):
                table[f"flow_{vehicles.name}"] = flow
        return table

    def pair_table(self) -> pd.DataFrame:
        """Return one row a pair: origin, destination, [vehicle], demand, served, unserved, minutes, satisfaction."""
        nodes, pairs = self.network.names_of_nodes(), self.demand.pairs
        table = pd.DataFrame({"origin": nodes[pairs.origin], "destination": nodes[pairs.destination]})
        if len(self.demand.classes) > 1:
            table["vehicle"] = np.array([c.name for c in self.demand.classes])[pairs.of_class]
        table["demand"], table["served"], table["unserved"] = self.demand.vph, self.served, self.unserved
        table["minutes"], table["satisfaction"] = self.od_minutes, self.satisfaction
        return table


def assign_logit(
    network: RoadGraph,
    demand: Demand | pd.DataFrame,
    *,
    theta: float,
    loading: str = "link",
    gap: float = 1e-4,
    iterations: int = 1000,
    closed: NDArray[np.bool_] | None = None,
    base: Assignment | str | None = None,
    progress: Progress | None = None,
) -> LogitAssignment:
    """Return the stochastic user equilibrium (logit) of a demand on the open links of a network.

    Pairs without a way stay unserved. The answer is the same bytes for the same arguments.

    Parameters
    ----------
    demand : or a table for `Demand.from_table`; without an answer
    theta : how well drivers know minutes, per minute: with 0.1 a way that takes 10 minutes more is taken e = 2.7 times
        less often
    loading : which ways there are, "link" or "path", as at the head of this file
    gap : residual to reach. Since more traffic never makes a link faster, flows are about as far from the fixed point
        as from their own answer: 1e-4 means a hundredth of a percent
    iterations : most loadings; with theta up to 1 per minute and a gap of 1e-4 the networks named above took up to 95
    closed : links that nobody may use, shape (links,)
    base : a user equilibrium of the same pairs, with loading "path" the one whose paths to begin with, with "link" the
        one whose minutes tell which links lead away; None: it is solved here; "empty", with loading "link" only: the
        minutes of empty open roads tell it, and ways that only congestion makes are none
    progress : called with iteration and residual after each loading; where it returns False, the search ends there

    Raises
    ------
    InputError
        theta, gap or loading is not possible, demand has an answer, or `closed` or `base` belongs to
        another network or other pairs.

    """
    if isinstance(demand, pd.DataFrame):
        demand = Demand.from_table(network, demand)
    check(network, demand, gap, iterations, closed)
    _check(network, demand, theta, loading, base)
    if base is None:
        base = assign(network, demand, gap=PATH_GAP, closed=closed)
    search = _Search(network, _ways(network, demand, theta, loading, closed, base), gap, iterations, progress)
    search.run()
    return _result(search, demand, closed)


def mean_minutes(
    network: RoadGraph,
    demand: Demand,
    flow: Floats,
    *,
    theta: float,
    loading: str,
    base: Assignment,
    closed: Bools | None = None,
) -> Floats:
    """Return what the ways of every pair take on average at flows that stay as they are, minutes, shape (pairs,).

    Parameters
    ----------
    flow : passenger-car units/h of every link, shape (links,)
    theta, loading, base, closed : as of `assign_logit`; where no path of `base` is short any more, a shorter one counts

    """
    _check(network, demand, theta, loading, base)
    found = []
    for way in _ways(network, demand, theta, loading, closed, base):
        cost = way.streets.cost(flow)
        way.extend(cost)
        way.load(cost)
        found.append(way.outcome(cost)[1])
    return np.concatenate(found)


def _ways(
    network: RoadGraph, demand: Demand, theta: float, loading: str, closed: Bools | None, base: Assignment | str
) -> list[LinkWays | PathWays]:
    """Return the ways of each class."""
    start = np.zeros(network.links) if isinstance(base, str) else base.flow
    ways: list[LinkWays | PathWays] = []
    for number in range(len(demand.classes)):
        streets = Streets.of(network, demand, closed, number)
        if isinstance(base, str) or loading == "link":
            ways.append(LinkWays(streets, theta, start))
        else:
            ways.append(PathWays(streets, theta, base))
    return ways


def check_logit(theta: float, loading: str) -> None:
    """Refuse a theta or a loading that is not possible."""
    if not LEAST_THETA <= theta <= MOST_THETA:
        raise InputError(say("error.logit_theta", low=LEAST_THETA, high=MOST_THETA, found=theta))
    if loading not in LOADINGS:
        raise InputError(say("error.logit_loading", found=loading, expected=near(loading, LOADINGS)))


def _check(network: RoadGraph, demand: Demand, theta: float, loading: str, base: Assignment | str | None) -> None:
    check_logit(theta, loading)
    if demand.answer is not None:
        raise InputError(say("error.logit_answer", found=type(demand.answer).__name__))
    if isinstance(base, str):
        if base != EMPTY or loading != "link":
            raise InputError(say("error.logit_base", found=base, loading=loading))
    elif base is not None:
        check_start(network, demand, base)


# ------------------------------------------------------------------------------------------ the fixed point


class _Search:
    """The search for the fixed point, on whatever ways each class has; flows are those of one class behind another."""

    def __init__(
        self,
        network: RoadGraph,
        ways: list[LinkWays | PathWays],
        gap: float,
        iterations: int,
        progress: Progress | None,
    ) -> None:
        self.network, self.ways = network, ways
        self.gap, self.most, self.progress = gap, iterations, progress
        self.flow = self.load(np.zeros(len(ways) * network.links))
        self.balance = [way.streets.balance(flow) for way, flow in zip(ways, self.by_class(self.flow), strict=True)]
        self.iterations, self.stopped, self.stalled, self.complete = 0, False, False, False

    def by_class(self, flow: Floats) -> Floats:
        """Return the flow of each class, shape (classes, links)."""
        return flow.reshape(len(self.ways), self.network.links)

    def costs(self, flow: Floats) -> list[Floats]:
        """Return what each link costs each class at the flows of all."""
        total = self.by_class(flow).sum(axis=0)
        return [way.streets.cost(total) for way in self.ways]

    def load(self, flow: Floats) -> Floats:
        """Return the flows that the minutes at these flows bring about."""
        return np.concatenate([way.load(cost) for way, cost in zip(self.ways, self.costs(flow), strict=True)])

    def run(self) -> None:
        """Find the fixed point, with all the ways that belong to it."""
        while not self.complete and self._settle():
            costs = self.costs(self.flow)
            more = [way.extend(cost) for way, cost in zip(self.ways, costs, strict=True)]
            self.complete = not any(more)

    def _settle(self) -> bool:
        """Find the fixed point on the ways known by now; return whether the gap was reached."""
        averaging, flow, least = Averaging(), self.flow, np.inf
        while self.iterations < self.most and not self.stopped and not self.stalled:
            change = self.load(flow) - flow
            self.iterations += 1
            residual = _residual(flow, change)
            if residual < least:
                self.flow, least = flow, residual
            if self.progress is not None:
                self.stopped = self.progress(self.iterations, residual) is False
            if residual <= self.gap:
                return True
            flow = self.by_class(averaging.next(flow, change, residual))
            flow = np.concatenate([self._mended(c, mine) for c, mine in enumerate(flow)])
            self.stalled = averaging.since > PATIENCE
        return False

    def _mended(self, number: int, flow: Floats) -> Floats:
        """Return the flows of a class with what rounding took from nodes or added to them put right.

        Only links that carry flow change. Loadings conserve flow. Steps that were tiny and then extended time and
        again may not, on networks of few links.
        """
        network = self.network
        wrong = self.ways[number].streets.balance(flow) - self.balance[number]
        if np.abs(wrong).max() <= ROUNDING * flow.sum():
            return flow
        used = np.flatnonzero(flow)
        column = np.arange(len(used))
        ends = network.tail[used], network.head[used]
        sign = np.repeat([1.0, -1.0], len(used))
        shape = (network.nodes, len(used))
        table = csr_array((sign, (np.concatenate(ends), np.tile(column, 2))), shape=shape)
        result = flow.copy()
        result[used] = np.maximum(flow[used] - lsmr(table, wrong, atol=1e-12, btol=1e-12)[0], 0.0)
        return result


def _residual(flow: Floats, change: Floats) -> float:
    total = float(flow.sum())
    return float(np.abs(change).sum()) / total if total > 0.0 else 0.0


def _result(search: _Search, demand: Demand, closed: Bools | None) -> LogitAssignment:
    network, ways = search.network, search.ways
    costs, class_pcu = search.costs(search.flow), search.by_class(search.flow)
    residual = _residual(search.flow, search.load(search.flow) - search.flow)
    outcomes = [way.outcome(cost) for way, cost in zip(ways, costs, strict=True)]
    satisfaction, mean = (np.concatenate(values) for values in zip(*outcomes, strict=True))
    served = np.where(np.isfinite(satisfaction), demand.vph, 0.0)
    flow, pce = class_pcu.sum(axis=0), np.array([vehicles.pce for vehicles in demand.classes])
    return LogitAssignment(
        network=network,
        demand=demand,
        closed=closed,
        theta=ways[0].theta,
        loading="link" if isinstance(ways[0], LinkWays) else "path",
        flow=flow,
        class_flow=class_pcu / pce[:, None],
        minutes=network.minutes(flow),
        od_minutes=mean,
        satisfaction=satisfaction,
        served=served,
        unserved=demand.vph - served,
        total_travel_time=sum(float(pcu @ cost) / p for pcu, cost, p in zip(class_pcu, costs, pce, strict=True)),
        residual=residual,
        iterations=search.iterations,
        converged=search.complete,
        stalled=search.stalled,
        store=_all_paths(ways),
    )


def _all_paths(ways: list[LinkWays | PathWays]) -> PathStore | None:
    """Return the paths of all classes, None where ways have no names."""
    named = [way for way in ways if isinstance(way, PathWays)]
    if not named:
        return None
    length = np.concatenate([np.diff(way.store.offsets) for way in named])
    return PathStore(
        np.concatenate([[0], np.cumsum(length)]),
        np.concatenate([way.store.arcs for way in named]),
        np.concatenate([way.store.owner + np.int32(way.streets.first_pair) for way in named]),
        np.concatenate([way.store.flow for way in named]),
    )
