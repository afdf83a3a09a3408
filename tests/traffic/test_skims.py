from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resilience.base.errors import InputError
from resilience.traffic import Demand, RoadGraph, assign
from resilience.traffic.equilibrium.selected import select_trips
from resilience.traffic.skims import nodes_within, reachable, skim, skim_matrices
from tests.tiny import graph, pairs, shortest
from tests.traffic.test_equilibrium import networks, shut_some


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
    table, flow = select_trips(found, links=[1])
    assert table[["origin", "destination", "flow"]].to_numpy().tolist() == [[0, 2, 7.0], [3, 2, 9.0]]
    assert flow.tolist() == [7.0, 16.0, 9.0]
    with pytest.raises(InputError, match="8 is no link"):
        select_trips(found, links=8)


def test_select_by_several_links_and_by_zones():
    net = graph(4, [(0, 1), (1, 2), (3, 1)])
    found = assign(net, Demand(pairs((0, 1), (0, 2), (3, 2)), np.array([5.0, 7.0, 9.0])), gap=1e-9)
    table, flow = select_trips(found, links=[0, 1], all_links=True)
    assert table[["origin", "destination", "flow"]].to_numpy().tolist() == [[0, 2, 7.0]]
    assert flow.tolist() == [7.0, 7.0, 0.0]
    table, flow = select_trips(found, origins=0)
    assert (table["flow"].sum(), flow.tolist()) == (12.0, [12.0, 7.0, 0.0])
    table, flow = select_trips(found, links=1, origins=[0, 3], destinations=2)
    assert table["flow"].tolist() == [7.0, 9.0]
    assert select_trips(found, links=0, origins=3)[0].empty
    assert select_trips(found)[1].tolist() == found.flow.tolist()
    with pytest.raises(InputError, match="9 is no node of the network"):
        select_trips(found, destinations=[2, 9])


@given(networks(), st.integers(0, 99))
def test_select_of_several_links_is_that_of_whole_paths(case, seed):
    net, wanted, vph = case
    found = assign(net, Demand(wanted, vph), gap=1e-6)
    some = np.random.default_rng(seed).choice(net.links, min(2, net.links), replace=False)
    paths = found.path_table()
    for every, test in ((True, all), (False, any)):
        expected = sum(row.flow for row in paths.itertuples() if test(link in row.links for link in some))
        table, _ = select_trips(found, links=some, all_links=every)
        assert table["flow"].sum() == pytest.approx(expected)


@given(networks())
def test_select_link_of_all_links_is_all_traffic(case):
    net, wanted, vph = case
    found = assign(net, Demand(wanted, vph), gap=1e-6)
    table, flow = select_trips(found, links=np.arange(net.links))
    np.testing.assert_allclose(flow.to_numpy(), found.flow)
    assert table["flow"].sum() == pytest.approx(found.served[wanted.origin != wanted.destination].sum())


OPEN = np.zeros(4, np.bool_)
CALLS = {
    "skim": lambda net, minutes, shut: skim(net, pairs((0, 2)), minutes, closed=shut),
    "skim_matrices": lambda net, minutes, shut: skim_matrices(net, ["A", "C"], minutes, closed=shut),
    "reachable": lambda net, minutes, shut: reachable(net, "A", minutes, within=5.0, closed=shut),
    "nodes_within": lambda net, minutes, shut: nodes_within(net, np.array([0]), minutes, shut),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(
    ("minutes", "message"),
    [
        ([1.0, 2.0, -0.5, 1.0], "minutes of link ac is -0.5"),
        ([1.0, np.nan, 1.0, 1.0], "minutes of link bc is nan"),
        ([-np.inf, 1.0, 1.0, 1.0], "minutes of link ab is -inf"),
        ([1.0, 1.0, 1.0], r"minutes has the shape \(3,\); it must be \(4,\)"),
        (np.ones((4, 1)), r"minutes has the shape \(4, 1\)"),
        (1.0, r"minutes has the shape \(\)"),
    ],
)
def test_minutes_that_cannot_be_are_refused(call, minutes, message):
    with pytest.raises(InputError, match=message):
        call(town(), minutes, OPEN)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_closures_of_another_network_are_refused(call):
    with pytest.raises(InputError, match=r"closed has the shape \(3,\); it must be \(4,\)"):
        call(town(), np.ones(4), OPEN[:3])
    call(town(), [1.0, 2.0, np.inf, 0.0], OPEN)  # a list, and inf, are fine


def test_other_values_of_links_and_flags_of_pairs_have_to_fit():
    net = town()
    assert skim(net, pairs((0, 2)), np.ones(4), along=[np.array([-1.0, 0.0, -2.0, 0.0])]).tolist() == [[1.0], [-2.0]]
    with pytest.raises(InputError, match="along has the shape"):
        skim(net, pairs((0, 2)), np.ones(4), along=[np.ones(3)])
    with pytest.raises(InputError, match="wanted has the shape"):
        skim(net, pairs((0, 2)), np.ones(4), wanted=np.ones(2, np.bool_))


def test_nodes_that_are_not_there_are_refused():
    net = town()
    for wrong in (-1, 3):
        with pytest.raises(InputError, match=f"{wrong} is no node"):
            nodes_within(net, np.array([0, wrong]), np.ones(4), OPEN)
    with pytest.raises(InputError, match="7 is no node"):
        skim(net, pairs((0, 7)), np.ones(4))


def test_what_cannot_be_reached_is_within_no_reach():
    net = graph(3, [(0, 1)])
    assert reachable(net, 0, net.free_flow_min, within=np.inf).to_dict() == {0: 0.0, 1: 1.0}
