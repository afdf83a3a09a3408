"""run(): one city, one scenario, one option, one replicate; the clock and the order of a tick."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import simpy

from resilience.agents.commuters import Choice
from resilience.agents.crews import Dispatcher, Job
from resilience.agents.model import CityModel
from resilience.agents.population import PURPOSES
from resilience.damage import CREW, DEPTHS, NOBODY, Damage, Field, dry
from resilience.defaults import default
from resilience.networks.assignment import minutes_to_nearest, nodes_within
from resilience.record import Record
from resilience.services import Services
from resilience.state import Outlook, View
from resilience.traffic import BACK, OUT, Baseline, RoadState, Traffic, open_state, road_state

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from numpy.typing import NDArray

    from resilience.agents.population import Population
    from resilience.damage import Event
    from resilience.inputs import Inputs
    from resilience.scenario import Scenario
    from resilience.streams import Streams

HOME, OUT_OF_HOME = 0, 1


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
    people, ordinary : trip makers and their equilibria on ordinary days, None where the case has no roads or trips
    with_maps : keep component states and water depths as changes, for maps
    code : folder of the case whose own Python file may be run
    """
    return _Run(inputs, scenario, option, streams, people, ordinary, with_maps, code).go()


class _Run:
    """State of one run; `_tick` is the order of an hour."""

    def __init__(
        self,
        inputs: Inputs,
        scenario: Scenario,
        option: str,
        streams: Streams,
        people: Population | None,
        ordinary: Baseline | None,
        with_maps: bool,
        code: Path | None,
    ) -> None:
        city = inputs.city
        self.inputs, self.city, self.scenario, self.with_maps = inputs, city, scenario, with_maps
        self.record = Record(scenario.name, option, streams.replicate, scenario.hours, scenario.onset.hour)
        self.env = simpy.Environment()
        self.road = city.road
        self.people = people
        self.links = len(city["road_links"])
        self.services = Services(city, streams)
        self.traffic = None
        if self.road is not None and people is not None and ordinary is not None:
            self.traffic = Traffic(self.road, people, ordinary, inputs.rhythm.relative_gap)
            self.place = np.full(len(people), HOME)
            self.started = np.zeros(len(people), np.bool_)
            self.worked_at_home = np.zeros(len(people), np.bool_)
        self.state: RoadState | None = open_state(self.road) if self.road is not None else None
        depots = self._depots()
        self.model = CityModel(inputs, people if self.traffic else None, depots, code)
        self.dispatcher = Dispatcher(
            self.env, self.model.crews, inputs.operations.repair_order, self, self._crew_tells
        )
        self.water = dry(self.links, len(city.sites), len(city["zones"]))
        self.site_number = {c: i for i, c in enumerate(city.components.get_indexer(city.sites.index))}
        link_ids = city["road_links"].index
        tunnels = link_ids[city["road_links"]["structure"] == "tunnel"] if self.links else link_ids
        self.tunnel_link = np.asarray(link_ids.get_indexer(tunnels), np.int64)
        self.tunnel_component = np.asarray(city.components.get_indexer(tunnels), np.int64)
        self.link_of_component = dict(zip(self.tunnel_component, self.tunnel_link, strict=True))
        self.failed_by: dict[int, int] = {}
        self.link_closed_by = np.full(self.links, -1)
        self.until = np.full(len(city.components), np.nan)
        self.own_staff: dict[int, tuple[float, float]] = {}
        self.cleanup_hours: dict[int, float] = {}
        self.needs_crew: set[int] = set()
        self.people_dark = np.zeros(len(city["zones"]))
        self.cut = np.zeros(len(city["zones"]), np.bool_)
        self.risk: NDArray[np.bool_] | None = None
        self.drawn_closed, self.drawn_speed = np.zeros(self.links), np.ones(self.links)
        self.drawn_up = np.ones(len(city.components))
        self.shown_cells: NDArray[np.uint8] | None = None
        self.shown_flow: NDArray[np.float64] | None = None
        self.access: NDArray[np.float64] | None = None
        self.access_key: tuple[bytes, bytes] | None = None
        self.cause_of_hazard = {
            name: self.record.tell(scenario.onset.hour, f"hazard:{name}", "hazard", "", -1, f"{severity:g}")
            for name, severity in scenario.severity.items()
        }
        self.events: list[tuple[str, Event]] = [
            (name, inputs.hazards[name].start(inputs, severity, scenario.onset, streams))
            for name, severity in scenario.severity.items()
        ]
        self._index_people()

    # -- preparation ------------------------------------------------------------------------------

    def _depots(self) -> list[int]:
        facilities = self.city["facilities"]
        if self.road is None or len(facilities) == 0:
            return []
        depots = facilities[facilities["kind"] == "depot"]
        return [int(n) for n in self.road.nearest_node(depots["x"].to_numpy(float), depots["y"].to_numpy(float))]

    def _index_people(self) -> None:
        """Prepare what trip makers are asked for every day."""
        city, people = self.city, self.people
        zones = city["zones"]
        self.zone_component = np.asarray(city.components.get_indexer(zones.index), np.int64)
        self.residents = zones["people"].to_numpy(float)
        facilities = city["facilities"]
        hospitals = facilities[facilities["kind"] == "hospital"] if len(facilities) else facilities
        self.hospitals = np.asarray(city.components.get_indexer(hospitals.index), np.int64)
        if self.road is not None and len(hospitals):
            x, y = hospitals["x"].to_numpy(float), hospitals["y"].to_numpy(float)
            self.hospital_node = self.road.nearest_node(x, y)
        self.asked = np.zeros(len(zones), np.bool_)
        if people is not None:
            self.asked[people.origin] = True
        firms = city["firms"]
        self.firm_component = np.asarray(city.components.get_indexer(firms.index), np.int64)
        self.firm_zone = np.asarray(zones.index.get_indexer(firms["zone"]) if len(firms) else [], np.int64)
        signals = city["road_nodes"]
        lit = signals.index[signals["signal"]] if len(signals) else signals.index
        self.signal_node = np.asarray(signals.index.get_indexer(lit), np.int64)
        self.signal_component = np.asarray(city.components.get_indexer(lit), np.int64)

    # -- what crews ask ---------------------------------------------------------------------------

    def depth_at(self, component: int) -> float:
        """Return the depth of water at a component, metres."""
        if component in self.link_of_component:
            return float(self.water.link_m[self.link_of_component[component]])
        if component in self.site_number:
            return float(self.water.site_ground_m[self.site_number[component]])
        return 0.0

    def hours_between(self, node: int, goal: int) -> float:
        """Return the travel time of a crew on the roads as they are, hours; inf without a way."""
        if self.road is None or self.state is None:
            return 0.0
        minutes, closed = self._for_emergency()
        found = nodes_within(self.road.graph, np.array([node]), minutes, closed)[goal]
        return float(found) / 60.0

    def _for_emergency(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return link minutes and closures for high vehicles that traffic makes way for."""
        assert self.road is not None  # noqa: S101 - callers look first
        assert self.state is not None  # noqa: S101 - callers look first
        deep = np.zeros(self.links, np.bool_)
        if self.links:
            deep = self.water.link_m >= default("traffic.emergency_closure_depth_m")
        closed = np.asarray(self.road.all_links(deep, False), np.bool_)
        speed = np.where(self.state.closed & ~closed, 0.1, self.state.speed)
        return self.road.graph.free_flow_min / speed, closed

    def _crew_tells(self, what: str, component: int, crew: int) -> None:
        name = str(self.city.components[component])
        self.record.tell(self.env.now, name, what, "", self.failed_by.get(component, -1), f"crew:{crew}")

    # -- the clock --------------------------------------------------------------------------------

    def go(self) -> Record:
        self.env.process(self._clock())
        self.env.run(until=self.scenario.hours)
        if self.traffic is not None:
            self.record.facts["solutions"] = self.traffic.solutions
        stuck = self.services.deadlocked()
        for c in stuck:
            name = str(self.city.components[c])
            self.record.tell(self.scenario.hours, name, "deadlock", "", self.failed_by.get(int(c), -1))
        return self.record

    def _clock(self) -> Generator[Any, Any, None]:
        for hour in range(self.scenario.hours):
            self._tick(hour)
            yield self.env.timeout(1)

    def _tick(self, hour: int) -> None:
        weekday, hour_of_day = self.scenario.onset.weekday_at(hour), hour % 24
        repaired = self._finish_repairs(hour)
        dirty = self._hazards(hour, weekday) or repaired or hour == 0 or self._buffers_running()
        if dirty:
            self._services(hour)
        self.dispatcher.send()
        roads_changed = self._roads(hour)
        if self.traffic is not None:
            rhythm = self.inputs.rhythm
            if hour_of_day == rhythm.morning:
                self._morning(hour, weekday)
            elif hour_of_day == rhythm.evening:
                self._evening(hour, weekday)
        self._economy(hour, hour_of_day, weekday)
        self._safety(hour)
        if self.with_maps:
            self._draw(hour, roads_changed)

    def _view(self, hour: int, weekday: int) -> View:
        arrays = [self.services.up.copy(), self.services.intact.copy()]
        closed = self.state.closed[: self.links].copy() if self.state is not None else np.zeros(0, np.bool_)
        for array in (*arrays, closed):
            array.flags.writeable = False
        return View(hour, weekday, self.city.components, *arrays, self.water, closed, self._warned(hour))

    def _warned(self, hour: int) -> bool:
        lead, onset = self.scenario.warning_hours, self.scenario.onset.hour
        return bool(self.scenario.severity) and lead > 0 and hour >= onset - lead

    # -- 1. hazards and repairs -------------------------------------------------------------------

    def _finish_repairs(self, hour: int) -> bool:
        done = list(self.dispatcher.finished)
        self.needs_crew.difference_update(done)
        self.dispatcher.finished.clear()
        over = np.flatnonzero(self.until <= hour)
        self.until[over] = np.nan
        done += [int(c) for c in over]
        for c, (ready, dry_m) in list(self.own_staff.items()):
            if self.depth_at(c) >= dry_m:
                self.own_staff[c] = (np.nan, dry_m)
            elif np.isnan(ready):
                self.own_staff[c] = (hour + self.cleanup_hours[c], dry_m)
            elif ready <= hour:
                done.append(c)
                del self.own_staff[c]
        for c in done:
            if np.isnan(self.until[c]) and c not in self.own_staff and c not in self.needs_crew:
                self.services.intact[c] = True
                self.record.tell(hour, str(self.city.components[c]), "repaired", "", self.failed_by.get(c, -1))
        return bool(done)

    def _hazards(self, hour: int, weekday: int) -> bool:
        if not self.events:
            return False
        view = self._view(hour, weekday)
        water: Field | None = None
        damaged = False
        for name, event in self.events:
            field, damage = event.step(hour, view)
            if field is not None:
                water = field if water is None else water.deepest(field)
            if len(damage):
                damaged = True
                self._damage(hour, name, damage)
        if water is not None:
            self.water = water
        return damaged

    def _damage(self, hour: int, hazard: str, damage: Damage) -> None:
        numbers = self.city.components.get_indexer(damage.component)
        for k, c in enumerate(int(n) for n in numbers):
            if c < 0 or damage.loss[k] <= 0:
                continue
            if self.services.intact[c]:
                self.services.intact[c] = False
                self.failed_by[c] = self.record.tell(
                    hour, damage.component[k], "failed", damage.cause, self.cause_of_hazard[hazard]
                )
            if damage.repaired_by[k] == NOBODY:
                self.until[c] = np.fmax(self.until[c], damage.until_hour[k])
            elif damage.repaired_by[k] == CREW and self.model.crews and c not in self.needs_crew:
                self.needs_crew.add(c)
                self.dispatcher.add(
                    Job(c, self._site_node(c), float(damage.repair_hours[k]), float(self.services.people_behind[c]),
                        float(hour), float(damage.dry_m[k]))
                )  # fmt: skip
            elif c not in self.needs_crew:
                self.cleanup_hours[c] = float(damage.repair_hours[k])
                self.own_staff[c] = (np.nan, float(damage.dry_m[k]))

    def _site_node(self, component: int) -> int:
        if self.road is None:
            return 0
        if component in self.link_of_component:
            return int(self.road.network.ends[0][self.link_of_component[component]])
        nodes: dict[int, int] = self.city.shared("site_nodes", self._site_nodes)
        return nodes.get(component, 0)

    def _site_nodes(self) -> dict[int, int]:
        assert self.road is not None  # noqa: S101 - callers look first
        sites = self.city.sites
        node = self.road.nearest_node(sites["x"].to_numpy(float), sites["y"].to_numpy(float))
        return dict(zip(self.city.components.get_indexer(sites.index).tolist(), node.tolist(), strict=True))

    # -- 2. and 3. services -----------------------------------------------------------------------

    def _buffers_running(self) -> bool:
        needs = self.services.needs
        return needs is not None and bool(np.isfinite(needs.missing_since).any())

    def _services(self, hour: int) -> None:
        for change in self.services.step(hour):
            name = str(self.city.components[change.component])
            if change.up:
                self.record.tell(hour, name, "back", "", self.failed_by.pop(change.component, -1))
            elif change.reason != "damaged":
                cause = self.failed_by.get(change.source, -1)
                self.failed_by[change.component] = self.record.tell(hour, name, "failed", change.reason, cause)

    def _roads(self, hour: int) -> bool:
        """Bring the state of the roads up to date; return whether it changed."""
        if self.road is None or self.state is None:
            return False
        blocked = np.zeros(self.links, np.bool_)
        blocked[self.tunnel_link] = ~self.services.up[self.tunnel_component]
        dark = np.zeros(len(self.city["road_nodes"]), np.bool_)
        dark[self.signal_node] = ~self.services.up[self.signal_component]
        before = self.state
        self.state = road_state(self.road, self.water, blocked, dark)
        changed = before.changed(self.state)
        if not changed.any():
            return False
        was, now = before.closed[: self.links], self.state.closed[: self.links]
        flood = next((self.cause_of_hazard[n] for n, e in self.events if hasattr(e, "water")), -1)
        ids = self.city["road_links"].index
        for link in np.flatnonzero(now & ~was):
            self.link_closed_by[link] = self.record.tell(hour, str(ids[link]), "closed", "flooded", flood)
        for link in np.flatnonzero(was & ~now):
            self.record.tell(hour, str(ids[link]), "open", "", int(self.link_closed_by[link]))
        return True

    # -- 4. agents --------------------------------------------------------------------------------

    def _morning(self, hour: int, weekday: int) -> None:
        traffic, people, state = self.traffic, self.people, self.state
        assert traffic is not None  # noqa: S101 - callers look first
        assert people is not None  # noqa: S101 - callers look first
        assert state is not None  # noqa: S101 - callers look first
        weekend = weekday >= 5
        expected = traffic.expected(OUT, weekend, state)
        usual = traffic.ordinary[OUT, weekend].od_minutes
        due = people.due(weekday)
        free = due & (self.place == HOME)
        deep = self.water.zone_share[:, DEPTHS.index(0.30)]
        home_flooded = people.spot < deep[people.origin]
        outlook = Outlook(
            due=free,
            usual_min=usual[people.out_pair],
            now_min=expected[people.out_pair],
            home_flooded=home_flooded,
            home_power=self.services.up[self.zone_component[people.origin]],
            home_at_risk=self._at_risk()[people.origin],
            target_open=self._open_targets(),
            can_telework=people.can_telework,
            cautious=people.cautious,
            warned=self._warned(hour),
        )
        choice = np.asarray(self.model.commuters.decide(outlook), np.int64)
        choice = np.where((choice == Choice.GO) & ~np.isfinite(outlook.now_min), int(Choice.NO_WAY), choice)
        goes = free & (choice == Choice.GO)
        demand = np.bincount(people.out_pair, people.vehicles * goes, len(people.out.origin))
        solved = traffic.solve(OUT, weekend, state, demand, expected)
        minutes = solved.od_minutes[people.out_pair]
        self.place[goes] = OUT_OF_HOME
        self.started = goes.copy()
        works_at_home = free & (choice == Choice.TELEWORK)
        self.worked_at_home = works_at_home
        done = goes | works_at_home
        self._count_trips(hour, due, done, goes, minutes - usual[people.out_pair])
        for reason in Choice:
            who = free & (choice == reason)
            self.record.put(f"travel/{reason.name.lower()}", hour, float(people.persons[who].sum()))
        self._road_figures(hour, OUT, weekend, solved, demand)
        if self.model.firms is not None:
            self._labour(due, goes, works_at_home)
        self._cut_off(hour, free & (choice == Choice.NO_WAY), weekend)

    def _at_risk(self) -> NDArray[np.bool_]:
        """Zones that the scenario's flood reaches at its peak: what a warning would name, shape (zones,)."""
        if self.risk is None:
            risk = np.zeros(len(self.residents), np.bool_)
            for _, event in self.events:
                water = getattr(event, "water", None)
                if water is not None:
                    peak = water.at(event.severity, with_cells=False)  # type: ignore[attr-defined]
                    risk |= peak.zone_share[:, DEPTHS.index(0.30)] > 0
            self.risk = risk
        return self.risk

    def _open_targets(self) -> NDArray[np.bool_]:
        """Return whether the place each trip maker goes to is open, shape (people,)."""
        people = self.people
        assert people is not None  # noqa: S101 - callers look first
        flooded = people.spot < self.water.zone_share[:, DEPTHS.index(0.30)][people.destination]
        result = ~flooded
        if len(self.firm_component):
            firm_ok = self.services.intact[self.firm_component]
            at_firm = people.firm >= 0
            result[at_firm] = firm_ok[people.firm[at_firm]]
        visits = people.facility >= 0
        result[visits] = self.services.up[people.facility[visits]]
        return result

    def _evening(self, hour: int, weekday: int) -> None:
        traffic, people, state = self.traffic, self.people, self.state
        assert traffic is not None  # noqa: S101 - callers look first
        assert people is not None  # noqa: S101 - callers look first
        assert state is not None  # noqa: S101 - callers look first
        weekend = weekday >= 5
        expected = traffic.expected(BACK, weekend, state)
        usual = traffic.ordinary[BACK, weekend].od_minutes
        due = people.due(weekday)
        away = self.place == OUT_OF_HOME
        goes = away & np.isfinite(expected[people.back_pair])
        demand = np.bincount(people.back_pair, people.vehicles * goes, len(people.back.origin))
        solved = traffic.solve(BACK, weekend, state, demand, expected)
        minutes = solved.od_minutes[people.back_pair]
        self.place[goes] = HOME
        stranded = away & ~goes
        # those who stayed home to work have no trip back to lose
        at_home = due & ~self.started & ~away & self.worked_at_home
        self._count_trips(hour, due, (goes & due) | at_home, goes & due, minutes - usual[people.back_pair])
        self.record.put("travel/stranded", hour, float(people.persons[stranded].sum()))
        self._road_figures(hour, BACK, weekend, solved, demand)

    def _count_trips(
        self,
        hour: int,
        due: NDArray[np.bool_],
        done: NDArray[np.bool_],
        drove: NDArray[np.bool_],
        delay: NDArray[np.float64],
    ) -> None:
        people, put = self.people, self.record.put
        assert people is not None  # noqa: S101 - callers look first
        weight = people.persons
        late = drove & (delay > default("traffic.late_min"))
        put("travel/planned", hour, float(weight[due].sum()))
        put("travel/completed", hour, float(weight[done].sum()))
        put("travel/late", hour, float(weight[late].sum()))
        lost_minutes = np.maximum(np.where(drove & np.isfinite(delay), delay, 0.0), 0.0)
        put("travel/delay_hours", hour, float((weight * lost_minutes).sum() / 60.0))
        worth = weight * people.priority
        put("travel/planned_weighted", hour, float(worth[due].sum()))
        put("travel/completed_weighted", hour, float(worth[done].sum()))
        for number, name in enumerate(PURPOSES):
            mine = people.purpose == number
            if mine.any():
                put("travel/planned", hour, float(weight[due & mine].sum()), f"purpose:{name}")
                put("travel/completed", hour, float(weight[done & mine].sum()), f"purpose:{name}")
        zones, many = self.city["zones"].index, len(self.residents)
        planned = np.bincount(people.origin, weight * due, many)
        completed = np.bincount(people.origin, weight * done, many)
        for name, values in (("travel/planned", planned), ("travel/completed", completed)):
            by_zone = pd.Series(values[self.asked], index=zones[self.asked])
            self.record.panels.setdefault(name, {})[hour] = by_zone

    def _road_figures(
        self, hour: int, period: str, weekend: bool, solved: Any, demand: NDArray[np.float64]
    ) -> None:
        traffic, road, state, put = self.traffic, self.road, self.state, self.record.put
        assert traffic is not None  # noqa: S101 - callers look first
        assert road is not None  # noqa: S101 - callers look first
        assert state is not None  # noqa: S101 - callers look first
        usual = traffic.ordinary[period, weekend]
        planned = usual.served
        length = self.city["road_links"]["length_m"].to_numpy(float)
        now = solved.od_minutes
        ratio = np.where(np.isfinite(now), np.minimum(1.0, usual.od_minutes / np.maximum(now, 1e-9)), 0.0)
        served = demand * np.isfinite(now)
        put("traffic/closed_km", hour, float(length[state.closed[: self.links]].sum() / 1000.0))
        put("traffic/efficiency", hour, float((planned * ratio).sum() / max(planned.sum(), 1e-9)))
        put("traffic/vehicles", hour, float(served.sum()))
        put("traffic/planned_vehicles", hour, float(planned.sum()))
        put("traffic/no_way_vehicles", hour, float(planned[~np.isfinite(now)].sum()))
        minutes = np.where(served > 0, now, 0.0)
        put("traffic/vehicle_hours", hour, float((served * minutes).sum() / 60.0))
        at_usual = np.where(served > 0, usual.od_minutes, 0.0)
        put("traffic/usual_vehicle_hours", hour, float((served * at_usual).sum() / 60.0))
        put("traffic/vehicle_km", hour, float((solved.flow[: self.links] * length).sum() / 1000.0))
        loaded = solved.flow[: self.links] / (road.graph.capacity_vph * state.capacity)[: self.links]
        put("traffic/overloaded_share", hour, float((loaded > 1.5).mean()))
        put("traffic/relative_gap", hour, float(solved.relative_gap))
        if self.with_maps:
            flow = solved.flow[: self.links]
            shown = self.shown_flow if self.shown_flow is not None else np.zeros(self.links)
            change = np.abs(flow - shown) > np.maximum(25.0, 0.1 * shown)
            ids = self.city["road_links"].index
            self.record.draw("flow", hour, ids[change], np.round(flow[change]))
            self.shown_flow = np.where(change, flow, shown)

    def _labour(self, due: NDArray[np.bool_], goes: NDArray[np.bool_], home: NDArray[np.bool_]) -> None:
        """Labour that arrives at a firm is the weighted work trips; a firm without its own takes its zone's."""
        people, firms = self.people, self.model.firms
        assert people is not None  # noqa: S101 - callers look first
        assert firms is not None  # noqa: S101 - callers look first
        works = people.purpose == PURPOSES.index("work")
        weight = people.persons * works
        came = weight * (goes + default("economy.telework_output") * home)
        many_firms, many_zones = len(self.firm_zone), len(self.residents)
        at_firm = works & (people.firm >= 0)
        firm = people.firm[at_firm]
        planned = np.bincount(firm, (weight * due)[at_firm], many_firms)
        arrived = np.bincount(firm, came[at_firm], many_firms)
        zone_planned = np.bincount(people.destination, weight * due, many_zones)[self.firm_zone]
        zone_arrived = np.bincount(people.destination, came, many_zones)[self.firm_zone]
        share = np.ones(many_firms)
        np.divide(zone_arrived, zone_planned, out=share, where=zone_planned > 0)
        np.divide(arrived, planned, out=share, where=planned > 0)
        firms.labour = np.clip(share, 0.0, 1.0)

    def _cut_off(self, hour: int, who: NDArray[np.bool_], weekend: bool) -> None:
        """Tell which zones have lost their ways, each with the closure on the ordinary way that lost it most trips."""
        people, traffic = self.people, self.traffic
        assert people is not None  # noqa: S101 - callers look first
        assert traffic is not None  # noqa: S101 - callers look first
        assert self.state is not None  # noqa: S101 - callers look first
        lost = np.bincount(people.out_pair[who], people.persons[who], len(people.out.origin))
        zone_lost = np.bincount(people.origin[who], people.persons[who], len(self.residents))
        zone_all = np.bincount(people.origin, people.persons * people.due(0), len(self.residents))
        cut = zone_lost > 0.5 * np.maximum(zone_all, 1e-9)
        fresh = cut & ~self.cut
        for zone in np.flatnonzero(self.cut & ~cut):
            self.record.tell(hour, str(self.city["zones"].index[zone]), "reachable", "")
        self.cut = cut
        if not fresh.any():
            return
        offsets, store, owner, _ = traffic.ordinary[OUT, weekend].paths
        closed = self.state.closed[: self.links]
        rows = []
        pair_zone = np.zeros(len(lost), np.int64)
        pair_zone[people.out_pair] = people.origin
        for path in np.flatnonzero((lost > 0)[owner] & fresh[pair_zone[owner]]):
            links = store[offsets[path] : offsets[path + 1]]
            links = links[links < self.links]
            shut = links[closed[links]]
            if len(shut):
                rows.append((pair_zone[owner[path]], shut[0], lost[owner[path]]))
        blame = np.array(rows, float).reshape(-1, 3)
        for zone in np.flatnonzero(fresh):
            mine = blame[blame[:, 0] == zone]
            cause = -1
            if len(mine):
                links, index = np.unique(mine[:, 1].astype(int), return_inverse=True)
                worst = int(links[np.bincount(index, mine[:, 2]).argmax()])
                cause = int(self.link_closed_by[worst])
            name = str(self.city["zones"].index[zone])
            self.record.tell(hour, name, "cut_off", "no_way", cause, f"{zone_lost[zone]:.0f}")

    # -- 5. what is written down ------------------------------------------------------------------

    def _economy(self, hour: int, hour_of_day: int, weekday: int) -> None:
        firms = self.model.firms
        if firms is None:
            return
        intact = self.services.intact[self.firm_component]
        power = self.services.up[self.firm_component] | ~intact
        made, full = firms.tick(hour_of_day, weekday, intact, power)
        put = self.record.put
        put("economy/value_added", hour, float(made.sum()))
        put("economy/value_added_full", hour, float(full.sum()))
        put("economy/firms_closed", hour, float((~intact).sum()))
        sectors = self.city["sectors"].index
        by_sector = np.bincount(firms.sector, made, len(sectors))
        for name, value in zip(sectors, by_sector, strict=True):
            put("economy/value_added", hour, float(value), str(name))
        if hour_of_day == 23:
            firms.trade(weekday, self._goods_pass())

    def _goods_pass(self) -> NDArray[np.bool_]:
        """Return which supply links can be driven: both firms in the largest open part of the roads."""
        supply = self.city.supply
        assert supply is not None  # noqa: S101 - callers look first
        if self.road is None or self.state is None or not self.state.closed.any():
            return np.ones(len(supply.supplier), np.bool_)
        reach = self.road.largest_part(self.state.closed)[self.road.zone_node]
        reach |= ~self.road.connected
        ok = reach[self.firm_zone]
        return ok[supply.supplier] & ok[supply.buyer]

    def _safety(self, hour: int) -> None:
        put, people = self.record.put, self.residents
        for k, depth in enumerate(DEPTHS):
            put(f"safety/people_in_{round(depth * 100):03d}cm", hour, float((people * self.water.zone_share[:, k]).sum()))
        put("safety/water_level", hour, self.water.level_m)
        dark = ~self.services.up[self.zone_component]
        self.people_dark = np.where(dark, self.people_dark + 1, 0.0)
        put("safety/people_without_power", hour, float(people[dark].sum()))
        long = self.people_dark > default("safety.long_outage_hours")
        put("safety/people_long_without_power", hour, float(people[long].sum()))
        if len(self.hospitals):
            working = self.services.up[self.hospitals]
            put("safety/hospitals_down", hour, float((~working).sum()))
            if self.road is not None and self.state is not None:
                near = self._near_hospital(working)
                put("safety/people_near_hospital", hour, float(people[near].sum()))
                dry_share = 1.0 - self.water.zone_share[:, DEPTHS.index(0.30)]
                put("safety/safe_residents", hour, float((people * dry_share)[near].sum()))

    def _near_hospital(self, working: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which zones reach a working hospital in time; zones without a road count as near none."""
        assert self.road is not None  # noqa: S101 - callers look first
        minutes, closed = self._for_emergency()
        key = (working.tobytes(), minutes.tobytes() + closed.tobytes())
        if self.access is None or self.access_key != key:
            self.access_key = key
            nodes = self.hospital_node[working]
            if len(nodes) == 0:
                self.access = np.full(len(self.residents), np.inf)
            else:
                reach = minutes_to_nearest(self.road.graph, nodes, minutes, closed)
                self.access = reach[self.road.zone_node]
        return np.asarray(self.access <= default("safety.hospital_minutes"))

    def _draw(self, hour: int, roads_changed: bool) -> None:
        """Write maps down as changes."""
        if roads_changed and self.state is not None:
            ids = self.city["road_links"].index
            closed = self.state.closed[: self.links].astype(float)
            speed = np.round(self.state.speed[: self.links], 2)
            for name, now, before in (("closed", closed, self.drawn_closed), ("speed", speed, self.drawn_speed)):
                self.record.draw(name, hour, ids[now != before], now[now != before])
            self.drawn_closed, self.drawn_speed = closed, speed
        up = self.services.up.astype(float)
        changed_up = up != self.drawn_up
        self.record.draw("up", hour, self.city.components[changed_up], up[changed_up])
        self.drawn_up = up
        cells = self.water.cells_m
        if cells is not None and hour % 3 == 0:
            deep = np.minimum(np.ceil(cells.ravel() * 10.0 - 1e-9), 255).astype(np.uint8)
            before_cells = self.shown_cells if self.shown_cells is not None else np.zeros(len(deep), np.uint8)
            changed = np.flatnonzero(deep != before_cells)
            if len(changed):
                self.record.fields.append(
                    pd.DataFrame({"hour": hour, "cell": changed.astype(np.int32), "depth_dm": deep[changed]})
                )
            self.shown_cells = deep
