"""The system optimum against theory, published totals and the user equilibrium under its own tolls."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, minimize

from resilience.base.errors import InputError
from resilience.traffic import Demand, GiveUp, OwnCost, VehicleClass, assign, system_optimum
from tests.tiny import graph, pairs


def grid(seed, side=4):
    """A square of streets both ways with random costs, and trips between its corners and others."""
    rng = np.random.default_rng(seed)
    ends = [(i * side + j, i * side + j + 1) for i in range(side) for j in range(side - 1)]
    ends += [(i * side + j, (i + 1) * side + j) for i in range(side - 1) for j in range(side)]
    ends += [(b, a) for a, b in ends]
    net = graph(
        side * side, ends, minutes=rng.uniform(1, 5, len(ends)), capacity=rng.uniform(50, 200, len(ends)),
        b=rng.uniform(0.1, 1, len(ends)), power=rng.choice([1.0, 2.0, 4.0], len(ends)),
        fixed=rng.choice([0.0, 1.0], len(ends)),
    )  # fmt: skip
    trips = pairs((0, 15), (3, 12), (12, 3), (15, 0), (5, 10))
    return net, Demand(trips, rng.uniform(50, 200, 5))


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000))
def test_its_tolls_bring_it_about(seed):
    net, demand = grid(seed)
    best = system_optimum(net, demand, gap=1e-9)
    tolled = assign(replace(net, fixed_min=net.fixed_min + best.toll_min), demand, gap=1e-9)
    assert np.abs(tolled.flow - best.flow).sum() <= 1e-3 * best.flow.sum()
    user = assign(net, demand, gap=1e-9)
    assert best.total_travel_time <= user.total_travel_time * (1 + 1e-9)
    assert best.total_travel_time == pytest.approx(float(best.flow @ net.minutes(best.flow)))


def test_it_is_the_least_that_a_general_solver_finds():
    """Two pairs on five links, their three path flows free, by scipy's trust-region method."""
    net = graph(4, [(0, 1), (0, 2), (1, 3), (2, 3), (1, 2)], minutes=[10, 50, 50, 10, 10], capacity=[5, 9, 9, 5, 9],
                b=[1.0, 0.2, 0.2, 1.0, 0.3], power=[1, 2, 2, 1, 4])  # fmt: skip
    demand = Demand(pairs((0, 3)), np.array([6.0]))
    on = np.array([[1, 0, 1, 0, 0], [0, 1, 0, 1, 0], [1, 0, 0, 1, 1]], float)

    def total(paths):
        flow = paths @ on
        return float(flow @ net.minutes(flow))

    found = minimize(total, [2.0, 2.0, 2.0], method="trust-constr", bounds=[(0, 6)] * 3, tol=1e-12,
                     constraints=LinearConstraint(np.ones((1, 3)), 6.0, 6.0))  # fmt: skip
    assert system_optimum(net, demand, gap=1e-10).total_travel_time == pytest.approx(found.fun, rel=1e-6)


def test_a_closed_road_takes_part_in_neither():
    net, demand = grid(3)
    shut = np.zeros(net.links, np.bool_)
    shut[5] = True
    best = system_optimum(net, demand, closed=shut)
    assert best.flow[5] == 0.0
    row = best.link_table().iloc[5]
    assert (row["minutes"], row["toll_min"], row["closed"]) == (np.inf, 0.0, True)


def test_what_it_cannot_do_is_refused():
    net, demand = grid(1)
    with pytest.raises(InputError, match="answer GiveUp"):
        system_optimum(net, Demand(demand.pairs, demand.vph, answer=GiveUp(30.0)))
    with pytest.raises(InputError, match="count as one car"):
        system_optimum(net, Demand(demand.pairs, demand.vph, (VehicleClass("lorry", pce=2.0),)))
    own = OwnCost(lambda v, t0, c, b, p: t0 * (1 + b * v / c), lambda v, t0, c, b, p: t0 * b / c)
    odd = replace(net, own=own, function=np.where(np.arange(net.links) == 2, 3, 1).astype(np.uint8))
    with pytest.raises(InputError, match="link 2 has another cost function"):
        system_optimum(odd, demand)


@pytest.mark.skipif("TNTP_DATA" not in os.environ, reason="the research networks are not at hand")
def test_the_published_total_of_sioux_falls():
    """7,194,256 vehicle-minutes (0.1 h units times 100 in the literature): the price of anarchy is 1.0397."""
    from resilience.readers.tntp import read_tntp

    data = read_tntp(Path(os.environ["TNTP_DATA"]) / "SiouxFalls")
    best = system_optimum(data.graph, data.demand, gap=1e-8)
    assert best.total_travel_time == pytest.approx(7_194_256.05, rel=1e-6)
