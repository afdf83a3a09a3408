"""Benchmark of shortest paths: labels of the contraction hierarchy, our trees and scipy's Dijkstra, in turn.

make bench-labels DATA=<folder of TNTP networks> writes docs/benchmarks_labels.md: least costs between all zones, cold
and warm equilibria with labels and with trees, and how time grows on street grids of up to a million links.
"""

from __future__ import annotations

import argparse
import datetime
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from benchmarks.networks import PORTO_ALEGRE, read_problem
from benchmarks.ours import laid_out
from benchmarks.page import Table, machine
from resilience.traffic.equilibrium import workspace
from resilience.traffic.equilibrium.equilibrium import assign
from resilience.traffic.equilibrium.warm import Change, Warm
from resilience.traffic.hierarchy.hierarchy import build
from resilience.traffic.hierarchy.labels import customize, empty_metric, empty_probe, needed, turns
from resilience.traffic.search import contract
from resilience.traffic.skims import _skim, _skim_by_labels

if TYPE_CHECKING:
    from collections.abc import Callable

    from resilience.traffic.graph import RoadGraph
    from resilience.traffic.search import SearchGraph

NETWORKS = ("SiouxFalls", "Anaheim", "Chicago-Sketch", PORTO_ALEGRE)
SIDES = (30, 100, 224, 500)  # nodes along a grid; the last has 998,000 links
GRID_ORIGINS = 256
CHUNK = 32  # origins that scipy is asked for at once, whose answer has a row of all nodes for each
SEED = 1


def cpu(work: Callable[[], Any]) -> float:
    """Return the CPU seconds of this process that a piece of work takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def in_turn(repeats: int, *ways: Callable[[], Any]) -> list[float]:
    """Return the median CPU seconds of each way, each run once before, then in turn."""
    for way in ways:
        way()
    taken = [[cpu(way) for way in ways] for _ in range(repeats)]
    return [statistics.median(row[i] for row in taken) for i in range(len(ways))]


class Labelled:
    """Least costs of a search graph from some ends to some, found in three ways."""

    def __init__(self, search: SearchGraph, cost: np.ndarray, origins: np.ndarray, destinations: np.ndarray) -> None:
        self.search, self.net, self.cost = search, search.net, cost
        start = time.process_time()
        self.chords = build(self.net)
        self.build_s = time.process_time() - start
        self.metric, self.probe = empty_metric(self.chords), empty_probe(self.net, self.chords)
        self.origins = origins.astype(np.uint32)
        self.destinations = np.tile(destinations, len(origins)).astype(np.uint32)
        self.first = np.arange(0, len(self.destinations) + 1, len(destinations))
        self.need = np.zeros(self.net.through, np.uint8)
        needed(self.net, self.chords, destinations.astype(np.uint32), self.need)
        self.turn = turns(self.net, self.chords, self.origins)
        self.od = np.empty((1, len(self.destinations)))
        tail, head = self.net.tail.astype(np.int64), self.net.head.astype(np.int64)
        order = np.lexsort((cost, head, tail))
        kept = np.r_[True, (np.diff(tail[order]) != 0) | (np.diff(head[order]) != 0)] if len(order) else order
        cheapest = order[kept]
        size = len(self.net.start) - 1
        self.matrix = csr_array((cost[cheapest], (tail[cheapest], head[cheapest])), shape=(size, size))

    def by_labels(self) -> None:
        """Put the costs on the chords and label all pairs."""
        self.by_costs()
        _skim_by_labels(
            self.net, self.chords, self.metric, self.probe, self.cost, np.zeros((0, self.search.arcs)), self.origins,
            np.zeros(len(self.origins), np.uint32), self.first, self.destinations,
            np.ones(len(self.destinations), np.bool_), self.turn, np.ones(len(self.origins), np.uint8), self.need,
            np.empty(len(self.net.start), np.uint32), self.od,
        )  # fmt: skip

    def by_costs(self) -> None:
        """Put the costs on the chords."""
        customize(self.chords, self.metric, self.cost)

    def by_trees(self) -> np.ndarray:
        """Grow a tree from each origin."""
        origin = np.repeat(self.origins, np.diff(self.first))
        none, wanted = np.zeros((0, self.search.arcs)), np.ones(len(origin), np.bool_)
        return np.asarray(_skim(self.net, self.cost, none, origin, self.destinations, wanted))[0]

    def by_scipy(self) -> None:
        """Search from each origin with scipy's Dijkstra; through zones too, which makes it no slower."""
        for begin in range(0, len(self.origins), CHUNK):
            dijkstra(self.matrix, indices=self.origins[begin : begin + CHUNK])


def row_of_labels(name: str, labelled: Labelled, repeats: int) -> dict[str, Any]:
    """Return a row of the table of labels, after a look at whether labels and trees agree."""
    customizing, labels, trees, scipy_s = in_turn(
        repeats, labelled.by_costs, labelled.by_labels, labelled.by_trees, labelled.by_scipy
    )
    found, right = labelled.od[0], labelled.by_trees()
    reached = np.isfinite(right)
    if not (np.isfinite(found) == reached).all() or (abs(found - right)[reached] > 1e-9 * (1 + right[reached])).any():
        raise SystemExit(f"{name}: labels and trees differ")
    many = len(labelled.origins)
    return {
        "network": name, "through nodes": labelled.net.through, "arcs": labelled.search.arcs,
        "chords": len(labelled.chords.head), "origins": many, "order s": labelled.build_s,
        "costs on chords ms": 1e3 * customizing, "labels µs an origin": 1e6 * labels / many,
        "trees µs an origin": 1e6 * trees / many, "scipy µs an origin": 1e6 * scipy_s / many,
        "trees / labels": trees / labels, "scipy / labels": scipy_s / labels,
    }  # fmt: skip


