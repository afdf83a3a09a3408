"""An option: a named list of measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from resilience.city.inputs import Inputs
    from resilience.measures.measure import Measure


@dataclass(frozen=True)
class Option:
    """A named list of measures; do-nothing has none."""

    name: str
    measures: tuple[Measure, ...] = ()

    def apply(self, inputs: Inputs) -> Inputs:
        """Return the inputs with all measures applied in their order."""
        for measure in self.measures:
            inputs = measure.apply(inputs)
        return inputs

    @property
    def capex(self) -> float:
        """First cost of all measures, currency."""
        return sum(m.capex for m in self.measures)
