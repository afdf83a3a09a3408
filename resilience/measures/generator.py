"""Backup generators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from resilience.base.errors import InputError
from resilience.base.text import say
from resilience.city.selection import select

if TYPE_CHECKING:
    from resilience.city.inputs import Inputs


@dataclass(frozen=True)
class BackupGenerator:
    """Give the picked components a generator with fuel for `hours` more than they have; it may fail to start."""

    where: str
    hours: float
    failure_probability: float = 0.0

    def apply(self, inputs: Inputs) -> Inputs:
        """Return inputs with longer buffers against the loss of power.

        Raises
        ------
        InputError
            Nothing matches `where`, or what it picks needs no power in dependencies.csv.

        """
        if not 0 <= self.hours < float("inf"):
            raise InputError(say("error.negative", name="hours", found=self.hours))
        _, picked = select(inputs.city, self.where)
        rows = inputs.city["dependencies"].copy()
        here = rows["consumer"].isin(picked) & (rows["service"] == "power")
        if not here.any():
            raise InputError(say("error.no_need", where=self.where))
        column = "buffer_hours" if self.failure_probability == 0 else "added_hours"
        rows[column] = np.where(here, rows[column] + self.hours, rows[column])
        rows["start_failure"] = np.where(
            here, np.maximum(rows["start_failure"], self.failure_probability), rows["start_failure"]
        )
        return inputs.with_table("dependencies", rows)
