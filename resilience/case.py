"""load_case(): a folder becomes a Case, or all its problems are reported at once."""

from __future__ import annotations

import difflib
import inspect
import itertools
import tomllib
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pyproj import CRS
from pyproj.exceptions import CRSError

from resilience.agents.commuters import CommuterAgent
from resilience.agents.firms import FirmAgent
from resilience.agents.population import Population, build_population
from resilience.city import City
from resilience.errors import CaseError, InputError, Problem, near
from resilience.inputs import Behaviours, Inputs, Operations, Rhythm
from resilience.metrics.scoring import all_metrics
from resilience.plugins import find, names
from resilience.scenario import (
    DO_NOTHING,
    NO_HAZARD,
    Ladder,
    Measure,
    Option,
    Scenario,
    Scenarios,
    Tolerance,
    read_onset,
)
from resilience.tables import case_schema, check_refs, read_table, schema, schema_names
from resilience.text import say

if TYPE_CHECKING:
    from collections.abc import Iterable

TABLES = [name for name in schema_names() if name != "hydrograph"]
LAYER_OF = {
    "road_nodes": "road", "road_links": "road", "power_nodes": "power", "power_links": "power", "zones": "zone",
    "facilities": "facility", "firms": "firm", "supply_links": "supply",
}  # fmt: skip
SCENARIO_KEYS = {"name", "hazard", "severity", "onset", "horizon_days", "warning_hours", "return_period_known"}
PARAMETER_TYPES = {"float": "number", "int": "integer", "str": "text", "list[str] | None": "list", "bool": "boolean"}
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
    notices: tuple[str, ...] = ()
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
    config = _read_toml(folder / "case.toml", problems)
    if problems:
        raise CaseError(problems)
    code = folder if allow_code else None
    head = _section(config, "case", problems)
    _unknown_sections(config, problems)
    _check_crs(head.get("crs", ""), problems)
    tables = _read_tables(folder, problems)
    _check_tables(tables, problems)
    if problems:
        raise CaseError(problems)
    for name, table in tables.items():
        tables[name] = table.drop(columns=[c for c in ("row",) if c in table])
    city = City(
        name=head["name"], name_zh=head.get("name_zh") or head["name"], crs=head["crs"], currency=head["currency"],
        price_year=int(head["price_year"]), attribution=head.get("attribution", ""), tables=tables,
    )  # fmt: skip
    notices: list[str] = []
    _check_city(city, problems, notices)
    hazards = _hazards(config, folder, city, code, problems)
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


# ------------------------------------------------------------------------------------------------ case.toml


def _read_toml(path: Path, problems: list[Problem]) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        problems.append(Problem("missing_file", "case.toml", found=str(path)))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        problems.append(Problem("unreadable", "case.toml", found=str(error)))
    return {}


def _rules(section: str) -> pd.DataFrame:
    rules = case_schema()
    return rules[rules["section"] == section].set_index("key")


def _unknown_sections(config: dict[str, Any], problems: list[Problem]) -> None:
    known = case_schema()["section"].unique()
    strange = [name for name in config if name not in known]
    problems += [Problem("unknown_section", "case.toml", found=n, expected=near(n, known)) for n in strange]


def _section(
    config: dict[str, Any], name: str, problems: list[Problem], given: Any = None, *, extra: bool = False
) -> dict[str, Any]:
    """Return a section with its defaults, checked against the schema; with `extra`, unknown keys are left alone."""
    rules = _rules(name)
    raw = config.get(name, {}) if given is None else given
    label = f"[{name}]"
    if not isinstance(raw, dict):
        problems.append(Problem("not_a_section", "case.toml", column=label))
        return {}
    if given is not None and isinstance(raw.get("name"), str):
        label = f'[[{name}]] "{raw["name"]}"'
    result: dict[str, Any] = {}
    for key, value in raw.items():
        if key not in rules.index:
            if not extra:
                expected = near(key, rules.index)
                problems.append(Problem("unknown_key", "case.toml", column=label, found=key, expected=expected))
            continue
        if _fits(value, rules.loc[key], label, key, problems):
            result[key] = value
    for key in rules.index:
        if key in raw:
            continue
        if rules.at[key, "required"] == "yes":
            problems.append(Problem("missing_key", "case.toml", column=label, found=str(key)))
        elif rules.at[key, "default"] != "":
            result[str(key)] = _default(rules.loc[key])
    return result


