"""World: the state of one run that its parts share, and what agents and crews ask about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resilience.agents.model import CityModel
from resilience.base.defaults import default
from resilience.city.view import View
from resilience.city.water import dry
from resilience.results.record import Record
from resilience.simulation.road_state import RoadState, open_state, renewed_minutes, unlike
from resilience.simulation.services import Services
from resilience.traffic.skims import nodes_within

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import simpy

    from resilience.agents.crews import Dispatcher
    from resilience.agents.population import Population
    from resilience.base.arrays import Bools, Floats, Ints
    from resilience.base.streams import Streams
    from resilience.case.scenario import Scenario
    from resilience.city.inputs import Inputs
    from resilience.city.water import Water
    from resilience.hazards.hazard import Damage, Event
    from resilience.simulation.baseline import Baseline

NOWHERE = -1  # the junction of what stands too far from every road that people can reach


class World:
    """State of one run.

    Attributes
    ----------
    model : the Mesa model with the agents
    services : state of all components
    events : the hazards under way, by name
    damage : takes in what a hazard damages (hour, number of the causing event, damage)
    held : tells which components an event has damaged that are not mended yet (number of the event)
    dispatcher : sends the crews
    touched : whether something was damaged or repaired since services last settled
    water : the water of the hour
    depth_m : depth of the water at every component, metres, shape (components,)
    waters : the water that each event brings, by its number
    water_by : number of the event that brought the water of each road link, -1 where it is dry, shape (road links,)
    roads : state of the roads for cars, None where the case has no roads
    blocked : road links shut to everybody, crews too (tunnels out of service), shape (road links,)
    roads_changed : whether they changed in this hour
    flow : traffic solved in this hour, pcu/h on the road links, shape (road links,); None in other hours
    labour : share of the work force that came today, shape (firms,)
    harmed_by : component number -> number of the event in which the damage that holds it out was done
    lost_by : component number -> number of the event in which it was told to be out for want of others
    mended : component number -> hour at which it was mended and number of the event in which it had been damaged, till
        it works
    taken_over : components that another damage holds out in this hour than the one before, or none any more
    closed_by : number of the event that tells why each road link is closed now, -1 where it is open, shape (road
        links,)
    version : counts the changes of water and roads, so that others know when to look again

    """

    def __init__(
        self,
        inputs: Inputs,
        scenario: Scenario,
        option: str,
        streams: Streams,
        env: simpy.Environment,
        *,
        people: Population | None = None,
        ordinary: Baseline | None = None,
        with_maps: bool = False,
        code: Path | None = None,
    ) -> None:
        city = inputs.city
        self.inputs, self.city, self.scenario, self.streams, self.env = inputs, city, scenario, streams, env
        self.with_maps = with_maps
        self.record = Record(scenario.name, option, streams.replicate, scenario.hours, scenario.onset)
        self.services = Services(city, streams)
        self.events: dict[str, Event] = {}
        self.touched = False
        self.damage: Callable[[int, int, Damage], None] = _nobody_repairs
        self.held: Callable[[int], Bools] = lambda _: np.zeros(len(city.components), np.bool_)
        self.dispatcher: Dispatcher | None = None
        self.links = len(city["road_links"])
        self.water: Water = dry(self.links, len(city.sites), len(city["zones"]))
        self.waters: dict[int, Water] = {}
        self.water_by = np.full(self.links, -1)
        self.road = city.road
        self.roads: RoadState | None = open_state(self.road) if self.road is not None else None
        self.blocked = np.zeros(self.links, np.bool_)
        self.roads_changed = False
        self.flow: Floats | None = None
        self.labour = np.ones(len(city["firms"]))
        self.harmed_by: dict[int, int] = {}
        self.lost_by: dict[int, int] = {}
        self.mended: dict[int, tuple[int, int]] = {}
        self.taken_over: set[int] = set()
        self.closed_by = np.full(self.links, -1)
        self._number_places()
        self.depth_m = self._depths(self.water)
        travels = self.road is not None and people is not None and ordinary is not None
        self.people, self.ordinary = (people, ordinary) if travels else (None, None)
        self.model = CityModel(inputs, self.people, self.depots(), code)
        self.version = 0
        self._high: tuple[Floats, Bools] | None = None
        dry_min = self.road.graph.free_flow_min if self.road is not None else np.zeros(0)
        self._waded = self.water, dry_min  # the water for which minutes of high vehicles are known, and these
        self._minutes_from: dict[int, Floats] = {}

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
        self.site_component = _numbers(components, city.sites.index)
        self._tunnel_of = dict(zip(self.tunnel_component.tolist(), self.tunnel_link.tolist(), strict=True))

    # -- questions --------------------------------------------------------------------------------

    @property
    def state_of_roads(self) -> RoadState:
        """The state of the roads; only parts of a city with roads ask for it."""
        if self.roads is None:
            message = "a city without roads has no state of its roads"
            raise LookupError(message)
        return self.roads

    def name(self, component: int) -> str:
        """Return the global id of a component."""
        return str(self.city.components[component])

    def weekday(self, hour: int) -> int:
        """Return the day of the week at an hour, Monday = 0."""
        return self.scenario.onset.weekday_at(hour)

    def warned(self, hour: float) -> bool:
        """Return whether a warning is out."""
        lead, onset = self.scenario.warning_hours, self.scenario.onset.hour
        return bool(self.scenario.severity) and lead > 0 and hour >= onset - lead

    def at_risk(self, hour: int) -> Bools:
        """Return the zones that a warning names at an hour, shape (zones,)."""
        risk = np.zeros(len(self.residents), np.bool_)
        for event in self.events.values():
            named = event.at_risk(hour)
            if named is not None:
                risk |= named
        return risk

    def view(self, hour: int) -> View:
        """Return the read-only view that events are shown; what is held is for each event to see."""
        closed = np.zeros(0, np.bool_)
        if self.road is not None and self.roads is not None:
            closed = self.road.on_roads(self.roads.closed)
        up, undamaged, closed = self.services.up.copy(), self.services.intact.copy(), closed.copy()
        held = np.zeros(len(up), np.bool_)
        for array in (up, undamaged, held, closed):
            array.flags.writeable = False
        return View(
            hour, self.weekday(hour), self.city.components, up, undamaged, held, self.water, closed, self.warned(hour)
        )

    def depth_at(self, component: int) -> float:
        """Return the depth of water at a component, metres."""
        return float(self.depth_m[component])

    def site_node(self, component: int) -> int:
        """Return the junction where a component meets the roads, NOWHERE where it stands too far from them."""
        return self._ends_of(component)[0]

    def places(self, components: list[int]) -> list[tuple[int, ...]]:
        """Return where a crew must go for components, each place some junctions of which any will do.

        It is the junction of a component, either end of a line, and any end of the tunnels among them.
        """
        if self.road is None:
            return []
        links = [self._tunnel_of[c] for c in components if c in self._tunnel_of]
        ends = np.unique(np.concatenate([ends[links] for ends in self.road.network.ends])) if links else ()
        sites = dict.fromkeys(self._ends_of(c) for c in components if c not in self._tunnel_of)
        return [*sites, *([tuple(int(node) for node in ends)] if links else [])]

    def _ends_of(self, component: int) -> tuple[int, ...]:
        if self.road is None:
            return (0,)
        ends: dict[int, tuple[int, ...]] = self.city.shared("component_nodes", self._component_nodes)
        return ends.get(component, (NOWHERE,))

    def _component_nodes(self) -> dict[int, tuple[int, ...]]:
        """Return the junctions of every component that has a place, and of every line between two."""
        city, road = self.city, self.road
        if road is None:
            return {}
        known: dict[str, int] = {}
        for table in city.tables.values():
            if not {"x", "y"} <= set(table.columns):
                continue
            places = table.loc[table.index.isin(city.components), ["x", "y"]]
            if len(places):
                known |= dict(zip(places.index, road.attach(*places.to_numpy(float).T)[0].tolist(), strict=True))
        known |= {name: number for number, name in enumerate(road.network.nodes.index) if name in known}
        found: dict[str, tuple[int, ...]] = {name: (node,) for name, node in known.items()}
        for table in city.tables.values():
            if {"from_node", "to_node"} <= set(table.columns):
                for name, *ends in table[["from_node", "to_node"]].itertuples():
                    if all(end in known for end in ends):
                        found[str(name)] = tuple(known[end] for end in ends)
        numbers = _numbers(city.components, pd.Index(list(found)))
        return {int(c): ends for c, ends in zip(numbers, found.values(), strict=True) if c >= 0}

    def depots(self) -> list[int]:
        """Return the junctions where crews start: the depots, else the junction nearest to the middle of the zones."""
        if self.road is None:
            return [0]
        facilities = self.city["facilities"]
        places = facilities[facilities["kind"] == "depot"] if len(facilities) else facilities
        if len(places):
            return [int(n) for n in self.road.attach(places["x"].to_numpy(float), places["y"].to_numpy(float))[0]]
        table = self.city["zones"] if len(self.residents) else self.city["road_nodes"]
        middle = table[["x", "y"]].mean()
        return [int(self.road.attach(np.array([middle["x"]]), np.array([middle["y"]]), most_m=np.inf)[0][0])]

    def hours_between(self, node: int, goal: int) -> float:
        """Return the travel time of a crew on the roads as they are, hours; inf without a way."""
        if self.road is None:
            return 0.0
        if NOWHERE in (node, goal):
            return float("inf")
        if node not in self._minutes_from:
            minutes, closed = self.for_high_vehicles()
            self._minutes_from[node] = nodes_within(self.road.graph, np.array([node]), minutes, closed)
        return float(self._minutes_from[node][goal]) / 60.0

    def for_high_vehicles(self) -> tuple[Floats, Bools]:
        """Return link minutes and closures for crews and ambulances: high vehicles that traffic makes way for.

        They pass deeper water than cars, there slowly, and are not held up by congestion. What is shut for
        another reason than water is shut for them too.
        """
        if self.road is None or self.roads is None:
            message = "a city without roads has no ways for crews"
            raise LookupError(message)
        if self._high is None:
            deep = self.water.link_m >= default("traffic.emergency_closure_depth_m")
            closed = np.asarray(self.road.all_links(deep | self.blocked, False), np.bool_)
            water, minutes = self._waded
            if water is not self.water:
                some = np.flatnonzero(unlike(water, self.water))
                minutes = renewed_minutes(minutes, self.road, some, self.water)
                self._waded = self.water, minutes
            self._high = minutes, closed
        return self._high

    def why_out(self, component: int) -> int:
        """Return the number of the event that keeps a component out, its own damage first; -1 where it is not known.

        Where it only waits for others that wait for it, that is the damage that is mended.
        """
        mended = self.mended.get(component, (-1, -1))[1]
        return self.harmed_by.get(component, self.lost_by.get(component, mended))

    # -- changes ----------------------------------------------------------------------------------

    def set_water(self, water: Water, by: Ints) -> None:
        """Bring the water of the hour, and the number of the event that brought it to each road link."""
        self.water, self.water_by = water, by
        self.depth_m = self._depths(water)
        self._ways_changed()

    def _depths(self, water: Water) -> Floats:
        """Return the depth of water at every component, metres, 0 where it has no place, shape (components,)."""
        depth_m = np.zeros(len(self.city.components))
        depth_m[self.site_component] = water.site_ground_m
        depth_m[self.tunnel_component] = water.link_m[self.tunnel_link]
        return depth_m

    def set_roads(self, roads: RoadState, blocked: Bools) -> None:
        """Bring the state of the roads of the hour."""
        self.roads, self.blocked = roads, blocked
        self._ways_changed()

    def _ways_changed(self) -> None:
        self.version += 1
        self._high = None
        self._minutes_from.clear()

    def end(self) -> None:
        """Tell at the end of a run which systems stay down because they wait for each other."""
        for component in self.services.deadlocked():
            cause = self.why_out(int(component))
            self.record.tell(self.scenario.hours, self.name(int(component)), "deadlock", cause=cause)


def _nobody_repairs(hour: int, cause: int, damage: Damage) -> None:
    message = "damage was done before the part that keeps account of repairs was made"
    raise LookupError(message)


def _numbers(known: pd.Index, wanted: pd.Index) -> Ints:
    return np.asarray(known.get_indexer(wanted), np.int64)
