"""The engine on the teaching case: laws that must hold whatever the numbers are."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from resilience.base.streams import Streams
from resilience.case.case import load_case
from resilience.city.selection import select
from resilience.measures.option import Option
from resilience.simulation.baseline import baseline
from resilience.simulation.engine import run
from tests.places import CASES


@pytest.fixture(scope="module")
def falls():
    case = load_case(CASES / "sioux_falls")
    people = case.population(1)
    return case, people, baseline(case.city.road, people, case.inputs.rhythm.relative_gap)


def go(falls, scenario, *, option="do-nothing", inputs=None, replicate=0, **more):
    case, people, ordinary = falls
    chosen = case.scenarios[scenario] if isinstance(scenario, str) else scenario
    applied = inputs if inputs is not None else case.options[option].apply(case.inputs)
    return run(applied, chosen, option=option, streams=Streams(1, replicate), people=people, ordinary=ordinary, **more)


@pytest.fixture(scope="module")
def flood(falls):
    return go(falls, "lake-4m", with_maps=True)


@pytest.fixture(scope="module")
def calm(falls):
    return go(falls, falls[0].scenarios["lake-4m"].without_hazard())


def damaged(record):
    """Components damaged directly: a failure whose cause is the hazard itself."""
    hazards = {e["event"] for e in record.events if e["what"] == "hazard"}
    return {e["component"] for e in record.events if e["what"] == "failed" and e["cause"] in hazards}


def test_no_hazard_no_loss(calm):
    assert calm.events == []
    done, planned = calm.series["travel/completed", "all"], calm.series["travel/planned", "all"]
    np.testing.assert_array_equal(done, planned)
    assert np.nanmax(calm.series["travel/delay_hours", "all"]) < 1e-9
    made, full = calm.series["economy/value_added", "all"], calm.series["economy/value_added_full", "all"]
    np.testing.assert_allclose(made, full, rtol=1e-12)
    assert calm.series["safety/people_by_depth", "depth:0.30"].max() == 0


def test_the_flood_does_all_that_a_planner_asks_about(flood):
    what = {e["what"] for e in flood.events}
    assert {"hazard", "failed", "closed", "open", "crew_sent", "crew_arrived", "repaired", "back"} <= what
    assert flood.curve("travel/completed", hold=True).min() < flood.curve("travel/planned", hold=True).max()
    assert flood.series["safety/people_by_depth", "depth:0.30"].max() > 0
    assert flood.series["economy/value_added", "all"].sum() < flood.series["economy/value_added_full", "all"].sum()


def test_people_are_conserved_every_morning(flood):
    outcomes = ["go", "telework", "home_flooded", "target_closed", "no_way", "too_long", "warned"]
    sums = sum(flood.series[f"travel/{name}", "all"] for name in outcomes)
    planned = flood.series["travel/planned", "all"]
    mornings = ~np.isnan(sums)
    held_up = planned[mornings] - sums[mornings]  # those who are stranded cannot set out
    stranded = flood.curve("travel/stranded", hold=True).to_numpy()[mornings]
    assert (held_up >= -1e-6).all()
    assert (held_up <= np.nanmax(stranded) + 1e-6).all()
    assert sums[mornings][0] == pytest.approx(planned[mornings][0])


def test_every_failure_leads_back_to_the_hazard(flood):
    events = {e["event"]: e for e in flood.events}
    for event in flood.events:
        if event["what"] not in ("failed", "closed"):
            continue
        seen = set()
        while event["cause"] >= 0:
            assert event["cause"] not in seen
            seen.add(event["cause"])
            assert events[event["cause"]]["hour"] <= event["hour"]
            event = events[event["cause"]]
        assert event["what"] == "hazard"


def test_the_same_seed_gives_the_same_record(falls, flood):
    again = go(falls, "lake-4m", with_maps=True)
    for name, table in flood.tables().items():
        assert table.equals(again.tables()[name]), name


def test_looking_changes_nothing(falls, flood):
    blind = go(falls, "lake-4m", with_maps=False).tables()
    seeing = flood.tables()
    assert blind["events"].equals(seeing["events"])
    assert blind["curves"].equals(seeing["curves"])


def test_an_inert_measure_changes_nothing(falls):
    case = falls[0]
    from resilience.measures.raising import RaiseRoad

    # a street that no flood of this case reaches
    wet = {e["component"] for e in go(falls, "lake-5m").events if e["what"] == "closed"}
    street = next(i for i in case.city["road_links"].index if i not in wet)
    dry = RaiseRoad(f"road.id == '{street}'", 2.0)
    before = go(falls, "lake-3m").tables()
    after = go(falls, "lake-3m", inputs=dry.apply(case.inputs)).tables()
    for name in before:
        assert before[name].equals(after[name]), name


def test_do_nothing_is_the_empty_option(falls):
    case = falls[0]
    assert Option("do-nothing").apply(case.inputs) is case.inputs


@pytest.mark.parametrize("replicate", [0, 1])
def test_a_higher_rung_directly_damages_a_superset(falls, replicate):
    for ladder in falls[0].ladders:
        sets = [damaged(go(falls, name, replicate=replicate)) for name in ladder.scenarios]
        for lower, upper in itertools.pairwise(sets):
            assert lower <= upper, ladder.name
        assert sets[-1], ladder.name


def test_flood_proofing_protects_only_what_it_protects(falls):
    case = falls[0]
    bare = damaged(go(falls, "lake-5m"))
    protected = damaged(go(falls, "lake-5m", option="protect-power"))
    where = case.options["protect-power"].measures[0].applies.where
    picked = set(select(case.city, where)[1])
    assert bare - protected <= picked
    assert protected <= bare


def test_more_crews_do_not_repair_later(falls):
    from dataclasses import replace

    case = falls[0]
    ends = []
    for crews in (1, 2, 4):
        inputs = replace(case.inputs, operations=replace(case.inputs.operations, crews=crews))
        record = go(falls, "lake-5m", inputs=inputs)
        last = max((e["hour"] for e in record.events if e["what"] == "repaired"), default=0)
        ends.append(last)
    assert ends[0] >= ends[1] >= ends[2]


def test_without_crews_what_needs_one_stays_broken(falls):
    from dataclasses import replace

    case = falls[0]
    inputs = replace(case.inputs, operations=replace(case.inputs.operations, crews=0))
    record = go(falls, "lake-5m", inputs=inputs)
    repaired = {e["component"] for e in record.events if e["what"] == "repaired"}
    assert not any(name.startswith("power:") for name in repaired)
    assert not any(e["what"].startswith("crew") for e in record.events)


def test_one_agent_at_a_time_and_all_at_once_give_the_same(falls):
    from dataclasses import replace

    case = falls[0]
    assert case.inputs.behaviours.form == "agent"
    at_once = replace(case.inputs, behaviours=replace(case.inputs.behaviours, form="population"))
    one_by_one = go(falls, "lake-4m").tables()
    together = go(falls, "lake-4m", inputs=at_once).tables()
    for name in one_by_one:
        assert one_by_one[name].equals(together[name]), name


def test_stubborn_people_put_at_least_as_many_cars_on_the_road(falls):
    from dataclasses import replace

    case = falls[0]
    stubborn = replace(case.inputs, behaviours=replace(case.inputs.behaviours, commuters="stubborn-commuter"))
    usual, more = go(falls, "lake-3m"), go(falls, "lake-3m", inputs=stubborn)
    first = 7
    assert more.series["traffic/vehicles", "all"][first] >= usual.series["traffic/vehicles", "all"][first]
    assert np.nansum(more.series["travel/telework", "all"]) == 0


def test_stranded_people_come_home_when_the_way_is_open_again(falls):
    record = go(falls, "lake-4m")
    stranded = record.curve("travel/stranded", hold=True)
    assert stranded.max() > 0
    assert stranded.iloc[-1] == 0


def test_crews_wait_for_the_water_to_fall(falls, flood):
    case = falls[0]
    failed = {e["component"]: e["hour"] for e in flood.events if e["what"] == "failed" and e["reason"] == "flooded"}
    arrived = {e["component"]: e["hour"] for e in flood.events if e["what"] == "crew_arrived"}
    repaired = {e["component"]: e["hour"] for e in flood.events if e["what"] == "repaired"}
    assert arrived
    peak = case.inputs.hazards["lake"].hours[np.argmin(case.inputs.hazards["lake"].below_peak_m)]
    for name, hour in arrived.items():
        assert failed[name] < hour < repaired.get(name, np.inf)
        assert hour > peak


def test_metrics_do_not_need_the_model(falls, flood, calm):
    """Scores computed from the tables of a run folder are those computed from the run."""
    from resilience.metrics.scoring import score
    from resilience.results.record import Record

    tables = falls[0].city.tables
    rows, _ = score(flood, calm, tables)
    reread = []
    for record in (flood, calm):
        t = record.tables()
        reread.append(Record.from_curves(t["curves"], t["zone_curves"], record.hours, record.onset))
    again, _ = score(*reread, tables)
    pd.testing.assert_frame_equal(pd.DataFrame(rows), pd.DataFrame(again), check_exact=True)


def test_no_curve_has_the_name_of_a_metric(flood):
    """The curves of metrics are kept beside those of the run; a shared name would mix them."""
    from resilience.metrics.scoring import all_metrics

    assert not {variable for variable, _ in flood.series} & set(all_metrics())


def test_a_warning_ends_when_the_water_is_gone(falls):
    """Nobody stays in on a dry day because of the flood that was."""
    record = go(falls, "lake-3m")
    warned = record.series["travel/warned", "all"]
    assert np.nanmax(warned) > 0
    dry = np.flatnonzero(record.series["safety/people_by_depth", "depth:0.15"] > 0).max() + 1
    later = warned[dry:][~np.isnan(warned[dry:])]
    assert len(later)
    assert later.max() == 0


def test_an_outage_does_not_shield_a_site_from_the_flood(falls):
    from dataclasses import replace

    case = falls[0]
    alone = go(falls, "lake-5m")
    flood = case.scenarios["lake-5m"]
    both = go(falls, replace(flood, name="both", severity={**flood.severity, "blackout": 1.0}))
    flooded = [
        {(e["component"], e["hour"]) for e in r.events if e["what"] == "failed" and e["reason"] == "flooded"}
        for r in (alone, both)
    ]
    assert any(name.startswith("power:") for name, _ in flooded[0])
    assert flooded[0] <= flooded[1]
