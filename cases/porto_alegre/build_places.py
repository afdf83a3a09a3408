"""Hospitals, schools, health units and depots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from build_common import CRS
from build_zones import DRY_M
from pyproj import Transformer

if TYPE_CHECKING:
    from pathlib import Path

    from build_terrain import Terrain
    from numpy.typing import NDArray

REAL_HOSPITALS = {
    "santa_casa_hospital": "Santa Casa de Porto Alegre",
    "moinhos_de_vento_hospital": "Hospital Moinhos de Vento",
}
MORE_HOSPITALS = 8
HOSPITAL_SPACING_M = 1500.0
CATCHMENT_M = 1000.0
PEOPLE_PER_UNIT = 10_000.0
"""A health unit weighs as much as this many residents when a hospital is sited."""


def facilities(zones: pd.DataFrame, connectors: pd.DataFrame, points: Path, terrain: Terrain) -> pd.DataFrame:
    """Return id, kind, name, x, y, zone and synthetic of every facility."""
    hexagons = zones[zones["kind"] == "zone"]
    served = hexagons[hexagons["id"].isin(connectors["zone"])]
    land = served[~terrain.in_lake(served["x"], served["y"])].reset_index(drop=True)
    rows = _real_hospitals(hexagons, points)
    rows += _sited_hospitals(land, np.array([[row["x"], row["y"]] for row in rows], dtype=float))
    rows += _counted(hexagons, "schools", "school", "S", "school")
    rows += _counted(hexagons, "healthcare", "health", "C", "health unit")
    rows += _depots(land, terrain)
    return pd.DataFrame(rows)


def _row(number: str, kind: str, name: str, place: pd.Series, synthetic: int) -> dict[str, object]:
    x, y = float(place["x"]), float(place["y"])
    return {
        "id": number,
        "kind": kind,
        "name": name,
        "x": x,
        "y": y,
        "zone": place["id"],
        "synthetic": synthetic,
    }


def _real_hospitals(hexagons: pd.DataFrame, points: Path) -> list[dict[str, object]]:
    places = pd.read_csv(points).set_index("id").loc[list(REAL_HOSPITALS)]
    xs, ys = Transformer.from_crs(4326, CRS, always_xy=True).transform(places["lon"], places["lat"])
    rows = []
    for number, (name, x, y) in enumerate(zip(REAL_HOSPITALS.values(), xs, ys, strict=True), 1):
        nearest = np.hypot(hexagons["x"] - x, hexagons["y"] - y).idxmin()
        place = pd.Series({"x": round(x, 1), "y": round(y, 1), "id": hexagons.at[nearest, "id"]})
        rows.append(_row(f"H{number:02d}", "hospital", name, place, 0))
    return rows


def _sited_hospitals(land: pd.DataFrame, taken: NDArray[np.float64]) -> list[dict[str, object]]:
    """Site hospitals one by one where most health units and people are near, well apart."""
    xy = land[["x", "y"]].to_numpy()
    near = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)) <= CATCHMENT_M
    score = near @ (land["healthcare"] + land["people"] / PEOPLE_PER_UNIT).to_numpy()
    rows = []
    for letter in range(MORE_HOSPITALS):
        free = np.hypot(*(xy[:, None] - taken[None]).transpose(2, 0, 1)).min(axis=1) >= HOSPITAL_SPACING_M
        best = int(np.argmax(np.where(free, score, -np.inf)))
        name = f"Hospital {chr(ord('A') + letter)} (synthetic)"
        rows.append(_row(f"H{len(REAL_HOSPITALS) + 1 + letter:02d}", "hospital", name, land.iloc[best], 1))
        taken = np.vstack([taken, xy[best]])
    return rows


def _counted(hexagons: pd.DataFrame, column: str, kind: str, prefix: str, what: str) -> list[dict[str, object]]:
    """Return one facility for each hexagon that counts any, at its centre."""
    found = hexagons[hexagons[column] > 0]
    return [
        _row(f"{prefix}{number:03d}", kind, f"{place[column]} x {what}, {place['id']}", place, 0)
        for number, (_, place) in enumerate(found.iterrows(), 1)
    ]


def _depots(land: pd.DataFrame, terrain: Terrain) -> list[dict[str, object]]:
    """Return two depots on high ground, amid the northern and the southern half of the people."""
    order = land.sort_values("y", ascending=False, kind="stable")
    north = order["people"].cumsum() <= order["people"].sum() / 2
    rows = []
    for number, (half, name) in enumerate(((north, "North"), (~north, "South")), 1):
        part = order[half]
        x, y = (np.average(part[axis], weights=part["people"]) for axis in ("x", "y"))
        dry = part[terrain.at(part["x"], part["y"]) >= DRY_M]
        place = dry.loc[np.hypot(dry["x"] - x, dry["y"] - y).idxmin()]
        rows.append(_row(f"D{number}", "depot", f"{name} depot (synthetic)", place, 1))
    return rows
