from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq, root
from scipy.special import expit

from resilience.base.errors import InputError
from resilience.traffic import Demand, GiveUp, VehicleClass, assign
from resilience.traffic.logit import averaging, link_ways, logit, streets
from resilience.traffic.logit.logit import assign_logit
from tests.tiny import graph, pairs, shortest

GAP = 1e-9


@st.composite
def cities(draw, flat=False):
    """Random networks with parallel links, self loops, zones, closures and demand of some pairs."""
    n = draw(st.integers(2, 7))
    ends = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1))
    links = draw(st.lists(ends, min_size=1, max_size=3 * n))
    many = len(links)

    def column(values):
        return draw(st.lists(st.sampled_from(values), min_size=many, max_size=many))

    net = graph(
        n,
        links,
        minutes=column([0.5, 1.0, 2.0, 3.5, 10.0]),
        capacity=column([5.0, 20.0, 100.0]),
        b=0.0 if flat else column([0.0, 0.15, 1.0]),
        power=column([1.0, 4.0]),
        fixed=column([0.0, 0.0, 0.7]),
        barred=draw(st.sets(st.integers(0, n - 1), max_size=2)),
    )
    wanted = pairs(*draw(st.lists(ends, min_size=1, max_size=6, unique=True)))
    vph = np.array(draw(st.lists(st.sampled_from([0.0, 1.0, 10.0, 40.0]), min_size=6, max_size=6)))
    shut = np.array(draw(st.lists(st.sampled_from([False] * 5 + [True]), min_size=many, max_size=many)))
    return net, Demand(wanted, vph[: len(wanted)]), shut


def ways_away(net, shut, origin, goal, far):
    """All ways over links that lead away from the origin by the distances `far`, each a list of links."""
    if origin == goal:
        return [[]]
    found, open_ = [], [(origin, [])]
    while open_:
        node, way = open_.pop()
        for link in np.flatnonzero((net.tail == node) & ~shut):
            head = int(net.head[link])
            if far[head] <= far[node] + 1e-9:
                continue
            if head == goal:
                found.append([*way, int(link)])
            elif not net.barred[head]:
                open_.append((head, [*way, int(link)]))
    return found


def split(net, demand, shut, minutes, theta, base_minutes=None):
    """Link flow, satisfaction and mean minutes of the logit over all those ways, one by one."""
    flow = np.zeros(net.links)
    satisfaction, mean = np.full(len(demand.vph), np.inf), np.full(len(demand.vph), np.inf)
    empty = net.minutes(np.zeros(net.links)) if base_minutes is None else base_minutes
    for k, (o, d) in enumerate(zip(demand.pairs.origin.tolist(), demand.pairs.destination.tolist(), strict=True)):
        ways = ways_away(net, shut, o, d, shortest(net, empty, shut, o))
        if not ways:
            continue
        cost = np.array([minutes[way].sum() for way in ways])
        weight = np.exp(-theta * (cost - cost.min()))
        satisfaction[k] = cost.min() - np.log(weight.sum()) / theta
        mean[k] = weight @ cost / weight.sum()
        for way, part in zip(ways, weight / weight.sum(), strict=True):
            np.add.at(flow, way, demand.vph[k] * part)
    return flow, satisfaction, mean


@given(cities(flat=True), st.sampled_from([1e-6, 0.1, 1.0, 20.0]))
def test_at_fixed_minutes_the_loading_is_the_logit_over_all_ways_that_lead_away(case, theta):
    net, demand, shut = case
    found = assign_logit(net, demand, theta=theta, closed=shut, gap=GAP, base="empty")
    flow, satisfaction, mean = split(net, demand, shut, net.minutes(np.zeros(net.links)), theta)
    np.testing.assert_allclose(found.flow, flow, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found.satisfaction, satisfaction, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found.od_minutes, mean, rtol=1e-9, atol=1e-9)
    assert found.converged
    assert found.residual < GAP


