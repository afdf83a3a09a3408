"""Water on the city in one hour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from resilience.base.defaults import default

if TYPE_CHECKING:
    from numpy.typing import NDArray


DEEP_M = default("safety.deep_water_m")
DEPTHS = tuple(sorted({0.15, 0.30, 0.50, 1.00, DEEP_M}))
DEEP = DEPTHS.index(DEEP_M)  # the depth that counts as danger to people on foot
CELLS_EVERY_HOURS = 3  # maps of the water are drawn every so many hours


def depth_group(depth_m: float) -> str:
    """Return the group under which a curve of a depth is kept.

    >>> depth_group(0.3)
    'depth:0.30'

    """
    return f"depth:{depth_m:.2f}"


@dataclass(frozen=True)
class Water:
    """Water on the city in one hour, metres.

    Parameters
    ----------
    link_m : greatest depth on each road link (what closes it), shape (road links,)
    link_mean_m : mean depth on each road link (what slows it), shape (road links,)
    site_m : depth at each site of the city above its protection, shape (sites,)
    site_ground_m : depth at each site as a crew meets it, shape (sites,)
    zone_share : share of each zone's area in water of at least DEPTHS metres, shape (zones, len(DEPTHS))
    level_m : level of the water that caused it, for the curve
    cells_m : depth of the cells of the raster, shape (rows, columns), or None

    """

    link_m: NDArray[np.float64]
    link_mean_m: NDArray[np.float64]
    site_m: NDArray[np.float64]
    site_ground_m: NDArray[np.float64]
    zone_share: NDArray[np.float64]
    level_m: float = np.nan
    cells_m: NDArray[np.float64] | None = None

    def deepest(self, other: Water) -> Water:
        """Return the field that has the greater depth of the two everywhere."""
        if self.cells_m is None or other.cells_m is None:
            cells = self.cells_m if other.cells_m is None else other.cells_m
        elif self.cells_m.shape == other.cells_m.shape:
            cells = np.maximum(self.cells_m, other.cells_m)
        else:
            cells = self.cells_m
        return Water(
            np.maximum(self.link_m, other.link_m),
            np.maximum(self.link_mean_m, other.link_mean_m),
            np.maximum(self.site_m, other.site_m),
            np.maximum(self.site_ground_m, other.site_ground_m),
            np.maximum(self.zone_share, other.zone_share),
            float(np.fmax(self.level_m, other.level_m)),
            cells,
        )


def dry(links: int, sites: int, zones: int) -> Water:
    """Return a field without water."""
    return Water(np.zeros(links), np.zeros(links), np.zeros(sites), np.zeros(sites), np.zeros((zones, len(DEPTHS))))
