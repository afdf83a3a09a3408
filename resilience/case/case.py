"""load_case(): a folder becomes a Case, or all its problems are reported at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from resilience.agents.population import Population, build_population, population_memory
from resilience.base.errors import CaseError, Notice, Problem
from resilience.base.text import say
from resilience.case.coordinates import check_coordinates
from resilience.case.inputs import read_hazards, read_inputs
from resilience.case.sections import check_sections, read_toml, section
from resilience.case.tables import check_city, check_crs, check_tables, read_tables
from resilience.case.trials import read_trials
from resilience.city.city import City
from resilience.metrics.scoring import all_metrics
from resilience.networks.layer import tables as tables_of_a_case
from resilience.traffic.equilibrium.memory import available_memory

if TYPE_CHECKING:
    import pandas as pd

    from resilience.case.scenario import Scenarios
    from resilience.city.inputs import Inputs


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

    def memory_needed(self) -> float:
        """Return about how much memory the trip makers take in each process, bytes."""
        trips = self.city["trips"]["trips"].to_numpy(float)
        return population_memory(float(trips.sum()), one_by_one=self.inputs.behaviours.form == "agent")

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
    notices: list[Notice] = []
    tables = read_tables(folder, problems)
    if not any(p.key == "bad_crs" for p in problems):
        check_coordinates(head.get("crs", ""), tables, problems, notices)
    check_tables(tables, problems)
    if not problems:
        _check_trip_makers(tables, config, problems)
    if problems:
        raise CaseError(problems)
    lines = {name: table["row"].to_numpy(np.int64) for name, table in tables.items()}
    for name, table in tables.items():
        tables[name] = table.drop(columns=[c for c in ("row",) if c in table])
    city = City(
        name=head["name"], name_zh=head.get("name_zh") or head["name"], crs=head["crs"], currency=head["currency"],
        price_year=int(head["price_year"]), attribution=head.get("attribution", ""), tables=tables,
    )  # fmt: skip
    check_city(city, problems, notices, lines)
    hazards = read_hazards(config, folder, city, code, problems)
    notices += [n for h in hazards.values() for n in getattr(h, "notices", lambda _: [])(city)]
    inputs = read_inputs(config, city, hazards, code, problems)
    tests = read_trials(config, inputs, problems)
    if problems:
        raise CaseError(problems)
    notices += _notices_of_tests(inputs, tests)
    files = [folder / "case.toml", *(f for f in (folder / f"{n}.csv" for n in tables_of_a_case()) if f.is_file())]
    files += _named_files(config, folder)
    return Case(
        folder=folder, inputs=inputs, tests=tests, notices=tuple(notices),
        illustrative=bool(head.get("illustrative", True)), code=code, files=tuple(dict.fromkeys(files)),
    )  # fmt: skip


def _check_trip_makers(tables: dict[str, pd.DataFrame], config: dict[str, Any], problems: list[Problem]) -> None:
    """Append a problem where the trip makers would not fit into the memory of this machine."""
    behaviour = config.get("behaviour", {})
    one_by_one = isinstance(behaviour, dict) and behaviour.get("form") == "agent"
    many = float(tables["trips"]["trips"].to_numpy(float).sum())
    needed, there = population_memory(many, one_by_one=one_by_one), available_memory()
    if there and needed > there:
        expected = say("problem.memory", needed=f"{needed / 1e9:,.1f}", there=f"{there / 1e9:,.1f}")
        problems.append(Problem("too_many_trips", "trips.csv", column="trips", found=f"{many:,.0f}", expected=expected))


def _notices_of_tests(inputs: Inputs, tests: Scenarios) -> list[Notice]:
    """Return what the tests ask for and no run can show: events that never come, limits on what is not assessed."""
    found: list[Notice] = []
    for name, hazard in inputs.hazards.items():
        asked = [s for s in tests.scenarios.values() if name in s.severity]
        if asked and (hook := getattr(hazard, "notices_of_tests", None)) is not None:
            found += hook(name, inputs, asked)
        if not asked:
            found.append(Notice("hazard_unused", {"name": name}))
    metrics = all_metrics()
    for tolerance in tests.tolerances:
        lacks = metrics[tolerance.metric].lacks(inputs.city.tables)
        if lacks:
            found.append(Notice("tolerance_unused", {"metric": tolerance.metric, "tables": ", ".join(lacks)}))
    return found


def _named_files(config: dict[str, Any], folder: Path) -> list[Path]:
    """Return the files of the folder that case.toml names: rasters, hydrographs, code."""
    sections = [*config.get("hazard", []), config.get("behaviour", {})]
    words = [
        v.split(".py:")[0] + ".py" if ".py:" in v else v for s in sections for v in s.values() if isinstance(v, str)
    ]
    return [folder / w for w in words if (folder / w).is_file()]
