"""T-41: the resilience triangle and the exponential recovery in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from resilience.metrics.curve import hours_until, loss_area


def test_triangle():
    # drop to 1 - d at once, back in a line over T: loss area d T / 2; hours as midpoints make the sum exact
    d, hours, horizon = 0.6, 240, 720
    t = np.arange(horizon) + 0.5
    q = np.where(t < hours, 1 - d * (1 - t / hours), 1.0)
    assert loss_area(q) / 24 == pytest.approx(3.0)
    assert 1 - loss_area(q) / horizon == pytest.approx(0.90)


def test_exponential():
    d, tau, horizon = 0.6, 60.0, 2000
    q = 1 - d * np.exp(-(np.arange(horizon) + 0.5) / tau)
    assert loss_area(q) == pytest.approx(d * tau * (1 - np.exp(-horizon / tau)), rel=1e-4)
    assert hours_until(q, 0.9, 24) == pytest.approx(tau * np.log(10 * d), abs=1.0)
