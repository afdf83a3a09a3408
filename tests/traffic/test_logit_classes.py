"""Stochastic equilibria of several vehicle classes: by hand, in the limit, and cut into classes that are alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import root
from scipy.special import expit

from resilience.traffic import Demand, Pairs, VehicleClass, assign
from resilience.traffic.logit.logit import assign_logit
from tests.tiny import graph, pairs

LOADINGS = ("link", "path")


def town(seed):
    rng = np.random.default_rng(seed)
    nodes = 9
    ends = [(a, int(b)) for a in range(nodes) for b in rng.choice(nodes, 4, replace=False) if a != b]
    net = graph(nodes, ends, minutes=rng.uniform(1, 5, len(ends)), capacity=rng.uniform(30, 120, len(ends)))
    wanted = pairs(*[(a, b) for a in range(3) for b in range(4, 9)])
    return net, wanted, rng.uniform(5, 40, len(wanted)), rng


def cut(wanted, parts):
    """The pairs once for each class."""
    many, vehicle = len(parts), np.repeat(np.arange(len(parts)), len(wanted))
    return Pairs(np.tile(wanted.origin, many), np.tile(wanted.destination, many), vehicle), np.concatenate(parts)


@pytest.mark.parametrize("loading", LOADINGS)
def test_two_roads_and_two_classes_solved_by_hand(loading):
    """Lorries count 2.5 and pay a toll on the first road; both shares are logits of the minutes at all units."""
    minutes, capacity, toll, theta = np.array([8.0, 10.0]), np.array([60.0, 80.0]), 1.5, 0.4
    net = graph(2, [(0, 1), (0, 1)], minutes=minutes, capacity=capacity, b=0.6, power=2.0)
    classes = VehicleClass("car"), VehicleClass("lorry", 2.5, extra_min=np.array([toll, 0.0]))
    demand = Demand(*cut(pairs((0, 1)), [np.array([70.0]), np.array([20.0])]), classes)
    found = assign_logit(net, demand, theta=theta, loading=loading, gap=1e-12)

    def wrong(first):
        units = np.array([first[0] + 2.5 * first[1], 70 - first[0] + 2.5 * (20 - first[1])])
        cost = minutes * (1 + 0.6 * (units / capacity) ** 2)
        return first - np.array([70.0, 20.0]) * expit(theta * (cost[1] - cost[0] - np.array([0.0, toll])))

    first = root(wrong, [35.0, 10.0], tol=1e-13).x
    np.testing.assert_allclose(found.class_flow, [[first[0], 70 - first[0]], [first[1], 20 - first[1]]], rtol=1e-8)
    np.testing.assert_allclose(found.flow, [1.0, 2.5] @ found.class_flow)
    cost = found.minutes + np.array([[0.0, 0.0], [toll, 0.0]])
    assert found.total_travel_time == pytest.approx((found.class_flow * cost).sum())
    np.testing.assert_allclose(found.od_minutes, (found.class_flow * cost).sum(axis=1) / [70, 20], rtol=1e-8)
    np.testing.assert_array_equal(found.link_table()[["flow_car", "flow_lorry"]].T, found.class_flow)
    assert found.pair_table()["vehicle"].tolist() == ["car", "lorry"]


@given(st.sampled_from(LOADINGS), st.integers(0, 10_000), st.floats(0.0, 1.0), st.sampled_from([0.1, 0.5]))
def test_classes_that_are_alike_are_one_class(loading, seed, share, theta):
    net, wanted, vph, _ = town(seed)
    one_class = Demand(wanted, vph, (VehicleClass("car", 1.3),))
    classes = VehicleClass("a", 1.3), VehicleClass("b", 1.3)
    both = Demand(*cut(wanted, [share * vph, (1 - share) * vph]), classes)
    base = assign(net, one_class, gap=1e-6)
    store = base.stored_paths  # which ways there are is part of the model: all begin with those of one equilibrium
    same = replace(base, demand=both, store=store._replace(owner=store.owner + np.int32(len(wanted))))
    one = assign_logit(net, one_class, theta=theta, loading=loading, gap=1e-9, base=base)
    two = assign_logit(net, both, theta=theta, loading=loading, gap=1e-9, base=same)
    assert one.converged
    assert two.converged
    size = one.flow.sum()
    np.testing.assert_allclose(two.flow, one.flow, atol=1e-6 * size)
    np.testing.assert_allclose(two.class_flow[0], share * one.class_flow[0], atol=1e-6 * size)
    assert two.total_travel_time == pytest.approx(one.total_travel_time, rel=1e-6)
    np.testing.assert_allclose(two.satisfaction, np.tile(one.satisfaction, 2), rtol=1e-6)


@pytest.mark.parametrize("loading", LOADINGS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_large_theta_leads_to_the_user_equilibrium_of_the_classes(loading, seed):
    net, wanted, vph, rng = town(seed)
    shut = rng.random(net.links) < 0.15
    classes = (
        VehicleClass("car"),
        VehicleClass("lorry", 2.0, shut, rng.choice([0.0, 1.0], net.links)),
        VehicleClass("nobody"),
    )
    origin = np.concatenate([wanted.origin, wanted.origin[::2]])
    destination = np.concatenate([wanted.destination, wanted.destination[::2]])
    vehicle = np.repeat([0, 1], [len(wanted), len(wanted.origin[::2])])
    demand = Demand(Pairs(origin, destination, vehicle), np.concatenate([vph, vph[::2] / 4]), classes)
    right = assign(net, demand, gap=1e-10)
    far, near = (assign_logit(net, demand, theta=t, loading=loading, gap=1e-6) for t in (1.0, 100.0))
    off = [np.abs(found.flow - right.flow).sum() / right.flow.sum() for found in (far, near)]
    assert near.converged
    assert off[1] < min(0.025, 0.2 * off[0])
    assert not near.class_flow[1][shut].any()
    assert not near.class_flow[2].any()
    np.testing.assert_array_equal(np.isfinite(near.od_minutes), np.isfinite(right.od_minutes))
    np.testing.assert_allclose(near.served, right.served)


@pytest.mark.parametrize("loading", LOADINGS)
def test_the_minutes_are_those_of_the_flows_and_each_class_is_conserved(loading):
    net, wanted, vph, rng = town(7)
    classes = VehicleClass("car"), VehicleClass("lorry", 3.0, rng.random(net.links) < 0.1)
    found = assign_logit(net, Demand(*cut(wanted, [vph, vph / 5]), classes), theta=0.3, loading=loading, gap=1e-8)
    np.testing.assert_allclose(found.minutes, net.minutes(found.flow))
    for number in range(2):
        mine, balance = found.demand.pairs.of_class == number, np.zeros(net.nodes)
        np.add.at(balance, net.tail, found.class_flow[number])
        np.add.at(balance, net.head, -found.class_flow[number])
        np.add.at(balance, found.demand.pairs.origin[mine], -found.served[mine])
        np.add.at(balance, found.demand.pairs.destination[mine], found.served[mine])
        np.testing.assert_allclose(balance, 0.0, atol=1e-9)
    if found.store is not None:
        of_paths = np.bincount(found.store.owner, found.store.flow, len(found.served))
        np.testing.assert_allclose(of_paths, found.served * found.demand.pce)
