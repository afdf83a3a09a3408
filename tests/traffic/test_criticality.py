from __future__ import annotations

import itertools
import warnings

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resilience.agents.patience import patience
from resilience.base.errors import InputError
from resilience.traffic import Demand, Exponential, GiveUp, Linear, assign
from resilience.traffic.criticality import scan as scanning
from resilience.traffic.criticality.elements import Element, cells, single_links, streets
from resilience.traffic.criticality.scan import rank_with_errors
from resilience.traffic.criticality.structure import betweenness, detours, percolation
from tests.tiny import graph, pairs
from tests.traffic.test_equilibrium import networks

# 0 -> 3 by the upper road (1) or the lower (2); node 4 hangs on 3 by a bridge
LINKS = [(0, 1), (1, 3), (0, 2), (2, 3), (3, 4), (4, 3), (3, 0)]


def scan(base, elements, **more):
    """The scan with lost trips charged their usual minutes and the patience of their makers."""
    return scanning.scan(base, elements, charge_min=base.od_minutes + patience(base.od_minutes), **more)


def test_the_charge_of_lost_trips_must_be_of_these_pairs():
    with pytest.raises(InputError, match="charge"):
        scanning.scan(base_of(town()), single_links(town()), charge_min=np.ones(99))


def town(**more):
    return graph(5, LINKS, **({"minutes": [1, 1, 2, 2, 1, 1, 3], "capacity": 30.0} | more))


def base_of(net, gap=1e-10):
    return assign(net, Demand(pairs((0, 3), (0, 4), (3, 0)), np.array([20.0, 10.0, 5.0])), gap=gap)


def test_every_row_is_what_solving_without_the_link_gives():
    net = town()
    base = base_of(net)
    found = scan(base, single_links(net), gap=1e-8).elements.set_index("element")
    for link in range(net.links):
        without = assign(net, base.demand, gap=1e-10, closed=np.arange(net.links) == link)
        row = found.loc[str(link)]
        nri = (without.total_travel_time - base.total_travel_time) / 60.0
        assert row["nri"] == pytest.approx(nri, abs=row["error"] + 1e-9)
        assert row["unserved"] == pytest.approx(without.unserved.sum(), abs=1e-9)
        has_way = np.isfinite(without.od_minutes)
        more = (base.demand.vph * (without.od_minutes - base.od_minutes))[has_way].sum()
        assert row["importance_min"] == pytest.approx(more / base.demand.vph[has_way].sum(), abs=1e-4)


def test_a_bridge_loses_time_but_costs_more():
    net = town()
    base = base_of(net)
    row = scan(base, single_links(net), gap=1e-8).elements.set_index("element").loc["4"]
    assert row["unserved"] == 10.0
    assert row["nri"] < 0  # fewer trips, less time: that must not look like a gain
    lost = base.od_minutes[1] + patience(base.od_minutes[1:2])[0]
    assert row["cost_increase"] == pytest.approx(row["nri"] + 10.0 * lost / 60.0)
    assert row["cost_increase"] > 0


def test_a_link_that_nobody_uses_costs_nothing():
    net = graph(3, [(0, 1), (1, 2), (0, 2)], minutes=[1, 1, 50])
    base = assign(net, Demand(pairs((0, 2)), np.array([1.0])), gap=1e-9)
    row = scan(base, single_links(net)).elements.set_index("element").loc["2"]
    assert row[["nri", "cost_increase", "unserved", "importance_min", "error"]].tolist() == [0.0] * 5


def test_partial_closures_hurt_less_than_full_ones():
    net = town()
    base = base_of(net)
    part = scan(base, single_links(net), cut=0.5, gap=1e-8).elements.set_index("element")["cost_increase"]
    full = scan(base, single_links(net), gap=1e-8).elements.set_index("element")["cost_increase"]
    used = [str(i) for i in np.flatnonzero(base.flow > 0)]
    assert (part[used] > 0).all()
    assert (part[["0", "1", "4"]] < full[["0", "1", "4"]]).all()