def _default(rule: pd.Series) -> Any:
    text, kind = rule["default"], rule["type"]
    if kind == "integer":
        return int(text)
    if kind == "number":
        return float(text)
    return text == "1" if kind == "boolean" else text


def _fits(value: Any, rule: pd.Series, label: str, key: str, problems: list[Problem]) -> bool:
    kind = rule["type"]
    where = f"{label} {key}"
    if not _is_of_type(value, kind):
        problems.append(Problem("wrong_type", "case.toml", column=where, found=repr(value), expected=kind))
        return False
    if kind == "choice" and value not in rule["choices"].split("|"):
        expected = near(value, rule["choices"].split("|"))
        problems.append(Problem("not_a_choice", "case.toml", column=where, found=value, expected=expected))
        return False
    if kind in ("number", "integer"):
        least, most = rule["least"], rule["most"]
        if least.startswith(">") and value <= float(least[1:]):
            problems.append(
                Problem("too_small", "case.toml", column=where, found=str(value), expected=f"> {least[1:]}")
            )
            return False
        if least and not least.startswith(">") and value < float(least):
            problems.append(Problem("too_small", "case.toml", column=where, found=str(value), expected=f">= {least}"))
            return False
        if most and value > float(most):
            problems.append(Problem("too_large", "case.toml", column=where, found=str(value), expected=f"<= {most}"))
            return False
    return True


def _is_of_type(value: Any, kind: str) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool) and bool(np.isfinite(value))
    return {
        "text": isinstance(value, str) and value.strip() != "",
        "choice": isinstance(value, str),
        "number": number,
        "integer": number and float(value).is_integer(),
        "boolean": isinstance(value, bool),
        "list": isinstance(value, list) and all(isinstance(v, str) for v in value),
        "any": True,
    }[kind]


def _entries(config: dict[str, Any], name: str, problems: list[Problem]) -> list[dict[str, Any]]:
    """Return the [[name]] entries of case.toml, names checked to be unique."""
    raw = config.get(name, [])
    if not isinstance(raw, list) or not all(isinstance(entry, dict) for entry in raw):
        problems.append(Problem("not_a_list", "case.toml", column=f"[[{name}]]"))
        return []
    seen: set[str] = set()
    for entry in raw:
        label = entry.get("name")
        if isinstance(label, str) and label in seen:
            problems.append(Problem("duplicate_id", "case.toml", column=f"[[{name}]] name", found=label))
        seen.add(str(label))
    return raw


def _hazards(
    config: dict[str, Any], folder: Path, city: City, code: Path | None, problems: list[Problem]
) -> dict[str, Any]:
    hazards: dict[str, Any] = {}
    for entry in _entries(config, "hazard", problems):
        head = _section(config, "hazard", problems, entry, extra=True)
        if "name" not in head or "kind" not in head:
            continue
        label = f'[[hazard]] "{head["name"]}"'
        given = {k: v for k, v in entry.items() if k not in ("name", "kind")}
        try:
            kind = find("hazards", head["kind"], code=code)
            outside = [v for v in given.values() if isinstance(v, str) and _leaves(folder, v)]
            problems += [Problem("outside_folder", "case.toml", column=label, found=v) for v in outside]
            if _check_arguments(kind.read, given, label, problems, skip=("folder", "city")) and not outside:
                hazards[head["name"]] = kind.read(folder, city, **given)
        except CaseError as error:
            problems += error.problems
        except (InputError, TypeError, ValueError) as error:
            problems.append(Problem("plain", "case.toml", column=label, found=str(error)))
    return hazards


def _leaves(folder: Path, name: str) -> bool:
    """Return whether a word names a file outside the folder of the case."""
    try:
        path = (folder / name).resolve()
        return path.is_file() and not path.is_relative_to(folder.resolve())
    except (OSError, ValueError):
        return False


