from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resilience.base.errors import InputError, StoppedError
from resilience.traffic import Demand, GiveUp, VehicleClass, assign
from resilience.traffic.demand import Pairs
from resilience.traffic.equilibrium.hours import State, assign_hours
from tests.tiny import graph, pairs

GAP = 1e-9


@st.composite
def cities(draw):
    """Random networks with parallel links, parts that no road joins and trips within a node; demand of some pairs."""
    n = draw(st.integers(2, 6))
    ends = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1))
    links = draw(st.lists(ends, min_size=1, max_size=3 * n))
    minutes = draw(st.lists(st.sampled_from([0.5, 2.0, 10.0]), min_size=len(links), max_size=len(links)))
    net = graph(
        n, links, minutes=minutes, capacity=20.0, power=2.0, barred=draw(st.sets(st.integers(0, n - 1), max_size=1))
    )
    wanted = pairs(*draw(st.lists(ends, min_size=1, max_size=5, unique=True)))
    vph = np.array(draw(st.lists(st.sampled_from([0.0, 3.0, 30.0]), min_size=5, max_size=5)))[: len(wanted)]
    return net, Demand(wanted, vph)


@given(
    cities(),
    st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=1, max_size=4),
    st.sampled_from([10.0, 45.0, 60.0, 480.0]),
    st.integers(0, 9),
    st.booleans(),
)
def test_no_trip_is_lost_and_the_rule_of_carrying_over_holds(case, profile, minutes, seed, warm):
    net, demand = case
    rng = np.random.default_rng(seed)
    states = [State(rng.random(net.links) < 0.3, rng.uniform(0.3, 1.0, net.links), None) for _ in profile]
    found = assign_hours(net, demand, profile, minutes=minutes, gap=GAP, states=states, warm=warm)
    assert found.converged
    hours = minutes / 60.0
    new = np.array(profile)[:, None] * demand.vph * hours
    left = np.zeros(len(demand.vph))
    same = demand.pairs.origin == demand.pairs.destination
    for n, piece in enumerate(found.slices):
        trips = new[n] + left
        np.testing.assert_allclose(piece.demand.vph * hours, trips, rtol=1e-12)
        share = np.minimum(1.0, np.where(same, 0.0, piece.od_minutes) / (2.0 * minutes))
        np.testing.assert_allclose(found.carried[n], trips * share, rtol=1e-6, atol=1e-6 * max(trips.sum(), 1.0))
        np.testing.assert_allclose(piece.served * hours + found.carried[n], trips, rtol=1e-12, atol=1e-9)
        shut, graph_now = piece.closed, piece.network
        assert not piece.flow[shut].any()
        np.testing.assert_allclose(graph_now.free_flow_min, net.free_flow_min / states[n].speed)
        left = found.carried[n]
    table = found.table
    lost = table["demand"].sum() - table["assigned"].sum() - found.not_finished.sum()
    assert lost == pytest.approx(0.0, abs=1e-9 * max(new.sum(), 1.0))
    np.testing.assert_allclose(
        table["demand"] + table["carried_in"], table["assigned"] + table["carried_out"], rtol=1e-9
    )
    np.testing.assert_array_equal(table["carried_in"].to_numpy()[1:], table["carried_out"].to_numpy()[:-1])
    assert (table["waiting"] + table["too_long"] <= table["carried_out"] + 1e-9).all()


def test_one_endless_slice_is_the_plain_equilibrium():
    net = graph(3, [(0, 1), (1, 2), (0, 2), (0, 2)], minutes=[1, 1, 3, 4], capacity=10.0, b=1.0)
    demand = Demand(pairs((0, 1), (0, 2)), np.array([10.0, 40.0]))
    plain = assign(net, demand, gap=GAP)
    found = assign_hours(net, demand, [1.0], minutes=1e9, gap=GAP)
    np.testing.assert_allclose(found.slices[0].flow, plain.flow, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found.slices[0].od_minutes, plain.od_minutes, rtol=1e-5)
    assert found.not_finished.sum() == pytest.approx(0.0, abs=1e-5 * 1e9 / 60.0)
    assert found.table["mean_minutes"][0] == pytest.approx(plain.total_travel_time / 50.0, rel=1e-5)


