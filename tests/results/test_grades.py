from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resilience.results.grades import (
    FAIL,
    GRADES,
    NOT_RESOLVED,
    PARTLY,
    PASS,
    grade_all,
    grade_one,
    grade_run,
    longest_run,
    overall,
    wilson,
)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(0, 0, 0.0, 1.0), (0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)],
)
def test_wilson_against_known_numbers(successes, trials, low, high):
    # 81 of 263: Newcombe (1998), Statistics in Medicine 17:857, method 3
    assert wilson(successes, trials, 0.95) == pytest.approx((low, high), abs=1e-4)


@given(st.integers(1, 200), st.data())
def test_wilson_holds_the_share_and_is_symmetric(trials, data):
    successes = data.draw(st.integers(0, trials))
    low, high = wilson(successes, trials, 0.95)
    assert 0 <= low <= successes / trials + 1e-12
    assert successes / trials - 1e-12 <= high <= 1
    mirrored = wilson(trials - successes, trials, 0.95)
    assert (1 - mirrored[1], 1 - mirrored[0]) == pytest.approx((low, high))


LIMITS = {"T1": 10.0, "T2": 20.0, "T3": 30.0, "hours": 3}


@pytest.mark.parametrize(
    ("values", "grade"),
    [
        ([10, 10, 10], PASS), ([0, 10.1, 0], PARTLY), ([20, 20, 20, 20, 20], PARTLY), ([25, 25, 25, 0], PARTLY),
        ([25, 25, 25, 25], FAIL), ([25, 25, 0, 25, 25], PARTLY), ([0, 31, 0], FAIL), ([30, 30, 30], PARTLY),
        ([30.1], FAIL), ([25], FAIL), ([20], PARTLY), ([10], PASS),
    ],
)  # fmt: skip
def test_the_grade_of_one_replicate(values, grade):
    assert grade_one(np.array(values, float), "lower", **LIMITS) == grade
    # the same upside down
    mirrored = {"T1": -10.0, "T2": -20.0, "T3": -30.0, "hours": 3}
    assert grade_one(-np.array(values, float), "higher", **mirrored) == grade


def test_a_service_that_must_stay_high():
    limits = {"T1": 0.95, "T2": 0.85, "T3": 0.7, "hours": 24}
    assert grade_one(np.full(100, 0.95), "higher", **limits) == PASS
    assert grade_one(np.full(24, 0.8), "higher", **limits) == PARTLY
    assert grade_one(np.full(25, 0.8), "higher", **limits) == FAIL
    assert grade_one(np.array([1.0, 0.69, 1.0]), "higher", **limits) == FAIL


@given(st.lists(st.floats(0, 40), min_size=2, max_size=30), st.floats(0, 5))
def test_worse_values_never_give_a_better_grade(values, more):
    rank = {PASS: 0, PARTLY: 1, FAIL: 2}
    v = np.array(values)
    assert rank[grade_one(v + more, "lower", **LIMITS)] >= rank[grade_one(v, "lower", **LIMITS)]


@pytest.mark.parametrize(
    ("grades", "expected"),
    [
        ([PASS] * 35, PASS), ([PASS] * 34, NOT_RESOLVED), ([PASS] * 3, NOT_RESOLVED), ([], NOT_RESOLVED),
        ([FAIL] * 3, FAIL), ([FAIL] * 3 + [PASS] * 40, NOT_RESOLVED), ([FAIL] * 20 + [PASS] * 40, FAIL),
        ([PARTLY] * 35, PARTLY), ([PARTLY] * 34, NOT_RESOLVED), ([PARTLY] * 20 + [PASS] * 20, PARTLY),
        ([PARTLY] + [PASS] * 34, NOT_RESOLVED), ([PASS] * 100 + [PARTLY] * 2, PASS),
        ([FAIL] + [PARTLY] * 60, PARTLY),
    ],
)  # fmt: skip
def test_the_grade_over_replicates(grades, expected):
    assert grade_all(grades) == expected


