"""What is tested and what is tried: scenarios, ladders, measures, options, tolerances."""

from __future__ import annotations

import itertools
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from resilience.base.clock import read_onset
from resilience.base.errors import InputError, Problem
from resilience.base.plugins import find
from resilience.case.scenario import Ladder, Scenario, Scenarios, Tolerance
from resilience.case.sections import check_arguments, check_names, entries, section
from resilience.measures.measure import Measure
from resilience.measures.option import Option
from resilience.metrics.scoring import all_metrics
from resilience.results.record import DO_NOTHING, NO_HAZARD

if TYPE_CHECKING:
    from resilience.city.inputs import Inputs

SCENARIO_KEYS = {"name", "hazard", "severity", "onset", "horizon_days", "warning_hours", "return_period_known"}


COST_KEYS = ("capex", "opex_per_year", "life_years", "lead_time_years", "failure_probability")


def read_trials(config: dict[str, Any], inputs: Inputs, problems: list[Problem]) -> Scenarios:
    """Return what a case asks to be tested and tried; faults are appended to `problems`."""
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
