"""Who gives and who gets services: damage, power and dependencies brought to a fixed point every hour.

Fall first: services are taken away downwards until nothing changes; what trips in this tick stays off in this tick.
Then return: starting from what is alive, components come back as soon as all they need is there (a least fixed
point), so that two dead systems that need each other do not wake each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from resilience.networks.dependency import dependencies

if TYPE_CHECKING:
    import igraph
    from numpy.typing import NDArray

    from resilience.base.arrays import Bools
    from resilience.base.streams import Streams
    from resilience.city.city import City


@dataclass(frozen=True)
class Change:
    """A component that lost or regained its service; `source` is the component that explains a loss, -1 for none."""

    component: int
    up: bool
    reason: str
    source: int


class Services:
    """State of all components of a city.

    Attributes
    ----------
    up : gives its service, shape (components,)
    loss : service lost by damage to the component itself, 0 to 1, shape (components,); below 1 it still works in part

    """

    def __init__(self, city: City, streams: Streams) -> None:
        self.components = city.components
        many = len(self.components)
        self.up, self.loss = np.ones(many, np.bool_), np.zeros(many)
        rows = city["dependencies"]
        fails = (
            streams.uniform("generator-start", rows["consumer"].to_numpy(str)) < rows["start_failure"].to_numpy(float)
            if len(rows)
            else None
        )
        self.needs = dependencies(rows, self.components, fails) if len(rows) else None
        self.power = city.power
        self.people_behind = _people_behind(city)
        self._rows_of_need = _group(self.needs.need, len(self.needs.consumer)) if self.needs else []
        if self.power is not None:
            network = self.power.network
            self._nodes = np.asarray(self.components.get_indexer(network.nodes.index), np.int64)
            self._links = np.asarray(self.components.get_indexer(network.links.index), np.int64)
            self._intact_graph: igraph.Graph = network.to_igraph(directed=False)

    @property
    def intact(self) -> Bools:
        """Which components work at least in part as far as their own damage goes, shape (components,)."""
        return self.loss < 1.0

    def unsettled(self) -> bool:
        """Return whether the next hour may bring a change by itself: a buffer runs, or something could come back."""
        if self.needs is not None and np.isfinite(self.needs.missing_since).any():
            return True
        return bool((self.intact & ~self.up).any())

    def step(self, hour: float) -> list[Change]:
        """Bring the services of this hour about and return what changed, causes before their effects."""
        before = self.up.copy()
        reasons: dict[int, tuple[str, int]] = {}
        fallen = self._fall(hour, reasons)
        self._rise(fallen, reasons)
        if self.needs is not None:
            self.needs.watch(hour, self.needs.met(self.up))
        down = [c for c in reasons if before[c] and not self.up[c]]
        back = np.flatnonzero(~before & self.up)
        return [
            *(Change(c, False, *reasons[c]) for c in down),
            *(Change(int(c), True, "restored", -1) for c in back),
        ]

    def _unmet(self, hour: float, up: Bools) -> NDArray[np.int64]:
        assert self.needs is not None  # noqa: S101 - callers look first
        return np.flatnonzero(self.needs.failed(hour, self.needs.met(up)))

    def _fall(self, hour: float, reasons: dict[int, tuple[str, int]]) -> Bools:
        start, intact = self.up.copy(), self.intact
        up = self.up & intact
        for hit in np.flatnonzero(self.up & ~intact):
            reasons[int(hit)] = ("damaged", -1)
        while True:
            size = int(up.sum())
            if self.needs is not None:
                for need in self._unmet(hour, up):
                    consumer = int(self.needs.consumer[need])
                    if up[consumer]:
                        up[consumer] = False
                        reasons[consumer] = (f"no_{self.needs.service[need]}", self._lost_supplier(int(need), up))
            if self.power is not None:
                supplied = self.power.supplied(up[self._nodes], up[self._links])
                for n in np.flatnonzero(up[self._nodes] & ~supplied):
                    c = int(self._nodes[n])
                    up[c] = False
                    reasons[c] = ("no_supply", self._nearest_down(int(n), up))
            if int(up.sum()) == size:
                break
        self.up = up
        return start & ~up

    def _rise(self, fallen: Bools, reasons: dict[int, tuple[str, int]]) -> None:
        intact = self.intact
        for _ in range(len(self.up) + 1):
            before = self.up.copy()
            may = intact & ~fallen & ~self.up
            ready = may.copy()
            if self.needs is not None:
                ready[self.needs.consumer[~self.needs.met(self.up)]] = False
            if self.power is not None:
                nodes = self.up[self._nodes] | ready[self._nodes]
                links = self.up[self._links] | ready[self._links]
                supplied = self.power.supplied(nodes, links)
                for n in np.flatnonzero(self.up[self._nodes] & ~supplied):
                    reasons[int(self._nodes[n])] = ("shed", self._nearest_down(int(n), self.up))
                self.up[self._nodes] = supplied
                ready[self._nodes] = False
            self.up |= ready
            if np.array_equal(before, self.up):
                return

    def _lost_supplier(self, need: int, up: Bools) -> int:
        assert self.needs is not None  # noqa: S101 - callers look first
        suppliers = self.needs.supplier[self._rows_of_need[need]]
        down = suppliers[~up[suppliers]]
        return int(down[0]) if len(down) else -1

    def _nearest_down(self, node: int, up: Bools) -> int:
        """Return the failed power component nearest to a node on the intact network: what cut it off."""
        assert self.power is not None  # noqa: S101 - callers look first
        broken = ~self.intact
        dead_nodes, dead_links = np.flatnonzero(broken[self._nodes]), np.flatnonzero(broken[self._links])
        tail, head = self.power.tail, self.power.head
        targets = np.concatenate([dead_nodes, tail[dead_links], head[dead_links]]).astype(int)
        owner = np.concatenate([self._nodes[dead_nodes], self._links[dead_links], self._links[dead_links]])
        if len(targets) == 0:
            gone = np.flatnonzero(~up[self._nodes])
            gone = gone[gone != node]
            return int(self._nodes[gone[0]]) if len(gone) else -1
        distance = np.array(self._intact_graph.distances(node)[0])[targets]
        return int(owner[int(distance.argmin())])

    def deadlocked(self) -> NDArray[np.int64]:
        """Return intact components that stay down only because they wait for each other."""
        if self.needs is None:
            return np.zeros(0, np.int64)
        hope = self.up | self.intact
        while True:
            unmet = self.needs.consumer[~self.needs.met(hope)]
            drop = unmet[hope[unmet] & ~self.up[unmet]]
            if len(drop) == 0:
                break
            hope[drop] = False
        if self.power is not None:
            alive = self.power.supplied(hope[self._nodes], hope[self._links])
            hope[self._nodes] &= alive
        return np.flatnonzero(hope & ~self.up)


def _group(owner: NDArray[np.int64], many: int) -> list[NDArray[np.int64]]:
    order = np.argsort(owner, kind="stable")
    return np.split(order, np.searchsorted(owner[order], np.arange(1, many)))


def _people_behind(city: City) -> NDArray[np.float64]:
    """People who depend on each component, shape (components,): residents of zones, added up along the rows.

    A substation stands for its feeders; a hospital for an equal share of all residents.
    """
    index = {name: i for i, name in enumerate(city.components)}
    people = np.zeros(len(index))
    zones = city["zones"]
    for zone, many in zip(zones.index, zones["people"], strict=True):
        people[index[zone]] = many
    facilities = city["facilities"]
    hospitals = facilities.index[facilities["kind"] == "hospital"] if len(facilities) else []
    for name in hospitals:
        people[index[name]] = zones["people"].sum() / len(hospitals)
    rows = city["dependencies"]
    own = people.copy()
    for supplier, consumer in zip(rows.get("supplier", []), rows.get("consumer", []), strict=True):
        people[index[supplier]] += own[index[consumer]]
    links, nodes = city["power_links"], city["power_nodes"]
    if len(links):
        feeder = (nodes["kind"] == "feeder").to_dict()
        for a, b in zip(links["from_node"], links["to_node"], strict=True):
            for up, down in ((a, b), (b, a)):
                if feeder[down] and not feeder[up]:
                    people[index[up]] += people[index[down]]
    return people
