"""run(): one city, one scenario, one option, one replicate; the clock and the order of a tick."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import simpy

from resilience.agents.model import CityModel
from resilience.simulation.exposure import Observer
from resilience.simulation.repairs import Repairs
from resilience.simulation.static_traffic import Traffic
from resilience.simulation.trips import Mobility
from resilience.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from numpy.typing import NDArray

    from resilience.agents.population import Population
    from resilience.base.streams import Streams
    from resilience.case.scenario import Scenario
    from resilience.city.inputs import Inputs
    from resilience.city.water import Field
    from resilience.hazards.hazard import Event
    from resilience.results.record import Record
    from resilience.simulation.baseline import Baseline


def run(
    inputs: Inputs,
    scenario: Scenario,
    *,
    option: str,
    streams: Streams,
    people: Population | None,
    ordinary: Baseline | None,
    with_maps: bool = False,
    code: Path | None = None,
) -> Record:
    """Return the record of one run.

    Parameters
    ----------
    inputs : the city and all that the option's measures have made of it
    scenario : the load; a scenario without hazards gives the no-hazard run
    option : name of the option, for the record
    streams : the source of chance of the replicate
    people, ordinary : trip makers and their equilibria on ordinary days, None where the case has no roads or trips
    with_maps : keep component states and water depths as changes, for maps
    code : folder of the case whose own Python file may be run

    """
    return Engine(World(inputs, scenario, option, streams), streams, people, ordinary, with_maps, code).go()


class Engine:
    """The one loop with feedback: hazard, services, roads, agents and repair."""

    def __init__(
        self,
        world: World,
        streams: Streams,
        people: Population | None,
        ordinary: Baseline | None,
        with_maps: bool,
        code: Path | None,
    ) -> None:
        self.world = world
        inputs, scenario = world.inputs, world.scenario
        self.env = simpy.Environment()
        travels = world.road is not None and people is not None and ordinary is not None
        self.model = CityModel(inputs, people if travels else None, world.depots(), code)
        self.repairs = Repairs(world, self.env, self.model.crews)
        self.causes: dict[str, int] = {}
        self.events: dict[str, Event] = {}
        for name, severity in scenario.severity.items():
            self.causes[name] = world.record.tell(
                scenario.onset.hour, f"hazard:{name}", "hazard", detail=f"{severity:g}"
            )
            self.events[name] = inputs.hazards[name].start(inputs, severity, scenario.onset, streams)
        self.mobility: Mobility | None = None
        if world.road is not None and people is not None and ordinary is not None:
            traffic = Traffic(world.road, people, ordinary, inputs.rhythm.relative_gap)
            self.mobility = Mobility(world, people, traffic, self.model.commuters, self._at_risk)
        self.observer = Observer(world, with_maps=with_maps)

    def go(self) -> Record:
        """Run the clock to the horizon and return the record."""
        world = self.world
        self.env.process(self._clock())
        self.env.run(until=world.scenario.hours)
        for component in world.services.deadlocked():
            cause = world.failed_by.get(int(component), -1)
            world.record.tell(world.scenario.hours, world.name(int(component)), "deadlock", cause=cause)
        if self.mobility is not None:
            world.record.facts["solutions"] = self.mobility.traffic.solutions
        return world.record

    def _clock(self) -> Generator[Any, Any, None]:
        for hour in range(self.world.scenario.hours):
            self._tick(hour)
            yield self.env.timeout(1)

    def _tick(self, hour: int) -> None:
        """Do one hour: repairs and hazards, fall and return of services, roads, crews, agents, record."""
        world = self.world
        weekday = world.scenario.onset.weekday_at(hour)
        repaired = self.repairs.finish(hour)
        damaged = self._hazards(hour)
        if repaired or damaged or hour == 0 or world.services.unsettled():
            world.update_services(hour)
        roads_changed = world.update_roads(hour)
        self.repairs.dispatcher.send()
        flow = self._trips(hour, weekday)
        firms = self.model.firms
        if firms is not None:
            self.observer.economy(hour, weekday, firms)
            if hour % 24 == 23:
                firms.trade(weekday, self._goods_pass())
        self.observer.safety(hour)
        self.observer.draw(hour, roads_changed=roads_changed, flow=flow)

    def _hazards(self, hour: int) -> bool:
        """Let the events step; return whether they did damage."""
        if not self.events:
            return False
        view = self.world.view(hour)
        water: Field | None = None
        cause, damaged = -1, False
        for name, event in self.events.items():
            field, damage = event.step(hour, view)
            if field is not None:
                cause = self.causes[name] if water is None or field.level_m >= water.level_m else cause
                water = field if water is None else water.deepest(field)
            if len(damage):
                damaged = True
                self.repairs.damage(hour, self.causes[name], damage)
        if water is not None and water is not self.world.water:
            self.world.set_water(water, cause)
        return damaged

    def _at_risk(self, hour: int) -> NDArray[np.bool_]:
        """Return the zones that a warning names at an hour, shape (zones,)."""
        risk = np.zeros(len(self.world.residents), np.bool_)
        for event in self.events.values():
            named = event.at_risk(hour)
            if named is not None:
                risk |= named
        return risk

    def _trips(self, hour: int, weekday: int) -> NDArray[np.float64] | None:
        """Let trips out or back where this is the hour; return the flow on road links, None at other hours."""
        if self.mobility is None:
            return None
        rhythm = self.world.inputs.rhythm
        if hour % 24 == rhythm.morning:
            return self.mobility.morning(hour, weekday, self.model.firms)
        if hour % 24 == rhythm.evening:
            return self.mobility.evening(hour, weekday)
        return None

    def _goods_pass(self) -> NDArray[np.bool_]:
        """Return which supply links can be driven: both firms lie in the largest open part of the roads.

        Firms in zones that the roads do not reach at all are taken to be served another way.
        """
        world = self.world
        links = world.city["supply_links"]
        if world.road is None or world.roads is None or not world.roads.closed.any():
            return np.ones(len(links), np.bool_)
        zones, firms = world.city["zones"], world.city["firms"]
        reach = world.road.largest_part(world.roads.closed)[world.road.zone_node] | ~world.road.connected
        at = reach[zones.index.get_indexer(firms["zone"])]
        supplier, buyer = (firms.index.get_indexer(links[column]) for column in ("supplier", "buyer"))
        return np.asarray(at[supplier] & at[buyer], np.bool_)
