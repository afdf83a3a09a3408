"""How drivers choose in a run: logit as a key of case.toml, near equilibrium where they know minutes well."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from resilience.base.errors import CaseError
from resilience.base.streams import Streams
from resilience.case.case import load_case
from resilience.simulation.baseline import BACK, OUT, baseline
from resilience.simulation.engine import run
from resilience.simulation.road_state import open_state
from resilience.simulation.static_traffic import Traffic
from resilience.traffic import Demand
from resilience.traffic.logit.logit import assign_logit
from tests.places import CASES

WAYS = ("link", "path")


@pytest.fixture(scope="module")
def falls():
    case = load_case(CASES / "sioux_falls")
    people = case.population(1)
    return case, people, baseline(case.city.road, people, 1e-5)


def traffic_of(falls, theta, ways="link"):
    case, _, ordinary = falls
    return Traffic(case.city.road, ordinary, replace(case.inputs.rhythm, logit_theta=theta, logit_ways=ways))


def flooded(road, share=0.15):
    """The roads with some links shut and some slow."""
    rng, state = np.random.default_rng(3), open_state(road)
    slow = np.where(road.all_links(rng.random(road.links) < share, False), 0.5, 1.0)
    closed = np.asarray(road.all_links(rng.random(road.links) < share / 3, False), bool)
    return replace(state, closed=closed, speed=slow)


@pytest.mark.parametrize("ways", WAYS)
def test_the_ordinary_day_is_its_logit_equilibrium(falls, ways):
    case, _, ordinary = falls
    for key, base in ordinary.items():
        found = traffic_of(falls, 0.3, ways).usual(*key)
        right = assign_logit(
            case.city.road.graph,
            Demand(base.demand.pairs, base.demand.vph),
            theta=0.3,
            loading=ways,
            gap=1e-8,
            base=base,
        )
        np.testing.assert_allclose(found.flow, right.flow, atol=1e-4 * right.flow.max())
        np.testing.assert_allclose(found.od_minutes, right.od_minutes, rtol=1e-4)
    assert set(dict(ordinary.items())) == {(OUT, False), (BACK, False), (OUT, True), (BACK, True)}


@pytest.mark.parametrize("ways", WAYS)
def test_a_large_theta_comes_near_equilibrium_on_changed_roads_too(falls, ways):
    case, _, ordinary = falls
    state = flooded(case.city.road)
    vph = 0.8 * ordinary[OUT, False].demand.vph
    right = traffic_of(falls, None).solve(OUT, False, state, vph)
    off = []
    for theta in (0.2, 5.0):
        found = traffic_of(falls, theta, ways).solve(OUT, False, state, vph)
        assert found.relative_gap <= 1e-5
        assert not found.flow[state.closed].any()
        np.testing.assert_array_equal(np.isfinite(found.od_minutes), np.isfinite(right.od_minutes))
        off.append(np.abs(found.flow - right.flow).sum() / right.flow.sum())
    assert off[1] < min(0.03, 0.5 * off[0])


@pytest.mark.parametrize("ways", WAYS)
def test_the_answer_does_not_depend_on_what_came_before(falls, ways):
    road, ordinary = falls[0].city.road, falls[2]
    traffic, state, dry = traffic_of(falls, 0.3, ways), flooded(road), open_state(road)
    vph = ordinary[OUT, False].demand.vph
    first = traffic.solve(OUT, False, state, vph)
    traffic.solve(OUT, False, flooded(road, 0.4), 0.5 * vph)
    again = traffic.solve(OUT, False, state, vph)
    np.testing.assert_array_equal(again.flow, first.flow)
    assert traffic.solve(OUT, False, dry, vph) is traffic.usual(OUT, False)
    expected = traffic.expected(OUT, False, dry)
    assert expected is traffic.usual(OUT, False).od_minutes
    worse = traffic.expected(OUT, False, state)
    assert (worse > expected).any()  # where a long way closes, the mean of those left may fall
    assert worse[np.isfinite(worse)].sum() > expected[np.isfinite(worse)].sum()


@pytest.mark.parametrize("theta", [0.3, None])
def test_no_hazard_no_loss_and_a_flood_costs_time(falls, theta):
    case, people, ordinary = falls
    inputs = replace(case.inputs, rhythm=replace(case.inputs.rhythm, logit_theta=theta))
    scenario = case.scenarios["lake-4m"]
    calm, wet = (
        run(inputs, chosen, option="do-nothing", streams=Streams(1, 0), people=people, ordinary=ordinary)
        for chosen in (scenario.without_hazard(), scenario)
    )
    assert calm.events == []
    assert np.nanmax(calm.series["travel/delay_hours", "all"]) < 1e-9
    np.testing.assert_array_equal(calm.series["travel/completed", "all"], calm.series["travel/planned", "all"])
    assert np.nansum(wet.series["travel/delay_hours", "all"]) > 0


@pytest.fixture
def sioux(tmp_path):
    return shutil.copytree(CASES / "sioux_falls", tmp_path / "s")


def with_traffic(folder, lines):
    text = (folder / "case.toml").read_text(encoding="utf-8")
    assert text.count("[traffic]\n") == 1
    (folder / "case.toml").write_text(text.replace("[traffic]\n", f"[traffic]\n{lines}\n"), encoding="utf-8")
    return folder


def test_a_case_says_how_drivers_choose(sioux):
    rhythm = load_case(with_traffic(sioux, 'route_choice = "logit"\nlogit_theta = 0.4')).inputs.rhythm
    assert (rhythm.logit_theta, rhythm.logit_ways) == (0.4, "link")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('route_choice = "logit"', 'column [traffic] logit_theta: route_choice = "logit" needs logit_theta'),
        ("logit_theta = 0.4", 'logit_theta counts only with route_choice = "logit"'),
        ('logit_ways = "path"', 'logit_ways counts only with route_choice = "logit"'),
        ('route_choice = "logitt"\nlogit_theta = 1', "did you mean: logit"),
        ('route_choice = "logit"\nlogit_theta = 0', "found 0; needed is >= 0.000000001"),
        ('route_choice = "logit"\nlogit_theta = 1\nlogit_ways = "street"', 'found "street"'),
    ],
)
def test_what_is_wrong_with_the_keys_is_told(sioux, lines, words):
    with pytest.raises(CaseError) as caught:
        load_case(with_traffic(sioux, lines))
    assert words in str(caught.value)