@given(cities(), st.sampled_from([0.05, 0.5, 2.0]), st.sampled_from(["link", "path"]))
def test_flow_is_conserved_and_whoever_has_a_way_is_served(case, theta, loading):
    net, demand, shut = case
    found = assign_logit(net, demand, theta=theta, loading=loading, closed=shut, gap=1e-6)
    wanted = demand.pairs
    for k, (o, d) in enumerate(zip(wanted.origin, wanted.destination, strict=True)):
        least = shortest(net, net.minutes(np.zeros(net.links)), shut, o)[d]
        assert np.isfinite(found.satisfaction[k]) == np.isfinite(found.od_minutes[k]) == np.isfinite(least)
        assert found.served[k] == (demand.vph[k] if np.isfinite(least) else 0.0)
        assert found.satisfaction[k] <= found.od_minutes[k] + 1e-9 or np.isinf(least)
    np.testing.assert_array_equal(found.served + found.unserved, demand.vph)
    assert (found.flow >= 0.0).all()
    assert not found.flow[shut].any()
    balance = np.zeros(net.nodes)
    np.add.at(balance, net.tail, found.flow)
    np.add.at(balance, net.head, -found.flow)
    np.add.at(balance, wanted.origin, -found.served)
    np.add.at(balance, wanted.destination, found.served)
    np.testing.assert_allclose(balance, 0.0, atol=1e-11 * max(found.flow.sum(), 1.0))
    assert found.converged
    np.testing.assert_allclose(found.minutes, net.minutes(found.flow))
    assert found.total_travel_time == pytest.approx(found.flow @ found.minutes)
    has = found.served > 0.0
    assert found.served[has] @ found.od_minutes[has] == pytest.approx(found.total_travel_time, rel=1e-4)


@given(cities(), st.sampled_from([0.05, 0.5, 2.0]))
def test_the_residual_is_what_the_flows_themselves_bring_about(case, theta):
    net, demand, shut = case
    found = assign_logit(net, demand, theta=theta, closed=shut, gap=1e-6, base="empty")
    answer, satisfaction, mean = split(net, demand, shut, found.minutes, theta)
    total = found.flow.sum()
    residual = np.abs(answer - found.flow).sum() / total if total else 0.0
    assert found.residual == pytest.approx(residual, abs=1e-12)
    assert found.residual <= 1e-6
    np.testing.assert_allclose(found.satisfaction, satisfaction, rtol=1e-9)
    np.testing.assert_allclose(found.od_minutes, mean, rtol=1e-9)


@pytest.mark.parametrize("loading", ["link", "path"])
@pytest.mark.parametrize("theta", [0.01, 0.3, 2.0, 30.0])
def test_two_roads_have_a_closed_form(loading, theta):
    minutes, capacity, trips = np.array([10.0, 12.0]), np.array([30.0, 50.0]), 90.0
    net = graph(2, [(0, 1), (0, 1)], minutes=minutes, capacity=capacity, b=0.5, power=2.0)
    found = assign_logit(net, Demand(pairs((0, 1)), np.array([trips])), theta=theta, loading=loading, gap=1e-11)

    def cost(flow, road):
        return minutes[road] * (1 + 0.5 * (flow / capacity[road]) ** 2)

    def more(flow):
        return flow - trips * expit(theta * (cost(trips - flow, 1) - cost(flow, 0)))

    first = brentq(more, 0.0, trips, xtol=1e-13)
    np.testing.assert_allclose(found.flow, [first, trips - first], rtol=1e-9)
    assert found.converged
    assert found.iterations < 500
    both = np.array([cost(first, 0), cost(trips - first, 1)])
    assert found.satisfaction[0] == pytest.approx(-np.log(np.exp(-theta * both).sum()) / theta, rel=1e-8)
    assert found.od_minutes[0] == pytest.approx(found.flow @ both / trips, rel=1e-8)
    assert found.total_travel_time == pytest.approx(found.flow @ both, rel=1e-8)


