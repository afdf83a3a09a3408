from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resilience.base.errors import InputError
from resilience.traffic import Change, Demand, Pairs, Warm, assign
from resilience.traffic.skims import nodes_within, skim
from tests.tiny import graph, pairs, shortest

GAP = 1e-8


@st.composite
def networks(draw, barred=True):
    """Random networks: parallel links, self loops, parts that no road joins, isolated and barred zones."""
    n = draw(st.integers(2, 8))
    ends = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1))
    links = draw(st.lists(ends, min_size=1, max_size=3 * n))
    many = len(links)

    def column(values):
        return draw(st.lists(values, min_size=many, max_size=many))

    net = graph(
        n,
        links,
        minutes=column(st.sampled_from([0.5, 1.0, 2.0, 3.5, 10.0])),
        capacity=column(st.sampled_from([5.0, 20.0, 100.0])),
        b=column(st.sampled_from([0.0, 0.15, 1.0])),
        power=column(st.sampled_from([1.0, 2.0, 4.0, 4.5])),
        fixed=column(st.sampled_from([0.0, 0.0, 0.7])),
        barred=draw(st.sets(st.integers(0, n - 1), max_size=2)) if barred else (),
    )
    wanted = pairs(*draw(st.lists(ends.filter(lambda e: e[0] != e[1]), min_size=1, max_size=6, unique=True)))
    demand = np.array(draw(st.lists(st.sampled_from([0.0, 1.0, 10.0, 40.0]), min_size=6, max_size=6)))
    return net, wanted, demand[: len(wanted.origin)]


def shut_some(draw_from, net, seed):
    return np.random.default_rng(seed).random(len(net.tail)) < draw_from


def check_equilibrium(net, wanted, demand, found, shut):
    """Conservation, Wardrop's condition and the reported sums, all computed again from the path store."""
    offsets, store, owner, flows = found.paths
    minutes = net.minutes(found.flow)
    np.testing.assert_allclose(found.minutes, minutes)
    # what is served has a way, and only that
    for k, (o, d) in enumerate(zip(wanted.origin, wanted.destination, strict=True)):
        best = shortest(net, minutes, shut, o)[d]
        assert found.od_minutes[k] == pytest.approx(best, rel=1e-9)
        assert found.served[k] == (demand[k] if np.isfinite(best) else 0.0)
    np.testing.assert_array_equal(found.served + found.unserved, demand)
    # every path leads from its origin to its destination over open links and through no barred node
    flow = np.zeros(len(net.tail))
    carried = np.zeros(len(demand))
    tstt = float(found.flow @ minutes)
    for path, pair in enumerate(owner):
        links = store[offsets[path] : offsets[path + 1]]
        assert not shut[links].any()
        after = dict(zip(net.tail[links].tolist(), net.head[links].tolist(), strict=True))
        way = [int(wanted.origin[pair])]  # the store keeps the links of a path in no order
        while way[-1] in after:
            way.append(after.pop(way[-1]))
        assert not after
        assert way[-1] == wanted.destination[pair]
        assert not net.barred[way[1:-1]].any()
        assert flows[path] >= 0
        flow[links] += flows[path]
        carried[pair] += flows[path]
        excess = minutes[links].sum() - found.od_minutes[pair]
        assert flows[path] * excess <= max(found.relative_gap, 1e-12) * tstt + 1e-6
    np.testing.assert_allclose(flow, found.flow, atol=1e-9)
    np.testing.assert_allclose(carried, found.served, rtol=1e-9, atol=1e-9)
    balance = np.zeros(net.nodes)
    np.add.at(balance, net.tail, found.flow)
    np.add.at(balance, net.head, -found.flow)
    np.add.at(balance, wanted.origin, -found.served)
    np.add.at(balance, wanted.destination, found.served)
    np.testing.assert_allclose(balance, 0.0, atol=1e-8)
    assert found.total_travel_time == pytest.approx(tstt)
    assert found.objective == pytest.approx(net.objective(found.flow))


@given(networks(), st.sampled_from([0.0, 0.2, 0.5]), st.integers(0, 9))
def test_any_network_is_brought_to_equilibrium(case, share, seed):
    net, wanted, demand = case
    shut = shut_some(share, net, seed)
    found = assign(net, Demand(wanted, demand), gap=GAP, closed=shut)
    assert found.converged
    assert found.relative_gap <= GAP
    check_equilibrium(net, wanted, demand, found, shut)