def test_braess_bridge_is_worth_less_than_nothing():
    net = graph(
        4, [(0, 2), (0, 3), (2, 1), (2, 3), (3, 1)], minutes=[1e-8, 50, 50, 10, 1e-8], capacity=1.0,
        b=[1e9, 0.02, 0.02, 0.1, 1e9], power=1.0,
    )  # fmt: skip
    base = assign(net, Demand(pairs((0, 1)), np.array([6.0])), gap=1e-10)
    found = scan(base, single_links(net), gap=1e-9).elements.set_index("element")
    assert found.loc["3", "nri"] * 60.0 == pytest.approx(-54.0, rel=1e-6)
    assert found.loc["3", "rank"] == 5


def test_without_the_braess_bridge_nobody_stays_at_home():
    net = graph(
        4, [(0, 2), (0, 3), (2, 1), (2, 3), (3, 1)], minutes=[1e-8, 50, 50, 10, 1e-8], capacity=1.0,
        b=[1e9, 0.02, 0.02, 0.1, 1e9], power=1.0,
    )  # fmt: skip
    base = assign(net, Demand(pairs((0, 1)), np.array([6.0]), answer=GiveUp(88.0)), gap=1e-10)
    assert base.unserved_minutes > 0.0
    row = scan(base, single_links(net), gap=1e-9).elements.set_index("element").loc["3"]
    assert row["unserved"] < 0.0
    assert row["cost_increase"] * 60.0 == pytest.approx(6 * 83.0 - 6 * 88.0, rel=1e-6)


def test_streets_and_cells_close_their_links_together():
    net = graph(3, [(0, 1), (1, 0), (1, 2), (0, 1)])
    assert [(e.name, e.links.tolist()) for e in streets(net)] == [
        ("0–1 (0, 1)", [0, 1]), ("0–1 (3)", [3]), ("1–2", [2]),
    ]  # fmt: skip
    xy = np.array([[0.0, 0.0], [10.0, 0.0], [100.0, 50.0]])
    assert [(e.name, e.links.tolist()) for e in cells(net, xy, 2)] == [("0/0", [0, 1, 3]), ("1/0", [2])]
    with pytest.raises(InputError):
        cells(net, xy, 0)


def test_an_area_closure_is_what_closing_all_of_it_gives():
    net = town()
    base = base_of(net)
    row = scan(base, [Element("both roads", np.array([0, 2]))], gap=1e-8).elements.iloc[0]
    assert row["unserved"] == 30.0
    assert row["links"] == 2


def test_exposure_is_of_those_who_start_there():
    # behind the bridge 3 - 4 lie two places, 4 and 5; the way from 4 to 5 is a connector of 5
    net = graph(6, [*LINKS, (4, 5), (5, 4)], minutes=[1, 1, 2, 2, 1, 1, 3, 1, 1], capacity=30.0)
    wanted = pairs((0, 3), (0, 4), (0, 5), (3, 0))
    base = assign(net, Demand(wanted, np.array([20.0, 6.0, 4.0, 5.0])), gap=1e-10)
    found = scan(base, single_links(net), gap=1e-8)
    connector = found.elements.set_index("element")["connector"]
    assert sorted(connector[connector].index) == ["7", "8"]
    zones = found.zones.set_index("zone")
    without = assign(net, base.demand, gap=1e-10, closed=np.arange(9) == 0)
    worst = (base.demand.vph[:3] * (without.od_minutes - base.od_minutes)[:3]).sum() / 30.0
    assert zones.loc[0, "exposure_worst_min"] == pytest.approx(worst, rel=1e-3)
    assert zones.loc[0, "worst_element"] in {"0", "1"}
    assert zones.loc[0, "cut_off_worst"] == 10.0
    assert zones.loc[3, "trips"] == 5.0
    assert set(zones["elements"]) == {7}
    some = [0, 4]
    few = scan(base, [single_links(net)[i] for i in [*some, 7]], gap=1e-8).zones.set_index("zone")
    assert set(few["elements"]) == {2}


