"""Economic resilience: output of firms against the same hour without the hazard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from resilience.metrics.metric import HIGHER, LOWER, Metric

if TYPE_CHECKING:
    import pandas as pd

    from resilience.results.record import Record

    Tables = dict[str, pd.DataFrame]

FIRMS = ("firms", "sectors")
VARIABLE = "economy/value_added"


def output(record: Record, no_hazard: Record, tables: Tables) -> pd.Series:
    """Return value added over the no-hazard run's, the mean of the last 24 hours (nights and weekends level out)."""
    made, target = (r.curve(VARIABLE).rolling(24, min_periods=1).sum() for r in (record, no_hazard))
    return (made / target.where(target > 0)).ffill().fillna(1.0)


def lost(record: Record, no_hazard: Record, tables: Tables) -> float:
    """Return value added lost over the horizon, in the currency and price year of the case."""
    return float(np.maximum(no_hazard.curve(VARIABLE) - record.curve(VARIABLE), 0.0).sum())


def lost_share(record: Record, no_hazard: Record, tables: Tables) -> float:
    """Return value added lost over the horizon as a share of the no-hazard run's."""
    target = float(no_hazard.curve(VARIABLE).sum())
    return lost(record, no_hazard, tables) / max(target, 1e-9)


def closed(record: Record, no_hazard: Record, tables: Tables) -> pd.Series:
    """Return the share of firms that are flooded or still cleaning up."""
    return record.curve("economy/closed_firms") / max(len(tables["firms"]), 1)


METRICS = (
    Metric("economy/output", "share", HIGHER, output, FIRMS, service=True),
    Metric("economy/value_added_lost", "currency", LOWER, lost, FIRMS),
    Metric("economy/value_added_lost_share", "share", LOWER, lost_share, FIRMS),
    Metric("economy/firms_closed", "share", LOWER, closed, FIRMS),
)
