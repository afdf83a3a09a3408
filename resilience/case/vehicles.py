"""The [[vehicle_class]] entries of case.toml: who drives what, what it may not use, all faults told together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from resilience.agents.population import PURPOSES
from resilience.base.errors import InputError, Problem
from resilience.base.text import say
from resilience.case.sections import check_names
from resilience.city.selection import select
from resilience.city.vehicles import Vehicle, Vehicles, vehicle_classes
from resilience.traffic.demand import CAR

if TYPE_CHECKING:
    from resilience.case.sections import Entry, Sections
    from resilience.city.city import City

SECTION = "vehicle_class"
SLACK = 1e-9  # by which shares may pass 1 from rounding


def check_vehicles(sections: Sections, problems: list[Problem]) -> None:
    """Append what is wrong with the classes of vehicles as far as case.toml shows by itself."""
    entries = sections.several[SECTION]
    for entry in entries:
        if entry.name == CAR[0].name:
            problems.append(Problem("vehicle_is_car", "case.toml", column=f"{entry.label} name", found=entry.name))
        check_names(entry.head.get("purposes", []), PURPOSES, f"{entry.label} purposes", problems)
        if entry.head.get("purposes") == []:
            problems.append(Problem("empty_list", "case.toml", column=f"{entry.label} purposes"))
        idle = "slower" in entry.given and "extra_min_per_km" not in entry.given
        if idle:
            problems.append(Problem("slower_by_what", "case.toml", column=f"{entry.label} slower"))
    some = [_vehicle(entry) for entry in entries]
    for purpose in PURPOSES:
        takers = [v for v in some if v.takes(purpose)]
        total = sum(v.share for v in takers)
        if total > 1.0 + SLACK:
            names = ", ".join(v.name for v in takers)
            problems.append(
                Problem("vehicle_shares", "case.toml", column=f"[[{SECTION}]] share", found=f"{total:g}",
                        expected=f"{purpose}: {names}")
            )  # fmt: skip
            return


def read_vehicles(sections: Sections, city: City, problems: list[Problem]) -> Vehicles:
    """Return the classes of vehicles of a case; what does not fit its roads and trips is appended to `problems`."""
    entries, found = sections.several[SECTION], []
    if not entries:
        return ()
    for entry in entries:
        closed = _links(entry, "closed", city, problems)
        slower = _links(entry, "slower", city, problems)
        if "slower" not in entry.head and len(city["road_links"]):
            slower = tuple(city["road_links"].index)
        found.append(_vehicle(entry, closed, slower))
    vehicles = tuple(found)
    if city.road is None:
        problems.append(Problem("vehicle_no_roads", "case.toml", column=entries[0].label))
    elif not problems:
        _check_ways(entries, vehicles, city, problems)
    return vehicles


def _vehicle(entry: Entry, closed: tuple[str, ...] = (), slower: tuple[str, ...] = ()) -> Vehicle:
    head = entry.head
    return Vehicle(
        entry.name, float(head.get("pce", 1.0)), tuple(head.get("purposes", ())), float(head.get("share", 1.0)),
        closed, slower, float(head.get("extra_min_per_km", 0.0)),
    )  # fmt: skip


def _links(entry: Entry, key: str, city: City, problems: list[Problem]) -> tuple[str, ...]:
    """Return the ids of the road links that a key picks."""
    if key not in entry.head or city.road is None:
        return ()
    where = f"{entry.label} {key}"
    try:
        table, picked = select(city, entry.head[key])
    except InputError as error:
        problems.append(Problem("plain", "case.toml", column=where, found=str(error)))
        return ()
    if table != "road_links":
        problems.append(Problem("vehicle_not_roads", "case.toml", column=where, found=entry.head[key]))
    return tuple(picked)


def _check_ways(entries: list[Entry], vehicles: Vehicles, city: City, problems: list[Problem]) -> None:
    """Append a problem for each class that nobody drives, or whose trips have no way even on the dry roads."""
    road, trips, zones = city.road, city["trips"], city["zones"]
    assert road is not None  # noqa: S101 - asked by the caller
    if len(trips) == 0:
        return
    for entry, vehicle, kind in zip(entries, vehicles, vehicle_classes(road, vehicles)[1:], strict=True):
        mine = trips[[vehicle.takes(purpose) for purpose in trips["purpose"]]]
        if len(mine) == 0 and set(vehicle.purposes) <= set(PURPOSES):
            known = ", ".join(dict.fromkeys(trips["purpose"]))
            problems.append(
                Problem("vehicle_nobody", "case.toml", column=f"{entry.label} purposes", found=entry.name,
                        expected=known)
            )  # fmt: skip
        if len(mine) == 0 or kind.closed is None:
            continue
        ends = [np.asarray(zones.index.get_indexer(mine[end]), np.int64) for end in ("origin", "destination")]
        way = road.ways(kind.closed, *ends) & road.ways(kind.closed, *ends[::-1])
        if not way.all():
            lost = mine.loc[~way, ["origin", "destination"]].drop_duplicates()
            first = ", ".join(f"{a} → {b}" for a, b in lost[:3].itertuples(index=False))
            found = say("problem.vehicle_pairs", count=len(lost), first=first)
            problems.append(Problem("vehicle_no_way", "case.toml", column=f"{entry.label} closed", found=found))
