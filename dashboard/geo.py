"""What the map draws: geometry in degrees once, states of all hours as changes, water as packed frames."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

if TYPE_CHECKING:
    from collections.abc import Callable

    from resilience.results.run import Run

MAIN_ROADS = {"motorway": 3, "trunk": 3, "primary": 3, "secondary": 2}


def to_degrees(crs: str) -> Callable[[Any, Any], tuple[Any, Any]]:
    """Return the function x, y -> longitude, latitude; a made-up plane is laid at the equator."""
    try:
        system = CRS.from_user_input(crs)
    except CRSError:
        return lambda x, y: (np.asarray(x, float) / 111_320.0, np.asarray(y, float) / 110_574.0)
    transform: Callable[[Any, Any], tuple[Any, Any]] = Transformer.from_crs(
        system, "EPSG:4326", always_xy=True
    ).transform
    return transform


def geometry(run: Run) -> dict[str, Any]:
    """Return roads, power, zones, facilities and the corners of the water raster, in degrees."""
    degrees = to_degrees(str(run.manifest.get("crs", "")))
    nodes = run.table("road_nodes")
    power_nodes = run.table("power_nodes")
    return {
        "roads": _roads(run.table("road_links"), nodes, degrees),
        "lines": _links(run.table("power_links"), power_nodes, degrees),
        "power": _points(power_nodes, degrees, ("kind",)),
        "facilities": _points(run.table("facilities"), degrees, ("kind",)),
        "zones": _zones(run.table("zones"), degrees),
        "rasters": {name: _corners(r, degrees) for name, r in run.manifest.get("rasters", {}).items()},
    }


def _text(table: pd.DataFrame, column: str) -> list[str]:
    if column not in table.columns:
        return [""] * len(table)
    return table[column].fillna("").astype(str).tolist()


def _lines(texts: list[str], starts: np.ndarray, ends: np.ndarray, degrees: Any) -> list[list[float]]:
    """Return flat lists lon, lat, lon, lat; a link without geometry is straight."""
    paths = []
    for text, a, b in zip(texts, starts, ends, strict=True):
        if text:
            paths.append(np.array([p.split() for p in text.split(",")], float))
        else:
            paths.append(np.array([a, b], float))
    if not paths:
        return []
    sizes = np.cumsum([len(p) for p in paths])[:-1]
    flat = np.vstack(paths)
    lon, lat = degrees(flat[:, 0], flat[:, 1])
    both = np.round(np.column_stack([lon, lat]), 6)
    return [part.ravel().tolist() for part in np.split(both, sizes)]


def _ends(links: pd.DataFrame, nodes: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    xy = nodes.set_index("id")[["x", "y"]]
    return (xy.reindex(links["from_node"]).to_numpy(float), xy.reindex(links["to_node"]).to_numpy(float))


def _roads(links: pd.DataFrame, nodes: pd.DataFrame, degrees: Any) -> dict[str, Any]:
    if not len(links):
        return {"id": [], "name": [], "rank": [], "capacity": [], "xy": []}
    starts, ends = _ends(links, nodes)
    highway = _text(links, "highway")
    rank = [MAIN_ROADS.get(h.removesuffix("_link"), 1) if h else 2 for h in highway]
    return {
        "id": _text(links, "id"), "name": _text(links, "name"), "rank": rank,
        "capacity": [round(c) for c in links["capacity_vph"].fillna(0.0)],
        "xy": _lines(_text(links, "geometry"), starts, ends, degrees),
    }  # fmt: skip


def _links(links: pd.DataFrame, nodes: pd.DataFrame, degrees: Any) -> dict[str, Any]:
    if not len(links):
        return {"id": [], "from": [], "to": [], "xy": []}
    starts, ends = _ends(links, nodes)
    return {
        "id": _text(links, "id"), "from": _text(links, "from_node"), "to": _text(links, "to_node"),
        "xy": _lines(_text(links, "geometry"), starts, ends, degrees),
    }  # fmt: skip


def _points(table: pd.DataFrame, degrees: Any, extra: tuple[str, ...]) -> dict[str, Any]:
    if not len(table):
        return {"id": [], "name": [], "xy": [], **{k: [] for k in extra}}
    lon, lat = degrees(table["x"].to_numpy(float), table["y"].to_numpy(float))
    xy = np.round(np.column_stack([lon, lat]), 6).tolist()
    return {"id": _text(table, "id"), "name": _text(table, "name"), "xy": xy, **{k: _text(table, k) for k in extra}}


def _zones(table: pd.DataFrame, degrees: Any) -> dict[str, Any]:
    if not len(table) or "geometry" not in table.columns:
        return {"id": [], "people": [], "xy": []}
    table = table[table["geometry"].fillna("").astype(str) != ""]
    none = np.zeros((len(table), 2))
    return {
        "id": _text(table, "id"), "people": [round(p) for p in table["people"].fillna(0.0)],
        "xy": _lines(_text(table, "geometry"), none, none, degrees),
    }  # fmt: skip


def _corners(raster: dict[str, Any], degrees: Any) -> dict[str, Any]:
    """Return rows, columns and the corners of a raster: north-west, north-east, south-east, south-west."""
    west, north, cell = raster["west"], raster["north"], raster["cell_m"]
    east, south = west + raster["columns"] * cell, north - raster["rows"] * cell
    lon, lat = degrees(np.array([west, east, east, west]), np.array([north, north, south, south]))
    corners = np.column_stack([lon, lat]).round(7).tolist()
    return {"rows": raster["rows"], "columns": raster["columns"], "corners": corners}


def steps(run: Run, scenario: str, option: str) -> dict[str, Any]:
    """Return all changes of the representative run: per variable hours, positions in the geometry, values."""
    replicate = int(run.manifest.get("representative", 0))
    maps = run.table("maps", scenario=scenario, option=option, replicate=replicate)
    maps = maps.sort_values("hour", kind="stable")
    roads = pd.Index(_text(run.table("road_links"), "id"))
    found: dict[str, Any] = {}
    for variable in ("closed", "speed", "flow"):
        found[variable] = _changes(maps[maps["variable"] == variable], roads)
    up = maps[maps["variable"] == "up"]
    zones = run.table("zones")
    if "geometry" in zones.columns:
        zones = zones[zones["geometry"].fillna("").astype(str) != ""]
    for key, table in (("power", run.table("power_nodes")), ("facilities", run.table("facilities")), ("zones", zones)):
        found[key] = _changes(up, pd.Index(_text(table, "id")))
    return found


def _changes(table: pd.DataFrame, ids: pd.Index) -> dict[str, list[Any]]:
    at = ids.get_indexer(pd.Index(table["component"].astype(str))) if len(table) else np.array([], int)
    mine = at >= 0
    return {
        "hour": table["hour"].to_numpy(int)[mine].tolist(), "at": at[mine].tolist(),
        "value": np.round(table["value"].to_numpy(float)[mine], 2).tolist(),
    }  # fmt: skip


def water(run: Run, scenario: str, option: str) -> bytes:
    """Return the frames of the water as little-endian bytes.

    Number of frames; hour and number of cells of each frame (all uint32); then all cells (uint32); then all depths
    in decimetres (uint8). A frame holds only the cells that changed.
    """
    replicate = int(run.manifest.get("representative", 0))
    table = run.table("fields", scenario=scenario, option=option, replicate=replicate)
    if not len(table):
        return struct.pack("<I", 0)
    table = table.sort_values(["hour", "cell"], kind="stable")
    hours, counts = np.unique(table["hour"].to_numpy(np.uint32), return_counts=True)
    head = np.column_stack([hours, counts]).astype("<u4").tobytes()
    cells = table["cell"].to_numpy().astype("<u4").tobytes()
    return struct.pack("<I", len(hours)) + head + cells + table["depth_dm"].to_numpy().astype("u1").tobytes()
