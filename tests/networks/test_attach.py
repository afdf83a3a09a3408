"""Sites belong to roads that people can reach, and what stands elsewhere is told by name."""

from __future__ import annotations

import pytest
import simpy

from resilience.base.errors import CaseError
from resilience.base.streams import Streams
from resilience.case.case import load_case
from resilience.simulation.baseline import baseline
from resilience.simulation.engine import run
from resilience.simulation.world import World
from tests.tiny import write_case

HEAD = """
[case]
name = "T"
crs = "EPSG:26914"
currency = "USD"
price_year = 2024
[operations]
crews = 1
[[hazard]]
name = "h"
kind = "outage"
pattern = "listed"
listed = ["road:PQ", "road:QP"]
start_hour = 0
end_hour = 40
[[scenario]]
name = "s"
hazard = ["h"]
severity = 1.0
onset = "Monday 05:00"
horizon_days = 2
"""
# P - Q is a tunnel; S - T is a yard that joins nothing, right beside the hospital at 5.3 km
TABLES = {
    "road_nodes": "id,x,y\nP,0,0\nQ,5000,0\nS,5290,0\nT,5310,0",
    "road_links": """
        id,from_node,to_node,length_m,speed_kmh,capacity_vph,structure
        PQ,P,Q,5000,60,900,tunnel
        QP,Q,P,5000,60,900,tunnel
        ST,S,T,20,20,100,ground
        TS,T,S,20,20,100,ground
    """,
    "zones": "id,x,y,people,jobs\nA,0,0,300,0\nB,5000,0,100,50",
    "connectors": "zone,node,minutes\nA,P,0\nB,Q,0",
    "purposes": "id,persons_per_trip,vehicles_per_trip,weekend_share\nwork,1,1,1",
    "trips": "origin,destination,purpose,trips\nA,B,work,20",
    "facilities": "id,kind,x,y,zone\nH,hospital,5300,0,B",
}


def case(folder, **more):
    write_case(folder, TABLES | more)
    (folder / "case.toml").write_text(HEAD, encoding="utf-8")
    return load_case(folder)


def go(made):
    people = made.population(1)
    ordinary = baseline(made.city.road, people, 1e-6)
    chosen = made.scenarios["s"]
    return run(made.inputs, chosen, option="o", streams=Streams(1, 0), people=people, ordinary=ordinary)


def test_a_hospital_beside_a_stub_belongs_to_the_roads_that_people_use(tmp_path):
    made = case(tmp_path / "t")
    record = go(made)
    near = record.curve("safety/people_near_hospital")
    assert near[[0, 10, 47]].tolist() == [400, 100, 400]  # only B while the tunnel is shut
    told = [str(n) for n in made.notices if n.key == "sites_beside_stub"]
    assert len(told) == 1
    assert "facility:H (0.3 km)" in told[0]


@pytest.mark.parametrize(("x", "far"), [(9_900, False), (10_100, True)])
def test_a_site_too_far_from_every_road_is_told_by_name(tmp_path, x, far):
    made = case(tmp_path / "t", facilities=f"id,kind,x,y,zone\nH,hospital,{x},0,B")
    told = [str(n) for n in made.notices if n.key == "sites_far"]
    assert bool(told) is far
    if far:
        assert "facility:H (5.1 km)" in told[0]
        assert (go(made).curve("safety/people_near_hospital") == 0).all()


def test_crews_pass_no_road_that_is_shut_for_whatever_reason(tmp_path):
    """The depot is at P; the tunnel is switched off, not flooded, and so the crew waits until it is open again."""
    made = case(
        tmp_path / "t",
        facilities="id,kind,x,y,zone\nD,depot,0,0,A\nH,hospital,5000,0,B",
    )
    world = World(made.inputs, made.scenarios["s"], "o", Streams(1, 0), simpy.Environment())
    road = made.city.road
    assert world.hours_between(0, 1) == pytest.approx(5 / 60)
    blocked = (road.network.links.index == "road:PQ") | (road.network.links.index == "road:QP")
    world.set_roads(world.state_of_roads, blocked)
    assert world.hours_between(0, 1) == float("inf")


