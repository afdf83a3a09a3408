"""`resilience info`: the version, where things are kept, and the kernels compiled beforehand."""

from __future__ import annotations

from typing import Annotated

import typer

from resilience.base.text import say
from resilience.cli.app import app


@app.command(help=say("cli.info"))
def info(compile_: Annotated[bool, typer.Option("--compile", help=say("help.compile"))] = False) -> None:
    """Say what is installed and where things are kept; with --compile, compile all kernels."""
    from resilience import __version__
    from resilience.base.kept import cache_folder
    from resilience.base.memory import available_memory
    from resilience.stress.local import cores

    folder = cache_folder()
    typer.echo(say("cli.info_version", version=__version__))
    typer.echo(say("cli.info_kept", folder=folder or say("cli.info_off")))
    typer.echo(say("cli.info_machine", cores=cores(), memory=f"{available_memory() / 1e9:.1f}"))
    if compile_:
        _compile()


def _compile() -> None:
    """Compile all kernels, and say before and after each part what is done."""
    from resilience.stress.compiled import QUESTIONS, compile_all

    names, compiled, seconds = list(QUESTIONS), 0, 0.0
    steps = compile_all()
    for number, name in enumerate(names, start=1):
        what = say(f"cli.compile_{name}")
        typer.echo(say("cli.compile_step", number=number, count=len(names), what=what), nl=False)
        step = next(steps)
        typer.echo(say("cli.compile_took", seconds=f"{step.seconds:.1f}", compiled=step.compiled))
        compiled, seconds = compiled + step.compiled, seconds + step.seconds
    key = "cli.compile_done" if compiled else "cli.compile_there"
    typer.echo(say(key, compiled=compiled, seconds=f"{seconds:.1f}"))
