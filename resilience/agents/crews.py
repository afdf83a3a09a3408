"""Repair crews: SimPy resources that travel on the roads as they are, wait for the water to fall, and repair."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import mesa
import simpy

from resilience.base.defaults import default

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

ORDERS = ("most-people-first", "first-failed-first")


@dataclass(eq=False)
class Job:
    """Work on one component, or on several that are whole together, as the two bores of a tunnel.

    Parameters
    ----------
    sites : number of each component -> depth of water there below which work can start, metres
    work_hours : work in all
    people : people who depend on the components
    failed_hour : when the first of them failed
    name : what else fails of work of this name, before it is begun, is part of it; "" for work that nothing joins

    """

    sites: dict[int, float]
    work_hours: float
    people: float
    failed_hour: float
    name: str = ""
    taken: bool = False
    begun: bool = False

    @property
    def component(self) -> int:
        """The component by which the job is told."""
        return min(self.sites)


class Crew(mesa.Agent):
    """One repair crew and the junction where it is."""

    def __init__(self, model: mesa.Model, number: int, node: int) -> None:
        super().__init__(model)
        self.number, self.node = number, node


class Surroundings(Protocol):
    """What crews ask of the running city."""

    def depth_at(self, component: int) -> float:
        """Return the depth of water at a component, metres."""
        ...

    def places(self, components: list[int]) -> list[tuple[int, ...]]:
        """Return where a crew must go for components: places, each some junctions of which any will do; -1 is none."""
        ...

    def hours_between(self, node: int, goal: int) -> float:
        """Return the travel time of a crew on the roads as they are, hours; inf without a way."""
        ...


@dataclass
class Dispatcher:
    """Sends idle crews to jobs: the store of idle crews is a SimPy FilterStore, each job a SimPy process."""

    env: simpy.Environment
    crews: list[Crew]
    order: str
    city: Surroundings
    tell: Callable[[str, Job, int], None]
    jobs: list[Job] = field(default_factory=list)
    finished: list[Job] = field(default_factory=list)
    idle: Any = field(init=False)

    def __post_init__(self) -> None:
        self.idle = simpy.FilterStore(self.env)
        self.idle.items.extend(self.crews)

    def add(self, job: Job) -> Job:
        """Put a job on the list, or let one of its name take it in; return the one that it is.

        One takes it in as long as no crew has begun with it, and after a crew has set out if that asks for no other
        place, as another bore of the same tunnel does not.
        """
        for known in self.jobs:
            if job.name and known.name == job.name and not known.begun:
                there = {end for place in self.city.places(list(known.sites)) for end in place if end >= 0}
                if known.taken and not all(there & set(place) for place in self.city.places(list(job.sites))):
                    continue
                for component, dry in job.sites.items():
                    known.sites[component] = min(dry, known.sites.get(component, dry))
                known.work_hours = max(known.work_hours, job.work_hours)
                known.people = max(known.people, job.people)
                return known
        self.jobs.append(job)
        return job

    def send(self) -> None:
        """Send every idle crew to the first job in order that is dry and that it can reach."""
        waiting = [job for job in self.jobs if not job.taken and self._dry(job)]
        if not waiting or not self.idle.items:
            return
        if self.order == "most-people-first":
            waiting.sort(key=lambda j: (-j.people, j.failed_hour, j.component))
        else:
            waiting.sort(key=lambda j: (j.failed_hour, j.component))
        for job in waiting:
            if not self.idle.items:
                return
            (hours, goal), crew = min(
                ((self._way(crew.node, job), crew) for crew in self.idle.items),
                key=lambda way: (way[0][0], way[1].number),
            )
            if hours < float("inf"):
                job.taken = True
                self.env.process(self._work(crew, job, hours, goal))
                self.idle.items.remove(crew)

    def _dry(self, job: Job) -> bool:
        return all(self.city.depth_at(component) < dry for component, dry in job.sites.items())

    def _way(self, node: int, job: Job) -> tuple[float, int]:
        """Return the hours from a junction to all places of a job, each time to the nearest next, and where it ends.

        The hours are inf where a place is not reached.
        """
        left, total = list(self.city.places(list(job.sites))), 0.0
        while left and total < float("inf"):
            hours, node, place = min(
                (self.city.hours_between(node, end), end, place) for place in left for end in place
            )
            total += hours
            left.remove(place)
        return total, node

    def _work(self, crew: Crew, job: Job, travel_hours: float, goal: int) -> Generator[Any, Any, None]:
        self.tell("crew_sent", job, crew.number)
        yield self.env.timeout(default("crew.mobilise_hours") + travel_hours)
        crew.node = goal
        while not self._dry(job):
            yield self.env.timeout(default("crew.retry_hours"))
        job.begun = True
        self.tell("crew_arrived", job, crew.number)
        yield self.env.timeout(job.work_hours)
        self.jobs.remove(job)
        self.finished.append(job)
        yield self.idle.put(crew)
