"""Read the tables of a case, make ids global, and check that they fit together."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pyproj import CRS
from pyproj.exceptions import CRSError

from resilience.base.errors import Notice, Problem, near
from resilience.base.schema import check_refs, read_table, schema, schema_names

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from resilience.base.arrays import Ints
    from resilience.city.city import City

TABLES = [name for name in schema_names() if name != "hydrograph"]
LAYER_OF = {
    "road_nodes": "road", "road_links": "road", "power_nodes": "power", "power_links": "power", "zones": "zone",
    "facilities": "facility", "firms": "firm", "supply_links": "supply",
}  # fmt: skip


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
    for name in TABLES:
        path = folder / f"{name}.csv"
        found = read_table(path, name, problems, shown=f"{name}.csv") if path.is_file() else None
        if found is None:
            found = pd.DataFrame({c: _empty(schema(name).at[c, "type"]) for c in schema(name).index})
            found["row"] = np.zeros(0, int)
            found.attrs["unreadable"] = path.is_file()
        tables[name] = found
    for stray in sorted(folder.glob("*.csv")):
        meant = difflib.get_close_matches(stray.stem, TABLES, n=1, cutoff=0.8)
        if stray.stem not in TABLES and meant and not (folder / f"{meant[0]}.csv").is_file():
            problems.append(Problem("unknown_table", stray.name, found=stray.name, expected=f"{meant[0]}.csv"))
    for layer in ("road", "power"):
        nodes, links = tables[f"{layer}_nodes"], tables[f"{layer}_links"]
        twice = links[links["id"].isin(nodes["id"])]
        problems += [
            Problem("duplicate_id", f"{layer}_links.csv", int(r), "id", i)
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
        _check_rows(tables, problems)
    if problems:
        return
    for name, table in tables.items():
        rules = schema(name)
        for column in rules.index[rules["type"] == "ref"]:
            prefix = LAYER_OF.get(rules.at[column, "refers"])
            if prefix and len(table):
                table[column] = prefix + ":" + table[column]
        if "id" in table:
            prefix = LAYER_OF.get(name)
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
        order = sorted(range(len(known)), key=lambda i: [*_parts(str(known[i])), str(known[i])])
    else:
        order = list(np.argsort(np.asarray(known)))
    place = np.zeros(len(known) + 1, np.int64)
    place[order] = np.arange(len(known))
    place[-1] = len(known)  # absent values come last
    return place[numbers]


def _parts(text: str) -> list[Any]:
    return [int(part) if part.isdigit() and part.isascii() else part for part in re.split(r"([0-9]+)", text)]


def _check_rows(tables: dict[str, pd.DataFrame], problems: list[Problem]) -> None:
    links = tables["road_links"]
    for row, link in links.loc[links["from_node"] == links["to_node"], ["row", "from_node"]].itertuples(index=False):
        problems.append(Problem("self_loop", "road_links.csv", int(row), "to_node", str(link)))
    trips = tables["trips"]
    same = trips[trips["origin"] == trips["destination"]]
    problems += [
        Problem("within_zone", "trips.csv", int(r), "destination", o)
        for r, o in zip(same["row"][:20], same["origin"][:20], strict=True)
    ]
    again = trips[trips.duplicated(["origin", "destination", "purpose", "mode"])]
    problems += [
        Problem("duplicate_trips", "trips.csv", int(r), "origin", o)
        for r, o in zip(again["row"][:20], again["origin"][:20], strict=True)
    ]
    attached = set(tables["connectors"]["zone"])
    for column in ("origin", "destination"):
        loose = trips[~trips[column].isin(attached) & trips[column].isin(tables["zones"]["id"])]
        problems += [
            Problem("no_connector", "trips.csv", int(r), column, o)
            for r, o in zip(loose["row"][:20], loose[column][:20], strict=True)
        ]
    rows = tables["dependencies"]
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
    hours = tables["sectors"]
    late = hours[hours["closes_hour"] <= hours["opens_hour"]]
    problems += [Problem("bad_span", "sectors.csv", int(r), "closes_hour") for r in late["row"]]


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
    supply = city.supply
    if supply is not None:
        short = np.flatnonzero(supply.final < -1e-6 * supply.output)
        problems += [
            Problem("oversold", "supply_links.csv", int(lines["supply_links"][supply.supplier == i][0]), "flow_per_day",
                    str(city["firms"].index[i]), f"{supply.output[i]:g}")
            for i in short[:20]
        ]  # fmt: skip
    power = city.power
    if power is not None:
        nodes = power.network.nodes
        if not (nodes["kind"] == "source").any():
            problems.append(Problem("no_source", "power_nodes.csv", column="kind"))
        else:
            on = power.supplied(np.ones(power.size, np.bool_), np.ones(len(power.tail), np.bool_))
            problems += [
                Problem("not_supplied", "power_nodes.csv", int(lines["power_nodes"][i]), "id", str(nodes.index[i]))
                for i in np.flatnonzero(~on)[:20]
            ]
    _tell_twice(city, notices, lines)
    _check_roads(city, problems, notices, lines["trips"])
    zones = city["zones"]
    if len(zones) and zones["people"].sum() == 0:
        notices.append(Notice("no_people", {}))
    if len(city["road_links"]) and len(city["trips"]) == 0:
        notices.append(Notice("no_trips", {}))


def _tell_twice(city: City, notices: list[Notice], lines: Mapping[str, NDArray[np.int64]]) -> None:
    """Tell of rows that stand twice but for their id: both count, though one may be a slip."""
    same = {"road_links": None, "supply_links": None, "connectors": ["zone", "node"]}
    for name, columns in same.items():
        table = city[name].drop(columns="synthetic", errors="ignore")
        again = np.flatnonzero(table.duplicated(columns)) if len(table) else np.zeros(0, np.int64)
        if len(again):
            group = table.groupby(columns or list(table.columns), dropna=False, sort=False).ngroup().to_numpy(np.int64)
            alike = lines[name][group == group[again[0]]]
            values = {"file": f"{name}.csv", "lines": ", ".join(map(str, alike[:5])), "count": str(len(again))}
            notices.append(Notice("row_twice", values))


def _check_roads(city: City, problems: list[Problem], notices: list[Notice], lines: NDArray[np.int64]) -> None:
    road = city.road
    if road is None:
        return
    zones, trips = city["zones"], city["trips"]
    loose = zones.index[~road.connected & ((zones["people"] > 0) | (zones["jobs"] > 0)).to_numpy()]
    if len(loose):
        people = zones.loc[loose, "people"].sum()
        values = {"count": str(len(loose)), "people": f"{people:,.0f}", "first": ", ".join(loose[:3])}
        notices.append(Notice("loose_zones", values))
    if len(trips) == 0:
        return
    main = road.largest_part(np.zeros(len(road.graph.tail), np.bool_))[road.zone_node]
    for column in ("origin", "destination"):
        number = zones.index.get_indexer(trips[column])
        for position in np.flatnonzero(~main[number])[:20]:
            name = trips[column].iloc[position].removeprefix("zone:")
            problems.append(Problem("unreachable_zone", "trips.csv", int(lines[position]), column, name))
