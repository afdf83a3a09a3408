"""Read a table of a case and hold it against its schema in schema/, collecting every problem."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resilience.base.errors import Problem, near

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FOLDER = Path(__file__).parents[1] / "data" / "schema"
_TRUE, _FALSE = {"1", "true", "yes"}, {"0", "false", "no"}
MOST_PER_COLUMN = 20


@cache
def schema(name: str) -> pd.DataFrame:
    """Return the columns of a table: index = column; type, unit, required, default, limits, meaning."""
    return pd.read_csv(_FOLDER / f"{name}.csv", dtype=str, keep_default_na=False).set_index("column")


def schema_names() -> list[str]:
    """Return the names of all tables a case may have."""
    return sorted(file.stem for file in _FOLDER.glob("[a-z]*.csv"))


@cache
def case_schema() -> pd.DataFrame:
    """Return the keys of case.toml: section, key, type, required, default, limits, choices, meaning."""
    return pd.read_csv(_FOLDER / "_case_toml.csv", dtype=str, keep_default_na=False)


def read_points(text: str) -> NDArray[np.float64]:
    """Return the points of a line or polygon written "x y, x y", shape (points, 2)."""
    return np.array([[float(v) for v in pair.split()] for pair in text.split(",")], dtype=float).reshape(-1, 2)


def read_table(path: Path, name: str, problems: list[Problem], *, shown: str | None = None) -> pd.DataFrame | None:
    """Return the checked table, or None where it cannot be read; faults are appended to `problems`.

    The frame holds every column of the schema in its order, defaults filled in, and is indexed by position; the
    column `row` is the line of the file, so that later checks can say where a fault stands.
    """
    label = shown or path.name
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            raw = pd.read_csv(
                path, dtype=str, keep_default_na=False, encoding="utf-8-sig", skipinitialspace=True, index_col=False,
                skip_blank_lines=False,
            )  # fmt: skip
    except FileNotFoundError:
        problems.append(Problem("missing_file", label, found=str(path)))
        return None
    except (
        pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError, UnicodeDecodeError, OSError
    ) as error:  # fmt: skip
        problems.append(Problem("unreadable", label, found=str(error).strip()))
        return None
    columns = schema(name)
    raw.columns = [str(c).strip() for c in raw.columns]
    wrong = [c for c in raw.columns if c not in columns.index]
    problems += [Problem("unknown_column", label, 1, c, found=c, expected=near(c, columns.index)) for c in wrong]
    missing = [c for c in columns.index if columns.at[c, "required"] == "yes" and c not in raw.columns]
    problems += [
        Problem("missing_column", label, 1, c, found=c, expected=", ".join(map(str, raw.columns))) for c in missing
    ]
    if wrong or missing:
        return None
    lines = np.arange(len(raw)) + 2
    blank = (raw.map(str.strip) == "").all(axis=1).to_numpy(bool)
    raw, lines = raw[~blank], lines[~blank]
    raw.index = pd.Index(lines)
    table = pd.DataFrame(index=raw.index)
    for column in columns.index:
        rule = columns.loc[column]
        given = raw[column].str.strip() if column in raw.columns else pd.Series("", index=raw.index, dtype=str)
        table[column] = _read_column(label, str(column), rule, given, problems)
    table["row"] = lines
    return table.reset_index(drop=True)


def _report(problems: list[Problem], label: str, column: str, key: str, bad: pd.Series, expected: str = "") -> None:
    """Append one problem per bad cell, the first few of a column in full."""
    for number, (position, found) in enumerate(bad.items()):
        if number == MOST_PER_COLUMN:
            rest = str(len(bad) - number)
            problems.append(Problem("and_more", label, column=column, found=rest, expected=key))
            return
        problems.append(Problem(key, label, int(str(position)), column, found=str(found), expected=expected))


def _read_column(label: str, column: str, rule: pd.Series, given: pd.Series, problems: list[Problem]) -> pd.Series:
    kind, empty = rule["type"], given == ""
    if rule["required"] == "yes" and empty.any():
        _report(problems, label, column, "empty_cell", given[empty])
    filled = given.mask(empty, rule["default"]) if rule["default"] != "" else given
    blank = filled == ""
    if kind in ("number", "integer"):
        numbers = pd.to_numeric(filled.mask(blank, "nan"), errors="coerce").astype(float)
        _report(problems, label, column, "not_a_number", given[numbers.isna() & ~blank])
        _report(problems, label, column, "not_finite", given[np.isinf(numbers)])
        if kind == "integer":
            _report(problems, label, column, "not_an_integer", given[np.isfinite(numbers) & (numbers % 1 != 0)])
        least, most = rule["least"], rule["most"]
        if least.startswith(">"):
            _report(problems, label, column, "too_small", given[numbers <= float(least[1:])], f"> {least[1:]}")
        elif least:
            _report(problems, label, column, "too_small", given[numbers < float(least)], f">= {least}")
        if most:
            _report(problems, label, column, "too_large", given[numbers > float(most)], f"<= {most}")
        return numbers
    if kind == "boolean":
        lower = filled.str.lower()
        _report(problems, label, column, "not_a_boolean", given[~lower.isin(_TRUE | _FALSE) & ~blank])
        return lower.isin(_TRUE)
    if kind == "choice":
        choices = rule["choices"].split("|")
        for position, found in given[~filled.isin(choices) & ~blank].head(MOST_PER_COLUMN).items():
            row = int(str(position))
            problems.append(Problem("not_a_choice", label, row, column, str(found), near(str(found), choices)))
        return filled
    if kind in ("line", "polygon"):
        least_points = 2 if kind == "line" else 3
        bad = filled[~blank].map(lambda text: not _points_ok(text, least_points))
        _report(problems, label, column, "not_points", filled[~blank][bad.astype(bool)], f">= {least_points}")
        return filled
    if kind == "id":
        twice = filled[filled.duplicated() & ~blank]
        _report(problems, label, column, "duplicate_id", twice)
        if rule["choices"]:
            choices = rule["choices"].split("|")
            _report(problems, label, column, "not_a_choice", filled[~filled.isin(choices) & ~blank], ", ".join(choices))
    return filled


def _points_ok(text: str, least: int) -> bool:
    try:
        points = read_points(text)
    except ValueError:
        return False
    return len(points) >= least and bool(np.isfinite(points).all())


def check_refs(
    table: pd.DataFrame, label: str, column: str, known: pd.Index, target: str, problems: list[Problem]
) -> None:
    """Append a problem for every cell of `column` that names no row of `target`, with near names."""
    bad = table[~table[column].isin(known) & (table[column] != "")]
    for number, (row, found) in enumerate(zip(bad["row"], bad[column], strict=True)):
        if number == MOST_PER_COLUMN:
            more = str(len(bad) - number)
            problems.append(Problem("and_more", label, column=column, found=more, expected="unknown_ref"))
            return
        expected = f"{target}: {near(str(found), known[:5000])}"
        problems.append(Problem("unknown_ref", label, int(row), column, str(found), expected))
