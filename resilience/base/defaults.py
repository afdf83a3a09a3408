"""The parameter tables in defaults/: every default value with its unit, source and how sure it is."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd

_FOLDER = Path(__file__).parents[1] / "data" / "defaults"


@cache
def parameters() -> pd.DataFrame:
    """Return all defaults: index = name (room.parameter), columns value, unit, sure, source, meaning, meaning_zh."""
    parts = []
    for file in sorted(_FOLDER.glob("*.csv")):
        part = pd.read_csv(file, dtype=str, keep_default_na=False)
        part.insert(0, "room", file.stem)
        part["name"] = file.stem + "." + part["name"]
        parts.append(part)
    return pd.concat(parts).set_index("name")


@cache
def default(name: str) -> float:
    """Return the default value of a parameter, in the unit its table states.

    Raises
    ------
    KeyError
        No table in defaults/ holds the name.

    """
    return float(parameters().at[name, "value"])
