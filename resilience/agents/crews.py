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
    """Work on one component.

    Parameters
    ----------
    component : number of the component
    node : junction where the crew leaves the road
    work_hours : work on the site
    people : people who depend on the component
    failed_hour : when it failed
    dry_m : depth below which work can start
    also : other components that are whole with it
    or_at : other junctions where the crew may as well leave the road, as at the far end of a tunnel

    """

    component: int
    node: int
    work_hours: float
    people: float
    failed_hour: float
    dry_m: float
    also: tuple[int, ...] = ()
    or_at: tuple[int, ...] = ()
    taken: bool = False


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
    tell: Callable[[str, int, int], None]
    jobs: list[Job] = field(default_factory=list)
    finished: list[int] = field(default_factory=list)
    idle: Any = field(init=False)

    def __post_init__(self) -> None:
        self.idle = simpy.FilterStore(self.env)
        self.idle.items.extend(self.crews)

    def add(self, job: Job) -> None:
        """Put a job on the list."""
        self.jobs.append(job)

    def send(self) -> None:
        """Send every idle crew to the first job in order that is dry and that it can reach."""
        waiting = [j for j in self.jobs if not j.taken and self.city.depth_at(j.component) < j.dry_m]
        if not waiting or not self.idle.items:
            return
        if self.order == "most-people-first":
            waiting.sort(key=lambda j: (-j.people, j.failed_hour, j.component))
        else:
            waiting.sort(key=lambda j: (j.failed_hour, j.component))
        for job in waiting:
            if not self.idle.items:
                return
            hours, _, node, crew = min(
                (
                    (self.city.hours_between(crew.node, node), crew.number, node, crew)
                    for crew in self.idle.items
                    for node in (job.node, *job.or_at)
                ),
                key=lambda way: way[:2],
            )
            if hours < float("inf"):
                job.taken = True
                self.env.process(self._work(crew, job, node, hours))
                self.idle.items.remove(crew)

    def _work(self, crew: Crew, job: Job, node: int, travel_hours: float) -> Generator[Any, Any, None]:
        self.tell("crew_sent", job.component, crew.number)
        yield self.env.timeout(default("crew.mobilise_hours") + travel_hours)
        crew.node = node
        while self.city.depth_at(job.component) >= job.dry_m:
            yield self.env.timeout(default("crew.retry_hours"))
        self.tell("crew_arrived", job.component, crew.number)
        yield self.env.timeout(job.work_hours)
        self.jobs.remove(job)
        self.finished += [job.component, *job.also]
        yield self.idle.put(crew)
