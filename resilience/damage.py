"""What a hazard does: Damage (components that lose service) and Field (water, hour by hour)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience.base.clock import Onset
    from resilience.base.streams import Streams
    from resilience.inputs import Inputs
    from resilience.state import View

NOBODY, OWN_STAFF, CREW = 0, 1, 2


@dataclass(frozen=True)
class Damage:
    """Components that lose their service in this hour.

    Parameters
    ----------
    component : global ids
    loss : service lost, 0 to 1, shape (components,); two damages of one component do not add up, the larger counts
    repair_hours : work until the service is back, hours, shape (components,)
    until_hour : hour of the run at which the service comes back by itself, nan where it has to be repaired
    repaired_by : NOBODY (until_hour counts), OWN_STAFF (work starts when the site is dry) or CREW (a crew must come)
    dry_m : depth at the site below which work can start, metres
    cause : key of the reason, such as flooded

    """

    component: list[str] = field(default_factory=list)
    loss: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    repair_hours: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    until_hour: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    repaired_by: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    dry_m: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    cause: str = ""

    def __len__(self) -> int:
        return len(self.component)


@dataclass(frozen=True)
class Field:
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

    def deepest(self, other: Field) -> Field:
        """Return the field that has the greater depth of the two everywhere."""
        if self.cells_m is None or other.cells_m is None:
            cells = self.cells_m if other.cells_m is None else other.cells_m
        elif self.cells_m.shape == other.cells_m.shape:
            cells = np.maximum(self.cells_m, other.cells_m)
        else:
            cells = self.cells_m
        return Field(
            np.maximum(self.link_m, other.link_m),
            np.maximum(self.link_mean_m, other.link_mean_m),
            np.maximum(self.site_m, other.site_m),
            np.maximum(self.site_ground_m, other.site_ground_m),
            np.maximum(self.zone_share, other.zone_share),
            float(np.fmax(self.level_m, other.level_m)),
            cells,
        )


DEPTHS = (0.15, 0.30, 0.50, 1.00)


def dry(links: int, sites: int, zones: int) -> Field:
    """Return a field without water."""
    return Field(np.zeros(links), np.zeros(links), np.zeros(sites), np.zeros(sites), np.zeros((zones, len(DEPTHS))))


class Event(Protocol):
    """A hazard under way."""

    def step(self, hour: int, view: View) -> tuple[Field | None, Damage]:
        """Return the water of this hour (None: no water) and the damage that begins in it."""
        ...

    def at_risk(self, hour: int) -> NDArray[np.bool_] | None:
        """Return the zones where water stands or is still to come, shape (zones,); None for no warning.

        This is what a warning names; it ends for a zone when its water is gone.
        """
        ...


class Hazard(Protocol):
    """A hazard that can be started at any severity; severity is one number and never gives less when it rises."""

    def start(self, inputs: Inputs, severity: float, onset: Onset, streams: Streams) -> Event:
        """Return the event; `inputs` are not changed."""
        ...
