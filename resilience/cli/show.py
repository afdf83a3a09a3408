"""How results are printed."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from resilience.base.text import say
from resilience.results.wording import label, not_over, not_told, told

if TYPE_CHECKING:
    import pandas as pd


def print_scores(run: Any) -> None:
    """Print the scorecard of a run: a table an option, a row a metric, a column a scenario."""
    from rich.table import Table

    from resilience.results.grades import grade_run, overall

    console = console_for(len(run.scenarios))
    grades = grade_run(run)
    manifest = run.manifest
    if manifest["illustrative"]:
        console.print(say("cli.illustrative"))
    if len(grades) == 0:
        console.print(say("cli.no_tolerances"))
        return
    metrics, scenarios = ({r["name"]: r for r in manifest[k]} for k in ("metrics", "scenarios"))
    for option in run.options:
        mine = grades[grades["option"] == option]
        table = Table(
            title=say("cli.scorecard", name=manifest["name"], option=option, replicates=manifest["replicates"]),
            caption=say("cli.worst"),
        )
        table.add_column(say("cli.column_metric"))
        table.add_column(say("cli.column_limit"), justify="right")
        for name in run.scenarios:
            table.add_column(name, justify="right", no_wrap=True)
        for metric in mine["metric"].unique():
            rows = mine[mine["metric"] == metric].set_index("scenario")
            cells = [cell_of(rows.loc[name], metrics[metric]["unit"], scenarios[name]) for name in run.scenarios]
            limit = plainly(float(rows["T2"].iloc[0]), metrics[metric]["unit"])
            table.add_row(label_of(run, metrics[metric]), limit, *cells, end_section=True)
        total = [say(f"grade.{overall(mine[mine['scenario'] == name])}") for name in run.scenarios]
        table.add_row(say("cli.overall"), "", *total)
        console.print(table)
    tell_why(console, [metrics[m] for m in grades.loc[grades["untold"] > 0, "metric"].unique()])
    for metric, lacks in manifest["not_assessed"].items():
        console.print(say("cli.not_assessed", metric=say(f"metric.{metric}.name"), tables=", ".join(lacks)))


def console_for(columns: int) -> Any:
    """Return a console wide enough for the columns where the output is no terminal."""
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=60 + 34 * columns)


def tell_why(console: Any, metrics: list[dict[str, Any]]) -> None:
    """Print why metrics cannot be told."""
    for metric in metrics:
        name = say(f"metric.{metric['name']}.name")
        console.print(say("told.why", metric=name, reason=not_told(metric)))


def label_of(run: Any, metric: dict[str, Any]) -> str:
    """Return the name of a metric with its horizon, where it is a sum, and its unit."""
    name, unit = label(metric, run.manifest["scenarios"]), metric["unit"]
    if unit in ("share", "ratio"):
        return name
    return f"{name}, {run.manifest['currency'] if unit == 'currency' else say('unit.' + unit)}"


def plainly(value: float, unit: str) -> str:
    """Return a value as people write it: shares in per cent, large numbers without decimals; nan is not told."""
    if math.isnan(value):
        return say("told.nothing")
    if unit == "share":
        return f"{100 * value:.1f} %"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def cell_of(row: pd.Series, unit: str, scenario: dict[str, Any]) -> str:
    """Return a cell of the scorecard: median, span, grade, counts, and what is not told or was not over."""
    value, low, high = (plainly(float(row[k]), unit) for k in ("value", "low", "high"))
    known = int(row["passed"] + row["partly"] + row["failed"])
    many = known + int(row["untold"])
    lines = [f"{value} [{low} – {high}]" if known else value, say("grade." + row["grade"])]
    if known:
        lines += [say("cli.counts", passed=int(row["passed"]), many=many), told(known, many)]
    lines.append(not_over(scenario, int(row["censored"]), many))
    return "\n".join(line for line in lines if line)


def clean_json(content: Any) -> str:
    """Return JSON as its standard has it: null where a number is infinite or none."""

    def clean(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: clean(value) for key, value in part.items()}
        if isinstance(part, list | tuple):
            return [clean(value) for value in part]
        return None if isinstance(part, float) and not math.isfinite(part) else part

    return json.dumps(clean(content), allow_nan=False)
