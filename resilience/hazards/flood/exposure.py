"""Where the city meets the grid of a terrain: roads, sites, zones and tunnels."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import distance_transform_edt

from resilience.base.defaults import default
from resilience.base.errors import CaseError, Problem
from resilience.base.kept import digest_of, kept
from resilience.base.schema import read_points

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from resilience.base.arrays import Floats, Ints
    from resilience.city.city import City
    from resilience.readers.raster import Raster


@dataclass(frozen=True)
class Exposure:
    """Where the city meets the grid of the terrain; depends on places alone.

    Parameters
    ----------
    piece_link, piece_cell, piece_share : the road links cut along the cells they pass through, at least one piece each:
        number of the link, ascending; cell, -1 off the terrain; and share of the link's length
    bridge, tunnel : road links by structure
    portal_cell, portal_link : cells at the portals of tunnels, and the road link each belongs to
    tube : name of the tube of each road link that is a tunnel, in their order: links between the same portals are one
    site_cell : cell of each site of the city
    zone_cell : cell of land at each zone's centre, the nearest to it where that is the lake, -1 off the terrain
    cell_zone, zone_cells : zone of the cells of land that lie in one, and those cells, for shares of area
    zone_unknown : share of each zone's outline whose height is not known, 0 without outline

    """

    piece_link: Ints
    piece_cell: Ints
    piece_share: Floats
    bridge: NDArray[np.bool_]
    tunnel: NDArray[np.bool_]
    portal_cell: Ints
    portal_link: Ints
    tube: tuple[str, ...]
    site_cell: Ints
    zone_cell: Ints
    cell_zone: Ints
    zone_cells: Ints
    zone_unknown: Floats


def kept_exposure(city: City, terrain: Raster, label_: str, lake: NDArray[np.bool_]) -> Exposure:
    """Return what `expose` does, kept for the next time where the city was read from files."""
    if not city.digest:
        return expose(city, terrain, label_, lake)
    grid = (terrain.values, terrain.west, terrain.north, terrain.cell_m)
    key = digest_of(city.digest, *grid, lake, list(city.sites.index))
    found: dict[str, Any] = dict(kept("exposure", key, lambda: _arrays(expose(city, terrain, label_, lake))))
    return Exposure(**found | {"tube": tuple(found["tube"].tolist())})


def _arrays(exposure: Exposure) -> dict[str, NDArray[Any]]:
    """Return the parts of an exposure as arrays."""
    parts = {part.name: getattr(exposure, part.name) for part in fields(exposure)}
    return {**parts, "tube": np.array(exposure.tube, dtype=np.str_)}


def expose(city: City, terrain: Raster, label_: str, lake: NDArray[np.bool_]) -> Exposure:
    """Return where roads, sites and zones of the city meet the terrain.

    A terrain of cells draws the shore coarsely. So roads on the ground, portals of tunnels and sites on a cell of the
    lake are taken to stand on the nearest cell of land, if it lies within `flood.shore_m` or one and a half cells;
    further out they stay where they are. A bridge is looked at where it is drawn. The people of a zone live on the
    cells of land whose centre lies in its outline; where there is none (no outline, a small one, or one all in the
    lake), on the land nearest to its centre.

    Parameters
    ----------
    city, terrain : the city and the ground under it
    label_ : name of the terrain in messages
    lake : the cells of the lake, shape of the raster

    Raises
    ------
    CaseError
        The raster misses the city: fewer than half of its zones and junctions lie on it.

    """
    zones, nodes, roads = city["zones"], city["road_nodes"], city["road_links"]
    x = np.concatenate([zones["x"].to_numpy(float), nodes["x"].to_numpy(float)])
    y = np.concatenate([zones["y"].to_numpy(float), nodes["y"].to_numpy(float)])
    cell = terrain.cell_of(x, y)
    on = (cell >= 0) & np.isfinite(terrain.values.ravel()[np.maximum(cell, 0)])
    if len(on) and on.mean() < 0.5:
        rows, cols = terrain.values.shape
        box = (terrain.west, terrain.north - rows * terrain.cell_m, terrain.west + cols * terrain.cell_m, terrain.north)
        city_box = (x.min(), y.min(), x.max(), y.max())
        found = " ".join(f"{v:.0f}" for v in box)
        raise CaseError(
            [Problem("raster_misses", label_, found=found, expected=" ".join(f"{v:.0f}" for v in city_box))]
        )
    shore = _Shore(terrain, lake)
    structure = roads["structure"].to_numpy(str) if len(roads) else np.zeros(0, str)
    where = {node: i for i, node in enumerate(nodes.index)}
    node_xy = nodes[["x", "y"]].to_numpy(float)
    on_link = _on_links(roads, where, node_xy, terrain, shore)
    sites = city.sites
    zone_cell = terrain.cell_of(zones["x"].to_numpy(float), zones["y"].to_numpy(float))
    zone_cell = shore.on_land(zone_cell, anywhere=True)
    inside, owner, unknown = _cells_in_zones(zones, terrain, zone_cell, shore.lake.ravel())
    entered = np.array([where[n] for n in city["connectors"]["node"]], np.int64)
    portal_link, portal_node = _portals(roads, structure == "tunnel", where, entered)
    portal_xy = node_xy[portal_node]
    return Exposure(
        piece_link=on_link[0],
        piece_cell=on_link[1],
        piece_share=on_link[2],
        bridge=structure == "bridge",
        tunnel=structure == "tunnel",
        portal_cell=shore.on_land(terrain.cell_of(portal_xy[:, 0], portal_xy[:, 1])),
        portal_link=portal_link,
        tube=tuple(
            " ".join(sorted(str(nodes.index[n]) for n in portal_node[portal_link == link]))
            for link in np.flatnonzero(structure == "tunnel")
        ),
        site_cell=shore.on_land(terrain.cell_of(sites["x"].to_numpy(float), sites["y"].to_numpy(float))),
        zone_cell=zone_cell,
        cell_zone=owner,
        zone_cells=inside,
        zone_unknown=unknown,
    )


def _on_links(
    roads: pd.DataFrame, where: dict[Any, int], node_xy: Floats, terrain: Raster, shore: _Shore
) -> tuple[Ints, Ints, Floats]:
    """Return the pieces of road links on the cells of the terrain: link, cell and share of the link's length.

    Where a link is cut in two makes no difference: both parts together have the same metres on the same cells.
    """
    lines = [
        read_points(line) if line else node_xy[[where[tail], where[head]]]
        for tail, head, line in zip(roads["from_node"], roads["to_node"], roads["geometry"], strict=True)
    ]
    if not lines:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    start, end = (np.concatenate([line[part] for line in lines]) for part in (np.s_[:-1], np.s_[1:]))
    of_link = np.repeat(np.arange(len(lines)), [len(line) - 1 for line in lines])
    line, cell, metres = terrain.cells_along(start, end)
    on_land = np.where(roads["structure"].to_numpy(str)[of_link[line]] == "bridge", cell, shore.on_land(cell))
    size = terrain.values.size + 1
    key, at = np.unique(of_link[line] * size + on_land + 1, return_inverse=True)
    link, cell = key // size, key % size - 1
    share, whole = np.bincount(at, metres), np.bincount(link[at], metres)[link]
    alone = 1.0 / np.bincount(link)[link]  # of a link without length
    return link, cell, np.divide(share, whole, out=alone, where=whole > 0.0)


class _Shore:
    """Where the land nearest to each cell of the lake lies."""

    def __init__(self, terrain: Raster, lake: NDArray[np.bool_]) -> None:
        self.lake = lake
        land = np.isfinite(terrain.values) & ~lake
        if land.any():
            cells, (row, col) = distance_transform_edt(~land, return_indices=True)
        else:
            cells, (row, col) = np.full(land.shape, np.inf), np.indices(land.shape)
        self.nearest = (row.astype(np.int64) * land.shape[1] + col).ravel()
        self.away_m = cells.ravel() * terrain.cell_m
        self.reach_m = max(default("flood.shore_m"), 1.5 * terrain.cell_m)

    def on_land(self, cell: Ints, *, anywhere: bool = False) -> Ints:
        """Return the cells, those of the lake replaced by the nearest land within reach, or wherever it lies."""
        wet = (cell >= 0) & self.lake.ravel()[np.maximum(cell, 0)]
        away = self.away_m[np.maximum(cell, 0)]
        moved = wet & (np.isfinite(away) if anywhere else away <= self.reach_m)
        return np.where(moved, self.nearest[np.maximum(cell, 0)], cell)


def _portals(roads: pd.DataFrame, tunnel: NDArray[np.bool_], where: dict[Any, int], entered: Ints) -> tuple[Ints, Ints]:
    """Return the portals of tunnels: the road link of each, and the junction at which it opens.

    Tunnel links that meet at a junction where nothing else does are one tube and have all of its portals: junctions
    where another road begins, where people enter the roads (`entered`), or where the tube ends.
    """
    tubes = np.flatnonzero(tunnel)
    tail = np.array([where[n] for n in roads["from_node"]], np.int64)
    head = np.array([where[n] for n in roads["to_node"]], np.int64)
    outside = np.zeros(len(where), np.bool_)
    outside[tail[~tunnel]] = outside[head[~tunnel]] = outside[entered] = True
    neighbours: dict[int, set[int]] = {}
    for link in tubes.tolist():
        a, b = int(tail[link]), int(head[link])
        neighbours.setdefault(a, set()).add(b)
        neighbours.setdefault(b, set()).add(a)
    links: list[int] = []
    nodes: list[int] = []
    for link in tubes.tolist():
        seen = {int(tail[link]), int(head[link])}
        new, mouths = list(seen), set()
        while new:
            node = new.pop()
            if outside[node] or len(neighbours[node]) == 1:
                mouths.add(node)
            else:
                new += neighbours[node] - seen
                seen |= neighbours[node]
        mouths = mouths or {int(tail[link]), int(head[link])}
        links += [link] * len(mouths)
        nodes += sorted(mouths)
    return np.array(links, np.int64), np.array(nodes, np.int64)


def _cells_in_zones(
    zones: pd.DataFrame, terrain: Raster, zone_cell: Ints, lake: NDArray[np.bool_]
) -> tuple[Ints, Ints, Floats]:
    """Return the cells of land whose centre lies in a zone's outline, that zone, and the share of it not known.

    Where an outline holds no land, the cell of its centre is taken. Cells of the lake, of unknown height and beyond
    the edge of the terrain are no land: shares are of the land whose height is known.
    """
    rows, cols = terrain.values.shape
    known = np.isfinite(terrain.values.ravel())
    unknown = np.zeros(len(zones))
    inside, owner = [], []
    for number, outline in enumerate(zones["geometry"]):
        found = np.zeros(0, np.int64)
        if outline:
            points = read_points(outline)
            low, high = points.min(axis=0), points.max(axis=0)
            c0, c1 = (int(np.floor((v - terrain.west) / terrain.cell_m)) for v in (low[0], high[0]))
            r0, r1 = (int(np.floor((terrain.north - v) / terrain.cell_m)) for v in (high[1], low[1]))
            c, r = np.meshgrid(
                np.arange(max(c0, 0), min(c1, cols - 1) + 1), np.arange(max(r0, 0), min(r1, rows - 1) + 1)
            )
            x = terrain.west + (c + 0.5) * terrain.cell_m
            y = terrain.north - (r + 0.5) * terrain.cell_m
            hit = _in_polygon(x, y, points)
            found = (r[hit] * cols + c[hit]).astype(np.int64)
            whole = c0 >= 0 and r0 >= 0 and c1 < cols and r1 < rows
            cells = float(len(found)) if whole else _area(points) / terrain.cell_m**2
            unknown[number] = max(0.0, 1.0 - known[found].sum() / cells) if cells > 0 else 0.0
            found = found[known[found] & ~lake[found]]
        if len(found) == 0 and zone_cell[number] >= 0:
            found = zone_cell[number : number + 1]
        inside.append(found)
        owner.append(np.full(len(found), number, np.int64))
    empty = np.zeros(0, np.int64)
    return (np.concatenate(inside), np.concatenate(owner), unknown) if inside else (empty, empty, unknown)


def _area(corners: Floats) -> float:
    """Return the area of a polygon."""
    x, y = (corners - corners[0]).T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2.0)


def _in_polygon(x: Floats, y: Floats, corners: Floats) -> NDArray[np.bool_]:
    """Return which points lie in a polygon (even-odd rule)."""
    hit = np.zeros(x.shape, np.bool_)
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if ay == by:
            continue
        crosses = (ay > y) != (by > y)
        hit ^= crosses & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
    return hit
