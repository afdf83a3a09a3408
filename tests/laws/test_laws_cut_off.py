"""Zones that roads cut off, with causes that make the difference; stranded people and their firms."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resilience.base.streams import Streams
from resilience.case.case import load_case
from resilience.networks.network import Network
from resilience.networks.road import road_model
from resilience.simulation.baseline import baseline
from resilience.simulation.cut_off import CutOff, Ways
from resilience.simulation.engine import run
from tests.tiny import write_outages


def town(folder, links, trips, hazards, *, onset="Monday 05:00", days=3, weekend=1, jobs="", minutes=1.0):
    """A town whose links (such as "A-M") are tunnels a minute long; hazards name -> (links, first hour, last hour)."""
    places = sorted({end for link in links for end in link.split("-")})
    zones = sorted({zone for pair in trips for zone in pair})
    both = [(f"{a}{b}", x, y) for a, b in (link.split("-") for link in links) for x, y in ((a, b),)]
    both += [(f"{b}{a}", b, a) for a, b in (link.split("-") for link in links)]
    long = minutes if isinstance(minutes, dict) else dict.fromkeys([name for name, *_ in both], minutes)
    tables = {
        "road_nodes": "id,x,y\n" + "\n".join(f"{p},{1000 * i},{1000 * (i % 2)}" for i, p in enumerate(places)),
        "road_links": "id,from_node,to_node,length_m,speed_kmh,capacity_vph,structure\n"
        + "\n".join(f"{n},{a},{b},{1000 * long.get(n, 1.0)},60,1e6,tunnel" for n, a, b in both),
        "zones": "id,x,y,people,jobs\n" + "\n".join(f"{z},{1000 * places.index(z)},0,100,100" for z in zones),
        "connectors": "zone,node,minutes\n" + "\n".join(f"{z},{z},0" for z in zones),
        "purposes": f"id,persons_per_trip,vehicles_per_trip,weekend_share\nwork,1,1,{weekend}",
        "trips": "origin,destination,purpose,trips\n" + "\n".join(f"{a},{b},work,{n}" for (a, b), n in trips.items()),
    }
    if jobs:
        tables |= {"sectors": "id,days_per_week\ns,7", "firms": jobs}
    outages = {name: ([f"road:{n}" for n in shut], first, last) for name, (shut, first, last) in hazards.items()}
    write_outages(folder, tables, outages, onset=onset, days=days)
    case = load_case(folder)
    people = case.population(1)
    ordinary = baseline(case.city.road, people, 1e-6)
    chosen = case.scenarios["s"]
    return run(case.inputs, chosen, option="o", streams=Streams(1, 0), people=people, ordinary=ordinary)


def told(record, component):
    """(hour, what, names of its causes, other sets) of each event of a component."""
    by_number = {e["event"]: e["component"] for e in record.events}
    return [
        (
            e["hour"], e["what"],
            {by_number[c] for c in (e["cause"], *map(int, e["together"].split())) if c >= 0}, e["alternatives"],
        )
        for e in record.events if e["component"] == component
    ]  # fmt: skip


def test_a_zone_with_every_road_shut_is_cut_off_on_any_day(tmp_path):
    """Shut from Saturday 05:00 to Tuesday 12:00; nobody travels on a weekend."""
    hazards = {"h": (["AM", "MA"], 0, 79)}
    record = town(tmp_path / "t", ["A-M", "M-B"], {("A", "B"): 60}, hazards, onset="Saturday 05:00", days=6, weekend=0)
    assert [(hour, what) for hour, what, *_ in told(record, "zone:A")] == [(7, "cut_off"), (84, "reachable")]
    people = record.curve("travel/cut_off_people")
    assert np.flatnonzero(people == 100).tolist() == list(range(7, 84))
    assert (people[84:] == 0).all()


@pytest.mark.parametrize("first", [3, 9, 12])
def test_a_closure_of_an_hour_by_day_cuts_a_zone_off_for_that_hour(tmp_path, first):
    """At 08:00, 14:00 and 17:00, between the hours in which people set out."""
    record = town(tmp_path / "t", ["A-M", "M-B"], {("A", "B"): 60}, {"h": (["AM", "MA"], first, first + 1)})
    told_of = [(hour, what) for hour, what, *_ in told(record, "zone:A")]
    assert told_of == [(5 + first, "cut_off"), (6 + first, "reachable")]


def test_a_closure_at_night_cuts_off_in_the_morning_if_it_is_still_there(tmp_path):
    hazards = {"short": (["AM", "MA"], 15, 17), "long": (["AM", "MA"], 45, 55)}  # 20:00 to 22:00; 02:00 to 12:00
    record = town(tmp_path / "t", ["A-M", "M-B"], {("A", "B"): 60}, hazards)
    assert [(hour, what) for hour, what, *_ in told(record, "zone:A")] == [(55, "cut_off"), (60, "reachable")]


@pytest.mark.parametrize("second", [5, 6, 7])
def test_a_zone_that_stays_cut_off_is_told_by_what(tmp_path, second):
    """A-M is shut from 10 to 12, M-B from 10, 11 or 12 on to 72: from 12 on M-B alone is to blame."""
    hazards = {"x": (["AM", "MA"], 5, 7), "y": (["MB", "BM"], second, 67)}
    record = town(tmp_path / "t", ["A-M", "M-B"], {("A", "B"): 60}, hazards, days=4)
    of_a = [(hour, what, causes) for hour, what, causes, _ in told(record, "zone:A")]
    both = {"road:AM", "road:MB"} if second == 5 else {"road:AM"}
    assert of_a[:2] == [(10, "cut_off", both), (12, "still_cut_off", {"road:MB"})]
    assert [e[:2] for e in of_a[2:]] == [(72, "reachable")]


def test_a_closure_that_another_hazard_takes_over_is_told(tmp_path):
    """Both hazards shut A-M, one from 10 to 12, the other from 11 to 30; the road never opens."""
    hazards = {"x": (["AM", "MA"], 5, 7), "y": (["AM", "MA"], 6, 25)}
    record = town(tmp_path / "t", ["A-M", "M-B"], {("A", "B"): 60}, hazards)
    assert [(hour, what) for hour, what, *_ in told(record, "zone:A")] == [
        (10, "cut_off"), (12, "still_cut_off"), (30, "reachable")
    ]  # fmt: skip
    by_number = {e["event"]: e for e in record.events}
    still = next(e for e in record.events if e["what"] == "still_cut_off")
    line = [still["component"], still["what"]]
    while still["cause"] >= 0:
        still = by_number[still["cause"]]
        line.append(still["what"])
    assert line == ["zone:A", "still_cut_off", "still_closed", "failed", "hazard"]
    assert still["component"] == "hazard:y"
    on = next(e for e in record.events if e["what"] == "switched_on")
    assert (on["hour"], by_number[by_number[on["cause"]]["cause"]]["component"]) == (30, "hazard:y")


@pytest.mark.parametrize(("to_b", "to_c"), [(60, 40), (85, 15)])
def test_the_closure_that_everybody_needs_is_told(tmp_path, to_b, to_c):
    """Two places are shut; with AM alone open the trips to C get through, with NB alone nobody does."""
    hazards = {"h": (["AM", "MA", "NB", "BN"], 0, 60)}
    record = town(tmp_path / "t", ["A-M", "M-N", "N-B", "N-C"], {("A", "B"): to_b, ("A", "C"): to_c}, hazards)
    assert told(record, "zone:A")[0][2:] == ({"road:AM"}, 0)


def test_closures_in_a_row_are_told_together_and_side_by_side_as_one_of_several(tmp_path):
    row = {"h": (["AM", "MA", "MB", "BM"], 0, 60)}
    record = town(tmp_path / "row", ["A-M", "M-B"], {("A", "B"): 10}, row)
    assert told(record, "zone:A")[0][2:] == ({"road:AM", "road:MB"}, 0)
    side = {"h": (["AM", "MA", "AN", "NA"], 0, 60)}
    record = town(tmp_path / "side", ["A-M", "M-B", "A-N", "N-B"], {("A", "B"): 10}, side)
    assert told(record, "zone:A")[0][2:] == ({"road:AM"}, 1)


SIDE = 5


def grid_model():
    """A grid of junctions with three zones."""
    import pandas as pd

    names = [f"n{i}{j}" for i in range(SIDE) for j in range(SIDE)]
    nodes = pd.DataFrame({"x": [100.0 * int(n[1]) for n in names], "y": [100.0 * int(n[2]) for n in names],
                          "signal": False}, index=names)  # fmt: skip
    ends = [
        (a, b)
        for a, b in itertools.permutations(names, 2)
        if abs(int(a[1]) - int(b[1])) + abs(int(a[2]) - int(b[2])) == 1
    ]
    links = pd.DataFrame(ends, columns=["from_node", "to_node"], index=[a + b for a, b in ends]).assign(
        length_m=100.0, speed_kmh=60.0, free_flow_min=np.nan, capacity_vph=100.0, bpr_b=0.15, bpr_power=4.0
    )
    zones = pd.DataFrame({"people": 1.0}, index=["z0", "z1", "z2"])
    connectors = pd.DataFrame({"zone": zones.index, "node": ["n00", "n44", "n40"], "minutes": 0.0})
    return road_model(Network("road", nodes, links), zones, connectors)


@given(st.sets(st.integers(0, 2 * 2 * SIDE * (SIDE - 1) - 1), min_size=20, max_size=60), st.integers(1, 99))
@settings(max_examples=60)
def test_opening_the_told_closures_alone_brings_access_back(shut, share):
    road = grid_model()
    closed = np.zeros(len(road.graph.tail), bool)
    closed[list(shut)] = True
    ways = Ways(road, closed)
    goals, weight = np.array([1, 2]), np.array([float(share), 100.0 - share])
    weight[ways.reach(0, frozenset())[goals]] = 0.0
    if weight.sum() == 0:
        return
    part = CutOff.__new__(CutOff)
    part._age = lambda link: (0, str(link))
    links, _ = part.smallest(ways, 0, goals, weight)
    back = weight[ways.reach(0, frozenset(links))[goals]].sum()
    assert back >= 0.1 * weight.sum()
    for link in links:  # none of them can be left out
        fewer = weight[ways.reach(0, frozenset(links) - {link})[goals]].sum()
        assert fewer < 0.1 * weight.sum()


def test_losing_the_detour_too_never_looks_better(tmp_path):
    """At noon the short way (2 minutes) is shut until night, then the detour of 62 minutes as well."""
    minutes = dict.fromkeys(("AN", "NA", "NB", "BN"), 30.0) | dict.fromkeys(("AM", "MA", "MB", "BM"), 1.0)
    lost = []
    for more in ([], ["AN", "NA"]):
        hazards = {"h": (["AM", "MA", *more], 5, 15)}
        record = town(
            tmp_path / f"t{len(more)}", ["A-M", "M-B", "A-N", "N-B"], {("A", "B"): 30}, hazards, minutes=minutes
        )
        lost.append(np.nansum(record.curve("travel/borne_hours") + record.curve("travel/given_up_hours")))
    assert lost[0] == pytest.approx(30 * 58 / 60)  # home takes 60 instead of 2 minutes
    assert lost[1] >= 30 * 24  # a night away


def test_stranded_staff_work_at_the_firm_where_they_are(tmp_path):
    firms = "id,sector,zone,x,y,jobs,value_added_per_day\nF,s,B,2000,0,10,1000"
    hazards = {"h": (["AM", "MA"], 7, 80)}  # shut from noon of the first day on
    record = town(tmp_path / "t", ["A-M", "M-B"], {("A", "B"): 10}, hazards, jobs=firms)
    assert record.curve("travel/stranded", hold=True)[40] == 10
    made = record.curve("economy/value_added")
    assert made[24:48].sum() == pytest.approx(1000.0)


def test_what_keeps_a_road_shut_now_is_told_and_not_what_closed_it_first(tmp_path):
    """AM is off from 08:00 to 15:00 for one reason and from 13:00 on for another; the way around it at 16:00."""
    hazards = {"early": (["AM", "MA"], 3, 10), "late": (["AM", "MA"], 8, 60), "around": (["AN", "NA"], 11, 60)}
    record = town(tmp_path / "t", ["A-M", "M-B", "A-N", "N-B"], {("A", "B"): 10}, hazards)
    event = next(e for e in record.events if e["what"] == "cut_off")
    by_number = {e["event"]: e for e in record.events}
    cause = by_number[event["cause"]]
    assert event["hour"] == 16
    assert (cause["component"], cause["what"]) == ("road:AM", "still_closed")
    assert by_number[by_number[cause["cause"]]["cause"]]["component"] == "hazard:late"


def test_an_alternative_brings_as_many_back(tmp_path):
    """85 of 100 go over MB and 15 over MC, both shut: mending MC would not do."""
    hazards = {"h": (["MB", "BM", "MC", "CM"], 0, 60)}
    record = town(tmp_path / "t", ["A-M", "M-B", "M-C"], {("A", "B"): 85, ("A", "C"): 15}, hazards)
    assert told(record, "zone:A")[0][2:] == ({"road:MB"}, 0)


def test_two_ways_of_two_closures_are_told_as_one_of_two(tmp_path):
    hazards = {"h": (["AN", "NA", "NB", "BN", "AS", "SA", "SB", "BS"], 0, 60)}
    record = town(tmp_path / "t", ["A-N", "N-B", "A-S", "S-B"], {("A", "B"): 10}, hazards)
    causes, others = told(record, "zone:A")[0][2:]
    assert causes in ({"road:AN", "road:NB"}, {"road:AS", "road:SB"})
    assert others == 1
