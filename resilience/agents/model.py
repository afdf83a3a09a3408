"""The Mesa model: trip makers, firms and crews of one run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mesa

from resilience.agents.behaviour import FirmsOneByOne, OneByOne
from resilience.agents.commuters import CommuterAgent
from resilience.agents.crews import Crew
from resilience.agents.firms import FirmAgent, Firms
from resilience.base.errors import InputError
from resilience.base.plugins import find
from resilience.base.text import say

if TYPE_CHECKING:
    from pathlib import Path

    from resilience.agents.population import Population
    from resilience.city.inputs import Inputs


class CityModel(mesa.Model):
    """Holds the agents of one run. Its own random generator is never used: draws are asked for by name."""

    def __init__(self, inputs: Inputs, population: Population | None, depots: list[int], code: Path | None) -> None:
        super().__init__(seed=0)
        wanted = inputs.behaviours
        self.population = population
        self.commuters = None
        if population is not None:
            self.commuters = self._behaviour(
                wanted.commuters, wanted.form, len(population), code, CommuterAgent, OneByOne
            )
        self.firms = None
        supply = inputs.city.supply
        if supply is not None:
            many = len(inputs.city["firms"])
            decide = self._behaviour(wanted.firms, wanted.form, many, code, FirmAgent, FirmsOneByOne)
            self.firms = Firms(inputs.city, supply, decide)
        self.crews = [Crew(self, number, depots[number % len(depots)]) for number in range(inputs.operations.crews)]

    def _behaviour(
        self, name: str, form: str, many: int, code: Path | None, agent: type[mesa.Agent], one_by_one: Any
    ) -> Any:
        """Return the behaviour `name`: a class for everyone at once, or Mesa agents where the form or class asks so."""
        kind = find("agents", name, code=code)
        if isinstance(kind, type) and issubclass(kind, agent):
            return one_by_one(self, kind, many)
        if form == "agent":
            single = getattr(kind, "one_by_one", None)
            if single is None or not issubclass(single, agent):
                raise InputError(say("error.no_single_form", name=name))
            return one_by_one(self, single, many)
        return kind()
