from __future__ import annotations

import numpy as np

from resilience.agents.patience import patience


def test_patience_is_twice_the_usual_time_within_half_an_hour_and_two_hours():
    np.testing.assert_allclose(patience(np.array([0.0, 10.0, 20.0, 50.0, 90.0])), [30.0, 30.0, 40.0, 100.0, 120.0])