def _check_arguments(
    function: Any, given: dict[str, Any], label: str, problems: list[Problem], skip: tuple[str, ...] = ()
) -> bool:
    """Return whether a section fits the parameters of a plugin; faults are appended to `problems`."""
    before = len(problems)
    known = {n: p for n, p in inspect.signature(function).parameters.items() if n not in skip}
    strange = [key for key in given if key not in known]
    problems += [Problem("unknown_key", "case.toml", column=label, found=k, expected=near(k, known)) for k in strange]
    for name, parameter in known.items():
        if name not in given:
            if parameter.default is inspect.Parameter.empty:
                problems.append(Problem("missing_key", "case.toml", column=label, found=name))
            continue
        kind = PARAMETER_TYPES.get(str(getattr(parameter.annotation, "__name__", parameter.annotation)))
        if kind is not None and not _is_of_type(given[name], kind):
            where = f"{label} {name}"
            problems.append(Problem("wrong_type", "case.toml", column=where, found=repr(given[name]), expected=kind))
    return len(problems) == before


def _inputs(
    config: dict[str, Any], city: City, hazards: dict[str, Any], code: Path | None, problems: list[Problem]
) -> Inputs:
    operations = _section(config, "operations", problems)
    behaviour = _section(config, "behaviour", problems)
    periods = _section(config, "periods", problems)
    traffic = _section(config, "traffic", problems)
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
    for entry in _entries(config, "ladder", problems):
        head = _section(config, "ladder", problems, entry)
        label = f'[[ladder]] "{head.get("name")}"'
        rungs = head.get("scenarios", [])
        _known_names(rungs, scenarios, f"{label} scenarios", problems)
        steps = [scenarios[r].severity for r in rungs if r in scenarios]
        for lower, upper in itertools.pairwise(steps):
            if set(lower) != set(upper) or any(upper[k] < lower[k] for k in lower):
                problems.append(Problem("not_a_ladder", "case.toml", column=label, found=f"{lower} > {upper}"))
        ladders.append(Ladder(head.get("name", ""), tuple(rungs)))
    measures = _measures(config, inputs, problems)
    options = {DO_NOTHING: Option(DO_NOTHING)}
    for entry in _entries(config, "option", problems):
        head = _section(config, "option", problems, entry)
        label = f'[[option]] "{head.get("name")}" measures'
        if _bad_name(head.get("name", "")):
            problems.append(Problem("bad_name", "case.toml", column="[[option]] name", found=head.get("name", "")))
        wanted = head.get("measures", [])
        _known_names(wanted, measures, label, problems)
        if head.get("name") == DO_NOTHING and wanted:
            problems.append(Problem("do_nothing", "case.toml", column=label))
        options[head.get("name", "")] = Option(
            head.get("name", ""), tuple(measures[m] for m in wanted if m in measures)
        )
    return Scenarios(scenarios, tuple(ladders), options, _tolerances(config, problems))


def _bad_name(name: str) -> bool:
    """Return whether a name cannot be part of a file's name."""
    return name.startswith(NO_HAZARD) or any(c in name for c in '/\\:*?"<>|\n') or name in (".", "..")


def _known_names(
    wanted: Iterable[str], known: Iterable[str], label: str, problems: list[Problem], key: str = "unknown_name"
) -> None:
    names_known = list(known)
    strange = [name for name in wanted if name not in names_known]
    problems += [Problem(key, "case.toml", column=label, found=n, expected=near(n, names_known)) for n in strange]


def _scenarios(config: dict[str, Any], inputs: Inputs, problems: list[Problem]) -> dict[str, Scenario]:
    found: dict[str, Scenario] = {}
    for entry in _entries(config, "scenario", problems):
        head = _section(config, "scenario", problems, entry)
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
        _known_names(head["hazard"], declared, f"{label} hazard", problems)
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
    for entry in _entries(config, "measure", problems):
        head = _section(config, "measure", problems, entry, extra=True)
        label = f'[[measure]] "{head.get("name")}"'
        if "name" not in head or "kind" not in head:
            continue
        try:
            kind = find("measures", head["kind"])
            known = [f.name for f in fields(kind)]
            given = {k: v for k, v in entry.items() if k in known or k not in ("name", "kind", *COST_KEYS)}
            if not _check_arguments(kind, given, label, problems):
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
    for entry in _entries(config, "tolerance", problems):
        head = _section(config, "tolerance", problems, entry)
        if not {"metric", "T1", "T2", "T3", "hours", "must"} <= set(head):
            continue
        if any(t.metric == head["metric"] for t in found):
            problems.append(Problem("twice", "case.toml", column="[[tolerance]] metric", found=head["metric"]))
            continue
        label = f'[[tolerance]] "{head["metric"]}"'
        _known_names([head["metric"]], metrics, label, problems, "unknown_name")
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


