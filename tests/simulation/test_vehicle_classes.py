"""Lorries in a case: who drives them, what is closed to them, and what a run makes of it."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from resilience.agents.population import PURPOSES
from resilience.base.errors import CaseError
from resilience.base.streams import Streams
from resilience.case.case import load_case
from resilience.simulation.baseline import BACK, OUT, baseline, kept_baseline
from resilience.simulation.engine import run
from resilience.simulation.road_state import open_state
from resilience.simulation.static_traffic import Traffic
from tests.places import CASES
from tests.tiny import write_outages

TABLES = {  # a short street and a long tunnel lead from A to B and back
    "road_nodes": "id,x,y\nA,0,0\nB,2000,0",
    "road_links": """
        id,from_node,to_node,length_m,speed_kmh,capacity_vph,structure,highway
        AB,A,B,2000,60,500,ground,residential
        BA,B,A,2000,60,500,ground,residential
        ABt,A,B,6000,60,500,tunnel,primary
        BAt,B,A,6000,60,500,tunnel,primary
    """,
    "zones": "id,x,y,people,jobs\nA,0,0,100,0\nB,2000,0,0,100",
    "connectors": "zone,node,minutes\nA,A,0\nB,B,0",
    "trips": "origin,destination,purpose,trips\nA,B,work,300\nA,B,goods,40",
    "purposes": "id,persons_per_trip,vehicles_per_trip,weekend_share\nwork,1,1,0\ngoods,1,1,0",
    "sectors": "id,opens_hour,closes_hour,days_per_week,stock_days,restock_days\ns,8,18,7,0,1",
    "firms": "id,sector,zone,x,y,jobs,value_added_per_day\nF1,s,A,0,0,1,100\nF2,s,B,2000,0,1,100",
    "supply_links": "id,supplier,buyer,flow_per_day\nK,F1,F2,50",
}
LORRY = """
[[vehicle_class]]
name = "lorry"
pce = 2.5
purposes = ["goods"]
closed = "road.highway == 'residential'"
extra_min_per_km = 0.5
"""
TUNNEL = ("road:ABt", "road:BAt")


def written(folder, more=LORRY, outages=None):
    write_outages(folder, TABLES, outages or {"shut": (TUNNEL, 24, 72)}, days=4)
    with (folder / "case.toml").open("a", encoding="utf-8") as file:
        file.write(more)
    return folder


@pytest.fixture
def town(tmp_path):
    case = load_case(written(tmp_path / "t"))
    people = case.population(1)
    return case, people, baseline(case.city.road, people, 1e-8)


def go(case, people, ordinary, scenario):
    return run(case.inputs, scenario, option="o", streams=Streams(1, 0), people=people, ordinary=ordinary)


def test_trips_with_goods_are_made_by_lorry_on_roads_open_to_them(town):
    _, people, ordinary = town
    lorries = people.purpose == PURPOSES.index("goods")
    np.testing.assert_array_equal(people.out.of_class[people.out_pair], lorries)
    for key, street, tunnel in (((OUT, False), 0, 1), ((BACK, False), 2, 3)):
        found = ordinary[key]
        np.testing.assert_allclose(found.class_flow[1][[street, tunnel]], [0, 40])
        np.testing.assert_allclose(found.flow, found.class_flow[0] + 2.5 * found.class_flow[1])
        assert found.class_flow[0].sum() > 0
    usual = ordinary[OUT, False].od_minutes[people.out_pair]
    alone = ordinary[OUT, False].minutes[1] + 6 * 0.5
    np.testing.assert_allclose(usual[lorries], alone)
    assert usual[~lorries].max() < alone


def test_where_their_only_road_closes_lorries_stay_and_cars_go(town):
    case, people, ordinary = town
    scenario = case.scenarios["s"]
    calm, shut = (go(case, people, ordinary, s) for s in (scenario.without_hazard(), scenario))
    assert np.nanmax(calm.series["travel/delay_hours", "all"]) < 1e-9
    np.testing.assert_array_equal(calm.series["travel/completed", "all"], calm.series["travel/planned", "all"])
    morning = 24 + 7
    value = lambda name, group="all": float(shut.series[name, group][morning])  # noqa: E731
    assert value("travel/no_way") == 40
    assert value("traffic/vehicles", "vehicle:car") == 300
    assert value("traffic/vehicles", "vehicle:lorry") == 0
    assert value("traffic/no_way_vehicles", "vehicle:lorry") == 40
    assert value("traffic/vehicles") == 300
    assert value("traffic/vehicle_km") == pytest.approx(300 * 2)
    assert float(shut.series["traffic/vehicle_km", "all"][7]) == pytest.approx(
        float(ordinary[OUT, False].class_flow.sum(axis=0) @ case.city.road.graph.length_km)
    )


def test_deliveries_go_by_the_vehicles_that_carry_goods(tmp_path):
    lost = {}
    for name, more in (("lorry", LORRY), ("half", LORRY + "share = 0.5\n"), ("car", "")):
        case = load_case(written(tmp_path / name, more))
        people = case.population(1)
        ordinary = baseline(case.city.road, people, 1e-6)
        calm, shut = (
            go(case, people, ordinary, s) for s in (case.scenarios["s"].without_hazard(), case.scenarios["s"])
        )
        lost[name] = sum(r.curve("economy/value_added").sum() * sign for r, sign in ((calm, 1), (shut, -1)))
    assert lost["lorry"] > lost["car"]
    assert lost["half"] == pytest.approx(lost["car"])


def test_a_share_of_the_trip_makers_drives_a_class_and_one_more_changes_only_cars(tmp_path):
    first = '[[vehicle_class]]\nname = "van"\npce = 1.5\nshare = 0.3\n'
    second = first + '[[vehicle_class]]\nname = "bus"\npce = 3\npurposes = ["work"]\nshare = 0.5\n'
    kinds = []
    for name, more in (("a", first), ("b", second)):
        people = load_case(written(tmp_path / name, more)).population(1)
        kinds.append(people.out.of_class[people.out_pair])
        assert people.back.of_class[people.back_pair].tolist() == kinds[-1].tolist()
    assert 0.2 < (kinds[0] == 1).mean() < 0.4
    np.testing.assert_array_equal(kinds[0] == 1, kinds[1] == 1)
    work = people.purpose == PURPOSES.index("work")
    assert 0.4 < (kinds[1][work] == 2).mean() < 0.6
    assert not (kinds[1][~work] == 2).any()


def test_without_classes_there_are_cars_alone(tmp_path):
    people = load_case(written(tmp_path / "c", "")).population(1)
    assert people.out.vehicle is None
    assert [kind.name for kind in people.classes] == ["car"]


def test_ordinary_days_with_classes_are_kept(town, tmp_path, monkeypatch):
    monkeypatch.setenv("RESILIENCE_CACHE", str(tmp_path / "kept"))
    case, people, ordinary = town
    for _ in range(2):
        found = kept_baseline(case.city.road, people, 1e-8)
        np.testing.assert_array_equal(found[OUT, False].class_flow, ordinary[OUT, False].class_flow)
    heavier = replace(people, classes=(people.classes[0], replace(people.classes[1], pce=5.0)))
    other = kept_baseline(case.city.road, heavier, 1e-8)
    assert other[OUT, False].flow.sum() > found[OUT, False].flow.sum()


def test_logit_drivers_heed_what_is_closed_to_their_class(town):
    case, _, ordinary = town
    traffic = Traffic(case.city.road, ordinary, replace(case.inputs.rhythm, logit_theta=0.5))
    found = traffic.usual(OUT, False)
    np.testing.assert_allclose(found.class_flow[1][[0, 1]], [0, 40])
    assert found.class_flow[0][1] > 0
    state = open_state(case.city.road)
    slow = traffic.solve(OUT, False, replace(state, speed=0.5 * state.speed), found.demand.vph)
    np.testing.assert_allclose(slow.class_flow[1][[0, 1]], [0, 40])
    cars = found.demand.pairs.of_class == 0
    shut = traffic.expected(OUT, False, replace(state, closed=np.arange(len(state.closed)) == 1))
    np.testing.assert_array_equal(np.isfinite(shut), cars)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (LORRY.replace("lorry", "car"), '"car" is what trip makers drive whom no class takes'),
        (LORRY.replace('["goods"]', '["food"]'), '"food" is not defined'),
        (LORRY.replace('["goods"]', '["health"]'), 'nobody drives "lorry"'),
        (LORRY.replace("2.5", "0"), "found 0; needed is > 0"),
        (LORRY.replace("pce = 2.5\n", ""), 'the key "pce" is missing'),
        (LORRY.replace("road.highway", "zone.kind"), "matches nothing"),
        (LORRY.replace("road.highway == 'residential'", "zone.people > 0"), "picks no roads"),
        (LORRY.replace("== 'residential'", "!= 'x'"), "1 of its trips (zone:A → zone:B)"),
        (LORRY.replace("extra_min_per_km = 0.5", 'slower = "road.lanes >= 1"'), "give extra_min_per_km"),
        (LORRY + LORRY.replace('"lorry"', '"van"'), "add up to 2 of one purpose (goods: lorry, van)"),
        (LORRY + LORRY, '"lorry" stands there twice'),
    ],
)
def test_what_is_wrong_with_a_class_is_told(tmp_path, more, words):
    with pytest.raises(CaseError) as caught:
        load_case(written(tmp_path / "w", more))
    assert words in str(caught.value)


def test_a_class_needs_roads(tmp_path):
    folder = shutil.copytree(CASES / "sioux_falls", tmp_path / "s")
    for table in ("road_links", "road_nodes", "connectors", "trips", "purposes"):
        (folder / f"{table}.csv").unlink()
    with (folder / "case.toml").open("a", encoding="utf-8") as file:
        file.write(LORRY)
    with pytest.raises(CaseError, match="classes of vehicles need roads"):
        load_case(folder)
