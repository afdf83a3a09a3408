"""Travel resilience: whether people reach what they set out for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from resilience.metrics.metric import HIGHER, LOWER, Metric, ratio
from resilience.metrics.traffic import TRIPS

if TYPE_CHECKING:
    import pandas as pd

    from resilience.results.record import Record

    Tables = dict[str, pd.DataFrame]


def completed(record: Record, no_hazard: Record, tables: Tables) -> pd.Series:
    """Return trips completed over trips planned, weighted by people and purpose; work from home counts for work."""
    return ratio(record, no_hazard, "travel/completed_weighted")


def stranded(record: Record, no_hazard: Record, tables: Tables) -> pd.Series:
    """Return people who went out and have no way back."""
    return record.curve("travel/stranded", hold=True).fillna(0.0)


def late(record: Record, no_hazard: Record, tables: Tables) -> pd.Series:
    """Return the share of completed trips that arrive more than 15 minutes late."""
    done = record.curve("travel/completed", hold=True)
    return (record.curve("travel/late", hold=True) / done.where(done > 0)).fillna(0.0)


def lost_time(record: Record, no_hazard: Record, tables: Tables) -> float:
    """Return the extra time people spend on trips they complete, person-hours over the horizon."""
    return float(np.nansum(record.series["travel/delay_hours", "all"]))


def lost_time_and_trips(record: Record, no_hazard: Record, tables: Tables) -> float:
    """Return the extra time of trips completed and a charge for each trip not made, person-hours over the horizon.

    A trip that is not made is charged the longest delay that its maker would have borne, so that it never looks better
    than the latest one that is made; against the no-hazard run, where somebody may have no way either.
    """
    lost = [r.series[f"travel/{v}", "all"] for r in (record, no_hazard) for v in ("delay_hours", "given_up_hours")]
    return float(np.nansum(lost[0]) + np.nansum(lost[1]) - np.nansum(lost[2]) - np.nansum(lost[3]))


def worst_tenth(record: Record, no_hazard: Record, tables: Tables) -> float:
    """Return trips completed over planned in the zones that do worst and hold a tenth of the planned trips.

    An average can hide that some quarters lose everything; this is the prioritarian view.
    """
    planned, done = (record.panel_total(f"travel/{v}") for v in ("planned", "completed"))
    total, kept = planned.to_numpy(float), done.reindex(planned.index).to_numpy(float)
    some = total > 0
    total, kept = total[some], kept[some]
    if len(total) == 0:
        return 1.0
    order = np.argsort(kept / total, kind="stable")
    cumulated = np.cumsum(total[order])
    tenth = order[: int(np.searchsorted(cumulated, 0.1 * cumulated[-1])) + 1]
    return float(kept[tenth].sum() / total[tenth].sum())


METRICS = (
    Metric("travel/completed_trips", "share", HIGHER, completed, TRIPS, service=True),
    Metric("travel/stranded_people", "people", LOWER, stranded, TRIPS),
    Metric("travel/late_trips", "share", LOWER, late, TRIPS),
    Metric("travel/lost_time", "person_hours", LOWER, lost_time, TRIPS),
    Metric("travel/lost_time_and_trips", "person_hours", LOWER, lost_time_and_trips, TRIPS),
    Metric("travel/worst_tenth", "share", HIGHER, worst_tenth, TRIPS),
)
