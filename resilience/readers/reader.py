"""The contract of a reader: a function from another program's file to tables, a road graph or a raster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pathlib import Path


class Reader(Protocol):
    """Reads one file or folder; further arguments are its own.

    It gives either tables of a case, by name and with the columns of their schema, or a frozen dataclass of its own
    (Tntp, Raster). What is wrong with the file is told by CaseError or InputError, with file, line, what was found and
    what would be right; a missing or garbled file never ends in another error.

    >>> import pandas as pd
    >>> from resilience import CaseError, Problem
    >>> def read_camps(path):
    ...     '''Zones from lines such as "C1 120.5 80 300": name, x, y, people.'''
    ...     if not path.is_file():
    ...         raise CaseError([Problem("missing_file", path.name, found=str(path))])
    ...     rows = []
    ...     for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
    ...         try:
    ...             name, x, y, people = line.split()
    ...             rows.append({"id": name, "x": float(x), "y": float(y), "people": float(people)})
    ...         except ValueError:
    ...             problem = Problem("plain", path.name, number, found=f"{line!r} is no name, x, y and people")
    ...             raise CaseError([problem]) from None
    ...     return {"zones": pd.DataFrame(rows, columns=["id", "x", "y", "people"])}
    >>> from resilience.testing import check_reader
    >>> check_reader(read_camps, example="C1 120.5 80 300").passed
    True

    """

    def __call__(self, path: Path, /, *args: Any, **more: Any) -> Any:
        """Return what the file or folder holds."""
        ...
