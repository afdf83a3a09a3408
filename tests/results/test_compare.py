from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_rel

from resilience.results.compare import compare_run
from resilience.results.grades import wilson


def run(values: dict[str, list[float]], better="higher", metric="travel/completed_trips"):
    """A run folder's face: option -> value of each replicate, in one scenario and its no-hazard run."""
    rows = [
        {"scenario": scenario, "option": option, "replicate": r, "metric": metric, "value": v}
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
