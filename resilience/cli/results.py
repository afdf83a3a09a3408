"""`resilience score`, `compare` and `trace`: what a run folder says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from resilience.base.text import say
from resilience.cli.app import AsJson, RunFolder, app
from resilience.cli.show import console_for, label_of, plainly, print_scores, tell_why
from resilience.results.wording import not_over, told

if TYPE_CHECKING:
    import pandas as pd


@app.command(help=say("cli.score"))
def score(run: RunFolder, as_json: AsJson = False) -> None:
    """Print the grades of a run."""
    from resilience.results.grades import grade_run
    from resilience.results.run import open_run

    found = open_run(run)
    if as_json:
        typer.echo(grade_run(found).to_json(orient="records", indent=1, force_ascii=False))
    else:
        print_scores(found)


@app.command(help=say("cli.compare"))
def compare(run: RunFolder, as_json: AsJson = False) -> None:
    """Print what each option changes."""
    from rich.table import Table

    from resilience.results.compare import compare_run
    from resilience.results.record import is_no_hazard
    from resilience.results.run import open_run

    found = open_run(run)
    table = compare_run(found)
    if as_json:
        typer.echo(table.to_json(orient="records", indent=1, force_ascii=False))
        return
    console = console_for(len(found.scenarios) + 1)
    if len(table) == 0:
        console.print(say("cli.nothing_tried"))
        return
    metrics, scenarios = ({r["name"]: r for r in found.manifest[k]} for k in ("metrics", "scenarios"))
    scenarios |= {s["no_hazard"]: s for s in found.manifest["scenarios"]}
    currency = f"{found.manifest['currency']} {found.manifest['price_year']}"
    for option, mine in table.groupby("option", sort=False):
        first, yearly = (f"{mine[c].iloc[0]:,.0f} {currency}" for c in ("capex", "cost_per_year"))
        shown = Table(title=say("cli.compare_title", option=option, capex=first, yearly=yearly))
        shown.add_column(say("cli.column_metric"))
        names = list(mine["scenario"].unique())
        for name in names:
            shown.add_column(say("cli.no_hazard") if is_no_hazard(name) else name, justify="right")
        for metric in mine["metric"].unique():
            rows = mine[mine["metric"] == metric].set_index("scenario")
            cells = [difference_of(rows.loc[n], metrics[metric]["unit"], scenarios[n]) for n in names]
            shown.add_row(label_of(found, metrics[metric]), *cells)
        console.print(shown)
    tell_why(console, [metrics[m] for m in table.loc[table["untold"] > 0, "metric"].unique()])


def difference_of(row: pd.Series, unit: str, scenario: dict[str, Any]) -> str:
    """Return a cell of the comparison: mean difference and its interval, what is not told, what was not over."""
    paired = int(row["replicates"])
    many = paired + int(row["untold"])
    value, low, high = (plainly(float(row[k]), unit) for k in ("difference", "low", "high"))
    plus = "+" if row["difference"] > 0 else ""
    if row["same"]:
        lines = [say("cli.no_difference")]
    elif paired == 0:
        lines = [value]
    elif paired == 1:
        lines = [f"{plus}{value}", say("cli.one_replicate")]
    else:
        lines = [f"{plus}{value} [{low} – {high}]"]
    if paired:
        lines.append(told(paired, many))
    lines.append(not_over(scenario, int(row["censored_pairs"]), many))
    return "\n".join(line for line in lines if line)


@app.command(help=say("cli.trace"))
def trace(
    run: RunFolder,
    component: Annotated[str, typer.Argument(metavar="COMPONENT", help=say("help.global_id_such_as_facility_h"))],
    scenario: Annotated[
        str | None, typer.Option("--scenario", "-s", help=say("help.the_first_in_which_it_fails"))
    ] = None,
    option: Annotated[str | None, typer.Option("--option", "-o", help=say("help.do_nothing_where_not_given"))] = None,
    replicate: Annotated[int, typer.Option()] = 0,
) -> None:
    """Print the chain of causes behind a component's failure."""
    from resilience.results.record import DO_NOTHING
    from resilience.results.run import open_run
    from resilience.results.trace import chains, clock, first_scenario

    found = open_run(run)
    option = option or DO_NOTHING
    name = scenario or first_scenario(found, component, option, replicate)
    lines = chains(found, component, name, option, replicate)
    typer.echo(say("cli.trace_head", component=component, scenario=name, option=option, replicate=replicate))
    for line in lines:
        reason = f" ({say('reason.' + line.reason)})" if line.reason else ""
        what = say(f"what.{line.what}", detail=line.detail)
        arrow = "  " * line.depth + ("<- " if line.depth else "")
        notes = [say("cli.trace_beside", count=line.beside)] if line.beside else []
        notes += [say("cli.trace_one_of")] if line.alternatives else []
        typer.echo(f"{clock(line.hour):>14}  {arrow}{line.component} {what}{reason}{''.join(notes)}")