def test_exposure_is_per_trip_that_still_has_a_way():
    # from 0, 10 trips go to 1 and 30 on to 2, by the only link 1 -> 2; the other way to 1 takes 5 minutes more
    net = graph(4, [(0, 1), (0, 3), (3, 1), (1, 2), (2, 1), (1, 0)], minutes=[1, 3, 3, 1, 1, 1], capacity=1e6)
    base = assign(net, Demand(pairs((0, 1), (0, 2)), np.array([10.0, 30.0])), gap=1e-10)
    both = Element("both", np.array([0, 3]))
    found = scan(base, [both, Element("first", np.array([0]))], gap=1e-9)
    row = found.zones.iloc[0]
    # "both" leaves 10 trips a way, which take 5 minutes more each, and so does "first" to all 40
    assert row["exposure_worst_min"] == pytest.approx(5.0, rel=1e-6)
    assert row["exposure_mean_min"] == pytest.approx(5.0, rel=1e-6)
    assert row["cut_off_worst"] == pytest.approx(30.0)
    importance = found.elements.set_index("element")["importance_min"]
    assert importance["both"] == pytest.approx(5.0, rel=1e-6)


def test_exposure_passes_over_elements_that_leave_no_way():
    net = graph(3, [(0, 1), (1, 2), (2, 0), (1, 0), (2, 1)], capacity=1e6)
    base = assign(net, Demand(pairs((0, 2)), np.array([10.0])), gap=1e-10)
    row = scan(base, [Element("out", np.array([0]))]).zones.iloc[0]
    assert np.isnan(row["exposure_mean_min"])
    assert np.isnan(row["exposure_worst_min"])
    assert row["worst_element"] == ""
    assert row["cut_off_worst"] == 10.0
    row = scan(base, [Element("out", np.array([0])), Element("back", np.array([2]))]).zones.iloc[0]
    assert (row["exposure_mean_min"], row["worst_element"], row["elements"]) == (0.0, "back", 2)


def test_workers_do_not_change_the_answer():
    net = town()
    base = base_of(net)
    one, two = (scan(base, single_links(net), workers=n).elements for n in (1, 2))
    pd.testing.assert_frame_equal(one, two)


def test_ranks_are_open_where_errors_overlap():
    table = pd.DataFrame({"element": list("abcd"), "v": [10.0, 9.9, 5.0, 1.0], "e": [0.2, 0.2, 0.1, 0.0]})
    found = rank_with_errors(table, "v", "e").set_index("element")
    assert found[["rank", "rank_low", "rank_high"]].to_numpy().tolist() == [[1, 1, 2], [2, 1, 2], [3, 3, 3], [4, 4, 4]]


@given(st.lists(st.tuples(st.floats(0, 9), st.floats(0, 2)), min_size=1, max_size=8))
def test_open_ranks_are_those_that_some_true_values_would_give(rows):
    table = pd.DataFrame(rows, columns=["v", "e"]).assign(element=[str(i) for i in range(len(rows))])
    found = rank_with_errors(table, "v", "e")
    for i, mine in found.iterrows():
        others = found.drop(index=i)
        surely_above = (others["v"] - others["e"] > mine["v"] + mine["e"]).sum()
        surely_below = (others["v"] + others["e"] < mine["v"] - mine["e"]).sum()
        assert mine["rank_low"] == 1 + surely_above
        assert mine["rank_high"] == len(found) - surely_below
        assert mine["rank_low"] <= mine["rank"] <= mine["rank_high"]


@pytest.mark.parametrize("cut", [0.0, -0.5, 1.5, np.nan])
def test_a_cut_that_cannot_be_is_refused(cut):
    net = town()
    with pytest.raises(InputError, match="cut"):
        scan(base_of(net), single_links(net), cut=cut)


def test_nothing_to_close_is_refused():
    with pytest.raises(InputError, match="nothing to close"):
        scan(base_of(town()), [])
    with pytest.raises(InputError, match="nothing to close"):
        scan(base_of(town()), [Element("nowhere", np.array([], np.int64))])


