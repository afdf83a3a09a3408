"""What is tested and what is tried: scenarios, ladders, measures, options, tolerances."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from resilience.base.clock import read_onset
from resilience.base.contract import Extension
from resilience.base.errors import InputError, Problem, check_once
from resilience.base.plugins import find
from resilience.base.text import say
from resilience.case.ladders import made_by, read_ladder
from resilience.case.scenario import Ladder, Scenario, Tolerance
from resilience.case.sections import Entry, Sections, check_arguments, check_names
from resilience.measures.measure import COST_KEYS, Measure, measure_kind
from resilience.measures.option import Option
from resilience.metrics.scoring import all_metrics
from resilience.results.record import DO_NOTHING, NO_HAZARD

if TYPE_CHECKING:
    from pathlib import Path

    from resilience.city.inputs import Inputs

SCENARIO_KEYS = {"name", "hazard", "severity", "onset", "horizon_days", "warning_hours", "return_period_known"}


@dataclass(frozen=True)
class Trials:
    """All that a case asks to be tested and tried; `labels` says where each scenario and measure stands."""

    scenarios: dict[str, Scenario]
    ladders: tuple[Ladder, ...]
    measures: dict[str, Measure]
    options: dict[str, Option]
    tolerances: tuple[Tolerance, ...]
    labels: dict[str, str]


def read_trials(sections: Sections, code: Path | None, problems: list[Problem]) -> Trials:
    """Return what case.toml asks to be tested and tried, as far as it shows by itself; faults go to `problems`."""
    hazards = {entry.name for entry in sections.several["hazard"]}
    named = [entry for section in ("hazard", "ladder", "measure", "option") for entry in sections.several[section]]
    problems += [
        Problem("bad_name", "case.toml", column=f"{entry.label} name", found=entry.name)
        for entry in named
        if _bad_name(entry.name)
    ]
    made = [(ladder, made_by(ladder, problems)) for ladder in sections.several["ladder"]]
    labels: dict[str, str] = {}
    scenarios: dict[str, Scenario] = {}
    written = [*(s for _, some in made for s in some), *sections.several["scenario"]]
    for entry in written:
        if entry.name in labels:
            if "[[ladder]]" in (entry.label[:10], labels[entry.name][:10]):
                places = f"{labels[entry.name]}, {entry.label}"
                problems.append(
                    Problem("made_twice", "case.toml", column=entry.label, found=entry.name, expected=places)
                )
            continue
        if entry.name:
            labels[entry.name] = entry.label
        if (scenario := _scenario(entry, hazards, problems)) is not None:
            scenarios[scenario.name] = scenario
    if not written and not sections.several["ladder"]:
        problems.append(Problem("no_scenarios", "case.toml"))
    ladders = tuple(read_ladder(ladder, some, scenarios, set(labels), problems) for ladder, some in made)
    measures = _measures(sections, code, problems)
    options = _options(sections, measures, problems)
    labels = {f"scenario {name}": label for name, label in labels.items()}
    labels |= {f"measure {entry.name}": entry.label for entry in sections.several["measure"]}
    return Trials(scenarios, ladders, measures, options, _tolerances(sections, problems), labels)


def check_trials(trials: Trials, inputs: Inputs, problems: list[Problem]) -> None:
    """Append what only the city and its hazards show: severities that cannot be, measures that do not fit."""
    for scenario in trials.scenarios.values():
        label = trials.labels[f"scenario {scenario.name}"]
        for name, value in scenario.severity.items():
            if name not in inputs.hazards:
                continue
            extension = Extension("hazards", name)
            try:
                with extension.calling("check_severity"):
                    faults = inputs.hazards[name].check_severity(value)
                if not isinstance(faults, list) or not all(isinstance(fault, str) for fault in faults):
                    raise extension.wrong("check_severity", faults, say("extension.sentences"))
            except InputError as error:
                faults = [str(error)]
            problems += [Problem("plain", "case.toml", column=f"{label} severity", found=fault) for fault in faults]
    for measure in trials.measures.values():
        try:
            measure.apply(inputs)
        except InputError as error:
            label = trials.labels[f"measure {measure.name}"]
            problems.append(Problem("plain", "case.toml", column=label, found=str(error)))


MOST_BYTES = 80  # of a name: those of scenarios and options become part of the name of a folder, with two others


def _bad_name(name: str) -> bool:
    """Return whether a name cannot be part of a file's name."""
    signs = any(c in name for c in '/\\:*?"<>|') or not name.isprintable()
    return name.startswith(NO_HAZARD) or signs or len(name.encode()) > MOST_BYTES or name in (".", "..") or "--" in name


