"""Safety resilience: people in water, hospitals that work and can be reached, homes without power."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from resilience.base.defaults import default
from resilience.metrics.metric import HIGHER, LOWER, Metric, ratio

if TYPE_CHECKING:
    import pandas as pd

    from resilience.results.record import Record

    Tables = dict[str, pd.DataFrame]

ZONES = ("zones",)
HOSPITALS = ("zones", "road_links", "facilities:hospital")
POWER = ("zones", "power_nodes", "dependencies>zone")


def safe(record: Record, no_hazard: Record, tables: Tables) -> pd.Series:
    """Return people on dry ground with a working hospital in reach over the same in the no-hazard run."""
    return ratio(record, no_hazard, "safety/safe_residents")


def in_water(record: Record, no_hazard: Record, tables: Tables) -> pd.Series:
    """Return residents of the area under at least 0.30 m of water (nobody is taken to have left)."""
    name = f"safety/people_in_{round(default('safety.deep_water_m') * 100):03d}cm"
    return record.curve(name)


def near_hospital(record: Record, no_hazard: Record, tables: Tables) -> pd.Series:
    """Return people within 30 minutes of a working hospital over the same in the no-hazard run."""
    return ratio(record, no_hazard, "safety/people_near_hospital")


def hospital_hours(record: Record, no_hazard: Record, tables: Tables) -> float:
    """Return hours of hospitals out of service over the horizon, hospital-hours."""
    return float(np.nansum(record.series["safety/hospitals_down", "all"]))


def long_dark(record: Record, no_hazard: Record, tables: Tables) -> pd.Series:
    """Return the share of residents without power for more than 24 hours."""
    everyone = float(tables["zones"]["people"].sum())
    return record.curve("safety/people_long_without_power") / max(everyone, 1e-9)


METRICS = (
    Metric("safety/people_safe", "share", HIGHER, safe, HOSPITALS, service=True),
    Metric("safety/people_in_water", "people", LOWER, in_water, ZONES),
    Metric("safety/near_hospital", "share", HIGHER, near_hospital, HOSPITALS, service=True),
    Metric("safety/hospital_outage", "hospital_hours", LOWER, hospital_hours, HOSPITALS),
    Metric("safety/long_without_power", "share", LOWER, long_dark, POWER),
)
