"""T-30: ten jobs of exponential length, mean one hour, and c crews: the mean time until all are done.

Exponential times have no memory: while all c crews are busy a job ends every 1/c hours in the mean, then the last c end
after 1/c, 1/(c - 1), ..., 1 hours more. So the mean is (n - c)/c + 1 + 1/2 + ... + 1/c, whatever the order of work.
"""

from __future__ import annotations

import mesa
import numpy as np
import pytest
import simpy

from resilience.agents import crews as module
from resilience.agents.crews import ORDERS, Crew, Dispatcher, Job

JOBS, RUNS = 10, 2000


class Here:
    """All sites are dry and next door."""

    def depth_at(self, component):
        return 0.0

    def places(self, components):
        return [(0,) for _ in components]

    def hours_between(self, node, goal):
        return 0.0


def strata(seed: int) -> np.ndarray:
    """Return exponential lengths with mean 1, each job's spread evenly over its distribution, shape (runs, jobs)."""
    rng = np.random.default_rng(seed)
    ranks = np.array([rng.permutation(RUNS) for _ in range(JOBS)]).T
    return -np.log1p(-(ranks + rng.random((RUNS, JOBS))) / RUNS)


def makespan(hours: np.ndarray, crews: int) -> float:
    env, model = simpy.Environment(), mesa.Model(seed=0)
    board = Dispatcher(env, [Crew(model, i, 0) for i in range(crews)], ORDERS[1], Here(), lambda *_: None)
    for number, work in enumerate(hours.tolist()):
        board.add(Job({number: 0.3}, work, 0.0, 0.0))
    board.send()
    while env.peek() < float("inf"):
        env.step()
        board.send()
    assert len(board.finished) == len(hours)
    return float(env.now)


@pytest.mark.parametrize(("crews", "mean"), [(1, 10.0), (2, 5.5), (3, 4.1667), (5, 3.2833), (10, 2.9290)])
def test_mean_time_until_ten_jobs_are_done(monkeypatch, crews, mean):
    monkeypatch.setattr(module, "default", lambda _: 0.0)  # no time to set out
    found = np.mean([makespan(hours, crews) for hours in strata(crews)])
    assert found == pytest.approx(mean, rel=0.01)