def braess():
    """Two ways and a bridge between them; all links lead away from node 0: 0 at 0, 1 at 1, 2 at 1.5, 3 at 3 minutes."""
    links = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)]
    net = graph(4, links, minutes=[1.0, 2.0, 0.5, 2.5, 1.5], capacity=[60, 30, 25, 30, 60], b=1.0, power=2.0)
    return net, Demand(pairs((0, 3)), np.array([60.0])), [[0, 3], [1, 4], [0, 2, 4]]


@pytest.mark.parametrize("loading", ["link", "path"])
@pytest.mark.parametrize("theta", [0.1, 1.0, 5.0])
def test_three_ways_with_shared_links_are_those_of_an_exact_solution(loading, theta):
    net, demand, ways = braess()

    def wrong(first_two):
        parts = np.array([*first_two, 60.0 - sum(first_two)])
        flow = np.zeros(5)
        for way, part in zip(ways, parts, strict=True):
            flow[way] += part
        cost = np.array([net.minutes(np.maximum(flow, 0.0))[way].sum() for way in ways])
        weight = np.exp(-theta * (cost - cost.min()))
        return (60.0 * weight / weight.sum() - parts)[:2]

    exact = root(wrong, [20.0, 20.0], tol=1e-13)
    assert exact.success
    parts = np.array([*exact.x, 60.0 - exact.x.sum()])
    flow = np.zeros(5)
    for way, part in zip(ways, parts, strict=True):
        flow[way] += part
    found = assign_logit(net, demand, theta=theta, loading=loading, gap=1e-11)
    np.testing.assert_allclose(found.flow, flow, rtol=1e-8)
    if loading == "path":
        np.testing.assert_allclose(np.sort(found.store.flow), np.sort(parts), rtol=1e-8)


def test_who_knows_nothing_takes_all_ways_alike():
    net, demand, _ = braess()
    for loading in ("link", "path"):
        found = assign_logit(net, demand, theta=1e-6, loading=loading, gap=1e-8)
        np.testing.assert_allclose(found.flow, [40, 20, 20, 20, 40], rtol=1e-4)


def grid(seed=1, demand=25.0):
    """A grid of 4 x 4 junctions with roads of both directions, a zone at each corner."""
    links = []
    for row in range(4):
        for column in range(4):
            here = 4 * row + column
            links += [(here, here + 1), (here + 1, here)] if column < 3 else []
            links += [(here, here + 4), (here + 4, here)] if row < 3 else []
    corners = [0, 3, 12, 15]
    for zone, corner in enumerate(corners, 16):
        links += [(zone, corner), (corner, zone)]
    rng = np.random.default_rng(seed)
    net = graph(
        20, links, minutes=rng.uniform(1, 3, len(links)), capacity=rng.uniform(15, 40, len(links)), b=1.0, power=2.0,
        barred=[16, 17, 18, 19],
    )  # fmt: skip
    wanted = pairs(*[(a, b) for a in range(16, 20) for b in range(16, 20) if a != b])
    return net, Demand(wanted, np.full(len(wanted), demand))


def test_who_knows_all_is_in_user_equilibrium():
    net, demand = grid()
    user = assign(net, demand, gap=1e-10)
    apart = {}
    for theta in (1.0, 10.0, 50.0):
        for loading in ("link", "path"):
            found = assign_logit(
                net, demand, theta=theta, loading=loading, gap=1e-6, base=user if loading == "link" else None,
                iterations=3000,
            )  # fmt: skip
            assert found.converged
            apart[loading, theta] = np.abs(found.flow - user.flow).sum() / user.flow.sum()
    for loading in ("link", "path"):
        assert apart[loading, 1.0] > apart[loading, 10.0] > apart[loading, 50.0]
        assert apart[loading, 50.0] < 0.01
    assert found.total_travel_time == pytest.approx(user.total_travel_time, rel=1e-3)


