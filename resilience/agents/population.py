"""The trip makers of a city as columns: one row per person who stands for the people of their trip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from resilience.base.arrays import sums
from resilience.base.defaults import default
from resilience.base.streams import Streams
from resilience.city.vehicles import driven, vehicle_classes
from resilience.traffic.demand import CAR, Demand, Pairs

if TYPE_CHECKING:
    from resilience.base.arrays import Bools, Floats, Ints
    from resilience.city.city import City
    from resilience.city.vehicles import Vehicles
    from resilience.traffic.demand import VehicleClass


PURPOSES = ("work", "school", "health", "goods", "through")
TRAITS = -1  # the replicate of what belongs to the person and not to the event


@dataclass(frozen=True)
class Population:
    """Trip makers, one entry each, shape (people,).

    Parameters
    ----------
    ids : "person:origin>destination/purpose#number", so that more trips elsewhere rename nobody
    origin, destination : zone numbers
    purpose : number in PURPOSES
    persons, vehicles, priority : people and vehicles they stand for, weight of the purpose
    out_pair, back_pair : pair of the trip out (in `out`) and of the trip back (in `back`)
    firm : number of the firm they work for, -1 for none
    facility : number of the component they visit (school or health unit), -1 for none
    weekday, weekend : goes out on such days
    can_telework : could do the task from home
    spot : where in the zone the home stands, as a number in (0, 1): flooded when below the flooded share
    cautious, steadfast : numbers in (0, 1) of the person's own; with elastic demand the steadfast bear longer delays
    out, back : the pairs of the trips out and back, of every class of vehicles
    classes : the classes of vehicles that the pairs count

    """

    ids: list[str]
    origin: Ints
    destination: Ints
    purpose: Ints
    persons: Floats
    vehicles: Floats
    priority: Floats
    out_pair: Ints
    back_pair: Ints
    firm: Ints
    facility: Ints
    weekday: Bools
    weekend: Bools
    can_telework: Bools
    spot: Floats
    cautious: Floats
    steadfast: Floats
    out: Pairs
    back: Pairs
    classes: tuple[VehicleClass, ...] = CAR

    def __len__(self) -> int:
        return len(self.ids)

    def due(self, weekday: int) -> Bools:
        """Return who plans to go out on a day of the week, Monday = 0."""
        return self.weekend if weekday >= 5 else self.weekday

    def ordinary_demand(self, *, weekend: bool, back: bool) -> Demand:
        """Return who drives out, or back, on an ordinary day: vehicles/h of every pair."""
        pairs, pair = (self.back, self.back_pair) if back else (self.out, self.out_pair)
        due = self.weekend if weekend else self.weekday
        return Demand(pairs, sums(pair, self.vehicles * due, len(pairs)), self.classes)


def population_memory(trip_makers: float, *, one_by_one: bool) -> float:
    """Return about how much memory the trip makers of a run take at its peak, bytes; with `one_by_one` as agents."""
    return trip_makers * (default("memory.trip_maker_bytes") + one_by_one * default("memory.agent_bytes"))


def population_of(city: City, root_seed: int, vehicles: Vehicles = ()) -> Population | None:
    """Return the trip makers of a city, None where it has no roads or no trips."""
    needed = ("road_links", "road_nodes", "zones", "trips", "purposes")
    return build_population(city, root_seed, vehicles) if city.has(*needed) else None


def build_population(city: City, root_seed: int, vehicles: Vehicles = ()) -> Population:
    """Return the trip makers of a city. Their traits depend on the root seed alone, not on the replicate."""
    trips, purposes, zones = city["trips"], city["purposes"], city["zones"]
    road = city.road
    assert road is not None  # noqa: S101 - checked when the case is loaded
    count = trips["trips"].to_numpy(np.int64)
    row = np.repeat(np.arange(len(trips)), count)
    number = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    stem = ("person:" + trips["origin"] + ">" + trips["destination"] + "/" + trips["purpose"] + "#").to_numpy(str)
    stem = np.char.replace(stem, "zone:", "")
    ids = [f"{stem[r]}{n}" for r, n in zip(row, number, strict=True)]
    origin = np.asarray(zones.index.get_indexer(trips["origin"]), np.int64)[row]
    destination = np.asarray(zones.index.get_indexer(trips["destination"]), np.int64)[row]
    kind = purposes.loc[trips["purpose"].to_numpy(str)]
    per = {column: kind[column].to_numpy(float)[row] for column in kind.columns if kind[column].dtype == float}
    streams = Streams(root_seed, TRAITS)
    traits = ("weekly-routine", "home-spot", "caution", "steadfastness")
    routine, spot, cautious, steadfast = (streams.uniform(name, ids) for name in traits)
    telework = streams.uniform("telework", ids) < per["telework_share"]
    purpose = np.array([PURPOSES.index(p) for p in trips["purpose"]], np.int64)[row]
    ends, vehicle = (road.zone_node[origin], road.zone_node[destination]), None
    if vehicles:
        vehicle = driven(vehicles, purpose, PURPOSES, streams.uniform("vehicle", ids))
    out, out_pair = _pairs(*ends, vehicle)
    back, back_pair = _pairs(*ends[::-1], vehicle)
    return Population(
        ids=ids, origin=origin, destination=destination, purpose=purpose,
        persons=per["persons_per_trip"], vehicles=per["vehicles_per_trip"], priority=per["priority"],
        out_pair=out_pair, back_pair=back_pair,
        firm=_workplaces(city, destination, purpose, streams.uniform("workplace", ids)),
        facility=_visited(city, destination, purpose, streams.uniform("visited", ids)),
        weekday=routine < per["weekday_share"], weekend=routine < per["weekend_share"],
        can_telework=telework, spot=spot, cautious=cautious, steadfast=steadfast, out=out, back=back,
        classes=vehicle_classes(road, vehicles),
    )  # fmt: skip


def _pairs(origin: Ints, destination: Ints, vehicle: Ints | None) -> tuple[Pairs, Ints]:
    """Return the distinct pairs sorted by vehicle, then origin, and the number of each trip maker's pair."""
    nodes = max(int(destination.max(initial=0)), int(origin.max(initial=0))) + 1
    key = (origin if vehicle is None else vehicle * nodes + origin) * nodes + destination
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    kind = None if vehicle is None else vehicle[first]
    return Pairs(origin[first], destination[first], kind), inverse.astype(np.int64)


