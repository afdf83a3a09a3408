"""A day's trips: who goes out in the morning, on which roads, and who comes back in the evening."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from resilience.agents.commuters import Choice
from resilience.agents.outlook import Outlook
from resilience.agents.patience import patience
from resilience.agents.population import PURPOSES, Population
from resilience.base.arrays import sums
from resilience.base.defaults import default
from resilience.city.water import DEEP
from resilience.simulation.baseline import BACK, OUT
from resilience.simulation.elastic import longest_delay
from resilience.simulation.static_traffic import Traffic
from resilience.simulation.trip_figures import Outcome, put_roads, put_trips

if TYPE_CHECKING:
    from resilience.base.arrays import Bools, Floats, Ints
    from resilience.networks.road import RoadModel
    from resilience.simulation.baseline import Baseline
    from resilience.simulation.world import World

NIGHT_MIN = 24.0 * 60.0  # from one evening to the next, when whoever could not come home tries again


class Trips:
    """The trip makers of a run.

    Attributes
    ----------
    away : people who are at the place they went to, the stranded among them, shape (people,)
    at_desk : people who work from home today, shape (people,)
    bears_min : the longest delay that people bear with elastic demand, shape (people,); None with fixed demand

    """

    def __init__(self, world: World, road: RoadModel, people: Population, ordinary: Baseline) -> None:
        self.world, self.road, self.people = world, road, people
        self.traffic = Traffic(road, ordinary, world.inputs.rhythm)
        elastic = self.traffic.elastic
        self.bears_min = None if elastic is None else longest_delay(people.steadfast, elastic.theta)
        self.away = np.zeros(len(people), np.bool_)
        self.at_desk = np.zeros(len(people), np.bool_)
        self.commuters: Any = world.model.commuters
        self.works = people.purpose == PURPOSES.index("work")

    @classmethod
    def of(cls, world: World) -> Self | None:
        """Return the part, None where the city has no roads or no trips."""
        if world.road is None or world.people is None or world.ordinary is None:
            return None
        return cls(world, world.road, world.people, world.ordinary)

    def step(self, hour: int) -> None:
        """Let trips out or back where this is the hour."""
        world, rhythm = self.world, self.world.inputs.rhythm
        world.flow = None
        if hour % 24 == rhythm.morning:
            self._out(hour, world.weekday(hour))
        elif hour % 24 == rhythm.evening:
            self._back(hour, world.weekday(hour))
        world.record.facts["solutions"] = self.traffic.solutions

    def _out(self, hour: int, weekday: int) -> None:
        """Let the day's trips out."""
        world, people, traffic = self.world, self.people, self.traffic
        roads, weekend = world.state_of_roads, weekday >= 5
        expected = traffic.expected(OUT, weekend, roads)
        usual = traffic.usual(OUT, weekend).od_minutes
        due = people.due(weekday)
        free = due & ~self.away
        if self.bears_min is not None:  # the answer to long ways comes afterwards, and once
            expected = np.where(np.isfinite(expected), usual, np.inf)
        now = expected[people.out_pair]
        outlook = self._outlook(hour, free, usual[people.out_pair], now)
        choice = np.asarray(self.commuters.decide(outlook), np.int64)
        choice = np.where((choice == Choice.GO) & ~np.isfinite(now), int(Choice.NO_WAY), choice)
        choice = self._answer(choice, outlook, weekend)
        goes, self.at_desk = free & (choice == Choice.GO), free & (choice == Choice.TELEWORK)
        demand = sums(people.out_pair, people.vehicles * goes, len(people.out.origin))
        solved = traffic.solve(OUT, weekend, roads, demand)
        there = self.away & due  # stranded overnight, and so at the place of the task
        self.away |= goes
        usual_of = usual[people.out_pair]
        delay = (solved.od_minutes - usual)[people.out_pair]
        put_trips(world, people, hour, Outcome(due, goes | self.at_desk, goes, delay, self._borne(usual_of)))
        for reason in Choice:
            count = float(people.persons[free & (choice == reason)].sum())
            world.record.put(f"travel/{reason.name.lower()}", hour, count)
        put_roads(world, self.road, hour, traffic.usual(OUT, weekend), solved, demand)
        world.labour = self._labour(due, goes | there)
        world.flow = self.road.on_roads(solved.flow)

    def _back(self, hour: int, weekday: int) -> None:
        """Let everyone who is out come back where there is a way.

        Whoever is out bears any way home that takes less than waiting for the next evening; who has none is stranded,
        and is charged that wait, so that no way home ever looks better than a long one.
        """
        world, people, traffic = self.world, self.people, self.traffic
        roads, weekend = world.state_of_roads, weekday >= 5
        expected = traffic.expected(BACK, weekend, roads)
        usual = traffic.usual(BACK, weekend).od_minutes
        due = people.due(weekday)
        bearable = (expected < np.where(np.isfinite(usual), usual, 0.0) + NIGHT_MIN)[people.back_pair]
        goes = self.away & bearable
        demand = sums(people.back_pair, people.vehicles * goes, len(people.back.origin))
        solved = traffic.solve(BACK, weekend, roads, demand)
        stranded = self.away & ~goes
        usual_of = usual[people.back_pair]
        delay = (solved.od_minutes - usual)[people.back_pair]
        bears = np.where(self.away, NIGHT_MIN, self._borne(usual_of))
        counted = due | self.away  # who stayed overnight is counted on the day they come home, due or not
        self.away = stranded
        outcome = Outcome(due, due & (goes | self.at_desk), goes, delay, bears, counted)
        put_trips(world, people, hour, outcome)
        world.record.put("travel/stranded", hour, float(people.persons[stranded].sum()))
        put_roads(world, self.road, hour, traffic.usual(BACK, weekend), solved, demand)
        world.flow = self.road.on_roads(solved.flow)

    def _answer(self, choice: Ints, outlook: Outlook, weekend: bool) -> Ints:
        """Return the choices after elastic demand has answered to the minutes that the trips make, shape (people,).

        Whoever would bear no such delay works from home where that can be done, and stays at home otherwise.
        """
        elastic, people = self.traffic.elastic, self.people
        if elastic is None or self.bears_min is None:
            return choice
        would = outlook.due & (choice == Choice.GO)
        demand = sums(people.out_pair, people.vehicles * would, len(people.out))
        minutes = self.traffic.answered(elastic, (OUT, weekend), self.world.state_of_roads, demand)
        stays = would & (minutes[people.out_pair] - outlook.usual_min > self.bears_min)
        works = outlook.can_telework & outlook.home_power
        return np.where(stays, np.where(works, int(Choice.TELEWORK), int(Choice.TOO_LONG)), choice)

    def _borne(self, usual: Floats) -> Floats:
        """Return the longest delay borne on a trip that usually takes so long, minutes; 0 where it never had a way."""
        return np.where(np.isfinite(usual), patience(usual) if self.bears_min is None else self.bears_min, 0.0)

    # -- what trip makers know --------------------------------------------------------------------

    def _outlook(self, hour: int, free: Bools, usual: Floats, now: Floats) -> Outlook:
        people, world = self.people, self.world
        deep = world.water.zone_share[:, DEEP]
        return Outlook(
            due=free,
            usual_min=usual,
            now_min=now,
            home_flooded=people.spot < deep[people.origin],
            home_power=world.services.up[world.zone_component[people.origin]],
            home_at_risk=world.at_risk(hour)[people.origin],
            target_open=self._open_targets(deep),
            can_telework=people.can_telework,
            cautious=people.cautious,
            warned=world.warned(hour),
        )

    def _open_targets(self, deep: Floats) -> Bools:
        """Return whether the place each trip maker goes to is open, shape (people,)."""
        people, services = self.people, self.world.services
        result = ~(people.spot < deep[people.destination])
        at_firm, visits = people.firm >= 0, people.facility >= 0
        result[at_firm] = services.intact[self.world.firm_component[people.firm[at_firm]]]
        result[visits] = services.up[people.facility[visits]]
        return result

    # -- what comes of it -------------------------------------------------------------------------

    def _labour(self, due: Bools, there: Bools) -> Floats:
        """Return the share of its workers that each firm has today: weighted work trips that are there over planned.

        Who is stranded at the firm is there. Work from home counts in part; a firm without work trips of its own takes
        the share of its zone, and all of its workers where the zone has none either (they live next door).
        """
        people, world = self.people, self.world
        firms, zones = world.city["firms"], world.city["zones"]
        zone = np.asarray(zones.index.get_indexer(firms["zone"]), np.int64)
        weight = people.persons * self.works
        came = weight * (there + default("economy.telework_output") * self.at_desk)
        own = self.works & (people.firm >= 0)
        planned, arrived = (sums(people.firm[own], part[own], len(firms)) for part in (weight * due, came))
        zone_planned, zone_arrived = (sums(people.destination, part, len(zones))[zone] for part in (weight * due, came))
        share = np.ones(len(firms))
        np.divide(zone_arrived, zone_planned, out=share, where=zone_planned > 0)
        np.divide(arrived, planned, out=share, where=planned > 0)
        return np.clip(share, 0.0, 1.0)