def test_link_loading_by_the_minutes_of_a_base_is_the_logit_over_ways_away_by_them():
    net, demand = grid()
    user = assign(net, demand, gap=1e-8)
    shut = np.zeros(net.links, bool)
    found = assign_logit(net, demand, theta=0.7, gap=1e-7, base=user)
    plain = assign_logit(net, demand, theta=0.7, gap=1e-7, base="empty")
    answer, _, _ = split(net, demand, shut, found.minutes, 0.7, user.minutes)
    np.testing.assert_allclose(found.flow, answer, atol=1e-4)
    assert np.abs(found.flow - plain.flow).max() > 0.1


@pytest.mark.parametrize("loading", ["link", "path"])
def test_minutes_are_those_of_an_equilibrium_where_people_know_them_well(loading):
    """The ways of empty roads would leave out what only congestion makes a way: too many minutes, and no word of it."""
    net, demand = grid()
    busy = Demand(demand.pairs, 2.5 * demand.vph)
    user = assign(net, busy, gap=1e-8)
    found = assign_logit(net, busy, theta=10.0, loading=loading, gap=1e-4)
    assert found.converged
    assert found.total_travel_time == pytest.approx(user.total_travel_time, rel=0.012)


def test_empty_roads_are_for_links_only():
    net, demand = grid()
    for loading, base in (("path", "empty"), ("link", "full")):
        with pytest.raises(InputError, match=f'base = "{base}" is not possible with loading "{loading}"'):
            assign_logit(net, demand, theta=1.0, loading=loading, base=base)


def path_costs(found):
    """Cost and pair of each path, and whether each pair's shortest path is one of them."""
    ends = np.concatenate([found.demand.pairs.origin, found.demand.pairs.destination])
    net = found.network.search(ends)
    cost = net.over_arcs(found.minutes)[found.store.arcs]
    return np.add.reduceat(cost, found.store.offsets[:-1]), found.store.owner


def test_paths_are_in_the_balance_of_fisk_and_none_is_missing():
    net, demand = grid()
    theta = 0.8
    found = assign_logit(net, demand, theta=theta, loading="path", gap=1e-7)
    cost, owner = path_costs(found)
    level = cost + np.log(found.store.flow) / theta
    several = 0
    for k in range(len(demand.vph)):
        mine = owner == k
        several += mine.sum() > 1
        np.testing.assert_allclose(level[mine], level[mine][0], rtol=1e-9)
        assert found.store.flow[mine].sum() == pytest.approx(demand.vph[k])
        best = shortest(net, found.minutes, np.zeros(net.links, bool), demand.pairs.origin[k])
        assert cost[mine].min() == pytest.approx(best[demand.pairs.destination[k]], rel=1e-8)
        assert found.satisfaction[k] == pytest.approx(level[mine][0] - np.log(demand.vph[k]) / theta)
    assert several >= 4
    routes = [tuple(found.store.arcs[a:b]) for a, b in pairwise(found.store.offsets)]
    assert len(set(routes)) == len(routes)


def test_paths_of_a_base_over_closed_links_are_dropped_and_new_ones_found():
    net, demand = grid()
    user = assign(net, demand, gap=1e-8)
    shut = np.zeros(net.links, bool)
    shut[np.argsort(user.flow)[-12:-8]] = True
    found = assign_logit(net, demand, theta=1.0, loading="path", closed=shut, base=user, gap=1e-6)
    assert found.converged
    assert not found.flow[shut].any()
    served = [np.isfinite(shortest(net, net.free_flow_min, shut, o)[d])
              for o, d in zip(demand.pairs.origin, demand.pairs.destination, strict=True)]  # fmt: skip
    np.testing.assert_array_equal(found.served, np.where(served, demand.vph, 0.0))


def test_pairs_that_lose_all_their_paths_are_served_from_the_first_loading_on():
    net = graph(2, [(0, 1), (0, 1)], minutes=[1.0, 50.0])
    demand = Demand(pairs((0, 1)), np.array([5.0]))
    base = assign(net, demand)
    shut = np.array([True, False])
    found = assign_logit(net, demand, theta=1.0, loading="path", base=base, closed=shut, iterations=1)
    np.testing.assert_array_equal(found.flow, [0.0, 5.0])
    assert found.served[0] == 5.0


