"""How loadings are averaged and mixed until they settle."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from resilience.base.arrays import Floats

    Progress = Callable[[int, float], bool | None]


MORE, LESS = 1.5, 0.1  # what averaging adds to its divisor where the residual grew and where it fell: fewest loadings


MEMORY = 5  # steps that are mixed: with 3 and with 8 some of the networks named above took longer


TOO_FAR = 3.0  # a residual so many times the least one takes the mixing back there; 1.5 and endless did worse


ALIKE = 1e-3  # sine of the angle below which a past step says nothing that later ones do not; 1e-1 took longer


LONGEST = 10.0  # a past step is not extended farther: 3 and 30 took longer, and with 1,000 rounding multiplied


PAUSE = 100  # loadings without progress (no residual under 0.9 of the least) that make mixing pause until there is some


class Averaging:
    """The next flows to try: self-regulated averaging, mixed with the last steps as long as that leads on."""

    def __init__(self) -> None:
        self.divisor = 1.0 - LESS  # so that the first step goes all the way
        self.last = self.mark = np.inf
        self.since = 0
        self.best: tuple[float, Floats, Floats] | None = None
        self.flows: list[Floats] = []
        self.changes: list[Floats] = []

    def next(self, flow: Floats, change: Floats, residual: float) -> Floats:
        """Return the flows after those that were just tried, of which `change` = y(v) - v and its size are given."""
        self.mark, self.since = (residual, 0) if residual < 0.9 * self.mark else (self.mark, self.since + 1)
        self.divisor += MORE if residual >= self.last else LESS
        self.last = residual
        if self.best is None or residual < self.best[0]:
            self.best = residual, flow, change
        elif residual > TOO_FAR * self.best[0] and len(self.flows) > 1:
            self.last, flow, change = self.best
            self.flows, self.changes = [], []
        apart = np.zeros(len(flow)) if self.since > PAUSE else self._mix(flow, change)
        self.flows, self.changes = [*self.flows, flow][-MEMORY:], [*self.changes, change][-MEMORY:]
        plain = flow + change / self.divisor
        low = plain + apart < 0.0
        share = float(np.min(plain[low] / -apart[low])) if low.any() else 1.0
        return np.maximum(plain + share * apart, 0.0)

    def _mix(self, flow: Floats, change: Floats) -> Floats:
        """Return what to add to the plain step: towards the mix of past flows whose changes all but cancel."""
        basis: list[tuple[Floats, Floats]] = []
        apart = np.zeros(len(flow))
        for past, turned in zip(reversed(self.flows), reversed(self.changes), strict=True):
            step, turn = past - flow, turned - change
            size = _norm(turn)
            for known_step, known_turn in basis:
                part = float((turn * known_turn).sum())
                step, turn = step - part * known_step, turn - part * known_turn
            rest = _norm(turn)
            along = float((turn * change).sum())
            if rest > ALIKE * size and abs(along) <= LONGEST * rest**2:
                apart -= along / rest**2 * (step + turn / self.divisor)
                basis.append((step / rest, turn / rest))
        return apart


def _norm(values: Floats) -> float:
    return math.sqrt(float((values * values).sum()))  # not by BLAS, whose sums depend on the number of threads
