"""Safety resilience: people in water, hospitals that work and can be reached, homes without power."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from resilience.city.water import DEEP_M, depth_group
from resilience.metrics.metric import HIGHER, LOWER, Metric, ratio

if TYPE_CHECKING:
    import pandas as pd

    from resilience.results.record import Record

    Tables = dict[str, pd.DataFrame]

ZONES = ("zones",)
HOSPITALS = ("zones", "road_links", "facilities:hospital")
BEDS = ("facilities:hospital",)
POWER = ("zones", "power_nodes", "dependencies>zone")


def safe(record: Record, no_hazard: Record, tables: Tables) -> pd.Series:
    """Return people on dry ground with a working hospital in reach over the same in the no-hazard run."""
    return ratio(record, no_hazard, "safety/safe_residents")


def in_water(record: Record, no_hazard: Record, tables: Tables) -> pd.Series:
    """Return residents of the area under at least 0.30 m of water (nobody is taken to have left)."""
    return record.curve("safety/people_by_depth", depth_group(DEEP_M))


def near_hospital(record: Record, no_hazard: Record, tables: Tables) -> pd.Series:
    """Return people within 30 minutes of a working hospital over the same in the no-hazard run."""
    return ratio(record, no_hazard, "safety/people_near_hospital")


def hospital_hours(record: Record, no_hazard: Record, tables: Tables) -> pd.Series:
    """Return hospitals out of service, hospital-hours by hour."""
    return record.curve("safety/hospitals_down")


def long_dark(record: Record, no_hazard: Record, tables: Tables) -> pd.Series:
    """Return the share of residents without power for more than 24 hours."""
    everyone = float(tables["zones"]["people"].sum())
    return record.curve("safety/people_long_without_power") / (everyone if everyone > 0 else np.nan)


METRICS = (
    Metric("safety/people_safe", "share", HIGHER, safe, HOSPITALS, service=True),
    Metric("safety/people_in_water", "people", LOWER, in_water, ZONES),
    Metric("safety/near_hospital", "share", HIGHER, near_hospital, HOSPITALS, service=True),
    Metric("safety/hospital_outage", "hospital_hours", LOWER, hospital_hours, BEDS, total=True),
    Metric("safety/long_without_power", "share", LOWER, long_dark, POWER),
)
