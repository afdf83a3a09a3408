"""Counts: fits by hand, and matrices that are found again."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resilience.base.errors import InputError
from resilience.traffic import Demand, GiveUp, assign
from resilience.traffic.counts import Counts, estimate_matrix, fit, fit_table, geh, read_counts, shares
from tests.tiny import graph, pairs
from tests.traffic.test_optimum import grid


@given(st.floats(0, 5000), st.floats(0, 5000))
def test_geh_is_its_formula(flow, count):
    found = geh(np.array([flow]), np.array([count]))[0]
    expected = np.sqrt((flow - count) ** 2 / (0.5 * (flow + count))) if flow + count > 0 else 0.0
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_the_fit_by_hand():
    found = fit(np.array([100.0, 210.0, 0.0, 300.0]), Counts(np.array([0, 1, 3]), np.array([100.0, 200.0, 400.0])))
    assert (found.counts, found.geh_below_5) == (3, pytest.approx(2 / 3))
    assert found.rmse == pytest.approx(np.sqrt((0 + 100 + 10_000) / 3))
    assert found.percent_rmse == pytest.approx(100 * found.rmse / (700 / 3))
    spread = np.var([100, 200, 400]) * 3
    assert found.r2 == pytest.approx(1 - 10_100 / spread)
    assert np.isnan(fit(np.array([5.0]), Counts(np.array([0]), np.array([5.0]))).r2)


def truth(seed=0):
    net, demand = grid(seed)
    rng = np.random.default_rng(seed)
    flow = assign(net, demand, gap=1e-8).flow
    guess = Demand(demand.pairs, demand.vph * rng.uniform(0.5, 1.6, len(demand.vph)))
    return net, demand, guess, Counts(np.arange(net.links), flow)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_counts_of_all_links_bring_the_matrix_back(seed):
    net, right, guess, counts = truth(seed)
    found = estimate_matrix(net, guess, counts, steps=60, hold_out=0.0, gap=1e-8)
    np.testing.assert_allclose(found.demand.vph, right.vph, rtol=0.03)
    assert found.steps["used_geh_below_5"].iloc[-1] == 1.0
    assert np.isnan(found.steps["held_out_r2"]).all()


def test_counts_held_out_take_no_part_and_tell_how_it_goes():
    net, _, guess, counts = truth(4)
    found = estimate_matrix(net, guess, counts, steps=15, hold_out=0.3, seed=7, gap=1e-7)
    assert found.held_out.sum() == round(0.3 * len(counts))
    assert found.steps["held_out_percent_rmse"].iloc[-1] < found.steps["held_out_percent_rmse"].iloc[0]
    wrong = Counts(counts.link, np.where(found.held_out, 1e6, counts.vph))
    again = estimate_matrix(net, guess, wrong, steps=15, hold_out=0.3, seed=7, gap=1e-7)
    np.testing.assert_array_equal(again.demand.vph, found.demand.vph)


def test_a_step_is_spiess_by_hand():
    """One pair on two roads of fixed cost, of which the shorter carries all: d (1 - step g), g = v - c."""
    net = graph(2, [(0, 1), (0, 1)], minutes=[1.0, 2.0], b=0.0)
    demand = Demand(pairs((0, 1)), np.array([100.0]))
    found = estimate_matrix(net, demand, Counts(np.array([0]), np.array([150.0])), steps=1, hold_out=0.0)
    assert found.demand.vph.tolist() == [pytest.approx(150.0)]
    found = estimate_matrix(net, demand, Counts(np.array([0]), np.array([0.0])), steps=1, hold_out=0.0)
    assert found.demand.vph.tolist() == [pytest.approx(10.0)]  # at most nine tenths at once
    found = estimate_matrix(net, demand, Counts(np.array([1]), np.array([50.0])), steps=3, hold_out=0.0)
    assert found.demand.vph.tolist() == [100.0]  # no trips of now are seen there
    assert len(found.steps) == 1


def test_shares_add_up_to_the_flow():
    net, demand = grid(5)
    found = assign(net, demand, gap=1e-8)
    table = shares(found, np.arange(net.links))
    np.testing.assert_allclose(table @ demand.vph, found.flow, rtol=1e-9, atol=1e-9)


def test_the_table_of_a_fit():
    net = graph(3, [(0, 1), (1, 2)])
    counts = read_counts(net, pd.DataFrame({"from_node": [1], "to_node": [2], "count": [90.0]}))
    table = fit_table(net, np.array([0.0, 110.0]), counts)
    assert table.iloc[0].tolist() == [1, 2, 90.0, 110.0, 20.0, 2.0]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ({"link": [0]}, "no column count"),
        ({"from_node": [0], "count": [1]}, "no column to_node"),
        ({"link": [7], "count": [1]}, 'counts, row 2, column link: the network has no "7"; known: 0, 1, 2'),
        ({"from_node": [2], "to_node": [0], "count": [1]}, 'row 2: no link leads from 2 to 0; from 2 they lead to: –'),
        ({"from_node": [0], "to_node": [1], "count": [1]}, "row 2: several links lead along 0 – 1"),
        ({"link": [0, 0], "count": [1, 2]}, "row 3: link 0 has a count already"),
        ({"link": [0], "count": [-1]}, "row 2: found -1.0"),
        ({"link": [], "count": []}, "there are no counts"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_counts_is_told(rows, words):
    net = graph(3, [(0, 1), (0, 1), (1, 2)])
    with pytest.raises(InputError) as caught:
        read_counts(net, pd.DataFrame(rows))
    assert words in str(caught.value)


def test_what_cannot_be_estimated_is_refused():
    net, demand = grid(1)
    counts = Counts(np.array([0]), np.array([1.0]))
    with pytest.raises(InputError, match="steps must be at least 1"):
        estimate_matrix(net, demand, counts, steps=0)
    with pytest.raises(InputError, match=r"found 1\.0"):
        estimate_matrix(net, demand, counts, hold_out=1.0)
    with pytest.raises(InputError, match="there are no counts"):
        estimate_matrix(net, demand, counts, hold_out=0.9)
    with pytest.raises(InputError, match="one vehicle class"):
        estimate_matrix(net, Demand(demand.pairs, demand.vph, answer=GiveUp(30.0)), counts)
