from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resilience.traffic import search as module
from resilience.traffic.search import NONE, _dijkstra, arrive, contract, grow, mend, rank
from tests.tiny import graph, shortest


@st.composite
def town(draw):
    """A town with one-way streets, dead ends, long chains and parallel links, and the ends of its trips."""
    n = draw(st.integers(3, 14))
    chain = [(i, i + 1) for i in range(n - 1)]
    two_way = draw(st.lists(st.sampled_from(chain), max_size=n)) if chain else []
    extra = draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=n))
    kept = draw(st.lists(st.sampled_from(chain), min_size=1, max_size=2 * n))
    links = [*kept, *[(b, a) for a, b in two_way], *extra]
    ends = sorted(draw(st.sets(st.integers(0, n - 1), min_size=1, max_size=5)))
    barred = draw(st.sets(st.integers(0, n - 1), max_size=2))
    return graph(n, links, barred=barred), np.array(ends), draw(st.integers(0, 1000))


def search(prepared, cost, shut, origin, how, before=None):
    net = prepared.net
    n = len(net.start) - 1
    arcs = prepared.over_arcs(np.where(shut, np.inf, cost))
    label, up = np.empty(n), np.full(net.through, NONE, np.uint32)
    queue, stack, keys = np.empty(n, np.uint32), np.empty(n, np.uint32), np.empty(n)
    origin = np.uint32(origin)
    same = np.empty(n, np.uint8)
    if how == "queue":
        grow(net, arcs, origin, label, up, queue, stack, keys, same)
    elif how == "heap":
        _dijkstra(net, arcs, origin, label, up, queue, stack, keys)
    else:  # a tree that was grown at other costs and with other closures
        grow(net, before, origin, label, up, queue, stack, keys, same)
        order = np.random.default_rng(origin).permutation(net.through).astype(np.uint32)
        if origin % 2:
            rank(label, order, queue, stack)
        mend(net, arcs, origin, label, up, order, queue, stack, keys, same)
        assert sorted(order) == list(range(net.through))
    found = [arrive(net, arcs, label, up, np.uint32(node)) if node != origin else (0.0, NONE) for node in range(n)]
    label = np.array([f[0] for f in found])
    via = np.full(n, -1)
    via[: net.through] = up
    via[net.through :] = [f[1] for f in found[net.through :]]
    return label, via


@pytest.mark.parametrize("how", ["queue", "heap", "mended"])
@given(case=town())
def test_the_contracted_graph_keeps_every_distance_between_the_ends(how, case):
    net, ends, seed = case
    rng = np.random.default_rng(seed)
    cost, shut = rng.uniform(0.1, 5.0, len(net.tail)), rng.random(len(net.tail)) < 0.2
    prepared = contract(net.tail, net.head, net.barred, ends)
    for origin in ends:
        expected = shortest(net, cost, shut, int(origin))
        before = prepared.over_arcs(np.where(rng.random(len(cost)) < 0.2, np.inf, rng.uniform(0.1, 5.0, len(cost))))
        label, via = search(prepared, cost, shut, prepared.number[origin], how, before)
        for goal in ends:
            assert label[prepared.number[goal]] == pytest.approx(expected[goal], rel=1e-9)
            # and the links handed back are a way of that length
            node, way = prepared.number[goal], []
            if not np.isfinite(expected[goal]):
                continue
            while node != prepared.number[origin]:
                arc = via[node]
                way[:0] = prepared.members[prepared.member_start[arc] : prepared.member_start[arc + 1]].tolist()
                node = prepared.net.tail[arc]
            assert cost[way].sum() == pytest.approx(expected[goal], rel=1e-9)
            at = [int(origin), *net.head[way]]
            assert (net.tail[way] == at[:-1]).all()
            assert at[-1] == goal
            assert not shut[way].any()


def test_chains_and_dead_ends_vanish():
    # 0 - 1 - 2 - 3 in both directions, and a dead end 4 at 2
    links = [(0, 1), (1, 0), (1, 2), (2, 1), (2, 3), (3, 2), (2, 4), (4, 2)]
    net = graph(5, links)
    prepared = contract(net.tail, net.head, net.barred, np.array([0, 3]))
    assert len(prepared.net.start) - 1 == 2
    assert sorted(np.diff(prepared.member_start).tolist()) == [3, 3]
    assert prepared.number[[1, 2, 4]].tolist() == [-1, -1, -1]


def test_barred_nodes_stay_and_end_every_path():
    net = graph(3, [(0, 1), (1, 2)], barred=[1])
    prepared = contract(net.tail, net.head, net.barred, np.array([0, 2]))
    assert prepared.number[1] >= prepared.net.through
    label, _ = search(prepared, np.ones(2), np.zeros(2, bool), prepared.number[0], "queue")
    assert np.isinf(label[prepared.number[2]])


def test_a_search_that_scans_too_often_goes_on_with_the_heap():
    # costs for which a label-correcting queue scans exponentially often: each diamond doubles the scans
    stages = 14
    links, cost = [], []
    for s in range(stages):
        a, b, c = 2 * s, 2 * s + 1, 2 * s + 2
        links += [(a, c), (a, b), (b, c)]
        cost += [2.0 ** (stages - s), 0.0, 0.0] if s % 2 else [2.0 ** (stages - s), 0.0, 1e-3]
    ends = np.arange(2 * stages + 1)
    net = graph(len(ends), links)
    prepared = contract(net.tail, net.head, net.barred, ends)
    assert 2**stages > module.MOST_SCANS
    label, _ = search(prepared, np.array(cost), np.zeros(len(links), bool), prepared.number[0], "queue")
    expected = shortest(net, np.array(cost), np.zeros(len(links), bool), 0)
    np.testing.assert_allclose(label[prepared.number[ends]], expected)
