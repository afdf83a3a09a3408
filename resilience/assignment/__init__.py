"""Traffic assignment: who drives where, what it costs, and which road matters most."""

from resilience.assignment.cost import OwnCost
from resilience.assignment.equilibrium import Assignment, assign
from resilience.assignment.graph import Demand, Exponential, GiveUp, Linear, Pairs, RoadGraph, VehicleClass
from resilience.assignment.hours import HoursResult, State, assign_hours
from resilience.assignment.memory import memory_needed
from resilience.assignment.stochastic import LogitAssignment, assign_logit
from resilience.assignment.warm import Change, Warm

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
