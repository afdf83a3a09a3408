"""Chains of links that are one street to whoever chooses a way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from resilience.base.arrays import sums
from resilience.traffic.demand import Pairs

if TYPE_CHECKING:
    from collections.abc import Callable

    from resilience.base.arrays import Bools, Floats, Ints
    from resilience.traffic.demand import Demand, VehicleClass
    from resilience.traffic.graph import RoadGraph

    Progress = Callable[[int, float], bool | None]


@dataclass(frozen=True)
class Streets:
    """What the ways of one class of vehicles lead over, and its trips.

    Parameters
    ----------
    vehicles : the class
    pairs : its pairs; first_pair : the number of the first one among the pairs of all classes
    ends : nodes at which trips of any class begin or end
    shut : links that the class may not use, shape (links,)
    extra : what each link costs it beyond the common cost, minutes, shape (links,)
    origin : nodes where trips begin, shape (origins,)
    first : first pair of each origin, and the end, shape (origins + 1,)
    pcu : trips of each pair, passenger-car units/h, shape (pairs,)

    """

    network: RoadGraph
    vehicles: VehicleClass
    pairs: Pairs
    first_pair: int
    ends: Ints
    shut: Bools
    extra: Floats
    first: Ints
    origin: Ints
    pcu: Floats

    @classmethod
    def of(cls, network: RoadGraph, demand: Demand, closed: Bools | None, number: int = 0) -> Streets:
        """Return the streets of a network for a class of a demand, by its number, with these links shut."""
        vehicles = demand.classes[number]
        low, high = np.searchsorted(demand.pairs.of_class, [number, number + 1])
        origin = demand.pairs.origin[low:high]
        shut = np.zeros(network.links, np.bool_) if closed is None else np.asarray(closed, np.bool_)
        begins = np.flatnonzero(np.diff(origin, prepend=-1) != 0)
        return cls(
            network=network,
            vehicles=vehicles,
            pairs=Pairs(origin, demand.pairs.destination[low:high]),
            first_pair=int(low),
            ends=demand.pairs.ends,
            shut=shut if vehicles.closed is None else shut | np.asarray(vehicles.closed, np.bool_),
            extra=np.zeros(network.links) if vehicles.extra_min is None else np.asarray(vehicles.extra_min, float),
            first=np.r_[begins, len(origin)].astype(np.int64),
            origin=origin[begins],
            pcu=(demand.vph * demand.pce)[low:high],
        )

    def cost(self, flow: Floats) -> Floats:
        """Return what each link costs this class at the flow of all classes (pcu/h), minutes."""
        return self.network.minutes(flow) + self.extra

    def balance(self, flow: Floats) -> Floats:
        """Return the flow out of each node less the flow into it, shape (nodes,)."""
        network = self.network
        return sums(network.tail, flow, network.nodes) - sums(network.head, flow, network.nodes)
