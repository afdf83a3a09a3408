"""What breaks and how it is mended: by itself, by the owner's staff, or by a crew that comes over the roads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np

from resilience.agents.crews import Dispatcher, Job
from resilience.hazards.hazard import CREW, NOBODY, Damage

if TYPE_CHECKING:
    from resilience.base.arrays import Bools
    from resilience.simulation.world import World


@dataclass(eq=False)
class Harm:
    """What one damage has done to one component, until it is made good.

    Parameters
    ----------
    component : its number
    cause : number of the event that did it
    loss : service lost, 0 to 1
    failure : number of the event in which the component failed by it, -1 where it works in part
    until : hour at which it is over by itself, nan where somebody must repair it
    staff_hours : work of the owner's staff from when the site is dry, begun anew if it floods again; nan where others
        do it
    dry_m : depth below which the staff works, metres
    done_hour : hour at which the staff is done, nan while it does not work
    job : work of a crew, None where none must come

    """

    component: int
    cause: int
    loss: float
    failure: int = -1
    until: float = np.nan
    staff_hours: float = np.nan
    dry_m: float = np.inf
    done_hour: float = np.nan
    job: Job | None = None


@dataclass
class Repairs:
    """Keeps account of what is damaged and by whom it is repaired.

    Of several damages to one component the largest that is not yet made good counts.
    """

    world: World
    harms: dict[int, list[Harm]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        world = self.world
        self._held: dict[int, Bools] = {}  # answers of `held` for the harms as they are
        order = world.inputs.operations.repair_order
        self.dispatcher = Dispatcher(world.env, world.model.crews, order, world, self._crew_tells)
        world.damage, world.held, world.dispatcher = self.damage, self.held, self.dispatcher

    @classmethod
    def of(cls, world: World) -> Self:
        """Return the part."""
        return cls(world)

    def step(self, hour: int) -> None:
        """End the repairs that are due."""
        if self.finish(hour):
            self.world.touched = True

    def held(self, cause: int) -> Bools:
        """Return the components that an event has damaged and that are not mended yet, shape (components,).

        The array is read-only.
        """
        if cause not in self._held:
            mine = np.zeros(len(self.world.city.components), np.bool_)
            mine[[harm.component for harms in self.harms.values() for harm in harms if harm.cause == cause]] = True
            mine.flags.writeable = False
            self._held[cause] = mine
        return self._held[cause]

    def damage(self, hour: int, cause: int, damage: Damage) -> None:
        """Take damage in: each is work of its own, for a crew or for the staff; what is over by itself is none."""
        world = self.world
        world.touched = True
        jobs: dict[str, list[tuple[int, Harm]]] = {}
        for k, name in enumerate(damage.component):
            c = int(world.city.components.get_loc(name))
            if damage.loss[k] <= 0:
                continue
            harm = Harm(c, cause, float(damage.loss[k]))
            if harm.loss >= 1.0:
                harm.failure = world.record.tell(hour, name, "failed", damage.cause, cause)
            if damage.repaired_by[k] == NOBODY:
                harm.until = float(damage.until_hour[k])
            elif damage.repaired_by[k] == CREW:
                work_name = damage.work[k] if damage.work else ""
                jobs.setdefault(work_name or f"{name} {k}", []).append((k, harm))
            else:
                harm.staff_hours, harm.dry_m = float(damage.repair_hours[k]), float(damage.dry_m[k])
            self.harms.setdefault(c, []).append(harm)
            self._settle(hour, c)
        for rows in jobs.values():
            self._ask_for_crew(hour, damage, rows)

    def _ask_for_crew(self, hour: int, damage: Damage, rows: list[tuple[int, Harm]]) -> None:
        """Put the work on some components on the list as one job, as long as the longest of them."""
        world, numbers = self.world, [k for k, _ in rows]
        sites: dict[int, float] = {}
        for k, harm in rows:
            sites[harm.component] = min(float(damage.dry_m[k]), sites.get(harm.component, np.inf))
        job = self.dispatcher.add(
            Job(
                sites=sites,
                work_hours=float(damage.repair_hours[numbers].max()),
                people=float(world.services.people_behind[list(sites)].max()),
                failed_hour=float(hour),
                name=damage.work[numbers[0]] if damage.work else "",
            )
        )
        for _, harm in rows:
            harm.job = job

    def finish(self, hour: int) -> bool:
        """End what is due and return whether there was any."""
        finished = list(self.dispatcher.finished)
        self.dispatcher.finished.clear()
        depth_m = self.world.depth_m
        over: dict[int, list[Harm]] = {}
        for c, harms in self.harms.items():
            for harm in harms:
                if harm.job is not None:
                    done = harm.job in finished
                else:
                    done = harm.until <= hour or _staff_done(harm, hour, depth_m[c])
                if done:
                    over.setdefault(c, []).append(harm)
        for c, mended in over.items():
            self._mended(hour, c, mended)
        return bool(over)

    def _mended(self, hour: int, component: int, over: list[Harm]) -> None:
        """Take harm off a component, and tell when it works again; what ended last in the record is what held it."""
        left = [harm for harm in self.harms[component] if harm not in over]
        if left:
            self.harms[component] = left
        else:
            del self.harms[component]
        was_out = not self.world.services.intact[component]
        self._settle(hour, component)
        last = max(over, key=lambda harm: harm.failure)
        if component in self.world.mended:
            self.world.mended[component] = hour, last.failure
        if was_out and self.world.services.intact[component]:
            what = "repaired" if np.isnan(last.until) else "switched_on"
            self.world.record.tell(hour, self.world.name(component), what, "", last.failure)

    def _settle(self, hour: int, component: int) -> None:
        """Bring the loss of a component and the failure that explains it up to date: the first that holds it yet."""
        harms, world = self.harms.get(component, []), self.world
        self._held.clear()
        world.services.loss[component] = max((harm.loss for harm in harms), default=0.0)
        failures = [harm.failure for harm in harms if harm.failure >= 0]
        before = world.harmed_by.pop(component, -1)
        if failures:
            before = max(before, world.mended.pop(component, (-1, -1))[1])  # mended, and damaged before it was back
            world.harmed_by[component] = failures[0]
            if before not in (-1, failures[0]):
                world.taken_over.add(component)
        elif before >= 0:
            world.mended[component] = hour, before
            world.taken_over.add(component)

    def _crew_tells(self, what: str, job: Job, crew: int) -> None:
        world = self.world
        mine = [harm for c in job.sites for harm in self.harms.get(c, []) if harm.job is job]
        failures = [harm.failure for harm in mine if harm.failure >= 0]
        cause = min(failures) if failures else mine[0].cause  # damage that stops nothing goes back to what did it
        world.record.tell(world.env.now, world.name(job.component), what, "", cause, f"crew:{crew}")


def _staff_done(harm: Harm, hour: int, depth_m: float) -> bool:
    """Return whether the owner's staff is done; it begins when the site is dry, anew after each time that it is not."""
    if depth_m >= harm.dry_m:
        harm.done_hour = np.nan
    elif harm.done_hour != harm.done_hour:  # nan: it does not work yet
        harm.done_hour = hour + harm.staff_hours
    return harm.done_hour <= hour


class Dispatch:
    """Sends the crews that are idle, once the roads of the hour are known."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self.dispatcher = dispatcher

    @classmethod
    def of(cls, world: World) -> Self | None:
        """Return the part, None in a run without hazards."""
        return cls(world.dispatcher) if world.dispatcher is not None and world.scenario.severity else None

    def step(self, hour: int) -> None:
        """Send every idle crew to the first job in order that is dry and that it can reach."""
        self.dispatcher.send()
