"""What a hazard does: Damage (components that lose service) and Water (water, hour by hour)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience.base.clock import Onset
    from resilience.base.streams import Streams
    from resilience.city.inputs import Inputs
    from resilience.city.view import View
    from resilience.city.water import Water

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


class Event(Protocol):
    """A hazard under way."""

    def step(self, hour: int, view: View) -> tuple[Water | None, Damage]:
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
