"""Chains of links that are one street to whoever chooses a way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from resilience.base.arrays import sums

if TYPE_CHECKING:
    from collections.abc import Callable

    from resilience.base.arrays import Bools, Floats, Ints
    from resilience.traffic.demand import Demand
    from resilience.traffic.graph import RoadGraph

    Progress = Callable[[int, float], bool | None]


@dataclass(frozen=True)
class Streets:
    """What the ways lead over, and who travels: one class of vehicles on its open links."""

    network: RoadGraph
    demand: Demand
    shut: Bools
    extra: Floats
    first: Ints
    origin: Ints
    pcu: Floats

    @classmethod
    def of(cls, network: RoadGraph, demand: Demand, closed: Bools | None) -> Streets:
        """Return the streets of a network for a demand with these links shut."""
        vehicles, origin = demand.classes[0], demand.pairs.origin
        shut = np.zeros(network.links, np.bool_) if closed is None else np.asarray(closed, np.bool_)
        begins = np.flatnonzero(np.r_[True, np.diff(origin) != 0])
        return cls(
            network=network,
            demand=demand,
            shut=shut if vehicles.closed is None else shut | np.asarray(vehicles.closed, np.bool_),
            extra=np.zeros(network.links) if vehicles.extra_min is None else np.asarray(vehicles.extra_min, float),
            first=np.r_[begins, len(origin)].astype(np.int64),
            origin=origin[begins],
            pcu=demand.vph * demand.pce,
        )

    def cost(self, flow: Floats) -> Floats:
        """Return what each link costs this class at a flow, minutes."""
        return self.network.minutes(flow) + self.extra

    def balance(self, flow: Floats) -> Floats:
        """Return the flow out of each node less the flow into it, shape (nodes,)."""
        network = self.network
        return sums(network.tail, flow, network.nodes) - sums(network.head, flow, network.nodes)
