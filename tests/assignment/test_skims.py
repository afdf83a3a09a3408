from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resilience.assignment import Demand, RoadGraph, assign
from resilience.assignment.skims import reachable, select_link, skim_matrices
from resilience.errors import InputError
from tests.assignment.test_equilibrium import networks, shut_some
from tests.tiny import graph, pairs, shortest


def town():
    links = pd.DataFrame(
        {
            "from_node": ["A", "B", "A", "C"],
            "to_node": ["B", "C", "C", "A"],
            "free_flow_min": [1.0, 2.0, 9.0, 4.0],
            "length_km": [10.0, 10.0, 3.0, 5.0],
            "capacity_vph": 10.0,
        },
        index=["ab", "bc", "ac", "ca"],
    )
    return RoadGraph.from_table(links)


def test_matrices_of_time_and_distance_follow_the_fastest_way():
    net = town()
    found = skim_matrices(net, ["C", "A", "B"], net.free_flow_min, along={"tolls": np.array([1.0, 0.0, 7.0, 0.5])})
    assert list(found) == ["minutes", "km", "tolls"]
    assert found["minutes"].loc["A"].to_dict() == {"C": 3.0, "A": 0.0, "B": 1.0}
    assert found["km"].loc["A", "C"] == 20.0  # the fastest way, not the shortest
    assert found["tolls"].loc["B", "A"] == 0.5
    closed = skim_matrices(net, ["A", "B", "C"], net.free_flow_min, closed=np.array([False, False, False, True]))
    assert np.isinf(closed["minutes"].loc["B", "A"])
    assert np.isinf(closed["km"].loc["B", "A"])
    with pytest.raises(InputError, match="X is no node"):
        skim_matrices(net, ["A", "X"], net.free_flow_min)


@given(networks(), st.integers(0, 9))
def test_matrices_agree_with_another_search(case, seed):
    net, _, _ = case
    minutes = np.random.default_rng(seed).uniform(0.1, 9.0, net.links)
    shut = shut_some(0.3, net, seed)
    found = skim_matrices(net, range(net.nodes), minutes, closed=shut)["minutes"].to_numpy()
    for node in range(net.nodes):
        expected = shortest(net, minutes, shut, node)
        np.testing.assert_allclose(found[node], expected)


def test_what_lies_within_reach():
    net = town()
    assert reachable(net, "A", net.free_flow_min, within=2.0).to_dict() == {"A": 0.0, "B": 1.0}
    assert reachable(net, ["B", "C"], net.free_flow_min, within=4.0).to_dict() == {"B": 0.0, "C": 0.0, "A": 4.0}
    with pytest.raises(InputError, match="Q is no node"):
        reachable(net, "Q", net.free_flow_min, within=1.0)


def test_select_link_tells_whose_trips_use_it():
    # 0 -> 1 -> 2, and 3 -> 1: the link 1 -> 2 is shared
    net = graph(4, [(0, 1), (1, 2), (3, 1)])
    found = assign(net, Demand(pairs((0, 1), (0, 2), (3, 2)), np.array([5.0, 7.0, 9.0])), gap=1e-9)
    table, flow = select_link(found, [1])
    assert table[["origin", "destination", "flow"]].to_numpy().tolist() == [[0, 2, 7.0], [3, 2, 9.0]]
    assert flow.tolist() == [7.0, 16.0, 9.0]
    with pytest.raises(InputError, match="8 is no link"):
        select_link(found, 8)


@given(networks())
def test_select_link_of_all_links_is_all_traffic(case):
    net, wanted, vph = case
    found = assign(net, Demand(wanted, vph), gap=1e-6)
    table, flow = select_link(found, np.arange(net.links))
    np.testing.assert_allclose(flow.to_numpy(), found.flow)
    assert table["flow"].sum() == pytest.approx(found.served[wanted.origin != wanted.destination].sum())
