"""Long checks on the real city."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace

import numpy as np
import pytest

from resilience.base import defaults
from resilience.base.streams import Streams
from resilience.case.case import load_case
from resilience.metrics.scoring import score
from resilience.simulation import static_traffic
from resilience.simulation.baseline import baseline
from resilience.simulation.engine import run
from resilience.stress.stress import stress_test
from tests.places import CASES
from tests.stress.test_stress import contents

pytestmark = pytest.mark.verify


@pytest.fixture(scope="module")
def city():
    case = load_case(CASES / "porto_alegre")
    people = case.population(1)
    return case, people, baseline(case.city.road, people, case.inputs.rhythm.relative_gap)


def go(city, name, *, replicate=0, inputs=None, ordinary=None, people=True):
    case, everyone, usual = city
    scenario = case.scenarios[name] if isinstance(name, str) else name
    return run(
        inputs or case.inputs, scenario, option="do-nothing", streams=Streams(1, replicate),
        people=everyone if people else None, ordinary=(ordinary or usual) if people else None,
    )  # fmt: skip


def test_one_worker_and_two_give_the_same_bytes(city, tmp_path, report):
    plan = {"scenarios": ["lake-6m", "blackout-20"], "options": ["all"], "replicates": 1, "seed": 3}
    runs = [stress_test(city[0], workers=n, out=tmp_path / str(n), **plan).folder for n in (1, 2)]
    assert contents(runs[0]) == contents(runs[1])
    report("- **Reproducible.** Porto Alegre, 2 scenarios x 2 options: one worker and two give identical bytes.")


def test_every_rung_directly_damages_a_superset(city, report):
    from tests.simulation.test_engine import damaged

    for ladder in city[0].ladders:
        for replicate in range(3):
            sets = [damaged(go(city, name, replicate=replicate, people=False)) for name in ladder.scenarios]
            for lower, upper in itertools.pairwise(sets):
                assert lower <= upper
        sizes = ", ".join(str(len(s)) for s in sets)
        report(f"- **Nested damage.** Ladder {ladder.name}, 3 replicates: each rung damages a superset ({sizes}).")


def test_time_and_people_of_one_replicate(city, report):
    start = time.perf_counter()
    record = go(city, "lake-8m")
    seconds = time.perf_counter() - start
    solved = record.facts["solutions"]
    planned = record.curve("travel/planned", hold=True)
    assert planned.max() > 300_000
    report(
        f"- **Time.** One Porto Alegre replicate (lake-8m, 14 days, every hour): {seconds:.0f} s, {solved} solutions."
    )


@pytest.mark.parametrize(("what", "share", "gap"), [("share 0", 0.0, 1e-3), ("gap 1e-4", 0.02, 1e-4)])
def test_what_is_skipped_costs_little(city, monkeypatch, report, what, share, gap):
    """Solving every period anew, or ten times more exactly, must not change the story."""
    case, people, _ = city
    calm = go(city, case.scenarios["lake-8m"].without_hazard())
    usual, _ = score(go(city, "lake-8m"), calm, case.city.tables)
    real = defaults.default
    monkeypatch.setattr(static_traffic, "default", lambda n: share if n == "traffic.resolve_share" else real(n))
    inputs = replace(case.inputs, rhythm=replace(case.inputs.rhythm, relative_gap=gap))
    ordinary = baseline(case.city.road, people, gap)
    calm = go(city, case.scenarios["lake-8m"].without_hazard(), inputs=inputs, ordinary=ordinary)
    exact, _ = score(go(city, "lake-8m", inputs=inputs, ordinary=ordinary), calm, case.city.tables)
    worst = ("", 0.0)
    for a, b in zip(usual, exact, strict=True):
        assert a["metric"] == b["metric"]
        scale = max(abs(b["value"]), 1e-3)
        if abs(a["value"] - b["value"]) / scale > worst[1]:
            worst = (a["metric"], abs(a["value"] - b["value"]) / scale)
        if a["metric"] in ("travel/completed_trips", "traffic/network_efficiency", "economy/output"):
            assert a["value"] == pytest.approx(b["value"], abs=0.005)
    report(
        f"- **Approximation.** lake-8m, {what}: the metric that differs most is {worst[0]}, by {100 * worst[1]:.1f} %."
    )


def test_how_much_rests_on_the_terrain(city, report):
    case = city[0]
    hazard = case.inputs.hazards["lake"]
    for name in ("lake-6m", "lake-8m"):
        people = [
            go(city, name, replicate=r, people=False).series["safety/people_by_depth", "depth:0.30"].max()
            for r in range(20)
        ]
        low, middle, high = np.percentile(people, [5, 50, 95])
        assert low < middle < high
        report(
            f"- **Terrain.** {name}, 20 drawn terrains (sigma {hazard.terrain_sigma_m:g} m), people in 0.30 m: "
            f"{middle:,.0f} ({low:,.0f} to {high:,.0f})."
        )
