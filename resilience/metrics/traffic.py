"""Traffic resilience: how well the road system works, whoever travels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resilience.metrics.metric import HIGHER, LOWER, Metric, ratio, share_of

if TYPE_CHECKING:
    import pandas as pd

    from resilience.results.record import Record

    Tables = dict[str, pd.DataFrame]

TRIPS = ("road_links", "zones", "trips")


def efficiency(record: Record, no_hazard: Record, tables: Tables) -> pd.Series:
    """Return network efficiency: demand-weighted ordinary time over time now, 0 for trips without a way.

    Weighted with all vehicles planned and at most 1 for each pair, so that roads emptied by trips that are given up
    never look like an improvement (after Latora & Marchiori 2001, doi:10.1103/PhysRevLett.87.198701, with travel
    times of the equilibrium).
    """
    return ratio(record, no_hazard, "traffic/efficiency")


def travel_time_ratio(record: Record, no_hazard: Record, tables: Tables) -> pd.Series:
    """Return travel time of the trips served over the ordinary time of the same trips."""
    now, usual = (record.curve(f"traffic/{v}", hold=True) for v in ("vehicle_hours", "usual_vehicle_hours"))
    return share_of(now, usual)


def delay(record: Record, no_hazard: Record, tables: Tables) -> pd.Series:
    """Return delay of the vehicles served against their ordinary times, vehicle-hours by period."""
    now, usual = (record.curve(f"traffic/{v}") for v in ("vehicle_hours", "usual_vehicle_hours"))
    return (now - usual).where(record.curve("traffic/planned_vehicles") > 0)


def without_way(record: Record, no_hazard: Record, tables: Tables) -> pd.Series:
    """Return the share of planned vehicles whose origin and destination no open road joins."""
    planned = record.curve("traffic/planned_vehicles", hold=True)
    return share_of(record.curve("traffic/no_way_vehicles", hold=True), planned, calm=0.0)


def closed_roads(record: Record, no_hazard: Record, tables: Tables) -> pd.Series:
    """Return the length of closed carriageway, km."""
    return record.curve("traffic/closed_km")


METRICS = (
    Metric("traffic/network_efficiency", "share", HIGHER, efficiency, TRIPS, service=True),
    Metric("traffic/travel_time_ratio", "ratio", LOWER, travel_time_ratio, TRIPS),
    Metric("traffic/delay", "vehicle_hours", LOWER, delay, TRIPS, total=True),
    Metric("traffic/vehicles_without_way", "share", LOWER, without_way, TRIPS),
    Metric("traffic/closed_roads", "km", LOWER, closed_roads, ("road_links",)),
)