@given(st.lists(st.sampled_from([PASS, PARTLY, FAIL]), max_size=60), st.randoms(use_true_random=False))
def test_the_order_of_replicates_is_of_no_account(grades, random):
    mixed = grades.copy()
    random.shuffle(mixed)
    assert grade_all(mixed) == grade_all(grades)
    assert grade_all(grades) in GRADES


@pytest.mark.parametrize(
    ("grades", "must", "expected"),
    [
        ([PASS, PASS], [True, True], PASS), ([PASS, FAIL], [True, True], FAIL), ([PASS, FAIL], [True, False], PASS),
        ([PARTLY, NOT_RESOLVED], [True, True], NOT_RESOLVED), ([PARTLY, PASS], [True, True], PARTLY),
        ([FAIL], [False], NOT_RESOLVED), ([NOT_RESOLVED, FAIL], [True, True], FAIL),
    ],
)  # fmt: skip
def test_overall_is_the_worst_of_the_must_haves(grades, must, expected):
    assert overall(pd.DataFrame({"grade": grades, "must": must})) == expected


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    # bounds that can be written down: none of n -> 0 to z2/(n + z2), all of n -> n/(n + z2) to 1, with z2 = 1.959964^2
    [(0, 35, 0.0, 0.09890), (35, 35, 0.90110, 1.0), (34, 34, 0.89849, 1.0), (0, 3, 0.0, 0.56149), (3, 3, 0.43851, 1.0),
     # Newcombe (1998), Statistics in Medicine 17:857, table I, method 3
     (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)  # fmt: skip
def test_wilson_against_bounds_that_are_known(successes, trials, low, high):
    assert wilson(successes, trials, 0.95) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("grades", "expected"),
    [
        ([NOT_RESOLVED], NOT_RESOLVED), ([NOT_RESOLVED] + [PASS] * 99, NOT_RESOLVED),
        ([NOT_RESOLVED] * 2 + [FAIL] * 3, FAIL), ([NOT_RESOLVED] * 40 + [FAIL], NOT_RESOLVED),
    ],
)  # fmt: skip
def test_a_replicate_that_is_not_told_lets_nothing_be_said_but_fail(grades, expected):
    assert grade_all(grades) == expected


def test_the_grade_of_what_is_not_told():
    assert grade_one(np.full(5, np.nan), "lower", **LIMITS) == NOT_RESOLVED
    assert grade_one(np.array([np.nan, 31.0]), "lower", **LIMITS) == FAIL


def test_longest_run():
    assert [longest_run(np.array(x, bool)) for x in ([], [0, 0], [1], [1, 1, 0, 1, 1, 1, 0])] == [0, 0, 1, 3]


def test_grades_of_a_run_count_replicates_that_are_not_told_or_not_over():
    keys = ["scenario", "option", "replicate", "metric", "value", "censored"]
    scores = pd.DataFrame(
        [
            ("lake", "do-nothing", r, "m", v, c)
            for r, (v, c) in enumerate([(5.0, False), (np.nan, False), (25.0, True)])
        ],
        columns=keys,
    )
    curves = pd.DataFrame(columns=["scenario", "option", "replicate", "hour", "value"])
    run = SimpleNamespace(
        scores=scores,
        manifest={"metrics": [{"name": "m", "better": "lower"}], "not_assessed": {},
                  "tolerances": [{"metric": "m", **LIMITS, "must": True}]},
        scenarios=["lake"], options=["do-nothing"], table=lambda *_, **__: curves,
    )  # fmt: skip
    row = grade_run(run).iloc[0]
    assert row[["passed", "partly", "failed", "untold", "censored"]].tolist() == [1, 0, 1, 1, 1]
    assert (row["value"], row["margin"]) == (15.0, 5.0), "medians of the two that are known"
    assert row["grade"] == NOT_RESOLVED
