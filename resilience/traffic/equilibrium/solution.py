"""What an equilibrium is: flows on links and paths, and how exact it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from resilience.base.errors import InputError
from resilience.base.text import say
from resilience.traffic.demand import Demand, Exponential, Linear

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from resilience.base.arrays import Bools, Floats, Ints
    from resilience.traffic.equilibrium.workspace import PathStore
    from resilience.traffic.graph import RoadGraph
    from resilience.traffic.search import SearchGraph


@dataclass(frozen=True)
class Assignment:
    """An equilibrium: flows on links and paths, and how exact it is.

    Parameters
    ----------
    flow : passenger-car units/h of every link, shape (links,)
    class_flow : vehicles/h of every class, shape (classes, links)
    minutes : cost of every link, shape (links,); where tolls, distances or other fixed costs are in it, these and all
        times below are generalised minutes
    od_minutes : shortest cost of every pair (inf where there is no path), shape (pairs,)
    served, unserved : vehicles/h of every pair, shape (pairs,)
    relative_gap, average_excess_cost : as defined at the head of this file
    objective : what the equilibrium makes least: Beckmann's sum over links, what classes pay beyond it, and minus the
        area below the demand curve (`GiveUp`: plus the charge), in passenger-car units times minutes
    total_travel_time : vehicle-minutes per hour of those who travel
    unserved_minutes : what those who do not travel are charged under `GiveUp`, vehicle-minutes per hour
    iterations : passes of shortest paths, over all origins or those that hold most of the excess
    converged, stalled : the gap was reached; there was no progress any more before it was
    store : the paths that carry flow; None where they were not asked for, see `Warm.assign`

    """

    network: RoadGraph = field(repr=False)
    demand: Demand = field(repr=False)
    closed: Bools | None = field(repr=False)
    flow: Floats = field(repr=False)
    class_flow: Floats = field(repr=False)
    minutes: Floats = field(repr=False)
    od_minutes: Floats = field(repr=False)
    served: Floats = field(repr=False)
    unserved: Floats = field(repr=False)
    relative_gap: float
    average_excess_cost: float
    objective: float
    total_travel_time: float
    unserved_minutes: float
    iterations: int
    converged: bool
    stalled: bool
    store: PathStore | None = field(repr=False)

    @property
    def search(self) -> SearchGraph:
        """The search graph whose arcs `store` speaks of."""
        return self.network.search(self.demand.pairs.ends)

    @property
    def total_cost(self) -> float:
        """Travel time of those who travel and charge of those who do not, vehicle-minutes per hour.

        inf where trips are not made and have no price, so that to lose trips never looks like an improvement: give the
        demand a `GiveUp`. nan for elastic demand, whose loss is that of `consumer_surplus`.
        """
        answer = self.demand.answer
        if answer is None and self.unserved.any():
            return np.inf
        if isinstance(answer, Exponential | Linear):
            return np.nan
        return self.total_travel_time + self.unserved_minutes

    @property
    def scale(self) -> float:
        """Travel time and charges as a size to hold a gap against, above 0, vehicle-minutes per hour."""
        return max(self.total_travel_time + self.unserved_minutes, 1e-12)

    @property
    def consumer_surplus(self) -> float:
        """What elastic demand is worth to travellers beyond what they bear, vehicle-minutes per hour; else nan.

        The area between the demand curve and the cost u: d / theta for `Exponential`, d (minutes - u) / 2 for `Linear`.
        """
        answer, made = self.demand.answer, self.demand.pairs.origin != self.demand.pairs.destination
        served, cost = self.served[made], self.od_minutes[made]
        if isinstance(answer, Exponential):
            return float(served.sum() / answer.theta)
        if isinstance(answer, Linear):
            limit = np.broadcast_to(np.asarray(answer.minutes, float), self.served.shape)[made]
            some = served > 0
            return float((served[some] * np.maximum(limit[some] - cost[some], 0.0)).sum() / 2.0)
        return np.nan

    @property
    def stored_paths(self) -> PathStore:
        """The paths that carry flow.

        Raises
        ------
        InputError
            They were not kept.

        """
        if self.store is None:
            raise InputError(say("error.no_paths"))
        return self.store

    @cached_property
    def paths(self) -> tuple[Ints, NDArray[np.int32], NDArray[np.int32], Floats]:
        """The paths link by link: offsets (paths + 1,), links in driving order, pair and flow of each path."""
        net, store = self.search, self.stored_paths
        length = np.diff(net.member_start)[store.arcs]
        total = np.concatenate([[0], np.cumsum(length)])
        begin = np.repeat(net.member_start[store.arcs] - total[:-1], length)
        links = net.members[begin + np.arange(total[-1])]
        return total[store.offsets], links, store.owner, store.flow

    def link_table(self) -> pd.DataFrame:
        """Return one row a link: from_node, to_node, flow, minutes, volume_capacity and the flow of each class."""
        import pandas as pd

        graph = self.network
        nodes = graph.names_of_nodes()
        table = pd.DataFrame(
            {
                "from_node": nodes[graph.tail],
                "to_node": nodes[graph.head],
                "flow": self.flow,
                "minutes": np.where(self._shut, np.inf, self.minutes),
                "volume_capacity": self.flow / graph.capacity_vph,
                "closed": self._shut,
            },
            index=graph.names_of_links(),
        )
        if len(self.demand.classes) > 1:
            for c, vehicles in enumerate(self.demand.classes):
                table[f"flow_{vehicles.name}"] = self.class_flow[c]
        return table

    def pair_table(self) -> pd.DataFrame:
        """Return one row a pair: origin, destination, [vehicle], demand, served, unserved (vehicles/h), minutes."""
        import pandas as pd

        nodes, pairs = self.network.names_of_nodes(), self.demand.pairs
        table = pd.DataFrame({"origin": nodes[pairs.origin], "destination": nodes[pairs.destination]})
        if len(self.demand.classes) > 1:
            table["vehicle"] = np.array([c.name for c in self.demand.classes])[pairs.of_class]
        table["demand"], table["served"], table["unserved"] = self.demand.vph, self.served, self.unserved
        table["minutes"] = self.od_minutes
        return table

    def path_table(self) -> pd.DataFrame:
        """Return one row a path that carries flow: origin, destination, flow (pcu/h), minutes, links (a tuple)."""
        import pandas as pd

        offsets, links, owner, flow = self.paths
        nodes, names, pairs = self.network.names_of_nodes(), self.network.names_of_links(), self.demand.pairs
        cost = np.stack([self.minutes + (0.0 if c.extra_min is None else c.extra_min) for c in self.demand.classes])
        kind = np.repeat(pairs.of_class[owner], np.diff(offsets))
        summed = np.concatenate([[0.0], np.cumsum(cost[kind, links])])
        return pd.DataFrame(
            {
                "origin": nodes[pairs.origin[owner]],
                "destination": nodes[pairs.destination[owner]],
                "pair": owner,
                "flow": flow,
                "minutes": summed[offsets[1:]] - summed[offsets[:-1]],
                "links": [tuple(names[links[a:b]]) for a, b in pairwise(offsets)],
            }
        )

    @property
    def _shut(self) -> Bools:
        return np.zeros(self.network.links, np.bool_) if self.closed is None else self.closed
