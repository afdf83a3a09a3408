"""Stress tests for cities: floods and outages of growing severity against roads, power, people and firms."""

from __future__ import annotations

import importlib
from typing import Any

_PUBLIC = {
    "load_case": "resilience.case.case",
    "find_case": "resilience.case.shipped",
    "Case": "resilience.case.case",
    "City": "resilience.city.city",
    "Inputs": "resilience.city.inputs",
    "Behaviour": "resilience.agents.behaviour",
    "CaseError": "resilience.base.errors",
    "Choice": "resilience.agents.commuters",
    "CommuterAgent": "resilience.agents.commuters",
    "Damage": "resilience.hazards.hazard",
    "Event": "resilience.hazards.hazard",
    "Hazard": "resilience.hazards.hazard",
    "Field": "resilience.city.water:Water",
    "Water": "resilience.city.water",
    "Onset": "resilience.base.clock",
    "FirmAgent": "resilience.agents.firms",
    "FirmOutlook": "resilience.agents.firms",
    "FirmSees": "resilience.agents.firms",
    "InputError": "resilience.base.errors",
    "Load": "resilience.hazards.hazard",
    "Metric": "resilience.metrics.metric",
    "Notice": "resilience.base.errors",
    "Problem": "resilience.base.errors",
    "Sees": "resilience.agents.commuters",
    "default": "resilience.base.defaults",
    "all_along": "resilience.city.water",
    "dry": "resilience.city.water",
    "ratio": "resilience.metrics.metric",
    "select": "resilience.city.selection",
    "share_of": "resilience.metrics.metric",
    "View": "resilience.city.view",
    "Outlook": "resilience.agents.outlook",
    "Streams": "resilience.base.streams",
    "Scenario": "resilience.case.scenario",
    "Option": "resilience.measures.option",
    "Tolerance": "resilience.case.scenario",
    "Record": "resilience.results.record",
    "Network": "resilience.networks.network",
    "assign": "resilience.traffic.equilibrium.equilibrium",
    "run": "resilience.simulation.engine",
    "stress_test": "resilience.stress.stress",
    "grade_run": "resilience.results.grades",
    "compare_run": "resilience.results.compare",
    "open_run": "resilience.results.run",
}
__all__ = [*_PUBLIC]  # noqa: PLE0604 - the names are resolved on first use
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        module, _, attribute = _PUBLIC[name].partition(":")
        return getattr(importlib.import_module(module), attribute or name)
    message = f"module 'resilience' has no attribute '{name}'"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