def test_little_traffic_carries_over_half_of_the_last_minutes():
    # 6 minutes on an empty road: of each hour's trips 6 / 120 are still on their way, and so are as many of those
    net = graph(2, [(0, 1)], minutes=6.0, capacity=1e6)
    found = assign_hours(net, Demand(pairs((0, 1)), np.array([100.0])), [1.0, 1.0, 0.0], gap=GAP)
    out = 100 * 0.05
    expected = [out, (100 + out) * 0.05, (100 + out) * 0.05**2]
    np.testing.assert_allclose(found.table["carried_out"], expected, rtol=1e-6)
    assert found.table["mean_minutes"].to_numpy() == pytest.approx([6.0, 6.0, 6.0], rel=1e-6)
    assert found.table["total_travel_time"][0] == pytest.approx(95 * 6 / 60, rel=1e-6)


def test_rates_and_lengths_of_slices_that_are_no_hours():
    # half an hour, then two: 100 vehicles/h are 50 trips, then 200; what is left of the first goes into the second
    net = graph(2, [(0, 1)], minutes=6.0, capacity=1e6)
    demand = Demand(pairs((0, 1)), np.array([100.0]))
    found = assign_hours(net, demand, [1.0, 1.0], minutes=[30.0, 120.0], gap=GAP)
    table = found.table
    np.testing.assert_allclose(table["demand"], [50.0, 200.0])
    np.testing.assert_allclose(table["hour"], [0.0, 0.5])
    np.testing.assert_allclose(table["carried_out"], [5.0, 205.0 * 6 / 240], rtol=1e-6)
    np.testing.assert_allclose(found.slices[1].demand.vph, [102.5], rtol=1e-6)
    assert table["total_travel_time"][1] == pytest.approx(table["assigned"][1] * 6 / 60, rel=1e-6)


def test_slices_of_half_the_length_see_the_same_traffic():
    # a steady state: new trips = assigned trips, whatever the slice
    net = graph(2, [(0, 1)], minutes=6.0, capacity=100.0)
    demand = Demand(pairs((0, 1)), np.array([100.0]))
    for minutes in (30.0, 60.0, 240.0):
        last = assign_hours(net, demand, np.ones(30), minutes=minutes, gap=GAP).slices[-1]
        assert last.flow[0] == pytest.approx(100.0, rel=1e-4)


def bridge():
    """Two banks joined by a bridge, 8 minutes in all."""
    net = graph(4, [(0, 1), (1, 2), (2, 3)], minutes=[2, 4, 2], capacity=300.0)
    shut = State(closed=np.array([False, True, False]))
    return net, Demand(pairs((0, 1), (0, 3)), np.array([20.0, 100.0])), shut


def test_a_closed_bridge_makes_trips_wait_and_the_queue_clears_afterwards():
    net, demand, shut = bridge()
    found = assign_hours(net, demand, np.ones(10), states=[None, shut, shut, *[None] * 7], gap=GAP)
    calm = assign_hours(net, demand, np.ones(10), gap=GAP)
    table = found.table
    before = found.carried[0, 1]
    assert table["waiting"].to_numpy() == pytest.approx([0, 100 + before, 200 + before, *[0] * 7], rel=1e-9)
    # those who need no bridge drive all the same
    np.testing.assert_allclose(found.slices[1].served[0], calm.slices[1].served[0], rtol=1e-3)
    assert found.slices[2].served[1] == 0.0
    # the hour after, three hours' trips drive at once and slow each other down
    assert found.slices[3].flow[1] > 2.5 * calm.slices[3].flow[1]
    assert table["mean_minutes"][3] > 1.1 * calm.table["mean_minutes"][3]
    carried = table["carried_out"].to_numpy()
    assert (np.diff(carried[2:]) < 1e-6).all()
    assert carried[-1] == pytest.approx(calm.table["carried_out"].to_numpy()[-1], rel=1e-3)
    assert table["assigned"].sum() + found.not_finished.sum() == pytest.approx(1200.0, rel=1e-12)


