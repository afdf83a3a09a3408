"""`resilience ...`: the command line. Exit code 0, or non-zero with one clear message and no traceback.

Everything heavy is imported inside the commands, so that --help answers at once.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resilience.base.errors import InputError, ResilienceError, RunError, StoppedError, near
from resilience.base.plugins import names
from resilience.base.text import LANGUAGES, choose_language, known, say
from resilience.case.shipped import find_case, shipped_cases
from resilience.metrics.scoring import all_metrics

if TYPE_CHECKING:
    import pandas as pd

app = typer.Typer(help=say("cli.about"), no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
ALL = say("help.all_where_not_given")
ROOMS = ("hazards", "measures", "agents", "metrics", "readers", "cases")
STOPPED = 130  # exit code of a command that the user stopped
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help=say("help.run_folder_such_as_results_p"))]
CaseFolder = Annotated[Path, typer.Argument(metavar="CASE", help=say("help.case_folder_or_the_name_of_a"))]
AsJson = Annotated[bool, typer.Option("--json", help=say("help.print_json"))]
AllowCode = Annotated[bool, typer.Option("--allow-code", help=say("help.run_python_code_that_the_cas"))]


@app.callback()
def _language(
    lang: Annotated[str, typer.Option("--lang", help=say("help.en_or_zh"), envvar="RESILIENCE_LANG")] = "en",
) -> None:
    wanted = lang[:2].lower()
    if wanted not in LANGUAGES:
        raise InputError(say("error.unknown_language", found=lang, expected=", ".join(LANGUAGES)))
    choose_language(wanted)


@app.command("run", help=say("cli.run"))
def run_case(
    case: CaseFolder,
    scenario: Annotated[
        list[str] | None, typer.Option("--scenario", "-s", help=say("help.all_where_not_given"))
    ] = None,
    option: Annotated[list[str] | None, typer.Option("--option", "-o", help=say("help.all_where_not_given"))] = None,
    replicates: Annotated[int, typer.Option(help=say("help.runs_with_other_draws"))] = 3,
    seed: Annotated[int, typer.Option(help=say("help.root_of_all_draws"))] = 1,
    workers: Annotated[int, typer.Option(help=say("help.processes_for_one_per_core"))] = 0,
    out: Annotated[Path | None, typer.Option(help=say("help.run_folder"))] = None,
    allow_code: AllowCode = False,
) -> None:
    """Run a case."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from resilience.case.case import load_case
    from resilience.stress.local import cores
    from resilience.stress.stress import stress_test

    if workers < 0:
        raise InputError(say("error.not_negative", name="--workers", found=workers))
    loaded = load_case(find_case(case), allow_code=allow_code)
    _notices(loaded)
    bar = Progress(
        TextColumn("{task.fields[label]}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn(say("progress.left")), TimeRemainingColumn(), console=Console(stderr=True),
    )  # fmt: skip
    with bar:
        line = bar.add_task("", total=None, label=say("progress.ordinary"))

        def show(done: int, total: int, label: str) -> None:
            bar.update(line, completed=done, total=total, label=label)
            if not bar.console.is_terminal:
                typer.echo(f"{done}/{total} {label}", err=True)

        found = stress_test(
            loaded, scenarios=scenario or None, options=option or None, replicates=replicates, seed=seed,
            workers=workers if workers > 0 else cores(), out=out, progress=show,
        )  # fmt: skip
    _print_scores(found)
    typer.echo(say("cli.run_done", folder=found.folder))
    typer.echo(say("cli.run_next", folder=found.folder))


@app.command(help=say("cli.score"))
def score(run: RunFolder, as_json: AsJson = False) -> None:
    """Print the grades of a run."""
    from resilience.results.grades import grade_run
    from resilience.results.run import open_run

    found = open_run(run)
    if as_json:
        typer.echo(grade_run(found).to_json(orient="records", indent=1, force_ascii=False))
    else:
        _print_scores(found)


def _print_scores(run: Any) -> None:
    from rich.table import Table

    from resilience.results.grades import grade_run, overall

    console = _console(len(run.scenarios))
    grades = grade_run(run)
    manifest = run.manifest
    if manifest["illustrative"]:
        console.print(say("cli.illustrative"))
    if len(grades) == 0:
        console.print(say("cli.no_tolerances"))
        return
    many, units = manifest["replicates"], _units(run)
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
            cells = [_cell(rows.loc[name], units[metric], many) for name in run.scenarios]
            limit = _plain(float(rows["T2"].iloc[0]), units[metric])
            table.add_row(_label(metric, units[metric]), limit, *cells, end_section=True)
        total = [say(f"grade.{overall(mine[mine['scenario'] == name])}") for name in run.scenarios]
        table.add_row(say("cli.overall"), "", *total)
        console.print(table)
    for metric, lacks in manifest["not_assessed"].items():
        console.print(say("cli.not_assessed", metric=say(f"metric.{metric}.name"), tables=", ".join(lacks)))


def _console(columns: int) -> Any:
    """Return a console wide enough for the columns where the output is no terminal."""
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=60 + 34 * columns)