@pytest.mark.parametrize("links", [[-1], [0, 7], [True, False], [0.5]])
def test_elements_of_other_networks_are_refused(links):
    with pytest.raises(InputError, match=r"element far speaks of link .*; the network has links 0 to 6"):
        scan(base_of(town()), [Element("far", np.array(links))])


@pytest.mark.parametrize("gap", [0.0, -1.0, np.nan])
def test_a_gap_that_cannot_be_is_refused_before_anything_is_solved(gap):
    with pytest.raises(InputError, match="must be a positive number"):
        scan(base_of(town()), single_links(town()), gap=gap)


@pytest.mark.parametrize("answer", [Exponential(0.05, 5.0), Linear(60.0)])
def test_elastic_demand_is_refused_since_lost_trips_have_no_price(answer):
    net = town()
    base = assign(net, Demand(pairs((0, 3), (3, 0)), np.array([20.0, 5.0]), answer=answer), gap=1e-8)
    with pytest.raises(InputError, match=type(answer).__name__):
        scan(base, single_links(net))


def test_with_give_up_the_increase_is_that_of_time_and_charges_and_the_share_is_of_time():
    net = town()
    wanted = Demand(pairs((0, 3), (0, 4), (3, 0)), np.array([20.0, 10.0, 5.0]), answer=GiveUp(12.0))
    base = assign(net, wanted, gap=1e-10)
    found = scan(base, single_links(net), cut=0.9, gap=1e-8).elements.set_index("element")
    for link in range(net.links):
        capacity = np.where(np.arange(net.links) == link, 0.1, 1.0)
        without = assign(net.with_state(speed=np.ones(net.links), capacity=capacity), wanted, gap=1e-10)
        row = found.loc[str(link)]
        more = (without.total_cost - base.total_cost) / 60.0
        assert row["cost_increase"] == pytest.approx(more, abs=row["error"] + 1e-6)
        share = (without.total_travel_time - base.total_travel_time) / base.total_travel_time
        assert row["nri_share"] == pytest.approx(share, abs=1e-4)
    assert found["unserved"].max() > 1.0


def test_the_share_is_of_travel_time_where_the_base_is_charged_too():
    # 9 trips from 4 to 0 have no way: with GiveUp they are charged in every row, which is no travel time
    net = graph(5, [(0, 1), (1, 3), (0, 2), (2, 3)], minutes=[1, 1, 2, 2], capacity=30.0)
    wanted = Demand(pairs((0, 3), (4, 0)), np.array([20.0, 9.0]), answer=GiveUp(500.0))
    found = scan(assign(net, wanted, gap=1e-9), single_links(net), gap=1e-9)
    row = found.elements.set_index("element").loc["0"]
    assert row["nri_share"] == pytest.approx(row["nri"] / found.base_travel_time)
    assert row["nri_share"] > 0.5


