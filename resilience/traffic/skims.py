"""What it takes to get from zone to zone, what lies within reach, and whose trips use a link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from resilience.base.errors import InputError
from resilience.base.text import say
from resilience.traffic.demand import Pairs
from resilience.traffic.hierarchy.labels import (
    customize,
    empty_metric,
    empty_probe,
    fill,
    least_of,
    needed,
    sweep_up_and_down,
    turns,
)
from resilience.traffic.hierarchy.paths import forget, path_of_row
from resilience.traffic.search import arrive, from_any, grow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike

    from resilience.base.arrays import Bools, Floats, Ints
    from resilience.traffic.graph import RoadGraph
    from resilience.traffic.search import SearchGraph


LEAST_NODES, LEAST_ORIGINS = 100, 16  # with fewer, trees are found sooner than labels (docs/design.md)
TRAIL = 200_000  # arcs of earlier paths of the same origins that later ones go on from


def link_values(graph: RoadGraph, name: str, values: ArrayLike, *, least: float = 0.0) -> Floats:
    """Return values of links as an array of floats, shape (links,), or refuse them.

    A search with a negative cost never ends, and one with too few costs reads what is not its own.

    Raises
    ------
    InputError
        Another shape, nan, or a value below `least`; inf is allowed.

    """
    found = np.asarray(values, np.float64)
    if found.shape != (graph.links,):
        raise InputError(say("error.bad_shape", name=name, found=found.shape, expected=(graph.links,)))
    bad = ~(found >= least)
    if bad.any():
        at = int(bad.argmax())
        link = graph.names_of_links()[at]
        raise InputError(say("error.bad_link_minutes", name=name, link=link, found=float(found[at])))
    return found


def _flags(name: str, flags: ArrayLike | None, many: int, fill: bool) -> Bools:
    """Return flags of shape (many,), all `fill` where there are none, or refuse another shape."""
    found = np.full(many, fill) if flags is None else np.asarray(flags, np.bool_)
    if found.shape != (many,):
        raise InputError(say("error.bad_shape", name=name, found=found.shape, expected=(many,)))
    return found


def link_flags(graph: RoadGraph, name: str, flags: ArrayLike | None) -> Bools:
    """Return flags of links, shape (links,), none set where `flags` is None; InputError for another shape."""
    return _flags(name, flags, graph.links, False)


def _node_numbers(graph: RoadGraph, nodes: ArrayLike) -> Ints:
    """Return node numbers as an array, or refuse what is no node."""
    found = np.atleast_1d(np.asarray(nodes, np.int64))
    bad = (found < 0) | (found >= graph.nodes)
    if bad.any():
        raise InputError(say("error.zone_without_link", zone=int(found[bad.argmax()])))
    return found


def skim(
    graph: RoadGraph,
    pairs: Pairs,
    minutes: Floats,
    *,
    closed: Bools | None = None,
    wanted: Bools | None = None,
    along: Sequence[Floats] = (),
) -> Floats:
    """Return the shortest minutes of pairs at fixed link costs, and what else adds up along the shortest paths.

    Parameters
    ----------
    minutes : cost of every link, shape (links,), not negative; inf: nobody passes
    closed : links that nobody may use, shape (links,)
    wanted : pairs to search for, shape (pairs,); None: all
    along : other link values, shape (links,) each

    Returns
    -------
    Floats
        Shape (1 + len(along), pairs), or (pairs,) without `along`; nan where not wanted, inf without a path.

    Raises
    ------
    InputError
        Values of another shape, nan, negative minutes, or a pair of nodes that the network does not have.

    """
    minutes, shut = link_values(graph, "minutes", minutes), link_flags(graph, "closed", closed)
    along = [link_values(graph, "along", v, least=-np.inf) for v in along]
    some = _flags("wanted", wanted, len(pairs), True)
    net = graph.search(_node_numbers(graph, pairs.ends))
    cost = net.over_arcs(minutes)
    cost[net.any_of(shut)] = np.inf
    values = np.stack([net.over_arcs(v) for v in along]) if along else np.zeros((0, net.arcs))
    found = along_paths(net, pairs, cost, values, some)
    return found if along else found[0]


def along_paths(net: SearchGraph, pairs: Pairs, cost: Floats, values: Floats, wanted: Bools | None = None) -> Floats:
    """Return cost and values (shape (values, arcs)) summed along the shortest paths over the arcs of a search graph."""
    some = np.ones(len(pairs), np.bool_) if wanted is None else wanted
    origin, destination = (net.number[ends].astype(np.uint32) for ends in (pairs.origin, pairs.destination))
    begins = (
        np.flatnonzero(np.r_[True, np.diff(origin.astype(np.int64)) != 0]) if len(origin) else np.zeros(0, np.int64)
    )
    if net.net.through < LEAST_NODES or len(begins) < LEAST_ORIGINS:
        return np.asarray(_skim(net.net, cost, values, origin, destination, some))
    chords = net.hierarchy
    metric, probe, need = empty_metric(chords), empty_probe(net.net, chords), np.zeros(net.net.through, np.uint8)
    customize(chords, metric, cost)
    needed(net.net, chords, destination[some], need)
    first = np.append(begins, len(origin))
    only = np.logical_or.reduceat(some, begins).astype(np.uint8)
    result = np.full((1 + len(values), len(pairs)), np.nan)
    _skim_by_labels(
        net.net, chords, metric, probe, cost, values, origin[begins], np.zeros(len(begins), np.uint32), first,
        destination, some, turns(net.net, chords, origin[begins]), only, need,
        np.empty(len(net.net.start) + TRAIL, np.uint32), result,
    )  # fmt: skip
    return result


def skim_matrices(
    graph: RoadGraph, zones: ArrayLike, minutes: Floats, *, closed: Bools | None = None,
    along: Mapping[str, Floats] | None = None,
) -> dict[str, pd.DataFrame]:  # fmt: skip
    """Return matrices between zones along the shortest paths: "minutes", "km" where lengths are known, and `along`.

    Parameters
    ----------
    zones : names of nodes
    minutes : cost of every link, shape (links,): `network.minutes(flow)`, or `network.free_flow_min`
    closed : links that nobody may use, shape (links,)
    along : other link values by name, shape (links,) each

    Returns
    -------
    dict of DataFrames, index = origins, columns = destinations; inf without a path

    """
    import pandas as pd

    names = pd.Index(np.asarray(zones))
    node = np.asarray(graph.names_of_nodes().get_indexer(names), np.int64)
    if (node < 0).any():
        raise InputError(say("error.zone_without_link", zone=names[int(np.flatnonzero(node < 0)[0])]))
    order = np.argsort(node, kind="stable")
    origin, destination = np.repeat(node[order], len(node)), np.tile(node, len(node))
    parts = {} if graph.length_km is None else {"km": graph.length_km}
    parts |= dict(along or {})
    found = np.atleast_2d(skim(graph, Pairs(origin, destination), minutes, closed=closed, along=tuple(parts.values())))
    result = {}
    for name, row in zip(["minutes", *parts], found, strict=True):
        matrix = np.empty((len(node), len(node)))
        matrix[order] = row.reshape(len(node), len(node))
        result[name] = pd.DataFrame(matrix, index=names.rename("origin"), columns=names.rename("destination"))
    return result


def reachable(
    graph: RoadGraph, sources: ArrayLike, minutes: Floats, *, within: float, closed: Bools | None = None
) -> pd.Series:
    """Return the nodes that lie within so many minutes of the nearest source, with their minutes.

    Parameters
    ----------
    sources : the name of a node, or several
    minutes : cost of every link, shape (links,), not negative
    within : minutes; inf: all that can be reached
    closed : links that nobody may use, shape (links,)

    Returns
    -------
    Series of minutes, index = names of nodes, the sources with 0; the way is from a source to the node

    """
    import pandas as pd

    names = graph.names_of_nodes()
    at = np.asarray(names.get_indexer(pd.Index(np.atleast_1d(np.asarray(sources)))), np.int64)
    if (at < 0).any():
        raise InputError(
            say("error.zone_without_link", zone=np.atleast_1d(np.asarray(sources))[int((at < 0).argmax())])
        )
    shut = link_flags(graph, "closed", closed)
    found = pd.Series(nodes_within(graph, at, minutes, shut), index=names, name="minutes")
    return found[(found <= within) & np.isfinite(found)]


def nodes_within(graph: RoadGraph, sources: Ints, minutes: Floats, closed: Bools) -> Floats:
    """Return the minutes to every node from the nearest source node, shape (nodes,); inf without a path.

    `sources` are numbers of nodes, `minutes` (not negative) and `closed` have the shape (links,).
    """
    cost, shut = link_values(graph, "minutes", minutes), link_flags(graph, "closed", closed)
    return np.asarray(from_any(*graph.star(), shut, cost, graph.barred, _node_numbers(graph, sources)))


@njit(cache=True, nogil=True)
def _skim_by_labels(
    net: Any, chords: Any, metric: Any, probe: Any, cost: Any, values: Any, origin: Any, alike: Any, first: Any,
    destination: Any, wanted: Any, turn: Any, only: Any, need: Any, trail: Any, result: Any,
) -> None:  # fmt: skip
    at = 0
    while True:
        at, used = fill(net, chords, cost, probe, origin, alike, 0, turn, only, at)
        if used == 0:
            return
        sweep_up_and_down(net, chords, metric, cost, probe, need)
        begin = 0
        for n in range(used):
            lane, g = np.uint64(n), probe.lanes[n]
            for k in range(first[g], first[g + 1]):
                if not wanted[k]:
                    continue
                if destination[k] == origin[g]:
                    result[:, k] = 0.0
                    continue
                result[:, k] = least_of(net, chords, cost, probe, lane, origin[g], destination[k])
                if len(values) == 0 or result[0, k] == np.inf:
                    continue
                if begin + len(net.start) > len(trail):
                    begin = 0
                    forget(probe)
                hops = path_of_row(net, chords, metric, probe, cost, lane, origin[g], destination[k], trail, begin)
                for i in range(len(values)):
                    total = 0.0
                    for h in range(begin + hops - 1, begin - 1, -1):
                        total += values[i, trail[h]]
                    result[1 + i, k] = total
                begin += hops


@njit(cache=True, nogil=True)
def _skim(net: Any, cost: Any, values: Any, origin: Any, destination: Any, wanted: Any) -> Any:
    n, pairs = len(net.start) - 1, len(origin)
    label, up = np.empty(n), np.empty(net.through, np.uint32)
    queue, stack, keys, same = np.empty(n, np.uint32), np.empty(n, np.uint32), np.empty(n), np.empty(n, np.uint8)
    result = np.full((1 + len(values), pairs), np.nan)
    first = 0
    while first < pairs:
        last, some = first, False
        source = origin[first]
        while last < pairs and origin[last] == source:
            some = some or wanted[last]
            last += 1
        if some:
            grow(net, cost, source, label, up, queue, stack, keys, same)
            for k in range(first, last):
                if not wanted[k]:
                    continue
                if destination[k] == source:
                    result[:, k] = 0.0
                    continue
                total, arc = arrive(net, cost, label, up, destination[k])
                result[0, k] = total
                for i in range(len(values)):
                    result[1 + i, k] = np.inf if total == np.inf else 0.0
                if total < np.inf and len(values) > 0:
                    while True:
                        for i in range(len(values)):
                            result[1 + i, k] += values[i, arc]
                        node = net.tail[arc]
                        if node == source:
                            break
                        arc = up[node]
        first = last
    return result
