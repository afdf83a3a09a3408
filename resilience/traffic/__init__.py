"""Traffic assignment: who drives where, what it costs, and which road matters most."""

from resilience.traffic.cost import OwnCost
from resilience.traffic.demand import Demand, Exponential, GiveUp, Linear, Pairs, VehicleClass
from resilience.traffic.equilibrium.equilibrium import assign
from resilience.traffic.equilibrium.hours import HoursResult, State, assign_hours
from resilience.traffic.equilibrium.memory import memory_needed
from resilience.traffic.equilibrium.solution import Assignment
from resilience.traffic.equilibrium.warm import Change, Warm
from resilience.traffic.graph import RoadGraph
from resilience.traffic.logit.logit import LogitAssignment, assign_logit

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