def _scenario(entry: Entry, hazards: set[str], problems: list[Problem]) -> Scenario | None:
    """Return the scenario of an entry, None where it cannot be used."""
    head, label = entry.head, entry.label
    if not set(head) >= SCENARIO_KEYS:
        return None
    before = len(problems)
    if not head["hazard"]:
        problems.append(Problem("empty_list", "case.toml", column=f"{label} hazard"))
    if _bad_name(head["name"]):
        problems.append(Problem("bad_name", "case.toml", column=label, found=head["name"]))
    given = head["severity"]
    severity = given if isinstance(given, dict) else dict.fromkeys(head["hazard"], given)
    check_names(head["hazard"], hazards, f"{label} hazard", problems)
    check_once(head["hazard"], f"{label} hazard", problems)
    if set(severity) != set(head["hazard"]):
        expected = ", ".join(head["hazard"])
        problems.append(
            Problem("severity_names", "case.toml", column=label, found=", ".join(severity), expected=expected)
        )
    for value in severity.values():
        if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
            column = f"{label} severity"
            problems.append(Problem("wrong_type", "case.toml", column=column, found=repr(value), expected="number"))
    try:
        onset = read_onset(head["onset"])
    except InputError as error:
        problems.append(Problem("plain", "case.toml", column=f"{label} onset", found=str(error)))
        return None
    if len(problems) > before:
        return None
    years = head.get("return_period_years")
    return Scenario(
        name=head["name"],
        severity={k: float(v) for k, v in severity.items()},
        onset=onset,
        horizon_days=int(head["horizon_days"]),
        warning_hours=float(head["warning_hours"]),
        return_period_years=None if years is None else float(years),
        return_period_known=head["return_period_known"],
    )


def _measures(sections: Sections, code: Path | None, problems: list[Problem]) -> dict[str, Measure]:
    """Return the measures by name, made of the keys of their sections."""
    found: dict[str, Measure] = {}
    for entry in sections.several["measure"]:
        head, label = entry.head, entry.label
        if "name" not in head or "kind" not in head:
            continue
        try:
            kind = measure_kind(head["kind"], find("measures", head["kind"], code=code))
            known = [f.name for f in fields(kind)]
            given = {k: v for k, v in entry.given.items() if k in known or k not in ("name", "kind", *COST_KEYS)}
            if not check_arguments(kind, given, label, problems):
                continue
            with Extension("measures", head["kind"]).calling(kind.__name__):
                applies = kind(**given)
        except InputError as error:
            problems.append(Problem("plain", "case.toml", column=label, found=str(error)))
            continue
        costs = {k: float(head[k]) for k in COST_KEYS if k in head}
        found[head["name"]] = Measure(head["name"], head["kind"], applies, **costs)
    return found


def _options(sections: Sections, measures: dict[str, Measure], problems: list[Problem]) -> dict[str, Option]:
    """Return the options by name; do-nothing is always among them."""
    options = {DO_NOTHING: Option(DO_NOTHING)}
    declared = {entry.name for entry in sections.several["measure"]}
    for entry in sections.several["option"]:
        wanted: list[Any] = entry.head.get("measures", [])
        check_names(wanted, declared, f"{entry.label} measures", problems)
        if entry.name == DO_NOTHING and wanted:
            problems.append(Problem("do_nothing", "case.toml", column=f"{entry.label} measures"))
        options[entry.name] = Option(entry.name, tuple(measures[m] for m in wanted if m in measures))
    return options


def _tolerances(sections: Sections, problems: list[Problem]) -> tuple[Tolerance, ...]:
    found: list[Tolerance] = []
    metrics = all_metrics()
    for entry in sections.several["tolerance"]:
        head = entry.head
        if not {"metric", "T1", "T2", "T3", "hours", "must"} <= set(head):
            continue
        if any(t.metric == head["metric"] for t in found):
            problems.append(Problem("twice", "case.toml", column=f"{entry.label} metric", found=head["metric"]))
            continue
        label = entry.label
        if ".py:" in head["metric"]:
            problems.append(Problem("metric_of_file", "case.toml", column=f"{label} metric", found=head["metric"]))
            continue
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
