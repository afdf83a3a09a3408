"""Labels and paths of the contraction hierarchy against Dijkstra's of scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from resilience.traffic import Demand, Pairs, assign
from resilience.traffic.equilibrium import workspace
from resilience.traffic.hierarchy.hierarchy import order
from resilience.traffic.hierarchy.labels import (
    customize,
    empty_metric,
    empty_probe,
    fill,
    label_of,
    least_of,
    needed,
    sweep_up_and_down,
    turns,
)
from resilience.traffic.hierarchy.paths import path, path_of_row
from resilience.traffic.search import contract
from tests.tiny import graph


def reference(nodes, tail, head, cost, barred, source):
    """Return the least cost to every node from a source by scipy; no path passes a barred node."""
    open_ = (~barred[tail] | (tail == source)) & (tail != head) & np.isfinite(cost)
    best: dict[tuple[int, int], float] = {}
    for a, b, c in zip(tail[open_], head[open_], cost[open_], strict=True):
        best[a, b] = min(c, best.get((a, b), np.inf))
    graph = csr_array(  # scipy takes an explicit zero of a sparse matrix for a link of no cost
        (list(best.values()), (np.array([k[0] for k in best], int), np.array([k[1] for k in best], int))),
        shape=(nodes, nodes),
    )
    return dijkstra(graph, indices=source)


class Solved:
    """All labels between the ends of a graph, and the means to ask for paths."""

    def __init__(self, nodes, tail, head, cost, barred, ends):
        self.search = contract(tail, head, barred, ends)
        self.net, self.chords = self.search.net, self.search.hierarchy
        self.cost = self.search.over_arcs(cost)
        self.metric, self.probe = empty_metric(self.chords), empty_probe(self.net, self.chords)
        customize(self.chords, self.metric, self.cost)
        at = self.search.number[ends]
        self.origin = at.astype(np.uint32)
        self.need = np.zeros(self.net.through, np.uint8)
        needed(self.net, self.chords, self.origin, self.need)
        self.turn = turns(self.net, self.chords, self.origin)
        self.vehicle, self.only = np.zeros(len(at), np.uint32), np.ones(len(at), np.uint8)
        self.trail = np.empty(len(self.net.start) + 1, np.uint32)

    def labels(self):
        od = np.full((len(self.origin), len(self.origin)), np.nan)
        for i, lane in self.lanes():
            for j, goal in enumerate(self.origin):
                at = (self.net, self.chords, self.cost, self.probe, np.uint64(lane), self.origin[i], goal)
                od[i, j] = 0.0 if i == j else least_of(*at)
                assert i == j or od[i, j] == label_of(*at)[0]
        return od

    def lanes(self):
        """Sweep the labels of all origins, and give each origin with its lane as long as its labels stand there."""
        at = 0
        while True:
            at, used = fill(
                self.net, self.chords, self.cost, self.probe, self.origin, self.vehicle, 0, self.turn, self.only, at
            )
            if used == 0:
                return
            sweep_up_and_down(self.net, self.chords, self.metric, self.cost, self.probe, self.need)
            for lane in range(used):
                yield int(self.probe.lanes[lane]), lane

    def walk(self, arcs, origin, destination):
        """Return the cost of the path of some arcs after a look at whether it is one."""
        node, total, seen = self.origin[origin], 0.0, {int(self.origin[origin])}
        for arc in arcs:
            assert self.net.tail[arc] == node
            node = self.net.head[arc]
            assert int(node) not in seen
            seen.add(int(node))
            total += self.cost[arc]
        assert node == self.origin[destination]
        return total

    def paths(self):
        """Return the cost of every path, asked for one by one and from the labels of the lanes."""
        many = len(self.origin)
        single, rows = np.zeros((many, many)), np.zeros((many, many))
        store, begin = np.empty(many * many * len(self.trail), np.uint32), 0
        for i, lane in self.lanes():
            for j in range(many):
                if i == j:
                    continue
                args = (self.net, self.chords, self.metric, self.probe, self.cost)
                ends = (self.origin[i], self.origin[j])
                hops = path(*args, *ends, self.trail)
                single[i, j] = self.walk(self.trail[:hops], i, j) if hops else np.inf
                hops = path_of_row(*args, np.uint64(lane), *ends, store, begin)
                rows[i, j] = self.walk(store[begin : begin + hops], i, j) if hops else np.inf
                begin += hops
        return single, rows


def check(nodes, tail, head, cost, barred, ends):
    solved = Solved(nodes, tail, head, cost, barred, ends)
    right = np.stack([reference(nodes, tail, head, cost, barred, s)[ends] for s in ends])
    np.testing.assert_allclose(solved.labels(), right, rtol=1e-12, atol=1e-12)
    for found in solved.paths():
        np.testing.assert_allclose(found, right, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(solved.labels(), right, rtol=1e-12, atol=1e-12)  # nothing is left behind


@st.composite
def graphs(draw):
    nodes = draw(st.integers(2, 24))
    links = draw(st.integers(0, 70))
    node = st.integers(0, nodes - 1)
    tail = np.array(draw(st.lists(node, min_size=links, max_size=links)), np.int64)
    head = np.array(draw(st.lists(node, min_size=links, max_size=links)), np.int64)
    kinds = st.sampled_from([0.0, 0.0, 1.0, 1.0, 2.5, 0.1, 1e-9, 1e9, np.inf])
    free = st.floats(0.0, 100.0, allow_subnormal=False)
    cost = np.array(draw(st.lists(st.one_of(kinds, free), min_size=links, max_size=links)), float)
    ends = np.unique(draw(st.lists(node, min_size=1, max_size=10)))
    barred = np.zeros(nodes, np.bool_)
    barred[draw(st.lists(node, max_size=6))] = True
    return nodes, tail, head, cost, barred, ends.astype(np.int64)


@settings(max_examples=300, deadline=None)
@given(graphs())
def test_labels_and_paths_are_those_of_dijkstra(given_graph):
    """With closures, links without cost, parallel links, loops, islands, and nodes that nobody may pass."""
    check(*given_graph)


@pytest.mark.parametrize("one_way", [False, True])
@pytest.mark.parametrize("ties", [False, True])
def test_a_grid(one_way, ties):
    """Streets that lead one way in turn, and grids in which nearly every path has others as short."""
    side = 12
    at = np.arange(side * side).reshape(side, side)
    along, across = [], []
    for i in range(side):
        rows = list(zip(at[i, :-1], at[i, 1:], strict=True))
        columns = list(zip(at[:-1, i], at[1:, i], strict=True))
        back = [(b, a) for a, b in rows], [(b, a) for a, b in columns]
        along += (rows if i % 2 else back[0]) if one_way else rows + back[0]
        across += (columns if i % 2 else back[1]) if one_way else columns + back[1]
    tail, head = np.array(along + across, np.int64).T
    rng = np.random.default_rng(5)
    cost = np.ones(len(tail)) if ties else rng.uniform(1, 3, len(tail))
    ends = np.sort(rng.choice(side * side, 30, replace=False))
    check(side * side, tail, head, cost, np.zeros(side * side, np.bool_), ends)


def test_a_graph_without_links_and_one_of_a_single_node():
    none = np.zeros(0, np.int64)
    check(3, none, none, np.zeros(0), np.zeros(3, np.bool_), np.arange(3))
    check(1, none, none, np.zeros(0), np.zeros(1, np.bool_), np.arange(1))
    assert order(0, none, none).shape == (0,)


def test_many_islands():
    """Each is a pair of nodes; nobody leaves his own."""
    many = 100_000
    tail, head = np.arange(0, 2 * many, 2), np.arange(1, 2 * many, 2)
    ends = np.r_[0, 1, 2, 3, 2 * many - 2, 2 * many - 1]
    solved = Solved(
        2 * many, np.r_[tail, head], np.r_[head, tail], np.full(2 * many, 7.0), np.zeros(2 * many, bool), ends
    )
    found = solved.labels()
    assert found[0].tolist() == [0.0, 7.0, np.inf, np.inf, np.inf, np.inf]
    assert found[5].tolist() == [np.inf, np.inf, np.inf, np.inf, 7.0, 0.0]


def test_costs_change_and_the_order_stays():
    rng = np.random.default_rng(2)
    nodes, links = 60, 240
    tail, head = rng.integers(0, nodes, (2, links))
    ends = np.arange(0, nodes, 5)
    barred = np.zeros(nodes, np.bool_)
    solved = Solved(nodes, tail, head, np.ones(links), barred, ends)
    for share in (0.0, 0.3, 0.9, 1.0, 0.0):
        cost = np.where(rng.random(links) < share, np.inf, rng.uniform(0, 5, links))
        solved.cost = solved.search.over_arcs(cost)
        customize(solved.chords, solved.metric, solved.cost)
        right = np.stack([reference(nodes, tail, head, cost, barred, s)[ends] for s in ends])
        np.testing.assert_allclose(solved.labels(), right, rtol=1e-12)


def test_a_single_origin_goes_on_when_the_store_is_full(monkeypatch):
    """A pass that stops for want of room is told from one that came to its end, however few groups there are."""
    size = 40
    net = graph(size, [(i, i + 1) for i in range(size - 1)])
    demand = Demand(Pairs(np.zeros(size - 1, np.int64), np.arange(1, size)), np.ones(size - 1))
    make = workspace._empty_store
    monkeypatch.setattr(workspace, "LEAST_NODES", 0)
    monkeypatch.setattr(workspace, "_empty_store", lambda pairs, _slots, *rest: make(pairs, 3, *rest))
    found = assign(net, demand, gap=1e-6)
    assert found.converged
    np.testing.assert_allclose(found.flow, np.arange(size - 1, 0, -1))
