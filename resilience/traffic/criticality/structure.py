"""How a network is built: detours, betweenness, percolation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import igraph
import numpy as np
import pandas as pd
from numba import njit
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from resilience.base.errors import InputError
from resilience.base.text import say
from resilience.traffic.criticality.elements import Element
from resilience.traffic.criticality.scan import check_scan
from resilience.traffic.search import pop, sift
from resilience.traffic.skims import link_flags, link_values

if TYPE_CHECKING:
    from resilience.base.arrays import Bools, Floats, Ints
    from resilience.traffic.graph import RoadGraph


def detours(graph: RoadGraph, minutes: Floats, *, closed: Bools | None = None) -> pd.DataFrame:
    """Return the shortest way from the tail to the head of each link without it.

    That is also the way without its street: a link that leads back along it is of no use there.

    Parameters
    ----------
    minutes : cost of every link, shape (links,), not negative: of a solution (`Assignment.minutes`) or at free flow
    closed : links that nobody may use, shape (links,)

    Returns
    -------
    DataFrame, index = names of links
        minutes (of the link); detour_min (without it), inf where there is no other way; detour_ratio = detour_min /
        minutes, inf also where the link takes none

    """
    minutes, shut = link_values(graph, "minutes", minutes), link_flags(graph, "closed", closed)
    offsets, order, _ = graph.star()
    cost = np.where(shut, np.inf, minutes)
    found = _detours(offsets, order, graph.tail, graph.head, cost, graph.barred)
    table = pd.DataFrame({"minutes": minutes, "detour_min": found}, index=graph.names_of_links())
    with np.errstate(divide="ignore", invalid="ignore"):
        table["detour_ratio"] = np.where((minutes > 0) & (found < np.inf), found / minutes, np.inf)
    return table


def betweenness(graph: RoadGraph, minutes: Floats) -> pd.Series:
    """Return the share of shortest ways between all ordered pairs of nodes that use each link, by igraph.

    Of several shortest ways between two nodes each counts its part. No way leads through a barred node, though it may
    begin or end there. Links with inf minutes are used by nobody.

    Parameters
    ----------
    minutes : cost of every link, shape (links,), not negative; what is below 1e-9 counts as 1e-9

    Returns
    -------
    Series in [0, 1], shape (links,), index = names of links: pairs whose way uses the link / (nodes x (nodes - 1))

    """
    minutes = link_values(graph, "minutes", minutes)
    open_links = np.flatnonzero(np.isfinite(minutes))
    shut = np.flatnonzero(graph.barred)
    # ways leave a barred node from itself and arrive at a copy of it, which no link leaves
    arrival = np.arange(graph.nodes)
    arrival[shut] = graph.nodes + np.arange(len(shut))
    ends = np.column_stack([graph.tail, arrival[graph.head]])[open_links]
    view = igraph.Graph(n=graph.nodes + len(shut), edges=ends.tolist(), directed=True)
    view.es["minutes"] = np.maximum(minutes[open_links], 1e-9).tolist()  # igraph wants positive weights

    def uses(sources: list[int], targets: list[int]) -> Floats:
        return np.array(view.edge_betweenness(weights="minutes", sources=sources, targets=targets))

    found = np.zeros(graph.links)
    if len(open_links):
        some = uses(list(range(graph.nodes)), arrival.tolist())
        for node in shut:  # a round trip is no way between two nodes
            some -= uses([int(node)], [int(arrival[node])])
        found[open_links] = np.where(some > 1e-9 * graph.nodes, some, 0.0)
    many = graph.nodes * (graph.nodes - 1)
    return pd.Series(found / max(many, 1), index=graph.names_of_links(), name="betweenness")


def percolation(graph: RoadGraph, order: Ints, *, steps: int = 100) -> pd.DataFrame:
    """Return how the network falls apart as links are taken out in an order.

    Li, Fu, Wang, Lu, Berezin, Stanley & Havlin (2015), doi:10.1073/pnas.1419185112, take the share at which the second
    largest part is largest for the critical one; parts are here strongly connected: there is a way there and back.

    Parameters
    ----------
    order : numbers of links, the first to go first, shape (any,)
    steps : steps of the curve, which has one point more

    Returns
    -------
    DataFrame with the columns removed (share of the links in `order`), largest and second: size of the largest and of
    the second largest strongly connected part, as shares of the nodes that trips may pass (0 where there are none). The
    critical share is where the second is largest.

    Raises
    ------
    InputError
        `steps` is below 1, or `order` speaks of links that are not there.

    """
    if steps < 1:
        raise InputError(say("error.not_positive", name="steps", found=steps))
    if len(order):
        check_scan(graph, [Element("order", np.asarray(order))], (1.0,), 1.0)
    through = np.flatnonzero(~graph.barred)
    keep = np.ones(graph.links, np.bool_)
    keep[graph.barred[graph.tail] | graph.barred[graph.head]] = False
    rows = []
    done = 0
    for step in range(steps + 1):
        upto = round(step * len(order) / steps)
        keep[order[done:upto]] = False
        done = upto
        links = np.flatnonzero(keep)
        view = csr_array(
            (np.ones(len(links)), (graph.tail[links], graph.head[links])), shape=(graph.nodes, graph.nodes)
        )
        _, label = connected_components(view, directed=True, connection="strong")
        sizes = np.sort(np.bincount(label[through], minlength=2))[::-1] / max(len(through), 1)
        rows.append((upto / max(len(order), 1), sizes[0], sizes[1]))
    return pd.DataFrame(rows, columns=["removed", "largest", "second"])


@njit(cache=True, nogil=True)
def _detours(offsets: Any, order: Any, tail: Any, head: Any, cost: Any, barred: Any) -> Any:
    """Return the least cost from tail to head of each link without it."""
    n, links = len(offsets) - 1, len(tail)
    found = np.full(links, np.inf)
    label = np.full(n, np.inf)
    keys, nodes, place = np.empty(n), np.empty(n, np.int64), np.full(n, 2**32 - 1, np.int64)
    touched = np.empty(n, np.int64)
    for link in range(links):
        a, b = tail[link], head[link]
        if a == b:
            continue
        size = sift(keys, nodes, place, 0, a, 0.0)
        label[a] = 0.0
        touched[0] = a
        many = 1
        while size > 0:
            node, here = nodes[0], keys[0]
            if node == b:
                found[link] = here
                break
            size = pop(keys, nodes, place, size)
            if barred[node] and node != a:
                continue
            for k in range(offsets[node], offsets[node + 1]):
                other_link = order[k]
                if other_link == link:
                    continue
                other = head[other_link]
                reach = here + cost[other_link]
                if reach < label[other]:
                    if label[other] == np.inf:
                        touched[many] = other
                        many += 1
                    label[other] = reach
                    size = sift(keys, nodes, place, size, other, reach)
        for i in range(many):
            label[touched[i]] = np.inf
            place[touched[i]] = 2**32 - 1
    return found
