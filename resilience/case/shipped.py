"""The cases that come with the package."""

from __future__ import annotations

from pathlib import Path

from resilience.base.errors import InputError, near
from resilience.base.text import say


def shipped_cases() -> list[Path]:
    """Return the folders of the cases that come with the package or lie in ./cases."""
    package = Path(__file__).parents[1]
    homes = [package / "shipped", package.parent / "cases", Path("cases")]
    found = {f.parent.resolve() for home in homes for f in home.glob("*/case.toml")}
    return sorted(found)


def find_case(name: Path) -> Path:
    """Return a case folder: the path itself, or the shipped case of that name."""
    if name.is_dir():
        return name
    shipped = {folder.name: folder for folder in shipped_cases()}
    if name.name == str(name) and name.name in shipped:
        return shipped[name.name]
    if name.name == str(name):
        raise InputError(say("error.unknown_name", what=say("word.case"), name=name, expected=near(name.name, shipped)))
    return name
