"""`resilience check` and `list`: cases, and what is registered."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from resilience.base.errors import InputError, near
from resilience.base.plugins import check_extensions, names
from resilience.base.text import known, say
from resilience.case.shipped import find_case, shipped_cases
from resilience.cli.app import AllowCode, CaseOrExtension, app
from resilience.cli.extensions import check_extension, is_extension

ROOMS = ("hazards", "measures", "agents", "metrics", "readers", "cases")


@app.command(help=say("cli.check"))
def check(
    case: CaseOrExtension,
    allow_code: AllowCode = False,
    example: Annotated[Path | None, typer.Option(help=say("help.example"))] = None,
) -> None:
    """Check a case and report all problems at once, or check an extension against its contract."""
    if is_extension(str(case)):
        check_extension(str(case), allow_code=allow_code, example=example)
        return
    from resilience.case.case import load_case

    loaded = load_case(find_case(case), allow_code=allow_code)
    scenarios, options = len(loaded.scenarios), len(loaded.options)
    typer.echo(say("cli.case_ok", name=loaded.city.name, scenarios=scenarios, options=options))
    print_notices(loaded)


def print_notices(case: Any) -> None:
    """Print what a user should know of a case, and what cannot be assessed in it."""
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
    check_extensions()
    if what == "cases":
        for folder in shipped_cases():
            typer.echo(f"{folder.name}\t{folder}")
        return

    for name in list_extensions(what):
        key = f"metric.{name}.meaning" if what == "metrics" else f"plugin.{what}.{name}"
        typer.echo(f"{name:32} {say(key)}" if known(key) else name)


def list_extensions(room: str) -> list[str]:
    """Return the registered names of a room, for `resilience list`."""
    if room == "metrics":
        from resilience.metrics.scoring import all_metrics

        return list(all_metrics())
    return names(room)
