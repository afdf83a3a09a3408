"""When what is damaged is back: two damages to one component must both be mended."""

from __future__ import annotations

from types import SimpleNamespace

import mesa
import numpy as np
import pandas as pd
import pytest
import simpy

from resilience.agents.crews import Crew
from resilience.hazards.hazard import OWN_STAFF, Damage
from resilience.simulation.repairs import Repairs


class Stand:
    """One component that is damaged, and nobody behind it."""

    def __init__(self):
        self.loss, self.people_behind = np.zeros(1), np.zeros(1)

    @property
    def intact(self):
        return self.loss < 1


def hours_out(damages, *, crews=2, until=100):
    """Return the hours in which the only component is out, and what was told of it; nobody has to travel."""
    env, model, told = simpy.Environment(), mesa.Model(seed=0), []
    model.crews = [Crew(model, i, 0) for i in range(crews)]
    world = SimpleNamespace(
        inputs=SimpleNamespace(operations=SimpleNamespace(repair_order="first-failed-first")),
        env=env,
        model=model,
        city=SimpleNamespace(components=pd.Index(["power:F"])),
        services=Stand(),
        record=SimpleNamespace(tell=lambda hour, name, what, *_: told.append((float(hour), what)) or len(told)),
        harmed_by={},
        mended={},
        taken_over=set(),
        places=lambda _: [(0,)],
        name=lambda _: "power:F",
        depth_at=lambda _: 0.0,
        depth_m=np.zeros(1),
        hours_between=lambda *_: 0.0,
        touched=False,
    )
    repairs, out = Repairs.of(world), []

    def clock():
        for hour in range(until):
            repairs.step(hour)
            for at, damage in damages:
                if at == hour:
                    repairs.damage(hour, -1, damage)
            repairs.dispatcher.send()
            if world.services.loss[0] > 0:
                out.append(hour)
            yield env.timeout(1)

    env.process(clock())
    env.run(until=until)
    return out, told


def broken(hours, **more):
    return Damage.of(["power:F"], repair_hours=hours, cause="broken", **more)


def test_the_long_work_counts_though_the_short_one_came_first():
    """A crew sets out within an hour: at work at 8, done at 48; the short work, 7 to 9, changes only the beginning."""
    long, _ = hours_out([(7, broken(40))])
    both, told = hours_out([(6, broken(2)), (7, broken(40))])
    assert long == list(range(7, 48))
    assert both == list(range(6, 48))  # 42 hours
    assert [t for t in told if t[1] == "repaired"] == [(48.0, "repaired")]


@pytest.mark.parametrize("first", [2, 40])
def test_one_crew_does_one_work_after_the_other(first):
    """An hour to set out, the one work, an hour to set out again, the other: 6 + 1 + 2 + 1 + 40."""
    out, _ = hours_out([(6, broken(first)), (7, broken(42 - first))], crews=1)
    assert out == list(range(6, 50))


@pytest.mark.parametrize("first", [2, 40])
def test_the_work_of_the_staff_is_done_when_all_of_it_is(first):
    """Staff begin in the hour after the damage: 40 h of work begun at 7 end at 47, begun at 8 at 48."""
    by = {"repaired_by": OWN_STAFF}
    out, told = hours_out([(6, broken(first, **by)), (7, broken(42 - first, **by))])
    assert out == list(range(6, 48 if first == 2 else 47))
    assert [what for _, what in told].count("repaired") == 1


def test_a_component_of_staff_and_crew_is_back_when_both_are_done():
    """The crew is at work from 7 to 17, the staff from 7 to 12."""
    out, _ = hours_out([(6, broken(10)), (6, broken(5, repaired_by=OWN_STAFF))])
    assert out == list(range(6, 17))


def test_two_works_that_end_at_once_are_told_once():
    _, told = hours_out([(6, broken(3)), (6, broken(3))])
    assert [t for t in told if t[1] == "repaired"] == [(10.0, "repaired")]