def _choose(group: Ints, member_group: Ints, weight: Floats, draw: Floats) -> Ints:
    """Return for each group number one member of the group, drawn with its weight; -1 where it has none."""
    order = np.lexsort((np.arange(len(member_group)), member_group))
    cumulated = np.cumsum(weight[order])
    start = np.searchsorted(member_group[order], group, side="left")
    end = np.searchsorted(member_group[order], group, side="right")
    before = np.where(start > 0, cumulated[np.maximum(start - 1, 0)], 0.0)
    total = np.where(end > start, cumulated[np.maximum(end - 1, 0)], 0.0) - before
    at = np.searchsorted(cumulated, before + draw * total, side="right")
    at = np.clip(at, start, np.maximum(end - 1, 0))
    return np.where((end > start) & (total > 0), order[np.minimum(at, max(len(order) - 1, 0))], -1)


def _workplaces(city: City, destination: Ints, purpose: Ints, draw: Floats) -> Ints:
    firms = city["firms"]
    if len(firms) == 0:
        return np.full(len(destination), -1)
    zone = np.asarray(city["zones"].index.get_indexer(firms["zone"]), np.int64)
    chosen = _choose(destination, zone, firms["jobs"].to_numpy(float), draw)
    employed = np.isin(purpose, [PURPOSES.index("work"), PURPOSES.index("goods")])
    return np.where(employed, chosen, -1)


def _visited(city: City, destination: Ints, purpose: Ints, draw: Floats) -> Ints:
    """Number of the component (in city.components) that a school or health trip goes to."""
    facilities = city["facilities"]
    result = np.full(len(destination), -1)
    for kinds, name in ((("school",), "school"), (("hospital", "health"), "health")):
        some = facilities[facilities["kind"].isin(kinds)] if len(facilities) else facilities
        if len(some) == 0:
            continue
        zone = np.asarray(city["zones"].index.get_indexer(some["zone"]), np.int64)
        chosen = _choose(destination, zone, np.ones(len(some)), draw)
        component = np.asarray(city.components.get_indexer(some.index), np.int64)
        here = (purpose == PURPOSES.index(name)) & (chosen >= 0)
        result[here] = component[chosen[here]]
    return result
