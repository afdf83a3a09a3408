"""Bring the surface model onto a 30 m grid in the CRS of the case, and read heights from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import rasterio
from build_common import CRS
from rasterio.transform import from_origin
from rasterio.warp import Resampling, reproject, transform_bounds
from scipy.ndimage import distance_transform_edt, label

if TYPE_CHECKING:
    from pathlib import Path

    from affine import Affine
    from numpy.typing import ArrayLike, NDArray

CELL_M = 30.0
NODATA = -32768


@dataclass(frozen=True)
class Terrain:
    """Heights in whole metres, shape (rows, columns); NODATA off the map; `transform` from cell to metre."""

    height: NDArray[np.int16]
    transform: Affine

    def at(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.int64]:
        """Return the height of the nearest cell that has one, in m."""
        height: NDArray[np.int64] = self._filled()[self._cells(x, y)].astype(np.int64)
        return height

    def in_lake(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.bool_]:
        """Say which points lie in the lake: the largest 8-connected body of cells at height 0."""
        bodies, _ = label(self.height == 0, structure=np.ones((3, 3)))
        size = np.bincount(bodies.ravel())
        size[0] = 0
        lake: NDArray[np.bool_] = bodies == size.argmax()
        wet: NDArray[np.bool_] = lake[self._cells(x, y)]
        return wet

    def _cells(self, x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        left, top = self.transform.c, self.transform.f
        column = np.floor((np.asarray(x, dtype=float) - left) / CELL_M).astype(np.int64)
        row = np.floor((top - np.asarray(y, dtype=float)) / CELL_M).astype(np.int64)
        return row.clip(0, self.height.shape[0] - 1), column.clip(0, self.height.shape[1] - 1)

    def _filled(self) -> NDArray[np.int16]:
        nearest = distance_transform_edt(self.height == NODATA, return_distances=False, return_indices=True)
        filled: NDArray[np.int16] = self.height[tuple(nearest)]
        return filled


def warp(source: Path) -> Terrain:
    """Return the surface model on a 30 m grid; each cell takes the nearest height, so metres stay whole."""
    with rasterio.open(source) as raster:
        west, south, east, north = transform_bounds(raster.crs, CRS, *raster.bounds)
        west, north = np.floor(west / CELL_M) * CELL_M, np.ceil(north / CELL_M) * CELL_M
        shape = (int(np.ceil((north - south) / CELL_M)), int(np.ceil((east - west) / CELL_M)))
        transform = from_origin(west, north, CELL_M, CELL_M)
        height = np.full(shape, NODATA, dtype=np.int16)
        reproject(
            raster.read(1).astype(np.int16),
            height,
            src_transform=raster.transform,
            src_crs=raster.crs,
            dst_transform=transform,
            dst_crs=CRS,
            src_nodata=NODATA,
            dst_nodata=NODATA,
            resampling=Resampling.nearest,
        )
    return Terrain(height, transform)


def write_terrain(terrain: Terrain, path: Path) -> None:
    """Write the heights as a compressed GeoTIFF."""
    rows, columns = terrain.height.shape
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=rows,
        width=columns,
        count=1,
        dtype="int16",
        crs=CRS,
        transform=terrain.transform,
        nodata=NODATA,
        compress="deflate",
        predictor=2,
    ) as raster:
        raster.write(terrain.height, 1)
