"""Peak memory of solutions beside the estimate: python -m benchmarks.memory --data FOLDER [--pairs 100000 ...].

Every solution runs in a process of its own, into which network and trips come ready. Counted is what its peak resident
memory lies above that before the solution began, kernels called once: the estimate leaves out what is loaded already.
"""

from __future__ import annotations

import argparse
import multiprocessing
from pathlib import Path

import numpy as np

from resilience.readers.tntp import read_tntp
from resilience.traffic import Demand, Pairs, RoadGraph, assign, memory_needed

NETWORKS = ("SiouxFalls", "Anaheim", "Chicago-Sketch")
GAPS = (1e-4, 1e-6)


def grid(pairs: int, side: int = 60) -> tuple[RoadGraph, Demand]:
    """Return a square grid of two-way streets and so many pairs between drawn junctions, loaded to capacity."""
    rng = np.random.default_rng(1)
    at = np.arange(side * side).reshape(side, side)
    one, other = np.r_[at[:, :-1].ravel(), at[:-1].ravel()], np.r_[at[:, 1:].ravel(), at[1:].ravel()]
    tail, head = np.r_[one, other], np.r_[other, one]
    many = len(tail)
    zones = np.sort(rng.choice(side * side, int(pairs**0.5) + 1, replace=False))
    origin, destination = np.repeat(zones, len(zones)), np.tile(zones, len(zones))
    apart = np.flatnonzero(origin != destination)[:pairs]
    trips = np.full(len(apart), 1000.0 * many / (len(apart) * side * 0.67))
    graph = RoadGraph(
        side * side, tail, head, rng.uniform(1.0, 2.0, many), np.full(many, 1000.0), np.full(many, 0.15),
        np.full(many, 4.0), np.zeros(many), np.zeros(side * side, np.bool_),
    )  # fmt: skip
    return graph, Demand(Pairs(origin[apart], destination[apart]), trips)


def resident(what: str) -> float:
    """Return memory of this process, bytes: VmRSS, now; VmHWM, at its peak (what ru_maxrss says)."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(float(line.split()[1]) * 1024.0 for line in lines if line.startswith(what))


def measure(graph: RoadGraph, demand: Demand, gap: float) -> tuple[float, float, float]:
    """Return the estimate, the measured peak of one solution, bytes, and its paths a pair."""
    warm = grid(100, 6 if graph.nodes < 3000 else 50)
    memory_needed(*warm)
    assign(*warm, gap=1e-2)
    needed, before = memory_needed(graph, demand), resident("VmRSS")
    found = assign(graph, demand, gap=gap)
    return needed, resident("VmHWM") - before, len(found.stored_paths.flow) / len(demand.pairs)


def read(data: Path, name: str, pairs: int) -> tuple[RoadGraph, Demand]:
    """Return a network in TNTP format, or a grid of so many pairs."""
    if pairs:
        return grid(pairs, max(60, int(pairs**0.5) // 12))
    found = read_tntp(data / name)
    return found.graph, found.demand


def main() -> None:
    """Print a row for each solution."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="holds the networks in TNTP format")
    parser.add_argument("--pairs", type=int, nargs="*", default=[100_000, 300_000, 1_000_000], help="of the grids")
    parser.add_argument("--gaps", type=float, nargs="*", default=GAPS)
    given = parser.parse_args()
    print("| network | pairs | gap | paths a pair | estimate, MB | measured, MB | estimate / measured |")
    print("|---|---|---|---|---|---|---|")
    for name, pairs in [*((n, 0) for n in NETWORKS), *(("grid", many) for many in given.pairs)]:
        graph, demand = read(given.data, name, pairs)
        for gap in given.gaps:
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                needed, used, paths = pool.apply(measure, (graph, demand, gap))
            row = f"{len(demand.pairs):,} | {gap:g} | {paths:.2f} | {needed / 1e6:.1f} | {used / 1e6:.1f}"
            print(f"| {name} | {row} | {needed / max(used, 1.0):.2f} |", flush=True)


if __name__ == "__main__":
    main()
