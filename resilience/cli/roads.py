"""`resilience criticality`: which road matters most."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from resilience.base.errors import InputError, RunError, near
from resilience.base.text import say
from resilience.case.shipped import find_case, shipped_cases
from resilience.cli.app import AsJson, app
from resilience.cli.show import clean_json, console_for


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

    from resilience.base.files import check_folder
    from resilience.readers.tntp import is_tntp
    from resilience.stress.local import cores
    from resilience.stress.roadscan import road_problem, scan_roads, tables_of, write_scan

    if workers < 0:
        raise InputError(say("error.not_negative", name="--workers", found=workers))
    if top < 1:
        raise InputError(say("error.not_positive", name="--top", found=top))
    if out is not None:
        check_folder(out)
    target = folder if is_tntp(folder) else _case_of(folder)
    if (toll_weight or distance_weight) and (target / "case.toml").is_file():
        raise InputError(say("error.weights_of_case", folder=target))
    problem = road_problem(target, toll_weight=toll_weight, distance_weight=distance_weight)
    for notice in problem.notices:
        typer.echo(say("cli.notice", text=notice), err=True)
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
        typer.echo(clean_json(asked | whole | tables))
    else:
        print_scan(found, top)
    if out is not None:
        typer.echo(say("cli.scan_done", folder=out), err=as_json)
    missed = sum(int((~scan.elements["converged"]).sum()) for scan in found.scans)
    if missed or not found.base.converged:
        raise RunError(say("cli.scan_missed", gap=gap, count=missed))


def _case_of(folder: Path) -> Path:
    """Return the folder of a case, or the shipped case of that name."""
    shipped = [case.name for case in shipped_cases()]
    target = find_case(folder) if str(folder) in shipped else folder
    if not target.is_dir():
        raise InputError(say("error.no_folder", folder=folder, expected=near(folder.name, shipped)))
    return target


def print_scan(found: Any, top: int) -> None:
    """Print the most critical elements of a scan."""
    from rich.cells import cell_len
    from rich.markup import escape
    from rich.table import Table

    names = ("rank", "element", "flow", "cost_increase", "nri_share", "unserved")
    console = console_for(len(names))
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
