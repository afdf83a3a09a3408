"""What breaks and how it is mended: by itself, by the owner's staff, or by a crew that comes over the roads."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from resilience.agents.crews import Dispatcher, Job
from resilience.hazards.hazard import CREW, NOBODY, Damage

if TYPE_CHECKING:
    from resilience.simulation.world import World


@dataclass(eq=False)
class Cleanup:
    """Work of the owner's staff: `work_hours` from when the site is dry, begun anew if it floods again."""

    work_hours: float
    dry_m: float
    done_hour: float = np.nan


class Repairs:
    """Keeps account of what is damaged and by whom it is repaired."""

    def __init__(self, world: World) -> None:
        self.world = world
        order = world.inputs.operations.repair_order
        self.dispatcher = Dispatcher(world.env, world.model.crews, order, world, self._crew_tells)
        self.until = np.full(len(world.city.components), np.nan)
        self.staff: dict[int, list[Cleanup]] = {}
        self.waiting: Counter[int] = Counter()
        world.damage, world.dispatcher = self.damage, self.dispatcher

    @classmethod
    def of(cls, world: World) -> Self:
        """Return the part."""
        return cls(world)

    def step(self, hour: int) -> None:
        """End the repairs that are due."""
        if self.finish(hour):
            self.world.touched = True

    def damage(self, hour: int, cause: int, damage: Damage) -> None:
        """Take damage in: of two damages to one component the larger loss counts, and both must be mended.

        Each is work of its own, for a crew or for the staff; the component is back when all of it is done.
        """
        services = self.world.services
        self.world.touched = True
        jobs: dict[str, list[int]] = {}
        for k, name in enumerate(damage.component):
            c = int(self.world.city.components.get_loc(name))
            if damage.loss[k] <= 0:
                continue
            services.loss[c] = max(services.loss[c], float(damage.loss[k]))
            if damage.loss[k] >= 1.0:
                self.world.failed_by[c] = self.world.record.tell(hour, name, "failed", damage.cause, cause)
            if damage.repaired_by[k] == NOBODY:
                self.until[c] = np.fmax(self.until[c], damage.until_hour[k])
            elif damage.repaired_by[k] == CREW:
                work_name = damage.work[k] if damage.work else ""
                jobs.setdefault(work_name or f"{name} {k}", []).append(k)
            else:
                work = Cleanup(float(damage.repair_hours[k]), float(damage.dry_m[k]))
                self.staff.setdefault(c, []).append(work)
        for rows in jobs.values():
            self._ask_for_crew(hour, damage, rows)

    def _ask_for_crew(self, hour: int, damage: Damage, rows: list[int]) -> None:
        """Put the work on some components on the list as one job, as long as the longest of them."""
        components = [int(self.world.city.components.get_loc(damage.component[k])) for k in rows]
        self.waiting.update(components)
        self.dispatcher.add(
            Job(
                component=components[0],
                node=self.world.site_node(components[0]),
                work_hours=float(damage.repair_hours[rows].max()),
                people=float(self.world.services.people_behind[components].max()),
                failed_hour=float(hour),
                dry_m=float(damage.dry_m[rows].min()),
                also=tuple(components[1:]),
                or_at=tuple(self.world.other_ends(components)),
            )
        )

    def finish(self, hour: int) -> bool:
        """End the repairs that are due and return whether there were any."""
        done = list(self.dispatcher.finished)
        self.dispatcher.finished.clear()
        self.waiting -= Counter(done)
        over = np.flatnonzero(self.until <= hour)
        self.until[over] = np.nan
        done += [int(c) for c in over]
        done += self._staff_done(hour)
        switched = set(over.tolist())
        for c in dict.fromkeys(done):
            if np.isnan(self.until[c]) and c not in self.staff and c not in self.waiting:
                self.world.services.loss[c] = 0.0
                what = "switched_on" if c in switched else "repaired"
                self.world.record.tell(hour, self.world.name(c), what, "", self.world.failed_by.get(c, -1))
        return bool(done)

    def _staff_done(self, hour: int) -> list[int]:
        done = []
        for c, works in list(self.staff.items()):
            depth = self.world.depth_at(c)
            for work in list(works):
                if depth >= work.dry_m:
                    work.done_hour = np.nan
                elif np.isnan(work.done_hour):
                    work.done_hour = hour + work.work_hours
                elif work.done_hour <= hour:
                    works.remove(work)
            if not works:
                del self.staff[c]
                done.append(c)
        return done

    def _crew_tells(self, what: str, component: int, crew: int) -> None:
        world = self.world
        cause = world.failed_by.get(component, -1)
        world.record.tell(world.env.now, world.name(component), what, "", cause, f"crew:{crew}")


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
