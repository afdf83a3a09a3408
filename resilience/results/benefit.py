"""Damage of single events as a yearly mean, and what a stream of yearly amounts is worth now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from resilience.base.annuity import annuity
from resilience.base.errors import InputError
from resilience.base.text import say

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["TAILS", "annuity", "expected_annual_damage"]

TAILS = ("none", "flat")


def expected_annual_damage(
    return_periods: Sequence[float], damages: Sequence[float], *, tail: Literal["none", "flat"]
) -> float:
    """Return the expected annual damage (EAD), in the unit of the damages a year.

    EAD = sum over i of (p_i - p_i+1) (D_i + D_i+1) / 2, with the annual exceedance probability p = 1 / return period:
    the trapezoid under damage over probability (Ward, de Moel & Aerts 2011, doi:10.5194/nhess-11-3181-2011, who show
    how much hangs on which return periods are taken). Events more frequent than the first return period add nothing,
    so begin with one that does no damage.

    Parameters
    ----------
    return_periods : years, strictly rising, at least 1, shape (events,)
    damages : damage of each event, 0 or more, shape (events,)
    tail : what events rarer than the last one add. none: nothing, a lower bound. flat: p_min D_max, as if all of them
        did the damage of the last one, which is still low where damage goes on rising. There is no default, because
        the answer hangs on it: show both.

    Raises
    ------
    InputError
        The lists differ in length or have fewer than two entries, return periods do not rise or are below 1, a damage
        is negative, or something is no number.

    Examples
    --------
    >>> years, damage = [2, 5, 10, 20, 50, 100, 200], [0, 1, 4, 10, 25, 45, 70]
    >>> round(expected_annual_damage(years, damage, tail="none"), 4)
    1.9125
    >>> round(expected_annual_damage(years, damage, tail="flat"), 4)
    2.2625

    """
    years, damage = np.asarray(return_periods, float), np.asarray(damages, float)
    if years.ndim != 1 or years.shape != damage.shape:
        raise InputError(say("error.unequal_lists", first="return_periods", a=years.size, second="damages",
                             b=damage.size))  # fmt: skip
    if len(years) < 2:
        raise InputError(say("error.two_events", found=len(years)))
    if not np.isfinite(years).all() or years[0] < 1.0 or (np.diff(years) <= 0.0).any():
        raise InputError(say("error.return_periods", found=", ".join(f"{y:g}" for y in years)))
    bad = ~(np.isfinite(damage) & (damage >= 0.0))
    if bad.any():
        raise InputError(say("error.not_negative", name="damages", found=f"{damage[bad][0]:g}"))
    if tail not in TAILS:
        raise InputError(say("error.unknown_tail", found=tail, expected=", ".join(TAILS)))
    p = 1.0 / years
    body = float((-np.diff(p) * (damage[1:] + damage[:-1]) / 2.0).sum())
    return body + (float(p[-1] * damage[-1]) if tail == "flat" else 0.0)
