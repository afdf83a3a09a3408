"""The parameter tables in defaults/: every default value with its unit, source and how sure it is."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from resilience.base.errors import InputError
from resilience.base.plugins import brought
from resilience.base.text import say

if TYPE_CHECKING:
    import pandas as pd

_FOLDER = Path(__file__).parents[1] / "data" / "defaults"


@cache
def parameters() -> pd.DataFrame:
    """Return all defaults: index = name (room.parameter), columns value, unit, sure, source, meaning, meaning_zh."""
    import pandas as pd

    parts = []
    for file in [*sorted(_FOLDER.glob("*.csv")), *_brought()]:
        part = pd.read_csv(file, dtype=str, keep_default_na=False)
        part.insert(0, "room", file.stem)
        part["name"] = file.stem + "." + part["name"]
        parts.append(part)
    return pd.concat(parts).set_index("name")


def _brought() -> list[Path]:
    """Return the tables that extensions bring; one called as a table of the house would hide its values."""
    own = {file.stem: str(_FOLDER) for file in _FOLDER.glob("*.csv")}
    found = []
    for entry in brought("defaults"):
        given = entry.load()
        for file in sorted(Path(given() if callable(given) else given).glob("*.csv")):
            if file.stem in own:
                values = {"room": say("extension.defaults"), "name": file.stem, "one": own[file.stem]}
                raise InputError(say("extension.twice", **values, two=entry.value))
            own[file.stem] = entry.value
            found.append(file)
    return found


@cache
def default(name: str) -> float:
    """Return the default value of a parameter, in the unit its table states.

    >>> default("curve.hold_hours")
    24.0

    Raises
    ------
    KeyError
        No table in defaults/ holds the name.

    """
    return float(parameters().at[name, "value"])
