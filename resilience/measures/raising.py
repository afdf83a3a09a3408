"""Raise roads or protect sites against water, by a height."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from resilience.base.errors import InputError
from resilience.base.text import say
from resilience.city.selection import select
from resilience.networks.layer import site_tables

if TYPE_CHECKING:
    from resilience.city.inputs import Inputs


def _raised(inputs: Inputs, where: str, height_m: float, failure: float, tables: tuple[str, ...]) -> Inputs:
    """Return inputs in which the picked rows of one of `tables` stand higher."""
    if not 0 <= height_m < float("inf"):
        raise InputError(say("error.negative", name="height_m", found=height_m))
    table, picked = select(inputs.city, where)
    if table not in tables:
        raise InputError(say("error.wrong_layer", where=where, expected=", ".join(tables)))
    rows = inputs.city[table].copy()
    here = rows.index.isin(picked)
    if table == "road_links" and (rows.loc[picked, "structure"] == "tunnel").any():
        raise InputError(say("error.tunnel", where=where))
    column = "raised_m" if failure == 0 else "added_m"
    rows[column] = np.where(here, rows[column] + height_m, rows[column])
    rows["raise_failure"] = np.where(here, np.maximum(rows["raise_failure"], failure), rows["raise_failure"])
    return inputs.with_table(table, rows)


@dataclass(frozen=True)
class RaiseRoad:
    """Lift the carriageway of the picked road links by `height_m`."""

    where: str
    height_m: float
    failure_probability: float = 0.0

    def apply(self, inputs: Inputs) -> Inputs:
        """Return inputs with the higher road.

        Raises
        ------
        InputError
            Nothing matches `where`, or it picks no roads.

        """
        return _raised(inputs, self.where, self.height_m, self.failure_probability, ("road_links",))


@dataclass(frozen=True)
class FloodProof:
    """Protect the picked substations, facilities or firms by a wall or plinth of `height_m`."""

    where: str
    height_m: float
    failure_probability: float = 0.0

    def apply(self, inputs: Inputs) -> Inputs:
        """Return inputs with the protected sites.

        Raises
        ------
        InputError
            Nothing matches `where`, or it picks roads or zones.

        """
        tables = tuple(site_tables(inputs.city.tables))
        return _raised(inputs, self.where, self.height_m, self.failure_probability, tables)
