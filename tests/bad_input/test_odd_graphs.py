"""Graphs that are hardly any: no links, one node, costs of nothing and without end, many islands."""

from __future__ import annotations

import numpy as np
import pytest

from resilience.base.errors import InputError
from resilience.traffic import Demand, Pairs, assign
from resilience.traffic.equilibrium.workspace import LEAST_NODES
from resilience.traffic.skims import skim
from tests.tiny import graph, pairs


def test_a_graph_without_links_serves_nobody():
    found = assign(graph(3, []), Demand(pairs((0, 1), (1, 2)), np.array([5.0, 7.0])))
    assert found.unserved.tolist() == [5.0, 7.0]
    assert found.flow.shape == (0,)
    assert np.isinf(found.od_minutes).all()


def test_a_single_node_has_no_pairs_and_no_demand_is_refused():
    assert skim(graph(1, []), pairs((0, 0)), np.zeros(0)).tolist() == [0.0]
    with pytest.raises(InputError, match="no demand between different zones"):
        assign(graph(1, []), Demand(Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64)), np.zeros(0)))


def test_links_that_cost_nothing_are_driven():
    net = graph(3, [(0, 1), (1, 2), (0, 2)], minutes=[0.0, 0.0, 5.0])
    found = assign(net, Demand(pairs((0, 2)), np.array([10.0])))
    assert found.od_minutes.tolist() == [0.0]
    assert found.flow.tolist() == [10.0, 10.0, 0.0]


@pytest.mark.parametrize("minutes", [np.inf, np.nan, -1.0])
def test_a_cost_that_is_no_number_is_refused_by_link(minutes):
    with pytest.raises(InputError, match="link number 1: free_flow_min"):
        assign(graph(3, [(0, 1), (1, 2)], minutes=[1.0, minutes]), Demand(pairs((0, 2)), np.array([1.0])))


def test_a_link_of_endless_cost_is_closed_to_a_search():
    net = graph(3, [(0, 1), (1, 2), (0, 2)])
    found = skim(net, pairs((0, 2), (1, 2)), np.array([1.0, np.inf, 9.0]))
    assert found.tolist() == [9.0, np.inf]


def test_many_islands_are_searched_and_cut_off_pairs_are_told():
    many = 100_000
    assert 2 * many > LEAST_NODES
    ends = 2 * np.arange(many)
    links = np.concatenate([np.c_[ends, ends + 1], np.c_[ends + 1, ends]])
    net = graph(2 * many, links)
    origin = ends[: many // 50]
    trips = Pairs(np.repeat(origin, 2), np.c_[origin + 1, (origin + 2) % (2 * many)].ravel())
    found = assign(net, Demand(trips, np.ones(len(trips))), gap=1e-4)
    assert found.unserved.tolist() == [0.0, 1.0] * len(origin)


def test_an_order_of_another_graph_is_refused():
    net = graph(3, [(0, 1), (1, 2)])
    assign(net, Demand(pairs((0, 2)), np.array([1.0])))
    net.head[1] = 0
    with pytest.raises(InputError, match="changed since"):
        assign(net, Demand(pairs((0, 2)), np.array([1.0])))