def test_what_has_no_way_at_the_end_is_not_finished():
    net, demand, shut = bridge()
    found = assign_hours(net, demand, [1.0, 1.0], states=[shut, shut], gap=GAP)
    assert found.not_finished[1] == pytest.approx(200.0)
    assert found.table["waiting"].to_numpy() == pytest.approx([100.0, 200.0])
    assert found.table["too_long"].to_numpy() == pytest.approx([0.0, 0.0])


def test_trips_of_twice_the_slice_are_named():
    net = graph(3, [(0, 1), (1, 2)], minutes=[5.0, 40.0], capacity=1e6)
    demand = Demand(pairs((0, 1), (0, 2)), np.array([60.0, 60.0]))
    found = assign_hours(net, demand, [1.0], minutes=20.0, gap=GAP)
    assert found.table["too_long"][0] == pytest.approx(20.0)
    assert found.table["waiting"][0] == 0.0
    assert found.slices[0].served[1] == 0.0


def test_slowed_roads_and_lost_capacity_make_trips_longer():
    net, demand, _ = bridge()
    slow = State(speed=np.array([1.0, 0.5, 1.0]))
    tight = (None, None, np.full(3, 0.3))
    calm, late, jammed = assign_hours(net, demand, [1.0] * 3, states=[None, slow, tight], gap=GAP).slices
    assert calm.od_minutes[1] == pytest.approx(8.0, rel=0.01)
    assert late.od_minutes[1] == pytest.approx(12.0, rel=0.02)
    assert jammed.od_minutes[1] > 1.1 * calm.od_minutes[1]
    np.testing.assert_allclose(net.free_flow_min, [2, 4, 2])


def test_a_table_of_pairs_is_the_demand_of_each_slice():
    net, demand, _ = bridge()
    found = assign_hours(net, demand, [[20.0, 0.0], [0.0, 50.0]], gap=GAP)
    assert found.slices[0].flow[1] == 0.0
    assert found.slices[1].served[1] > 45.0
    np.testing.assert_allclose(found.table["demand"], [20.0, 50.0])


def test_warm_and_cold_agree_within_the_gap():
    rng = np.random.default_rng(3)
    ends = [(int(a), int(b)) for a, b in rng.integers(0, 9, (40, 2)) if a != b]
    net = graph(9, ends, minutes=rng.uniform(1, 5, len(ends)), capacity=rng.uniform(10, 40, len(ends)))
    wanted = pairs(*{(int(a), int(b)) for a, b in rng.integers(0, 9, (20, 2)) if a != b})
    demand = Demand(wanted, rng.uniform(1, 30, len(wanted)))
    states = [State(rng.random(net.links) < 0.15) for _ in range(5)]
    profile = [0.5, 1.5, 1.0, 0.2, 2.0]
    warm, cold = (assign_hours(net, demand, profile, states=states, gap=GAP, warm=way) for way in (True, False))
    np.testing.assert_allclose(warm.carried, cold.carried, rtol=1e-5, atol=1e-5)
    for a, b in zip(warm.slices, cold.slices, strict=True):
        np.testing.assert_allclose(a.flow, b.flow, rtol=1e-3, atol=1e-3)
    assert sum(s.iterations for s in warm.slices) < sum(s.iterations for s in cold.slices)


