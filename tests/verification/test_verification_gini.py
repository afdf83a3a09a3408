"""T-38: the Gini coefficient over people, against known numbers and its definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resilience.base.errors import InputError
from resilience.results.inequality import gini


@pytest.mark.parametrize(
    ("values", "expected"), [([1, 2, 3, 4], 0.25), ([0, 0, 0, 1], 0.75), (range(1, 101), 0.33), ([7, 7, 7], 0.0)]
)
def test_known_numbers(values, expected):
    assert gini(values) == pytest.approx(expected, abs=1e-12)


def test_a_group_counts_as_its_people():
    assert gini([1, 5], people=[3, 2]) == pytest.approx(gini([1, 1, 1, 5, 5]))
    assert gini([1, 5, 9], people=[3, 2, 0]) == pytest.approx(gini([1, 1, 1, 5, 5]))


groups = st.lists(st.tuples(st.floats(0, 1e4), st.floats(0.01, 1e4)), min_size=1, max_size=12)


@given(groups, st.floats(0.1, 50))
def test_it_is_what_its_definition_says_and_knows_no_unit(both, scale):
    x, w = np.array(both).T
    mean = (w * x).sum() / w.sum()
    if mean < 1e-6:
        return
    apart = np.abs(x[:, None] - x[None, :])
    defined = (w[:, None] * w[None, :] * apart).sum() / (2 * mean * w.sum() ** 2)
    assert gini(x, w) == pytest.approx(defined, abs=1e-9)
    assert gini(x * scale, w * scale) == pytest.approx(gini(x, w), abs=1e-9)
    assert gini(x[::-1], w[::-1]) == pytest.approx(gini(x, w), abs=1e-9)
    assert -1e-9 <= gini(x, w) <= 1


def test_nothing_to_be_spread_is_not_told():
    assert math.isnan(gini([]))
    assert math.isnan(gini([0, 0]))
    assert math.isnan(gini([3, 4], people=[0, 0]))


@pytest.mark.parametrize(
    ("values", "people", "words"),
    [
        ([1, 2], [1], "same length; found 2 and 1"), ([-1, 2], None, "values must be 0 or more"),
        ([math.nan], None, "values"), ([1], [-2], "people must be 0 or more"), ([1], [math.inf], "people"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(values, people, words):
    with pytest.raises(InputError, match=words):
        gini(values, people)
