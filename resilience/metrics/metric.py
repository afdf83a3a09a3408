"""The contract of a metric: what it computes from the record of a run, and how its curve is summarised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from resilience.base.contract import Extension
from resilience.base.defaults import default
from resilience.base.errors import near
from resilience.base.schema import schema_names
from resilience.base.text import say
from resilience.metrics import curve as curves

if TYPE_CHECKING:
    from collections.abc import Callable

    from resilience.base.arrays import Floats
    from resilience.results.record import Record

PILLARS = ("traffic", "travel", "safety", "economy")
HIGHER, LOWER = "higher", "lower"


@dataclass(frozen=True)
class Metric:
    """A number about a run; an extension is one Metric, or a module with several of them in METRICS.

    >>> from resilience import Metric
    >>> def dark(record, no_hazard, tables):
    ...     return record.curve("safety/people_without_power")
    >>> metric = Metric("safety/people_dark", "people", "lower", dark, needs=("zones",))
    >>> from resilience.testing import check_metric
    >>> check_metric(metric).passed
    True

    Parameters
    ----------
    name : "pillar/what", the same from the tolerance in case.toml to the label of a chart
    unit : key of the unit in the text catalogue
    better : higher or lower
    compute : (record, no-hazard record, city tables) -> curve by hour (the value of the metric is then its worst
        hour) or one number
    needs : tables that the case must have, such as firms; facilities:hospital asks for facilities of that kind,
        dependencies>zone for rows whose consumers are zones
    service : the curve is a service Q, served over target, to which the resilience-curve summaries apply
    total : the curve holds amounts by hour whose sum over the horizon is the number (nan in hours that do not count)

    """

    name: str
    unit: str
    better: str
    compute: Callable[[Record, Record, dict[str, pd.DataFrame]], pd.Series | float]
    needs: tuple[str, ...]
    service: bool = False
    total: bool = False

    @property
    def pillar(self) -> str:
        """The pillar that the metric belongs to."""
        return self.name.split("/")[0]

    def lacks(self, tables: dict[str, pd.DataFrame]) -> list[str]:
        """Return which of the needed tables the case does not have."""
        missing = []
        for need in self.needs:
            name, _, consumer = need.partition(">")
            name, _, kind = name.partition(":")
            table = tables[name]
            if consumer and len(table):
                table = table[table["consumer"].str.startswith(f"{consumer}:")]
            if len(table) == 0 or (kind and not (table["kind"] == kind).any()):
                missing.append(need)
        return missing

    def measure(self, record: Record, no_hazard: Record, tables: dict[str, pd.DataFrame]) -> pd.Series | float:
        """Return what `compute` makes of a run.

        Raises
        ------
        ExtensionError
            It raises, or gives neither one number nor a curve with a value for each hour.

        """
        extension = Extension("metrics", self.name)
        with extension.calling("compute"):
            found: Any = self.compute(record, no_hazard, tables)
        if isinstance(found, pd.Series):
            if len(found) != record.hours or found.dtype.kind not in "iufb":
                raise extension.wrong("compute", found, say("extension.curve", hours=record.hours))
            return found.astype(float)
        if isinstance(found, bool | np.bool_) or not isinstance(found, int | float | np.integer | np.floating):
            raise extension.wrong("compute", found, say("extension.curve", hours=record.hours))
        return float(found)

    def worst(self, values: pd.Series) -> float:
        """Return the worst value of a curve."""
        return float(values.min() if self.better == HIGHER else values.max())

    def score(self, result: pd.Series | float, onset_hour: int) -> dict[str, float | bool]:
        """Return one row of scores.

        value is the worst hour of a curve, or the number (nan where it cannot be told); loss_area is in unit-hours (for
        a service: its loss); censored says that the loss went on to the
        end of the horizon; the other columns belong
        to services: see resilience.metrics.curve.
        """
        row: dict[str, float | bool] = {
            "value": np.nan, "loss_area": np.nan, "gain_area": np.nan, "resilience": np.nan, "rapidity": np.nan,
            "hours_to_90": np.nan,
            "hours_to_recover": np.nan, "censored": False,
        }  # fmt: skip
        if isinstance(result, float):
            row["value"] = result
            return row
        values = result.to_numpy(float)
        if np.isnan(values).all():
            return row
        if self.total:
            row["value"] = float(np.nansum(values))
            row["censored"] = _goes_on(values)
            return row
        row["value"] = self.worst(result)
        if not self.service:
            row["loss_area"] = float(np.nansum(values))
            before = values[max(onset_hour - 1, 0)]
            row["censored"] = bool(self.better == LOWER and values[-1] > max(before, 0.0) + 1e-9)
            return row
        q = values[onset_hour:]
        row["loss_area"] = curves.loss_area(q)
        row["resilience"] = 1.0 - curves.loss_area(q) / max(len(q), 1)
        hold, epsilon = int(default("curve.hold_hours")), default("curve.epsilon")
        row["gain_area"] = curves.gain_area(q)
        row["rapidity"] = curves.rapidity(q, 1.0 - epsilon, hold)
        row["hours_to_90"] = curves.hours_until(q, 0.9, hold)
        row["hours_to_recover"] = curves.hours_until(q, 1.0 - epsilon, hold)
        row["censored"] = bool(np.isinf(row["hours_to_recover"]))
        return row


def metrics_of(name: str, loaded: Any) -> tuple[Metric, ...]:
    """Return the metrics that an extension called `name` brings.

    Raises
    ------
    ExtensionError
        It is neither a Metric nor a module with METRICS, or says something of a metric that cannot be.

    """
    extension = Extension("metrics", name)
    found = (loaded,) if isinstance(loaded, Metric) else getattr(loaded, "METRICS", None)
    if not isinstance(found, tuple | list) or not all(isinstance(metric, Metric) for metric in found):
        raise extension.wrong(say("extension.registered"), loaded, say("extension.metric_object"))
    for metric in found:
        if "/" not in metric.name:
            raise extension.wrong("name", metric.name, say("extension.metric_name"))
        if metric.better not in (HIGHER, LOWER):
            raise extension.wrong("better", metric.better, "higher, lower")
        for need in metric.needs:
            table = need.partition(">")[0].partition(":")[0]
            if table not in schema_names():
                raise extension.wrong("needs", need, near(table, schema_names()))
        if not callable(metric.compute):
            raise extension.lacks("compute", "compute(record, no_hazard, tables)")
    return tuple(found)


def _goes_on(values: Floats) -> bool:
    """Return whether amounts were still being lost when the horizon ended.

    That is so where the last hour in which anything was due lost something, or where the last such day lost in the same
    hours as the one before (a road shut in one direction costs in the mornings only).
    """
    known = np.flatnonzero(~np.isnan(values))
    tiny = 1e-6 * max(float(np.nansum(np.abs(values))), 1e-9)
    if values[known[-1]] > tiny:
        return True
    days = np.unique(known // 24)
    if len(days) < 2:
        return False
    last, before = ([h % 24 for h in known[known // 24 == day] if values[h] > tiny] for day in (days[-1], days[-2]))
    return bool(last) and last == before


def share_of(top: pd.Series, below: pd.Series, *, calm: float = 1.0) -> pd.Series:
    """Return one curve over another, index = hours.

    An hour in which the lower one is nothing, or less than curve.least_target_share of its largest value, is neither
    loss nor recovery: the last value is held, and `calm` stands before the first. nan throughout where the lower one
    is never more than nothing.

    >>> share_of(pd.Series([0.0, 6.0, 0.0, 9.0]), pd.Series([0.0, 8.0, 0.0, 9.0])).tolist()
    [1.0, 0.75, 0.75, 1.0]

    """
    largest = below.max()
    if not largest > 0:
        return pd.Series(np.nan, index=below.index)
    some = below >= max(default("curve.least_target_share") * largest, np.finfo(float).tiny)
    return (top / below.where(some)).ffill().fillna(calm)


def ratio(record: Record, no_hazard: Record, variable: str) -> pd.Series:
    """Return a curve over the no-hazard run's of the same hour, as `share_of`."""
    return share_of(record.curve(variable, hold=True), no_hazard.curve(variable, hold=True))
