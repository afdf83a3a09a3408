"""More repair crews."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from resilience.base.errors import InputError
from resilience.base.text import say

if TYPE_CHECKING:
    from resilience.city.inputs import Inputs


@dataclass(frozen=True)
class ExtraCrew:
    """Add `crews` repair crews."""

    crews: int = 1

    def apply(self, inputs: Inputs) -> Inputs:
        """Return inputs with the larger number of crews.

        Raises
        ------
        InputError
            The number is not a positive whole number.

        """
        if not float(self.crews).is_integer() or self.crews < 1:
            raise InputError(say("error.negative", name="crews", found=self.crews))
        operations = replace(inputs.operations, crews=inputs.operations.crews + int(self.crews))
        return replace(inputs, operations=operations)
