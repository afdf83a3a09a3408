"""A period in slices of time: trips by a profile, carried over, none lost; without a profile one peak hour."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from resilience.base.errors import CaseError
from resilience.base.streams import Streams
from resilience.case.case import load_case
from resilience.simulation.baseline import BACK, OUT, baseline
from resilience.simulation.engine import run
from resilience.simulation.road_state import open_state
from resilience.simulation.slices import mean_minutes
from resilience.simulation.static_traffic import Traffic
from resilience.stress.roadscan import road_problem
from resilience.traffic import State, assign_hours
from tests.simulation.test_elastic_demand import LORRY, MORNING, shut, written

PROFILE = (0.2, 0.5, 0.3)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    case = load_case(written(tmp_path_factory.mktemp("slices") / "t", "", LORRY))
    rhythm = replace(case.inputs.rhythm, out_profile=PROFILE, slice_minutes=30.0)
    people = case.population(1)
    return replace(case, inputs=replace(case.inputs, rhythm=rhythm)), people, baseline(case.city.road, people, 1e-8)


def traffic_of(town):
    return Traffic(town[0].city.road, town[2], town[0].inputs.rhythm)


def go(town, scenario):
    case, people, ordinary = town
    return run(case.inputs, scenario, option="o", streams=Streams(1, 0), people=people, ordinary=ordinary)


def test_minutes_are_those_of_the_slices_in_which_trips_drive():
    rng = np.random.default_rng(1)
    minutes = rng.uniform(1, 200, (3, 50))
    found = mean_minutes(PROFILE, minutes, 30.0)
    assert (found >= minutes.min(axis=0) - 1e-9).all()
    assert (found <= minutes.max(axis=0) + 1e-9).all()
    same = np.full((3, 2), [[7.0, np.inf]])
    np.testing.assert_allclose(mean_minutes(PROFILE, same, 30.0), [7.0, np.inf])


def test_the_slices_are_those_of_assign_hours_and_no_trip_is_lost(town):
    case, _, ordinary = town
    traffic = traffic_of(town)
    demand, graph = ordinary[OUT, False].demand, case.city.road.graph
    for state, found in (
        (None, traffic.usual(OUT, False)),
        (State(shut(case).closed), traffic.solve(OUT, False, shut(case), demand.vph)),
    ):
        right = assign_hours(graph, demand, 2 * np.array(PROFILE), minutes=30.0, gap=1e-9, states=[state] * 3)
        np.testing.assert_allclose(found.flow, np.max([s.flow for s in right.slices], axis=0), rtol=1e-4, atol=1e-3)
        np.testing.assert_allclose(found.under_way, right.not_finished, rtol=1e-4, atol=1e-3)
        driven = 0.5 * np.sum([s.served for s in found.slices], axis=0)
        np.testing.assert_allclose(driven + found.under_way, demand.vph)
        made = np.sum([0.5 * s.served * s.od_minutes for s in found.slices], axis=0)
        made += found.under_way * found.slices[-1].od_minutes
        np.testing.assert_allclose(found.od_minutes, made / demand.vph, rtol=1e-6)
    assert traffic.usual(BACK, False) is ordinary[BACK, False]  # it has no profile


def test_the_answer_does_not_depend_on_what_came_before(town):
    traffic, state = traffic_of(town), shut(town[0])
    vph = town[2][OUT, False].demand.vph
    first = traffic.solve(OUT, False, state, vph)
    traffic.solve(OUT, False, state, 0.5 * vph)
    np.testing.assert_array_equal(traffic.solve(OUT, False, state, vph).flow, first.flow)
    dry = open_state(town[0].city.road)
    assert traffic.solve(OUT, False, dry, vph) is traffic.usual(OUT, False)
    expected = traffic.expected(OUT, False, replace(dry, speed=0.5 * dry.speed))
    assert (expected > traffic.usual(OUT, False).od_minutes).all()


def test_a_run_counts_all_trips_of_the_period_and_tells_who_is_under_way(town):
    case, people, _ = town
    usual = traffic_of(town).usual(OUT, False)
    calm, wet = (go(town, s) for s in (case.scenarios["s"].without_hazard(), case.scenarios["s"]))
    value = lambda record, name: float(record.series[name, "all"][MORNING])  # noqa: E731
    assert np.nanmax(calm.series["travel/delay_hours", "all"]) < 1e-9
    np.testing.assert_array_equal(calm.series["travel/completed", "all"], calm.series["travel/planned", "all"])
    assert value(calm, "traffic/vehicles") == len(people)
    assert value(calm, "traffic/under_way_vehicles") == pytest.approx(usual.under_way.sum())
    graph = case.city.road.graph
    vehicles = 0.5 * np.sum([s.class_flow.sum(axis=0) for s in usual.slices], axis=0)
    assert value(calm, "traffic/vehicle_km") == pytest.approx(vehicles @ graph.length_km)
    assert value(wet, "traffic/vehicle_hours") > value(calm, "traffic/vehicle_hours")
    assert value(wet, "traffic/under_way_vehicles") > value(calm, "traffic/under_way_vehicles")
    assert np.isnan(calm.series["traffic/under_way_vehicles", "all"][24 + 18])
    spread, peak = usual.flow.max(), town[2][OUT, False].flow.max()
    assert spread != pytest.approx(peak, rel=0.01)


def with_periods(folder, periods, traffic=""):
    written(folder, traffic)
    with (folder / "case.toml").open("a", encoding="utf-8") as file:
        file.write(f"[periods]\n{periods}\n")
    return folder


def test_a_case_gives_profiles_and_a_scan_asks_of_the_busiest_slice(tmp_path):
    folder = with_periods(tmp_path / "p", "out_profile = [0.25, 0.75]\nslice_minutes = 90")
    rhythm = load_case(folder).inputs.rhythm
    assert (rhythm.out_profile, rhythm.back_profile, rhythm.slice_minutes) == ((0.25, 0.75), (), 90.0)
    assert rhythm.busiest(OUT) == pytest.approx(0.5)
    assert rhythm.busiest(BACK) == 1.0
    assert road_problem(folder).demand.vph.sum() == pytest.approx(0.5 * 2300)


@pytest.mark.parametrize(
    ("periods", "traffic", "words"),
    [
        ("out_profile = [0.5, 0.4]", "", "add up to 1; found 0.5, 0.4, in all 0.9"),
        ("out_profile = [1.5, -0.5]", "", "must be 0 or more"),
        ("back_profile = []", "", "add up to 1"),
        ('out_profile = ["a"]', "", "needed is: numbers"),
        ("out_profile = [0.5, 0.5]\nslice_minutes = 400", "", "the slices last 13.3333 h"),
        ("slice_minutes = 30", "", "counts only with out_profile or back_profile"),
        ("out_profile = [1.0]\nslice_minutes = 0", "", "found 0; needed is >= 5"),
        ("out_profile = [1.0]", 'route_choice = "logit"\nlogit_theta = 1', 'does not go with route_choice = "logit"'),
        ("back_profile = [1.0]", 'demand = "elastic"', 'does not go with demand = "elastic"'),
    ],
)
def test_what_is_wrong_with_a_profile_is_told(tmp_path, periods, traffic, words):
    with pytest.raises(CaseError) as caught:
        load_case(with_periods(tmp_path / "w", periods, traffic))
    assert words in str(caught.value)
