"""Traffic assignment: who drives where, what it costs, and which road matters most."""

from resilience.traffic.cost import OwnCost
from resilience.traffic.demand import Demand, Exponential, GiveUp, Linear, Pairs, VehicleClass
from resilience.traffic.equilibrium import Assignment, assign
from resilience.traffic.graph import RoadGraph
from resilience.traffic.hours import HoursResult, State, assign_hours
from resilience.traffic.memory import memory_needed
from resilience.traffic.stochastic import LogitAssignment, assign_logit
from resilience.traffic.warm import Change, Warm

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
    "VehicleClass",
    "Warm",
    "assign",
    "assign_hours",
    "assign_logit",
    "memory_needed",
]