def _units(run: Any) -> dict[str, str]:
    return {m["name"]: m["unit"] for m in run.manifest["metrics"]}


def _label(metric: str, unit: str) -> str:
    """Return the name of a metric with its unit."""
    name = say(f"metric.{metric}.name")
    return name if unit in ("share", "ratio") else f"{name}, {say('unit.' + unit)}"


def _plain(value: float, unit: str) -> str:
    """Return a value as people write it: shares in per cent, large numbers without decimals."""
    if unit == "share":
        return f"{100 * value:.1f} %"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _cell(row: pd.Series, unit: str, many: int) -> str:
    value, low, high = (_plain(float(row[k]), unit) for k in ("value", "low", "high"))
    counts = say("cli.counts", passed=int(row["passed"]), many=many)
    return f"{value} [{low} – {high}]\n{say('grade.' + row['grade'])}\n{counts}"


@app.command(help=say("cli.compare"))
def compare(run: RunFolder, as_json: AsJson = False) -> None:
    """Print what each option changes."""
    from rich.table import Table

    from resilience.results.compare import compare_run
    from resilience.results.run import open_run

    found = open_run(run)
    table = compare_run(found)
    if as_json:
        typer.echo(table.to_json(orient="records", indent=1, force_ascii=False))
        return
    console = _console(len(found.scenarios) + 1)
    if len(table) == 0:
        console.print(say("cli.nothing_tried"))
        return
    units = _units(found)
    currency = f"{found.manifest['currency']} {found.manifest['price_year']}"
    for option, mine in table.groupby("option", sort=False):
        first, yearly = (f"{mine[c].iloc[0]:,.0f} {currency}" for c in ("capex", "cost_per_year"))
        shown = Table(title=say("cli.compare_title", option=option, capex=first, yearly=yearly))
        shown.add_column(say("cli.column_metric"))
        names = list(mine["scenario"].unique())
        for name in names:
            shown.add_column(say("cli.no_hazard") if name.startswith("no-hazard") else name, justify="right")
        for metric in mine["metric"].unique():
            rows = mine[mine["metric"] == metric].set_index("scenario")
            unit = units[metric]
            shown.add_row(_label(metric, unit), *[_difference(rows.loc[n], unit) for n in names])
        console.print(shown)


def _difference(row: pd.Series, unit: str) -> str:
    if row["same"]:
        return say("cli.no_difference")
    value, low, high = (_plain(float(row[k]), unit) for k in ("difference", "low", "high"))
    plus = "+" if row["difference"] > 0 else ""
    if row["replicates"] == 1:
        return f"{plus}{value}\n{say('cli.one_replicate')}"
    return f"{plus}{value} [{low} – {high}]"


