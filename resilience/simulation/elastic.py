"""Elastic demand in a run: the minutes at which as many still drive as think the trip worth it.

Of the trips d0 that nothing else keeps at home d0 exp(-theta (u - u0)) are made, u0 being the minutes of the ordinary
day and u those of the equilibrium with the trips that are made: so the ordinary day is reproduced as it is. Who stays
at home follows from bounds of their own: trip makers bear a longest delay that is spread exponentially with the mean
1 / theta, and exp(-theta (u - u0)) of them bear u - u0. What trips lost are charged is that bound, and so lost time and
lost trips together cost, in the mean, what is lost of the consumer surplus, (1 - exp(-theta (u - u0))) / theta a trip.

Where a way has become faster than it ordinarily is (since others stay at home), the search lets more drive than are
planned, while nobody makes a trip that was not planned: their roads are a little emptier than those they decide by.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from resilience.simulation.baseline import FINER
from resilience.traffic.demand import Exponential
from resilience.traffic.equilibrium.equilibrium import assign
from resilience.traffic.equilibrium.warm import Warm

if TYPE_CHECKING:
    from resilience.base.arrays import Floats
    from resilience.simulation.baseline import Baseline, Key
    from resilience.traffic.equilibrium.solution import Assignment
    from resilience.traffic.equilibrium.warm import Change

LEAST_MIN = 1e-6  # minutes of an ordinary trip of next to no length


def longest_delay(draw: Floats, theta: float) -> Floats:
    """Return the longest delay that trip makers bear, minutes, for a number in (0, 1) of their own.

    >>> longest_delay(np.array([0.5]), 0.1).round(2)
    array([6.93])

    """
    return -np.log1p(-draw) / theta


class Elastic:
    """Solves periods in which demand answers to minutes."""

    def __init__(self, ordinary: Baseline, gap: float, theta: float) -> None:
        self.ordinary, self.gap, self.theta = ordinary, gap, theta

    def minutes(self, key: Key, change: Change) -> Floats:
        """Return the minutes of every pair after a change of the ordinary day, inf without a way, shape (pairs,).

        The demand of the change is that at ordinary minutes.
        """
        warm: Warm = self.ordinary.shared(("elastic", key, self.theta, self.gap), lambda: Warm(self._base(key)))
        return warm.assign(change, gap=self.gap).od_minutes

    def _base(self, key: Key) -> Assignment:
        """Return the ordinary day as an equilibrium of elastic demand, which it is."""
        usual = self.ordinary[key]
        u0 = np.where(np.isfinite(usual.od_minutes), np.maximum(usual.od_minutes, LEAST_MIN), LEAST_MIN)
        demand = replace(usual.demand, answer=Exponential(self.theta, u0))
        return assign(usual.network, demand, gap=FINER * self.gap, warm=usual)
