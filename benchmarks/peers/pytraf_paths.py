"""PyTraf's path-based gradient projection (Rust) as a resident process.

It has no cost that is fixed (`Program.without_fixed`).
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
import pytraf

from benchmarks.peers.program import Program
from benchmarks.resident import Answer, serve, timed

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_ITERATIONS = 5000


class PyTraf(Program):
    """Answers requests: load, assign."""

    def load(self, problem: str, cores: int) -> Answer:
        """Read a problem, build the network, and assign once to a coarse gap to warm up."""
        self.read(problem, cores)
        with timed() as found:
            network, demand = self._built(self.shut())
        network.assign(demand, gap=0.5, max_iter=2, threads=cores)
        return found | {name: version(name) for name in ("pytraf", "numpy")}

    def assign(self, gap: float, flow: str, closed: list[int] | None = None) -> Answer:
        """Solve from scratch; only the assignment itself is timed."""
        shut = self.shut(closed)
        network, demand = self._built(shut)
        with timed() as found:
            result = network.assign(demand, gap=gap, max_iter=MOST_ITERATIONS, threads=self.cores)
        values = np.zeros(len(shut))
        values[~shut] = np.asarray(result.links.flow)
        np.save(flow, values)
        return found | {"gap": float(result.relative_gap), "iterations": int(result.iterations)}

    def _built(self, shut: NDArray[np.bool_]) -> tuple[pytraf.Network, pytraf.Demand]:
        least, b, power = (values[~shut] for values in self.without_fixed())
        tail, head = (self.data[name][~shut].astype(np.int64) for name in ("tail", "head"))
        nodes = int(self.data["nodes"])
        network = pytraf.Network(
            nodes, tail, head, least, self.data["capacity_vph"][~shut], b, power,
            is_centroid=self.data["barred"], allow_u_turns=True,
        )  # fmt: skip
        ends = (self.data[name].astype(np.int64) for name in ("origin", "destination"))
        return network, pytraf.Demand(nodes, *ends, self.data["demand"])


if __name__ == "__main__":
    serve(PyTraf())
