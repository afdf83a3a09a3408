"""Our solver as a resident process, and the only place that knows its interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.networks import Problem, load_problem
from benchmarks.resident import Answer, serve, timed
from resilience.traffic import Assignment, Change, Demand, Pairs, RoadGraph, Warm, assign

if TYPE_CHECKING:
    from resilience.base.arrays import Bools


BASE_GAP = 1e-6


class Ours:
    """Answers requests: load, assign (cold), prepare, warm, many."""

    def __call__(self, request: Answer) -> Answer:
        """Return the answer to a request `do`, with what the request needs besides."""
        return dict(getattr(self, request.pop("do"))(**request))

    def load(self, problem: str) -> Answer:
        """Read a problem, compile on a tiny one, and lay out the graph for searches; one iteration belongs to that."""
        self.problem = load_problem(problem)
        _solve_tiny()
        with timed() as found:
            self.graph, self.demand = laid_out(self.problem)
            assign(self.graph, self.demand, gap=1.0, iterations=1)
        return found

    def assign(self, gap: float, flow: str, closed: list[int] | None = None) -> Answer:
        """Solve from scratch."""
        mask = None if closed is None else self._mask(closed)
        with timed() as found:
            answer = assign(self.graph, self.demand, gap=gap, closed=mask)
        return found | _told(answer, flow)

    def prepare(self, flow: str) -> Answer:
        """Solve the undamaged network and prepare for warm starts."""
        with timed() as found:
            base = assign(self.graph, self.demand, gap=BASE_GAP)
            self.warmth = Warm(base)
        return found | _told(base, flow)

    def warm(self, gap: float, flow: str, closed: list[int]) -> Answer:
        """Solve with links closed, starting from the undamaged network."""
        mask = self._mask(closed)
        with timed() as found:
            answer = self.warmth.assign(Change(closed=mask), gap=gap)
        return found | _told(answer, flow)

    def many(self, gap: float, closed: list[list[int]], workers: int) -> Answer:
        """Solve many sets of closures in several threads, their preparation included."""
        changes = [Change(closed=self._mask(links)) for links in closed]
        with timed() as found:
            answers = self.warmth.many(changes, gap=gap, workers=workers)
        return found | {
            "worst_gap": max(a.relative_gap for a in answers),
            "unserved": sum(a.unserved > 0 for a in answers),
        }

    def _mask(self, links: list[int]) -> Bools:
        mask = np.zeros(len(self.problem.tail), np.bool_)
        mask[links] = True
        return mask


def laid_out(problem: Problem) -> tuple[RoadGraph, Demand]:
    """Return the network and the demand as our solver takes them."""
    graph = RoadGraph(
        nodes=problem.nodes, tail=problem.tail, head=problem.head, free_flow_min=problem.free_flow_min,
        capacity_vph=problem.capacity_vph, b=problem.b, power=problem.power, fixed_min=problem.fixed_min,
        barred=problem.barred,
    )  # fmt: skip
    return graph, Demand(Pairs(problem.origin, problem.destination), problem.demand)


def _solve_tiny() -> None:
    """Solve two roads there and back, cold and with one of them closed, so that all is compiled."""
    ones, tail = np.ones(4), np.array([0, 0, 1, 1])
    graph, demand = laid_out(
        Problem(
            "tiny", 2, tail, 1 - tail, ones, ones, 0.15 * ones, 4.0 * ones, 0.0 * ones, np.zeros(2, np.bool_),
            np.array([0, 1]), np.array([1, 0]), np.array([2.0, 2.0]), np.empty(0),
        )
    )  # fmt: skip
    base = assign(graph, demand, gap=1e-4)
    warm = Warm(base)
    warm.assign(Change(closed=np.array([True, False, False, False])), gap=1e-4)
    warm.totals(Change(), gap=1e-4)


def _told(answer: Assignment, flow: str) -> Answer:
    np.save(flow, answer.flow)
    return {
        "gap": answer.relative_gap,
        "iterations": answer.iterations,
        "unserved": float(answer.unserved.sum()),
    }


if __name__ == "__main__":
    serve(Ours())
