"""How results are printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from resilience.base.text import say

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
    many, units = manifest["replicates"], units_of(run)
    for option in run.options:
        mine = grades[grades["option"] == option]
        table = Table(
            title=say("cli.scorecard", name=manifest["name"], option=option, replicates=many), caption=say("cli.worst")
        )
        table.add_column(say("cli.column_metric"))
        table.add_column(say("cli.column_limit"), justify="right")
        for name in run.scenarios:
            table.add_column(name, justify="right", no_wrap=True)
        for metric in mine["metric"].unique():
            rows = mine[mine["metric"] == metric].set_index("scenario")
            cells = [cell_of(rows.loc[name], units[metric], many) for name in run.scenarios]
            limit = plainly(float(rows["T2"].iloc[0]), units[metric])
            table.add_row(label_of(metric, units[metric]), limit, *cells, end_section=True)
        total = [say(f"grade.{overall(mine[mine['scenario'] == name])}") for name in run.scenarios]
        table.add_row(say("cli.overall"), "", *total)
        console.print(table)
    for metric, lacks in manifest["not_assessed"].items():
        console.print(say("cli.not_assessed", metric=say(f"metric.{metric}.name"), tables=", ".join(lacks)))


def console_for(columns: int) -> Any:
    """Return a console wide enough for the columns where the output is no terminal."""
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=60 + 34 * columns)


def units_of(run: Any) -> dict[str, str]:
    """Return the unit of each metric of a run."""
    return {m["name"]: m["unit"] for m in run.manifest["metrics"]}


def label_of(metric: str, unit: str) -> str:
    """Return the name of a metric with its unit."""
    name = say(f"metric.{metric}.name")
    return name if unit in ("share", "ratio") else f"{name}, {say('unit.' + unit)}"


def plainly(value: float, unit: str) -> str:
    """Return a value as people write it: shares in per cent, large numbers without decimals."""
    if unit == "share":
        return f"{100 * value:.1f} %"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def cell_of(row: pd.Series, unit: str, many: int) -> str:
    """Return a cell of the scorecard: median, span, grade, counts."""
    value, low, high = (plainly(float(row[k]), unit) for k in ("value", "low", "high"))
    counts = say("cli.counts", passed=int(row["passed"]), many=many)
    return f"{value} [{low} – {high}]\n{say('grade.' + row['grade'])}\n{counts}"
