"""`resilience check my_package:Thing`: whether an extension keeps the contract of its room."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import typer

from resilience.base.errors import InputError
from resilience.base.plugins import from_file
from resilience.base.text import say

_EXTENSION = re.compile(r"(?P<place>[\w./\\ -]+):(?P<name>[A-Za-z_]\w*)")


def is_extension(text: str) -> bool:
    """Return whether a text is of the form module:Name or file.py:Name.

    >>> is_extension("my_package.wind:Windstorm"), is_extension("wind.py:Windstorm"), is_extension("sioux_falls")
    (True, True, False)

    """
    return _EXTENSION.fullmatch(text) is not None and not Path(text).exists()


def check_extension(text: str, *, allow_code: bool, example: Path | None) -> None:
    """Print what the contract of its room says of an extension.

    Raises
    ------
    typer.Exit
        Something failed (code 2).

    """
    from resilience.testing import check, check_reader

    thing = load(text, allow_code=allow_code)
    report = check_reader(thing, example=example) if example is not None else check(thing)
    typer.echo(str(report))
    if report.room == "readers" and example is None:
        typer.echo(say("cli.notice", text=say("check.no_example_reader")), err=True)
    counted = {f.check for f in report.findings if f.check != "word"}
    if not report.passed:
        failed = say("check.some_failed", name=report.name, failed=len(set(report.failed)), count=len(counted))
        typer.echo(failed, err=True)
        raise typer.Exit(2)
    typer.echo(say("check.all_passed", name=report.name, count=len(counted)))


def load(text: str, *, allow_code: bool) -> Any:
    """Return the class, function or object that module:Name or file.py:Name speaks of.

    Raises
    ------
    InputError
        It is not there, cannot be loaded, or is a file and code is not allowed.

    """
    place, _, name = text.rpartition(":")
    if place.endswith(".py"):
        if not allow_code:
            raise InputError(say("error.code_not_allowed", name=text))
        return from_file(Path(place), name)
    try:
        module = importlib.import_module(place)
    except Exception as error:
        kind = type(error).__name__
        raise InputError(say("extension.not_loaded", name=name, place=place, kind=kind, reason=error)) from error
    if not hasattr(module, name):
        raise InputError(say("error.no_code_class", path=place, name=name))
    return getattr(module, name)
