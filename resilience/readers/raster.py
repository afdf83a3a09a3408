"""Read a GeoTIFF that must lie in the CRS of the case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import rasterio
from pyproj import CRS

from resilience.base.errors import CaseError, Problem

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Raster:
    """A grid of heights, metres; row 0 is the northern edge.

    Parameters
    ----------
    values : shape (rows, columns), nan where the raster has no data
    west, north : outer corner of the grid, in the CRS of the case
    cell_m : edge of a cell

    """

    values: NDArray[np.float64]
    west: float
    north: float
    cell_m: float

    def cell_of(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the flat number of the cell of each point, -1 outside the grid, shape (points,)."""
        rows, cols = self.values.shape
        col = np.floor((np.asarray(x, float) - self.west) / self.cell_m).astype(np.int64)
        row = np.floor((self.north - np.asarray(y, float)) / self.cell_m).astype(np.int64)
        inside = (col >= 0) & (col < cols) & (row >= 0) & (row < rows)
        return np.where(inside, row * cols + col, -1)


def read_raster(path: Path, crs: str) -> Raster:
    """Return the first band of a GeoTIFF.

    Raises
    ------
    CaseError
        The file is missing or unreadable, has no CRS or another one than the case, or cells that are not square.

    """
    problems: list[Problem] = []
    if not path.is_file():
        raise CaseError([Problem("missing_file", path.name, found=str(path))])
    try:
        with rasterio.open(path) as data:
            transform, found = data.transform, data.crs
            values = data.read(1, masked=True).astype(float).filled(np.nan)
    except rasterio.errors.RasterioIOError as error:
        raise CaseError([Problem("unreadable", path.name, found=str(error))]) from error
    if found is None:
        problems.append(Problem("raster_no_crs", path.name, expected=crs))
    elif not CRS.from_user_input(found.to_wkt()).equals(CRS.from_user_input(crs), ignore_axis_order=True):
        problems.append(Problem("raster_other_crs", path.name, found=found.to_string()[:60], expected=crs))
    if abs(transform.a + transform.e) > 1e-6 * abs(transform.a) or transform.b or transform.d:
        problems.append(Problem("raster_not_square", path.name, found=f"{transform.a} x {-transform.e}"))
    if np.isnan(values).all():
        problems.append(Problem("raster_empty", path.name))
    if problems:
        raise CaseError(problems)
    return Raster(values, float(transform.c), float(transform.f), float(transform.a))
