"""What the programs we compare with have in common: requests, the problem of a file, closures, costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.resident import Answer

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]


class Program:
    """Answers requests: load, assign, which each program has of its own."""

    data: dict[str, NDArray]
    cores: int

    def __call__(self, request: Answer) -> Answer:
        """Return the answer to a request `do`, with what the request needs besides."""
        return dict(getattr(self, request.pop("do"))(**request))

    def read(self, problem: str, cores: int) -> None:
        """Read the problem of a file."""
        with np.load(problem, allow_pickle=False) as data:
            self.data = {name: data[name] for name in data.files}
        self.cores = cores

    def shut(self, closed: list[int] | None = None) -> Bools:
        """Return which links are closed, shape (links,)."""
        shut = np.zeros(len(self.data["tail"]), np.bool_)
        shut[closed or []] = True
        return shut

    def without_fixed(self) -> tuple[Floats, Floats, Floats]:
        """Return minutes without traffic, and BPR coefficient and power that give the same cost at every flow.

        For programs that have no fixed cost: it joins the free-flow time, and the coefficient shrinks by as much.
        """
        data = self.data
        least = data["free_flow_min"] + data["fixed_min"]
        b = np.divide(data["b"] * data["free_flow_min"], least, out=np.zeros_like(least), where=least > 0)
        return least, b, np.where(b > 0, data["power"], 1.0)
