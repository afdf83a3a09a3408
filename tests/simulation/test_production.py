"""Which roads count for deliveries, and whose staff works in which hour."""

from __future__ import annotations

import numpy as np
import pytest

from resilience.base.streams import Streams
from resilience.case.case import load_case
from resilience.simulation.baseline import baseline
from resilience.simulation.engine import run
from tests.tiny import write_outages

TABLES = {
    "road_nodes": "id,x,y\nA,0,0\nB,2000,0",
    "road_links": """
        id,from_node,to_node,length_m,speed_kmh,capacity_vph,structure
        AB,A,B,2000,60,10000,tunnel
        BA,B,A,2000,60,10000,tunnel
    """,
    "zones": "id,x,y,people,jobs\nA,0,0,100,0\nB,2000,0,0,100",
    "connectors": "zone,node,minutes\nA,A,0\nB,B,0",
}


def made(folder, shut, tables, *, onset="Monday 00:00", days=8):
    """Return the value added of each day when both roads are shut in spans of hours from the onset."""
    roads = ("road:AB", "road:BA")
    outages = {f"h{n}": (roads, start, end) for n, (start, end) in enumerate(shut)}
    write_outages(folder, TABLES | tables, outages, onset=onset, days=days)
    case = load_case(folder)
    people = case.population(1)
    ordinary = None if people is None else baseline(case.city.road, people, 1e-6)
    record = run(case.inputs, case.scenarios["s"], option="o", streams=Streams(1, 0), people=people, ordinary=ordinary)
    return record.curve("economy/value_added").to_numpy().reshape(-1, 24).sum(axis=1)


TRADE = {
    "sectors": "id,opens_hour,closes_hour,days_per_week,stock_days,restock_days\ns,8,18,7,0,1",
    "firms": "id,sector,zone,x,y,jobs,value_added_per_day\nF1,s,A,0,0,1,100\nF2,s,B,2000,0,1,100",
    "supply_links": "id,supplier,buyer,flow_per_day\nK,F1,F2,50",
}


@pytest.mark.parametrize(
    ("first", "last", "lost"),
    [(5, 22, 700), (8, 18, 700), (23, 24, 0), (18, 32, 0), (8, 17, 0), (9, 18, 0)],
)
def test_goods_pass_when_a_road_is_open_in_any_working_hour_of_the_supplier(tmp_path, first, last, lost):
    """Shut in the same hours of eight days; without a delivery the buyer stands still from the next day on."""
    by_day = made(tmp_path / "t", [(24 * d + first, 24 * d + last) for d in range(8)], TRADE)
    assert 8 * 200 - by_day.sum() == pytest.approx(lost)


def work(opens, closes, days=5):
    return {
        "trips": "origin,destination,purpose,trips\nA,B,work,100",
        "purposes": "id,persons_per_trip,vehicles_per_trip,weekend_share\nwork,1,1,0",
        "firms": "id,sector,zone,x,y,jobs,value_added_per_day\nF,s,B,2000,0,100,2400",
        "sectors": f"id,opens_hour,closes_hour,days_per_week\ns,{opens},{closes},{days}",
    }


@pytest.mark.parametrize(("opens", "closes"), [(0, 24), (6, 14), (8, 18)])
def test_no_firm_works_with_the_staff_of_the_day_before(tmp_path, opens, closes):
    """The only way to work is shut from Saturday on, and from Tuesday 06:00 to Wednesday 12:00 in a second case."""
    assert (made(tmp_path / "a", [(0, 400)], work(opens, closes), onset="Saturday 00:00", days=5) == 0).all()
    by_day = made(tmp_path / "b", [(30, 60)], work(opens, closes), days=5)
    np.testing.assert_allclose(by_day, [2400, 0, 0, 2400, 2400])