def grid(side: int) -> Labelled:
    """Return a street grid with two-way streets of random length and trips from some of its nodes to all of these."""
    rng = np.random.default_rng(SEED)
    at = np.arange(side * side).reshape(side, side)
    a = np.r_[at[:, :-1].ravel(), at[:-1].ravel()]
    b = np.r_[at[:, 1:].ravel(), at[1:].ravel()]
    tail, head = np.r_[a, b], np.r_[b, a]
    ends = np.sort(rng.choice(side * side, GRID_ORIGINS, replace=False))
    search = contract(tail, head, np.zeros(side * side, np.bool_), ends)
    cost = search.over_arcs(rng.uniform(1.0, 3.0, len(tail)))
    numbers = search.number[ends]
    return Labelled(search, cost, numbers, numbers)


def rows_of_equilibria(name: str, graph: RoadGraph, demand: Any, repeats: int) -> list[dict[str, Any]]:
    """Return rows that compare cold equilibria, and warm ones after closures, with labels and with trees."""
    usual = workspace.LEAST_NODES
    rows = []
    try:

        def with_(least: int, work: Callable[[], Any]) -> Callable[[], Any]:
            def run() -> None:
                workspace.LEAST_NODES = least
                work()

            return run

        for gap in (1e-4, 1e-6):
            cold = lambda gap=gap: assign(graph, demand, gap=gap)  # noqa: E731
            labels, trees = in_turn(repeats, with_(0, cold), with_(10**9, cold))
            rows.append({"network": name, "task": "cold", "gap": gap, "labels s": labels, "trees s": trees,
                         "trees / labels": trees / labels})  # fmt: skip
        base = assign(graph, demand, gap=1e-6)
        busy = np.flatnonzero(base.flow > 0)
        warms = []
        for least in (0, 10**9):
            workspace.LEAST_NODES = least
            warms.append(Warm(base))
        rng = np.random.default_rng(SEED)
        for many in (1, 10, 50):
            if many > len(busy) // 4:
                continue
            shut = np.zeros((3, graph.links), np.bool_)
            for one in shut:
                one[rng.choice(busy, many, replace=False)] = True
            for gap in (1e-4, 1e-6):
                ways = [
                    lambda w=w, gap=gap, shut=shut: [w.totals(Change(closed=c), gap=gap) for c in shut] for w in warms
                ]
                labels, trees = (taken / len(shut) for taken in in_turn(repeats, *ways))
                rows.append({"network": name, "task": f"{many} closed", "gap": gap, "labels s": labels,
                             "trees s": trees, "trees / labels": trees / labels})  # fmt: skip
    finally:
        workspace.LEAST_NODES = usual
    return rows


def main() -> None:
    """Run the benchmark and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    labels = Table("Least costs between all zones", "Costs on the chords included; empty roads.")
    equilibria = Table("Equilibria with labels and with trees", "CPU seconds; closures are drawn among roads in use.")
    for name in NETWORKS:
        problem = read_problem(name, asked.data)
        graph, demand = laid_out(problem)
        search = graph.search(demand.pairs.ends)
        at = [np.unique(search.number[ends]) for ends in (demand.pairs.origin, demand.pairs.destination)]
        cost = search.over_arcs(graph.free_flow_min + graph.fixed_min)
        labels.rows.append(row_of_labels(name, Labelled(search, cost, *at), asked.repeats))
        equilibria.rows += rows_of_equilibria(name, graph, demand, asked.repeats)
    grids = Table("Growth", "")
    for side in SIDES:
        grids.rows.append(row_of_labels(f"grid {side} x {side}", grid(side), 1 if side > 300 else asked.repeats))
    size = np.log([row["arcs"] for row in grids.rows])
    exponents = [
        float(np.polyfit(size, np.log([row[f"{way} µs an origin"] for row in grids.rows]), 1)[0])
        for way in ("labels", "trees", "scipy")
    ]
    grids.text = (
        f"Square street grids with two-way streets of random length, {GRID_ORIGINS} origins. Time an origin grows with "
        "the number of arcs by the power {:.2f} (labels, costs on the chords shared by the origins), {:.2f} (trees) "
        "and {:.2f} (scipy), fitted over these four. A square grid is the hardest of street networks for a hierarchy."
    ).format(*exponents)
    day = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    head = (
        "<!-- written by: make bench-labels DATA=<folder of TNTP networks> -->\n\n# Benchmarks of shortest paths\n\n"
        "Labels of the contraction hierarchy, our own trees, and scipy's Dijkstra, in turn in one process, on "
        f"{machine()}, on {day}. CPU time, one thread, medians; read the ratios, not the seconds. Labels and trees are "
        "held against each other before a row is written.\n"
    )
    asked.out.write_text("\n".join([head, *(t.markdown() for t in (labels, equilibria, grids))]), encoding="utf-8")
    print(asked.out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
