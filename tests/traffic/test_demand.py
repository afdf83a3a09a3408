"""Demand that answers to cost, several classes of vehicles, and the tables that go in and come out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from resilience.base.errors import InputError
from resilience.traffic import Demand, Exponential, GiveUp, Linear, Pairs, RoadGraph, VehicleClass, assign
from tests.tiny import graph, pairs
from tests.traffic.test_equilibrium import networks

GAP = 1e-9


def minutes(v, t0=10.0, c=50.0):
    return t0 * (1 + 0.15 * (v / c) ** 4)


def test_exponential_demand_meets_the_closed_form():
    net = graph(2, [(0, 1)], minutes=10.0, capacity=50.0)
    theta, u0, d0 = 0.05, 10.0, 100.0
    found = assign(net, Demand(pairs((0, 1)), np.array([d0]), answer=Exponential(theta, u0)), gap=GAP)
    d = brentq(lambda d: d - d0 * np.exp(-theta * (minutes(d) - u0)), 1, 200)
    assert found.flow[0] == pytest.approx(d, rel=1e-6)
    assert found.served[0] == pytest.approx(d, rel=1e-6)
    assert found.unserved[0] == pytest.approx(d0 - d, rel=1e-6)


def test_exponential_demand_grows_where_the_way_is_cheaper_than_usual():
    net = graph(2, [(0, 1)], minutes=10.0, capacity=1e6)
    found = assign(net, Demand(pairs((0, 1)), np.array([100.0]), answer=Exponential(0.02, 20.0)), gap=GAP)
    assert found.served[0] == pytest.approx(100 * np.exp(0.2), rel=1e-6)
    assert found.unserved[0] == 0.0


def test_linear_demand_meets_the_closed_form():
    net = graph(2, [(0, 1)], minutes=10.0, capacity=50.0)
    found = assign(net, Demand(pairs((0, 1)), np.array([90.0]), answer=Linear(40.0)), gap=GAP)
    d = brentq(lambda d: d - 90.0 * (1 - minutes(d) / 40.0), 1, 90)
    assert found.flow[0] == pytest.approx(d, rel=1e-6)


def test_trips_give_up_until_the_others_take_as_long_as_they_bear():
    net = graph(2, [(0, 1)], minutes=10.0, capacity=50.0)
    found = assign(net, Demand(pairs((0, 1)), np.array([100.0]), answer=GiveUp(20.0)), gap=GAP)
    d = brentq(lambda d: minutes(d) - 20.0, 1, 200)
    assert found.served[0] == pytest.approx(d, rel=1e-6)
    assert found.unserved_minutes == pytest.approx(20.0 * (100 - d), rel=1e-6)
    assert found.total_cost == pytest.approx(2000.0, rel=1e-6)  # everyone is charged 20 minutes, whatever they do


def test_a_limit_out_of_reach_changes_nothing():
    net = graph(2, [(0, 1), (0, 1)], minutes=[10.0, 12.0], capacity=[50.0, 60.0])
    usual = assign(net, Demand(pairs((0, 1)), np.array([100.0])), gap=GAP)
    found = assign(net, Demand(pairs((0, 1)), np.array([100.0]), answer=GiveUp(1e4)), gap=GAP)
    np.testing.assert_allclose(found.flow, usual.flow, rtol=1e-6)
    assert found.unserved_minutes == 0.0


@given(networks(), st.floats(1.0, 40.0), st.integers(0, 9))
def test_losing_a_road_never_lowers_the_cost_of_those_who_may_give_up(case, limit, seed):
    """Optimal cost of each pair rises or stays when roads close (the objective does, Braess or not)."""
    net, wanted, vph = case
    demand = Demand(wanted, vph, answer=GiveUp(limit))
    whole = assign(net, demand, gap=GAP)
    shut = np.random.default_rng(seed).random(net.links) < 0.3
    less = assign(net, demand, gap=GAP, closed=shut)
    for found in (whole, less):
        assert found.converged
        np.testing.assert_allclose(found.served + found.unserved, vph, atol=1e-9)
        # nobody travels beyond the limit, nobody stays who could travel for less
        tolerance = 1e-6 * max(found.total_cost, 1.0) + 1e-6
        travels, stays = found.served > 1e-9, found.unserved > 1e-9
        assert (found.served[travels] * np.maximum(found.od_minutes[travels] - limit, 0) <= tolerance).all()
        assert (found.unserved[stays] * np.maximum(limit - found.od_minutes[stays], 0) <= tolerance).all()
    beckmann = [f.objective + f.unserved_minutes for f in (whole, less)]
    assert beckmann[1] >= beckmann[0] * (1 - 1e-6) - 1e-6


def test_two_classes_share_the_road_and_keep_to_their_closures():
    # lorries (2 units each) may not take link 0
    net = graph(2, [(0, 1), (0, 1)], minutes=10.0, capacity=50.0)
    classes = (VehicleClass("car"), VehicleClass("lorry", pce=2.0, closed=np.array([True, False])))
    table = pd.DataFrame({"origin": [0, 0], "destination": [1, 1], "vph": [60.0, 20.0], "vehicle": ["car", "lorry"]})
    found = assign(net, Demand.from_table(net, table, classes=classes), gap=GAP)
    np.testing.assert_allclose(found.class_flow, [[50.0, 10.0], [0.0, 20.0]], rtol=1e-5)
    np.testing.assert_allclose(found.flow, [50.0, 50.0], rtol=1e-5)
    assert found.total_travel_time == pytest.approx(80 * minutes(50.0), rel=1e-6)
    assert list(found.link_table().columns[-2:]) == ["flow_car", "flow_lorry"]
    assert found.pair_table()["vehicle"].tolist() == ["car", "lorry"]


def test_what_a_class_pays_besides_turns_it_to_the_other_road():
    net = graph(2, [(0, 1), (0, 1)], minutes=10.0, capacity=50.0)
    classes = (VehicleClass("car"), VehicleClass("bus", extra_min=np.array([5.0, 0.0])))
    wanted = Pairs(np.array([0, 0]), np.array([1, 1]), np.array([0, 1]))
    found = assign(net, Demand(wanted, np.array([60.0, 40.0]), classes), gap=GAP)
    np.testing.assert_allclose(found.class_flow, [[50.0, 10.0], [0.0, 40.0]], rtol=1e-5)
    assert found.path_table()["minutes"].to_numpy() == pytest.approx(np.full(3, minutes(50.0)), rel=1e-6)


def test_an_emergency_class_drives_where_cars_may_not():
    net = graph(3, [(0, 1), (1, 2), (0, 2)], minutes=[1, 1, 9])
    flooded = np.array([False, True, False])
    classes = (VehicleClass("car", closed=flooded), VehicleClass("ambulance"))
    wanted = Pairs(np.array([0, 0]), np.array([2, 2]), np.array([0, 1]))
    found = assign(net, Demand(wanted, np.array([10.0, 1.0]), classes), gap=GAP)
    np.testing.assert_allclose(found.od_minutes, [9.0, 2.0], rtol=1e-3)


@given(networks(), st.sampled_from([0.5, 1.0, 3.0]))
def test_vehicles_of_one_class_count_by_their_units(case, pce):
    net, wanted, vph = case
    units = assign(net, Demand(wanted, vph * pce), gap=GAP)
    vehicles = assign(net, Demand(wanted, vph, (VehicleClass("x", pce),)), gap=GAP)
    assert vehicles.flow.tobytes() == units.flow.tobytes() or np.allclose(vehicles.flow, units.flow)
    assert vehicles.total_travel_time * pce == pytest.approx(units.total_travel_time)


def table_network():
    links = pd.DataFrame(
        {
            "from_node": ["home", 17, "home"],
            "to_node": [17, "work", "work"],
            "free_flow_min": [1.0, 1.0, 5.0],
            "capacity_vph": [10.0, 10.0, 10.0],
        },
        index=["a", "b", "c"],
    )
    return RoadGraph.from_table(links)


def test_tables_in_and_tables_out_keep_the_names():
    net = table_network()
    rows = {"origin": ["home", "home"], "destination": ["work", "work"], "vph": [10.0, 15.0]}
    found = assign(net, pd.DataFrame(rows), gap=GAP)
    links = found.link_table()
    assert links.loc["b", ["from_node", "to_node"]].tolist() == [17, "work"]
    assert links.loc["a", "flow"] + links.loc["c", "flow"] == pytest.approx(25.0)
    assert found.pair_table()[["origin", "destination", "demand"]].iloc[0].tolist() == ["home", "work", 25.0]
    paths = found.path_table()
    assert set(paths["links"]) == {("a", "b"), ("c",)}
    assert paths["minutes"].to_numpy() == pytest.approx(np.full(2, found.od_minutes[0]), rel=1e-6)


def test_a_matrix_of_demand():
    net = table_network()
    demand = Demand.from_matrix(net, ["home", "work"], [[3.0, 4.0], [0.0, 0.0]])
    assert demand.vph.tolist() == [3.0, 4.0]  # trips within a zone are demand, but never on a road
    found = assign(net, demand, gap=GAP)
    assert found.served.tolist() == [3.0, 4.0]
    assert found.flow.max() == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"origin": ["home"], "destination": ["moon"], "vph": [1.0]}, "moon is no node"),
        ({"origin": ["home"], "destination": ["work"], "vph": [-1.0]}, "not negative"),
        ({"origin": ["home"], "destination": ["work"], "vph": [np.nan]}, "finite"),
        ({"origin": ["home"], "destination": ["work"]}, "no column vph"),
        ({"origin": ["home"], "destination": ["work"], "vph": [1.0], "vehicle": ["tram"]}, "vehicle class tram"),
        ({"origin": [], "destination": [], "vph": []}, "no demand"),
    ],
)
def test_demand_that_cannot_be_is_refused_with_the_reason(rows, message):
    with pytest.raises(InputError, match=message):
        assign(table_network(), pd.DataFrame(rows))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"capacity_vph": [10.0, 0.0, 10.0]}, "link number b: capacity_vph is 0.0"),
        ({"capacity_vph": [10.0, -5.0, 10.0]}, "link number b: capacity_vph is -5.0"),
        ({"free_flow_min": [10.0, -1.0, 10.0]}, "link number b: free_flow_min is -1.0"),
        ({"free_flow_min": [10.0, np.nan, 10.0]}, "link number b: free_flow_min is nan"),
        ({"power": [4.0, np.inf, 4.0]}, "link number b: power is inf"),
        ({"power": [4.0, 4000.0, 4.0]}, "link number b: power is 4000.0"),
        ({"function": ["bpr", "bqr", "bpr"]}, '"bqr" is no cost function'),
        ({"function": ["bpr", "own", "bpr"]}, "none is given"),
        ({"function": ["bpr", "conical", "bpr"], "power": [4, 1.0, 4]}, "link number b: power is 1.0"),
    ],
)
def test_links_that_cannot_be_are_refused_by_name(change, message):
    links = pd.DataFrame(
        {"from_node": [1, 2, 1], "to_node": [2, 9, 9], "free_flow_min": 1.0, "capacity_vph": 10.0}, index=list("abc")
    ).assign(**change)
    wanted = pd.DataFrame({"origin": [1], "destination": [9], "vph": [5.0]})
    with pytest.raises(InputError, match=message):
        assign(RoadGraph.from_table(links), wanted)


def test_a_missing_column_and_a_zone_without_links_are_named():
    links = pd.DataFrame({"from_node": [1], "to_node": [2], "free_flow_min": [1.0]})
    with pytest.raises(InputError, match="no column capacity_vph"):
        RoadGraph.from_table(links)
    with pytest.raises(InputError, match="7 is no node"):
        RoadGraph.from_table(links.assign(capacity_vph=1.0), zones=[1, 7])


@pytest.mark.parametrize("answer", [GiveUp(-1.0), GiveUp(np.nan), Exponential(0.0, 5.0), Linear(np.ones(3))])
def test_answers_that_cannot_be_are_refused(answer):
    with pytest.raises(InputError, match="theta"):
        Demand(pairs((0, 1)), np.array([1.0]), answer=answer)


def test_classes_that_cannot_be_are_refused():
    with pytest.raises(InputError, match="passenger-car units"):
        VehicleClass("tank", pce=0.0)
    with pytest.raises(InputError, match="extra minutes"):
        VehicleClass("tank", extra_min=np.array([-1.0]))
    net = graph(2, [(0, 1)])
    wide = Demand(pairs((0, 1)), np.array([1.0]), (VehicleClass("tank", closed=np.zeros(3, bool)),))
    with pytest.raises(InputError, match="3 values"):
        assign(net, wide)


def test_demand_to_a_node_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="node 7"):
        assign(graph(2, [(0, 1)]), Demand(pairs((0, 7)), np.array([1.0])))


def test_a_search_can_be_ended_and_says_that_it_did_not_converge():
    net = graph(2, [(0, 1), (0, 1)], minutes=[10.0, 12.0], capacity=[50.0, 60.0])
    found = assign(net, Demand(pairs((0, 1)), np.array([200.0])), gap=1e-12, progress=lambda n, gap: n < 2)
    assert not found.converged
    assert found.iterations == 2
    assert np.isfinite(found.relative_gap)
    np.testing.assert_allclose(found.flow.sum(), 200.0)


@pytest.mark.parametrize("cars", [10.0, 100.0, 1000.0, 1e5])
@pytest.mark.parametrize("answer", [Exponential(0.1, 10.0), Exponential(0.5, 20.0), Linear(40.0)])
def test_demand_far_above_capacity_settles_where_it_meets_the_cost(cars, answer):
    net = graph(2, [(0, 1)], minutes=10.0, capacity=20.0)
    found = assign(net, Demand(pairs((0, 1)), np.array([cars]), answer=answer), gap=GAP)

    def over(v):
        cost = minutes(v, 10.0, 20.0)
        if isinstance(answer, Linear):
            return v - cars * max(0.0, 1.0 - cost / answer.minutes)
        return v - cars * np.exp(-answer.theta * (cost - answer.minutes))

    exact = brentq(over, 0.0, 1e4 + 200.0 * cars, xtol=1e-12)
    assert found.converged
    assert found.served[0] == pytest.approx(exact, rel=1e-6)


def test_the_objective_of_elastic_demand_is_least_at_the_solution():
    # d F / d q = cost - inverse demand = 0 at the solution, so that F is flat there and rises to both sides
    for answer in (Exponential(0.1, 10.0), Linear(40.0), GiveUp(12.0)):
        net = graph(2, [(0, 1)], minutes=10.0, capacity=20.0)
        found = assign(net, Demand(pairs((0, 1)), np.array([50.0]), answer=answer), gap=1e-12)
        q = found.served[0]

        def value(v, answer=answer):
            beckmann = 10.0 * v * (1.0 + 0.15 * (v / 20.0) ** 4 / 5.0)
            if isinstance(answer, GiveUp):
                return beckmann + (50.0 - v) * answer.minutes
            if isinstance(answer, Exponential):
                return beckmann - v * (answer.minutes + (1.0 - np.log(v / 50.0)) / answer.theta)
            return beckmann - answer.minutes * (v - v**2 / 100.0)

        assert found.objective == pytest.approx(value(q), rel=1e-9)
        assert min(value(0.9 * q), value(min(1.1 * q, 50.0))) > value(q)


def test_to_lose_trips_never_looks_like_an_improvement():
    net = graph(3, [(0, 1), (1, 2)])
    demand = Demand(pairs((0, 1), (0, 2)), np.array([5.0, 5.0]))
    whole, cut = assign(net, demand), assign(net, demand, closed=np.array([False, True]))
    assert cut.total_travel_time < whole.total_travel_time
    assert np.isinf(cut.total_cost)
    priced = Demand(demand.pairs, demand.vph, answer=GiveUp(30.0))
    assert assign(net, priced, closed=np.array([False, True])).total_cost > assign(net, priced).total_cost
    for answer in (Exponential(0.1, 10.0), Linear(40.0)):
        elastic = Demand(demand.pairs, demand.vph, answer=answer)
        free, shut = assign(net, elastic), assign(net, elastic, closed=np.array([False, True]))
        assert np.isnan(free.total_cost)
        assert shut.consumer_surplus < free.consumer_surplus
    # one link, 10 min whatever the flow: the triangle below the demand curve of a linear demand
    flat = graph(2, [(0, 1)], minutes=10.0, b=0.0)
    found = assign(flat, Demand(pairs((0, 1)), np.array([40.0]), answer=Linear(40.0)))
    assert found.consumer_surplus == pytest.approx(30.0 * 30.0 / 2.0)


@pytest.mark.parametrize(
    ("pairs_of", "message"),
    [
        (lambda: Pairs(np.array([0, 1]), np.array([1])), "destination has 1 values"),
        (lambda: Pairs(np.array([0.0]), np.array([1.0])), "whole numbers"),
        (lambda: Pairs(np.array([0]), np.array([1]), np.array([0, 1])), "vehicle has 2 values"),
        (lambda: Demand(Pairs(np.array([0]), np.array([1])), np.ones(2)), "vph has 2 values"),
        (lambda: Demand(pairs((0, 1)), np.ones(1), (VehicleClass("a"), VehicleClass("a"))), "a name of its own"),
        (lambda: Demand(pairs((0, 1)), np.ones(1), answer=Exponential(10.0, 1000.0)), "smaller theta"),
    ],
)
def test_pairs_and_demand_that_cannot_be_are_refused(pairs_of, message):
    with pytest.raises(InputError, match=message):
        pairs_of()


def test_a_destination_below_zero_is_not_the_last_node():
    with pytest.raises(InputError, match="node -1"):
        assign(graph(2, [(0, 1)]), Demand(Pairs(np.array([0]), np.array([-1])), np.ones(1)))


def test_with_classes_each_row_must_say_its_vehicle():
    net = RoadGraph.from_table(table_of(["a"]))
    rows = pd.DataFrame({"origin": ["u"], "destination": ["v"], "vph": [1.0]})
    with pytest.raises(InputError, match="no column vehicle"):
        Demand.from_table(net, rows, classes=(VehicleClass("car"), VehicleClass("bus")))


def table_of(names, **columns):
    fill = {"from_node": "u", "to_node": "v", "free_flow_min": 1.0, "capacity_vph": 10.0} | columns
    return pd.DataFrame(fill, index=names)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (table_of(["a", "b"], from_node=["u", None]), "link b: from_node is empty"),
        (table_of(["a", "a"]), "the name a stands for several links"),
        (table_of(["a"], capacity_vph="many"), "row a: capacity_vph is many"),
        (table_of(["a"], function=np.nan), "nan"),
    ],
)
def test_tables_of_links_that_cannot_be_are_refused(table, message):
    with pytest.raises(InputError, match=message):
        RoadGraph.from_table(table)
