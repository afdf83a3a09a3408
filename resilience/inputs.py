"""Inputs: all that a measure may change, and nothing that a run produces."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from resilience.city import LAYERS, City
from resilience.errors import InputError, near
from resilience.text import say

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Operations:
    """How the city is run: crews and where they start, in which order they repair."""

    crews: int
    repair_order: str = "most-people-first"


@dataclass(frozen=True)
class Behaviours:
    """Names of the classes that decide for commuters and firms, and whether they do so all at once or one by one."""

    commuters: str = "informed-commuter"
    firms: str = "leontief-firm"
    form: str = "population"


@dataclass(frozen=True)
class Rhythm:
    """When trips go out and come back (hours of the day) and how exactly traffic is solved."""

    morning: int = 7
    evening: int = 18
    relative_gap: float = 1e-3


@dataclass(frozen=True)
class Inputs:
    """City, hazards by name, operations and behaviours."""

    city: City
    hazards: dict[str, Any]
    operations: Operations
    behaviours: Behaviours
    rhythm: Rhythm

    def with_table(self, name: str, table: pd.DataFrame) -> Inputs:
        """Return inputs whose city has `table` in place of the old one; ids and their order must be the same."""
        old = self.city.tables[name]
        if not old.index.equals(table.index):
            raise InputError(say("error.renumbered", table=name))
        return replace(self, city=replace(self.city, tables={**self.city.tables, name: table}))


def select(city: City, where: str) -> tuple[str, pd.Index]:
    """Return the table and the ids that an expression such as "road.name == 'Main Street'" picks.

    The word before the first dot names the layer: road, power, facility, firm or zone. The rest is a pandas query.

    Raises
    ------
    InputError
        The layer is unknown, the expression cannot be read, or nothing matches.

    """
    layer = where.split(".", 1)[0].strip()
    if layer not in LAYERS or "." not in where:
        raise InputError(say("error.unknown_layer", where=where, expected=near(layer, LAYERS)))
    table = city[LAYERS[layer]]
    try:
        picked = table.query(where.replace(f"{layer}.", ""), engine="python").index
    except Exception as error:  # pandas raises many kinds for a malformed query
        columns = ", ".join(map(str, table.columns))
        raise InputError(say("error.bad_where", where=where, reason=error, columns=columns)) from error
    if len(picked) == 0:
        raise InputError(say("error.no_match", where=where))
    return LAYERS[layer], picked
