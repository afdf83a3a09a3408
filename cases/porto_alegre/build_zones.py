"""Hexagons and gateways, the junctions they hang on, and the places people go to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from build_common import CRS, points_text
from build_roads import Roads
from pyproj import Transformer
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from pathlib import Path

    from build_terrain import Terrain
    from numpy.typing import NDArray

REACH_M = 600.0
"""A hexagon hangs on junctions no farther than this."""

JUNCTIONS = 3
WALK_DRIVE_KMH = 20.0
START_MIN = 1.0
DRY_M = 20
"""Depots stand on ground at least this high."""


class Gateway(NamedTuple):
    """Where the edge of the extract cuts a main road: OpenStreetMap nodes, and its weight in the traffic."""

    id: str
    name: str
    enter: tuple[int, ...]
    leave: tuple[int, ...]
    weight: float


GATEWAYS = (
    Gateway("g01", "Castello Branco", (321287160, 3362072340), (297225825,), 5.0),
    Gateway("g02", "Farrapos and Sertório", (611935597, 307519856), (611935596,), 3.0),
    Gateway("g03", "Airport", (489923093,), (428667922,), 2.0),
    Gateway("g04", "Sertório east", (641955449, 319495306), (2320180075,), 2.0),
    Gateway("g05", "Assis Brasil", (297826181,), (297825974,), 3.0),
    Gateway("g06", "Baltazar de Oliveira Garcia", (319701929,), (297832503,), 2.0),
    Gateway("g07", "Alberto Pasqualini", (332158587,), (874400787,), 1.5),
    Gateway("g08", "Protásio Alves", (2527527276,), (295517992,), 3.0),
    Gateway("g09", "Bento Gonçalves", (293822634,), (3618665450,), 3.0),
    Gateway("g10", "Afonso Lourenço Mariante", (1400253575,), (1400253575,), 1.0),
    Gateway("g11", "Oscar Pereira", (1400280826,), (1400280826,), 1.0),
    Gateway("g12", "Cavalhada", (448035095,), (1996177959,), 2.0),
    Gateway("g13", "Wenceslau Escobar and Otto Niemeyer", (1993758089,), (2917582337,), 1.5),
)
TURN_LENGTH_M, TURN_SPEED_KMH, TURN_CAPACITY_VPH = 1000.0, 20.0, 1800.0


def with_turns(roads: Roads) -> Roads:
    """Return the roads with a synthetic turn-round at each gateway, which keeps its ends connected."""
    rows = []
    for gateway in GATEWAYS:
        missing = set(gateway.enter + gateway.leave) - set(roads.nodes.index)
        if missing:
            raise ValueError(f"gateway {gateway.id}: junctions {sorted(missing)} are not in the extract")
        rows += [
            {
                "from_node": leave,
                "to_node": enter,
                "length_m": TURN_LENGTH_M,
                "lanes": 2,
                "speed_kmh": TURN_SPEED_KMH,
                "capacity_vph": TURN_CAPACITY_VPH,
                "highway": "turn",
                "name": "",
                "structure": "ground",
                "points": [tuple(roads.nodes.loc[node, ["x", "y"]]) for node in (leave, enter)],
                "synthetic": 1,
            }
            for leave in gateway.leave
            for enter in gateway.enter
            if leave != enter
        ]
    links = pd.concat([roads.links.assign(synthetic=0), pd.DataFrame(rows)], ignore_index=True)
    return Roads(roads.nodes, links)


def read_zones(hexgrid: Path, roads: Roads) -> pd.DataFrame:
    """Return the hexagons in the order of their H3 index, then the gateways."""
    grid = pd.read_csv(hexgrid).sort_values("id", ignore_index=True)
    x, y = Transformer.from_crs(4326, CRS, always_xy=True).transform(grid["lon"], grid["lat"])
    centres = np.column_stack([x, y])
    hexagons = pd.DataFrame(
        {
            "id": [f"h{number:04d}" for number in range(1, len(grid) + 1)],
            "kind": "zone",
            "x": np.round(x, 1),
            "y": np.round(y, 1),
            "people": grid["population"].fillna(0).astype(int),
            "jobs": grid["jobs"].fillna(0).astype(int),
            "geometry": [points_text(outline) for outline in _outlines(centres)],
            "schools": grid["schools"].fillna(0).astype(int),
            "healthcare": grid["healthcare"].fillna(0).astype(int),
            "weight": 0.0,
        }
    )
    places = [roads.nodes.loc[list(gateway.enter + gateway.leave), ["x", "y"]].mean() for gateway in GATEWAYS]
    gateways = pd.DataFrame(
        {
            "id": [gateway.id for gateway in GATEWAYS],
            "kind": "gateway",
            "x": [round(float(place["x"]), 1) for place in places],
            "y": [round(float(place["y"]), 1) for place in places],
            "people": 0,
            "jobs": 0,
            "geometry": "",
            "schools": 0,
            "healthcare": 0,
            "weight": [gateway.weight for gateway in GATEWAYS],
        }
    )
    return pd.concat([hexagons, gateways], ignore_index=True)


def connect(zones: pd.DataFrame, roads: Roads, terrain: Terrain) -> pd.DataFrame:
    """Return the junctions of each zone: the nearest ones of streets on the ground, or the ends of a gateway.

    Hexagons with nothing in them whose centre is in the lake, and hexagons out of reach, have none.
    """
    fast = roads.links["highway"].str.contains("motorway|trunk|turn")
    street = roads.links[roads.links["structure"].eq("ground") & ~fast]
    ends = set(street["from_node"]) | set(street["to_node"])
    nodes = roads.nodes[roads.nodes.index.isin(ends)]
    empty = (zones["people"] + zones["jobs"]).eq(0).to_numpy()
    out = (empty & terrain.in_lake(zones["x"], zones["y"])) | zones["kind"].eq("gateway").to_numpy()
    away, near = cKDTree(nodes[["x", "y"]].to_numpy()).query(zones[["x", "y"]].to_numpy(), k=JUNCTIONS)
    rows = [
        (zone, nodes.index[node], round(START_MIN + distance * 0.06 / WALK_DRIVE_KMH, 2))
        for zone, distances, nearest, left_out in zip(zones["id"], away, near, out, strict=True)
        for distance, node in zip(distances, nearest, strict=True)
        if distance <= REACH_M and not left_out
    ]
    rows += [(g.id, node, 0.0) for g in GATEWAYS for node in dict.fromkeys(g.enter + g.leave)]
    return pd.DataFrame(rows, columns=["zone", "node", "minutes"])


def _outlines(centres: NDArray[np.float64]) -> list[list[tuple[float, float]]]:
    """Return the closed outline of each hexagon: its corners are the middles of three neighbouring centres.

    Where a neighbour is missing, at the edge of the grid, the mean step of the lattice stands in for it.
    """
    step = np.median(cKDTree(centres).query(centres, k=2)[0][:, 1])
    pairs = cKDTree(centres).query_pairs(1.3 * step, output_type="ndarray")
    pairs = np.vstack([pairs, pairs[:, ::-1]])
    offset = centres[pairs[:, 1]] - centres[pairs[:, 0]]
    angle = np.degrees(np.arctan2(offset[:, 1], offset[:, 0]))
    origin = angle[0]
    sector = np.round((angle - origin) / 60.0).astype(int) % 6
    mean = np.array([offset[sector == k].mean(axis=0) for k in range(6)])
    steps = np.repeat(mean[None], len(centres), axis=0)
    steps[pairs[:, 0], sector] = offset
    corners = centres[:, None] + (steps + np.roll(steps, -1, axis=1)) / 3.0
    return [[(float(x), float(y)) for x, y in [*ring, ring[0]]] for ring in corners]
