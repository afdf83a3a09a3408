"""Services settle: what was damaged or repaired makes others fall or return, hour by hour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from resilience.simulation.world import World


class Settle:
    """Lets services fall and return where anything was damaged or repaired, or a buffer runs."""

    def __init__(self, world: World) -> None:
        self.world = world

    @classmethod
    def of(cls, world: World) -> Self:
        """Return the part."""
        return cls(world)

    def step(self, hour: int) -> None:
        """Bring services to their fixed point and tell what changed with its cause."""
        world = self.world
        if not (world.touched or hour == 0 or world.services.unsettled()):
            return
        world.touched = False
        changes = world.services.step(hour, world.taken_over)
        world.taken_over.clear()
        for change in changes:
            name = world.name(change.component)
            if change.up:
                at, mended = world.mended.pop(change.component, (-1, -1))
                lost_by = world.lost_by.pop(change.component, mended)
                world.record.tell(hour, name, "back", "", mended if at == hour else lost_by)
            elif change.reason != "damaged":
                causes = [cause for c in change.sources if (cause := world.why_out(c)) >= 0] or [-1]
                what = "still_out" if change.still else "failed"
                world.lost_by[change.component] = world.record.tell(
                    hour, name, what, change.reason, causes[0], together=causes[1:], alternatives=change.alternatives
                )
        if world.services.shed_gap > 0:
            world.record.put("power/shed_gap", hour, world.services.shed_gap)
