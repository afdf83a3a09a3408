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
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit
from scipy.ndimage import label

from resilience.base.defaults import default
from resilience.base.errors import CaseError, Problem
from resilience.city.water import DEPTHS, Water, share_beyond
from resilience.readers.raster import to_tenth_mm

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience.base.arrays import Floats, Ints
    from resilience.hazards.flood.exposure import Exposure
    from resilience.readers.raster import Raster


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
        wet, depth = self._zones.wet(level_m)
        zones = len(e.zone_cell)
        area = np.maximum(np.bincount(e.cell_zone, minlength=zones), 1)
        share = [np.bincount(e.cell_zone[wet[depth >= limit]], minlength=zones) / area for limit in DEPTHS]
        return Water(
            link_m=link_m,
            link_share=link_share,
            site_m=to_tenth_mm(np.maximum(0.0, ground - self.site_raised_m)),
            site_ground_m=ground,
            zone_share=np.stack(share, axis=1),
            level_m=level_m if np.isfinite(level_m) else np.nan,
            cells_m=self._on_land(np.arange(self.ground.size)).depth(level_m).reshape(self.ground.shape)
            if with_cells
            else None,
        )

    def _on_links(self, level_m: float) -> tuple[Floats, Floats]:
        """Return the greatest depth on each road link, and the share of its length beyond each of ROAD_DEPTHS."""
        e = self.exposure
        links = len(e.bridge)
        wet, ground = self._pieces.wet(level_m)
        link = e.piece_link[wet]
        depth = np.maximum(0.0, ground - self.raised_m[link])
        bridge = e.bridge[link]
        deck = self.deck_m[link[bridge]]
        depth[bridge] = np.where(np.isnan(deck) | (ground[bridge] <= 0), 0.0, np.maximum(0.0, level_m - deck))
        at_portal = np.zeros(links)
        portal = self._portals.depth(level_m)
        np.maximum.at(at_portal, e.portal_link, to_tenth_mm(portal - self.raised_m[e.portal_link]))
        full = np.where(at_portal > 0, at_portal + default("flood.tunnel_sag_m"), 0.0)
        on_ground = ~e.tunnel[link]
        pieces = np.concatenate([wet[on_ground], self._in_tunnels])
        depth = np.concatenate([depth[on_ground], full[e.piece_link[self._in_tunnels]]])
        deep = depth > 0.0
        pieces, depth = pieces[deep], to_tenth_mm(depth[deep])
        link = e.piece_link[pieces]
        deepest = np.zeros(links)
        np.maximum.at(deepest, link, depth)
        return deepest, share_beyond(depth, link, e.piece_share[pieces], links)

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
    def _in_tunnels(self) -> Ints:
        return np.flatnonzero(self.exposure.tunnel[self.exposure.piece_link])

    @cached_property
    def _portals(self) -> _Cells:
        return self._at(self.exposure.portal_cell)

    @cached_property
    def _sites(self) -> _Cells:
        return self._at(self.exposure.site_cell)

    @cached_property
    def _zones(self) -> _Cells:
        return self._on_land(self.exposure.zone_cells)


@dataclass(frozen=True)
class _Cells:
    """Cells that are looked at together: ground and connection level, metres, shape (cells,); inf: never wet."""

    ground: Floats
    connection: Floats

    def wet(self, level_m: float) -> tuple[Ints, Floats]:
        """Return the cells under water, ascending, and how deep they are, shape (wet,)."""
        wet = np.flatnonzero(self.connection < level_m)
        return wet, to_tenth_mm(level_m - self.ground[wet])

    def depth(self, level_m: float) -> Floats:
        """Return how deep every cell stands under water, shape (cells,)."""
        wet, depth = self.wet(level_m)
        result = np.zeros(len(self.ground))
        result[wet] = depth
        return result
