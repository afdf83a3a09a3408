"""The order of a tick: the parts that an hour of a run is made of, each a class with `step`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from resilience.simulation.cut_off import CutOff
from resilience.simulation.events import Events
from resilience.simulation.exposure import Exposure
from resilience.simulation.maps import Maps
from resilience.simulation.production import Production
from resilience.simulation.repairs import Dispatch, Repairs
from resilience.simulation.roads import Roads
from resilience.simulation.settle import Settle
from resilience.simulation.trips import Trips

if TYPE_CHECKING:
    from resilience.simulation.world import World


class Part(Protocol):
    """Something that happens in every hour of a run, or looks at what happened and writes it down.

    Parts speak to each other through the world alone.
    """

    def step(self, hour: int) -> None:
        """Do the part's share of one hour, `hour` counted from midnight before the onset."""
        ...


class Makes(Protocol):
    """What stands in the list: it makes the part of a run, or None where the city lacks what the part is about."""

    def of(self, world: World) -> Part | None:
        """Return the part for a run."""
        ...


ORDER: tuple[Makes, ...] = (Repairs, Events, Settle, Roads, Dispatch, Trips, CutOff, Production, Exposure, Maps)


def parts_of(world: World) -> list[Part]:
    """Return the parts of a run in the order of the tick; a part whose layer the city lacks is not among them."""
    made = (maker.of(world) for maker in ORDER)
    return [part for part in made if part is not None]
