"""Zones where people live and facilities that they need: layers without links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resilience.base.errors import Notice
from resilience.networks.layer import SITE_COLUMNS, Findings, Layer, Place, Tables, tell_twice

if TYPE_CHECKING:
    import pandas as pd


def _components(tables: Tables) -> list[pd.Index]:
    return [tables["facilities"].index, tables["zones"].index]


def _sites(tables: Tables) -> list[pd.DataFrame]:
    return [tables["facilities"][[*SITE_COLUMNS, "kind"]]]


def _check(city: Place, found: Findings) -> None:
    zones = city["zones"]
    if len(zones) and zones["people"].sum() == 0:
        found.notices.append(Notice("no_people", {}))
    for name in ("zones", "facilities"):
        tell_twice(name, city[name], found)


LAYER = Layer(
    name="places",
    tables={"zones": "zone", "facilities": "facility"},
    picks={"zone": "zones", "facility": "facilities"},
    kept=("zones", "facilities"),
    components=_components,
    sites=_sites,
    check=_check,
)