def test_pairs_without_a_way_print_no_warnings():
    net = town()
    base = assign(net, Demand(pairs((0, 3), (0, 4), (4, 4)), np.array([20.0, 1.0, 0.0])), gap=1e-8)
    apart = graph(6, LINKS, minutes=[1, 1, 2, 2, 1, 1, 3], capacity=30.0)
    lost = assign(apart, Demand(pairs((0, 3), (0, 5)), np.array([20.0, 9.0])), gap=1e-8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scan(base, single_links(net))
        found = scan(lost, single_links(apart))
    assert found.zones["trips"].tolist() == [20.0]
    assert found.elements.set_index("element").loc["0", "unserved"] == 0.0


def test_the_error_of_the_base_stays_where_an_element_is_solved_exactly():
    # 0 -> 1 has two ways that need balancing; 2 -> 3 has two of equal and fixed minutes: without one it is exact
    net = graph(4, [(0, 1), (0, 1), (2, 3), (2, 3)], minutes=[1, 2, 5, 5], capacity=10.0, b=[0.15, 0.15, 0, 0])
    base = assign(net, Demand(pairs((0, 1), (2, 3)), np.array([20.0, 4.0])), gap=1e-3)
    assert base.flow[0] > 0
    found = scan(base, single_links(net), gap=1e-3).elements.set_index("element")
    for name, row in found.iterrows():
        assert (row["error"] > 0.0) == (base.flow[int(name)] > 0.0)


@given(networks(barred=False), st.integers(0, 9))
def test_detours_agree_with_networkx(case, seed):
    net, _, _ = case
    minutes = np.random.default_rng(seed).uniform(0.1, 9.0, net.links)
    found = detours(net, minutes)
    for link in range(net.links):
        a, b = int(net.tail[link]), int(net.head[link])
        view = nx.DiGraph()
        view.add_nodes_from(range(net.nodes))
        for i in np.flatnonzero(np.arange(net.links) != link):
            known = view.get_edge_data(int(net.tail[i]), int(net.head[i]), {"weight": np.inf})["weight"]
            view.add_edge(int(net.tail[i]), int(net.head[i]), weight=min(known, minutes[i]))
        try:
            expected = np.inf if a == b else nx.dijkstra_path_length(view, a, b)
        except nx.NetworkXNoPath:
            expected = np.inf
        assert found["detour_min"].iloc[link] == pytest.approx(expected)


def test_the_detour_of_a_street_is_the_road_beside_it():
    net = graph(2, [(0, 1), (1, 0), (0, 1), (1, 0)], minutes=[5.0, 5.0, 10.0, 10.0])
    assert detours(net, net.free_flow_min)["detour_min"].tolist() == [10.0, 10.0, 5.0, 5.0]


def test_a_detour_passes_through_no_zone():
    net = graph(3, [(0, 2), (0, 1), (1, 2)], barred=[1])
    assert np.isinf(detours(net, net.free_flow_min)["detour_min"].iloc[0])


def test_betweenness_of_a_line():
    net = graph(4, [(0, 1), (1, 2), (2, 3)])
    np.testing.assert_allclose(betweenness(net, net.free_flow_min), np.array([3, 4, 3]) / 12)


def ways(net, start, end):
    """Yield the links of every way that passes no node twice and no barred one."""
    todo = [(start, [], {start})]
    while todo:
        node, links, seen = todo.pop()
        if node == end:
            yield links
            continue
        if net.barred[node] and node != start:
            continue
        for link in np.flatnonzero(net.tail == node):
            other = int(net.head[link])
            if other not in seen:
                todo.append((other, [*links, int(link)], seen | {other}))


@given(networks(), st.integers(0, 9), st.booleans())
def test_betweenness_is_what_counting_all_shortest_ways_gives(case, seed, ties):
    net, _, _ = case
    draw = np.random.default_rng(seed)
    minutes = draw.integers(1, 4, net.links).astype(float) if ties else draw.uniform(0.1, 9.0, net.links)
    count = np.zeros(net.links)
    for start, end in itertools.permutations(range(net.nodes), 2):
        found = list(ways(net, start, end))
        least = min((minutes[w].sum() for w in found), default=0.0)
        shortest = [w for w in found if minutes[w].sum() < least + 1e-9]
        for way in shortest:
            count[way] += 1.0 / len(shortest)
    expected = count / (net.nodes * (net.nodes - 1))
    np.testing.assert_allclose(betweenness(net, minutes), expected, atol=1e-9)


def test_betweenness_leads_through_no_zone_and_over_no_closed_link():
    links = [(0, 1), (1, 2), (0, 3), (3, 2)]  # through the zone 1 it would be shorter
    net = graph(4, links, minutes=[1, 1, 5, 5], barred=[1])
    np.testing.assert_allclose(betweenness(net, net.free_flow_min) * 12, [1, 1, 2, 2])
    shut = np.where(np.arange(4) == 2, np.inf, net.free_flow_min)
    np.testing.assert_allclose(betweenness(net, shut) * 12, [1, 1, 0, 1])
    np.testing.assert_array_equal(betweenness(net, np.full(4, np.inf)), 0.0)


@pytest.mark.parametrize("measure", [detours, betweenness])
def test_structure_refuses_what_is_no_cost(measure):
    net = town()
    for wrong in (np.full(7, -1.0), np.full(7, np.nan), np.ones(6), np.ones((7, 1))):
        with pytest.raises(InputError, match="minutes"):
            measure(net, wrong)
    with pytest.raises(InputError, match="closed"):
        detours(net, np.ones(7), closed=np.zeros(6, np.bool_))


def test_no_other_way_is_infinite():
    net = graph(2, [(0, 1), (0, 1)], minutes=[1.0, 0.0])
    found = detours(net, np.array([np.inf, 0.0]))
    assert found["detour_min"].tolist() == [0.0, np.inf]
    assert found["detour_ratio"].tolist() == [0.0, np.inf]


def test_percolation_where_no_node_may_be_passed():
    net = graph(3, [(0, 1), (1, 2)], barred=[0, 1, 2])
    curve = percolation(net, np.arange(2), steps=2)
    assert curve.to_numpy().tolist() == [[0.0, 0.0, 0.0], [0.5, 0.0, 0.0], [1.0, 0.0, 0.0]]


def test_percolation_refuses_what_cannot_be():
    net = town()
    with pytest.raises(InputError, match="steps must be at least 1"):
        percolation(net, np.arange(7), steps=0)
    with pytest.raises(InputError, match="speaks of link 9"):
        percolation(net, np.array([0, 9]))


def test_percolation_of_a_two_way_ring():
    # a one-way ring falls apart with its first link, a two-way ring of n nodes stays whole until two streets are gone
    n = 10
    there = [(i, (i + 1) % n) for i in range(n)]
    one_way = percolation(graph(n, there), np.arange(n), steps=n)
    assert one_way["largest"].tolist() == [1.0] + [0.1] * n
    both = graph(n, there + [(b, a) for a, b in there])
    curve = percolation(both, np.concatenate([[0, 10], [5, 15], [2, 12], [7, 17]]), steps=4)
    assert curve["largest"].tolist() == [1.0, 1.0, 0.5, 0.5, 0.3]
    assert curve["second"].tolist() == [0.0, 0.0, 0.5, 0.3, 0.3]


def test_bond_percolation_of_the_square_lattice():
    """Kesten (1980): links of the square lattice percolate at one half."""
    side = 60
    number = np.arange(side * side).reshape(side, side)
    links = [*zip(number[:, :-1].ravel(), number[:, 1:].ravel(), strict=True)]
    links += [*zip(number[:-1].ravel(), number[1:].ravel(), strict=True)]
    half = len(links)
    net = graph(side * side, links + [(b, a) for a, b in links])
    shuffled = np.random.default_rng(2).permutation(half)
    order = np.column_stack([shuffled, shuffled + half]).ravel()
    curve = percolation(net, order, steps=50)
    assert curve.loc[curve["second"].idxmax(), "removed"] == pytest.approx(0.5, abs=0.06)


def test_parallel_roads_are_streets_of_their_own():
    """Three roads of 5, 10 and 15 minutes between two places, each there and back, the links in no order."""
    net = graph(2, [(1, 0), (0, 1), (0, 1), (1, 0), (0, 1), (1, 0)], minutes=[15, 10, 5, 5, 15, 10], capacity=1000.0)
    found = streets(net)
    assert sorted(sorted(net.free_flow_min[e.links].tolist()) for e in found) == [[5, 5], [10, 10], [15, 15]]
    assert len({e.name for e in found}) == 3


def test_a_street_with_one_link_each_way_is_one_street_whatever_their_lengths():
    net = graph(3, [(0, 1), (1, 0), (1, 2)], minutes=[5, 6, 7])
    assert [e.links.tolist() for e in streets(net)] == [[0, 1], [2]]
    assert [e.name for e in streets(net)] == ["0–1", "1–2"]
