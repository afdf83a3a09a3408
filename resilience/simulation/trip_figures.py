"""What is written down of a period: trips planned and completed, time lost, and how the roads did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resilience.agents.population import PURPOSES, Population
from resilience.base.arrays import sums
from resilience.base.defaults import default
from resilience.simulation.slices import Sliced
from resilience.simulation.solution import vehicles_on_links

if TYPE_CHECKING:
    from resilience.base.arrays import Bools, Floats
    from resilience.networks.road import RoadModel
    from resilience.simulation.solution import Solution
    from resilience.simulation.world import World

HOPELESS_LOAD = 1.5


@dataclass(frozen=True)
class Outcome:
    """What became of the trips of a period, shape (people,) each.

    Parameters
    ----------
    due : planned for the day
    done : completed, work from home among them
    drove : made by vehicle
    delay_min : minutes beyond the ordinary time of those who drove
    bears_min : the longest delay that the trip maker would have borne: what a trip that is not made is charged
    counted : whose lost time counts; those due where not given

    """

    due: Bools
    done: Bools
    drove: Bools
    delay_min: Floats
    bears_min: Floats
    counted: Bools | None = None


def put_trips(world: World, people: Population, hour: int, found: Outcome) -> None:
    """Write down what became of the trips of a period.

    travel/given_up_hours is what lost trips are charged, and travel/borne_hours the delay of trips made as far as their
    makers would have borne it: so in their sum a trip never looks better lost than late.
    """
    record, weight, worth = world.record, people.persons, people.persons * people.priority
    counted = found.due if found.counted is None else found.counted
    drove = found.drove & counted
    delay = np.maximum(np.where(drove & np.isfinite(found.delay_min), found.delay_min, 0.0), 0.0)
    bears = np.where(np.isfinite(found.bears_min), found.bears_min, 0.0)
    lost = counted & ~found.done & ~drove
    late = found.drove & found.due & (found.delay_min >= default("traffic.late_min"))
    for name, value in (
        ("planned", weight[found.due].sum()),
        ("completed", weight[found.done].sum()),
        ("late", weight[late].sum()),
        ("delay_hours", (weight * delay).sum() / 60.0),
        ("borne_hours", (weight * np.minimum(delay, bears)).sum() / 60.0),
        ("given_up_hours", (weight * bears)[lost].sum() / 60.0),
        ("planned_weighted", worth[found.due].sum()),
        ("completed_weighted", worth[found.done].sum()),
    ):
        record.put(f"travel/{name}", hour, float(value))
    zones = world.city["zones"].index
    asked = np.zeros(len(zones), np.bool_)
    asked[people.origin] = True
    for name, who in (("planned", found.due), ("completed", found.done)):
        by_purpose = sums(people.purpose, weight * who, len(PURPOSES))
        for number in np.flatnonzero(np.bincount(people.purpose)):
            record.put(f"travel/{name}", hour, float(by_purpose[number]), f"purpose:{PURPOSES[number]}")
        by_zone = sums(people.origin, weight * who, len(zones))[asked]
        record.put_panel(f"travel/{name}", hour, pd.Series(by_zone, index=zones[asked]))


def put_roads(world: World, road: RoadModel, hour: int, usual: Solution, solved: Solution, demand: Floats) -> None:
    """Write down how the roads did in a period; shares of nothing are not written, so that they are not held for calm.

    Parameters
    ----------
    usual, solved : the ordinary day's equilibrium of the period, and this one
    demand : vehicles/h of each pair, shape (pairs,)

    """
    roads = world.state_of_roads
    planned, now = usual.demand.vph, solved.od_minutes
    has_way = np.isfinite(now)
    ratio = np.where(has_way, np.minimum(1.0, usual.od_minutes / np.maximum(now, 1e-9)), 0.0)
    served = demand * has_way
    length = world.city["road_links"]["length_m"].to_numpy(float)
    flow, vehicles = (road.on_roads(values) for values in (solved.flow, vehicles_on_links(solved)))
    capacity = road.on_roads(road.graph.capacity_vph * roads.narrowest)
    figures = {
        "vehicles": served.sum(),
        "planned_vehicles": planned.sum(),
        "no_way_vehicles": planned[~has_way].sum(),
        "vehicle_hours": (served * np.where(served > 0, now, 0.0)).sum() / 60.0,
        "usual_vehicle_hours": (served * np.where(served > 0, usual.od_minutes, 0.0)).sum() / 60.0,
        "vehicle_km": (vehicles * length).sum() / 1000.0,
        "overloaded_share": length[flow / capacity > HOPELESS_LOAD].sum() / max(float(length.sum()), 1e-9),
    }
    if planned.sum() > 0:
        figures["efficiency"] = (planned * ratio).sum() / planned.sum()
    if served.sum() > 0:
        figures["relative_gap"] = solved.relative_gap
    if isinstance(solved, Sliced):
        figures["under_way_vehicles"] = solved.under_way.sum()
    for name, value in figures.items():
        world.record.put(f"traffic/{name}", hour, float(value))
    classes, of_class = usual.demand.classes, usual.demand.pairs.of_class
    by_class = {"vehicles": served, "planned_vehicles": planned, "no_way_vehicles": np.where(has_way, 0.0, planned)}
    for name, value in by_class.items() if len(classes) > 1 else ():
        for kind, number in zip(classes, sums(of_class, value, len(classes)), strict=True):
            world.record.put(f"traffic/{name}", hour, float(number), f"vehicle:{kind.name}")
