"""A stronger hazard damages a superset; no draw depends on the option or on how strong the hazard is."""

from __future__ import annotations

import numpy as np
import pytest

from resilience.base.streams import Streams
from resilience.city.view import View


def view(city, hour, undamaged):
    up = np.ones(len(city.components), bool)
    closed = np.zeros(len(city["road_links"]), bool)
    return View(hour=hour, weekday=0, components=city.components, up=up, undamaged=undamaged, held=~undamaged,
                water=None, closed=closed, warned=False)  # fmt: skip


def direct(inputs, scenario, replicate, *, every=6):
    """All direct damage of a scenario without repairs: component -> (hazard's cause, repair hours)."""
    city = inputs.city
    undamaged = np.ones(len(city.components), bool)
    streams = Streams(1, replicate)
    events = [inputs.hazards[n].start(inputs, s, scenario.onset, streams) for n, s in scenario.severity.items()]
    found = {}
    for hour in sorted({*range(0, scenario.hours, every), scenario.onset.hour}):
        for event in events:
            _, damage = event.step(hour, view(city, hour, undamaged.copy()))
            undamaged[city.components.get_indexer(damage.component)] = False
            for name, work in zip(damage.component, damage.repair_hours, strict=True):
                found.setdefault(name, (damage.cause, float(work)))
    return found


@pytest.mark.parametrize("replicate", range(2))
def test_every_rung_damages_what_the_rung_below_damages(sioux, replicate):
    scenarios = sioux.scenarios
    for ladder in sioux.ladders:
        below: dict = {}
        for name in ladder.scenarios:
            found = direct(sioux.inputs, scenarios[name], replicate)
            assert set(below) <= set(found), name
            assert {c: found[c] for c in below} == below
            below = found
        assert below


@pytest.mark.parametrize("scenario", ["lake-4m", "lake-3m-blackout-25"])
def test_options_leave_the_draws_of_everything_they_do_not_touch(sioux, scenario):
    bare = direct(sioux.inputs, sioux.scenarios[scenario], 0)
    for name, option in sioux.options.items():
        found = direct(option.apply(sioux.inputs), sioux.scenarios[scenario], 0)
        assert set(found) <= set(bare), name
        assert {c: bare[c] for c in found} == found


def test_measures_take_damage_away_somewhere(sioux):
    option = sioux.options["protect-power"]
    gained = 0
    for replicate in range(4):
        bare = direct(sioux.inputs, sioux.scenarios["lake-5m"], replicate, every=12)
        kept = direct(option.apply(sioux.inputs), sioux.scenarios["lake-5m"], replicate, every=12)
        gained += len(set(bare) - set(kept))
    assert gained > 0


def test_replicates_differ(sioux):
    scenario = sioux.scenarios["lake-4m"]
    assert direct(sioux.inputs, scenario, 0, every=12) != direct(sioux.inputs, scenario, 1, every=12)
