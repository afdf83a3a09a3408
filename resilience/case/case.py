"""load_case(): a folder becomes a Case, or all its problems are reported at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from resilience.agents.population import Population, population_memory, population_of
from resilience.base.contract import Extension
from resilience.base.errors import CaseError, InputError, Notice, Problem, some
from resilience.base.kept import digest_of, keep, kept_path, read_arrays
from resilience.base.memory import available_memory
from resilience.base.plugins import check_extensions
from resilience.base.text import say
from resilience.case.coordinates import check_coordinates
from resilience.case.inputs import check_inputs, declared_hazards, missing_files, read_hazards, read_inputs
from resilience.case.kept_tables import all_plain, arrays_of, digest_of_tables, tables_of
from resilience.case.lines import with_lines
from resilience.case.sections import read_sections, read_toml
from resilience.case.tables import check_city, check_crs, check_tables, read_tables
from resilience.case.trials import Trials, check_trials, read_trials
from resilience.case.vehicles import read_vehicles
from resilience.city.city import City
from resilience.hazards.hazard import Load
from resilience.metrics.scoring import all_metrics
from resilience.networks.layer import tables as tables_of_a_case

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from resilience.case.scenario import Ladder, Scenario, Tolerance
    from resilience.city.inputs import Inputs
    from resilience.hazards.hazard import Hazard
    from resilience.measures.option import Option

    Told = tuple[list[Problem], list[Notice]]


@dataclass(frozen=True)
class Case:
    """A city with what is to be tested on it, and what may be tried.

    `notices` are effects of the input that a user should know of but that stop nothing, such as zones without a way
    to the roads.
    """

    folder: Path
    inputs: Inputs
    scenarios: dict[str, Scenario]
    ladders: tuple[Ladder, ...] = ()
    options: dict[str, Option] = field(default_factory=dict)
    tolerances: tuple[Tolerance, ...] = ()
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

    def memory_needed(self) -> float:
        """Return about how much memory the trip makers take in each process, bytes."""
        trips = self.city["trips"]["trips"].to_numpy(float)
        return population_memory(float(trips.sum()), one_by_one=self.inputs.behaviours.form == "agent")

    def population(self, root_seed: int) -> Population | None:
        """Return the trip makers, None where the case has no roads or no trips."""
        return population_of(self.city, root_seed, self.inputs.vehicles)


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
    if not folder.is_dir():
        raise CaseError([Problem("missing_folder", str(folder))])
    check_extensions()
    problems: list[Problem] = []  # of case.toml, told first; those of the tables and of both follow
    faults: list[Problem] = []
    notices: list[Notice] = []
    config = read_toml(folder / "case.toml", problems)
    readable = not problems
    code = folder if allow_code else None
    sections = read_sections(config, problems if readable else [])
    declared = declared_hazards(sections, folder, code, problems)
    head = sections.single["case"]
    if readable:
        check_crs(head.get("crs", ""), problems)
        check_inputs(sections, code, problems)
        trials = read_trials(sections, code, problems)
    bad_crs = any(p.key == "bad_crs" for p in problems)
    usable = readable and "crs" in head and not bad_crs
    told = (faults, notices)
    refuse = lambda: _refuse([*problems, *faults, *missing_files(declared, folder)], folder)  # noqa: E731
    read = partial(_read_city, folder, head, told, refuse, usable=usable, placed=bool(head.get("crs")) and not bad_crs)
    city = read() if problems else _kept_city(folder, head, told, read)
    before = len(faults)
    _check_trip_makers(city.tables, sections.single["behaviour"].get("form") == "agent", faults)
    if len(faults) > before:
        _refuse([*problems, *faults], folder)
    hazards = read_hazards(declared, folder, city, faults)
    notices += _notices_of_hazards(hazards, city, faults)
    inputs = read_inputs(sections, city, hazards, read_vehicles(sections, city, faults))
    check_trials(trials, inputs, faults)
    if problems or faults:
        _refuse([*problems, *faults], folder)
    notices += _notices_of_tests(inputs, trials)
    files = [folder / "case.toml", *(f for f in (folder / f"{n}.csv" for n in tables_of_a_case()) if f.is_file())]
    files += _named_files(config, folder)
    return Case(
        folder=folder, inputs=inputs, scenarios=trials.scenarios, ladders=trials.ladders, options=trials.options,
        tolerances=trials.tolerances, notices=tuple(notices), illustrative=bool(head.get("illustrative", True)),
        code=code, files=tuple(dict.fromkeys(files)),
    )  # fmt: skip


def _refuse(problems: list[Problem], folder: Path) -> NoReturn:
    """Raise the error that tells all problems, each once, those of case.toml with their lines."""
    try:
        text = (folder / "case.toml").read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        text = ""
    raise CaseError(dict.fromkeys(with_lines(problems, text)))


def _read_city(
    folder: Path,
    head: dict[str, Any],
    told: Told,
    refuse: Callable[[], NoReturn],
    *,
    usable: bool,
    placed: bool,
    digest: str = "",
) -> City:
    """Return the city of a folder's tables, checked; problems and notices are appended to `told`.

    Parameters
    ----------
    refuse : raises what is wrong; called where the tables are
    usable, placed : case.toml and its coordinate system can be used; the coordinate system can be
    digest : of the files, where what is made from them may be kept

    """
    faults, notices = told
    tables = read_tables(folder, faults)
    if placed:
        check_coordinates(head["crs"], tables, faults, notices)
    check_tables(tables, faults)
    if faults or not usable:
        refuse()
    lines = {name: table["row"].to_numpy(np.int64) for name, table in tables.items()}
    city = _city(head, {name: table.drop(columns="row", errors="ignore") for name, table in tables.items()}, digest)
    check_city(city, faults, notices, lines)
    return city


def _kept_city(folder: Path, head: dict[str, Any], told: Told, read: Callable[..., City]) -> City:
    """Return the city from what was kept of its checked tables; else the one that `read` gives, to be kept."""
    path = kept_path("case", digest_of(str(folder.resolve())))
    if path is None:
        return read()
    faults, notices = told
    key = digest_of_tables(folder, head)
    arrays = read_arrays(path, key)
    if arrays is not None:
        tables, known = tables_of(arrays)
        notices += known
        return _city(head, tables, key)
    before = len(notices)
    city = read(digest=key)
    if not faults and digest_of_tables(folder, head) == key and all_plain(city.tables):
        keep(path, key, arrays_of(city.tables, notices[before:]))
    return city


def _city(head: dict[str, Any], tables: dict[str, pd.DataFrame], digest: str = "") -> City:
    """Return the city of the checked tables."""
    name = head.get("name", "")
    return City(
        name=name, name_zh=head.get("name_zh") or name, crs=head["crs"], currency=head.get("currency", ""),
        price_year=int(head.get("price_year", 0)), attribution=head.get("attribution", ""), tables=tables,
        digest=digest,
    )  # fmt: skip


def _notices_of_hazards(hazards: dict[str, Hazard], city: City, problems: list[Problem]) -> list[Notice]:
    found: list[Notice] = []
    for name, hazard in hazards.items():
        found += _asked(name, "notices", partial(hazard.notices, city), problems)
    return found


def _asked(name: str, part: str, ask: Callable[[], list[Notice]], problems: list[Problem]) -> list[Notice]:
    """Return the notices of a hazard; what it gives instead, or raises, is a problem."""
    extension = Extension("hazards", name)
    try:
        with extension.calling(part):
            given = ask()
        if not isinstance(given, list) or not all(isinstance(notice, Notice) for notice in given):
            raise extension.wrong(part, given, say("extension.notices"))
    except InputError as error:
        problems.append(Problem("plain", "case.toml", column=f'[[hazard]] "{name}"', found=str(error)))
        return []
    return given


def _check_trip_makers(tables: dict[str, pd.DataFrame], one_by_one: bool, problems: list[Problem]) -> None:
    """Append a problem where the trip makers would not fit into the memory of this machine."""
    many = float(tables["trips"]["trips"].to_numpy(float).sum())
    needed, there = population_memory(many, one_by_one=one_by_one), available_memory()
    if there and needed > there:
        expected = say("problem.memory", needed=f"{needed / 1e9:,.1f}", there=f"{there / 1e9:,.1f}")
        problems.append(Problem("too_many_trips", "trips.csv", column="trips", found=f"{many:,.0f}", expected=expected))


def _notices_of_tests(inputs: Inputs, trials: Trials) -> list[Notice]:
    """Return what the tests ask for and no run can show: events that never come, limits on what is not assessed."""
    found: list[Notice] = []
    problems: list[Problem] = []
    for name, hazard in inputs.hazards.items():
        asked = [
            Load(s.name, s.severity[name], s.onset, s.hours) for s in trials.scenarios.values() if name in s.severity
        ]
        if asked:
            ask = partial(hazard.notices_of_tests, name, inputs, asked)
            found += _asked(name, "notices_of_tests", ask, problems)
        else:
            found.append(Notice("hazard_unused", {"name": name}))
    if problems:
        raise CaseError(problems)
    tried = {measure.name for option in trials.options.values() for measure in option.measures}
    found += [Notice("measure_unused", {"name": name}) for name in trials.measures if name not in tried]
    metrics = all_metrics()
    for tolerance in trials.tolerances:
        lacks = metrics[tolerance.metric].lacks(inputs.city.tables)
        if lacks:
            found.append(Notice("tolerance_unused", {"metric": tolerance.metric, "tables": ", ".join(lacks)}))
            continue
        if not metrics[tolerance.metric].service:
            continue
        lasts = {s.name: s.hours - max(s.onset.hour - s.warning_hours, 0.0) for s in trials.scenarios.values()}
        short = [name for name, hours in lasts.items() if 0 < hours <= tolerance.hours]
        if short:
            values = {"metric": tolerance.metric, "hours": f"{tolerance.hours:g}", "names": some(short),
                      "run": f"{min(lasts[name] for name in short):g}"}  # fmt: skip
            found.append(Notice("tolerance_hours", values))
    return found


def _named_files(config: dict[str, Any], folder: Path) -> list[Path]:
    """Return the files of the folder that case.toml names: rasters, hydrographs, code."""
    sections = [*config.get("hazard", []), config.get("behaviour", {})]
    words = [
        v.split(".py:")[0] + ".py" if ".py:" in v else v for s in sections for v in s.values() if isinstance(v, str)
    ]
    return [folder / w for w in words if (folder / w).is_file()]
