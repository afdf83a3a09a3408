"""Frozen descriptions: what is tested (Scenario, Ladder) and what is tolerated (Tolerance)."""

from __future__ import annotations

from dataclasses import dataclass

from resilience.base.clock import WEEKDAYS, Onset
from resilience.results.record import NO_HAZARD


@dataclass(frozen=True)
class Scenario:
    """One load on the city.

    Parameters
    ----------
    name : unique in the case; the no-hazard run has no hazards
    severity : severity of each hazard by name, monotone in load
    return_period_years : mean time between such events, None where not stated
    return_period_known : assumed, estimated or observed
    onset : when the hazards begin; hour 0 of the run is midnight before
    warning_hours : time between the warning and the onset; 0 for none
    horizon_days : length of the run

    """

    name: str
    severity: dict[str, float]
    onset: Onset
    horizon_days: int = 14
    warning_hours: float = 0.0
    return_period_years: float | None = None
    return_period_known: str = "assumed"

    @property
    def hours(self) -> int:
        """Length of the run, hours."""
        return 24 * self.horizon_days

    def calendar(self) -> str:
        """Return what the no-hazard run of the scenario depends on: onset and horizon."""
        return f"{WEEKDAYS[self.onset.weekday]}-{self.onset.hour:02d}h-{self.horizon_days}d"

    def without_hazard(self) -> Scenario:
        """Return the no-hazard scenario with the same calendar."""
        name = f"{NO_HAZARD}@{self.calendar()}"
        return Scenario(name, {}, self.onset, self.horizon_days)


@dataclass(frozen=True)
class Ladder:
    """Scenarios of one hazard family in rising severity."""

    name: str
    scenarios: tuple[str, ...]


@dataclass(frozen=True)
class Tolerance:
    """Limits of one metric: T1 is kept, T2 may be passed for `hours`, beyond T3 is intolerable."""

    metric: str
    T1: float
    T2: float
    T3: float
    hours: float = 24.0
    must: bool = True
