"""Turn an OpenStreetMap extract into directed road links split at junctions."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import osmium
import pandas as pd
from build_common import CRS
from pyproj import Transformer
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

# class of road: (lanes of a one-way road, lanes each way of a two-way road, km/h, veh/h per lane). Where
# OpenStreetMap gives lanes or a speed limit, it wins. All four are our assumptions: see README.md.
CLASSES: dict[str, tuple[int, int, float, float]] = {
    "motorway": (3, 2, 80.0, 1900.0),
    "trunk": (3, 2, 60.0, 1700.0),
    "primary": (3, 2, 60.0, 900.0),
    "secondary": (2, 1, 60.0, 800.0),
    "tertiary": (2, 1, 40.0, 650.0),
    "unclassified": (1, 1, 40.0, 600.0),
    "residential": (1, 1, 40.0, 600.0),
    "road": (1, 1, 40.0, 600.0),
    "living_street": (1, 1, 20.0, 300.0),
    "motorway_link": (1, 1, 60.0, 1400.0),
    "trunk_link": (1, 1, 50.0, 1200.0),
    "primary_link": (1, 1, 40.0, 900.0),
    "secondary_link": (1, 1, 40.0, 800.0),
    "tertiary_link": (1, 1, 40.0, 650.0),
}
FAST_KMH = 80.0
FAST_SHARE, STREET_SHARE = 0.75, 0.5
"""Share of its speed limit that an empty road gives, signals, crossings and parking included: on roads of
FAST_KMH and above, and on streets. Calibrated to a peak speed of about 24 km/h, which is itself a guess."""

SIGNAL_REACH_M = 40.0
"""A traffic light stands for the nearest junction no farther than this."""

_CLOSED = {"no", "private"}


@dataclass(frozen=True)
class Style:
    """What must agree for two pieces of road to be one link."""

    highway: str
    name: str
    lanes: int
    speed_kmh: float
    structure: str
    oneway: bool


@dataclass(frozen=True)
class Piece:
    """A stretch of road between two neighbouring OpenStreetMap nodes, drawn in the direction of travel."""

    start: int
    end: int
    style: Style


@dataclass
class Roads:
    """Two tables: nodes (index = OpenStreetMap id; x, y, signal) and links, in the columns of the schema."""

    nodes: pd.DataFrame
    links: pd.DataFrame


def read_roads(pbf: Path) -> Roads:
    """Return every road a car may use, split at junctions and merged where nothing changes."""
    ways, places, lights = _read_pbf(pbf)
    pieces = [piece for refs, tags in ways for piece in _pieces(refs, tags)]
    used = sorted({node for piece in pieces for node in (piece.start, piece.end)})
    lon, lat = np.array([places[node] for node in used]).T
    x, y = Transformer.from_crs(4326, CRS, always_xy=True).transform(lon, lat)
    xy = dict(zip(used, zip(np.round(x, 1), np.round(y, 1), strict=True), strict=True))
    links = pd.DataFrame(_links(pieces, xy))
    nodes = pd.DataFrame.from_dict({n: xy[n] for n in used}, orient="index", columns=["x", "y"])
    nodes = nodes.loc[nodes.index.isin(set(links["from_node"]) | set(links["to_node"]))].copy()
    nodes["signal"] = _signals(nodes, links, [xy[node] for node in sorted(lights & set(used))])
    return Roads(nodes, links)


def keep_strong(roads: Roads) -> Roads:
    """Return the largest part in which every node reaches every other."""
    position = pd.Series(np.arange(len(roads.nodes)), index=roads.nodes.index)
    a, b = position[roads.links["from_node"]].to_numpy(), position[roads.links["to_node"]].to_numpy()
    graph = coo_array((np.ones(len(a)), (a, b)), shape=(len(position), len(position)))
    part = connected_components(graph, directed=True, connection="strong")[1]
    kept = part == np.bincount(part).argmax()
    links = roads.links[kept[a] & kept[b]].reset_index(drop=True)
    return Roads(roads.nodes[kept], links)


def _read_pbf(
    pbf: Path,
) -> tuple[list[tuple[list[int], dict[str, str]]], dict[int, tuple[float, float]], set[int]]:
    """Return the drivable ways, the place of every node and the nodes with traffic lights."""
    ways: list[tuple[list[int], dict[str, str]]] = []
    places: dict[int, tuple[float, float]] = {}
    lights: set[int] = set()
    for item in osmium.FileProcessor(str(pbf)):
        if isinstance(item, osmium.osm.Node):
            places[item.id] = (item.location.lon, item.location.lat)
            if "traffic_signals" in (item.tags.get("highway") or ""):
                lights.add(item.id)
        elif isinstance(item, osmium.osm.Way) and _drivable(tags := dict(item.tags)):
            ways.append(([node.ref for node in item.nodes], tags))
    return ways, places, lights


def _drivable(tags: dict[str, str]) -> bool:
    if tags.get("highway") not in CLASSES:
        return False
    return tags.get("access") not in _CLOSED and tags.get("motor_vehicle") not in _CLOSED


def _pieces(refs: list[int], tags: dict[str, str]) -> Iterator[Piece]:
    """Yield the pieces of a way; roundabouts and motorways are one-way even where nobody says so."""
    highway = tags["highway"]
    said = tags.get("oneway", "")
    implied = tags.get("junction") == "roundabout" or highway in ("motorway", "motorway_link")
    oneway = said in ("yes", "true", "1", "-1") or (implied and said != "no")
    one, each, speed, _ = CLASSES[highway]
    lanes = one if oneway else each
    if tags.get("lanes", "").isdigit():
        lanes = max(1, int(tags["lanes"]) // (1 if oneway else 2))
    if tags.get("maxspeed", "").isdigit():
        speed = float(tags["maxspeed"])
    structure = "bridge" if tags.get("bridge", "no") != "no" else "ground"
    structure = "tunnel" if tags.get("tunnel", "no") not in ("no", "building_passage") else structure
    style = Style(highway, tags.get("name", ""), lanes, speed, structure, oneway)
    for start, end in pairwise(refs):
        if start != end:
            yield Piece(end, start, style) if said == "-1" else Piece(start, end, style)


def _links(pieces: list[Piece], xy: dict[int, tuple[float, float]]) -> Iterator[dict[str, object]]:
    """Yield one row for each direction of each chain of like pieces; closed loops are left out."""
    touching: dict[int, list[Piece]] = defaultdict(list)
    for piece in pieces:
        touching[piece.start].append(piece)
        touching[piece.end].append(piece)
    done: set[Piece] = set()
    for node in sorted(touching):
        if _passes_through(node, touching[node]):
            continue
        for piece in touching[node]:
            if piece in done or (piece.style.oneway and piece.start != node):
                continue
            chain = _walk(node, piece, touching, done)
            if chain[0] != chain[-1]:
                points = [xy[n] for n in chain]
                yield _row(chain, points, piece.style)
                if not piece.style.oneway:
                    yield _row(chain[::-1], points[::-1], piece.style)


def _passes_through(node: int, touching: list[Piece]) -> bool:
    """Say whether a node only joins two like pieces."""
    if len(touching) != 2:
        return False
    first, second = touching
    if first.style != second.style or {first.start, first.end} == {second.start, second.end}:
        return False
    return not first.style.oneway or (first.start == node) != (second.start == node)


def _walk(node: int, piece: Piece, touching: dict[int, list[Piece]], done: set[Piece]) -> list[int]:
    """Return the nodes from `node` along `piece` to the next junction, marking the pieces as done."""
    chain = [node]
    while True:
        done.add(piece)
        node = piece.end if piece.start == node else piece.start
        chain.append(node)
        if not _passes_through(node, touching[node]):
            return chain
        piece = next(other for other in touching[node] if other is not piece)


def _speed(limit_kmh: float) -> float:
    return round(limit_kmh * (FAST_SHARE if limit_kmh >= FAST_KMH else STREET_SHARE), 2)


def _row(chain: list[int], points: list[tuple[float, float]], style: Style) -> dict[str, object]:
    steps = np.diff(np.array(points), axis=0)
    length = max(0.1, round(float(np.hypot(steps[:, 0], steps[:, 1]).sum()), 1))
    return {
        "from_node": chain[0],
        "to_node": chain[-1],
        "length_m": length,
        "lanes": style.lanes,
        "speed_kmh": _speed(style.speed_kmh),
        "capacity_vph": style.lanes * CLASSES[style.highway][3],
        "highway": style.highway,
        "name": style.name,
        "structure": style.structure,
        "points": points,
    }


def _signals(nodes: pd.DataFrame, links: pd.DataFrame, lights: list[tuple[float, float]]) -> NDArray[np.int64]:
    """Return 1 for each junction of three or more roads that has a traffic light within reach."""
    ends = pd.concat(
        [
            links[["from_node", "to_node"]].set_axis(["node", "other"], axis=1),
            links[["to_node", "from_node"]].set_axis(["node", "other"], axis=1),
        ]
    )
    roads = ends.drop_duplicates().groupby("node").size()
    junctions = nodes[nodes.index.isin(roads[roads >= 3].index)]
    distance, nearest = cKDTree(junctions[["x", "y"]].to_numpy()).query(np.array(lights))
    lit = junctions.index[np.unique(nearest[distance <= SIGNAL_REACH_M])]
    signal: NDArray[np.int64] = nodes.index.isin(lit).astype(np.int64)
    return signal
