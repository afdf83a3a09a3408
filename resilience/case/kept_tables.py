"""The checked tables of a case as plain arrays and back, so that a case that did not change is not read again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from resilience.base.errors import Notice
from resilience.base.files import digest
from resilience.base.kept import digest_of
from resilience.networks.layer import tables as tables_of_a_case

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Tables = dict[str, pd.DataFrame]


def digest_of_tables(folder: Path, head: dict[str, Any]) -> str:
    """Return a digest of all that the checked tables of a case come from: its CSV files by name, and [case]."""
    known = set(tables_of_a_case())
    files = [(f.name, digest(f) if f.stem in known else "") for f in sorted(folder.glob("*.csv")) if f.is_file()]
    return digest_of(files, sorted((key, repr(value)) for key, value in head.items()))


def all_plain(tables: Tables) -> bool:
    """Return whether all cells and ids are numbers or texts, so that they can be kept."""
    columns = [*(t[c] for t in tables.values() for c in t.columns), *(t.index.to_series() for t in tables.values())]
    return all(set(map(type, column)) <= {str} for column in columns if column.dtype == object)


def arrays_of(tables: Tables, notices: list[Notice]) -> dict[str, NDArray[Any]]:
    """Return tables and notices as arrays, texts as JSON in bytes; the tables are `all_plain`."""
    about = {
        "notices": [[n.key, n.values] for n in notices],
        "tables": {name: _about(table) for name, table in tables.items()},
    }
    arrays = {"about": _bytes(about)}
    for name, table in tables.items():
        if not isinstance(table.index, pd.RangeIndex):
            arrays[f"{name}:"] = _plain(table.index.to_numpy())
        arrays |= {f"{name}:{column}": _plain(table[column].to_numpy()) for column in table.columns}
    return arrays


def tables_of(arrays: dict[str, NDArray[Any]]) -> tuple[Tables, list[Notice]]:
    """Return the tables and notices of `arrays_of`."""
    about = json.loads(arrays["about"].tobytes())
    tables = {}
    for name, (types, rows, index_name, is_range) in about["tables"].items():
        index = pd.RangeIndex(rows) if is_range else pd.Index(_texts(arrays[f"{name}:"]), dtype=object)
        index = index.rename(index_name)
        tables[name] = pd.DataFrame({c: _column(arrays[f"{name}:{c}"], kind, index) for c, kind in types}, index=index)
    return tables, [Notice(key, values) for key, values in about["notices"]]


def _about(table: pd.DataFrame) -> list[Any]:
    types = [[str(column), str(kind)] for column, kind in table.dtypes.items()]
    return [types, len(table), table.index.name, isinstance(table.index, pd.RangeIndex)]


def _plain(values: NDArray[Any]) -> NDArray[Any]:
    """Return numbers as they are and texts as JSON."""
    if values.dtype != object:
        return values
    return _bytes(values.tolist())


def _column(values: NDArray[Any], kind: str, index: pd.Index) -> pd.Series:
    cells = _texts(values) if kind in ("object", "str") else values.copy()
    return pd.Series(cells, index=index, dtype=kind)


def _texts(values: NDArray[Any]) -> NDArray[Any]:
    cells = json.loads(values.tobytes())
    found = np.empty(len(cells), object)
    found[:] = cells
    return found


def _bytes(content: Any) -> NDArray[np.uint8]:
    return np.frombuffer(json.dumps(content, ensure_ascii=False).encode(), np.uint8)
