"""Long checks on the real city."""

from __future__ import annotations

import itertools
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from resilience.base.streams import Streams
from resilience.case.case import load_case
from resilience.metrics.scoring import score
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


USED, FINER = 1e-5, 1e-6
_held: dict = {}


def _prepared(gap):
    """The case, its people and its ordinary days at a gap, once in each process."""
    if gap not in _held:
        case = load_case(CASES / "porto_alegre")
        people = case.population(1)
        inputs = replace(case.inputs, rhythm=replace(case.inputs.rhythm, relative_gap=gap))
        _held[gap] = case, inputs, people, baseline(case.city.road, people, gap)
    return _held[gap]


def _rung(name):
    """Return how much a rung changes with a tenth of the gap, and what delay is left once every road is open."""
    found = []
    for gap in (USED, FINER):
        case, inputs, people, ordinary = _prepared(gap)
        scenario = case.scenarios[name]
        more = {"option": "do-nothing", "streams": Streams(1, 0), "people": people, "ordinary": ordinary}
        record = run(inputs, scenario, **more)
        calm = run(inputs, scenario.without_hazard(), **more)
        rows, _ = score(record, calm, case.city.tables)
        hours, usual = (record.curve(f"traffic/{v}") for v in ("vehicle_hours", "usual_vehicle_hours"))
        closed = record.curve("traffic/closed_km")
        hit = (record.curve("safety/people_by_depth", "depth:0.15") > 0) | (
            record.curve("safety/people_without_power") > 0
        )
        last_hit = int(np.flatnonzero(hit)[-1]) if hit.any() else scenario.onset.hour
        found.append((rows, (hours - usual).dropna(), closed, last_hit))
    (rows, delay, closed, last_hit), (finer_rows, finer_delay, *_) = found
    worst = max(
        (abs(a["value"] - b["value"]) / max(abs(b["value"]), 1e-3), a["metric"])
        for a, b in zip(rows, finer_rows, strict=True) if np.isfinite(b["value"])
    )  # fmt: skip
    after = delay.index > last_hit
    parts = {}
    for part, some in (("event", ~after), ("recovery", after)):
        parts[part] = float((delay[some] - finer_delay[some]).abs().sum()), float(finer_delay[some].sum())
    dry = [h for h in delay.index if closed[h] == 0 and h > last_hit]
    return name, worst, parts, max((abs(float(delay[h])) for h in dry), default=0.0)


def test_the_gap_costs_little_on_every_rung_and_on_recovery_days(report):
    """A tenth of the gap changes no metric by more than 2 %, in the event or on the days after it."""
    names = list(load_case(CASES / "porto_alegre").scenarios)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        for name, (share, metric), parts, dry in pool.map(_rung, names):
            assert share < 0.02, (name, metric)
            (event, lost), (recovery, late) = parts["event"], parts["recovery"]
            report(
                f"- **Gap.** {name}, gap {USED:g} against {FINER:g}: the metric that differs most is {metric}, by "
                f"{100 * share:.2f} %; delay, period by period, by {event:.2f} of {lost:,.0f} vehicle-hours in "
                f"the event and by {recovery:.2f} of {late:,.0f} on the days after it (no water, power back); at most "
                f"{dry:.2f} vehicle-hours a period once every road is open then."
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
