"""The hazards of a run: every hour each event steps and brings water and damage."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Self

import numpy as np

from resilience.hazards.hazard import begin

if TYPE_CHECKING:
    from resilience.city.water import Water
    from resilience.simulation.world import World


class Events:
    """Lets the events of the scenario step, in the order in which the scenario names them."""

    def __init__(self, world: World) -> None:
        self.world = world
        scenario, record = world.scenario, world.record
        self.dry = world.water  # nothing has happened yet
        self.causes: dict[str, int] = {}
        for name, severity in scenario.severity.items():
            self.causes[name] = record.tell(scenario.onset.hour, f"hazard:{name}", "hazard", detail=f"{severity:g}")
            event = begin(name, world.inputs.hazards[name], world.inputs, severity, scenario.onset, world.streams)
            world.events[name] = event

    @classmethod
    def of(cls, world: World) -> Self | None:
        """Return the part, None in a run without hazards."""
        return cls(world) if world.scenario.severity else None

    def step(self, hour: int) -> None:
        """Bring the water of the hour, and hand the damage of the hour to those who repair it."""
        world = self.world
        view = world.view(hour)
        water: Water | None = None
        by = np.full(world.links, -1)
        world.waters.clear()
        for name, event in world.events.items():
            brought, damage = event.step(hour, replace(view, held=world.held(self.causes[name])))
            if brought is not None:
                deeper = brought.link_m > (0.0 if water is None else water.link_m)
                by[deeper] = self.causes[name]
                world.waters[self.causes[name]] = brought
                water = brought if water is None else water.deepest(brought)
            if len(damage):
                world.damage(hour, self.causes[name], damage)
        now = self.dry if water is None else water
        if now is not world.water:
            world.set_water(now, by)
