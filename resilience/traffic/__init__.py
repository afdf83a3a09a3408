"""Traffic assignment: who drives where, what it costs, and which road matters most."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from resilience.traffic.cost import OwnCost
    from resilience.traffic.demand import Demand, Exponential, GiveUp, Linear, Pairs, VehicleClass
    from resilience.traffic.equilibrium.equilibrium import assign
    from resilience.traffic.equilibrium.hours import HoursResult, State, assign_hours
    from resilience.traffic.equilibrium.memory import memory_needed
    from resilience.traffic.equilibrium.optimum import SystemOptimum, system_optimum
    from resilience.traffic.equilibrium.selected import select_trips
    from resilience.traffic.equilibrium.solution import Assignment
    from resilience.traffic.equilibrium.warm import Change, Warm
    from resilience.traffic.graph import RoadGraph
    from resilience.traffic.logit.logit import LogitAssignment, assign_logit
    from resilience.traffic.turns import Turns, read_turns, with_turns

_HOME = {
    "Assignment": "resilience.traffic.equilibrium.solution",
    "Change": "resilience.traffic.equilibrium.warm",
    "Demand": "resilience.traffic.demand",
    "Exponential": "resilience.traffic.demand",
    "GiveUp": "resilience.traffic.demand",
    "HoursResult": "resilience.traffic.equilibrium.hours",
    "Linear": "resilience.traffic.demand",
    "LogitAssignment": "resilience.traffic.logit.logit",
    "OwnCost": "resilience.traffic.cost",
    "Pairs": "resilience.traffic.demand",
    "RoadGraph": "resilience.traffic.graph",
    "State": "resilience.traffic.equilibrium.hours",
    "SystemOptimum": "resilience.traffic.equilibrium.optimum",
    "Turns": "resilience.traffic.turns",
    "VehicleClass": "resilience.traffic.demand",
    "Warm": "resilience.traffic.equilibrium.warm",
    "assign": "resilience.traffic.equilibrium.equilibrium",
    "assign_hours": "resilience.traffic.equilibrium.hours",
    "assign_logit": "resilience.traffic.logit.logit",
    "memory_needed": "resilience.traffic.equilibrium.memory",
    "read_turns": "resilience.traffic.turns",
    "select_trips": "resilience.traffic.equilibrium.selected",
    "system_optimum": "resilience.traffic.equilibrium.optimum",
    "with_turns": "resilience.traffic.turns",
}
__all__ = [
    "Assignment",
    "Change",
    "Demand",
    "Exponential",
    "GiveUp",
    "HoursResult",
    "Linear",
    "LogitAssignment",
    "OwnCost",
    "Pairs",
    "RoadGraph",
    "State",
    "SystemOptimum",
    "Turns",
    "VehicleClass",
    "Warm",
    "assign",
    "assign_hours",
    "assign_logit",
    "memory_needed",
    "read_turns",
    "select_trips",
    "system_optimum",
    "with_turns",
]


def __getattr__(name: str) -> Any:
    """Import a name on its first use, so that a command loads the parts it needs."""
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
