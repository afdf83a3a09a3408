"""The roads of a case with the trips of an ordinary day, as a network that the assignment takes by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from resilience.base.errors import InputError, near
from resilience.base.text import say
from resilience.readers.tntp import Tntp

if TYPE_CHECKING:
    from resilience.case.case import Case

PERIODS = ("morning", "evening")


def ordinary_network(case: Case, period: str = "morning", *, root_seed: int = 1) -> Tntp:
    """Return the roads of a case and who drives on them on an ordinary working day.

    Nodes, links and zones have their global ids, such as road:n1 and zone:h0042.

    Parameters
    ----------
    period : "morning": the trips out; "evening": those back
    root_seed : of the chance by which people go out on such a day

    Raises
    ------
    InputError
        The case has no roads or no trips, or there is no such period.

    """
    if period not in PERIODS:
        raise InputError(
            say("error.unknown_name", what=say("word.period"), name=period, expected=near(period, PERIODS))
        )
    road, people = case.city.road, case.population(root_seed)
    if road is None or people is None:
        raise InputError(say("error.no_trips_or_roads", folder=case.folder))
    demand = people.ordinary_demand(weekend=False, back=period == "evening")
    xy = np.concatenate([table[["x", "y"]].to_numpy(float) for table in (road.network.nodes, case.city["zones"])])
    connectors = [""] * (road.graph.links - road.links)
    courses = (*road.network.links["geometry"].fillna("").astype(str), *connectors)
    zones = len(road.zone_node)
    return Tntp(
        case.city.name, road.graph, demand, 0.0, zones, xy, case.notices, case.city.crs, courses, int(road.junctions)
    )
