from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from resilience.base.streams import Streams, philox

IDS = [f"power:n{i}" for i in range(2000)]


def words(text: str) -> list[int]:
    return [int(w, 16) for w in text.split()]


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ("0 0 0 0", 0, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff ffffffff ffffffff ffffffff", 0xFFFFFFFFFFFFFFFF, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ("243f6a88 85a308d3 13198a2e 03707344", 0x299F31D0A4093822, "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)
def test_philox_gives_the_known_answers(counter, key, expected):
    assert philox(np.array([words(counter)], np.uint64), key)[0].tolist() == words(expected)


def test_a_draw_depends_on_its_name_and_on_nothing_else():
    s = Streams(1, 0)
    every = dict(zip(IDS, s.uniform("wind", IDS), strict=True))
    assert s.uniform("wind", ["power:n7"])[0] == every["power:n7"]
    assert s.uniform("wind", IDS[::-1]).tolist() == [every[i] for i in IDS[::-1]]
    assert s.uniform("wind", ["new", *IDS])[1:].tolist() == [every[i] for i in IDS]
    s.normal("other", IDS)
    assert Streams(1, 0).uniform("wind", IDS[:3]).tolist() == [every[i] for i in IDS[:3]]


@pytest.mark.parametrize("other", [(Streams(2, 0), "wind", 0), (Streams(1, 1), "wind", 0), (Streams(1, 0), "rain", 0),
                                   (Streams(1, 0), "wind", 1), (Streams(1, 0), "wind", 1 << 32)])  # fmt: skip
def test_seed_replicate_purpose_and_occasion_each_give_other_numbers(other):
    stream, purpose, occasion = other
    mine = Streams(1, 0).uniform("wind", IDS)
    theirs = stream.uniform(purpose, IDS, occasion)
    assert not (mine == theirs).any()
    assert abs(np.corrcoef(mine, theirs)[0, 1]) < 0.1


def test_seed_and_replicate_are_not_run_together():
    assert Streams(1, 12).uniform("x", ["a"]) != Streams(11, 2).uniform("x", ["a"])
    assert Streams(-1, 0).uniform("x", ["a"]) != Streams(1, 0).uniform("x", ["a"])


def test_numbers_are_uniform_and_within_the_open_interval():
    u = np.concatenate([Streams(3, r).uniform("x", IDS) for r in range(10)])
    assert ((u > 0) & (u < 1)).all()
    assert kstest(u, "uniform").pvalue > 1e-3
    assert len(np.unique(u)) == len(u)


def test_normal_and_lognormal_have_their_moments():
    s = Streams(4, 0)
    z = s.normal("x", IDS)
    assert kstest(z, "norm").pvalue > 1e-3
    x = s.lognormal("y", IDS, 72.0, 0.5)
    assert np.median(x) == pytest.approx(72.0, rel=0.05)
    assert np.log(x).std() == pytest.approx(0.5, rel=0.05)
    medians = np.linspace(1, 5, len(IDS))
    np.testing.assert_allclose(s.lognormal("y", IDS, medians, 0.0), medians)


def test_no_ids_no_numbers():
    assert Streams(1, 0).uniform("x", []).shape == (0,)


@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(1, 12), st.integers(1, 12), st.sampled_from([0.5, 3, 8]))
def test_a_field_does_not_depend_on_the_window(col, row, rows, cols, reach):
    s = Streams(1, 3)
    large = s.field("terrain", col - 3, row - 2, (rows + 6, cols + 5), reach)
    small = s.field("terrain", col, row, (rows, cols), reach)
    np.testing.assert_allclose(large[2 : 2 + rows, 3 : 3 + cols], small, atol=1e-12)


def test_a_field_has_variance_one_and_the_correlation_of_its_kernel():
    reach = 8.0
    field = Streams(9, 0).field("terrain", 0, 0, (400, 400), reach)
    assert field.mean() == pytest.approx(0.0, abs=0.1)
    assert field.std() == pytest.approx(1.0, rel=0.05)
    for lag in (2, 4, 8):
        # two Gaussians of width w = range / 2 convolved: exp(-lag^2 / (4 w^2))
        expected = np.exp(-(lag**2) / (4 * (reach / 2) ** 2))
        assert np.mean(field[:, lag:] * field[:, :-lag]) == pytest.approx(expected, abs=0.05)
        assert np.mean(field[lag:] * field[:-lag]) == pytest.approx(expected, abs=0.05)


def test_a_field_without_range_is_white_noise_of_the_asked_shape():
    field = Streams(9, 0).field("terrain", 0, 0, (60, 50), 0.0)
    assert field.shape == (60, 50)
    assert abs(np.corrcoef(field[:, 1:].ravel(), field[:, :-1].ravel())[0, 1]) < 0.1
