"""What a run leaves behind: tidy tables at three levels of detail, and run folders that stand on their own.

Levels: scores (one number per metric), curves (by group and hour), maps (component states as changes). A run folder
holds Parquet tables of all runs, the geometry and city tables they refer to, and manifest.json.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from resilience.base.errors import InputError, near
from resilience.base.schema import curve_schema
from resilience.base.text import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from resilience.base.clock import Onset

NO_HAZARD = "no-hazard"
DO_NOTHING = "do-nothing"

SCHEMA_VERSION = 2
TABLES = {
    "curves": ("scenario", "option", "replicate", "variable", "group", "hour", "value"),
    "metric_curves": ("scenario", "option", "replicate", "metric", "hour", "value"),
    "zone_curves": ("scenario", "option", "replicate", "variable", "group", "hour", "value"),
    "events": ("scenario", "option", "replicate", "event", "hour", "component", "what", "reason", "cause", "together",
               "alternatives", "detail"),
    "maps": ("scenario", "option", "replicate", "variable", "component", "hour", "value"),
    "fields": ("scenario", "option", "replicate", "hour", "cell", "depth_dm"),
    "scores": ("scenario", "option", "replicate", "metric", "value", "loss_area", "gain_area", "resilience", "rapidity",
               "hours_to_90", "hours_to_recover", "censored"),
}  # fmt: skip
KEYS = ("scenario", "option", "replicate")


@dataclass
class Record:
    """One run: what happened to one city under one scenario, option and replicate.

    Attributes
    ----------
    series : (variable, group) -> value per hour, shape (hours,); nan where nothing was measured
    panels : variable -> hour -> values of many groups, index = groups
    events : one row per event, `cause` the number of the event that led to it, -1 for none; `together` the numbers of
        the further events without which it would not have come about either, split by spaces; `alternatives` how many
        other sets of as many events would explain it as well

    """

    scenario: str
    option: str
    replicate: int
    hours: int
    onset: Onset
    series: dict[tuple[str, str], NDArray[np.float64]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    maps: list[pd.DataFrame] = field(default_factory=list)
    fields: list[pd.DataFrame] = field(default_factory=list)
    panels: dict[str, dict[int, pd.Series]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def onset_hour(self) -> int:
        """The hour of the run in which the hazard begins."""
        return self.onset.hour

    def put(self, variable: str, hour: int, value: float, group: str = "all") -> None:
        """Write one value of a curve.

        Raises
        ------
        InputError
            data/schema/_curves.csv has no such variable.

        """
        key = (variable, group)
        if key not in self.series:
            _declared(variable)
            self.series[key] = np.full(self.hours, np.nan)
        self.series[key][hour] = value

    def put_panel(self, variable: str, hour: int, values: pd.Series) -> None:
        """Write the values of a curve for many groups at once, index = groups."""
        if variable not in self.panels:
            _declared(variable)
            self.panels[variable] = {}
        self.panels[variable][hour] = values

    def draw(self, variable: str, hour: int, components: pd.Index, values: NDArray[np.float64]) -> None:
        """Write down the components whose state has changed, for maps."""
        if len(components):
            self.maps.append(
                pd.DataFrame({"variable": variable, "component": components, "hour": hour, "value": values})
            )

    def panel_total(self, variable: str) -> pd.Series:
        """Return the sum over the hours of a variable kept for many groups, index = groups."""
        by_hour = list(self.panels.get(variable, {}).values())
        if not by_hour:
            return pd.Series(dtype=float)
        total = by_hour[0].copy()
        for values in by_hour[1:]:
            total = total + values
        return total

    def tell(
        self,
        hour: float,
        component: str,
        what: str,
        reason: str = "",
        cause: int = -1,
        detail: str = "",
        *,
        together: Sequence[int] = (),
        alternatives: int = 0,
    ) -> int:
        """Write an event down and return its number; `together` are the causes needed beside the first."""
        number = len(self.events)
        self.events.append(
            {"event": number, "hour": float(hour), "component": component, "what": what, "reason": reason,
             "cause": cause, "together": " ".join(map(str, together)), "alternatives": alternatives, "detail": detail}
        )  # fmt: skip
        return number

    def curve(self, variable: str, group: str = "all", *, hold: bool = False) -> pd.Series:
        """Return a curve, index = hours; nan in hours in which nothing was measured.

        With `hold`, a value known per period (traffic, travel) holds until the next one; before the first it is nan.

        Raises
        ------
        InputError
            data/schema/_curves.csv has no such variable.

        """
        _declared(variable)
        values = self.series.get((variable, group))
        if values is None:
            return pd.Series(np.full(self.hours, np.nan))
        series = pd.Series(values)
        return series.ffill() if hold else series

    def groups(self, variable: str) -> list[str]:
        """Return the groups for which a variable was measured."""
        return [g for v, g in self.series if v == variable]

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tidy tables of this run, in the columns and order of TABLES."""
        parts = []
        for (variable, group), values in self.series.items():
            known = np.flatnonzero(~np.isnan(values))
            parts.append(pd.DataFrame({"variable": variable, "group": group, "hour": known, "value": values[known]}))
        panels = [
            pd.DataFrame({"variable": variable, "group": values.index, "hour": hour, "value": values.to_numpy(float)})
            for variable, by_hour in self.panels.items()
            for hour, values in by_hour.items()
        ]
        found = {
            "curves": parts, "zone_curves": panels, "events": [pd.DataFrame(self.events)], "maps": self.maps,
            "fields": self.fields,
        }  # fmt: skip
        tables = {name: pd.concat(some, ignore_index=True) for name, some in found.items() if some}
        return {name: _shape(self._keyed(table), name) for name, table in tables.items() if len(table) > 0}

    @classmethod
    def from_curves(cls, curves: pd.DataFrame, zone_curves: pd.DataFrame | None, hours: int, onset: Onset) -> Record:
        """Return a record with the series and panels of one run's tables of curves (all a metric needs)."""
        first = curves.iloc[0]
        record = cls(str(first["scenario"]), str(first["option"]), int(first["replicate"]), hours, onset)
        for (variable, group), part in curves.groupby(["variable", "group"], sort=False, observed=True):
            values = np.full(hours, np.nan)
            values[part["hour"].to_numpy()] = part["value"].to_numpy()
            record.series[str(variable), str(group)] = values
        if zone_curves is not None:
            for (variable, hour), part in zone_curves.groupby(["variable", "hour"], sort=False, observed=True):
                values_of = pd.Series(part["value"].to_numpy(), index=part["group"].to_numpy())
                record.panels.setdefault(str(variable), {})[int(hour)] = values_of
        return record

    def _keyed(self, table: pd.DataFrame) -> pd.DataFrame:
        many = len(table)
        for column in ("scenario", "option"):
            table[column] = pd.Categorical.from_codes(np.zeros(many, np.int8), categories=[getattr(self, column)])
        table["replicate"] = np.full(many, self.replicate, np.int32)
        return table


def is_no_hazard(scenario: str) -> bool:
    """Return whether a scenario is one of ordinary days: no-hazard, or no-hazard@ and when it begins."""
    return scenario.partition("@")[0] == NO_HAZARD


def _declared(variable: str) -> None:
    known = curve_schema().index
    if variable not in known:
        raise InputError(say("error.unknown_curve", name=variable, expected=near(variable, known)))


def _shape(table: pd.DataFrame, name: str) -> pd.DataFrame:
    kinds = {"replicate": "int32", "hour": "int32", "value": "float64", "event": "int32", "cause": "int32",
             "alternatives": "int32", "cell": "int32", "depth_dm": "uint8"}  # fmt: skip
    if name == "events":
        kinds["hour"] = "float64"
    columns = list(TABLES[name])
    return table[columns].astype({c: k for c, k in kinds.items() if c in columns})