# ------------------------------------------------------------------------------------------------ tables


def _check_crs(text: str, problems: list[Problem]) -> None:
    if not text:
        return
    try:
        crs = CRS.from_user_input(text)
    except CRSError:
        problems.append(Problem("bad_crs", "case.toml", column="[case] crs", found=text))
        return
    if not crs.is_projected or crs.axis_info[0].unit_name != "metre":
        problems.append(Problem("bad_crs", "case.toml", column="[case] crs", found=text))


def _read_tables(folder: Path, problems: list[Problem]) -> dict[str, pd.DataFrame]:
    """Return all tables; an absent or unreadable one is an empty frame with the columns of its schema."""
    tables: dict[str, pd.DataFrame] = {}
    for name in TABLES:
        path = folder / f"{name}.csv"
        found = read_table(path, name, problems, shown=f"{name}.csv") if path.is_file() else None
        if found is None:
            found = pd.DataFrame({c: _empty(schema(name).at[c, "type"]) for c in schema(name).index})
            found["row"] = np.zeros(0, int)
            found.attrs["unreadable"] = path.is_file()
        tables[name] = found
    for stray in sorted(folder.glob("*.csv")):
        meant = difflib.get_close_matches(stray.stem, TABLES, n=1, cutoff=0.8)
        if stray.stem not in TABLES and meant and not (folder / f"{meant[0]}.csv").is_file():
            problems.append(Problem("unknown_table", stray.name, found=stray.name, expected=f"{meant[0]}.csv"))
    for layer in ("road", "power"):
        nodes, links = tables[f"{layer}_nodes"], tables[f"{layer}_links"]
        twice = links[links["id"].isin(nodes["id"])]
        problems += [
            Problem("duplicate_id", f"{layer}_links.csv", int(r), "id", i)
            for r, i in zip(twice["row"], twice["id"], strict=True)
        ]
    return tables


def _empty(kind: str) -> pd.Series:
    if kind in ("number", "integer"):
        return pd.Series(dtype=float)
    return pd.Series(dtype=bool if kind == "boolean" else object)


def _check_tables(tables: dict[str, pd.DataFrame], problems: list[Problem]) -> None:
    """Check references between tables, make ids global, index the tables by them."""
    for name, table in tables.items():
        rules = schema(name)
        for column in rules.index[rules["type"] == "ref"]:
            target = rules.at[column, "refers"]
            if tables[target].attrs.get("unreadable"):
                continue
            ids = pd.Index(tables[target]["id"])
            check_refs(table, f"{name}.csv", str(column), ids, f"{target}.csv", problems)
    if not any(table.attrs.get("unreadable") for table in tables.values()):
        _check_rows(tables, problems)
    if problems:
        return
    for name, table in tables.items():
        rules = schema(name)
        for column in rules.index[rules["type"] == "ref"]:
            prefix = LAYER_OF.get(rules.at[column, "refers"])
            if prefix and len(table):
                table[column] = prefix + ":" + table[column]
        if "id" in table:
            prefix = LAYER_OF.get(name)
            table.index = pd.Index((prefix + ":" + table["id"]) if prefix and len(table) else table["id"], name="id")
            tables[name] = table.drop(columns="id")
        if "name" in table and len(table):
            tables[name]["name"] = tables[name]["name"].astype(str)


def _check_rows(tables: dict[str, pd.DataFrame], problems: list[Problem]) -> None:
    links = tables["road_links"]
    for row, link in links.loc[links["from_node"] == links["to_node"], ["row", "from_node"]].itertuples(index=False):
        problems.append(Problem("self_loop", "road_links.csv", int(row), "to_node", str(link)))
    trips = tables["trips"]
    same = trips[trips["origin"] == trips["destination"]]
    problems += [
        Problem("within_zone", "trips.csv", int(r), "destination", o)
        for r, o in zip(same["row"][:20], same["origin"][:20], strict=True)
    ]
    again = trips[trips.duplicated(["origin", "destination", "purpose", "mode"])]
    problems += [
        Problem("duplicate_trips", "trips.csv", int(r), "origin", o)
        for r, o in zip(again["row"][:20], again["origin"][:20], strict=True)
    ]
    attached = set(tables["connectors"]["zone"])
    for column in ("origin", "destination"):
        loose = trips[~trips[column].isin(attached) & trips[column].isin(tables["zones"]["id"])]
        problems += [
            Problem("no_connector", "trips.csv", int(r), column, o)
            for r, o in zip(loose["row"][:20], loose[column][:20], strict=True)
        ]
    rows = tables["dependencies"]
    twice = rows[rows.duplicated(["supplier", "consumer", "service"])]
    problems += [
        Problem("unused_row", "dependencies.csv", int(r), "consumer", c)
        for r, c in zip(twice["row"], twice["consumer"], strict=True)
    ]
    mixed = rows[rows.groupby(["consumer", "service"])["rule"].transform("nunique") > 1] if len(rows) else rows
    problems += [
        Problem("mixed_rule", "dependencies.csv", int(r), "rule", c)
        for r, c in zip(mixed["row"][:20], mixed["consumer"][:20], strict=True)
    ]
    hours = tables["sectors"]
    late = hours[hours["closes_hour"] <= hours["opens_hour"]]
    problems += [Problem("bad_span", "sectors.csv", int(r), "closes_hour") for r in late["row"]]