def test_vehicle_classes_and_tables_of_demand_are_taken():
    net = graph(3, [(0, 1), (1, 2), (0, 2)], minutes=[1, 1, 5])
    classes = (VehicleClass("car"), VehicleClass("lorry", pce=2.0, closed=np.array([False, True, False])))
    both = Demand(Pairs(np.array([0, 0]), np.array([2, 2]), np.array([0, 1])), np.array([10.0, 10.0]), classes)
    found = assign_hours(net, both, [1.0, 1.0], gap=GAP)
    np.testing.assert_allclose(found.slices[0].served, [10 * (1 - 2 / 120), 10 * (1 - 5 / 120)], rtol=1e-3)
    table = pd.DataFrame({"origin": [0], "destination": [2], "vph": [10.0]})
    assert assign_hours(net, table, [1.0]).table["demand"][0] == pytest.approx(10.0)


def test_nobody_travels_where_nothing_is_wanted():
    net, demand, _ = bridge()
    found = assign_hours(net, demand, [0.0, 0.0], gap=GAP)
    assert found.table["assigned"].sum() == 0.0
    assert found.table["mean_minutes"].isna().all()
    assert found.converged


def test_progress_counts_slices_and_stops():
    net, demand, _ = bridge()
    seen = []
    assign_hours(net, demand, [1.0, 1.0], progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]
    with pytest.raises(StoppedError, match="1 of 2"):
        assign_hours(net, demand, [1.0, 1.0], progress=lambda done, total: False)


@pytest.mark.parametrize(
    ("profile", "word"),
    [
        ([], "at least one slice"),
        (1.0, "shape"),
        (np.zeros((0, 2)), "at least one slice"),
        (np.ones((3, 5)), r"\(3, 5\).*2 pairs"),
        (np.ones((2, 2, 2)), "shape"),
        ([1.0, -0.5], "slice number 1 found -0.5"),
        ([np.nan], "found nan"),
        ([[1.0, np.inf]], "found inf"),
    ],
)
def test_profiles_that_cannot_be_are_refused(profile, word):
    net, demand, _ = bridge()
    with pytest.raises(InputError, match=word):
        assign_hours(net, demand, profile)


@pytest.mark.parametrize("minutes", [0.0, -60.0, np.nan, np.inf, [60.0], [60.0, 0.0], [60.0, 60.0, 60.0]])
def test_lengths_that_cannot_be_are_refused(minutes):
    net, demand, _ = bridge()
    with pytest.raises(InputError, match="minutes of slices"):
        assign_hours(net, demand, [1.0, 1.0], minutes=minutes)


@pytest.mark.parametrize(
    ("states", "word"),
    [
        ([], "each of 2 slices; found 0"),
        ([None], "found 1"),
        ([None, State(closed=np.zeros(2, bool))], "closed has 2 values"),
        ([None, State(speed=np.ones(4))], "speed has 4 values"),
        ([State(capacity=np.ones(1)), None], "capacity has 1 values"),
        ([None, State(speed=np.array([1.0, 0.0, 1.0]))], "link number 1: speed is 0.0"),
        ([None, State(capacity=np.array([1.0, 1.0, np.nan]))], "link number 2: capacity is nan"),
    ],
)
def test_states_that_cannot_be_are_refused(states, word):
    net, demand, _ = bridge()
    with pytest.raises(InputError, match=word):
        assign_hours(net, demand, [1.0, 1.0], states=states)


def test_a_demand_with_an_answer_and_a_bad_gap_are_refused():
    net, demand, _ = bridge()
    with pytest.raises(InputError, match="GiveUp"):
        assign_hours(net, Demand(demand.pairs, demand.vph, answer=GiveUp(30.0)), [1.0])
    with pytest.raises(InputError, match="gap"):
        assign_hours(net, demand, [1.0], gap=0.0)


def test_the_arguments_are_left_as_they_were():
    net, demand, shut = bridge()
    profile = np.array([1.0, 2.0])
    kept = [a.copy() for a in (demand.vph, profile, shut.closed, net.free_flow_min, net.capacity_vph)]
    assign_hours(net, demand, profile, states=[shut, State(speed=np.full(3, 0.5))])
    for old, now in zip(kept, (demand.vph, profile, shut.closed, net.free_flow_min, net.capacity_vph), strict=True):
        np.testing.assert_array_equal(old, now)
