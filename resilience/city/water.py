"""Water on the city in one hour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from resilience.base.defaults import default

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _road_depths() -> tuple[float, ...]:
    """Return the edges of the bins of depth in which the speed of cars is told apart, from 0 to closure, metres."""
    closure, width = default("traffic.closure_depth_m"), default("traffic.depth_bin_m")
    return (*(width * np.arange(np.ceil(closure / width - 1e-9))).tolist(), closure)


DEEP_M = default("safety.deep_water_m")
DEPTHS = tuple(sorted({0.15, 0.30, 0.50, 1.00, DEEP_M}))
DEEP = DEPTHS.index(DEEP_M)  # the depth that counts as danger to people on foot
ROAD_DEPTHS = _road_depths()  # closure is the last
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
    link_share : share of each road link's length that is deeper than each of ROAD_DEPTHS, or at least as deep as the
        last of them, which stops cars (what slows it), shape (road links, len(ROAD_DEPTHS)); `all_along` makes it for a
        depth that holds from end to end
    site_m : depth at each site of the city above its protection, shape (sites,)
    site_ground_m : depth at each site as a crew meets it, shape (sites,)
    zone_share : share of each zone's area in water of at least DEPTHS metres, shape (zones, len(DEPTHS))
    level_m : level of the water that caused it, for the curve
    cells_m : depth of the cells of the raster, shape (rows, columns), or None

    """

    link_m: NDArray[np.float64]
    link_share: NDArray[np.float64]
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
            np.maximum(self.link_share, other.link_share),
            np.maximum(self.site_m, other.site_m),
            np.maximum(self.site_ground_m, other.site_ground_m),
            np.maximum(self.zone_share, other.zone_share),
            float(np.fmax(self.level_m, other.level_m)),
            cells,
        )


def dry(links: int, sites: int, zones: int) -> Water:
    """Return a field without water."""
    return Water(
        np.zeros(links), np.zeros((links, len(ROAD_DEPTHS))), np.zeros(sites), np.zeros(sites),
        np.zeros((zones, len(DEPTHS))),
    )  # fmt: skip


def all_along(link_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `Water.link_share` of road links that are as deep from end to end, shape (links, len(ROAD_DEPTHS)).

    >>> all_along(np.array([0.0, 0.15, 0.3])).tolist()
    [[0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]]

    """
    return np.asarray(_all_along(np.asarray(link_m, float), np.array(ROAD_DEPTHS)))


@njit(cache=True)
def _all_along(depth: Any, edges: Any) -> Any:
    beyond = np.zeros((len(depth), len(edges)))
    for link in range(len(depth)):
        add_beyond(beyond[link], depth[link], 1.0, edges)
    return beyond


@njit(cache=True)
def add_beyond(beyond: Any, depth: Any, share: Any, edges: Any) -> None:
    """Add a piece of a road, `share` of its length, to the bins of ROAD_DEPTHS that its depth is beyond.

    A depth of just an edge belongs to the bin below it; one of just the last, closure, stops cars.
    """
    last = len(edges) - 1
    for k in range(last):
        if depth > edges[k] + 1e-9:
            beyond[k] += share
    if depth >= edges[last]:
        beyond[last] += share
