"""World: the running city, what the tick changes and what agents and crews ask about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from resilience.base.defaults import default
from resilience.city.view import View
from resilience.city.water import Field, dry
from resilience.results.record import Record
from resilience.simulation.road_state import RoadState, open_state, road_state
from resilience.simulation.services import Services
from resilience.traffic.skims import minutes_to_nearest, nodes_within

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from resilience.base.arrays import Bools, Floats
    from resilience.base.streams import Streams
    from resilience.case.scenario import Scenario
    from resilience.city.inputs import Inputs


class World:
    """State of one run.

    Attributes
    ----------
    services : state of all components
    water : the water of the hour
    water_cause : number of the event that brought the water, -1 while there is none
    roads : state of the roads for cars, None where the case has no roads
    failed_by : component number -> number of the event in which it failed
    closed_by : number of the event in which each road link closed, shape (road links,)
    version : counts the changes of water and roads, so that others know when to look again

    """

    def __init__(self, inputs: Inputs, scenario: Scenario, option: str, streams: Streams) -> None:
        city = inputs.city
        self.inputs, self.city, self.scenario = inputs, city, scenario
        self.record = Record(scenario.name, option, streams.replicate, scenario.hours, scenario.onset.hour)
        self.services = Services(city, streams)
        self.links = len(city["road_links"])
        self.water: Field = dry(self.links, len(city.sites), len(city["zones"]))
        self.water_cause = -1
        self.road = city.road
        self.roads: RoadState | None = open_state(self.road) if self.road is not None else None
        self.failed_by: dict[int, int] = {}
        self.closed_by = np.full(self.links, -1)
        self._number_places()
        self.version = 0
        self._high: tuple[Floats, Bools] | None = None

    def _number_places(self) -> None:
        """Prepare the numbers under which parts of the city are known to each other."""
        city, components = self.city, self.city.components
        links, nodes, zones = city["road_links"], city["road_nodes"], city["zones"]
        tunnels = links.index[links["structure"] == "tunnel"] if len(links) else links.index
        signals = nodes.index[nodes["signal"]] if len(nodes) else nodes.index
        self.tunnel_link = _numbers(links.index, tunnels)
        self.tunnel_component = _numbers(components, tunnels)
        self.signal_node = _numbers(nodes.index, signals)
        self.signal_component = _numbers(components, signals)
        self.zone_component = _numbers(components, zones.index)
        self.firm_component = _numbers(components, city["firms"].index)
        self.residents = zones["people"].to_numpy(float)
        self._site_of = {int(c): i for i, c in enumerate(_numbers(components, city.sites.index))}
        self._tunnel_of = dict(zip(self.tunnel_component.tolist(), self.tunnel_link.tolist(), strict=True))

    # -- questions --------------------------------------------------------------------------------

    def name(self, component: int) -> str:
        """Return the global id of a component."""
        return str(self.city.components[component])

    def warned(self, hour: float) -> bool:
        """Return whether a warning is out."""
        lead, onset = self.scenario.warning_hours, self.scenario.onset.hour
        return bool(self.scenario.severity) and lead > 0 and hour >= onset - lead

    def view(self, hour: int) -> View:
        """Return the read-only view that events are shown."""
        closed = self.roads.closed[: self.links] if self.roads is not None else np.zeros(0, np.bool_)
        arrays = [self.services.up.copy(), self.services.intact.copy(), closed.copy()]
        for array in arrays:
            array.flags.writeable = False
        weekday = self.scenario.onset.weekday_at(hour)
        return View(hour, weekday, self.city.components, arrays[0], arrays[1], self.water, arrays[2], self.warned(hour))

    def depth_at(self, component: int) -> float:
        """Return the depth of water at a component, metres."""
        if component in self._tunnel_of:
            return float(self.water.link_m[self._tunnel_of[component]])
        if component in self._site_of:
            return float(self.water.site_ground_m[self._site_of[component]])
        return 0.0

    def site_node(self, component: int) -> int:
        """Return the junction nearest to a component."""
        if self.road is None:
            return 0
        if component in self._tunnel_of:
            return int(self.road.network.ends[0][self._tunnel_of[component]])
        nodes: dict[int, int] = self.city.shared("site_nodes", self._site_nodes)
        return nodes.get(component, 0)

    def _site_nodes(self) -> dict[int, int]:
        assert self.road is not None  # noqa: S101 - site_node looks first
        sites = self.city.sites
        node = self.road.nearest_node(sites["x"].to_numpy(float), sites["y"].to_numpy(float))
        return dict(zip(_numbers(self.city.components, sites.index).tolist(), node.tolist(), strict=True))

    def depots(self) -> list[int]:
        """Return the junctions where crews start: the depots, else the junction nearest to the middle of the zones."""
        if self.road is None:
            return [0]
        facilities = self.city["facilities"]
        places = facilities[facilities["kind"] == "depot"] if len(facilities) else facilities
        if len(places) == 0:
            places = (
                self.city["zones"][["x", "y"]].mean().to_frame().T
                if len(self.residents)
                else self.city["road_nodes"][:1]
            )
        return [int(n) for n in self.road.nearest_node(places["x"].to_numpy(float), places["y"].to_numpy(float))]

    def hours_between(self, node: int, goal: int) -> float:
        """Return the travel time of a crew on the roads as they are, hours; inf without a way."""
        if self.road is None:
            return 0.0
        minutes, closed = self.for_high_vehicles()
        found = nodes_within(self.road.graph, np.array([node]), minutes, closed)[goal]
        return float(found) / 60.0

    def minutes_to_nearest(self, nodes: NDArray[np.int64]) -> Floats:
        """Return the minutes of high vehicles from each zone to the nearest of the junctions, shape (zones,)."""
        if self.road is None or len(nodes) == 0:
            return np.full(len(self.residents), np.inf)
        minutes, closed = self.for_high_vehicles()
        return minutes_to_nearest(self.road.graph, nodes, minutes, closed)[self.road.zone_node]

    def for_high_vehicles(self) -> tuple[Floats, Bools]:
        """Return link minutes and closures for crews and ambulances: high vehicles that traffic makes way for.

        They pass deeper water than cars, there at walking pace, and are not held up by congestion.
        """
        assert self.road is not None  # noqa: S101 - callers look first
        assert self.roads is not None  # noqa: S101 - callers look first
        if self._high is None:
            deep = self.water.link_m >= default("traffic.emergency_closure_depth_m")
            closed = np.asarray(self.road.all_links(deep, False), np.bool_)
            slow = default("traffic.emergency_wading_speed")
            speed = np.where(self.roads.closed & ~closed, slow, self.roads.speed)
            self._high = (self.road.graph.free_flow_min / speed, closed)
        return self._high

    # -- changes ----------------------------------------------------------------------------------

    def set_water(self, water: Field, cause: int) -> None:
        """Bring the water of the hour."""
        self.water, self.water_cause = water, cause
        self._roads_changed()

    def _roads_changed(self) -> None:
        self.version += 1
        self._high = None

    def update_services(self, hour: int) -> None:
        """Let services fall and return, and tell what changed with its cause."""
        for change in self.services.step(hour):
            if change.up:
                cause = self.failed_by.pop(change.component, -1)
                self.record.tell(hour, self.name(change.component), "back", "", cause)
            elif change.reason != "damaged":
                causes = [self.failed_by[c] for c in change.sources if c in self.failed_by] or [-1]
                self.failed_by[change.component] = self.record.tell(
                    hour, self.name(change.component), "failed", change.reason, causes[0],
                    together=causes[1:], alternatives=change.alternatives,
                )  # fmt: skip
        if self.services.shed_gap > 0:
            self.record.put("power/shed_gap", hour, self.services.shed_gap)

    def update_roads(self, hour: int) -> bool:
        """Bring the state of the roads up to date and return whether it changed."""
        if self.road is None or self.roads is None:
            return False
        blocked = np.zeros(self.links, np.bool_)
        blocked[self.tunnel_link] = ~self.services.up[self.tunnel_component]
        dark = np.zeros(len(self.city["road_nodes"]), np.bool_)
        dark[self.signal_node] = ~self.services.up[self.signal_component]
        before, self.roads = self.roads, road_state(self.road, self.water, blocked, dark)
        if not before.changed(self.roads).any():
            return False
        self._roads_changed()
        was, now = before.closed[: self.links], self.roads.closed[: self.links]
        ids = self.city["road_links"].index
        tunnel_failed = {
            int(link): self.failed_by.get(int(c), -1)
            for link, c in zip(self.tunnel_link, self.tunnel_component, strict=True)
        }
        for link in np.flatnonzero(now & ~was):
            cause = tunnel_failed.get(int(link), -1)
            wet = self.water.link_m[link] >= default("traffic.closure_depth_m")
            reason = "flooded" if wet or cause < 0 else "out_of_service"
            cause = cause if cause >= 0 else self.water_cause
            self.closed_by[link] = self.record.tell(hour, str(ids[link]), "closed", reason, cause)
        for link in np.flatnonzero(was & ~now):
            self.record.tell(hour, str(ids[link]), "open", "", int(self.closed_by[link]))
        return True


def _numbers(known: pd.Index, wanted: pd.Index) -> NDArray[np.int64]:
    return np.asarray(known.get_indexer(wanted), np.int64)