@app.command(help=say("cli.trace"))
def trace(
    run: RunFolder,
    component: Annotated[str, typer.Argument(metavar="COMPONENT", help=say("help.global_id_such_as_facility_h"))],
    scenario: Annotated[
        str | None, typer.Option("--scenario", "-s", help=say("help.the_first_in_which_it_fails"))
    ] = None,
    option: Annotated[str, typer.Option("--option", "-o")] = "do-nothing",
    replicate: Annotated[int, typer.Option()] = 0,
) -> None:
    """Print the chain of causes behind a component's failure."""
    from resilience.results.run import open_run
    from resilience.results.trace import chains, clock, first_scenario

    found = open_run(run)
    name = scenario or first_scenario(found, component, option, replicate)
    lines = chains(found, component, name, option, replicate)
    typer.echo(say("cli.trace_head", component=component, scenario=name, option=option, replicate=replicate))
    for line in lines:
        reason = f" ({say('reason.' + line.reason)})" if line.reason else ""
        what = say(f"what.{line.what}", detail=line.detail)
        arrow = "  " * line.depth + ("<- " if line.depth else "")
        typer.echo(f"{clock(line.hour):>14}  {arrow}{line.component} {what}{reason}")


@app.command(help=say("cli.check"))
def check(case: CaseFolder, allow_code: AllowCode = False) -> None:
    """Check a case and report all problems at once."""
    from resilience.case.case import load_case

    loaded = load_case(find_case(case), allow_code=allow_code)
    tests = loaded.tests
    typer.echo(say("cli.case_ok", name=loaded.city.name, scenarios=len(tests.scenarios), options=len(tests.options)))
    _notices(loaded)


def _notices(case: Any) -> None:
    for notice in case.notices:
        typer.echo(say("cli.notice", text=notice), err=True)
    for metric, lacks in case.not_assessed.items():
        name = say(f"metric.{metric}.name")
        typer.echo(say("cli.not_assessed", metric=name, tables=", ".join(lacks)), err=True)


@app.command("list", help=say("cli.list"))
def list_(what: Annotated[str, typer.Argument(metavar="|".join(ROOMS))]) -> None:
    """List what is there."""
    if what not in ROOMS:
        raise InputError(say("error.unknown_room", name=what, expected=near(what, ROOMS)))
    if what == "cases":
        for folder in shipped_cases():
            typer.echo(f"{folder.name}\t{folder}")
        return

    for name in list_extensions(what):
        key = f"metric.{name}.meaning" if what == "metrics" else f"plugin.{what}.{name}"
        typer.echo(f"{name:32} {say(key)}" if known(key) else name)


@app.command(help=say("cli.assign"))
def assign(
    folder: Annotated[Path, typer.Argument(metavar="TNTP_DIR", help=say("help.holds_net_tntp_and_trips_tnt"))],
    gap: Annotated[float, typer.Option(help=say("help.relative_gap_to_reach"))] = 1e-6,
    as_json: AsJson = False,
    toll_weight: Annotated[float, typer.Option(help=say("help.cost_units_per_unit_of_toll"))] = 0.0,
    distance_weight: Annotated[float, typer.Option(help=say("help.cost_units_per_unit_of_lengt"))] = 0.0,
    iterations: Annotated[int, typer.Option(help=say("help.most_iterations"))] = 1000,
    out: Annotated[Path | None, typer.Option(help=say("help.assign_folder"))] = None,
) -> None:
    """Solve user equilibrium."""
    import time

    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from resilience.readers.tntp import read_tntp
    from resilience.stress.roadscan import check_folder
    from resilience.traffic import assign as solve

    if iterations < 1:
        raise InputError(say("error.not_positive", name="iterations", found=iterations))
    if not (math.isfinite(gap) and gap > 0.0):
        raise InputError(say("error.bad_gap", found=gap))
    if out is not None:
        check_folder(out)
    data = read_tntp(folder, toll_weight=toll_weight, distance_weight=distance_weight)
    start = time.perf_counter()
    console = Console(stderr=True)
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        line = bar.add_task("", total=None)

        def show(done: int, reached: float) -> None:
            bar.update(line, description=say("progress.passes", done=done, gap=f"{reached:.2g}"))

        found = solve(data.graph, data.demand, gap=gap, iterations=iterations, progress=show)
    numbers = {
        "objective": found.objective,
        "total_travel_time": found.total_travel_time,
        "relative_gap": found.relative_gap,
        "average_excess_cost": found.average_excess_cost,
        "iterations": found.iterations,
        "seconds": round(time.perf_counter() - start, 4),
        "unserved": float(found.unserved.sum()),
    }
    if out is not None:
        from resilience.base.files import atomic

        for name, table in (("links", found.link_table().reset_index()), ("pairs", found.pair_table())):
            with atomic(out / f"{name}.csv") as temporary:
                table.to_csv(temporary, index=False)
    if as_json:
        typer.echo(_json(numbers | {"converged": bool(found.converged), "stalled": bool(found.stalled)}))
    else:
        for key, value in numbers.items():
            typer.echo(f"{key:18} {value:,.10g}")
    reached = f"{found.relative_gap:.3g}"
    if found.stalled and not found.converged:
        raise RunError(say("cli.gap_stalled", gap=gap, found=reached, iterations=found.iterations))
    if not found.converged:
        raise RunError(say("cli.gap_missed", gap=gap, found=reached, iterations=found.iterations))
    if not as_json:
        typer.echo(say("cli.gap_reached", gap=gap, found=reached, iterations=found.iterations))


