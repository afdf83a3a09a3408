from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from resilience.agents.population import PURPOSES, build_population, population_memory
from resilience.base.errors import CaseError, InputError
from resilience.case.case import load_case
from resilience.stress.stress import check_workers
from tests.tiny import POWER, write_case

TABLES = POWER | {
    "road_nodes": "id,x,y\na,0,0\nb,1000,0\nc,2000,0",
    "road_links": """
        id,from_node,to_node,length_m,speed_kmh,capacity_vph
        ab,a,b,1000,60,900
        ba,b,a,1000,60,900
        bc,b,c,1000,60,900
        cb,c,b,1000,60,900
    """,
    "zones": "id,x,y,people\nA,0,0,10\nB,1000,0,10\nC,2000,0,10",
    "connectors": "zone,node,minutes\nA,a,1\nB,b,1\nC,c,1",
    "purposes": """
        id,persons_per_trip,vehicles_per_trip,weekday_share,weekend_share,telework_share,priority
        work,10,8,1,0.25,0.4,1
        school,5,1,0.8,0,0,1
        health,2,2,1,1,0,3
    """,
    "trips": "origin,destination,purpose,trips\nA,B,work,300\nA,C,work,100\nC,A,school,50\nB,C,health,20\nB,A,health,5",
    "sectors": "id\ns",
    "firms": """
        id,sector,zone,x,y,jobs,value_added_per_day
        big,s,B,1000,0,90,1
        small,s,B,1000,0,10,1
        idle,s,B,1000,0,0,1
        other,s,C,2000,0,5,1
    """,
    "facilities": "id,kind,x,y,zone\nS,school,0,0,A\nH,hospital,2000,0,C\nP,health,2000,0,C",
}


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    return load_case(write_case(tmp_path_factory.mktemp("people") / "c", TABLES)).city


@pytest.fixture(scope="module")
def people(city):
    return build_population(city, 1)


def test_one_trip_maker_a_trip_with_a_name_of_its_own(people):
    assert len(people) == 475
    assert len(set(people.ids)) == 475
    assert people.ids[0] == "person:A>B/work#0"
    assert people.persons[:300].tolist() == [10.0] * 300
    assert people.vehicles[:300].sum() == 2400.0


def test_pairs_lead_out_and_back(people, city):
    road = city.road
    for pairs, pair, start, end in (
        (people.out, people.out_pair, people.origin, people.destination),
        (people.back, people.back_pair, people.destination, people.origin),
    ):
        np.testing.assert_array_equal(pairs.origin[pair], road.zone_node[start])
        np.testing.assert_array_equal(pairs.destination[pair], road.zone_node[end])
        assert len(set(zip(pairs.origin.tolist(), pairs.destination.tolist(), strict=True))) == len(pairs.origin)


def test_workers_work_at_firms_of_their_zone_in_proportion_to_jobs(people, city):
    work = people.purpose == PURPOSES.index("work")
    assert (people.firm[~work] == -1).all()
    number = city["firms"].index.get_loc
    to_b = people.firm[work & (people.destination == 1)]
    assert set(to_b) == {number("firm:big"), number("firm:small")}
    assert (to_b == number("firm:big")).mean() == pytest.approx(0.9, abs=0.06)
    assert set(people.firm[work & (people.destination == 2)]) == {number("firm:other")}


def test_school_and_health_trips_visit_what_stands_in_the_zone(people, city):
    names = city.components
    school = people.facility[people.purpose == PURPOSES.index("school")]
    assert set(names[school]) == {"facility:S"}
    health = people.purpose == PURPOSES.index("health")
    assert set(names[people.facility[health & (people.destination == 2)]]) == {"facility:H", "facility:P"}
    assert (people.facility[health & (people.destination == 0)] == -1).all()
    assert (people.facility[people.purpose == PURPOSES.index("work")] == -1).all()


def test_shares_of_the_purposes_hold(people):
    work = people.purpose == PURPOSES.index("work")
    school = people.purpose == PURPOSES.index("school")
    assert people.weekday[work].all()
    assert people.weekend[work].mean() == pytest.approx(0.25, abs=0.07)
    assert people.can_telework[work].mean() == pytest.approx(0.4, abs=0.08)
    assert people.weekday[school].mean() == pytest.approx(0.8, abs=0.15)
    assert not people.weekend[school].any()
    assert people.due(4) is people.weekday
    assert people.due(5) is people.weekend


def test_traits_are_of_the_person(city, people, tmp_path):
    again = build_population(city, 1)
    other = build_population(city, 2)
    np.testing.assert_array_equal(people.spot, again.spot)
    assert not np.array_equal(people.spot, other.spot)
    more = TABLES | {"trips": "origin,destination,purpose,trips\nC,B,work,40\n" + TABLES["trips"].split("\n", 1)[1]}
    grown = build_population(load_case(write_case(tmp_path / "c", more)).city, 1)
    assert len(grown) == len(people) + 40
    at = {name: i for i, name in enumerate(grown.ids)}
    same = [at[name] for name in people.ids]
    for trait in ("spot", "cautious", "can_telework", "weekday", "weekend", "firm", "facility"):
        np.testing.assert_array_equal(getattr(grown, trait)[same], getattr(people, trait))


def test_the_memory_of_trip_makers_is_about_what_they_take(tmp_path):
    many = 200_000
    trips = f"origin,destination,purpose,trips\nA,B,work,{many}"
    case = load_case(write_case(tmp_path, TABLES | {"trips": trips}))
    tracemalloc.start()
    people = case.population(1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert people is not None
    assert len(people) == many
    assert 0.6 * peak < case.memory_needed() == many * 400 < 2.0 * peak
    assert population_memory(many, one_by_one=True) == many * 1550


@pytest.mark.parametrize(
    ("trips", "there", "form", "fits"),
    [("1000", 4.1e5, "population", True), ("1000", 3.9e5, "population", False), ("1000", 1.5e6, "agent", False),
     ("1000", 1.6e6, "agent", True), ("1000", 0.0, "population", True), ("2000000000", 8e9, "population", False),
     ("1e18", 8e9, "population", False)],
)  # fmt: skip
def test_more_trip_makers_than_the_machine_can_hold_are_refused(tmp_path, monkeypatch, trips, there, form, fits):
    monkeypatch.setattr("resilience.case.case.available_memory", lambda: there)
    tables = TABLES | {"trips": f"origin,destination,purpose,trips\nA,B,work,{trips}"}
    folder = write_case(tmp_path, tables, more=f'\n[behaviour]\nform = "{form}"\n')
    if fits:
        assert load_case(folder)
        return
    with pytest.raises(CaseError) as caught:
        load_case(folder)
    assert [(p.key, p.file, p.column) for p in caught.value.problems] == [("too_many_trips", "trips.csv", "trips")]
    assert f"{float(trips):,.0f} trip makers" in str(caught.value)
    assert f"there are {there / 1e9:,.1f} GB" in str(caught.value)


def test_more_processes_than_fit_are_refused(tmp_path, monkeypatch):
    case = load_case(write_case(tmp_path, TABLES))
    each = 475 * 400.0
    assert case.memory_needed() == each
    monkeypatch.setattr("resilience.stress.stress.available_memory", lambda: 3.5 * each)
    check_workers(case, 3)
    with pytest.raises(InputError, match=r"in 4 processes would need .* try --workers 3"):
        check_workers(case, 4)
