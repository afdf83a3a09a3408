"""Vehicles beside cars: who drives them, how much room they take, where they may not drive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from resilience.traffic.demand import CAR, VehicleClass

if TYPE_CHECKING:
    from resilience.base.arrays import Bools, Floats, Ints
    from resilience.networks.road import RoadModel


@dataclass(frozen=True)
class Vehicle:
    """A class of vehicles of a case; trip makers whom no class takes drive cars.

    Parameters
    ----------
    name : as case.toml calls it
    pce : passenger-car units of one vehicle
    purposes : of the trips that it makes; empty: all
    share : of the trip makers of these purposes who drive it, in (0, 1]
    closed : road links that it may not use, by id
    slower : road links on which it is slower than cars, by id
    extra_min_per_km : minutes that a kilometre of these takes it longer

    """

    name: str
    pce: float
    purposes: tuple[str, ...] = ()
    share: float = 1.0
    closed: tuple[str, ...] = ()
    slower: tuple[str, ...] = ()
    extra_min_per_km: float = 0.0

    def takes(self, purpose: str) -> bool:
        """Return whether trips of a purpose may be made by it."""
        return not self.purposes or purpose in self.purposes


Vehicles = tuple[Vehicle, ...]


def vehicle_classes(road: RoadModel, vehicles: Vehicles) -> tuple[VehicleClass, ...]:
    """Return the classes of a road model, cars first; connectors are open to all."""
    return (*CAR, *(VehicleClass(v.name, v.pce, _links(road, v.closed), _extra_min(road, v)) for v in vehicles))


def _links(road: RoadModel, ids: tuple[str, ...]) -> Bools | None:
    """Return which links have these ids, shape (all links,), None where there are no ids."""
    if not ids:
        return None
    return np.asarray(road.all_links(np.asarray(road.network.links.index.isin(ids)), False), np.bool_)


def _extra_min(road: RoadModel, vehicle: Vehicle) -> Floats | None:
    """Return what each link takes it longer than cars, minutes, shape (all links,), None where it is as fast."""
    if not vehicle.slower or vehicle.extra_min_per_km == 0.0:
        return None
    links = road.network.links
    km = np.where(links.index.isin(vehicle.slower), links["length_m"].to_numpy(float) / 1000.0, 0.0)
    return np.asarray(road.all_links(vehicle.extra_min_per_km * km, 0.0), float)


def driven(vehicles: Vehicles, purpose: Ints, names: tuple[str, ...], draw: Floats) -> Ints:
    """Return which class each trip maker drives, 0 for a car, else the number of the vehicle from 1 on.

    Classes take their shares of a purpose one after the other, so that one more at the end changes nobody's but of
    those who drove cars.

    Parameters
    ----------
    purpose : number in `names`, shape (people,)
    draw : a number in (0, 1) of the trip maker's own, shape (people,)

    """
    result = np.zeros(len(purpose), np.int64)
    for number, name in enumerate(names):
        mine, end = purpose == number, 0.0
        for k, vehicle in enumerate(vehicles, start=1):
            if vehicle.takes(name):
                begin, end = end, end + vehicle.share
                result[mine & (draw >= begin) & (draw < end)] = k
    return result


def closed_to_goods(road: RoadModel, vehicles: Vehicles) -> Bools | None:
    """Return the links that no vehicle with goods may use, shape (all links,); None where there are none.

    Cars carry goods too where the classes take less than all trips of that purpose.
    """
    with_goods = [v for v in vehicles if v.takes("goods")]
    if not with_goods or sum(v.share for v in with_goods) < 1.0 - 1e-9:
        return None
    closed = set(with_goods[0].closed).intersection(*(v.closed for v in with_goods[1:]))
    return _links(road, tuple(closed))
