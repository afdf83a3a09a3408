"""Inputs: all that a measure may change, and nothing that a run produces."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from resilience.base.errors import InputError
from resilience.base.text import say

if TYPE_CHECKING:
    import pandas as pd

    from resilience.city.city import City
    from resilience.city.vehicles import Vehicles


@dataclass(frozen=True)
class Operations:
    """How the city is run: how many crews there are and in which order they repair."""

    crews: int
    repair_order: str = "most-people-first"


@dataclass(frozen=True)
class Behaviours:
    """Names of the classes that decide for commuters and firms, and whether they do so all at once or one by one."""

    commuters: str = "informed-commuter"
    firms: str = "leontief-firm"
    form: str = "population"


@dataclass(frozen=True)
class Rhythm:
    """When trips go out and come back (hours of the day), how exactly traffic is solved, how drivers choose.

    Without a `logit_theta` they choose as in user equilibrium; with one, per minute, by logit among `logit_ways`.
    With an `elastic_theta`, the share of the trips that a minute more takes away, demand answers to minutes.
    With a profile, shares of the trips that add up to 1, a period is solved in slices of so many minutes.
    """

    morning: int = 7
    evening: int = 18
    relative_gap: float = 1e-5
    logit_theta: float | None = None
    logit_ways: str = "link"
    elastic_theta: float | None = None
    out_profile: tuple[float, ...] = ()
    back_profile: tuple[float, ...] = ()
    slice_minutes: float = 60.0

    def profile(self, period: str) -> tuple[float, ...]:
        """Return the profile of the trips "out" or "back", empty where they make one peak hour."""
        return self.out_profile if period == "out" else self.back_profile

    def busiest(self, period: str) -> float:
        """Return how much of the trips of a period sets out in an hour of its busiest slice, 1 without a profile."""
        return max(self.profile(period), default=1.0) * (60.0 / self.slice_minutes if self.profile(period) else 1.0)


@dataclass(frozen=True)
class Inputs:
    """City, hazards by name, operations, behaviours, and vehicles beside cars."""

    city: City
    hazards: dict[str, Any]
    operations: Operations
    behaviours: Behaviours
    rhythm: Rhythm
    vehicles: Vehicles = ()

    def with_table(self, name: str, table: pd.DataFrame) -> Inputs:
        """Return inputs whose city has `table` in place of the old one; ids and their order must be the same."""
        old = self.city.tables[name]
        if not old.index.equals(table.index):
            raise InputError(say("error.renumbered", table=name))
        return replace(self, city=replace(self.city, tables={**self.city.tables, name: table}))
