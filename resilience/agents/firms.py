"""Firms: what limits their output, hour by hour, and what they order, day by day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from resilience.agents.behaviour import Mind
from resilience.networks.supply.hours import OpeningHours

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience.base.arrays import Floats
    from resilience.city.city import City
    from resilience.networks.supply.deliveries import SupplyNetwork


@dataclass(frozen=True)
class FirmOutlook:
    """What limits each firm in this hour, as shares of a full hour's output, shape (firms,)."""

    undamaged: Floats
    power: Floats
    labour: Floats
    inputs: Floats


class FirmSees(NamedTuple):
    """What limits one firm: one entry of FirmOutlook."""

    undamaged: float
    power: float
    labour: float
    inputs: float


class FirmAgent(Mind):
    """One firm as a Mesa agent; a researcher overrides `decide`."""

    def look(self, outlook: FirmOutlook) -> FirmSees:
        """Return what limits this firm."""
        n = self.number
        return FirmSees(
            float(outlook.undamaged[n]), float(outlook.power[n]), float(outlook.labour[n]), float(outlook.inputs[n])
        )

    def decide(self, sees: FirmSees) -> float:
        """Return the share of full output in this hour, 0 to 1."""
        return min(sees)


class LeontiefFirm:
    """A firm produces what its scarcest requisite allows: building, power, labour or inputs."""

    one_by_one = FirmAgent

    def decide(self, sees: FirmOutlook) -> Floats:
        """Return the share of full output of every firm, shape (firms,)."""
        return np.minimum.reduce([sees.undamaged, sees.power, sees.labour, sees.inputs])


class Firms:
    """The firms of a city with their stocks; `tick` once an hour, `trade` once a day.

    Attributes
    ----------
    stock : what each input has in store, currency, shape (needs,)
    labour : share of the work force that came today, shape (firms,)

    """

    def __init__(self, city: City, supply: SupplyNetwork, behaviour: Any) -> None:
        firms, sectors = city["firms"], city["sectors"]
        self.behaviour, self.supply = behaviour, supply
        sector = np.asarray(sectors.index.get_indexer(firms["sector"]), np.int64)
        self.sector = sector
        self.hours = OpeningHours.of(firms, sectors)
        self.power_need = sectors["power_need"].to_numpy(float)[sector]
        self.stock = supply.ordinary_stock(0)
        self.labour = np.ones(len(firms))
        self.inputs = supply.input_limit(self.stock)
        self.made_today, self.able_today = np.zeros(len(firms)), np.zeros(len(firms))
        self.able = np.ones(len(firms))

    def open_books(self, weekday: int) -> None:
        """Begin with the stocks of an ordinary morning on a day of the week, Monday = 0."""
        self.stock = self.supply.ordinary_stock(weekday)
        self.inputs = self.supply.input_limit(self.stock)

    def tick(
        self, hour_of_day: int, weekday: int, undamaged: Floats, power: NDArray[np.bool_]
    ) -> tuple[Floats, Floats]:
        """Return value added in this hour and what it would be at full output, currency, shape (firms,)."""
        hours = self.hours
        open_now = hours.at_work(hour_of_day, weekday)
        outlook = FirmOutlook(
            undamaged=undamaged,
            power=np.where(power, 1.0, 1.0 - self.power_need),
            labour=self.labour,
            inputs=self.inputs,
        )
        share = np.clip(self.behaviour.decide(outlook), 0.0, 1.0)
        able = np.minimum.reduce([outlook.undamaged, outlook.power, outlook.labour])
        part_of_day = np.where(open_now, 1.0 / (hours.closes - hours.opens), 0.0)
        self.made_today += share * part_of_day
        self.able_today += able * part_of_day
        full = np.where(open_now, hours.hourly, 0.0)
        return full * share, full

    def trade(self, weekday: int, link_open: NDArray[np.bool_]) -> None:
        """End the day: inputs are used up, orders are placed, and suppliers who worked deliver over the open links.

        Firms order what they could use if they had all inputs, so that one that stands still for want of inputs
        starts again with the first full delivery.
        """
        supply, worked = self.supply, weekday < self.hours.days
        self.able = np.where(worked, self.able_today, self.able)
        left = np.maximum(self.stock - supply.need_flow * self.made_today[supply.need_buyer], 0.0)
        orders = supply.orders(left, self.able, weekday)
        self.stock = left + supply.deliver(orders, self.made_today, link_open & worked[supply.supplier])
        self.inputs = supply.input_limit(self.stock)
        self.made_today, self.able_today = np.zeros(len(worked)), np.zeros(len(worked))
