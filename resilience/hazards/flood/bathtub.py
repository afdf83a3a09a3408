"""Where the water of a lake stands at a given level, and which parts of the city it touches.

One rule holds everywhere: water reaches a cell when the lake stands above its connection level, so a cell at just the
level of the lake is dry, and so is all that has a depth of 0. Ground, levels and depths are rounded to a tenth of a
millimetre where they are made, so that a depth of just a limit counts whatever the ground. The ordinary lake is not
part of the city: people live on the land of their zone, and roads and sites stand on land.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numba import njit
from scipy.ndimage import label

from resilience.base.defaults import default
from resilience.base.errors import CaseError, Problem
from resilience.city.water import DEPTHS, ROAD_DEPTHS, Water, add_beyond
from resilience.readers.raster import DECIMALS, to_tenth_mm

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience.base.arrays import Floats, Ints
    from resilience.hazards.flood.exposure import Exposure
    from resilience.readers.raster import Raster


TENTHS = 10.0**DECIMALS


def lake_cells(terrain: Raster, water_height_m: float) -> NDArray[np.bool_]:
    """Return the cells of the lake: the largest 8-connected body at or below the height, shape of the raster.

    Raises
    ------
    CaseError
        No cell lies at or below the height.

    """
    low = terrain.values <= water_height_m
    bodies, count = label(low, structure=np.ones((3, 3)))
    if count == 0:
        lowest = f"{np.nanmin(terrain.values):g}"
        raise CaseError([Problem("no_lake", "terrain", found=f"{water_height_m:g}", expected=lowest)])
    sizes = np.bincount(bodies.ravel())
    sizes[0] = 0
    return np.asarray(bodies == sizes.argmax())


def connection_level(ground: Floats, lake: NDArray[np.bool_]) -> Floats:
    """Return for each cell the lowest lake level that reaches it, metres, shape of `ground`.

    It is the smallest, over all 8-connected ways from the lake, of the highest ground on the way: at level s a cell is
    wet where the value is below s. So one pass per terrain serves every level (priority flood, Barnes, Lehman &
    Mulla 2014, doi:10.1016/j.cageo.2013.04.024, started from the lake). Cells without data are never wet.
    """
    return np.asarray(_minimax(np.ascontiguousarray(to_tenth_mm(ground)), lake))


@njit(cache=True)
def _minimax(ground: Any, lake: Any) -> Any:
    rows, cols = ground.shape
    level = np.full((rows, cols), np.inf)
    heap = [(0.0, np.int64(0))]
    heap.pop()
    for i in range(rows):
        for j in range(cols):
            if lake[i, j]:
                level[i, j] = ground[i, j]
                heapq.heappush(heap, (ground[i, j], np.int64(i * cols + j)))
    while len(heap) > 0:
        here, cell = heapq.heappop(heap)
        i, j = cell // cols, cell % cols
        if here > level[i, j]:
            continue
        for di in range(-1, 2):
            for dj in range(-1, 2):
                a, b = i + di, j + dj
                if (di == 0 and dj == 0) or a < 0 or b < 0 or a >= rows or b >= cols:
                    continue
                if np.isnan(ground[a, b]):
                    continue
                reach = max(here, ground[a, b])
                if reach < level[a, b]:
                    level[a, b] = reach
                    heapq.heappush(heap, (reach, np.int64(a * cols + b)))
    return level


@dataclass(frozen=True)
class Inundation:
    """A drawn terrain, ready to say the depths at any level of the lake."""

    exposure: Exposure
    ground: Floats
    connection: Floats
    lake: NDArray[np.bool_]
    deck_m: Floats
    raised_m: Floats
    site_raised_m: Floats

    def at(self, level_m: float, *, with_cells: bool) -> Water:
        """Return the water at a level of the lake, metres in the height system of the terrain.

        A cell is wet where its connection level lies below the level of the lake, and as deep as its ground does, to a
        tenth of a millimetre: so a depth of just a limit is that limit, whatever the last digits of the ground. A
        road on the ground is closed by its deepest point and slowed where it is wet, as far as it is wet; what it is
        raised by lowers the water on it. A bridge is wet by what the lake stands above its deck (`deck_m`); one without
        a deck height stays open. A tunnel fills when water passes one of its portals, the ground there and what it is
        raised by: how deep that portal stands in the water and `flood.tunnel_sag_m` more; the ground or the lake above
        it does not matter.
        """
        e, level_m = self.exposure, float(to_tenth_mm(np.array(level_m)))
        link_m, link_share = self._on_links(level_m)
        ground = self._sites.depth(level_m)
        zones = len(e.zone_cell)
        wet = _count_wet(level_m, *self._zones, e.cell_zone, zones, np.array(DEPTHS))
        return Water(
            link_m=link_m,
            link_share=link_share,
            site_m=to_tenth_mm(np.maximum(0.0, ground - self.site_raised_m)),
            site_ground_m=ground,
            zone_share=wet / self._area[:, None],
            level_m=level_m if np.isfinite(level_m) else np.nan,
            cells_m=self._land.depth(level_m).reshape(self.ground.shape) if with_cells else None,
        )

    def _on_links(self, level_m: float) -> tuple[Floats, Floats]:
        """Return the greatest depth on each road link, and the share of its length beyond each of ROAD_DEPTHS."""
        e = self.exposure
        links = len(e.bridge)
        at_portal = np.zeros(links)
        portal = self._portals.depth(level_m)
        np.maximum.at(at_portal, e.portal_link, to_tenth_mm(portal - self.raised_m[e.portal_link]))
        full = np.where(at_portal > 0, at_portal + default("flood.tunnel_sag_m"), 0.0)
        return _on_roads(
            level_m, *self._pieces, e.piece_link, e.piece_share, e.bridge, e.tunnel, full, self.deck_m, self.raised_m,
            np.array(ROAD_DEPTHS),
        )  # fmt: skip

    def _at(self, cell: Ints) -> _Cells:
        off = cell < 0
        return _Cells(self.ground.ravel()[cell], np.where(off, np.inf, self.connection.ravel()[cell]))

    def _on_land(self, cell: Ints) -> _Cells:
        found = self._at(cell)
        return _Cells(found.ground, np.where(self.lake.ravel()[cell], np.inf, found.connection))

    @cached_property
    def _pieces(self) -> _Cells:
        return self._at(self.exposure.piece_cell)

    @cached_property
    def _portals(self) -> _Cells:
        return self._at(self.exposure.portal_cell)

    @cached_property
    def _sites(self) -> _Cells:
        return self._at(self.exposure.site_cell)

    @cached_property
    def _zones(self) -> _Cells:
        return self._on_land(self.exposure.zone_cells)

    @cached_property
    def _area(self) -> Ints:
        """Cells of each zone, at least 1, shape (zones,)."""
        cells = np.bincount(self.exposure.cell_zone, minlength=len(self.exposure.zone_cell))
        return np.asarray(np.maximum(cells, 1), np.int64)

    @cached_property
    def _land(self) -> _Cells:
        return self._on_land(np.arange(self.ground.size))


class _Cells(NamedTuple):
    """Cells that are looked at together: ground and connection level, metres, shape (cells,); inf: never wet."""

    ground: Floats
    connection: Floats

    def depth(self, level_m: float) -> Floats:
        """Return how deep every cell stands under water, shape (cells,)."""
        return np.asarray(_depths(level_m, self.ground, self.connection))


# ------------------------------------------------------------------------------------------------ kernels


@njit(cache=True)
def _tenth_mm(metres: Any) -> Any:
    """Return what `to_tenth_mm` does, of one number."""
    return np.rint(metres * TENTHS) / TENTHS


@njit(cache=True)
def _depths(level: Any, ground: Any, connection: Any) -> Any:
    depth = np.zeros(len(ground))
    for i in range(len(ground)):
        if connection[i] < level:
            depth[i] = _tenth_mm(level - ground[i])
    return depth


@njit(cache=True)
def _on_roads(
    level: Any, ground: Any, connection: Any, link: Any, share: Any, bridge: Any, tunnel: Any, full: Any, deck: Any,
    raised: Any, edges: Any,
) -> Any:  # fmt: skip
    """Return the greatest depth on each link, shape (links,), and its share beyond edges, shape (links, edges)."""
    deepest, beyond = np.zeros(len(bridge)), np.zeros((len(bridge), len(edges)))
    for i in range(len(link)):
        at, depth = link[i], 0.0
        if tunnel[at]:
            depth = full[at]
        elif connection[i] < level:
            depth = _tenth_mm(level - ground[i])
            if bridge[at]:
                depth = level - deck[at] if depth > 0.0 else 0.0  # nan without a deck height: never wet
            else:
                depth -= raised[at]
        if depth > 0.0:
            depth = _tenth_mm(depth)
            deepest[at] = max(deepest[at], depth)
            add_beyond(beyond[at], depth, share[i], edges)
    for at in np.flatnonzero(deepest):
        beyond[at] = np.minimum(beyond[at], 1.0)
    return deepest, beyond


@njit(cache=True)
def _count_wet(level: Any, ground: Any, connection: Any, zone: Any, zones: Any, limits: Any) -> Any:
    """Return the cells of each zone in water of at least so many metres, shape (zones, limits)."""
    count = np.zeros((zones, len(limits)), np.int64)
    for i in range(len(ground)):
        if connection[i] < level:
            depth = _tenth_mm(level - ground[i])
            for k in range(len(limits)):
                if depth >= limits[k]:
                    count[zone[i], k] += 1
    return count
