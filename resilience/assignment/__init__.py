"""Traffic assignment: who drives where, what it costs, and which road matters most."""

from resilience.assignment.cost import OwnCost
from resilience.assignment.equilibrium import Assignment, assign
from resilience.assignment.graph import Demand, Exponential, GiveUp, Linear, Pairs, RoadGraph, VehicleClass
from resilience.assignment.memory import memory_needed
from resilience.assignment.warm import Change, Warm

__all__ = [
    "Assignment",
    "Change",
    "Demand",
    "Exponential",
    "GiveUp",
    "Linear",
    "OwnCost",
    "Pairs",
    "RoadGraph",
    "VehicleClass",
    "Warm",
    "assign",
    "memory_needed",
]
