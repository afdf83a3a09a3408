"""What one unit of money a year for so many years is worth now."""

from __future__ import annotations

import math

from resilience.base.errors import InputError
from resilience.base.text import say


def annuity(rate: float, years: float) -> float:
    """Return the present value of 1 a year, paid at the end of each of `years` years, years.

    a = (1 - (1 + r)^-N) / r, and N where the rate is 0: the ordinary annuity of financial mathematics (such as
    Brealey, Myers & Allen, Principles of Corporate Finance, chapter 2). A first cost divided by it is the yearly
    payment that pays it off over its life; a yearly benefit times it is the benefit's present value.

    Parameters
    ----------
    rate : discount rate, 1/a, 0 or more
    years : years of payments, more than 0; inf for ever

    Raises
    ------
    InputError
        The rate is negative, the years are not more than 0, or one of them is no number.

    Examples
    --------
    >>> round(annuity(0.05, 50), 4), annuity(0.0, 30)
    (18.2559, 30)

    """
    if not (math.isfinite(rate) and rate >= 0.0):
        raise InputError(say("error.not_negative", name="rate", found=rate))
    if not years > 0.0:
        raise InputError(say("error.more_than_zero", name="years", found=years))
    return years if rate == 0.0 else -math.expm1(-years * math.log1p(rate)) / rate
