"""PyTraf's path-based gradient projection (Rust) as a resident process.

It has no cost that is fixed: what is fixed joins the free-flow time, and the BPR coefficient shrinks by as much, so
that the cost of every flow is the same.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
import pytraf

from benchmarks.resident import Answer, serve, timed

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_ITERATIONS = 5000


class PyTraf:
    """Answers requests: load, assign."""

    def __call__(self, request: Answer) -> Answer:
        """Return the answer to a request `do`, with what the request needs besides."""
        return dict(getattr(self, request.pop("do"))(**request))

    def load(self, problem: str, cores: int) -> Answer:
        """Read a problem, build the network, and assign once to a coarse gap to warm up."""
        with np.load(problem, allow_pickle=False) as data:
            self.data = {name: data[name] for name in data.files}
        self.cores = cores
        with timed() as found:
            network, demand = self._built(np.zeros(len(self.data["tail"]), np.bool_))
        network.assign(demand, gap=0.5, max_iter=2, threads=cores)
        return found | {name: version(name) for name in ("pytraf", "numpy")}

    def assign(self, gap: float, flow: str, closed: list[int] | None = None) -> Answer:
        """Solve from scratch; only the assignment itself is timed."""
        shut = np.zeros(len(self.data["tail"]), np.bool_)
        shut[closed or []] = True
        network, demand = self._built(shut)
        with timed() as found:
            result = network.assign(demand, gap=gap, max_iter=MOST_ITERATIONS, threads=self.cores)
        values = np.zeros(len(shut))
        values[~shut] = np.asarray(result.links.flow)
        np.save(flow, values)
        return found | {"gap": float(result.relative_gap), "iterations": int(result.iterations)}

    def _built(self, shut: NDArray[np.bool_]) -> tuple[pytraf.Network, pytraf.Demand]:
        data = {name: self.data[name][~shut] for name in ("tail", "head", "capacity_vph", "power")}
        least, b = empty_cost(*(self.data[name][~shut] for name in ("free_flow_min", "fixed_min", "b")))
        nodes = int(self.data["nodes"])
        network = pytraf.Network(
            nodes, data["tail"].astype(np.int64), data["head"].astype(np.int64), least, data["capacity_vph"],
            b, np.where(b > 0, data["power"], 1.0), is_centroid=self.data["barred"], allow_u_turns=True,
        )  # fmt: skip
        ends = (self.data[name].astype(np.int64) for name in ("origin", "destination"))
        return network, pytraf.Demand(nodes, *ends, self.data["demand"])


def empty_cost(free_flow: NDArray[np.float64], fixed: NDArray[np.float64], b: NDArray[np.float64]) -> list:
    """Return minutes without traffic and the BPR coefficient that goes with them."""
    least = free_flow + fixed
    return [least, np.divide(b * free_flow, least, out=np.zeros_like(b), where=least > 0)]


if __name__ == "__main__":
    serve(PyTraf())
