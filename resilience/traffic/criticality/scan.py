"""Which road matters most: what its loss costs, who is exposed, and how sure the ranking is.

Loss of an element (a link, a street, all links of a cell) is measured by solving user equilibrium again without it, or
with a cut of its capacity:

network robustness index   NRI = TSTT(without) - TSTT(base): Scott, Novak, Aultman-Hall & Guo (2006),
                           doi:10.1016/j.jtrangeo.2005.10.003. It can be negative (Braess), and it falls when trips
                           have no way left, so unserved demand stands beside it;
cost increase              NRI plus a charge for every unserved trip (its ordinary minutes and the patience of its
                           maker, say), so that losing a trip never looks like a gain; elements are ranked by it;
importance                 increase of the cost of the shortest way, mean over all trips that still have one: Jenelius,
                           Petersen & Mattsson (2006), doi:10.1016/j.tra.2005.11.003;
exposure                   the same for the trips that start in a zone: mean and worst over the elements (ibid.).

Demand is fixed or gives up at a price. Elastic demand has no price for a trip that is not made, so it is refused.

Partial closures rank more steadily than full ones in sparse networks: Novak, Sullivan & Scott (2012).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from resilience.base.errors import InputError
from resilience.base.text import say
from resilience.traffic.demand import Exponential, GiveUp, Linear
from resilience.traffic.equilibrium.warm import Change, Totals, Warm

if TYPE_CHECKING:
    from collections.abc import Callable

    from resilience.base.arrays import Bools, Floats, Ints
    from resilience.traffic.criticality.elements import Element
    from resilience.traffic.equilibrium.solution import Assignment
    from resilience.traffic.equilibrium.workspace import Workspace
    from resilience.traffic.graph import RoadGraph


class Seen(NamedTuple):
    """What is taken from each solution.

    more, cut_off, trips : by origin: vehicle-minutes more, vehicles/h cut off, vehicles/h that still have a way
    charge : of those who lost their way, vehicle-minutes per hour
    """

    more: Floats
    cut_off: Floats
    trips: Floats
    charge: float


@dataclass(frozen=True)
class Criticality:
    """What a scan found.

    Parameters
    ----------
    elements : one row an element, most critical first; columns in `scan`
    zones : one row an origin (and vehicle class): trips (vehicles/h that have a way in the whole network), elements
        (how many the row ranges over: all that were scanned but connectors of zones), exposure_mean_min and
        exposure_worst_min (minutes a trip that still has a way; an element that leaves none is passed over, nan where
        all do), worst_element, cut_off_worst (vehicles/h)
    base_travel_time : vehicle-hours per hour of the whole network
    cut : share of capacity taken away, 1 is a closure

    """

    elements: pd.DataFrame
    zones: pd.DataFrame
    base_travel_time: float
    cut: float


def scan(
    base: Assignment,
    elements: list[Element],
    *,
    charge_min: Floats,
    cut: float = 1.0,
    gap: float = 1e-6,
    workers: int = 1,
    progress: Callable[[int, int], bool | None] | None = None,
) -> Criticality:
    """Return what the loss of each element does to the traffic of a solved network.

    Parameters
    ----------
    base : the equilibrium of the whole network, demand fixed or with GiveUp; its gap should not be above `gap`
    charge_min : what a trip that is not made is charged, minutes, shape (pairs,); nothing under GiveUp, which has its
        own price
    cut : share of the capacity that each element loses; 1 closes it
    gap : relative gap of every solution

    Returns
    -------
    Criticality
        `elements` has the columns element, from_node and to_node (of its first link), links (how many), connector
        (all its links end at a zone), flow (pcu/h) and volume_capacity (the largest of its links), nri and
        cost_increase (vehicle-hours per hour), nri_share (of the travel time of the whole network), unserved
        (vehicles/h, beyond those of the whole network), importance_min (minutes a trip), error (vehicle-hours per hour,
        see `Warm.totals`; 0 where nobody uses the element, so that nothing had to be solved), relative_gap, converged,
        rank, rank_low and rank_high (the ranks that the errors leave open)

    Raises
    ------
    InputError
        The cut is not in (0, 1], the charge is not of these pairs, there is no element, one speaks of links that are
        not there, the gap is not positive, or demand is elastic.
    StoppedError
        `progress` returned False.

    """
    check_scan(base.network, elements, (cut,), gap)
    if isinstance(base.demand.answer, Exponential | Linear):
        raise InputError(say("error.elastic_scan", found=type(base.demand.answer).__name__))
    if np.shape(charge_min) != base.demand.vph.shape:
        raise InputError(say("error.bad_charge", found=np.shape(charge_min), expected=len(base.demand.vph)))
    warm = Warm(base)
    graph, pairs = base.network, base.demand.pairs
    usual = warm.work.od.copy()
    vph, pce = base.demand.vph, base.demand.pce
    first = warm.work.trips.first[:-1]
    whole = warm.totals(Change(), gap=gap, with_error=True)

    def look(work: Workspace) -> Seen:
        home = np.maximum(work.trips.cap - work.store.sent, 0.0) / pce
        home[(pairs.origin == pairs.destination) | ~np.isfinite(usual)] = 0.0
        has_way = np.isfinite(work.od) & np.isfinite(usual)
        more = np.zeros(len(vph))
        more[has_way] = vph[has_way] * (work.od[has_way] - usual[has_way])  # not before: inf - inf is nan
        lost = home > 0.0
        return Seen(
            np.add.reduceat(more, first), np.add.reduceat(home, first),
            np.add.reduceat(np.where(has_way, vph, 0.0), first), float(home[lost] @ charge_min[lost]),
        )  # fmt: skip

    used = np.array([bool(base.flow[e.links].max() > 0.0) for e in elements])
    changes = [_change(graph, e, cut, base.closed) for e, u in zip(elements, used, strict=True) if u]
    found = iter(warm.many(changes, gap=gap, workers=workers, with_error=True, look=look, progress=progress))
    trips = np.add.reduceat(np.where(np.isfinite(usual), vph, 0.0), first)
    nothing = whole._replace(seen=Seen(np.zeros(len(first)), np.zeros(len(first)), trips, 0.0))
    totals = [next(found) if u else nothing for u in used]
    return _tables(base, elements, totals, used, whole, cut, base.demand.pairs.origin[first], trips)


def check_scan(graph: RoadGraph, elements: list[Element], cuts: tuple[float, ...], gap: float) -> None:
    """Refuse what cannot be scanned, with the reason, before anything is solved.

    Raises
    ------
    InputError
        As of `scan`; or there is no cut, or one is given twice.

    """
    if not (np.isfinite(gap) and gap > 0):
        raise InputError(say("error.bad_gap", found=gap))
    for number, cut in enumerate(cuts):
        if not 0.0 < cut <= 1.0:
            raise InputError(say("error.bad_cut", found=cut))
        if cut in cuts[:number]:
            raise InputError(say("error.repeated_cut", found=cut))
    if not elements or not cuts:
        raise InputError(say("error.no_elements"))
    for element in elements:
        links = np.asarray(element.links)
        if links.size == 0:
            raise InputError(say("error.no_elements"))
        bad = (links < 0) | (links >= graph.links) if links.dtype.kind in "iu" else np.ones(links.shape, np.bool_)
        if bad.any():
            found = links[bad.argmax()]
            raise InputError(say("error.bad_element", name=element.name, found=found, last=graph.links - 1))


def _change(graph: RoadGraph, element: Element, cut: float, closed: Bools | None) -> Change:
    if cut < 1.0:
        capacity = np.ones(graph.links)
        capacity[element.links] = 1.0 - cut
        return Change(capacity=capacity)
    shut = np.zeros(graph.links, np.bool_) if closed is None else closed.copy()
    shut[element.links] = True
    return Change(closed=shut)


def connectors(base: Assignment) -> Bools:
    """Return the links of which one end is a zone: barred, or a place of trips with one road, shape (links,).

    Links of both directions between two nodes are one road; several in one direction are several.
    """
    graph, pairs = base.network, base.demand.pairs
    ways, many = np.unique(np.stack([graph.tail, graph.head]), axis=1, return_counts=True)
    ends = np.sort(ways, axis=0)
    pairs_of_nodes, at = np.unique(ends, axis=1, return_inverse=True)
    roads = np.zeros(pairs_of_nodes.shape[1], np.int64)
    np.maximum.at(roads, at.ravel(), many)
    apart = pairs_of_nodes[0] != pairs_of_nodes[1]
    degree = sum(np.bincount(side[apart], roads[apart], graph.nodes) for side in pairs_of_nodes)
    zone = np.asarray(degree <= 1)
    visited = np.zeros(graph.nodes, np.bool_)
    visited[pairs.origin] = visited[pairs.destination] = True
    zone = (zone & visited) | graph.barred
    return np.asarray(zone[graph.tail] | zone[graph.head], np.bool_)


def _tables(
    base: Assignment, elements: list[Element], totals: list[Totals], used: Bools, whole: Totals, cut: float,
    origins: Ints, trips: Floats,
) -> Criticality:  # fmt: skip
    """Return the tables; `used`: elements that carry flow, whose loss was solved; `trips` with a way, by origin."""
    graph = base.network
    load = base.flow / graph.capacity_vph
    nodes = graph.names_of_nodes()
    connector = connectors(base)
    time, priced = whole.total_travel_time, isinstance(base.demand.answer, GiveUp)
    rows = []
    for element, total, solved in zip(elements, totals, used, strict=True):
        seen: Seen = total.seen
        nri = total.total_travel_time - time
        lost = total.unserved_minutes - whole.unserved_minutes if priced else seen.charge
        rows.append(
            {
                "element": element.name,
                "from_node": nodes[graph.tail[element.links[0]]],
                "to_node": nodes[graph.head[element.links[0]]],
                "links": len(element.links),
                "connector": bool(connector[element.links].all()),
                "flow": base.flow[element.links].max(),
                "volume_capacity": load[element.links].max(),
                "nri": nri / 60.0,
                "nri_share": nri / time if time > 0 else 0.0,
                "unserved": total.unserved - whole.unserved,
                "cost_increase": (nri + lost) / 60.0,
                "importance_min": seen.more.sum() / max(seen.trips.sum(), 1e-12),
                "error": (total.error + whole.error) / 60.0 if solved else 0.0,
                "relative_gap": total.relative_gap,
                "converged": total.converged,
            }
        )
    table = pd.DataFrame(rows)
    table = rank_with_errors(table, "cost_increase", "error")
    # a connector of a zone is no road: it says nothing about the roads that its zone depends on
    roads = [i for i, e in enumerate(elements) if not connector[e.links].all()] or list(range(len(elements)))
    more, way = (np.stack([getattr(totals[i].seen, name) for i in roads]) for name in ("more", "trips"))
    some = way > 0.0  # else the element leaves these trips no way, which cut_off says
    per_trip = np.divide(more, way, out=np.zeros(more.shape), where=some)
    worst = np.where(some, per_trip, -np.inf)
    left = np.asarray(some.any(axis=0))
    cut_off = np.stack([totals[i].seen.cut_off for i in roads])
    zones = pd.DataFrame(
        {
            "zone": nodes[origins],
            "trips": trips,
            "elements": len(roads),
            "exposure_mean_min": np.where(left, per_trip.sum(axis=0) / np.maximum(some.sum(axis=0), 1), np.nan),
            "exposure_worst_min": np.where(left, worst.max(axis=0), np.nan),
            "worst_element": [
                elements[roads[i]].name if ok else "" for i, ok in zip(worst.argmax(axis=0), left, strict=True)
            ],
            "cut_off_worst": cut_off.max(axis=0),
        }
    )
    return Criticality(table, zones, time / 60.0, cut)


def rank_with_errors(table: pd.DataFrame, value: str, error: str) -> pd.DataFrame:
    """Return the table sorted by a value, highest first, with rank and the ranks that the errors leave open.

    Another element is surely above where its lowest value exceeds the highest value of this one.
    """
    table = table.sort_values([value, "element"], ascending=[False, True], kind="stable", ignore_index=True)
    low, high = (table[value] - table[error]).to_numpy(), (table[value] + table[error]).to_numpy()
    table["rank"] = np.arange(1, len(table) + 1)
    table["rank_low"] = 1 + len(low) - np.searchsorted(np.sort(low), high, side="right")
    table["rank_high"] = len(high) - np.searchsorted(np.sort(high), low, side="left")
    return table


# ------------------------------------------------------------------------------------------ structure
