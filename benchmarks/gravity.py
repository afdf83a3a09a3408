"""A demand that stands in where a network is public and its trips are not: gravity, fitted to the published flows.

What leaves and enters each zone is what the published flows carry over its connectors, and how far people go follows
from them too: the exponential deterrence is such that all trips together, at the published costs, take as long as the
published traffic does (Wilson 1967, doi:10.1016/0041-1647(67)90035-4; balanced after Furness 1965). It has the size and
the spread of the real demand and not its pairs, so that times can be compared on it and flows cannot.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.ours import laid_out
from resilience.traffic.demand import Pairs
from resilience.traffic.skims import skim

if TYPE_CHECKING:
    from benchmarks.networks import Problem
    from resilience.base.arrays import Floats

ROUNDS, STEPS = 30, 25  # of balancing, and of the search for the deterrence
STEEPEST = 2.0  # per minute


def with_gravity(problem: Problem, flow: Floats, most_pairs: int) -> Problem:
    """Return the network with a gravity demand on the pairs that have most trips.

    Parameters
    ----------
    problem : a network whose zones are the barred nodes; its own demand is not looked at
    flow : published flow of each link, shape (links,)
    most_pairs : how many pairs are kept; their trips are raised to the total of all

    """
    zones = np.flatnonzero(problem.barred)
    leave = np.bincount(problem.tail, flow, problem.nodes)[zones]
    arrive = np.bincount(problem.head, flow, problem.nodes)[zones]
    many = len(zones)
    origin, destination = np.repeat(zones, many), np.tile(zones, many)
    graph, _ = laid_out(problem)
    minutes = problem.minutes(flow)
    cost = skim(graph, Pairs(origin, destination), minutes).reshape(many, many)
    np.fill_diagonal(cost, np.inf)
    target = float(flow @ minutes)
    low, high = 0.0, STEEPEST
    for _ in range(STEPS):
        theta = (low + high) / 2.0
        trips = _balanced(np.exp(-theta * cost), leave, arrive)
        low, high = (theta, high) if _minutes(trips, cost) > target else (low, theta)
    flat = trips.ravel()
    kept = np.sort(np.argsort(flat)[::-1][:most_pairs])
    kept = kept[flat[kept] > 0.0]
    demand = flat[kept] * (flat.sum() / flat[kept].sum())
    return replace(problem, origin=origin[kept], destination=destination[kept], demand=demand, published=np.empty(0))


def _balanced(weight: Floats, leave: Floats, arrive: Floats) -> Floats:
    """Return trips in proportion to the weights whose rows and columns add up to what leaves and arrives."""
    column = np.ones(len(arrive))
    arrive = arrive * (leave.sum() / arrive.sum())
    for _ in range(ROUNDS):
        row = np.divide(leave, weight @ column, out=np.zeros(len(leave)), where=leave > 0)
        column = np.divide(arrive, row @ weight, out=np.zeros(len(arrive)), where=arrive > 0)
    return row[:, None] * weight * column


def _minutes(trips: Floats, cost: Floats) -> float:
    return float(np.sum(trips * np.where(trips > 0, cost, 0.0), where=np.isfinite(cost)))