def _check_city(city: City, problems: list[Problem], notices: list[str]) -> None:
    rows = city["dependencies"]
    components = city.components
    for column in ("supplier", "consumer"):
        bad = rows[~rows[column].isin(components)]
        for position, name in list(bad[column].items())[:20]:
            same_layer = [c for c in components if c.startswith(str(name).split(":")[0] + ":")] or list(components)
            problems.append(
                Problem("unknown_component", "dependencies.csv", int(str(position)) + 2, column, str(name),
                        near(str(name), same_layer))
            )  # fmt: skip
    own = rows[rows["supplier"] == rows["consumer"]]
    problems += [
        Problem("unused_row", "dependencies.csv", int(str(p)) + 2, "supplier", str(n))
        for p, n in own["supplier"].items()
    ]
    if problems:
        return
    wrong = rows[(rows["service"] == "power") & ~rows["supplier"].str.startswith("power:")] if len(rows) else rows
    problems += [
        Problem("wrong_supplier", "dependencies.csv", int(str(p)) + 2, "supplier", str(n))
        for p, n in wrong["supplier"].items()
    ]
    supply = city.supply
    if supply is not None:
        short = np.flatnonzero(supply.final < -1e-6 * supply.output)
        problems += [
            Problem("oversold", "supply_links.csv", column="flow_per_day", found=str(city["firms"].index[i]),
                    expected=f"{supply.output[i]:g}")
            for i in short[:20]
        ]  # fmt: skip
    power = city.power
    if power is not None:
        nodes = power.network.nodes
        if not (nodes["kind"] == "source").any():
            problems.append(Problem("no_source", "power_nodes.csv", column="kind"))
        else:
            on = power.supplied(np.ones(power.size, np.bool_), np.ones(len(power.tail), np.bool_))
            problems += [
                Problem("not_supplied", "power_nodes.csv", column="id", found=str(nodes.index[i]))
                for i in np.flatnonzero(~on)[:20]
            ]
    _check_roads(city, problems, notices)
    zones = city["zones"]
    if len(zones) and zones["people"].sum() == 0:
        notices.append(say("notice.no_people"))
    if len(city["road_links"]) and len(city["trips"]) == 0:
        notices.append(say("notice.no_trips"))


def _check_roads(city: City, problems: list[Problem], notices: list[str]) -> None:
    road = city.road
    if road is None:
        return
    zones, trips = city["zones"], city["trips"]
    loose = zones.index[~road.connected & ((zones["people"] > 0) | (zones["jobs"] > 0)).to_numpy()]
    if len(loose):
        people = zones.loc[loose, "people"].sum()
        notices.append(say("notice.loose_zones", count=len(loose), people=f"{people:,.0f}", first=", ".join(loose[:3])))
    if len(trips) == 0:
        return
    main = road.largest_part(np.zeros(len(road.graph.tail), np.bool_))[road.zone_node]
    for column in ("origin", "destination"):
        number = zones.index.get_indexer(trips[column])
        for position in np.flatnonzero(~main[number])[:20]:
            name = trips[column].iloc[position].removeprefix("zone:")
            problems.append(Problem("unreachable_zone", "trips.csv", int(position) + 2, column, name))


def list_extensions(room: str) -> list[str]:
    """Return the registered names of a room, for `resilience list`."""
    if room == "metrics":
        return list(all_metrics())
    return names(room)
