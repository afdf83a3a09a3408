"""AequilibraE's bi-conjugate Frank-Wolfe (bfw) as a resident process.

What it needs that other programs do not: capacity and free-flow time above zero, BPR powers of at least 1, node and
link numbers from 1, all zones as the rows of one full matrix, and either all of them barred or none. Two-way streets
are handed over as one link with two directions: chains of them are contracted then, and only then.

Its relative gap is (TSTT - AON) / TSTT with the flow *after* the step of the iteration, but costs and
all-or-nothing flow from *before* it, so that it is not the gap of the flow it returns.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from aequilibrae.matrix import AequilibraeMatrix
from aequilibrae.paths import Graph, TrafficAssignment, TrafficClass

from benchmarks.peers.program import Program
from benchmarks.resident import Answer, serve, timed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MOST_ITERATIONS = 5000
LEAST_MINUTES = 1e-9  # for links whose free-flow time is zero
FIELDS = ("minutes", "capacity", "alpha", "beta", "fixed")


class Bfw(Program):
    """Answers requests: load, assign."""

    def load(self, problem: str, cores: int) -> Answer:
        """Read a problem, build the graph and the matrix, and assign once in few iterations to warm up."""
        self.read(problem, cores)
        with timed() as found:
            assignment = self._assignment(self.shut(), 0.9, iterations=3)
        assignment.execute(log_specification=False)
        return found | {name: version(name) for name in ("aequilibrae", "numpy")}

    def assign(self, gap: float, flow: str, closed: list[int] | None = None) -> Answer:
        """Solve from scratch; only the assignment itself is timed, not the making of its graph."""
        shut = self.shut(closed)
        assignment = self._assignment(shut, gap, MOST_ITERATIONS)
        with timed() as found:
            assignment.execute(log_specification=False)
        result = assignment.results()
        values = np.zeros(len(shut))
        for direction, links in (("PCE_AB", self.ab), ("PCE_BA", self.ba)):
            there = links >= 0
            values[links[there]] = result[direction].loc[np.flatnonzero(there) + 1]
        np.save(flow, values)
        last = assignment.report().iloc[-1]
        return found | {"gap": float(last["rgap"]), "iterations": int(last["iteration"])}

    def _assignment(self, shut: NDArray[np.bool_], gap: float, iterations: int) -> TrafficAssignment:
        """Return an assignment that waits to be executed."""
        zones = np.unique(np.concatenate([self.data["origin"], self.data["destination"]]))
        barred = self.data["barred"][zones]
        if barred.any() and not barred.all():
            message = "AequilibraE bars through traffic at all zones or at none"
            raise ValueError(message)
        graph = Graph()
        idle = self.data["barred"].copy()  # zones without trips: no path touches them
        idle[zones] = False
        graph.network = self._network(~(shut | idle[self.data["tail"]] | idle[self.data["head"]]))
        graph.prepare_graph(zones + 1)
        graph.set_graph("minutes")
        graph.set_blocked_centroid_flows(bool(barred.any()))
        traffic = TrafficClass("cars", graph, self._matrix(zones))
        traffic.set_fixed_cost("fixed")
        assignment = TrafficAssignment()
        assignment.set_classes([traffic])
        assignment.set_cores(self.cores)
        assignment.set_vdf("BPR")
        assignment.set_vdf_parameters({"alpha": "alpha", "beta": "beta"})
        assignment.set_capacity_field("capacity")
        assignment.set_time_field("minutes")
        assignment.max_iter = iterations
        assignment.rgap_target = gap
        assignment.set_algorithm("bfw")
        return assignment

    def _network(self, used: NDArray[np.bool_]) -> pd.DataFrame:
        """Return the used links, a link and its opposite in one row; `ab` and `ba` say which row is which link."""
        data = self.data
        tail, head = data["tail"], data["head"]
        links = pd.DataFrame({"lo": np.minimum(tail, head), "hi": np.maximum(tail, head), "back": tail > head})[used]
        links["link"] = links.index
        links["parallel"] = links.groupby(["lo", "hi", "back"]).cumcount()
        one_way, other_way = links[~links["back"]], links[links["back"]]
        rows = one_way.merge(other_way, on=["lo", "hi", "parallel"], how="outer", suffixes=("_ab", "_ba"))
        self.ab, self.ba = (rows[side].fillna(-1).to_numpy(np.int64) for side in ("link_ab", "link_ba"))
        network: dict[str, Any] = {
            "link_id": np.arange(1, len(rows) + 1),
            "a_node": rows["lo"].to_numpy() + 1,
            "b_node": rows["hi"].to_numpy() + 1,
            "direction": np.select([self.ba < 0, self.ab < 0], [1, -1], 0),
        }
        values = (
            np.maximum(data["free_flow_min"], LEAST_MINUTES), data["capacity_vph"], data["b"],
            np.where(data["b"] > 0, data["power"], 1.0), data["fixed_min"],
        )  # fmt: skip
        for name, value in zip(FIELDS, values, strict=True):
            network |= {f"{name}_ab": value[self.ab], f"{name}_ba": value[self.ba]}
        return pd.DataFrame(network)

    def _matrix(self, zones: Ints) -> AequilibraeMatrix:
        matrix = AequilibraeMatrix()
        matrix.create_empty(zones=len(zones), matrix_names=["cars"])
        matrix.index[:] = zones + 1
        row, column = (np.searchsorted(zones, self.data[end]) for end in ("origin", "destination"))
        matrix.matrix["cars"][:, :] = 0.0
        matrix.matrix["cars"][row, column] = self.data["demand"]
        matrix.computational_view(["cars"])
        return matrix


if __name__ == "__main__":
    serve(Bfw())
