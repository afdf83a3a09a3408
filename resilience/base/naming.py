"""The natural order of names: numbers within them count as numbers, so that F2 comes before F10."""

from __future__ import annotations

import re
from typing import Any

_DIGITS = re.compile(r"([0-9]+)")


def natural(name: str) -> tuple[list[Any], str]:
    """Return the key by which names are sorted: their words and numbers in turn, a word first; then the name itself.

    >>> sorted(["F10", "F2", "12", "3", "F02"], key=natural)
    ['3', '12', 'F02', 'F2', 'F10']

    """
    parts: list[Any] = _DIGITS.split(name)
    parts[1::2] = map(int, parts[1::2])
    return parts, name