@given(networks(), st.lists(st.integers(0, 99), min_size=1, max_size=4))
def test_a_warm_start_gives_the_cold_answer_within_the_gap(case, seeds):
    net, wanted, demand = case
    warm = assign(net, Demand(wanted, demand), gap=GAP)
    for step, seed in enumerate(seeds):
        shut = shut_some(0.3 * (step % 2), net, seed)  # closed, then open again
        warm = assign(net, Demand(wanted, demand), gap=GAP, closed=shut, warm=warm)
        cold = assign(net, Demand(wanted, demand), gap=GAP, closed=shut)
        assert warm.converged
        check_equilibrium(net, wanted, demand, warm, shut)
        np.testing.assert_array_equal(warm.served, cold.served)
        assert warm.objective == pytest.approx(cold.objective, rel=1e-6)


def test_the_same_question_has_the_same_bytes_in_answer():
    rng = np.random.default_rng(5)
    ends = [(int(a), int(b)) for a, b in rng.integers(0, 12, (60, 2)) if a != b]
    net = graph(12, ends, minutes=rng.uniform(1, 5, len(ends)), capacity=rng.uniform(10, 50, len(ends)))
    wanted = pairs(*{(int(a), int(b)) for a, b in rng.integers(0, 12, (30, 2)) if a != b})
    demand = rng.uniform(1, 30, len(wanted.origin))
    first, second = (assign(net, Demand(wanted, demand), gap=1e-6) for _ in range(2))
    for name in ("flow", "minutes", "od_minutes", "served"):
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes()
    assert [a.tobytes() for a in first.store] == [a.tobytes() for a in second.store]
    assert first.relative_gap == second.relative_gap


def test_the_arguments_are_left_as_they_were():
    net = graph(3, [(0, 1), (1, 2), (0, 2)], minutes=[1, 1, 3])
    wanted, demand, shut = pairs((0, 2)), np.array([80.0]), np.zeros(3, bool)
    warm = assign(net, Demand(wanted, demand), gap=GAP)
    before = [a.copy() for a in (*warm.store, warm.flow, demand, shut, net.free_flow_min)]
    assign(net, Demand(wanted, demand), gap=GAP, closed=np.array([True, False, False]), warm=warm)
    for old, now in zip(before, (*warm.store, warm.flow, demand, shut, net.free_flow_min), strict=True):
        np.testing.assert_array_equal(old, now)


def test_demand_without_a_way_is_unserved_and_the_rest_is_served():
    net = graph(4, [(0, 1), (2, 3)])
    found = assign(net, Demand(pairs((0, 1), (0, 3), (2, 3)), np.array([5.0, 7.0, 9.0])), gap=GAP)
    np.testing.assert_array_equal(found.served, [5.0, 0.0, 9.0])
    np.testing.assert_array_equal(found.unserved, [0.0, 7.0, 0.0])
    assert np.isinf(found.od_minutes[1])


def test_closures_that_cut_everything_leave_no_traffic():
    net = graph(3, [(0, 1), (1, 2)])
    found = assign(net, Demand(pairs((0, 2)), np.array([5.0])), gap=GAP, closed=np.ones(2, bool))
    assert found.converged
    assert found.flow.sum() == 0
    assert found.total_travel_time == 0
    assert found.unserved.sum() == 5.0
    assert found.average_excess_cost == 0.0


def test_a_warm_start_from_cut_roads_serves_again():
    net = graph(3, [(0, 1), (1, 2)])
    cut = assign(net, Demand(pairs((0, 2)), np.array([5.0])), gap=GAP, closed=np.ones(2, bool))
    back = assign(net, Demand(pairs((0, 2)), np.array([5.0])), gap=GAP, warm=cut)
    np.testing.assert_allclose(back.flow, [5.0, 5.0])


def test_zero_demand_is_an_empty_road():
    net = graph(2, [(0, 1)])
    found = assign(net, Demand(pairs((0, 1)), np.array([0.0])), gap=GAP)
    assert found.converged
    assert found.flow.tolist() == [0.0]
    assert found.od_minutes.tolist() == [1.0]


def test_a_gap_out_of_reach_stops_and_says_so():
    for seed in range(6):
        rng = np.random.default_rng(seed)
        ends = [(int(a), int(b)) for a, b in rng.integers(0, 10, (50, 2)) if a != b]
        net = graph(10, ends, minutes=rng.uniform(1, 3, len(ends)), capacity=5.0)
        wanted = pairs((0, 9), (3, 7), (5, 2))
        found = assign(net, Demand(wanted, np.array([90.0, 70.0, 80.0])), gap=1e-300, iterations=10_000)
        assert found.iterations < 1_000
        assert abs(found.relative_gap) < 1e-12
        assert found.converged == (found.relative_gap <= 1e-300)