def test_nobody_passes_through_a_zone():
    # 0 -> 1 -> 2 is short but leads through the zone 1, where others go; 0 -> 3 -> 2 is long
    net = graph(4, [(0, 1), (1, 2), (0, 3), (3, 2)], minutes=[1.0, 1.0, 2.0, 2.0], barred=[0, 1, 2])
    demand = Demand(pairs((0, 1), (0, 2), (1, 2)), np.array([1.0, 10.0, 3.0]))
    for loading in ("link", "path"):
        found = assign_logit(net, demand, theta=0.1, loading=loading)
        np.testing.assert_allclose(found.flow, [1, 3, 10, 10])
        np.testing.assert_allclose(found.od_minutes, [1, 4, 1], rtol=1e-4)


def test_links_without_minutes_carry_ways():
    # connectors of no length into and out of a pair of junctions that are one: all links lead on, none back
    links = [(0, 1), (1, 2), (2, 1), (2, 3), (3, 4), (2, 4)]
    net = graph(5, links, minutes=[0.0, 0.0, 0.0, 5.0, 0.0, 5.0], b=0.0, barred=[0])
    found = assign_logit(net, Demand(pairs((0, 4)), np.array([10.0])), theta=0.5)
    np.testing.assert_allclose(found.flow, [10, 10, 0, 5, 5, 5], atol=1e-12)
    assert found.od_minutes[0] == pytest.approx(5.0)


def test_ties_of_rounding_are_ties():
    # nodes 1 and 2 both lie at 0.3 minutes, one of them by the sum 0.1 + 0.2: the road between them leads to no place
    links = [(0, 3), (3, 1), (0, 2), (1, 2), (2, 1), (1, 4), (2, 4)]
    net = graph(5, links, minutes=[0.1, 0.2, 0.3, 1.0, 1.0, 1.0, 1.0], b=0.0)
    found = assign_logit(net, Demand(pairs((0, 4)), np.array([10.0])), theta=1.0)
    np.testing.assert_allclose(found.flow, [5, 5, 5, 0, 0, 5, 5])


def test_exponentials_do_not_overflow():
    # the ways differ by thousands of minutes, and congestion on the short one first seems a million
    links = [(0, 1), (0, 1), (1, 2), (0, 2)]
    net = graph(3, links, minutes=[1.0, 5000.0, 900.0, 3.0], capacity=[1.0, 1e3, 1e3, 1.0], b=1.0)
    for loading in ("link", "path"):
        found = assign_logit(
            net, Demand(pairs((0, 1), (0, 2)), np.array([30.0, 30.0])), theta=5.0, loading=loading, iterations=2000
        )
        assert np.isfinite(found.flow).all()
        assert np.isfinite(found.satisfaction).all()
        assert found.flow[[0, 1, 3]].sum() == pytest.approx(60.0)


def test_demand_without_a_way_is_unserved_and_says_so():
    net = graph(4, [(0, 1), (2, 3)])
    for loading in ("link", "path"):
        found = assign_logit(
            net, Demand(pairs((0, 1), (0, 3), (2, 3)), np.array([5.0, 7.0, 9.0])), theta=1.0, loading=loading
        )
        np.testing.assert_array_equal(found.served, [5.0, 0.0, 9.0])
        np.testing.assert_array_equal(found.unserved, [0.0, 7.0, 0.0])
        assert np.isinf(found.od_minutes[1])
        assert np.isinf(found.satisfaction[1])
        none = assign_logit(net, found.demand, theta=1.0, loading=loading, closed=np.ones(2, bool))
        assert none.unserved.sum() == 21.0
        assert none.converged
        assert none.total_travel_time == 0.0


def test_bushes_that_are_not_kept_give_the_same_bytes(monkeypatch):
    net, demand = grid()
    kept = assign_logit(net, demand, theta=0.5)
    monkeypatch.setattr(link_ways, "MOST_BUSH_BYTES", 0.0)
    again = assign_logit(net, demand, theta=0.5)
    for name in ("flow", "minutes", "od_minutes", "satisfaction"):
        assert getattr(kept, name).tobytes() == getattr(again, name).tobytes()


