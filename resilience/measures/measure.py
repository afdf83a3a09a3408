"""What a measure of a case is: what it does, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from resilience.base.annuity import annuity


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
        return self.capex / annuity(rate, self.life_years) + self.opex_per_year
