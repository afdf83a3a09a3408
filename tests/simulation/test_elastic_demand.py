"""Elastic demand in a run: the ordinary day as it is, fewer trips where ways get long, each told and counted once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from resilience.agents.patience import patience
from resilience.base.errors import CaseError
from resilience.base.streams import Streams
from resilience.case.case import load_case
from resilience.simulation.baseline import OUT, baseline
from resilience.simulation.elastic import longest_delay
from resilience.simulation.engine import run
from resilience.simulation.road_state import open_state
from resilience.simulation.static_traffic import Traffic
from resilience.traffic import Demand, Exponential, assign
from tests.simulation.test_vehicle_classes import TABLES, TUNNEL
from tests.tiny import write_outages

LORRY = '[[vehicle_class]]\nname = "lorry"\npce = 2\nshare = 0.2\nextra_min_per_km = 0.5\n'
BUSY = TABLES | {"trips": "origin,destination,purpose,trips\nA,B,work,1200\nB,A,work,500\nA,B,goods,600"}
MORNING = 24 + 7


def written(folder, traffic="", more=""):
    write_outages(folder, BUSY, {"shut": (TUNNEL, 24, 48)}, days=3)
    with (folder / "case.toml").open("a", encoding="utf-8") as file:
        file.write(f"[traffic]\nrelative_gap = 1e-8\n{traffic}\n{more}")
    return folder


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    case = load_case(written(tmp_path_factory.mktemp("elastic") / "t"))
    people = case.population(1)
    return case, people, baseline(case.city.road, people, 1e-8)


def rhythm_of(town, theta):
    return replace(town[0].inputs.rhythm, elastic_theta=theta)


def go(town, scenario, theta):
    case, people, ordinary = town
    inputs = replace(case.inputs, rhythm=rhythm_of(town, theta))
    return run(inputs, scenario, option="o", streams=Streams(1, 0), people=people, ordinary=ordinary)


def shut(case):
    road = case.city.road
    closed = np.asarray(road.all_links(road.network.links.index.isin(TUNNEL), False), bool)
    return replace(open_state(road), closed=closed)


@pytest.mark.parametrize("theta", [0.03, 1.0])
def test_the_ordinary_day_is_the_same_to_the_last_bit(town, theta):
    calm = town[0].scenarios["s"].without_hazard()
    fixed, elastic = (go(town, calm, t) for t in (None, theta))
    assert set(fixed.series) == set(elastic.series)
    for key, values in fixed.series.items():
        np.testing.assert_array_equal(elastic.series[key], values, err_msg=str(key))


def test_the_minutes_are_those_of_the_elastic_equilibrium(town):
    case, _, ordinary = town
    traffic, state = Traffic(case.city.road, ordinary, rhythm_of(town, 0.05)), shut(case)
    usual = ordinary[OUT, False]
    minutes = traffic.answered(traffic.elastic, (OUT, False), state, 0.9 * usual.demand.vph)
    demand = Demand(usual.demand.pairs, 0.9 * usual.demand.vph, answer=Exponential(0.05, usual.od_minutes))
    right = assign(case.city.road.graph, demand, closed=state.closed, gap=1e-9)
    np.testing.assert_allclose(minutes, right.od_minutes, rtol=1e-5)
    for share in (0.5, 0.9):  # what was asked before changes nothing
        again = traffic.answered(traffic.elastic, (OUT, False), state, share * usual.demand.vph)
    np.testing.assert_array_equal(again, minutes)


def test_lorries_answer_to_their_own_minutes(tmp_path):
    case = load_case(written(tmp_path / "l", 'demand = "elastic"\nelastic_theta = 0.05', LORRY))
    people = case.population(1)
    ordinary = baseline(case.city.road, people, 1e-8)
    usual, state = ordinary[OUT, False], shut(case)
    traffic = Traffic(case.city.road, ordinary, case.inputs.rhythm)
    minutes = traffic.answered(traffic.elastic, (OUT, False), state, usual.demand.vph)
    demand = replace(usual.demand, answer=Exponential(0.05, usual.od_minutes))
    right = assign(case.city.road.graph, demand, closed=state.closed, gap=1e-9)
    np.testing.assert_allclose(minutes, right.od_minutes, rtol=1e-5)
    assert len(np.unique(minutes.round(3))) == 4  # two ways, each by car or by lorry
    found = go((case, people, ordinary), case.scenarios["s"], 0.05).series
    lost = found["traffic/planned_vehicles", "vehicle:lorry"] - found["traffic/vehicles", "vehicle:lorry"]
    assert 0 < lost[MORNING] < found["traffic/planned_vehicles", "vehicle:lorry"][MORNING]
    assert lost[7] == 0


def test_who_stays_is_told_and_lost_time_and_trips_cost_the_consumer_surplus(town):
    case, people, ordinary = town
    theta = 0.05
    found = go(town, case.scenarios["s"], theta)
    value = lambda name: float(found.series[name, "all"][MORNING])  # noqa: E731
    usual = ordinary[OUT, False]
    traffic = Traffic(case.city.road, ordinary, rhythm_of(town, theta))
    minutes = traffic.answered(traffic.elastic, (OUT, False), shut(case), usual.demand.vph)
    later = (minutes - usual.od_minutes)[people.out_pair]
    stays = later > longest_delay(people.steadfast, theta)
    assert 0 < stays.sum() < len(people)
    assert value("travel/too_long") == people.persons[stays].sum()
    assert value("travel/planned") == value("travel/go") + value("travel/too_long")
    assert value("travel/completed") == value("traffic/vehicles") == len(people) - stays.sum()
    share = np.exp(-theta * np.maximum(later, 0))
    assert stays.mean() == pytest.approx(1 - share.mean(), abs=0.03)
    drive = found.series["traffic/vehicle_hours", "all"][MORNING] * 60 / value("traffic/vehicles")
    assert drive == pytest.approx(float((minutes[people.out_pair])[~stays].mean()), rel=0.05)
    surplus = ((1 - share) / theta).sum() / 60
    assert np.minimum(later, longest_delay(people.steadfast, theta)).sum() / 60 == pytest.approx(surplus, rel=0.03)
    told = value("travel/borne_hours") + value("travel/given_up_hours")
    assert told == pytest.approx(surplus, rel=0.15)  # some more stay than in the mean, and delay grows with v^4


def test_no_other_answer_to_long_ways_comes_on_top(town):
    """Where demand hardly answers, people drive much longer than they would bear by themselves."""
    case, people, ordinary = town
    shut_day = case.scenarios["s"]
    elastic = go(town, shut_day, 1e-6)
    usual = ordinary[OUT, False].od_minutes[people.out_pair]
    delay = elastic.series["travel/delay_hours", "all"][MORNING] * 60 / len(people)
    assert delay > patience(usual).max()
    assert elastic.series["travel/too_long", "all"][MORNING] < 5


def test_a_stronger_answer_leaves_more_at_home(town):
    lost = [go(town, town[0].scenarios["s"], t).series["travel/too_long", "all"][MORNING] for t in (0.01, 0.1, 1.0)]
    assert lost[0] < lost[1] < lost[2]


def test_a_case_says_that_demand_is_elastic(tmp_path):
    assert load_case(written(tmp_path / "d", 'demand = "elastic"')).inputs.rhythm.elastic_theta == 0.03
    own = 'demand = "elastic"\nelastic_theta = 0.1'
    assert load_case(written(tmp_path / "o", own)).inputs.rhythm.elastic_theta == 0.1


@pytest.mark.parametrize(
    ("traffic", "more", "words"),
    [
        ("elastic_theta = 0.1", "", 'elastic_theta counts only with demand = "elastic"'),
        ('demand = "elastic"\nroute_choice = "logit"\nlogit_theta = 1', "", 'with route_choice = "equilibrium" alone'),
        ('demand = "elastic"', '[behaviour]\ncommuters = "stubborn-commuter"', "goes whatever the way takes"),
        ('demand = "elastik"', "", "did you mean: elastic"),
        ('demand = "elastic"\nelastic_theta = 0', "", "found 0; needed is >= 0.000001"),
        ('demand = "elastic"\nelastic_theta = 3', "", "found 3; needed is <= 1"),
    ],
)
def test_what_does_not_go_together_is_told(tmp_path, traffic, more, words):
    with pytest.raises(CaseError) as caught:
        load_case(written(tmp_path / "w", traffic, more))
    assert words in str(caught.value)
