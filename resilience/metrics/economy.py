"""Economic resilience: output of firms against the same hour without the hazard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resilience.base.defaults import default
from resilience.metrics.metric import HIGHER, LOWER, Metric, share_of
from resilience.networks.supply.hours import OpeningHours

if TYPE_CHECKING:
    from resilience.results.record import Record

    Tables = dict[str, pd.DataFrame]

FIRMS = ("firms", "sectors")
VARIABLE = "economy/value_added"


def output(record: Record, no_hazard: Record, tables: Tables) -> pd.Series:
    """Return value added of the day over the same day's of the no-hazard run, so that like days are compared.

    Every hour of a day has the value of the day; a day on which hardly anybody works (see `share_of`) keeps the value
    of the day before. Hours before the onset stand at 1.
    """
    made, target = (r.curve(VARIABLE) for r in (record, no_hazard))
    day = pd.Series(np.arange(len(made)) // 24)
    by_day = share_of(made.groupby(day).sum(min_count=1), target.groupby(day).sum(min_count=1))
    q = by_day.reindex(day).set_axis(made.index)
    return q.where((q.index >= record.onset_hour) | q.isna(), 1.0)


def lost(record: Record, no_hazard: Record, tables: Tables) -> pd.Series:
    """Return value added lost, in the currency and price year of the case, by hour; nan in hours without work."""
    made, target = (r.curve(VARIABLE) for r in (record, no_hazard))
    return (target - made).clip(lower=0.0).where(target > 0)


def lost_share(record: Record, no_hazard: Record, tables: Tables) -> pd.Series:
    """Return value added lost in the first economy.share_days days from the onset over the output of just these days.

    Their ordinary output is that of the no-hazard run, and after its horizon that of the opening hours: so shares of
    runs with other horizons can be held against the same tolerance, and none passes 1. What is lost after the horizon
    is not in it, which the flag `censored` says.
    """
    hours = np.arange(record.onset_hour, record.onset_hour + round(24.0 * default("economy.share_days")))
    week = OpeningHours.of(tables["firms"], tables["sectors"]).ordinary_week()
    target = no_hazard.curve(VARIABLE)
    later = hours[hours >= len(target)]
    ordinary = float(target.reindex(hours).sum() + week[(24 * record.onset.weekday + later) % 168].sum())
    amounts = lost(record, no_hazard, tables) / (ordinary if ordinary > 0 else np.nan)
    return amounts.where(amounts.index <= hours[-1])


def closed(record: Record, no_hazard: Record, tables: Tables) -> pd.Series:
    """Return the share of firms that are flooded or still cleaning up."""
    return record.curve("economy/closed_firms") / max(len(tables["firms"]), 1)


METRICS = (
    Metric("economy/output", "share", HIGHER, output, FIRMS, service=True),
    Metric("economy/value_added_lost", "currency", LOWER, lost, FIRMS, total=True),
    Metric("economy/value_added_lost_share", "share", LOWER, lost_share, FIRMS, total=True),
    Metric("economy/firms_closed", "share", LOWER, closed, FIRMS),
)
