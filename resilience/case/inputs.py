"""What is given: the hazards of a case, its operations, behaviours and the rhythm of its days."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resilience.agents.behaviour import behaviour_kind, one_by_one
from resilience.agents.commuters import CommuterAgent
from resilience.agents.firms import FirmAgent
from resilience.base.contract import Extension
from resilience.base.defaults import default
from resilience.base.errors import CaseError, InputError, Problem
from resilience.base.plugins import find
from resilience.case.sections import Entry, Sections, check_arguments, leaves
from resilience.case.vehicles import check_vehicles
from resilience.city.inputs import Behaviours, Inputs, Operations, Rhythm
from resilience.hazards.hazard import Hazard, hazard_kind

if TYPE_CHECKING:
    from resilience.city.city import City
    from resilience.city.vehicles import Vehicles

PROFILES = ("out_profile", "back_profile")
SUM_SLACK = 1e-6  # by which the shares of a profile may miss 1 from rounding
DATA_FILES = (".csv", ".tif", ".tiff", ".nc", ".gpkg", ".shp", ".json", ".geojson", ".parquet", ".txt")


@dataclass(frozen=True)
class Declared:
    """A hazard as case.toml declares it: its class is known and its keys fit, its files are not read yet."""

    entry: Entry
    kind: type[Hazard]
    given: dict[str, Any]


def declared_hazards(sections: Sections, folder: Path, code: Path | None, problems: list[Problem]) -> list[Declared]:
    """Return the hazards whose sections can be used; faults are appended to `problems`."""
    found = []
    for entry in sections.several["hazard"]:
        if "name" not in entry.head or "kind" not in entry.head:
            continue
        given = {k: v for k, v in entry.given.items() if k not in ("name", "kind")}
        try:
            kind = hazard_kind(entry.head["kind"], find("hazards", entry.head["kind"], code=code))
        except InputError as error:
            problems.append(Problem("plain", "case.toml", column=entry.label, found=str(error)))
            continue
        outside = [v for v in given.values() if isinstance(v, str) and leaves(folder, v)]
        problems += [Problem("outside_folder", "case.toml", column=entry.label, found=v) for v in outside]
        if check_arguments(_parameters(kind), given, entry.label, problems, skip=("folder", "city")) and not outside:
            found.append(Declared(entry, kind, given))
    return found


def _parameters(kind: type[Hazard]) -> Any:
    """Return the function whose parameters are the keys of the section: `read`, or the class where read takes any."""
    takes = inspect.signature(kind.read).parameters.values()
    return kind if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in takes) else kind.read


def missing_files(declared: list[Declared], folder: Path) -> list[Problem]:
    """Return a problem for each file of data that a hazard names and the folder lacks."""
    words = [v for d in declared for v in d.given.values() if isinstance(v, str)]
    names = [v for v in words if Path(v).suffix.lower() in DATA_FILES and not (folder / v).is_file()]
    return [Problem("missing_file", name, found=str(folder / name)) for name in names]


def read_hazards(declared: list[Declared], folder: Path, city: City, problems: list[Problem]) -> dict[str, Hazard]:
    """Return the hazards of a case by name, their files read; faults are appended to `problems`."""
    hazards: dict[str, Hazard] = {}
    for one in declared:
        label, extension = one.entry.label, Extension("hazards", one.entry.head["kind"])
        try:
            with extension.calling("read"):
                hazard = one.kind.read(folder, city, **one.given)
            if not isinstance(hazard, Hazard):
                raise extension.wrong("read", hazard, one.kind.__name__)
            hazards[one.entry.name] = hazard
        except CaseError as error:
            own = [p.file == "case.toml" and not str(p.column).startswith("[") for p in error.problems]
            problems += [
                replace(p, column=f"{label} {p.column or ''}".strip()) if mine else p
                for p, mine in zip(error.problems, own, strict=True)
            ]
        except InputError as error:
            problems.append(Problem("plain", "case.toml", column=label, found=str(error)))
    return hazards


def check_inputs(sections: Sections, code: Path | None, problems: list[Problem]) -> None:
    """Append what is wrong with the behaviours and periods that case.toml names."""
    behaviour, periods = sections.single["behaviour"], sections.single["periods"]
    for key in ("commuters", "firms"):
        if key not in behaviour:
            continue
        column = f"[behaviour] {key}"
        try:
            single = one_by_one(behaviour_kind(behaviour[key], find("agents", behaviour[key], code=code)))
        except InputError as error:
            problems.append(Problem("plain", "case.toml", column=column, found=str(error)))
            continue
        wrong = FirmAgent if key == "commuters" else CommuterAgent
        if single is not None and issubclass(single, wrong):
            problems.append(Problem("wrong_behaviour", "case.toml", column=column, found=behaviour[key], expected=key))
    _check_route_choice(sections.single["traffic"], problems)
    _check_elastic(sections, problems)
    _check_profiles(sections, problems)
    check_vehicles(sections, problems)
    if periods.get("morning", 7) >= periods.get("evening", 18):
        found = f"{periods.get('morning')}, {periods.get('evening')}"
        problems.append(Problem("bad_span", "case.toml", column="[periods] morning, evening", found=found))


def _check_route_choice(traffic: dict[str, Any], problems: list[Problem]) -> None:
    """Append what is wrong with the keys of a logit: theta is needed for one, and of no use without."""
    logit = traffic.get("route_choice") == "logit"
    if logit and "logit_theta" not in traffic:
        problems.append(Problem("logit_without_theta", "case.toml", column="[traffic] logit_theta"))
    idle = [key for key in ("logit_theta", "logit_ways") if key in traffic and not logit]
    problems += [Problem("only_with_logit", "case.toml", column=f"[traffic] {key}", found=key) for key in idle]


def _check_elastic(sections: Sections, problems: list[Problem]) -> None:
    """Append what does not go together with elastic demand, and its theta where demand is fixed."""
    traffic, commuters = sections.single["traffic"], sections.single["behaviour"].get("commuters")
    if traffic.get("demand") != "elastic":
        if "elastic_theta" in traffic:
            problems.append(Problem("only_with_elastic", "case.toml", column="[traffic] elastic_theta"))
        return
    if traffic.get("route_choice") == "logit":
        problems.append(Problem("elastic_logit", "case.toml", column="[traffic] demand"))
    if commuters == "stubborn-commuter":
        problems.append(Problem("elastic_stubborn", "case.toml", column="[behaviour] commuters", found=commuters))


def _check_profiles(sections: Sections, problems: list[Problem]) -> None:
    """Append what is wrong with the profiles of periods, and what does not go together with them."""
    periods, traffic = sections.single["periods"], sections.single["traffic"]
    given = [key for key in PROFILES if key in periods]
    if not given:
        if "slice_minutes" in periods:
            problems.append(Problem("only_with_profile", "case.toml", column="[periods] slice_minutes"))
        return
    morning, evening = periods.get("morning", 7), periods.get("evening", 18)
    there = {"out_profile": evening - morning, "back_profile": 24 + morning - evening}
    minutes = periods.get("slice_minutes", default("traffic.slice_minutes"))
    for key in given:
        column, shares = f"[periods] {key}", periods[key]
        if not shares or min(shares) < 0 or abs(sum(shares) - 1.0) > SUM_SLACK:
            found = ", ".join(f"{share:g}" for share in shares)
            problems.append(
                Problem("bad_profile", "case.toml", column=column, found=found, expected=f"{sum(shares):g}")
            )
        elif len(shares) * minutes > 60 * there[key] > 0:
            hours, most = f"{len(shares) * minutes / 60:g}", f"{there[key]:g}"
            problems.append(Problem("long_profile", "case.toml", column=column, found=hours, expected=most))
    for key, value in (("route_choice", "logit"), ("demand", "elastic")):
        if traffic.get(key) == value:
            words = f'{key} = "{value}"'
            problems.append(Problem("profile_with_what", "case.toml", column=f"[periods] {given[0]}", found=words))


def read_inputs(sections: Sections, city: City, hazards: dict[str, Hazard], vehicles: Vehicles) -> Inputs:
    """Return the inputs of a case."""
    operations, periods, traffic = (sections.single[name] for name in ("operations", "periods", "traffic"))
    elastic = traffic.get("demand") == "elastic"
    return Inputs(
        city=city,
        hazards=hazards,
        operations=Operations(int(operations.get("crews", 4)), operations.get("repair_order", "")),
        behaviours=Behaviours(**sections.single["behaviour"]),
        rhythm=Rhythm(
            morning=int(periods.get("morning", 7)),
            evening=int(periods.get("evening", 18)),
            relative_gap=float(traffic.get("relative_gap", 1e-5)),
            logit_theta=traffic.get("logit_theta"),
            logit_ways=traffic.get("logit_ways", "link"),
            elastic_theta=float(traffic.get("elastic_theta", default("traffic.elastic_theta"))) if elastic else None,
            out_profile=tuple(map(float, periods.get("out_profile", ()))),
            back_profile=tuple(map(float, periods.get("back_profile", ()))),
            slice_minutes=float(periods.get("slice_minutes", default("traffic.slice_minutes"))),
        ),
        vehicles=vehicles,
    )  # fmt: skip
