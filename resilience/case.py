"""load_case(): a folder becomes a Case, or all its problems are reported at once."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from resilience.agents.commuters import CommuterAgent
from resilience.agents.firms import FirmAgent
from resilience.agents.population import Population, build_population
from resilience.base.clock import read_onset
from resilience.base.errors import CaseError, InputError, Notice, Problem
from resilience.base.plugins import find, names
from resilience.city.city import City
from resilience.city.inputs import Behaviours, Inputs, Operations, Rhythm
from resilience.citytables import TABLES, check_city, check_crs, check_tables, read_tables
from resilience.measures.measure import Measure
from resilience.measures.option import Option
from resilience.metrics.scoring import all_metrics
from resilience.results.record import DO_NOTHING, NO_HAZARD
from resilience.scenario import Ladder, Scenario, Scenarios, Tolerance
from resilience.sections import (
    check_arguments,
    check_names,
    check_sections,
    entries,
    leaves,
    read_toml,
    section,
)

SCENARIO_KEYS = {"name", "hazard", "severity", "onset", "horizon_days", "warning_hours", "return_period_known"}
COST_KEYS = ("capex", "opex_per_year", "life_years", "lead_time_years", "failure_probability")


@dataclass(frozen=True)
class Case:
    """A city with what is to be tested on it, and what may be tried.

    `notices` are effects of the input that a user should know of but that stop nothing, such as zones without a way
    to the roads.
    """

    folder: Path
    inputs: Inputs
    tests: Scenarios
    notices: tuple[Notice, ...] = ()
    illustrative: bool = True
    code: Path | None = None
    files: tuple[Path, ...] = field(default=(), repr=False)

    @property
    def city(self) -> City:
        """The city of the case."""
        return self.inputs.city

    @cached_property
    def not_assessed(self) -> dict[str, list[str]]:
        """Metrics that this city cannot be assessed by, and the tables they lack."""
        found = {name: metric.lacks(self.city.tables) for name, metric in all_metrics().items()}
        return {name: lacks for name, lacks in found.items() if lacks}

    def population(self, root_seed: int) -> Population | None:
        """Return the trip makers, None where the case has no roads or no trips."""
        if not self.city.has("road_links", "road_nodes", "zones", "trips", "purposes"):
            return None
        return build_population(self.city, root_seed)


def load_case(folder: Path | str, *, allow_code: bool = False) -> Case:
    """Return the case in a folder.

    Parameters
    ----------
    folder : holds case.toml, tables named as in the schema, and the files that hazards name
    allow_code : run the case's own Python file where a behaviour or hazard names one

    Raises
    ------
    CaseError
        The folder cannot be used; the error lists every problem found.

    """
    folder = Path(folder)
    problems: list[Problem] = []
    if not folder.is_dir():
        raise CaseError([Problem("missing_folder", str(folder))])
    config = read_toml(folder / "case.toml", problems)
    if problems:
        raise CaseError(problems)
    code = folder if allow_code else None
    head = section(config, "case", problems)
    check_sections(config, problems)
    check_crs(head.get("crs", ""), problems)
    tables = read_tables(folder, problems)
    check_tables(tables, problems)
    if problems:
        raise CaseError(problems)
    for name, table in tables.items():
        tables[name] = table.drop(columns=[c for c in ("row",) if c in table])
    city = City(
        name=head["name"], name_zh=head.get("name_zh") or head["name"], crs=head["crs"], currency=head["currency"],
        price_year=int(head["price_year"]), attribution=head.get("attribution", ""), tables=tables,
    )  # fmt: skip
    notices: list[Notice] = []
    check_city(city, problems, notices)
    hazards = _hazards(config, folder, city, code, problems)
    notices += [n for h in hazards.values() for n in getattr(h, "notices", lambda _: [])(city)]
    inputs = _inputs(config, city, hazards, code, problems)
    tests = _tests(config, inputs, problems)
    if problems:
        raise CaseError(problems)
    files = [folder / "case.toml", *(f for f in (folder / f"{n}.csv" for n in TABLES) if f.is_file())]
    files += _named_files(config, folder)
    return Case(
        folder=folder, inputs=inputs, tests=tests, notices=tuple(notices),
        illustrative=bool(head.get("illustrative", True)), code=code, files=tuple(dict.fromkeys(files)),
    )  # fmt: skip


def _named_files(config: dict[str, Any], folder: Path) -> list[Path]:
    """Return the files of the folder that case.toml names: rasters, hydrographs, code."""
    sections = [*config.get("hazard", []), config.get("behaviour", {})]
    words = [
        v.split(".py:")[0] + ".py" if ".py:" in v else v for s in sections for v in s.values() if isinstance(v, str)
    ]
    return [folder / w for w in words if (folder / w).is_file()]


def _hazards(
    config: dict[str, Any], folder: Path, city: City, code: Path | None, problems: list[Problem]
) -> dict[str, Any]:
    hazards: dict[str, Any] = {}
    for entry in entries(config, "hazard", problems):
        head = section(config, "hazard", problems, entry, extra=True)
        if "name" not in head or "kind" not in head:
            continue
        label = f'[[hazard]] "{head["name"]}"'
        given = {k: v for k, v in entry.items() if k not in ("name", "kind")}
        try:
            kind = find("hazards", head["kind"], code=code)
            outside = [v for v in given.values() if isinstance(v, str) and leaves(folder, v)]
            problems += [Problem("outside_folder", "case.toml", column=label, found=v) for v in outside]
            if check_arguments(kind.read, given, label, problems, skip=("folder", "city")) and not outside:
                hazards[head["name"]] = kind.read(folder, city, **given)
        except CaseError as error:
            problems += error.problems
        except (InputError, TypeError, ValueError) as error:
            problems.append(Problem("plain", "case.toml", column=label, found=str(error)))
    return hazards


def _inputs(
    config: dict[str, Any], city: City, hazards: dict[str, Any], code: Path | None, problems: list[Problem]
) -> Inputs:
    operations = section(config, "operations", problems)
    behaviour = section(config, "behaviour", problems)
    periods = section(config, "periods", problems)
    traffic = section(config, "traffic", problems)
    for key in ("commuters", "firms"):
        if key in behaviour:
            try:
                kind = find("agents", behaviour[key], code=code)
            except InputError as error:
                problems.append(Problem("plain", "case.toml", column=f"[behaviour] {key}", found=str(error)))
                continue
            single = getattr(kind, "one_by_one", kind)
            wrong = FirmAgent if key == "commuters" else CommuterAgent
            if isinstance(single, type) and issubclass(single, wrong):
                column = f"[behaviour] {key}"
                problems.append(
                    Problem("wrong_behaviour", "case.toml", column=column, found=behaviour[key], expected=key)
                )
    if periods.get("morning", 7) >= periods.get("evening", 18):
        found = f"{periods.get('morning')}, {periods.get('evening')}"
        problems.append(Problem("bad_span", "case.toml", column="[periods] morning, evening", found=found))
    return Inputs(
        city=city,
        hazards=hazards,
        operations=Operations(int(operations.get("crews", 4)), operations.get("repair_order", "")),
        behaviours=Behaviours(**behaviour),
        rhythm=Rhythm(
            int(periods.get("morning", 7)), int(periods.get("evening", 18)), float(traffic.get("relative_gap", 1e-3))
        ),
    )


def _tests(config: dict[str, Any], inputs: Inputs, problems: list[Problem]) -> Scenarios:
    scenarios = _scenarios(config, inputs, problems)
    ladders = []
    for entry in entries(config, "ladder", problems):
        head = section(config, "ladder", problems, entry)
        label = f'[[ladder]] "{head.get("name")}"'
        rungs = head.get("scenarios", [])
        check_names(rungs, scenarios, f"{label} scenarios", problems)
        steps = [scenarios[r].severity for r in rungs if r in scenarios]
        for lower, upper in itertools.pairwise(steps):
            if set(lower) != set(upper) or any(upper[k] < lower[k] for k in lower):
                problems.append(Problem("not_a_ladder", "case.toml", column=label, found=f"{lower} > {upper}"))
        ladders.append(Ladder(head.get("name", ""), tuple(rungs)))
    measures = _measures(config, inputs, problems)
    options = {DO_NOTHING: Option(DO_NOTHING)}
    for entry in entries(config, "option", problems):
        head = section(config, "option", problems, entry)
        label = f'[[option]] "{head.get("name")}" measures'
        if _bad_name(head.get("name", "")):
            problems.append(Problem("bad_name", "case.toml", column="[[option]] name", found=head.get("name", "")))
        wanted = head.get("measures", [])
        check_names(wanted, measures, label, problems)
        if head.get("name") == DO_NOTHING and wanted:
            problems.append(Problem("do_nothing", "case.toml", column=label))
        options[head.get("name", "")] = Option(
            head.get("name", ""), tuple(measures[m] for m in wanted if m in measures)
        )
    return Scenarios(scenarios, tuple(ladders), options, _tolerances(config, problems))


def _bad_name(name: str) -> bool:
    """Return whether a name cannot be part of a file's name."""
    return name.startswith(NO_HAZARD) or any(c in name for c in '/\\:*?"<>|\n') or name in (".", "..") or "--" in name


