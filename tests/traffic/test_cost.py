from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq

from resilience.base.errors import InputError
from resilience.traffic import Demand, OwnCost, RoadGraph, assign
from resilience.traffic.cost import CONICAL, OWN, POWER, minutes_at, slope_at
from tests.tiny import pairs

EMPTY = np.zeros(2, bool)


def two_roads(kinds, power, own=None):
    ones = np.ones(2)
    return RoadGraph(
        2, np.array([0, 0]), np.array([1, 1]), 10.0 * ones, 50.0 * ones, 0.15 * ones, np.array(power, float),
        0.5 * ones, EMPTY, function=np.array(kinds, np.uint8), own=own,
    )  # fmt: skip


def davidson():
    return OwnCost(lambda v, t0, c, b, p: t0 * (1 + b * v / c), lambda v, t0, c, b, p: t0 * b / c)


@given(st.floats(0.0, 300.0), st.sampled_from([(POWER, 4.0), (POWER, 2.5), (POWER, 0.0), (CONICAL, 6.0), (OWN, 1.0)]))
def test_slopes_and_integrals_are_those_of_the_minutes(v, law):
    kind, power = law
    net = two_roads([kind, kind], [power, power], davidson() if kind == OWN else None)
    prepared = net.search(np.array([0, 1]))
    arc = net.arc_matrix(prepared)
    own = np.zeros(2, np.int64) if net.own is None else net.own.address
    here = float(minutes_at(arc, own, 0, v))
    assert here == pytest.approx(net.minutes(np.array([v, v]))[0], rel=1e-12)
    step = 1e-4
    rise = (float(minutes_at(arc, own, 0, v + step)) - here) / step
    assert float(slope_at(arc, own, 0, v)) == pytest.approx(rise, abs=1e-4)
    area = quad(lambda x: float(minutes_at(arc, own, 0, x)), 0, v)[0]
    assert net.objective(np.array([v, 0.0])) == pytest.approx(area, rel=1e-6, abs=1e-9)


def test_the_conical_function_of_spiess():
    # free-flow time at no flow, twice that at capacity, whatever the steepness
    net = two_roads([CONICAL, CONICAL], [4.0, 9.0])
    np.testing.assert_allclose(net.minutes(np.zeros(2)), 10.5)
    np.testing.assert_allclose(net.minutes(np.full(2, 50.0)), 20.5)


def test_three_kinds_of_road_share_traffic_so_that_times_are_equal():
    net = two_roads([POWER, CONICAL], [4.0, 4.0])
    found = assign(net, Demand(pairs((0, 1)), np.array([120.0])), gap=1e-12)

    def difference(v):
        return float(np.diff(net.minutes(np.array([v, 120.0 - v])))[0])

    v = brentq(difference, 0, 120)
    np.testing.assert_allclose(found.flow, [v, 120 - v], rtol=1e-5)
    mixed = two_roads([OWN, CONICAL], [4.0, 4.0], davidson())
    found = assign(mixed, Demand(pairs((0, 1)), np.array([120.0])), gap=1e-12)
    minutes = mixed.minutes(found.flow)
    assert minutes[0] == pytest.approx(minutes[1], rel=1e-6)


def test_a_function_that_cannot_be_compiled_or_falls_is_refused():
    with pytest.raises(InputError, match="cannot be compiled"):
        OwnCost(lambda v, t0, c, b, p: "slow", lambda v, t0, c, b, p: 0.0)
    falling = OwnCost(lambda v, t0, c, b, p: t0 - v, lambda v, t0, c, b, p: -1.0)
    net = two_roads([OWN, OWN], [1.0, 1.0], falling)
    with pytest.raises(InputError, match="must not fall"):
        assign(net, Demand(pairs((0, 1)), np.array([10.0])))


def test_a_capacity_of_one_with_a_tiny_b_is_no_trouble():
    # Winnipeg and Barcelona are written that way: t = t0 (1 + B v^p)
    ones = np.ones(2)
    net = RoadGraph(
        2, np.array([0, 0]), np.array([1, 1]), 10.0 * ones, ones, np.array([0.15 / 50**4, 0.2 / 60**4]),
        4.0 * ones, 0.0 * ones, EMPTY,
    )  # fmt: skip
    usual = RoadGraph(
        2, np.array([0, 0]), np.array([1, 1]), 10.0 * ones, np.array([50.0, 60.0]), np.array([0.15, 0.2]),
        4.0 * ones, 0.0 * ones, EMPTY,
    )  # fmt: skip
    demand = Demand(pairs((0, 1)), np.array([100.0]))
    np.testing.assert_allclose(assign(net, demand, gap=1e-10).flow, assign(usual, demand, gap=1e-10).flow, rtol=1e-6)


def test_a_slope_that_is_not_the_derivative_is_refused():
    for slope in (lambda v, t0, c, b, p: 0.0, lambda v, t0, c, b, p: t0 * b / c / 100.0):
        own = OwnCost(lambda v, t0, c, b, p: t0 * (1 + b * v / c), slope)
        with pytest.raises(InputError, match="give the derivative"):
            assign(two_roads([OWN, OWN], [1.0, 1.0], own), Demand(pairs((0, 1)), np.array([10.0])))


def test_a_cost_function_that_breaks_down_at_a_high_flow_is_told_and_not_believed():
    own = OwnCost(
        lambda v, t0, c, b, p: t0 * (1 + v / c) if v < 5 * c else np.nan,
        lambda v, t0, c, b, p: t0 / c if v < 5 * c else np.nan,
    )
    net = two_roads([OWN, OWN], [1.0, 1.0], own)
    with pytest.raises(InputError, match="minutes must be finite and not negative at any flow"):
        assign(net, Demand(pairs((0, 1)), 100.0 * net.capacity_vph[:1]), iterations=50)