def test_trips_within_a_second_network_are_as_good_as_any(tmp_path):
    second = {
        "road_nodes": TABLES["road_nodes"] + "\nX,0,9000\nY,1000,9000",
        "road_links": TABLES["road_links"].rstrip()
        + "\n        XY,X,Y,1000,60,900,ground\n        YX,Y,X,1000,60,900,ground",
        "zones": TABLES["zones"] + "\nU,0,9000,10,0\nV,1000,9000,0,10",
        "connectors": TABLES["connectors"] + "\nU,X,0\nV,Y,0",
        "trips": TABLES["trips"] + "\nU,V,work,5",
    }
    assert go(case(tmp_path / "t", **second)).curve("travel/completed")[7] == 5  # those of A have no way
    across = second | {"trips": second["trips"] + "\nU,B,work,5"}
    with pytest.raises(CaseError, match=r"line 4, column origin: zone \"U\" cannot be reached"):
        case(tmp_path / "across", **across)


def test_deliveries_ask_for_the_two_firms_and_not_for_the_largest_network(tmp_path):
    """A dead end is shut; firms on either network go on trading. Then the road between two of them is shut."""
    firms = "id,sector,zone,x,y,jobs,value_added_per_day\n" + "\n".join(
        f"{f},s,{z},0,0,1,100" for f, z in (("F1", "U"), ("F2", "V"), ("F3", "A"), ("F4", "B"))
    )
    tables = {
        "road_nodes": "id,x,y\nP,0,0\nQ,5000,0\nR,0,1000\nX,0,9000\nY,1000,9000",
        "road_links": "id,from_node,to_node,length_m,speed_kmh,capacity_vph,structure\n"
        + "\n".join(f"{a}{b},{a},{b},1000,60,900,tunnel" for a, b in ("PQ", "QP", "PR", "RP", "XY", "YX")),
        "zones": "id,x,y,people,jobs\nA,0,0,10,1\nB,5000,0,10,1\nU,0,9000,10,1\nV,1000,9000,10,1",
        "connectors": "zone,node,minutes\nA,P,0\nB,Q,0\nU,X,0\nV,Y,0",
        "sectors": "id,days_per_week,stock_days,restock_days\ns,7,0,1",
        "firms": firms,
        "supply_links": "id,supplier,buyer,flow_per_day\nK1,F1,F2,50\nK2,F3,F4,50",
    }
    lost = {}
    for name, shut in (("dead end", "PR"), ("between F3 and F4", "PQ")):
        folder = tmp_path / name
        write_case(folder, tables)
        toml = HEAD.replace('"road:PQ", "road:QP"', f'"road:{shut}"').replace("end_hour = 40", "end_hour = 400")
        (folder / "case.toml").write_text(toml.replace("horizon_days = 2", "horizon_days = 4"), encoding="utf-8")
        made = load_case(folder)
        chosen = made.scenarios["s"]
        record = run(made.inputs, chosen, option="o", streams=Streams(1, 0), people=None, ordinary=None)
        lost[name] = float((record.curve("economy/value_added_full") - record.curve("economy/value_added")).sum())
    assert lost["dead end"] == pytest.approx(0, abs=1e-9)
    assert lost["between F3 and F4"] == pytest.approx(300.0)  # F4 stands still from the second day on


def test_a_zone_on_roads_of_its_own_is_told_and_draws_no_hospital_to_them(tmp_path):
    """Zone Y hangs on the yard beside the hospital, which belongs to the roads of the others all the same."""
    more = {
        "zones": TABLES["zones"] + "\nY,5290,0,7,0",
        "connectors": TABLES["connectors"] + "\nY,S,0",
    }
    made = case(tmp_path / "t", **more)
    told = [str(n) for n in made.notices if n.key == "zones_alone"]
    assert len(told) == 1
    assert "zone:Y" in told[0]
    assert go(made).curve("safety/people_near_hospital")[0] == 400
