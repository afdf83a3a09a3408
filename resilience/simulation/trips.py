"""A day's trips: who goes out in the morning, on which roads, and who comes back in the evening."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from resilience.agents.commuters import Choice
from resilience.agents.outlook import Outlook
from resilience.agents.patience import patience
from resilience.agents.population import PURPOSES, Population
from resilience.base.arrays import sums
from resilience.base.defaults import default
from resilience.city.water import DEPTHS
from resilience.simulation.baseline import BACK, OUT

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from resilience.agents.firms import Firms
    from resilience.base.arrays import Bools, Floats
    from resilience.simulation.static_traffic import Traffic
    from resilience.simulation.world import World
    from resilience.traffic.equilibrium.solution import Assignment


DEEP = DEPTHS.index(0.30)
HOPELESS_LOAD = 1.5


class Mobility:
    """The trip makers of a run.

    Attributes
    ----------
    away : people who are at the place they went to, the stranded among them, shape (people,)
    at_desk : people who work from home today, shape (people,)

    """

    def __init__(
        self, world: World, people: Population, traffic: Traffic, commuters: Any, at_risk: Callable[[int], Bools]
    ) -> None:
        self.world, self.people, self.traffic, self.commuters = world, people, traffic, commuters
        self.at_risk = at_risk
        self.away = np.zeros(len(people), np.bool_)
        self.at_desk = np.zeros(len(people), np.bool_)
        zones = len(world.residents)
        self.asked = np.zeros(zones, np.bool_)
        self.asked[people.origin] = True
        self.cut = np.zeros(zones, np.bool_)
        self.planned_of_zone = sums(people.origin, people.persons * people.weekday, zones)
        self.pair_zone = np.zeros(len(people.out.origin), np.int64)
        self.pair_zone[people.out_pair] = people.origin
        self.works = people.purpose == PURPOSES.index("work")

    def morning(self, hour: int, weekday: int, firms: Firms | None) -> NDArray[np.float64] | None:
        """Let the day's trips out; return the flow on road links, None where no traffic was solved."""
        world, people, traffic = self.world, self.people, self.traffic
        assert world.roads is not None  # noqa: S101 - there is traffic only where there are roads
        weekend = weekday >= 5
        expected = traffic.expected(OUT, weekend, world.roads)
        usual = traffic.ordinary[OUT, weekend].od_minutes
        due = people.due(weekday)
        free = due & ~self.away
        now = expected[people.out_pair]
        choice = np.asarray(self.commuters.decide(self._outlook(hour, free, usual[people.out_pair], now)), np.int64)
        choice = np.where((choice == Choice.GO) & ~np.isfinite(now), int(Choice.NO_WAY), choice)
        goes, self.at_desk = free & (choice == Choice.GO), free & (choice == Choice.TELEWORK)
        demand = sums(people.out_pair, people.vehicles * goes, len(people.out.origin))
        solved = traffic.solve(OUT, weekend, world.roads, demand, expected)
        self.away |= goes
        delay = (solved.od_minutes - usual)[people.out_pair]
        self._count(hour, due, goes | self.at_desk, goes, delay, usual[people.out_pair])
        for reason in Choice:
            count = float(people.persons[free & (choice == reason)].sum())
            world.record.put(f"travel/{reason.name.lower()}", hour, count)
        self._road_figures(hour, OUT, weekend, solved, demand)
        if firms is not None:
            firms.labour = self._labour(due, goes)
        self._cut_off(hour, free & (choice == Choice.NO_WAY))
        return solved.flow[: world.links]

    def evening(self, hour: int, weekday: int) -> NDArray[np.float64] | None:
        """Let everyone who is out come back where there is a way; return the flow on road links."""
        world, people, traffic = self.world, self.people, self.traffic
        assert world.roads is not None  # noqa: S101 - there is traffic only where there are roads
        weekend = weekday >= 5
        expected = traffic.expected(BACK, weekend, world.roads)
        usual = traffic.ordinary[BACK, weekend].od_minutes
        due = people.due(weekday)
        goes = self.away & np.isfinite(expected[people.back_pair])
        demand = sums(people.back_pair, people.vehicles * goes, len(people.back.origin))
        solved = traffic.solve(BACK, weekend, world.roads, demand, expected)
        stranded = self.away & ~goes
        self.away = stranded
        delay = (solved.od_minutes - usual)[people.back_pair]
        self._count(hour, due, due & (goes | self.at_desk), due & goes, delay, usual[people.back_pair])
        world.record.put("travel/stranded", hour, float(people.persons[stranded].sum()))
        self._road_figures(hour, BACK, weekend, solved, demand)
        return solved.flow[: world.links]

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
            home_at_risk=self.at_risk(hour)[people.origin],
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

    def _labour(self, due: Bools, goes: Bools) -> Floats:
        """Return the share of its workers that each firm has today: weighted work trips that arrived over planned.

        Work from home counts in part; a firm without work trips of its own takes the share of its zone, and all of
        its workers where the zone has none either (they live next door).
        """
        people, world = self.people, self.world
        firms, zones = world.city["firms"], world.city["zones"]
        zone = np.asarray(zones.index.get_indexer(firms["zone"]), np.int64)
        weight = people.persons * self.works
        came = weight * (goes + default("economy.telework_output") * self.at_desk)
        own = self.works & (people.firm >= 0)
        planned, arrived = (sums(people.firm[own], part[own], len(firms)) for part in (weight * due, came))
        zone_planned, zone_arrived = (sums(people.destination, part, len(zones))[zone] for part in (weight * due, came))
        share = np.ones(len(firms))
        np.divide(zone_arrived, zone_planned, out=share, where=zone_planned > 0)
        np.divide(arrived, planned, out=share, where=planned > 0)
        return np.clip(share, 0.0, 1.0)

    def _count(self, hour: int, due: Bools, done: Bools, drove: Bools, delay: Floats, usual: Floats) -> None:
        people, record = self.people, self.world.record
        weight, worth = people.persons, people.persons * people.priority
        late = drove & (delay > default("traffic.late_min"))
        lost = np.maximum(np.where(drove & np.isfinite(delay), delay, 0.0), 0.0)
        charge = np.where(due & ~done & np.isfinite(usual), patience(usual), 0.0)
        for name, value in (
            ("planned", weight[due].sum()),
            ("completed", weight[done].sum()),
            ("late", weight[late].sum()),
            ("delay_hours", (weight * lost).sum() / 60.0),
            ("given_up_hours", (weight * charge).sum() / 60.0),
            ("planned_weighted", worth[due].sum()),
            ("completed_weighted", worth[done].sum()),
        ):
            record.put(f"travel/{name}", hour, float(value))
        zones = self.world.city["zones"].index[self.asked]
        for name, who in (("planned", due), ("completed", done)):
            by_purpose = sums(people.purpose, weight * who, len(PURPOSES))
            for number in np.unique(people.purpose):
                record.put(f"travel/{name}", hour, float(by_purpose[number]), f"purpose:{PURPOSES[number]}")
            by_zone = sums(people.origin, weight * who, len(self.asked))[self.asked]
            record.panels.setdefault(f"travel/{name}", {})[hour] = pd.Series(by_zone, index=zones)

    def _road_figures(self, hour: int, period: str, weekend: bool, solved: Assignment, demand: Floats) -> None:
        world = self.world
        assert world.roads is not None  # noqa: S101 - there is traffic only where there are roads
        assert world.road is not None  # noqa: S101 - there is traffic only where there are roads
        usual = self.traffic.ordinary[period, weekend]
        planned, now = usual.served, solved.od_minutes
        ratio = np.where(np.isfinite(now), np.minimum(1.0, usual.od_minutes / np.maximum(now, 1e-9)), 0.0)
        served = demand * np.isfinite(now)
        length = world.city["road_links"]["length_m"].to_numpy(float)
        flow = solved.flow[: world.links]
        capacity = (world.road.graph.capacity_vph * world.roads.capacity)[: world.links]
        for name, value in (
            ("closed_km", length[world.roads.closed[: world.links]].sum() / 1000.0),
            ("efficiency", (planned * ratio).sum() / max(planned.sum(), 1e-9)),
            ("vehicles", served.sum()),
            ("planned_vehicles", planned.sum()),
            ("no_way_vehicles", planned[~np.isfinite(now)].sum()),
            ("vehicle_hours", (served * np.where(served > 0, now, 0.0)).sum() / 60.0),
            ("usual_vehicle_hours", (served * np.where(served > 0, usual.od_minutes, 0.0)).sum() / 60.0),
            ("vehicle_km", (flow * length).sum() / 1000.0),
            ("overloaded_share", (flow / capacity > HOPELESS_LOAD).mean()),
            ("relative_gap", solved.relative_gap),
        ):
            world.record.put(f"traffic/{name}", hour, float(value))

    def _cut_off(self, hour: int, who: Bools) -> None:
        """Tell which zones lost their ways, each with the closure that took the most of its ordinary trips."""
        people, world = self.people, self.world
        zone_lost = sums(people.origin[who], people.persons[who], len(self.cut))
        cut = zone_lost > 0.5 * np.maximum(self.planned_of_zone, 1e-9)
        names = world.city["zones"].index
        for zone in np.flatnonzero(self.cut & ~cut):
            world.record.tell(hour, str(names[zone]), "reachable")
        fresh = cut & ~self.cut
        self.cut = cut
        if not fresh.any():
            return
        lost = sums(people.out_pair[who], people.persons[who], len(self.pair_zone))
        blame = self._blame(lost, fresh)
        for zone in np.flatnonzero(fresh):
            mine = blame[blame["zone"] == zone].groupby("link")["people"].sum()
            cause = int(world.closed_by[int(mine.idxmax())]) if len(mine) else -1
            world.record.tell(hour, str(names[zone]), "cut_off", "no_way", cause, f"{zone_lost[zone]:.0f}")

    def _blame(self, lost: Floats, zones: Bools) -> pd.DataFrame:
        """Return the first closed link on each ordinary path of the lost trips: zone, link, people."""
        world = self.world
        assert world.roads is not None  # noqa: S101 - there is traffic only where there are roads
        offsets, store, owner, _ = self.traffic.ordinary[OUT, False].paths
        closed = world.roads.closed[: world.links]
        rows = []
        for path in np.flatnonzero((lost > 0)[owner] & zones[self.pair_zone[owner]]):
            links = store[offsets[path] : offsets[path + 1]]
            shut = links[(links < world.links)]
            shut = shut[closed[shut]]
            if len(shut):
                rows.append((self.pair_zone[owner[path]], int(shut[-1]), lost[owner[path]]))
        return pd.DataFrame(rows, columns=["zone", "link", "people"])
