"""Frozen descriptions: what is tested (Scenario, Ladder), what is tried (Option) and what is tolerated (Tolerance)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from resilience.base.clock import WEEKDAYS, Onset
from resilience.results.record import NO_HAZARD

if TYPE_CHECKING:
    from resilience.city.inputs import Inputs

KNOWN = ("assumed", "estimated", "observed")


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
class Measure:
    """A measure of a case: what it does (`applies`, from a plugin) and what it costs, in the case's currency."""

    name: str
    kind: str
    applies: Any
    capex: float = 0.0
    opex_per_year: float = 0.0
    life_years: float = 30.0
    lead_time_years: float = 0.0
    failure_probability: float = 0.0

    def cost_per_year(self, rate: float) -> float:
        """Return capex spread over the life as an annuity at the discount rate, plus opex, currency a year."""
        if rate == 0:
            return self.capex / self.life_years + self.opex_per_year
        return self.capex * rate / (1.0 - (1.0 + rate) ** -self.life_years) + self.opex_per_year


@dataclass(frozen=True)
class Option:
    """A named list of measures; do-nothing has none."""

    name: str
    measures: tuple[Measure, ...] = ()

    def apply(self, inputs: Inputs) -> Inputs:
        """Return the inputs with all measures applied in their order."""
        for measure in self.measures:
            inputs = measure.applies.apply(inputs)
        return inputs

    @property
    def capex(self) -> float:
        """First cost of all measures, currency."""
        return sum(m.capex for m in self.measures)


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


@dataclass(frozen=True)
class Scenarios:
    """All that a case asks to be tested."""

    scenarios: dict[str, Scenario] = field(default_factory=dict)
    ladders: tuple[Ladder, ...] = ()
    options: dict[str, Option] = field(default_factory=dict)
    tolerances: tuple[Tolerance, ...] = ()
