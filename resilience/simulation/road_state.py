"""The state of the roads: what is closed, how fast, how much capacity is left, for cars and for high vehicles.

Water holds where it stands: a link is slowed on the part of its length that is wet, and a signal without power costs
its approach the same whether the last link before it is long or short. So cutting a street into more links changes
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from resilience.base.defaults import default
from resilience.city.water import ROAD_DEPTHS
from resilience.networks.road import RoadModel, speed_in_water

if TYPE_CHECKING:
    from resilience.base.arrays import Bools, Floats, Ints
    from resilience.city.water import Water

LEAST_SPEED = 0.01  # share of the dry road's, in the deepest water that is open
LEAST_CAPACITY = 1e-200  # share of it that a link of next to no length keeps before a dark signal


@dataclass(frozen=True)
class RoadState:
    """Road links as cars meet them, connectors included, shape (all links,).

    Parameters
    ----------
    closed : no car passes
    speed : free-flow speed over the whole link, share of the dry road's, in (0, 1]
    capacity : share of the dry road's, in (0, 1], that delays the link's flow as much as all that hinders parts of it
    narrowest : share of the dry road's capacity, in (0, 1], where least of it is left

    """

    closed: Bools
    speed: Floats
    capacity: Floats
    narrowest: Floats

    def changed(self, other: RoadState) -> Bools:
        """Return which links differ."""
        return (
            (self.closed != other.closed)
            | (np.abs(self.speed - other.speed) > 1e-9)
            | (np.abs(self.capacity - other.capacity) > 1e-9)
            | (np.abs(self.narrowest - other.narrowest) > 1e-9)
        )


def open_state(road: RoadModel) -> RoadState:
    """Return the state of a dry city with power."""
    many = len(road.graph.tail)
    return RoadState(np.zeros(many, np.bool_), *np.ones((3, many)))


def road_state(road: RoadModel, water: Water | None, blocked: Bools, dark_signals: Bools) -> RoadState:
    """Return the state of the roads for cars.

    A link whose parts i, of share w_i, are driven at shares s_i of the dry speed and have shares c_i of the dry
    capacity takes t0 [sum w_i/s_i + b (v/c)^p sum (w_i/s_i) c_i^-p]; its speed and capacity are those that make it so.
    A signal without power adds d (v/c)^p (k^-P - 1) minutes on each approach, k being `traffic.signal_capacity`, d
    `traffic.signal_delay_s` and P `traffic.bpr_power`: on an approach at its capacity it costs the same whatever the
    exponent p of the link. Where a link has no delay (b = 0), none is added.

    Parameters
    ----------
    water : the water of the hour, None on a dry day
    blocked : road links that are shut for another reason, shape (road links,)
    dark_signals : junctions whose signals have no power, shape (junctions,)

    """
    some = blocked | dark_signals[road.network.ends[1]]
    if water is not None:
        some |= _wet(water)
    return renewed(open_state(road), road, np.flatnonzero(some), water, blocked, dark_signals)


def renewed(
    before: RoadState, road: RoadModel, some: Ints, water: Water | None, blocked: Bools, dark_signals: Bools
) -> RoadState:
    """Return what `road_state` does where it is known to be as it was `before` on all road links but `some`."""
    shut = blocked[some]
    if water is not None:
        shut = shut | (water.link_m[some] >= default("traffic.closure_depth_m"))
    power, b, free = (values[some] for values in (road.graph.power, road.graph.b, road.graph.free_flow_min))
    share, speed_there = _in_water(road, water, some)
    capacity_there = np.maximum(speed_there, default("traffic.capacity_floor"))
    slowed = np.where(shut[:, None], np.eye(1, share.shape[1]), share / speed_there)
    longer = slowed.sum(axis=1)
    at_signal = dark_signals[road.network.ends[1][some]]
    delayed = np.flatnonzero(at_signal & (free * b > 0))
    left = default("traffic.signal_capacity")
    with np.errstate(over="ignore", divide="ignore"):
        delay = (slowed * capacity_there ** -power[:, None]).sum(axis=1)
        lost_min = default("traffic.signal_delay_s") / 60.0 * (left ** -default("traffic.bpr_power") - 1.0)
        delay[delayed] += lost_min / (free * b)[delayed]
        capacity = np.clip((delay / longer) ** (-1.0 / power), LEAST_CAPACITY, 1.0)
    narrowest = np.where(slowed > 0, capacity_there, 1.0).min(axis=1) * np.where(at_signal, left, 1.0)
    now = RoadState(before.closed.copy(), before.speed.copy(), before.capacity.copy(), before.narrowest.copy())
    now.closed[some], now.speed[some], now.capacity[some], now.narrowest[some] = shut, 1.0 / longer, capacity, narrowest
    return now


def minutes_of_high_vehicles(road: RoadModel, water: Water) -> Floats:
    """Return how long crews and ambulances take on each link, minutes, shape (all links,); closures are not looked at.

    They are as fast as cars, but never slower than at `traffic.emergency_wading_speed` of the limit, at which they
    drive in water that stops cars: so no water makes them faster than less water does.
    """
    return renewed_minutes(road.graph.free_flow_min, road, np.flatnonzero(_wet(water)), water)


def renewed_minutes(before: Floats, road: RoadModel, some: Ints, water: Water) -> Floats:
    """Return what `minutes_of_high_vehicles` does where it is as it was `before` on all road links but `some`."""
    wading = default("traffic.emergency_wading_speed")
    share, speed = _in_water(road, water, some)
    longer = (share / np.maximum(speed, wading)).sum(axis=1) + water.link_share[some, -1] / wading
    minutes = before.copy()
    minutes[some] = road.graph.free_flow_min[some] * longer
    return minutes


def _wet(water: Water) -> Bools:
    """Return which road links have water on any part of them, shape (road links,)."""
    return _also(water.link_m > 0.0, water.link_share > 0.0)


def unlike(one: Water, other: Water) -> Bools:
    """Return on which road links two waters differ, shape (road links,)."""
    return _also(one.link_m != other.link_m, one.link_share != other.link_share)


def _also(links: Bools, bins: Bools) -> Bools:
    """Return `links`, and those that have anything true in their row of `bins`, shape (links,)."""
    links[np.flatnonzero(bins) // bins.shape[1]] = True
    return links


def _in_water(road: RoadModel, water: Water | None, some: Ints) -> tuple[Floats, Floats]:
    """Return how much of some links is dry and in each bin of depth that is open to cars, and how fast cars are there.

    Returns
    -------
    share, speed
        Share of the length and share of the dry speed, shape (links asked for, len(ROAD_DEPTHS)).

    """
    limit_kmh = road.limit_kmh[some]
    speed = np.ones((len(limit_kmh), len(ROAD_DEPTHS)))
    share = np.zeros_like(speed)
    if water is None:
        share[:, 0] = 1.0
        return share, speed
    beyond = water.link_share[some]
    share[:, 0] = 1.0 - beyond[:, 0]
    share[:, 1:] = np.maximum(beyond[:, :-1] - beyond[:, 1:], 0.0)
    middle = np.diff(ROAD_DEPTHS) / 2.0 + ROAD_DEPTHS[:-1]
    slow = speed_in_water(middle[None, :], limit_kmh[:, None])
    speed[:, 1:] = np.maximum(slow / limit_kmh[:, None], LEAST_SPEED)
    return share, speed
