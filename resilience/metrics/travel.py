"""Travel resilience: whether people reach what they set out for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from resilience.metrics.metric import HIGHER, LOWER, Metric, ratio, share_of
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
    """Return the share of completed trips that arrive at least 15 minutes late (traffic.late_min)."""
    return share_of(record.curve("travel/late", hold=True), record.curve("travel/completed", hold=True), calm=0.0)


def lost_time(record: Record, no_hazard: Record, tables: Tables) -> pd.Series:
    """Return the extra time people spend on trips they complete, person-hours by period."""
    return record.curve("travel/delay_hours").where(record.curve("travel/planned") > 0)


def lost_time_and_trips(record: Record, no_hazard: Record, tables: Tables) -> pd.Series:
    """Return the extra time of trips completed and a charge for each trip not made, person-hours by period.

    A trip that is not made is charged the longest delay that its maker would have borne, and a trip that is made counts
    with its delay up to that, so that losing a trip never looks better than making it late. Whoever is out bears any
    way home that takes less than waiting for the next evening. All against the no-hazard run, where somebody may have
    no way either. The rule is one of single trips: who never goes out is charged for the two trips of the day what they
    would have borne at home, while who is out already bears a longer way back. So a road shut in time may cost less
    than one shut behind people's backs.
    """
    here, calm = (r.curve("travel/borne_hours") + r.curve("travel/given_up_hours") for r in (record, no_hazard))
    counts = (record.curve("travel/planned") > 0) | (here > 0)
    return (here - calm).where(counts)


def worst_tenth(record: Record, no_hazard: Record, tables: Tables) -> float:
    """Return trips completed over planned in the zones that do worst and hold a tenth of the planned trips.

    An average can hide that some quarters lose everything; this is the prioritarian view.
    """
    planned, done = (record.panel_total(f"travel/{v}") for v in ("planned", "completed"))
    total, kept = planned.to_numpy(float), done.reindex(planned.index).to_numpy(float)
    some = total > 0
    total, kept = total[some], kept[some]
    if len(total) == 0:
        return float("nan")
    order = np.argsort(kept / total, kind="stable")
    cumulated = np.cumsum(total[order])
    tenth = order[: int(np.searchsorted(cumulated, 0.1 * cumulated[-1])) + 1]
    return float(kept[tenth].sum() / total[tenth].sum())


METRICS = (
    Metric("travel/completed_trips", "share", HIGHER, completed, TRIPS, service=True),
    Metric("travel/stranded_people", "people", LOWER, stranded, TRIPS),
    Metric("travel/late_trips", "share", LOWER, late, TRIPS),
    Metric("travel/lost_time", "person_hours", LOWER, lost_time, TRIPS, total=True),
    Metric("travel/lost_time_and_trips", "person_hours", LOWER, lost_time_and_trips, TRIPS, total=True),
    Metric("travel/worst_tenth", "share", HIGHER, worst_tenth, TRIPS),
)
