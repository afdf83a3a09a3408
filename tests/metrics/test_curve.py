from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resilience.metrics.curve import (
    gain_area,
    hours_until,
    loss_area,
    rapidity,
    robustness,
)
from resilience.results.grades import longest_run


def test_gains_do_not_make_up_for_losses():
    q = np.array([1.0, 0.5, 1.5, 1.0])
    assert loss_area(q) == pytest.approx(0.5)
    assert gain_area(q) == pytest.approx(0.5)
    assert robustness(q) == 0.5


def test_a_curve_without_loss():
    q = np.ones(48)
    assert (loss_area(q), gain_area(q), hours_until(q, 0.98, 24)) == (0, 0, 0.0)
    assert math.isnan(rapidity(q, 0.98, 24))


def test_recovery_counts_when_it_holds():
    q = np.array([1, 0.5, 0.5, 0.95, 0.5, 0.95, 0.95, 0.95, 1.0])
    assert hours_until(q, 0.9, 1) == 5.0, "a relapse undoes the earlier recovery"
    assert hours_until(q, 0.9, 2) == 5.0
    assert hours_until(q, 0.9, 4) == 5.0
    assert hours_until(q, 0.9, 5) == float("inf")


def test_a_curve_that_is_not_back_is_censored():
    assert hours_until(np.array([1, 0.5, 0.5]), 0.9, 1) == float("inf")
    assert hours_until(np.array([1, 0.5, 1.0]), 0.9, 2) == float("inf")
    assert math.isnan(rapidity(np.array([1, 0.5, 0.5]), 0.9, 1))


def test_a_dip_of_one_hour_counts():
    q = np.ones(50)
    q[7] = 0.2
    assert loss_area(q) == pytest.approx(0.8)
    assert hours_until(q, 0.98, 24) == 8.0


def test_rapidity_is_the_mean_rate_of_return():
    q = np.array([1.0, 0.4, 0.6, 0.8, 1.0, 1.0])
    assert rapidity(q, 1.0, 2) == pytest.approx((1.0 - 0.4) / 3)


@pytest.mark.parametrize(
    ("flags", "longest"), [([], 0), ([0, 0], 0), ([1], 1), ([1, 1, 0, 1], 2), ([0, 1, 1, 1], 3), ([1, 0, 1, 1, 0], 2)]
)
def test_longest_run(flags, longest):
    assert longest_run(np.array(flags, bool)) == longest


CURVES = st.lists(st.floats(0, 2), min_size=1, max_size=80).map(np.array)


@given(CURVES)
def test_areas_are_the_integral_apart(q):
    assert gain_area(q) - loss_area(q) == pytest.approx((q - 1).sum(), abs=1e-9)
    assert loss_area(q) >= 0
    assert loss_area(q) >= 1 - robustness(q) - 1e-12


@given(CURVES, st.floats(0.1, 1.0), st.integers(1, 30))
def test_the_hour_of_recovery_is_one_that_holds_and_the_first(q, level, hold):
    hour = hours_until(q, level, hold)
    if hour == 0.0:
        assert (q >= level).all()
    elif np.isfinite(hour):
        at = int(hour)
        assert (q[at : at + hold] >= level).all()
        assert at + hold <= len(q)
        first = int(np.flatnonzero(q < level)[0])
        assert not any((q[h : h + hold] >= level).all() for h in range(first, at))
    else:
        assert (q < level).any()


@given(CURVES, st.integers(1, 30))
def test_a_curve_that_only_rises_reaches_a_lower_level_no_later(q, hold):
    q = np.sort(q)
    assert hours_until(q, 0.5, hold) <= hours_until(q, 0.9, hold)


def test_a_curve_that_ends_low_is_not_back_for_good():
    q = np.concatenate([np.full(10, 0.5), np.ones(24), np.full(100, 0.4)])
    assert hours_until(q, 0.98, 24) == float("inf")