def test_too_few_iterations_say_so():
    net = graph(2, [(0, 1), (0, 1)], minutes=[1.0, 1.2], capacity=10.0)
    seen = []
    found = assign(
        net, Demand(pairs((0, 1)), np.array([50.0])), gap=1e-12, iterations=1, progress=lambda n, g: seen.append((n, g))
    )
    assert not found.converged
    assert found.iterations == 1
    assert [n for n, _ in seen] == [1]


def test_nobody_passes_through_a_zone():
    # 0 -> 1 -> 2 is short but leads through the zone 1; 0 -> 3 -> 2 is long
    links = [(0, 1), (1, 2), (0, 3), (3, 2)]
    free = graph(4, links, minutes=[1, 1, 5, 5])
    zoned = graph(4, links, minutes=[1, 1, 5, 5], barred=[0, 1, 2])
    wanted = pairs((0, 1), (0, 2), (1, 2))
    demand = np.ones(3)
    assert assign(free, Demand(wanted, demand), gap=GAP).od_minutes[1] < 2.1
    np.testing.assert_allclose(assign(zoned, Demand(wanted, demand), gap=GAP).od_minutes, [1, 10, 1], rtol=1e-6)


def test_parallel_links_share_and_self_loops_stay_empty():
    net = graph(2, [(0, 0), (0, 1), (0, 1), (1, 1)], minutes=[0.0, 2.0, 2.0, 0.0])
    found = assign(net, Demand(pairs((0, 1)), np.array([100.0])), gap=GAP)
    np.testing.assert_allclose(found.flow, [0.0, 50.0, 50.0, 0.0], rtol=1e-3)


def test_with_state_scales_speed_and_capacity():
    net = graph(2, [(0, 1)], minutes=3.0, capacity=60.0)
    slow = net.with_state(speed=np.array([0.5]), capacity=np.array([0.25]))
    assert slow.free_flow_min.tolist() == [6.0]
    assert slow.capacity_vph.tolist() == [15.0]
    assert net.free_flow_min.tolist() == [3.0]
    assert slow.minutes(np.array([15.0]))[0] == pytest.approx(6.0 * 1.15)


@pytest.mark.parametrize(
    ("column", "value", "word"),
    [
        ("capacity", 0.0, "capacity_vph"), ("capacity", np.nan, "capacity_vph"), ("capacity", -1.0, "capacity_vph"),
        ("minutes", -0.1, "free_flow_min"), ("minutes", np.inf, "free_flow_min"), ("b", -1.0, "b"),
        ("power", np.nan, "power"),
    ],
)  # fmt: skip
def test_link_values_that_cannot_be_are_refused(column, value, word):
    with pytest.raises(InputError, match=rf"link number 1: {word} "):
        graph(3, [(0, 1), (1, 2)], **{column: [1.0, value]})


@pytest.mark.parametrize(("demand", "gap"), [(-1.0, 1e-3), (np.nan, 1e-3), (np.inf, 1e-3), (1.0, 0.0), (1.0, np.nan)])
def test_demand_and_gap_that_cannot_be_are_refused(demand, gap):
    with pytest.raises(InputError):
        assign(graph(2, [(0, 1)]), Demand(pairs((0, 1)), np.array([demand])), gap=gap)


def test_pairs_out_of_order_no_pairs_and_a_foreign_warm_start_are_refused():
    net = graph(3, [(0, 1), (1, 2)])
    with pytest.raises(InputError, match="sorted"):
        Pairs(np.array([1, 0]), np.array([0, 1]))
    with pytest.raises(InputError, match="no demand"):
        assign(net, Demand(pairs(), np.zeros(0)), gap=GAP)
    warm = assign(net, Demand(pairs((0, 1)), np.array([1.0])), gap=GAP)
    with pytest.raises(InputError, match="other pairs"):
        assign(net, Demand(pairs((0, 1), (0, 2)), np.ones(2)), gap=GAP, warm=warm)
    with pytest.raises(InputError, match="other pairs"):
        assign(net, Demand(pairs((0, 2)), np.ones(1)), gap=GAP, warm=warm)
    with pytest.raises(InputError, match="other roads"):
        assign(graph(3, [(0, 1), (0, 2)]), Demand(pairs((0, 1)), np.ones(1)), gap=GAP, warm=warm)
    slower = graph(3, [(0, 1), (1, 2)], minutes=[2.0, 2.0])
    assert assign(slower, Demand(pairs((0, 1)), np.ones(1)), gap=GAP, warm=warm).converged


