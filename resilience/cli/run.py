"""`resilience run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from resilience.base.errors import InputError
from resilience.base.text import say
from resilience.case.shipped import find_case
from resilience.cli.app import AllowCode, CaseFolder, app
from resilience.cli.cases import print_notices
from resilience.cli.show import print_scores


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
    from resilience.stress.plan import chosen_of
    from resilience.stress.stress import stress_test

    if workers < 0:
        raise InputError(say("error.not_negative", name="--workers", found=workers))
    if replicates < 1:
        raise InputError(say("error.not_positive", name="--replicates", found=replicates))
    loaded = load_case(find_case(case), allow_code=allow_code)
    chosen_of(scenario or None, loaded.scenarios, "scenario")
    chosen_of(option or None, loaded.options, "option")
    print_notices(loaded)
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
    print_scores(found)
    typer.echo(say("cli.run_done", folder=found.folder))
    typer.echo(say("cli.run_next", folder=found.folder))
