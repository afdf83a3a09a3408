"""The Mesa model: trip makers, firms and crews of one run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mesa

from resilience.agents.behaviour import CheckedBehaviour, Mind, decider
from resilience.agents.commuters import Choice, CommuterAgent
from resilience.agents.crews import Crew
from resilience.agents.firms import FirmAgent, Firms
from resilience.base.plugins import find

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
            found = self._behaviour(wanted.commuters, wanted.form, len(population), code, CommuterAgent)
            self.commuters = CheckedBehaviour(wanted.commuters, found, len(population), len(Choice))
        self.firms = None
        supply = inputs.city.supply
        if supply is not None:
            many = len(inputs.city["firms"])
            found = self._behaviour(wanted.firms, wanted.form, many, code, FirmAgent)
            self.firms = Firms(inputs.city, supply, CheckedBehaviour(wanted.firms, found, many, None))
        self.crews = [Crew(self, number, depots[number % len(depots)]) for number in range(inputs.operations.crews)]

    def _behaviour(self, name: str, form: str, many: int, code: Path | None, agent: type[Mind]) -> Any:
        return decider(name, find("agents", name, code=code), form, self, agent, many)
