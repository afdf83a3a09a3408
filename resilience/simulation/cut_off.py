"""Zones that the roads cut off, and which closures cut them off.

A zone is cut off while more than half of its trip makers have no open way to where they go: a fact of the roads, on any
day of the week and whatever else keeps people at home. It begins in the hours in which people set out or are about,
from the morning's trips to the evening's: a closure at night cuts off in the morning, if it is still there. It ends in
the hour in which a road opens. Where it outlasts what it was told to go back to, it is told what keeps it cut off.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np

from resilience.base.arrays import sums
from resilience.base.causes import minimal_sets
from resilience.base.defaults import default
from resilience.traffic.reach import closures, on_ways

if TYPE_CHECKING:
    from resilience.agents.population import Population
    from resilience.base.arrays import Bools, Floats, Ints
    from resilience.networks.road import RoadModel
    from resilience.simulation.world import World


class CutOff:
    """Tells which zones lost their ways, and which closed links would have to be open for them to be reached.

    Attributes
    ----------
    cut : zones told as cut off, shape (zones,)
    lost : zones of which more than half of the trip makers have no way now, shape (zones,)
    without : trip makers of each zone that have no way, shape (zones,)
    causes : zone -> closed link -> number of the event that keeps it shut, as told

    """

    def __init__(self, world: World, road: RoadModel, people: Population) -> None:
        self.world, self.road, self.people = world, road, people
        self.cut = np.zeros(len(world.residents), np.bool_)
        self.lost, self.without = self.cut.copy(), np.zeros(len(self.cut))
        self.everybody = sums(people.origin, people.persons, len(self.cut))
        zones = len(self.cut)
        trips, at = np.unique(people.origin * zones + people.destination, return_inverse=True)
        self.makers = sums(at, people.persons, len(trips))
        self.origin, self.ends = trips // zones, (road.zone_node[trips // zones], road.zone_node[trips % zones])
        self.closed = np.zeros(len(road.graph.tail), np.bool_)
        self.causes: dict[int, dict[int, int]] = {}
        self.names = [str(name) for name in world.city["road_links"].index]

    @classmethod
    def of(cls, world: World) -> Self | None:
        """Return the part, None where the city has no roads or no trips."""
        if world.road is None or world.people is None:
            return None
        return cls(world, world.road, world.people)

    def step(self, hour: int) -> None:
        """Look at the ways out when a road has closed or opened, and tell which zones have lost theirs."""
        world, rhythm = self.world, self.world.inputs.rhythm
        closed = world.state_of_roads.closed
        if not np.array_equal(closed, self.closed):
            self.closed = closed
            self._look()
        for zone in np.flatnonzero(self.cut & ~self.lost):
            world.record.tell(hour, str(world.city["zones"].index[zone]), "reachable")
        self.cut &= self.lost
        if (hour - rhythm.morning) % 24 <= (rhythm.evening - rhythm.morning) % 24:
            self._tell(hour, "still_cut_off", [zone for zone in np.flatnonzero(self.cut).tolist() if self._over(zone)])
            self._tell(hour, "cut_off", np.flatnonzero(self.lost & ~self.cut).tolist())
        world.record.put("travel/cut_off_zones", hour, float(self.cut.sum()))
        world.record.put("travel/cut_off_people", hour, float(world.residents[self.cut].sum()))

    def _look(self) -> None:
        no_way = np.flatnonzero(~self.road.open_roads(self.closed).ways(*self.ends))
        self.without = sums(self.origin[no_way], self.makers[no_way], len(self.cut))
        self.lost = self.without > default("traffic.cut_off_share") * np.maximum(self.everybody, 1e-9)

    def _over(self, zone: int) -> bool:
        """Return whether something that a zone was told to be cut off by is over, and so something else keeps it so."""
        world, told = self.world, self.causes.get(zone, {})
        return any(world.closed_by[link] != cause for link, cause in told.items())

    def _tell(self, hour: int, what: str, zones: list[int]) -> None:
        if not zones:
            return
        world, names = self.world, self.world.city["zones"].index
        self.cut[zones] = True
        ways = Ways(self.road, self.closed)
        for zone in zones:
            links, others = self._blame(ways, zone)
            self.causes[zone] = {link: int(world.closed_by[link]) for link in links}
            causes = [*self.causes[zone].values()] or [-1]
            world.record.tell(
                hour, str(names[zone]), what, "no_way", causes[0], f"{self.without[zone]:.0f}",
                together=causes[1:], alternatives=others,
            )  # fmt: skip

    def _blame(self, ways: Ways, zone: int) -> tuple[tuple[int, ...], int]:
        """Return the closed links that cut a zone off, and how many other sets would explain it as well."""
        people = self.people
        mine = people.origin == zone
        goals, at = np.unique(people.destination[mine], return_inverse=True)
        weight = sums(at, people.persons[mine], len(goals))
        weight[ways.reach(zone, frozenset())[goals]] = 0.0
        return self.smallest(ways, zone, goals, weight)

    def smallest(self, ways: Ways, zone: int, goals: Ints, weight: Floats) -> tuple[tuple[int, ...], int]:
        """Return a smallest set of closed links that would bring access back, and how many others of its size would.

        Access is back when at least a tenth of those who lost their way have one (traffic.access_back_share): of the
        smallest sets the one is told that brings most people back, then the one that closed first; others count that
        bring as many back.

        Parameters
        ----------
        zone, goals : where people are, and where they go, shape (goals,)
        weight : people who lost their way there, shape (goals,)

        """
        enough = default("traffic.access_back_share") * weight.sum()

        nodes, head = ways.road.zone_node[goals], ways.graph.head
        still = ways.after(int(ways.road.zone_node[zone]))[nodes]

        def back(links: frozenset[int]) -> float:
            return float(weight[ways.reach(zone, links)[goals]].sum())

        alone = {
            link: float(weight[still | ways.after(int(head[link]))[nodes]].sum()) for link in ways.edge(zone).tolist()
        }
        sets: list[tuple[int, ...]] = [(link,) for link, regained in alone.items() if regained >= enough]
        if not sets:
            some = sorted(ways.fewest(zone, goals, weight, enough), key=self._age)
            sets = minimal_sets(some, lambda links: back(links) >= enough)
            for heavy in np.flatnonzero(weight >= enough):  # one goal alone may ask for fewer than several near ones
                some = sorted(ways.fewest(zone, goals[[heavy]], weight[[heavy]], enough), key=self._age)
                sets += minimal_sets(some, lambda links: back(links) >= enough)
        if not sets:
            return (), 0
        least = min(map(len, sets))
        sets = list({frozenset(s): s for s in sets if len(s) == least}.values())
        regained = {s: back(frozenset(s)) for s in sets}
        told = min(sets, key=lambda s: (-regained[s], [self._age(link) for link in s]))
        return told, sum(regained[s] >= regained[told] - 1e-9 for s in sets) - 1

    def _age(self, link: int) -> tuple[int, str]:
        return int(self.world.closed_by[link]), self.names[link]


class Ways:
    """The roads with what is closed, asked what opening some links would do; what was asked once is kept."""

    def __init__(self, road: RoadModel, closed: Bools) -> None:
        self.road, self.closed, self.graph = road, closed, road.graph
        self._open = road.open_roads(closed)
        self._from: dict[int, Bools] = {}
        self._last: tuple[int, Floats] | None = None

    def after(self, node: int) -> Bools:
        """Return the nodes that are reached from a node over open roads, shape (nodes,)."""
        if node not in self._from:
            self._from[node] = self._open.after(node)
        return self._from[node]

    def reach(self, zone: int, opened: frozenset[int]) -> Bools:
        """Return the zones that a zone reaches when some links are open again, shape (zones,)."""
        seen, left = self.after(int(self.road.zone_node[zone])).copy(), sorted(opened)
        while usable := [link for link in left if seen[self.graph.tail[link]]]:
            for link in usable:
                seen |= self.after(int(self.graph.head[link]))
            left = [link for link in left if link not in usable]
        return np.asarray(seen[self.road.zone_node], np.bool_)

    def edge(self, zone: int) -> Ints:
        """Return the closed links that begin where a zone still gets to."""
        seen, shut = self.after(int(self.road.zone_node[zone])), self._shut
        return shut[seen[self.graph.tail[shut]] & ~seen[self.graph.head[shut]]]

    @cached_property
    def _shut(self) -> Ints:
        return np.flatnonzero(self.closed)

    def fewest(self, zone: int, goals: Ints, weight: Floats, enough: float) -> set[int]:
        """Return the closed links on all ways with the fewest of them to those goals that are nearest in this sense.

        So many goals are taken that their weight is `enough`.
        """
        behind = self._behind(zone)
        nodes = self.road.zone_node[goals]
        nearest = np.lexsort((goals, behind[nodes]))
        nearest = nearest[weight[nearest] > 0]
        gained = np.cumsum(weight[nearest])
        taken = nodes[nearest[: int((gained < enough).sum()) + 1]]
        return set(on_ways(self.graph, self.closed, behind, taken[np.isfinite(behind[taken])]).tolist())

    def _behind(self, zone: int) -> Floats:
        """Return behind how few closures each node lies from a zone, shape (nodes,); the last zone's is kept."""
        if self._last is None or self._last[0] != zone:
            self._last = zone, closures(self.graph, self.closed, int(self.road.zone_node[zone]))
        return self._last[1]
