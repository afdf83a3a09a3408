"""How much longer than usual a trip is borne before it is given up: one rule for agents, scans and metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from resilience.base.defaults import default

if TYPE_CHECKING:
    from numpy.typing import NDArray


def patience(usual_min: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the extra minutes borne by trips that usually take `usual_min`: twice that, within limits."""
    return np.clip(
        (default("commuter.patience_factor") - 1.0) * usual_min,
        default("commuter.patience_least_min"),
        default("commuter.patience_most_min"),
    )