def test_a_gap_out_of_reach_stops_and_says_so():
    net, demand = grid()
    for loading in ("link", "path"):
        found = assign_logit(net, demand, theta=0.5, loading=loading, gap=1e-300, iterations=10_000)
        assert not found.converged
        assert found.stalled
        assert found.iterations < 2_000
        assert found.residual < 1e-12


def test_too_few_loadings_say_so_and_progress_stops():
    net, demand = grid()
    for loading in ("link", "path"):
        found = assign_logit(net, demand, theta=0.5, loading=loading, gap=1e-10, iterations=3)
        assert not found.converged
        assert not found.stalled
        assert found.iterations == 3
        assert found.residual > 1e-10
        seen = []

        def watch(number, residual, seen=seen):
            seen.append((number, residual))
            return number < 5

        found = assign_logit(net, demand, theta=0.5, loading=loading, gap=1e-10, progress=watch)
        assert [n for n, _ in seen] == [1, 2, 3, 4, 5]
        assert found.iterations == 5
        assert not found.converged
        assert found.residual == pytest.approx(min(r for _, r in seen))


def test_who_stops_at_the_gap_is_asked_no_more():
    net, demand = grid()
    seen = []

    def watch(number, residual):
        seen.append(residual)
        return residual > 1e-3

    full = assign_logit(net, demand, theta=0.5, loading="path", gap=1e-3)
    found = assign_logit(net, demand, theta=0.5, loading="path", gap=1e-3, progress=watch)
    assert sum(r <= 1e-3 for r in seen) == 1
    assert found.iterations == len(seen) < full.iterations
    assert not found.converged  # there are shorter ways that were not taken in


def test_a_mixed_step_keeps_the_sum_and_goes_below_zero_nowhere():
    mixing = averaging.Averaging()
    low = np.inf
    rng = np.random.default_rng(4)
    for _ in range(200):
        flow = rng.dirichlet(np.full(4, 0.3)) * 10.0
        change = rng.dirichlet(np.full(4, 0.3)) * 10.0 - flow
        after = mixing.next(flow, change, float(np.abs(change).sum()))
        mixing.since = 0  # chance makes no progress, and mixing would pause
        low = min(low, after.min())
        assert after.sum() == pytest.approx(10.0, abs=1e-12)
    assert low == 0.0


def test_rounding_that_multiplied_is_put_right_where_flow_is():
    net, demand = grid()
    shut = np.arange(net.links) % 7 == 0
    chains = streets.Streets.of(net, demand, shut)
    ways = link_ways.LinkWays(chains, 1.0, np.zeros(net.links))
    search = logit._Search(net, [ways], 1e-6, 10, None)
    assert search._mended(0, search.flow) is search.flow
    drifted = search.flow * (1.0 + 1e-7 * np.random.default_rng(0).random(net.links))
    mended = search._mended(0, drifted)
    wrong = chains.balance(mended) - search.balance[0]
    assert np.abs(wrong).max() < 1e-12 * mended.sum() < np.abs(chains.balance(drifted) - search.balance[0]).max()
    assert not mended[shut].any()
    np.testing.assert_allclose(mended, search.flow, rtol=1e-5)


