"""TAP-B (Dial's Algorithm B in C, Boyles and others, UT Austin) as a resident process that runs its program.

The program reads files and ends; the time is what it says of itself after its last iteration: reading, set-up and its
looks at the gap are not in it. It is a program of one thread here, so that its wall time is its CPU time, but for
neighbours. It wants zones numbered first, and costs that are fixed in the free-flow time, as PyTraf does.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.peers.program import Program
from benchmarks.resident import Answer, serve

if TYPE_CHECKING:
    from numpy.typing import NDArray

PROGRAM = os.environ.get("TAP_B", "build/peers/tap-b/bin/tap")
MOST_SECONDS = 1800
LAST = re.compile(r"Iteration (\d+):.*? gap ([-0-9.einf]+), .*?time ([0-9.]+)")
FLOW = re.compile(r"^\((\d+),(\d+)\) (\S+)", re.MULTILINE)


class TapB(Program):
    """Answers requests: load, assign."""

    def load(self, problem: str, cores: int) -> Answer:
        """Read a problem and write the files of the program."""
        assert cores == 1
        self.read(problem, cores)
        self.kept = tempfile.TemporaryDirectory(prefix="tap-b-")
        self.folder = Path(self.kept.name)
        start = time.perf_counter()
        self._write_trips()
        return {"wall_s": time.perf_counter() - start, "TAP-B": os.environ.get("TAP_B_VERSION", "unknown")}

    def assign(self, gap: float, flow: str, closed: list[int] | None = None) -> Answer:
        """Solve from scratch."""
        shut = self.shut(closed)
        self._write_network(~shut)
        (self.folder / "run.txt").write_text(
            f"<NETWORK FILE> net.txt\n<TRIPS FILE> trips.txt\n<CONVERGENCE GAP> {gap}\n<MAX RUN TIME> {MOST_SECONDS}\n"
            f"<FILE PATH> {self.folder}/\n<FLOWS FILE> {self.folder}/flows.txt\n<EXCLUDE GAP TIME>\n"
            "<NUMBER OF THREADS> 1\n<OMIT BECKMANN>\n",
            encoding="ascii",
        )
        program = subprocess.run(
            [str(Path(PROGRAM).resolve()), "run.txt"], cwd=self.folder, capture_output=True, text=True, check=True
        )
        told = LAST.findall(program.stdout)
        if not told:
            message = f"TAP-B told no iteration: {program.stdout[-300:]!r}"
            raise RuntimeError(message)
        iterations, found, seconds = told[-1]
        np.save(flow, self._flow(shut))
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        return {
            "wall_s": float(seconds), "cpu_s": float(seconds), "peak_mb": peak, "neighbours": None,
            "gap": float(found), "iterations": int(iterations),
        }  # fmt: skip

    def _flow(self, shut: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the flow of each link; the file names them by their ends, parallel ones in some order."""
        number, _, _ = self._numbers()
        wanted: dict[tuple[int, int], list[int]] = {}
        for link in np.flatnonzero(~shut):
            wanted.setdefault((number[self.data["tail"][link]], number[self.data["head"][link]]), []).append(link)
        values = np.zeros(len(shut))
        for tail, head, found in FLOW.findall((self.folder / "flows.txt").read_text(encoding="ascii")):
            if links := wanted.get((int(tail), int(head))):
                values[links.pop(0)] = float(found)
        return values

    def _numbers(self) -> tuple[NDArray[np.int64], int, int]:
        """Return the number of each node there, from 1, how many zones there are and the first node to drive through.

        Zones come first: those that nobody may pass through, then, where there are none, all ends of trips.
        """
        barred = self.data["barred"].astype(bool)
        ends = np.zeros(len(barred), np.bool_)
        ends[np.concatenate([self.data["origin"], self.data["destination"]])] = True
        zones = barred | ends
        if barred.any() and (ends & ~barred).any():
            message = "TAP-B bars through traffic at all zones or at none"
            raise ValueError(message)
        order = np.argsort(~zones, kind="stable")
        number = np.empty(len(order), np.int64)
        number[order] = np.arange(1, len(order) + 1)
        many = int(zones.sum())
        return number, many, many + 1 if barred.any() else 1

    def _write_network(self, kept: NDArray[np.bool_]) -> None:
        data = self.data
        number, zones, first = self._numbers()
        least, b, power = self.without_fixed()
        columns = number[data["tail"]], number[data["head"]], data["capacity_vph"], least, least, b, power
        rows = [
            f"{t}\t{h}\t{c!r}\t{m!r}\t{f!r}\t{bb!r}\t{p!r}\t0\t0\t1\t;"
            for t, h, c, m, f, bb, p in zip(*(np.asarray(v)[kept].tolist() for v in columns), strict=True)
        ]
        head = (
            f"<NUMBER OF ZONES> {zones}\n<NUMBER OF NODES> {len(number)}\n<FIRST THRU NODE> {first}\n"
            f"<NUMBER OF LINKS> {len(rows)}\n<DISTANCE FACTOR> 0\n<TOLL FACTOR> 0\n<END OF METADATA>\n\n"
        )
        (self.folder / "net.txt").write_text(head + "\n".join(rows) + "\n", encoding="ascii")

    def _write_trips(self) -> None:
        number, zones, _ = self._numbers()
        origin, destination = number[self.data["origin"]], number[self.data["destination"]]
        lines = [
            f"<NUMBER OF ZONES> {zones}\n<TOTAL OD FLOW> {float(self.data['demand'].sum())!r}\n<END OF METADATA>\n"
        ]
        last = 0
        for i in np.argsort(origin, kind="stable"):
            if origin[i] != last:
                last = origin[i]
                lines.append(f"\nOrigin {last}")
            lines.append(f"{destination[i]} : {float(self.data['demand'][i])!r};")
        (self.folder / "trips.txt").write_text("\n".join(lines) + "\n", encoding="ascii")


if __name__ == "__main__":
    serve(TapB())