def test_a_solution_without_its_paths_says_so_when_they_are_asked_for():
    net = graph(3, [(0, 1), (1, 2)])
    lean = Warm(assign(net, Demand(pairs((0, 2)), np.ones(1)), gap=GAP)).assign(Change(), gap=GAP)
    with pytest.raises(InputError, match="paths=True"):
        lean.path_table()
    with pytest.raises(InputError, match="paths=True"):
        assign(net, lean.demand, gap=GAP, warm=lean)


def test_a_constant_exponent_of_zero_is_the_same_cost_at_no_flow_and_at_any():
    # route 0: t0 (1 + b) = 15 whatever the flow; route 1: 12
    net = graph(2, [(0, 1), (0, 1)], minutes=[10.0, 12.0], b=[0.5, 0.0], power=[0.0, 4.0])
    found = assign(net, Demand(pairs((0, 1)), np.array([30.0])), gap=1e-6)
    np.testing.assert_allclose(found.flow, [0.0, 30.0])
    assert found.converged


@given(networks(), st.integers(0, 9), st.integers(0, 255))
def test_skim_is_the_shortest_way_at_fixed_costs(case, seed, mask):
    net, wanted, _ = case
    shut = shut_some(0.3, net, seed)
    minutes = np.random.default_rng(seed).uniform(0.1, 9.0, len(net.tail))
    some = np.array([bool(mask >> k & 1) for k in range(len(wanted.origin))])
    found = skim(net, wanted, minutes, closed=shut, wanted=some)
    for k in range(len(some)):
        if some[k]:
            best = shortest(net, minutes, shut, wanted.origin[k])[wanted.destination[k]]
            assert found[k] == pytest.approx(best, rel=1e-9)
        else:
            assert np.isnan(found[k])


@given(networks(barred=False), st.integers(0, 9), st.sets(st.integers(0, 7), min_size=1, max_size=3))
def test_minutes_from_the_nearest_of_several(case, seed, some):
    net, _, _ = case
    at = np.array(sorted({n % net.nodes for n in some}))
    shut = shut_some(0.3, net, seed)
    minutes = np.random.default_rng(seed).uniform(0.1, 9.0, len(net.tail))
    every = np.array([shortest(net, minutes, shut, n) for n in range(net.nodes)])
    np.testing.assert_allclose(nodes_within(net, at, minutes, shut), every[at].min(axis=0))


def test_the_way_from_the_nearest_passes_through_no_zone():
    # junctions 0 and 2 are joined by a zone (1) with two connectors, and by a long road
    net = graph(3, [(0, 1), (1, 0), (1, 2), (2, 1), (0, 2)], minutes=[0, 0, 0, 0, 30], barred=[1])
    shut = np.zeros(5, bool)
    assert nodes_within(net, np.array([0]), net.free_flow_min, shut)[2] == 30.0


def test_a_network_with_another_part_is_searched_anew():
    net = graph(4, [(0, 1), (1, 3), (0, 2), (2, 3)], minutes=[5.0, 5.0, 6.0, 6.0], capacity=20.0)
    demand = Demand(pairs((0, 3)), np.array([10.0]))
    assign(net, demand)
    barred = assign(replace(net, barred=np.array([False, True, False, False])), demand)
    np.testing.assert_allclose(barred.flow, [0.0, 0.0, 10.0, 10.0])
    turned = assign(replace(net, head=np.array([1, 0, 2, 3])), demand)
    np.testing.assert_allclose(turned.flow, [0.0, 0.0, 10.0, 10.0])
    with pytest.raises(InputError, match="other roads"):
        assign(replace(net, barred=np.array([False, True, False, False])), demand, warm=assign(net, demand))


@pytest.mark.parametrize("closed", [np.array(["a", "b"]), np.array([1, 0]), np.array([True])])
def test_closures_that_are_no_flags_are_refused(closed):
    with pytest.raises(InputError, match="closed"):
        assign(graph(3, [(0, 1), (1, 2)]), Demand(pairs((0, 2)), np.ones(1)), closed=closed)
