"""Summaries of a resilience curve Q(t) = served / target, one value an hour.

Families: magnitude (depth of loss), duration (time to X %), integral (loss area), rate (rapidity); Poulin & Kane
(2021), doi:10.1016/j.ress.2021.107926; the triangle of Bruneau et al. (2003), doi:10.1193/1.1623497. Metrics are taken
run by run and then summarised; the metrics of an averaged curve would mislead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from resilience.base.arrays import Floats


def loss_area(q: Floats) -> float:
    """Return the integral of max(0, 1 - Q), unit-hours; gains above 1 do not make up for losses.

    >>> loss_area(np.array([1.0, 0.5, 0.75, 1.25]))
    0.75

    """
    return float(np.maximum(0.0, 1.0 - q).sum())


def gain_area(q: Floats) -> float:
    """Return the integral of max(0, Q - 1), unit-hours, reported apart from the loss."""
    return float(np.maximum(0.0, q - 1.0).sum())


def robustness(q: Floats) -> float:
    """Return the lowest Q."""
    return float(q.min())


def hours_until(q: Floats, level: float, hold: int) -> float:
    """Return the hours from the first value until Q is at `level` or above for good.

    Returns
    -------
    0 where Q never falls below the level; inf where it is not back by the end, or back for less than `hold` hours
    (censored: the horizon was too short to tell). A relapse undoes an earlier recovery.

    >>> hours_until(np.array([1.0, 0.5, 0.9, 1.0, 1.0]), level=0.95, hold=2)
    3.0
    >>> hours_until(np.array([1.0, 0.5, 0.9, 1.0, 0.8]), level=0.95, hold=2)
    inf

    """
    below = np.flatnonzero(q < level)
    if len(below) == 0:
        return 0.0
    back = int(below[-1]) + 1
    return float(back) if len(q) - back >= max(hold, 1) else float("inf")


def rapidity(q: Floats, level: float, hold: int) -> float:
    """Return the mean rate of recovery from the lowest Q to `level`, per hour; nan where it does not recover.

    >>> rapidity(np.array([1.0, 0.5, 0.75, 1.0, 1.0]), level=1.0, hold=2)
    0.25

    """
    end = hours_until(q, level, hold)
    low = int(q.argmin())
    if not np.isfinite(end) or end <= low:
        return float("nan")
    return float((q[int(end)] - q[low]) / (end - low))