def _json(content: Any) -> str:
    """Return JSON as its standard has it: null where a number is infinite or none."""

    def clean(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: clean(value) for key, value in part.items()}
        if isinstance(part, list | tuple):
            return [clean(value) for value in part]
        return None if isinstance(part, float) and not math.isfinite(part) else part

    return json.dumps(clean(content), allow_nan=False)


@app.command(help=say("cli.criticality"))
def criticality(
    folder: Annotated[Path, typer.Argument(metavar="CASE|TNTP_DIR", help=say("help.case_or_tntp"))],
    elements: Annotated[str, typer.Option(help=say("help.elements"))] = "links",
    cut: Annotated[list[float] | None, typer.Option(help=say("help.cut"))] = None,
    cells: Annotated[int, typer.Option(help=say("help.cells"))] = 10,
    most: Annotated[int | None, typer.Option(help=say("help.most"))] = None,
    give_up: Annotated[bool, typer.Option("--give-up", help=say("help.give_up"))] = False,
    gap: Annotated[float, typer.Option(help=say("help.relative_gap_to_reach"))] = 1e-6,
    workers: Annotated[int, typer.Option(help=say("help.threads_for_one_per_core"))] = 0,
    top: Annotated[int, typer.Option(help=say("help.top"))] = 20,
    out: Annotated[Path | None, typer.Option(help=say("help.scan_folder"))] = None,
    as_json: AsJson = False,
    toll_weight: Annotated[float, typer.Option(help=say("help.cost_units_per_unit_of_toll"))] = 0.0,
    distance_weight: Annotated[float, typer.Option(help=say("help.cost_units_per_unit_of_lengt"))] = 0.0,
) -> None:
    """Say which road matters most."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from resilience.stress.local import cores
    from resilience.stress.roadscan import check_folder, road_problem, scan_roads, tables_of, write_scan

    if workers < 0:
        raise InputError(say("error.not_negative", name="--workers", found=workers))
    if top < 1:
        raise InputError(say("error.not_positive", name="--top", found=top))
    if out is not None:
        check_folder(out)
    target = folder if list(folder.glob("*_net.tntp")) else find_case(folder)
    if (toll_weight or distance_weight) and (target / "case.toml").is_file():
        raise InputError(say("error.weights_of_case", folder=target))
    problem = road_problem(target, toll_weight=toll_weight, distance_weight=distance_weight)
    cuts = tuple(cut or [1.0])
    if any(0.0 < share < 1.0 for share in cuts) and not give_up:
        typer.echo(say("cli.notice", text=say("cli.cut_forced")), err=True)
    columns = TextColumn(say("progress.closures")), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        line = bar.add_task("", total=None)

        def show(done: int, total: int) -> None:
            bar.update(line, completed=done, total=total)

        found = scan_roads(
            problem, kind=elements, cuts=cuts, across=cells, most=most, gap=gap, give_up=give_up,
            workers=workers if workers > 0 else cores(), progress=show,
        )  # fmt: skip
    asked = {"elements": elements, "cuts": list(cuts), "gap": gap, "give_up": give_up}
    if out is not None:
        write_scan(found, out, asked)
    if as_json:
        tables = {
            name: json.loads(table.to_json(orient="records", double_precision=15))
            for name, table in tables_of(found).items()
        }
        whole = {"travel_time_vehicle_hours": found.base.total_travel_time / 60.0, "no_way_vph": found.no_way_vph}
        typer.echo(_json(asked | whole | tables))
    else:
        _print_scan(found, top)
    if out is not None:
        typer.echo(say("cli.scan_done", folder=out), err=as_json)
    missed = sum(int((~scan.elements["converged"]).sum()) for scan in found.scans)
    if missed or not found.base.converged:
        raise RunError(say("cli.scan_missed", gap=gap, count=missed))


def _print_scan(found: Any, top: int) -> None:
    from rich.cells import cell_len
    from rich.markup import escape
    from rich.table import Table

    names = ("rank", "element", "flow", "cost_increase", "nri_share", "unserved")
    console = _console(len(names))
    for scan in found.scans:
        lost = say("cli.scan_closed") if scan.cut == 1.0 else say("cli.scan_cut", share=f"{100 * scan.cut:.6g}%")
        table = Table(
            title=escape(f"{found.problem.name}: {lost}"), caption=say("cli.scan_caption"), title_justify="left"
        )
        roads = scan.elements[~scan.elements["connector"]]
        rows = roads if len(roads) else scan.elements
        shown = rows.head(top)
        labels = [str(found.problem.label.get(name, name)) for name in shown["element"]]
        longest = max(map(cell_len, [say("cli.scan_element"), *labels]))
        for name in names:
            road = name == "element"  # its width is set: the numbers beside it wrap first, and it is never squeezed out
            width = min(longest, max(14, console.width - 66)) if road else None
            table.add_column(say(f"cli.scan_{name}"), justify="left" if road else "right", width=width, overflow="fold")
        for row, label in zip(shown.itertuples(), labels, strict=True):
            rank = f"{row.rank}" if row.rank_low == row.rank_high else f"{row.rank} ({row.rank_low}–{row.rank_high})"
            table.add_row(
                rank, escape(label), f"{row.flow:,.0f}", f"{row.cost_increase:,.1f} ± {row.error:.1g}",
                f"{row.nri_share:+.2%}", f"{row.unserved:,.0f}",
            )  # fmt: skip
        console.print(table)
        if 0 < len(roads) < len(scan.elements):
            typer.echo(say("cli.scan_connectors", count=len(scan.elements) - len(roads)))
    if found.no_way_vph > 0.0:
        typer.echo(say("cli.scan_no_way", count=f"{found.no_way_vph:,.0f}"))


@app.command(help=say("cli.dashboard"))
def dashboard(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=say("help.run_folder_or_folder_of_run"))] = Path(
        "results"
    ),
    port: Annotated[int, typer.Option(help=say("help.port_on"))] = 8050,
) -> None:
    """Open the results in a browser."""
    if not 1 <= port <= 65535:
        raise InputError(say("error.bad_port", found=port))
    ended = subprocess.run([sys.executable, "-m", "dashboard", str(folder), "--port", str(port)], check=False)
    if ended.returncode not in (0, -2, STOPPED):
        raise typer.Exit(ended.returncode)


def main() -> None:
    """Run the command line; a mistake of the user's ends with one message and exit code 2."""
    from concurrent.futures.process import BrokenProcessPool

    try:
        code = app(standalone_mode=False)
        if code == STOPPED:  # the command line library makes a code of Ctrl-C
            raise KeyboardInterrupt
        sys.exit(code if isinstance(code, int) else 0)
    except (typer.Abort, KeyboardInterrupt):
        _leave(say("error.stopped_early"), STOPPED)
    except StoppedError as stop:
        _leave(str(stop), STOPPED)
    except ResilienceError as error:
        _leave(str(error), 2)
    except BrokenProcessPool:
        _leave(say("error.worker_died"), 1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        show = getattr(error, "show", None)
        if show is not None:  # a usage error of the command line library
            show()
            sys.exit(getattr(error, "exit_code", 2))
        if os.environ.get("RESILIENCE_DEBUG"):
            raise
        _leave(say("error.unexpected", kind=type(error).__name__, reason=error), 1)


def _leave(message: str, code: int) -> None:
    typer.echo(message, err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()


def list_extensions(room: str) -> list[str]:
    """Return the registered names of a room, for `resilience list`."""
    if room == "metrics":
        return list(all_metrics())
    return names(room)
