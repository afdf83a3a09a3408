"""T-14 and T-15: expected annual damage and annuity factors; closed forms and refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resilience.base.annuity import annuity
from resilience.base.errors import InputError
from resilience.measures.measure import Measure
from resilience.results.benefit import expected_annual_damage

YEARS, DAMAGE = [2, 5, 10, 20, 50, 100, 200], [0, 1, 4, 10, 25, 45, 70]


def test_expected_annual_damage_with_and_without_the_tail():
    # 0.3 x 0.5 + 0.1 x 2.5 + 0.05 x 7 + 0.03 x 17.5 + 0.01 x 35 + 0.005 x 57.5 = 1.9125; tail 0.005 x 70 = 0.35
    assert expected_annual_damage(YEARS, DAMAGE, tail="none") == pytest.approx(1.9125, rel=1e-12)
    assert expected_annual_damage(YEARS, DAMAGE, tail="flat") == pytest.approx(2.2625, rel=1e-12)


def test_damage_in_a_straight_line_over_probability_is_exact():
    # D = 100 (0.5 - p) for p <= 0.5: the area below it from 0 to 0.5 is 12.5, whatever the return periods
    for years in ([2, 1000], [2, 3, 7, 1000], [2, 5, 10, 20, 50, 100, 200, 500, 1000]):
        damage = [100 * (0.5 - 1 / y) for y in years]
        rest = 100 * (0.5 * 0.001 - 0.001**2 / 2)
        assert expected_annual_damage(years, damage, tail="none") == pytest.approx(12.5 - rest)


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=9), st.floats(0, 10))
def test_more_damage_is_never_less_a_year_and_the_tail_never_takes_away(damages, more):
    years = np.cumsum(np.arange(1, len(damages) + 1)).tolist()
    none, flat = (expected_annual_damage(years, damages, tail=t) for t in ("none", "flat"))
    assert 0 <= none <= flat <= max(damages) * (1 + 1e-9)
    worse = [d + more for d in damages]
    assert expected_annual_damage(years, worse, tail="flat") >= flat - 1e-9


@pytest.mark.parametrize(
    ("years", "damages", "tail", "words"),
    [
        ([2, 5], [0, 1, 2], "none", "same length; found 2 and 3"), ([5, 2], [0, 1], "none", "must rise"),
        ([2, 2], [0, 1], "none", "must rise"), ([0.5, 2], [0, 1], "none", "1 year or more"),
        ([-5, 2], [0, 1], "none", "1 year or more"), ([2, math.inf], [0, 1], "none", "must rise"),
        ([2, math.nan], [0, 1], "none", "must rise"), ([2, 5], [0, -1], "none", "must be 0 or more; found -1"),
        ([2, 5], [0, math.nan], "none", "found nan"), ([2], [0], "none", "at least two"),
        ([], [], "none", "at least two"), ([[2, 5]], [[0, 1]], "none", "same length"),
        ([2, 5], [0, 1], "long", 'no tail "long"; known: none, flat'),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(years, damages, tail, words):
    with pytest.raises(InputError, match=words):
        expected_annual_damage(years, damages, tail=tail)


@pytest.mark.parametrize(
    ("rate", "years", "factor"), [(0.05, 50, 18.2559), (0.05, 30, 15.3725), (0.03, 50, 25.7298), (0.08, 30, 11.2578)]
)
def test_annuity_factors(rate, years, factor):
    assert annuity(rate, years) == pytest.approx(factor, abs=1e-4)
    assert annuity(rate, years) == pytest.approx(sum((1 + rate) ** -t for t in range(1, years + 1)), rel=1e-12)


def test_annuity_at_no_rate_and_close_to_it():
    assert annuity(0.0, 30) == 30
    assert annuity(1e-12, 30) == pytest.approx(30, rel=1e-9)
    assert annuity(0.05, math.inf) == pytest.approx(20.0)


@pytest.mark.parametrize(("rate", "years"), [(-0.01, 30), (math.nan, 30), (0.05, 0), (0.05, -1), (0.05, math.nan)])
def test_annuities_that_cannot_be_are_refused(rate, years):
    with pytest.raises(InputError):
        annuity(rate, years)


def test_the_yearly_cost_of_a_measure_pays_off_its_first_cost():
    dike = Measure("dike", "raise-road", None, capex=182_559.0, opex_per_year=500.0, life_years=50.0)
    assert dike.cost_per_year(0.05) == pytest.approx(10_500.0, abs=0.1)
    assert dike.cost_per_year(0.0) == pytest.approx(182_559.0 / 50 + 500)
