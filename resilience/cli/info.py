"""`resilience info`: what is installed here, and the kernels compiled once, ahead of the first run."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from resilience.base.text import say
from resilience.cli.app import AsJson, app

LIBRARIES = ("numpy", "scipy", "numba", "pandas", "networkx", "igraph", "mesa", "simpy", "dash")


@app.command(help=say("cli.info"))
def info(
    compile_: Annotated[bool, typer.Option("--compile", help=say("help.compile"))] = False,
    as_json: AsJson = False,
) -> None:
    """Tell versions, cores and memory; with `--compile`, compile the kernels."""
    import json
    import platform
    from importlib.metadata import version

    from resilience.base.kept import cache_folder
    from resilience.base.memory import available_memory
    from resilience.stress.local import cores

    told: dict[str, Any] = {
        "version": version("urban-resilience"),
        "python": platform.python_version(),
        "cores": cores(),
        "memory_gb": round((available_memory() or 0) / 1e9, 1),
        "kept_in": str(cache_folder() or ""),
        "libraries": {name: version(name) for name in LIBRARIES},
    }
    if compile_:
        told["compiled"] = _compile(quiet=as_json)
    if as_json:
        typer.echo(json.dumps(told, indent=1))
    elif not compile_:
        typer.echo(f"urban-resilience {told['version']}, Python {told['python']}")
        typer.echo(say("info.machine", cores=told["cores"], memory=told["memory_gb"]))
        typer.echo(say("info.kept", folder=told["kept_in"]) if told["kept_in"] else say("info.not_kept"))
        typer.echo(", ".join(f"{name} {number}" for name, number in told["libraries"].items()))


def _compile(*, quiet: bool) -> int:
    """Compile what is not on disk yet, telling each step; return how many kernels that were."""
    from resilience.cli.kernels import compiled, jobs

    start, before = time.perf_counter(), compiled()
    todo = jobs()
    if not quiet:
        typer.echo(say("info.compiling"))
    for number, job in enumerate(todo, 1):
        since, already = time.perf_counter(), compiled()
        job.work()
        fresh = compiled() - already
        if not quiet:
            key = "info.compiled" if fresh else "info.on_disk"
            seconds = f"{time.perf_counter() - since:.1f}"
            what = say(f"info.{job.name}")
            typer.echo(say(key, number=number, of=len(todo), what=what, kernels=fresh, seconds=seconds))
    if not quiet:
        typer.echo(say("info.ready", seconds=f"{time.perf_counter() - start:.1f}"))
    return compiled() - before
