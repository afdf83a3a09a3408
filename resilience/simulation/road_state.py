"""The state of the roads for cars: what is closed, how fast, how much capacity is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from resilience.base.defaults import default
from resilience.networks.road import RoadModel, binned_depth, speed_in_water

if TYPE_CHECKING:
    from resilience.base.arrays import Bools, Floats
    from resilience.city.water import Water


@dataclass(frozen=True)
class RoadState:
    """Road links as cars meet them, connectors included, shape (all links,).

    Parameters
    ----------
    closed : no car passes
    speed, capacity : share of the dry road's, in (0, 1]

    """

    closed: Bools
    speed: Floats
    capacity: Floats

    def changed(self, other: RoadState) -> Bools:
        """Return which links differ."""
        return (
            (self.closed != other.closed)
            | (np.abs(self.speed - other.speed) > 1e-9)
            | (np.abs(self.capacity - other.capacity) > 1e-9)
        )


def open_state(road: RoadModel) -> RoadState:
    """Return the state of a dry city with power."""
    many = len(road.graph.tail)
    return RoadState(np.zeros(many, np.bool_), np.ones(many), np.ones(many))


def road_state(road: RoadModel, water: Water | None, blocked: Bools, dark_signals: Bools) -> RoadState:
    """Return the state of the roads.

    Parameters
    ----------
    blocked : road links that are shut for another reason, shape (road links,)
    dark_signals : junctions whose signals have no power, shape (junctions,)

    """
    links = road.network.links
    limit = links["speed_kmh"].to_numpy(float)
    closed, speed = blocked.copy(), np.ones(len(links))
    if water is not None:
        closed |= water.link_m >= default("traffic.closure_depth_m")
        wet = (water.link_mean_m > 0) & ~closed
        below_closure = np.minimum(water.link_mean_m, default("traffic.closure_depth_m") - 1e-6)
        slow = speed_in_water(binned_depth(below_closure[wet]), limit[wet])
        speed[wet] = np.maximum(slow / limit[wet], 0.01)
    capacity = np.maximum(speed, default("traffic.capacity_floor"))
    _, head = road.network.ends
    capacity = np.where(dark_signals[head], capacity * default("traffic.signal_capacity"), capacity)
    return RoadState(
        np.asarray(road.all_links(closed, False), np.bool_),
        np.asarray(road.all_links(speed, 1.0), float),
        np.asarray(road.all_links(capacity, 1.0), float),
    )
