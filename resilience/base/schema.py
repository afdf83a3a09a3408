"""Read a table of a case and hold it against its schema in schema/, collecting every problem."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from resilience.base.csvfile import read_cells
from resilience.base.defaults import parameters
from resilience.base.errors import Problem, near
from resilience.base.text import say

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from resilience.base.csvfile import Cells

_FOLDER = Path(__file__).parents[1] / "data" / "schema"
_MORE: list[Path] = []  # folders of layers from elsewhere
_TRUE, _FALSE = {"1", "true", "t", "yes"}, {"0", "false", "f", "no"}
MOST_PER_COLUMN = 20
TINY, HUGE = 1e-9, 1e18  # no length, speed, flow or amount of a city lies beyond; products of such numbers overflow
# units as people write them in the names of columns, and one spelling of each
_UNIT_WORDS = {
    word: unit
    for unit, words in {
        "m": "m metre metres meter meters", "km": "km kilometre kilometres kilometers", "cm": "cm", "mm": "mm",
        "ft": "ft feet foot", "mi": "mi mile miles", "yd": "yd yards", "s": "s sec secs second seconds",
        "min": "min mins minute minutes", "h": "h hr hrs hour hours", "d": "d day days", "w": "w watt watts",
        "kw": "kw", "mw": "mw", "gw": "gw", "kva": "kva", "mva": "mva", "km/h": "km/h kmh kph kmph", "mph": "mph mi/h",
        "m/s": "m/s ms mps", "veh/h": "veh/h vph vehh pcuph pcu/h", "veh/d": "veh/d vpd aadt", "%": "% percent pct",
    }.items()
    for word in words.split()
}  # fmt: skip
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:[.,'\u2019 \u00a0\u202f]\d{3})+(?:[.,]\d+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_WITH_UNIT = re.compile(r"([+-]?\d+(?:[.,]\d+)?)\s*([^\d\s.,:/-][^\d]*)")


def _read(path: Path) -> pd.DataFrame:
    """Return a schema; the default of a number may be the name of a parameter of the tables in defaults/."""
    import pandas as pd

    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    named = table["type"].isin(("number", "integer")) & table["default"].str.match(r"[a-z_]+\.[a-z]")
    if named.any():
        table.loc[named, "default"] = table.loc[named, "default"].map(parameters()["value"].to_dict().__getitem__)
    return table


@cache
def schema(name: str) -> pd.DataFrame:
    """Return the columns of a table: index = column; type, unit, required, default, limits, meaning."""
    folder = next((f for f in (_FOLDER, *_MORE) if (f / f"{name}.csv").is_file()), _FOLDER)
    return _read(folder / f"{name}.csv").set_index("column")


def add_folder(folder: Path) -> None:
    """Look for schemas in a folder too: that of a layer from elsewhere."""
    if folder not in _MORE:
        _MORE.append(folder)


def schema_names() -> list[str]:
    """Return the names of all tables a case may have."""
    return sorted(file.stem for file in _FOLDER.glob("[a-z]*.csv"))


@cache
def case_schema() -> pd.DataFrame:
    """Return the keys of case.toml: section, key, type, required, default, limits, choices, meaning."""
    return _read(_FOLDER / "_case_toml.csv")


@cache
def curve_schema() -> pd.DataFrame:
    """Return the curves that a run writes down: index = variable; unit, groups, writer, meaning."""
    import pandas as pd

    return pd.read_csv(_FOLDER / "_curves.csv", dtype=str, keep_default_na=False).set_index("variable")


def read_points(text: str) -> NDArray[np.float64]:
    """Return the points of a line or polygon written "x y, x y", shape (points, 2)."""
    return np.array([[float(v) for v in pair.split()] for pair in text.split(",")], dtype=float).reshape(-1, 2)


def read_table(
    path: Path, name: str, problems: list[Problem], *, shown: str | None = None, others: bool = False
) -> pd.DataFrame | None:
    """Return the checked table, or None where it cannot be read; faults are appended to `problems`.

    The frame holds every column of the schema in its order, defaults filled in, and is indexed by position; the
    column `row` is the line of the file, so that later checks can say where a fault stands.

    Parameters
    ----------
    path, name : the file, and its schema
    problems : takes in the faults
    shown : what the file is called in messages
    others : the table is of other people's making: columns that the schema lacks are left out and not refused, and
        names of columns may be written in capitals

    """
    import pandas as pd

    label = shown or path.name
    columns = schema(name)
    cells = read_cells(path, label, columns.index, problems)
    if cells is not None and others:
        cells = replace(cells, header=[name.lower() for name in cells.header])
    if cells is None or not _check_header(cells, label, columns, problems, others=others):
        return None
    lines = pd.Index(cells.lines, dtype=np.int64)
    raw = pd.DataFrame(cells.rows, columns=pd.Index(cells.header, dtype=object), index=lines, dtype=object)
    table = pd.DataFrame(index=raw.index)
    for column in columns.index:
        rule = columns.loc[column]
        given = raw[column].str.strip() if column in raw.columns else pd.Series("", index=raw.index, dtype=str)
        table[column] = _read_column(label, str(column), rule, given, problems)
    table["row"] = lines
    return table.reset_index(drop=True) if cells.whole else None


def _check_header(cells: Cells, label: str, columns: pd.DataFrame, problems: list[Problem], *, others: bool) -> bool:
    """Return whether the header holds the columns of a schema, no `others`, and each once; else append problems."""
    before, line = len(problems), cells.header_line
    needed = {str(c) for c in columns.index[columns["required"] == "yes"]} - set(cells.header)
    for number, name in enumerate(cells.header):
        if others and name not in columns.index:
            continue
        if name in cells.header[:number]:
            problems.append(Problem("duplicate_column", label, line, name or str(number + 1), found=name))
        elif name in columns.index:
            continue
        elif not name:
            problems.append(Problem("unnamed_column", label, line, str(number + 1)))
        elif (meant := _meant_column(name, columns)) is not None:
            unit = columns.at[meant[0], "unit"] or say("problem.no_unit")
            key = "column_other_unit" if meant[1] else "column_with_unit"
            problems.append(Problem(key, label, line, name, found=meant[0], expected=unit))
            needed.discard(meant[0])
        else:
            expected = near(name.lower(), columns.index)
            problems.append(Problem("unknown_column", label, line, name, found=name, expected=expected))
    has = ", ".join(cells.header)
    missing = [str(c) for c in columns.index if c in needed]
    problems += [Problem("missing_column", label, line, c, found=c, expected=has) for c in missing]
    return len(problems) == before


def _meant_column(name: str, columns: pd.DataFrame) -> tuple[str, bool] | None:
    """Return the column that a name such as "length_m [m]" or "length_km" stands for, and whether its unit is another.

    None where the name has no unit in it, or no column of the schema fits.
    """
    bare, unit, bracket = name.lower(), "", False
    if match := re.fullmatch(r"(.*?)[\s_]*[\[(]\s*([^\])]*?)\s*[\])]", bare):
        bare, unit, bracket = match[1], _UNIT_WORDS.get(match[2], match[2]), True
    words = re.split(r"[\s_]+", bare)
    if not unit and words[-1] in _UNIT_WORDS and bare not in columns.index:
        unit, words = _UNIT_WORDS[words[-1]], words[:-1]
    if not unit and not bracket:
        return None
    for column in columns.index:
        parts = str(column).split("_")
        stem = parts[:-1] if parts[-1] in _UNIT_WORDS else parts
        own = _UNIT_WORDS.get(columns.at[column, "unit"].lower(), columns.at[column, "unit"].lower())
        other = bool(unit) and unit != own
        if (bare == column or (words == stem and own)) and (bracket or other):
            return str(column), other
    return None


def _report(problems: list[Problem], label: str, column: str, key: str, bad: pd.Series, expected: str = "") -> None:
    """Append one problem per bad cell, the first few of a column in full."""
    for number, (position, found) in enumerate(bad.items()):
        if number == MOST_PER_COLUMN:
            rest = str(len(bad) - number)
            problems.append(Problem("and_more", label, column=column, found=rest, expected=key))
            return
        problems.append(Problem(key, label, int(str(position)), column, found=str(found), expected=expected))


def _report_numbers(problems: list[Problem], label: str, column: str, unit: str, bad: pd.Series) -> None:
    """Append one problem per cell that is no number: decimal commas, marks of thousands and units told as such."""
    grouped = bad.map(lambda text: _GROUPED.fullmatch(text) is not None).astype(bool)
    comma = bad.map(lambda text: _DECIMAL_COMMA.fullmatch(text) is not None).astype(bool) & ~grouped
    word = bad.map(lambda text: _WITH_UNIT.fullmatch(text) is not None).astype(bool)
    _report(problems, label, column, "thousands_mark", bad[grouped])
    _report(problems, label, column, "decimal_comma", bad[comma])
    _report(problems, label, column, "number_with_unit", bad[word], unit or say("problem.no_unit"))
    _report(problems, label, column, "not_a_number", bad[~grouped & ~comma & ~word])


def _read_column(label: str, column: str, rule: pd.Series, given: pd.Series, problems: list[Problem]) -> pd.Series:
    import pandas as pd

    kind, empty = rule["type"], given == ""
    if rule["required"] == "yes" and empty.any():
        _report(problems, label, column, "empty_cell", given[empty])
    filled = given.mask(empty, rule["default"]) if rule["default"] != "" else given
    blank = filled == ""
    if kind in ("number", "integer"):
        numbers = pd.to_numeric(filled.mask(blank, "nan"), errors="coerce").astype(float)
        _report_numbers(problems, label, column, rule["unit"], given[numbers.isna() & ~blank])
        _report(problems, label, column, "not_finite", given[np.isinf(numbers)])
        if kind == "integer":
            _report(problems, label, column, "not_an_integer", given[np.isfinite(numbers) & (numbers % 1 != 0)])
        least, most = rule["least"], rule["most"]
        if least.startswith(">"):
            _report(problems, label, column, "too_small", given[numbers <= float(least[1:])], f"> {least[1:]}")
            tiny = (numbers > float(least[1:])) & (numbers - float(least[1:]) < TINY)
            _report(problems, label, column, "too_small", given[tiny], f">= {TINY:g}")
        elif least:
            _report(problems, label, column, "too_small", given[numbers < float(least)], f">= {least}")
        if most or least:
            most = float(most or HUGE)
            _report(
                problems, label, column, "too_large", given[np.isfinite(numbers) & (numbers > most)], f"<= {most:g}"
            )
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
    """Append a problem for every cell of `column` that names no row of `target`, with near names.

    Where `target` has no rows at all, that is one problem of `target`, however many tables need it.
    """
    bad = table[~table[column].isin(known) & (table[column] != "")]
    if len(known) == 0 and len(bad):
        if not any(p.key == "needed_table" and p.file == target for p in problems):
            problems.append(Problem("needed_table", target, found=f"{label} {column}"))
        return
    for number, (row, found) in enumerate(zip(bad["row"], bad[column], strict=True)):
        if number == MOST_PER_COLUMN:
            more = str(len(bad) - number)
            problems.append(Problem("and_more", label, column=column, found=more, expected="unknown_ref"))
            return
        expected = f"{target}: {near(str(found), known[:5000])}"
        problems.append(Problem("unknown_ref", label, int(row), column, str(found), expected))
