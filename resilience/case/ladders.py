"""A ladder names scenarios of the case, or makes them from its severities and what they have in common."""

from __future__ import annotations

import itertools
import string
from typing import TYPE_CHECKING, Any

from resilience.base.errors import Problem, check_once
from resilience.case.scenario import Ladder
from resilience.case.sections import Entry, check_names, section

if TYPE_CHECKING:
    from collections.abc import Mapping

    from resilience.case.scenario import Scenario

COMMON = ("hazard", "onset", "horizon_days", "warning_hours", "return_period_known")
MAKING = ("severities", "names", "return_periods_years", *COMMON)


def made_by(ladder: Entry, problems: list[Problem]) -> list[Entry]:
    """Return the scenarios that a ladder makes, as if each stood in a [[scenario]] of its own; faults are appended.

    A ladder with `scenarios` makes none.
    """
    given, label = ladder.given, ladder.label
    if "scenarios" in given:
        if "severities" in given:
            problems.append(Problem("ladder_both", "case.toml", column=f"{label} severities"))
        else:
            strange = [key for key in MAKING if key in given]
            problems += [Problem("ladder_key", "case.toml", column=f"{label} {k}", found=k) for k in strange]
        return []
    if "severities" not in given:
        problems.append(Problem("ladder_neither", "case.toml", column=label))
        return []
    severities = ladder.head.get("severities")
    if severities is None:  # told already
        return []
    if not severities:
        problems.append(Problem("empty_list", "case.toml", column=f"{label} severities"))
    _check_rising(severities, label, problems)
    names = _names(ladder, severities, problems)
    years = ladder.head.get("return_periods_years")
    if years is not None and len(years) != len(severities):
        _unequal(label, "return_periods_years", len(years), len(severities), problems)
        years = None
    common = {key: given[key] for key in COMMON if key in given}
    made = []
    for number, (name, severity) in enumerate(zip(names, severities, strict=False)):
        raw: dict[str, Any] = {"name": name, "severity": severity, **common}
        if years is not None:
            raw["return_period_years"] = years[number]
        made.append(Entry(label, section({}, "scenario", problems, raw, called=label), raw))
    return made


def _names(ladder: Entry, severities: list[Any], problems: list[Problem]) -> list[str]:
    """Return the names of the scenarios of a ladder: as listed, or by its pattern."""
    label, names = ladder.label, ladder.head.get("names")
    if "names" not in ladder.given:
        problems.append(Problem("missing_key", "case.toml", column=label, found="names"))
    if names is None:
        return []
    if isinstance(names, list):
        if len(names) != len(severities):
            _unequal(label, "names", len(names), len(severities), problems)
            return []
        return [str(name) for name in names]
    try:
        parts = list(string.Formatter().parse(names))
        blanks = {blank for _, blank, _, _ in parts if blank is not None}
        if any(spec or conversion for _, _, spec, conversion in parts):
            blanks = set()  # how a number is written is ours
    except ValueError:
        blanks = set()
    if not blanks or not blanks <= {"severity", "percent"} or any(isinstance(s, dict) for s in severities):
        problems.append(Problem("ladder_pattern", "case.toml", column=f"{label} names", found=names))
        return []
    return [names.format(severity=f"{s:.10g}", percent=f"{100 * s:.10g}") for s in severities]


def _unequal(label: str, key: str, found: int, expected: int, problems: list[Problem]) -> None:
    problems.append(
        Problem("ladder_lengths", "case.toml", column=f"{label} {key}", found=str(found), expected=str(expected))
    )


def _check_rising(severities: list[Any], label: str, problems: list[Problem]) -> None:
    """Append a problem for each severity of a ladder that is no more than the one before."""
    for lower, upper in itertools.pairwise(severities):
        if isinstance(lower, dict) != isinstance(upper, dict):
            rises = False
        elif isinstance(lower, dict):
            numbers = all(isinstance(v, int | float) for v in [*lower.values(), *upper.values()])
            rises = not numbers or (  # what is no number is told where the scenario is made
                set(lower) == set(upper) and all(upper[k] >= lower[k] for k in lower) and upper != lower
            )
        else:
            rises = upper > lower
        if not rises:
            found = f"{shown(lower)}, {shown(upper)}"
            problems.append(Problem("ladder_rises", "case.toml", column=f"{label} severities", found=found))


def shown(severity: Any) -> str:
    """Return a severity as a message shows it."""
    if isinstance(severity, dict):
        return ", ".join(f"{name} {value}" for name, value in severity.items())
    return f"{severity:g}"


def read_ladder(
    ladder: Entry, made: list[Entry], scenarios: Mapping[str, Scenario], declared: set[str], problems: list[Problem]
) -> Ladder:
    """Return a ladder; `declared` are the names of all scenarios, also of those that cannot be used."""
    label = ladder.label
    rungs = [str(s.head["name"]) for s in made if "name" in s.head] if made else ladder.head.get("scenarios", [])
    if not made:
        check_names(rungs, declared, f"{label} scenarios", problems)
        check_once(rungs, f"{label} scenarios", problems)
        steps = [scenarios[r].severity for r in rungs if r in scenarios]
        for lower, upper in itertools.pairwise(steps):
            if set(lower) != set(upper) or any(upper[k] < lower[k] for k in lower):
                found = f"{shown(lower)} > {shown(upper)}"
                problems.append(Problem("not_a_ladder", "case.toml", column=f"{label} scenarios", found=found))
    return Ladder(ladder.name, tuple(rungs))