def _scenarios(config: dict[str, Any], inputs: Inputs, problems: list[Problem]) -> dict[str, Scenario]:
    found: dict[str, Scenario] = {}
    for entry in entries(config, "scenario", problems):
        head = section(config, "scenario", problems, entry)
        label = f'[[scenario]] "{head.get("name")}"'
        if not set(head) >= SCENARIO_KEYS:
            continue
        if not head["hazard"]:
            problems.append(Problem("empty_list", "case.toml", column=f"{label} hazard"))
        if _bad_name(head["name"]):
            problems.append(Problem("bad_name", "case.toml", column=label, found=head["name"]))
            continue
        given = head["severity"]
        severity = given if isinstance(given, dict) else dict.fromkeys(head["hazard"], given)
        declared = [str(h.get("name")) for h in config.get("hazard", []) if isinstance(h, dict)]
        check_names(head["hazard"], declared, f"{label} hazard", problems)
        if set(severity) != set(head["hazard"]):
            expected = ", ".join(head["hazard"])
            problems.append(
                Problem("severity_names", "case.toml", column=label, found=", ".join(severity), expected=expected)
            )
        for name, value in severity.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
                column = f"{label} severity"
                problems.append(Problem("wrong_type", "case.toml", column=column, found=repr(value), expected="number"))
            elif name in inputs.hazards:
                faults = inputs.hazards[name].check_severity(float(value))
                problems += [Problem("plain", "case.toml", column=f"{label} severity", found=f) for f in faults]
        try:
            onset = read_onset(head["onset"])
        except InputError as error:
            problems.append(Problem("plain", "case.toml", column=f"{label} onset", found=str(error)))
            continue
        years = head.get("return_period_years")
        found[head["name"]] = Scenario(
            name=head["name"],
            severity={k: float(v) for k, v in severity.items() if isinstance(v, int | float)},
            onset=onset,
            horizon_days=int(head["horizon_days"]),
            warning_hours=float(head["warning_hours"]),
            return_period_years=None if years is None else float(years),
            return_period_known=head["return_period_known"],
        )
    if not found and not problems:
        problems.append(Problem("no_scenarios", "case.toml"))
    return found


