"""Read the tables of a case, make ids global, and check that they fit together."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pyproj import CRS
from pyproj.exceptions import CRSError

from resilience.base.errors import Notice, Problem, near
from resilience.base.naming import natural
from resilience.base.schema import check_refs, read_table, schema
from resilience.networks.layer import Findings, layers, prefixes
from resilience.networks.layer import tables as tables_of_a_case

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from resilience.base.arrays import Ints
    from resilience.city.city import City


def check_crs(text: str, problems: list[Problem]) -> None:
    """Append a problem where the text names no projected coordinate system in metres."""
    if not text:
        return
    try:
        crs = CRS.from_user_input(text)
    except CRSError:
        problems.append(Problem("bad_crs", "case.toml", column="[case] crs", found=text))
        return
    if not crs.is_projected or crs.axis_info[0].unit_name != "metre":
        problems.append(Problem("bad_crs", "case.toml", column="[case] crs", found=text))


def read_tables(folder: Path, problems: list[Problem]) -> dict[str, pd.DataFrame]:
    """Return all tables; an absent or unreadable one is an empty frame with the columns of its schema."""
    tables: dict[str, pd.DataFrame] = {}
    known = tables_of_a_case()
    for name in known:
        path = folder / f"{name}.csv"
        found = read_table(path, name, problems, shown=f"{name}.csv") if path.is_file() else None
        if found is None:
            found = pd.DataFrame({c: _empty(schema(name).at[c, "type"]) for c in schema(name).index})
            found["row"] = np.zeros(0, int)
            found.attrs["unreadable"] = path.is_file()
        tables[name] = found
    for stray in sorted(folder.glob("*.csv")):
        meant = difflib.get_close_matches(stray.stem, known, n=1, cutoff=0.8)
        if stray.stem not in known and meant and not (folder / f"{meant[0]}.csv").is_file():
            problems.append(Problem("unknown_table", stray.name, found=stray.name, expected=f"{meant[0]}.csv"))
    for first, second in (pair for layer in layers() for pair in layer.same_ids):
        nodes, links = tables[first], tables[second]
        twice = links[links["id"].isin(nodes["id"])]
        problems += [
            Problem("duplicate_id", f"{second}.csv", int(r), "id", i)
            for r, i in zip(twice["row"], twice["id"], strict=True)
        ]
    return tables


def _empty(kind: str) -> pd.Series:
    if kind in ("number", "integer"):
        return pd.Series(dtype=float)
    return pd.Series(dtype=bool if kind == "boolean" else object)


def check_tables(tables: dict[str, pd.DataFrame], problems: list[Problem]) -> None:
    """Check references between tables, make ids global, index the tables by them."""
    for name, table in tables.items():
        rules = schema(name)
        for column in rules.index[rules["type"] == "ref"]:
            target = rules.at[column, "refers"]
            if tables[target].attrs.get("unreadable"):
                continue
            ids = pd.Index(tables[target]["id"])
            check_refs(table, f"{name}.csv", str(column), ids, f"{target}.csv", problems)
    if not any(table.attrs.get("unreadable") for table in tables.values()):
        found = Findings(problems)
        for layer in layers():
            layer.check_rows(tables, found)
        check_dependencies(tables["dependencies"], problems)
    if problems:
        return
    prefix_of = prefixes()
    for name, table in tables.items():
        rules = schema(name)
        for column in rules.index[rules["type"] == "ref"]:
            prefix = prefix_of.get(rules.at[column, "refers"])
            if prefix and len(table):
                table[column] = prefix + ":" + table[column]
        if "id" in table:
            prefix = prefix_of.get(name)
            table.index = pd.Index((prefix + ":" + table["id"]) if prefix and len(table) else table["id"], name="id")
            tables[name] = table.drop(columns="id")
        if "name" in table and len(table):
            tables[name]["name"] = tables[name]["name"].astype(str)
        tables[name] = _in_order(tables[name])


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table in an order of its own: by id, else by its columns, so that the order of its rows says nothing.

    Numbers within names count as numbers: F2 comes before F10.
    """
    if len(table) == 0:
        return table
    if table.index.name == "id":
        return table.iloc[np.argsort(_rank(table.index.to_series()), kind="stable")]
    keys = [_rank(table[c]) for c in table.columns if c != "row"]
    return table.iloc[np.lexsort(keys[::-1])].reset_index(drop=True)


def _rank(values: pd.Series) -> Ints:
    """Return the place of each value in the natural order of all, shape (rows,)."""
    numbers, known = pd.factorize(values, use_na_sentinel=True)
    if values.dtype == object or isinstance(values.dtype, pd.StringDtype):
        names = [str(name) for name in known.tolist()]
        order = sorted(range(len(names)), key=[natural(name) for name in names].__getitem__)
    else:
        order = list(np.argsort(np.asarray(known)))
    place = np.zeros(len(known) + 1, np.int64)
    place[order] = np.arange(len(known))
    place[-1] = len(known)  # absent values come last
    return place[numbers]


def check_dependencies(rows: pd.DataFrame, problems: list[Problem]) -> None:
    """Append problems of rows that say nothing or contradict each other."""
    twice = rows[rows.duplicated(["supplier", "consumer", "service"])]
    problems += [
        Problem("unused_row", "dependencies.csv", int(r), "consumer", c)
        for r, c in zip(twice["row"], twice["consumer"], strict=True)
    ]
    mixed = rows[rows.groupby(["consumer", "service"])["rule"].transform("nunique") > 1] if len(rows) else rows
    problems += [
        Problem("mixed_rule", "dependencies.csv", int(r), "rule", c)
        for r, c in zip(mixed["row"][:20], mixed["consumer"][:20], strict=True)
    ]


def check_city(
    city: City, problems: list[Problem], notices: list[Notice], lines: Mapping[str, NDArray[np.int64]]
) -> None:
    """Check what only the whole city shows: dependencies, supply, power and ways; stated effects go to `notices`.

    `lines` are the lines of the file in which the rows of each table begin, shape (rows,).
    """
    rows, line = city["dependencies"], lines["dependencies"]
    components = city.components
    for column in ("supplier", "consumer"):
        bad = rows[~rows[column].isin(components)]
        for position, name in list(bad[column].items())[:20]:
            same_layer = [c for c in components if c.startswith(str(name).split(":")[0] + ":")] or list(components)
            problems.append(
                Problem("unknown_component", "dependencies.csv", int(line[int(str(position))]), column, str(name),
                        near(str(name), same_layer))
            )  # fmt: skip
    own = rows[rows["supplier"] == rows["consumer"]]
    problems += [
        Problem("unused_row", "dependencies.csv", int(line[int(str(p))]), "supplier", str(n))
        for p, n in own["supplier"].items()
    ]
    if problems:
        return
    wrong = rows[(rows["service"] == "power") & ~rows["supplier"].str.startswith("power:")] if len(rows) else rows
    problems += [
        Problem("wrong_supplier", "dependencies.csv", int(line[int(str(p))]), "supplier", str(n))
        for p, n in wrong["supplier"].items()
    ]
    found = Findings(problems, notices, lines)
    for layer in layers():
        layer.check(city, found)
