"""Economic resilience: output of firms against the same hour without the hazard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resilience.base.defaults import default
from resilience.metrics.metric import HIGHER, LOWER, Metric, share_of

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
    """Return value added lost in the first economy.share_days days from the onset over the output of so many days.

    The output of that many ordinary days is the mean of the no-hazard run's whole weeks (of its days, where it has no
    whole week) times their number: so shares of runs with other horizons can be held against the same tolerance. What
    is lost after the horizon is not in it, which the flag `censored` says.
    """
    days = default("economy.share_days")
    target = no_hazard.curve(VARIABLE)
    whole = 168 * (len(target) // 168) or len(target)
    ordinary = float(target[:whole].sum()) / whole * 24.0 * days
    amounts = lost(record, no_hazard, tables) / (ordinary if ordinary > 0 else np.nan)
    return amounts.where(amounts.index < record.onset_hour + 24.0 * days)


def closed(record: Record, no_hazard: Record, tables: Tables) -> pd.Series:
    """Return the share of firms that are flooded or still cleaning up."""
    return record.curve("economy/closed_firms") / max(len(tables["firms"]), 1)


METRICS = (
    Metric("economy/output", "share", HIGHER, output, FIRMS, service=True),
    Metric("economy/value_added_lost", "currency", LOWER, lost, FIRMS, total=True),
    Metric("economy/value_added_lost_share", "share", LOWER, lost_share, FIRMS, total=True),
    Metric("economy/firms_closed", "share", LOWER, closed, FIRMS),
)