def test_mixing_saves_loadings():
    net, demand = grid(demand=60.0)
    mixed = assign_logit(net, demand, theta=2.0, gap=1e-8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(averaging, "PAUSE", -1)
        plain = assign_logit(net, demand, theta=2.0, gap=1e-8, iterations=5000)
    assert plain.converged
    np.testing.assert_allclose(mixed.flow, plain.flow, atol=1e-4)
    assert mixed.iterations < 0.6 * plain.iterations


def test_the_one_class_has_its_units_closures_and_costs():
    # lorries: two units each, not over road 1, three minutes more on road 0
    net = graph(2, [(0, 1), (0, 1), (0, 1)], minutes=[10.0, 1.0, 12.0], capacity=50.0, b=0.5, power=1.0)
    lorry = VehicleClass("lorry", pce=2.0, closed=np.array([False, True, False]), extra_min=np.array([3.0, 0.0, 0.0]))
    demand = Demand(pairs((0, 1)), np.array([20.0]), (lorry,))
    for loading in ("link", "path"):
        found = assign_logit(net, demand, theta=0.4, loading=loading, gap=1e-10)
        assert found.flow[1] == 0.0
        assert found.flow.sum() == pytest.approx(40.0)
        cost = net.minutes(found.flow) + np.array([3.0, 0.0, 0.0])
        assert found.flow[0] / found.flow[2] == pytest.approx(np.exp(-0.4 * (cost[0] - cost[2])), rel=1e-6)
        assert found.total_travel_time == pytest.approx(found.flow @ cost / 2.0)
        np.testing.assert_allclose(found.minutes, net.minutes(found.flow))


def test_the_same_question_has_the_same_bytes_in_answer():
    net, demand = grid()
    for loading in ("link", "path"):
        first, second = (assign_logit(net, demand, theta=0.5, loading=loading) for _ in range(2))
        for name in ("flow", "minutes", "od_minutes", "satisfaction", "served"):
            assert getattr(first, name).tobytes() == getattr(second, name).tobytes()
        assert first.residual == second.residual


def test_tables_name_links_and_pairs():
    net = graph(3, [(0, 1), (1, 2)], minutes=5.0)
    net = replace(net, node_id=pd.Index(["a", "b", "c"]), link_id=pd.Index(["ab", "bc"]))
    trips = pd.DataFrame({"origin": ["a", "a"], "destination": ["b", "c"], "vph": [10.0, 20.0]})
    found = assign_logit(net, trips, theta=1.0, closed=np.array([False, True]))
    table = found.link_table()
    assert table.index.tolist() == ["ab", "bc"]
    assert table["from_node"].tolist() == ["a", "b"]
    assert table["flow"].tolist() == [10.0, 0.0]
    assert table["minutes"].tolist() == [found.minutes[0], np.inf]
    assert table["volume_capacity"].tolist() == [0.1, 0.0]
    assert table["closed"].tolist() == [False, True]
    of_pairs = found.pair_table()
    assert of_pairs["destination"].tolist() == ["b", "c"]
    assert of_pairs["served"].tolist() == [10.0, 0.0]
    assert of_pairs["unserved"].tolist() == [0.0, 20.0]
    assert of_pairs["minutes"].tolist() == [pytest.approx(5.0, rel=1e-3), np.inf]


@pytest.mark.parametrize("theta", [0.0, -1.0, np.nan, np.inf, 1e-12, 1e9])
def test_thetas_that_cannot_be_are_refused(theta):
    with pytest.raises(InputError, match="theta must lie between"):
        assign_logit(graph(2, [(0, 1)]), Demand(pairs((0, 1)), np.ones(1)), theta=theta)


def test_what_else_cannot_be_is_refused():
    net = graph(2, [(0, 1)])
    one = Demand(pairs((0, 1)), np.ones(1))
    with pytest.raises(InputError, match="link, path"):
        assign_logit(net, one, theta=1.0, loading="probit")
    with pytest.raises(InputError, match="gap"):
        assign_logit(net, one, theta=1.0, gap=0.0)
    with pytest.raises(InputError, match="iterations"):
        assign_logit(net, one, theta=1.0, iterations=0)
    with pytest.raises(InputError, match="closed has 3"):
        assign_logit(net, one, theta=1.0, closed=np.zeros(3, bool))
    with pytest.raises(InputError, match="GiveUp"):
        assign_logit(net, Demand(one.pairs, one.vph, answer=GiveUp(30.0)), theta=1.0)
    other = assign(graph(3, [(0, 1), (1, 2)]), one)
    for loading in ("link", "path"):
        with pytest.raises(InputError, match="other pairs"):
            assign_logit(net, one, theta=1.0, loading=loading, base=other)
