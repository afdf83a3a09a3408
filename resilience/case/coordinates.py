"""Check that the coordinates of a case lie where its coordinate system has places, and near each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from resilience.base.defaults import default
from resilience.base.errors import Notice, Problem
from resilience.base.schema import MOST_PER_COLUMN, read_points, schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

LINKS_OF = {"road_links": "road_nodes", "power_links": "power_nodes"}


@dataclass(frozen=True)
class Area:
    """Where a coordinate system is defined: west, south, east, north in degrees and in metres, none where not known."""

    degrees: tuple[float, float, float, float] | None
    metres: tuple[float, float, float, float] | None


def area_of(crs: str) -> Area:
    """Return where a projected coordinate system is defined."""
    try:
        system = CRS.from_user_input(crs)
        area = system.area_of_use
        if area is None or area.west > area.east:
            return Area(None, None)
        degrees = (area.west, area.south, area.east, area.north)
        bounds = Transformer.from_crs("EPSG:4326", system, always_xy=True).transform_bounds(*degrees)
    except (CRSError, ProjError):
        return Area(None, None)
    return Area(degrees, bounds if np.isfinite(bounds).all() else None)


def check_coordinates(
    crs: str, tables: dict[str, pd.DataFrame], problems: list[Problem], notices: list[Notice]
) -> None:
    """Check every x, y and geometry: problems for places no city has, notices for what lies oddly within it.

    Parameters
    ----------
    crs : a projected coordinate system in metres
    tables : as read, with their column `row`; ids not yet global

    """
    area = area_of(crs)
    parts = [_points(name, table) for name, table in tables.items() if {"x", "y"} <= set(table.columns) and len(table)]
    points = pd.concat([part for part in parts if len(part)]) if any(len(part) for part in parts) else None
    middle = None
    if points is not None:
        middle = points[["x", "y"]].median().to_numpy(float)
        whole = _all_degrees(points["x"].to_numpy(float), points["y"].to_numpy(float), area)
        for name, rows in points.groupby("table", sort=False):
            _check_points(str(name), rows, area, middle, whole, crs, problems)
        if not problems:
            _outside(middle, area, crs, notices)
    for name, table in tables.items():
        if "geometry" in table.columns and not any(p.file == f"{name}.csv" for p in problems):
            shape = _shapes(table)
            if len(shape):
                _check_shapes(name, table, shape, area, middle, crs, problems)
                if not any(p.file == f"{name}.csv" for p in problems):
                    _check_fit(name, tables, shape, notices)


def _points(name: str, table: pd.DataFrame) -> pd.DataFrame:
    found = table.loc[np.isfinite(table[["x", "y"]].to_numpy(float)).all(axis=1), ["row", "id", "x", "y"]]
    return found.assign(table=name)


def _in_degrees(x: Floats, y: Floats, area: Area) -> Bools:
    """Return which points are degrees of the area of the system, longitude first or last, shape of `x`."""
    found = np.zeros(len(x), np.bool_)
    if area.degrees is not None:
        west, south, east, north = area.degrees
        for lon, lat in ((x, y), (y, x)):
            found |= (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north) & ((lon != 0) | (lat != 0))
    return found


def _all_degrees(x: Floats, y: Floats, area: Area) -> bool:
    """Return whether all places of a case are in degrees: so near each other, and of the area or in fractions."""
    if max(np.ptp(x), np.ptp(y)) > default("place.degrees") or not _small(x, y).all():
        return False
    fractions = len(x) > 1 and bool((x % 1 != 0).any() and (y % 1 != 0).any())
    return fractions or bool(_in_degrees(x, y, area).all())


def _small(x: Floats, y: Floats) -> Bools:
    low, high = np.minimum(np.abs(x), np.abs(y)), np.maximum(np.abs(x), np.abs(y))
    return (low <= 90) & (high <= 180) & (high > 0)


def _degrees(x: Floats, y: Floats, area: Area, middle: Floats) -> Bools:
    """Return which points are degrees beside others in metres, shape of `x`."""
    far = np.abs(middle).max()
    if far <= 1000.0:  # the others are small numbers themselves
        return np.zeros(len(x), np.bool_)
    return np.asarray(_small(x, y) & (_in_degrees(x, y, area) | (far > default("place.plan_m"))))


def _impossible(x: Floats, y: Floats, area: Area, middle: Floats) -> tuple[Bools, Bools]:
    """Return which x and which y no place of the system has, or lie farther from the middle than cities are wide."""
    most, margin = default("place.coordinate_m"), default("place.margin_m")
    wide = default("place.city_m")
    bounds = area.metres or (-most, -most, most, most)
    found = []
    for value, low, high, centre in ((x, bounds[0], bounds[2], middle[0]), (y, bounds[1], bounds[3], middle[1])):
        beyond = (value < low - margin) | (value > high + margin) | (np.abs(value) > most)
        found.append(beyond | (np.abs(value - centre) > wide))
    return found[0], found[1]


def _where(area: Area, crs: str, at: int) -> str:
    """Return the range of eastings (at = 0) or northings (at = 1) of the system, as text."""
    if area.metres is None:
        return crs
    return f"{area.metres[at]:,.0f} – {area.metres[at + 2]:,.0f} m ({crs})"


def _check_points(
    name: str, rows: pd.DataFrame, area: Area, middle: Floats, whole: bool, crs: str, problems: list[Problem]
) -> None:
    x, y = rows["x"].to_numpy(float), rows["y"].to_numpy(float)
    file = f"{name}.csv"
    degrees = _small(x, y) if whole else _degrees(x, y, area, middle)
    if degrees.any():
        i = int(np.flatnonzero(degrees)[0])
        found = f"{rows['id'].iloc[i]}: {x[i]:.10g}, {y[i]:.10g}"
        problems.append(Problem("degrees", file, int(rows["row"].iloc[i]), "x, y", found, crs))
        return
    for column, bad, at in zip("xy", _impossible(x, y, area, middle), (0, 1), strict=True):
        for i in np.flatnonzero(bad)[:MOST_PER_COLUMN]:
            found = f"{rows['id'].iloc[i]}: {rows[column].iloc[i]:.10g}"
            problems.append(
                Problem("no_place", file, int(rows["row"].iloc[i]), column, found, _where(area, crs, at))
            )  # fmt: skip


def _outside(middle: Floats, area: Area, crs: str, notices: list[Notice]) -> None:
    """Tell where the whole city lies outside the area of its system; small numbers are plans without a place."""
    if area.metres is None or np.abs(middle).max() < default("place.plan_m"):
        return
    west, south, east, north = area.metres
    slack = 0.25 * max(east - west, north - south)
    if not (west - slack <= middle[0] <= east + slack and south - slack <= middle[1] <= north + slack):
        values = {"found": f"{middle[0]:,.0f}, {middle[1]:,.0f}", "crs": crs,
                  "x": _where(area, crs, 0), "y": _where(area, crs, 1)}  # fmt: skip
        notices.append(Notice("outside_crs", values))


def _shapes(table: pd.DataFrame) -> pd.DataFrame:
    """Return the extent and the ends of each geometry; index = position in the table."""
    made = []
    for position, text in enumerate(table["geometry"]):
        if text:
            points = read_points(str(text))
            low, high = points.min(axis=0), points.max(axis=0)
            made.append((position, *low, *high, *points[0], *points[-1]))
    columns = ["at", "west", "south", "east", "north", "x0", "y0", "x1", "y1"]
    return pd.DataFrame(made, columns=columns).set_index("at")


def _check_shapes(
    name: str, table: pd.DataFrame, shape: pd.DataFrame, area: Area, middle: Floats | None, crs: str,
    problems: list[Problem],
) -> None:  # fmt: skip
    """Append a problem for each geometry in degrees, or with points that no place of the system has."""
    west, south, east, north = (shape[c].to_numpy(float) for c in ("west", "south", "east", "north"))
    centre = middle if middle is not None else np.array([np.median(west), np.median(south)])
    bad = np.zeros(len(shape), np.bool_)
    for x, y in ((west, south), (east, north)):
        for wrong in _impossible(x, y, area, centre):
            bad |= wrong
    degrees = _degrees(west, south, area, centre) & _degrees(east, north, area, centre)
    for kind, which in (("degrees", degrees), ("no_place", bad & ~degrees)):
        for i in np.flatnonzero(which)[:MOST_PER_COLUMN]:
            row = table.iloc[int(shape.index[i])]
            found = f"{row['id']}: {west[i]:.10g} {south[i]:.10g}, {east[i]:.10g} {north[i]:.10g}"
            expected = crs if kind == "degrees" else f"x {_where(area, crs, 0)}, y {_where(area, crs, 1)}"
            problems.append(Problem(kind, f"{name}.csv", int(row["row"]), "geometry", found, expected))


def _check_fit(name: str, tables: dict[str, pd.DataFrame], shape: pd.DataFrame, notices: list[Notice]) -> None:
    """Tell of outlines far from their centre and of lines whose ends lie far from their nodes."""
    table = tables[name].iloc[shape.index.to_numpy(int)]
    size = np.hypot(shape["east"] - shape["west"], shape["north"] - shape["south"]).to_numpy(float)
    if schema(name).at["geometry", "type"] == "polygon":
        x, y = table["x"].to_numpy(float), table["y"].to_numpy(float)
        aside = np.maximum.reduce([shape["west"] - x, x - shape["east"], np.zeros(len(x))])
        above = np.maximum.reduce([shape["south"] - y, y - shape["north"], np.zeros(len(y))])
        away, most, key = np.hypot(aside, above), size, "outline_away"
    else:
        nodes = tables[LINKS_OF[name]].drop_duplicates("id").set_index("id")[["x", "y"]]
        start = nodes.reindex(table["from_node"]).to_numpy(float)
        end = nodes.reindex(table["to_node"]).to_numpy(float)
        first, last = shape[["x0", "y0"]].to_numpy(float), shape[["x1", "y1"]].to_numpy(float)
        both = [np.maximum(np.hypot(*(a - start).T), np.hypot(*(b - end).T)) for a, b in ((first, last), (last, first))]
        away, most, key = np.minimum(*both), np.maximum(size, default("place.line_end_m")), "line_away"
    far = np.flatnonzero(away > most)
    if len(far):
        i = int(far[np.argmax(away[far])])
        values = {"file": f"{name}.csv", "count": str(len(far)), "row": str(int(table["row"].iloc[i])),
                  "name": str(table["id"].iloc[i]), "found": f"{away[i]:,.0f}"}  # fmt: skip
        notices.append(Notice(key, values))
