"""Searches over open and closed links, beside networkx and scipy."""

from __future__ import annotations

import networkx as nx
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from resilience.traffic.reach import STEP, closures, joined, on_ways, reached, reached_more
from tests.tiny import graph


@st.composite
def town(draw):
    """Roads with one-way and parallel links, some of them closed, and two zones that nobody passes through."""
    n = draw(st.integers(2, 12))
    node = st.integers(0, n - 1)
    links = draw(st.lists(st.tuples(node, node), min_size=1, max_size=4 * n))
    closed = draw(st.lists(st.booleans(), min_size=len(links), max_size=len(links)))
    barred = draw(st.sets(node, max_size=2))
    return graph(n, links, barred=barred), np.array(closed)


def passable(net, start, links):
    """The links of a search from a node, as edges: none leads on from another barred node."""
    some = links & (~net.barred[net.tail] | (net.tail == start))
    return list(zip(net.tail[some].tolist(), net.head[some].tolist(), np.flatnonzero(some).tolist(), strict=True))


def open_roads(net, closed, start):
    found = nx.DiGraph()
    found.add_nodes_from(range(net.nodes))
    found.add_edges_from((a, b) for a, b, _ in passable(net, start, ~closed))
    return found


@given(town())
def test_reached_is_what_open_links_lead_to(made):
    net, closed = made
    for start in range(net.nodes):
        expected = nx.descendants(open_roads(net, closed, start), start) | {start}
        assert set(np.flatnonzero(reached(net, closed, start)).tolist()) == expected


@given(town(), st.integers(0, 2**32 - 1))
def test_when_links_open_the_search_goes_on(made, seed):
    net, closed = made
    left = closed & (np.random.default_rng(seed).random(net.links) < 0.5)
    opened = np.flatnonzero(closed & ~left)
    for start in np.flatnonzero(~net.barred).tolist():
        for against in (False, True):
            before = reached(net, closed, start, against=against)
            more = reached_more(net, left, before, opened, against=against)
            assert more.tolist() == reached(net, left, start, against=against).tolist()


@given(town())
def test_pairs_are_joined_alike_with_the_traffic_and_against_it(made):
    net, closed = made
    start, goal = (ends.ravel() for ends in np.indices((net.nodes, net.nodes)))
    expected = [nx.has_path(open_roads(net, closed, a), a, b) for a, b in zip(start, goal, strict=True)]
    mixed = np.random.default_rng(0).permutation(len(start))
    assert joined(net, closed, start[mixed], goal[mixed]).tolist() == np.array(expected)[mixed].tolist()
    back = joined(net, closed, goal[mixed], start[mixed], against=True)
    assert back.tolist() == np.array(expected)[mixed].tolist()


@given(town())
def test_closures_are_those_of_dijkstra_to_the_last_bit(made):
    """A pair of nodes costs 1 where all links between them are closed, STEP else; open links lead out of the start."""
    net, closed = made
    for start in range(net.nodes):
        starts = np.unique(net.head[~closed & (net.tail == start)])
        cost = np.full((net.nodes, net.nodes), np.inf)
        for a, b, link in passable(net, -1, np.ones(net.links, bool)):
            cost[a, b] = min(cost[a, b], 1.0 if closed[link] else STEP)
        some = np.isfinite(cost)
        roads = csr_array((cost[some], np.nonzero(some)), shape=cost.shape)
        expected = dijkstra(roads, indices=starts, min_only=True) if len(starts) else np.full(net.nodes, np.inf)
        assert closures(net, closed, start).tolist() == expected.tolist()


@given(town())
def test_on_ways_are_the_closed_links_of_all_ways_with_the_fewest(made):
    net, closed = made
    against = nx.DiGraph()
    against.add_nodes_from(range(net.nodes))
    for a, b, link in passable(net, -1, np.ones(net.links, bool)):
        least = against.get_edge_data(b, a, {"weight": 1})["weight"]
        against.add_edge(b, a, weight=min(least, int(closed[link])))
    for start in range(net.nodes):
        behind = closures(net, closed, start)
        goals = np.flatnonzero(np.isfinite(behind))
        every = set()
        for goal in goals.tolist():
            left = nx.single_source_dijkstra_path_length(against, goal)
            expected = {
                link
                for a, b, link in passable(net, -1, closed)
                if np.isfinite(behind[a]) and b in left and np.rint(behind[a]) + 1 + left[b] == np.rint(behind[goal])
            }
            assert set(on_ways(net, closed, behind, np.array([goal])).tolist()) == expected
            every |= expected
        assert set(on_ways(net, closed, behind, goals).tolist()) == every
