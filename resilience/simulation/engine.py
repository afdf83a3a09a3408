"""run(): one city, one scenario, one option, one replicate; the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import simpy

from resilience.simulation.parts import parts_of
from resilience.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from resilience.agents.population import Population
    from resilience.base.streams import Streams
    from resilience.case.scenario import Scenario
    from resilience.city.inputs import Inputs
    from resilience.results.record import Record
    from resilience.simulation.baseline import Baseline
    from resilience.simulation.parts import Part


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
    env = simpy.Environment()
    world = World(
        inputs, scenario, option, streams, env, people=people, ordinary=ordinary, with_maps=with_maps, code=code
    )
    parts = parts_of(world)

    def clock() -> Generator[Any, Any, None]:
        for hour in range(scenario.hours):
            tick(parts, hour)
            yield env.timeout(1)

    env.process(clock())
    env.run(until=scenario.hours)
    world.end()
    return world.record


def tick(parts: list[Part], hour: int) -> None:
    """Let every part do its share of an hour, in the order of simulation/parts.py."""
    for part in parts:
        part.step(hour)
