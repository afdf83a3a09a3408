"""How unevenly something is spread over people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from resilience.base.errors import InputError
from resilience.base.text import say

if TYPE_CHECKING:
    from collections.abc import Sequence


def gini(values: Sequence[float], people: Sequence[float] | None = None) -> float:
    """Return the Gini coefficient over people: 0 where all have the same, towards 1 where one has everything.

    G = sum over i, j of w_i w_j |x_i - x_j| / (2 mean W^2), with W people in all, taken from the Lorenz curve (Gini
    1912; in this form Sen 1973, On Economic Inequality). A group of n people counts as n who each have its value.

    A Gini of losses and one of what is left are different numbers: say which. Both can fall when everybody loses, so
    show the level beside it.

    Parameters
    ----------
    values : what each group has per head, 0 or more, shape (groups,)
    people : people in each group, 0 or more; one each where not given, shape (groups,)

    Returns
    -------
    nan where there is nobody, or nobody has anything: there is nothing to be spread.

    Raises
    ------
    InputError
        The lists differ in length, or something is negative or no number.

    Examples
    --------
    >>> gini([1, 2, 3, 4]), gini([0, 0, 0, 1]), round(gini(range(1, 101)), 12)
    (0.25, 0.75, 0.33)
    >>> gini([0, 1], people=[3, 1])
    0.75

    """
    x = np.asarray(list(values), float)
    w = np.ones_like(x) if people is None else np.asarray(list(people), float)
    if x.ndim != 1 or x.shape != w.shape:
        raise InputError(say("error.unequal_lists", first="values", a=x.size, second="people", b=w.size))
    for name, numbers in (("values", x), ("people", w)):
        bad = ~(np.isfinite(numbers) & (numbers >= 0.0))
        if bad.any():
            raise InputError(say("error.not_negative", name=name, found=f"{numbers[bad][0]:g}"))
    order = np.argsort(x, kind="stable")
    x, w = x[order], w[order]
    held = np.cumsum(w * x)
    if len(x) == 0 or not held[-1] > 0.0:
        return float("nan")
    below = np.concatenate([[0.0], held[:-1]])
    return float(1.0 - (w * (below + held)).sum() / (w.sum() * held[-1]))