def _measures(config: dict[str, Any], inputs: Inputs, problems: list[Problem]) -> dict[str, Measure]:
    found: dict[str, Measure] = {}
    for entry in entries(config, "measure", problems):
        head = section(config, "measure", problems, entry, extra=True)
        label = f'[[measure]] "{head.get("name")}"'
        if "name" not in head or "kind" not in head:
            continue
        try:
            kind = find("measures", head["kind"])
            known = [f.name for f in fields(kind)]
            given = {k: v for k, v in entry.items() if k in known or k not in ("name", "kind", *COST_KEYS)}
            if not check_arguments(kind, given, label, problems):
                continue
            measure = kind(**given)
            measure.apply(inputs)
        except (InputError, TypeError, ValueError) as error:
            problems.append(Problem("plain", "case.toml", column=label, found=str(error)))
            continue
        costs = {k: float(head[k]) for k in COST_KEYS if k in head}
        found[head["name"]] = Measure(head["name"], head["kind"], measure, **costs)
    return found


def _tolerances(config: dict[str, Any], problems: list[Problem]) -> tuple[Tolerance, ...]:
    found: list[Tolerance] = []
    metrics = all_metrics()
    for entry in entries(config, "tolerance", problems):
        head = section(config, "tolerance", problems, entry)
        if not {"metric", "T1", "T2", "T3", "hours", "must"} <= set(head):
            continue
        if any(t.metric == head["metric"] for t in found):
            problems.append(Problem("twice", "case.toml", column="[[tolerance]] metric", found=head["metric"]))
            continue
        label = f'[[tolerance]] "{head["metric"]}"'
        check_names([head["metric"]], metrics, label, problems, "unknown_name")
        if head["metric"] in metrics:
            sign = 1 if metrics[head["metric"]].better == "lower" else -1
            limits = [sign * float(head[t]) for t in ("T1", "T2", "T3")]
            if limits != sorted(limits):
                better = metrics[head["metric"]].better
                text = f"{head['T1']}, {head['T2']}, {head['T3']}"
                problems.append(Problem("limits_order", "case.toml", column=label, found=text, expected=better))
        limits_of = {t: float(head[t]) for t in ("T1", "T2", "T3", "hours")}
        found.append(Tolerance(metric=head["metric"], must=bool(head["must"]), **limits_of))
    return tuple(found)


def list_extensions(room: str) -> list[str]:
    """Return the registered names of a room, for `resilience list`."""
    if room == "metrics":
        return list(all_metrics())
    return names(room)
