"""The economic network: firms that deliver to firms, day by day, out of stocks.

Orders refill stocks at the pace of the sector, o = max(0, use + (target - stock) / tau) (Henriet, Hallegatte &
Tabourier 2012, doi:10.1016/j.jedc.2011.09.005); a supplier that cannot meet all orders shares its output
proportionally; production needs every input (Leontief).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from resilience.base.arrays import sums
from resilience.base.errors import Problem
from resilience.networks.layer import SITE_COLUMNS, Findings, Layer, Place, Tables, tell_twice

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True)
class SupplyNetwork:
    """Firms and their deliveries on an ordinary working day.

    Parameters
    ----------
    supplier, buyer : firm numbers of each supply link, shape (links,)
    flow : value delivered on each working day of the supplier, currency, shape (links,)
    need : number of the input (buyer x sector of the supplier) a link delivers to, shape (links,)
    need_buyer, need_sector : who needs it and from which sector, shape (needs,)
    need_flow : value used on each working day of the buyer at full output, currency, shape (needs,); it makes up for
        suppliers who work more or fewer days a week
    target : stock kept for hard times, beyond what the ordinary week asks for, currency, shape (needs,)
    cycle : what the ordinary week adds to it on the morning of each day of the week, Monday first, shape (7, needs):
        buyers who work while their suppliers rest live on it
    uses : whether the buyer of an input works on each day of the week, shape (7, needs)
    restock_days : days over which a missing stock is ordered again, shape (needs,)
    output : value of a full day's output of each firm, currency, shape (firms,)
    final : part of it that goes to customers outside the graph, currency, shape (firms,)

    """

    supplier: NDArray[np.int64]
    buyer: NDArray[np.int64]
    flow: NDArray[np.float64]
    need: NDArray[np.int64]
    need_buyer: NDArray[np.int64]
    need_sector: NDArray[np.int64]
    need_flow: NDArray[np.float64]
    target: NDArray[np.float64]
    cycle: NDArray[np.float64]
    uses: NDArray[np.bool_]
    restock_days: NDArray[np.float64]
    output: NDArray[np.float64]
    final: NDArray[np.float64]

    def ordinary_stock(self, weekday: int) -> NDArray[np.float64]:
        """Return the stock on the morning of an ordinary day, Monday = 0, currency, shape (needs,).

        It is the target, what is used on a working day, and what the rest of the week asks for. Deliveries of a day
        can be used from the next morning on; so a stock of s days bridges s days without any.
        """
        return self.target + self.need_flow + self.cycle[weekday]

    def input_limit(self, stock: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the share of a full day's output that the stocks allow, min over inputs, shape (firms,), <= 1."""
        limit = np.ones(len(self.output))
        np.minimum.at(limit, self.need_buyer, np.minimum(1.0, stock / self.need_flow))
        return limit

    def orders(self, left: NDArray[np.float64], able: NDArray[np.float64], weekday: int) -> NDArray[np.float64]:
        """Return what is ordered over each supply link today, currency, shape (links,).

        What is missing against an ordinary day of the same weekday is ordered over the days of restocking, so that
        nothing drifts while nothing happens.

        Parameters
        ----------
        left : stock when the day's use is taken out, currency, shape (needs,)
        able : share of full output that each firm could make if it had all inputs, shape (firms,)

        """
        usual_left = self.ordinary_stock(weekday) - self.need_flow * self.uses[weekday]
        missing = (usual_left - left) / self.restock_days
        part = self.flow / sums(self.need, self.flow, len(self.target))[self.need]
        return np.maximum(0.0, self.flow * able[self.buyer] + missing[self.need] * part)

    def deliver(
        self, orders: NDArray[np.float64], share: NDArray[np.float64], open_links: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Return what arrives at each input, currency, shape (needs,).

        A supplier gives every customer, final ones included, the same part of the order when its output of the day
        (share x output) falls short. Nothing arrives over links that are not open.
        """
        placed = orders * open_links
        asked = sums(self.supplier, placed, len(self.output)) + self.final
        made = self.output * share
        part = np.minimum(1.0, np.divide(made, asked, out=np.ones_like(made), where=asked > 0))
        return sums(self.need, placed * part[self.supplier], len(self.need_flow))


def supply_network(firms: pd.DataFrame, sectors: pd.DataFrame, links: pd.DataFrame) -> SupplyNetwork:
    """Return the supply network; final demand is what a firm's output leaves after its deliveries."""
    supplier = np.asarray(firms.index.get_indexer(links["supplier"]), np.int64)
    buyer = np.asarray(firms.index.get_indexer(links["buyer"]), np.int64)
    flow = links["flow_per_day"].to_numpy(float)
    sector = np.asarray(sectors.index.get_indexer(firms["sector"]), np.int64)
    days = sectors["days_per_week"].to_numpy(float)[sector]
    pair = buyer * len(sectors) + sector[supplier]
    needs, need = np.unique(pair, return_inverse=True)
    need_buyer = (needs // max(len(sectors), 1)).astype(np.int64)
    need_flow = sums(need, flow * days[supplier] / days[buyer], len(needs))
    buyer_sector = sector[need_buyer]
    need_sector = (needs % max(len(sectors), 1)).astype(np.int64)
    week = np.arange(7)[:, None]
    uses = week < days[need_buyer]
    comes = week < sectors["days_per_week"].to_numpy(float)[need_sector]
    daily = sums(need, flow, len(needs)) * comes - need_flow * uses
    before = np.vstack([np.zeros(len(needs)), np.cumsum(daily, axis=0)[:-1]])
    cycle = before - np.where(uses, before, np.inf).min(axis=0, initial=np.inf) if len(needs) else before
    output = firms["value_added_per_day"].to_numpy(float) + sums(buyer, flow, len(firms))
    return SupplyNetwork(
        supplier=supplier,
        buyer=buyer,
        flow=flow,
        need=need.astype(np.int64),
        need_buyer=need_buyer,
        need_sector=need_sector,
        need_flow=need_flow,
        target=need_flow * sectors["stock_days"].to_numpy(float)[buyer_sector],
        cycle=cycle,
        uses=np.asarray(uses, np.bool_),
        restock_days=sectors["restock_days"].to_numpy(float)[buyer_sector],
        output=output,
        final=output - sums(supplier, flow, len(firms)),
    )


def _components(tables: Tables) -> list[pd.Index]:
    return [tables["firms"].index]


def _sites(tables: Tables) -> list[pd.DataFrame]:
    firms = tables["firms"]
    return [firms[SITE_COLUMNS].assign(kind=firms["sector"])]


def _check_rows(tables: Tables, found: Findings) -> None:
    hours = tables["sectors"]
    late = hours[hours["closes_hour"] <= hours["opens_hour"]]
    found.problems += [Problem("bad_span", "sectors.csv", int(r), "closes_hour") for r in late["row"]]


def _check(city: Place, found: Findings) -> None:
    """Check that no firm sells more than it makes, and tell of supply links that stand twice."""
    firms, sectors, links = (city[t] for t in ("firms", "sectors", "supply_links"))
    if len(firms) == 0 or len(sectors) == 0:
        return
    supply = supply_network(firms, sectors, links)
    short = np.flatnonzero(supply.final < -1e-6 * supply.output)
    found.problems += [
        Problem("oversold", "supply_links.csv", int(found.lines["supply_links"][supply.supplier == i][0]),
                "flow_per_day", str(firms.index[i]), f"{supply.output[i]:g}")
        for i in short[:20]
    ]  # fmt: skip
    tell_twice("supply_links", links, found)


LAYER = Layer(
    name="supply",
    tables={"firms": "firm", "supply_links": "supply"},
    more=("sectors",),
    picks={"firm": "firms"},
    kept=("firms", "sectors"),
    components=_components,
    sites=_sites,
    check_rows=_check_rows,
    check=_check,
)
