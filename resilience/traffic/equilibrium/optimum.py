"""System optimum: the flows with the least total travel time, and the tolls at which drivers choose them.

A flow is a system optimum when it is a user equilibrium of the marginal costs t + v dt/dv (Beckmann, McGuire & Winsten
1956, "Studies in the Economics of Transportation", section 4.3). Under the power function these are a power function
again, with b (1 + p) in place of b, so the solver of the user equilibrium finds it as it is. The toll v dt/dv on each
link (Pigou 1920) is what a driver costs the others; with it the user equilibrium is the system optimum.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from resilience.base.errors import InputError
from resilience.base.text import say
from resilience.traffic.cost import POWER
from resilience.traffic.demand import Demand
from resilience.traffic.equilibrium.equilibrium import assign

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from resilience.base.arrays import Floats
    from resilience.traffic.equilibrium.solution import Assignment
    from resilience.traffic.graph import RoadGraph


@dataclass(frozen=True)
class SystemOptimum:
    """The flows with the least total travel time.

    Parameters
    ----------
    flow : passenger-car units/h of every link, shape (links,)
    minutes : cost of every link at that flow, without the toll, shape (links,)
    toll_min : the marginal toll v dt/dv of every link, minutes, shape (links,)
    total_travel_time : vehicle-minutes per hour, without tolls
    marginal : the user equilibrium of the marginal costs that it is, with its gap, its paths and its trips

    """

    network: RoadGraph = field(repr=False)
    flow: Floats = field(repr=False)
    minutes: Floats = field(repr=False)
    toll_min: Floats = field(repr=False)
    total_travel_time: float
    marginal: Assignment = field(repr=False)

    def link_table(self) -> pd.DataFrame:
        """Return one row a link: as `Assignment.link_table`, minutes without the toll, and toll_min."""
        table = self.marginal.link_table()
        minutes = np.where(table["closed"], np.inf, self.minutes)
        return table.assign(minutes=minutes, toll_min=self.toll_min)


def system_optimum(
    network: RoadGraph,
    demand: Demand | pd.DataFrame,
    *,
    gap: float = 1e-6,
    iterations: int = 1000,
    closed: NDArray[np.bool_] | None = None,
    progress: Callable[[int, float], bool | None] | None = None,
) -> SystemOptimum:
    """Return the flows of a demand on the open links of a network with the least total travel time.

    Parameters
    ----------
    demand, gap, iterations, closed, progress : as in `assign`; the gap is that of the marginal costs

    Raises
    ------
    InputError
        As in `assign`; or a link has another cost function than the power function, or there is an answer of the
        demand or a class that counts for other than one car, for which marginal costs are not built.

    Examples
    --------
    Pigou's two roads: one takes an hour whoever drives, the other as long as the share that takes it.

    >>> import numpy as np
    >>> from resilience.traffic import Demand, Pairs, RoadGraph
    >>> two = RoadGraph(
    ...     2, np.array([0, 0]), np.array([1, 1]), free_flow_min=np.array([60.0, 1e-9]),
    ...     capacity_vph=np.array([100.0, 100.0]), b=np.array([0.0, 60e9]), power=np.array([1.0, 1.0]),
    ...     fixed_min=np.zeros(2), barred=np.zeros(2, bool),
    ... )
    >>> trips = Demand(Pairs(np.array([0]), np.array([1])), np.array([100.0]))
    >>> found = system_optimum(two, trips, gap=1e-9)
    >>> found.flow.round(3).tolist(), found.toll_min.round(3).tolist()
    ([50.0, 50.0], [0.0, 30.0])

    """
    if not isinstance(demand, Demand):
        demand = Demand.from_table(network, demand)
    if (network.kind > POWER).any():
        link = network.names_of_links()[np.flatnonzero(network.kind > POWER)[0]]
        raise InputError(say("error.optimum_cost", link=link))
    if demand.answer is not None:
        raise InputError(say("error.optimum_answer", found=type(demand.answer).__name__))
    if any(vehicles.pce != 1.0 or vehicles.extra_min is not None for vehicles in demand.classes):
        raise InputError(say("error.optimum_classes"))
    marginal = replace(network, b=network.b * (1.0 + network.power))
    found = assign(marginal, demand, gap=gap, iterations=iterations, closed=closed, progress=progress)
    minutes = network.minutes(found.flow)
    return SystemOptimum(
        network=network,
        flow=found.flow,
        minutes=minutes,
        toll_min=found.minutes - minutes,
        total_travel_time=float(found.flow @ minutes),
        marginal=found,
    )
