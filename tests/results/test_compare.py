from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from resilience.results.compare import compare_run, paired
from resilience.results.grades import wilson


def run(values: dict[str, list[float]], better="higher", metric="travel/completed_trips"):
    """A run folder's face: option -> value of each replicate, in one scenario and its no-hazard run."""
    rows = [
        {"scenario": scenario, "option": option, "replicate": r, "metric": metric, "value": v, "censored": v > 100}
        for scenario in ("lake", "no-hazard@x")
        for option, some in values.items()
        for r, v in enumerate(some)
    ]
    manifest = {
        "metrics": [{"name": metric, "better": better}],
        "options": [{"name": o, "capex": 7.0 * (o != "do-nothing"), "cost_per_year": 0.0} for o in values],
    }
    return SimpleNamespace(scores=pd.DataFrame(rows), manifest=manifest, scenarios=["lake"], options=list(values))


def test_identical_options_differ_by_exactly_nothing():
    base = np.random.default_rng(0).random(9).tolist()
    table = compare_run(run({"do-nothing": base, "same": base}))
    assert table["scenario"].tolist() == ["lake", "no-hazard@x"]
    assert table["same"].all()
    assert (table[["difference", "low", "high", "better_share"]] == 0).all().all()


def test_differences_are_paired_with_a_t_interval():
    base, mine = np.array([0.5, 0.9, 0.7, 0.6]), np.array([0.6, 0.95, 0.72, 0.71])
    row = compare_run(run({"do-nothing": base.tolist(), "dike": mine.tolist()})).iloc[0]
    interval = ttest_rel(mine, base).confidence_interval(0.95)
    assert row["difference"] == pytest.approx((mine - base).mean())
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))
    assert (row["reference"], row["value"], row["capex"]) == pytest.approx((base.mean(), mine.mean(), 7.0))
    assert not row["same"]


@pytest.mark.parametrize(("better", "share"), [("higher", 0.75), ("lower", 0.25)])
def test_better_depends_on_which_way_is_better(better, share):
    row = compare_run(run({"do-nothing": [1.0, 1, 1, 1], "x": [2.0, 2, 2, 0]}, better)).iloc[0]
    assert row["better_share"] == share
    assert (row["better_low"], row["better_high"]) == pytest.approx(wilson(round(4 * share), 4, 0.95))


def test_one_replicate_has_no_interval():
    row = compare_run(run({"do-nothing": [1.0], "x": [3.0]})).iloc[0]
    assert row["difference"] == 2.0
    assert np.isnan(row["low"])
    assert np.isnan(row["high"])


def test_nothing_tried_nothing_compared():
    assert len(compare_run(run({"do-nothing": [1.0, 2.0]}))) == 0


def test_differences_are_taken_only_where_both_sides_are_known_and_the_others_are_counted():
    table = compare_run(run({"do-nothing": [1.0, np.nan, 3.0, 4.0], "x": [2.0, 5.0, np.nan, 6.0]}))
    row = table.iloc[0]
    # pairs (1, 2) and (4, 6): differences 1 and 2; t(0.975, 1) = 12.7062, standard error 0.5
    assert (row["replicates"], row["untold"]) == (2, 2)
    assert (row["reference"], row["value"], row["difference"]) == (2.5, 4.0, 1.5)
    assert (row["low"], row["high"]) == pytest.approx((1.5 - 6.3531, 1.5 + 6.3531), abs=1e-4)
    assert row["better_share"] == 1.0
    # Wilson, 2 of 2: lower bound 2 / (2 + 1.96^2)
    assert (row["better_low"], row["better_high"]) == pytest.approx((0.34238, 1.0), abs=1e-5)


def test_a_difference_that_nobody_can_tell_is_no_zero():
    table = compare_run(run({"do-nothing": [np.nan, 1.0], "x": [2.0, np.nan]}))
    row = table.iloc[0]
    assert (row["replicates"], row["untold"], row["same"]) == (0, 2, False)
    assert np.isnan([row[k] for k in ("reference", "value", "difference", "low", "high", "better_share")]).all()
    assert (row["better_low"], row["better_high"]) == (0.0, 1.0)
    nobody = compare_run(run({"do-nothing": [np.nan] * 3, "x": [np.nan] * 3}))
    assert nobody["untold"].tolist() == [3, 3]


def test_losses_that_were_not_over_are_counted_on_either_side():
    row = compare_run(run({"do-nothing": [200.0, 200.0, 50.0], "x": [200.0, 50.0, 200.0]})).iloc[0]
    assert (row["censored_reference"], row["censored"], row["censored_pairs"]) == (2, 2, 3)


@given(
    st.lists(st.tuples(*[st.floats(-9, 9) | st.just(math.nan)] * 2), min_size=1, max_size=12),
    st.randoms(use_true_random=False),
)
def test_unknown_pairs_and_the_order_of_replicates_change_no_number(pairs, random):
    with_gaps = np.array(pairs)
    known = with_gaps[~np.isnan(with_gaps).any(axis=1)]
    here, there = paired(*with_gaps.T, "lower", 0.95), paired(*known.T, "lower", 0.95)
    assert here["replicates"] + here["untold"] == len(pairs)
    mixed = list(map(tuple, with_gaps))
    random.shuffle(mixed)
    again = paired(*np.array(mixed).T, "lower", 0.95)
    for name in set(here) - {"untold"}:
        assert here[name] == there[name] or np.isnan(here[name])
        assert here[name] == pytest.approx(again[name], nan_ok=True, abs=1e-12)
