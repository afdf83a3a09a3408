"""T-10: the curve of Pregnolato et al. (2017)."""

from __future__ import annotations

import numpy as np
import pytest

from resilience.networks.road import speed_in_water


@pytest.mark.parametrize(
    ("depth_m", "kmh"), [(0.0, 86.9448), (0.1, 40.655), (0.15, 24.260), (0.2, 12.365), (0.3 - 1e-9, 2.075)]
)
def test_published_points(depth_m, kmh):
    assert speed_in_water(np.array([depth_m]), np.array([86.9448]))[0] == pytest.approx(kmh, abs=1e-3)


@pytest.mark.parametrize("depth_m", [0.3, 0.307, 0.31, 0.6, 5.0])
def test_closed_from_300_mm_on_though_the_parabola_rises_again(depth_m):
    assert speed_in_water(np.array([depth_m]), np.array([50.0]))[0] == 0.0


def test_the_curve_acts_only_where_it_lies_below_the_limit():
    depth = np.array([0.05, 0.07, 0.0757, 0.08])
    speed = speed_in_water(depth, np.full(4, 50.0))
    assert speed[:2].tolist() == [50.0, 50.0]
    assert speed[3] < 50.0
    assert speed_in_water(np.zeros(1), np.array([120.0]))[0] == 120.0
