from __future__ import annotations

import pandas as pd
import pytest

from resilience.base.errors import CaseError
from resilience.case.case import load_case
from resilience.case.coordinates import area_of, check_coordinates
from tests.tiny import CRS, write_case

TABLES = {
    "power_nodes": "id,kind,x,y,load_kw\nSRC,source,501000,4800000,1",
    "power_links": "id,from_node,to_node",
    "road_nodes": "id,x,y\nP,501000,4800000\nQ,504000,4800000",
    "road_links": """
        id,from_node,to_node,length_m,speed_kmh,capacity_vph,geometry
        PQ,P,Q,3000,60,900,"501000 4800000, 502000 4800500, 504000 4800000"
        QP,Q,P,3000,60,900,"501000 4800000, 504000 4800000"
    """,
    "zones": """
        id,x,y,people,geometry
        A,501000,4800000,9,
        B,504000,4800000,9,"503500 4799500, 504500 4799500, 504500 4800500"
    """,
    "facilities": "id,kind,x,y,zone\nH1,hospital,501000,4800000,A\nH2,hospital,504000,4800000,B",
}


def told(tmp_path, table, old, new):
    """Return the problems and notices of the plain city with one text replaced."""
    assert old in TABLES[table]
    folder = write_case(tmp_path / "c", TABLES | {table: TABLES[table].replace(old, new, 1)})
    try:
        case = load_case(folder)
    except CaseError as error:
        return [(p.key, p.file, p.row, p.column) for p in error.problems], str(error)
    wanted = ("outside_crs", "outline_away", "line_away")
    return [(n.key, n.values.get("row")) for n in case.notices if n.key in wanted], "\n".join(map(str, case.notices))


def test_the_plain_city_is_in_order(tmp_path):
    assert told(tmp_path, "zones", "A,", "A,")[0] == []


@pytest.mark.parametrize("value", ["1e10", "-1e9", "501000000", "5e7", "1e300"])
@pytest.mark.parametrize(("column", "old"), [("x", "H1,hospital,501000,"), ("y", "H1,hospital,501000,4800000")])
def test_a_place_that_no_system_has(tmp_path, value, column, old):
    new = f"H1,hospital,{value}," if column == "x" else f"H1,hospital,501000,{value}"
    found, message = told(tmp_path, "facilities", old, new)
    assert found == [("no_place", "facilities.csv", 2, column)]
    assert f"H1: {float(value):.10g}" in message
    assert "EPSG:26914" in message


@pytest.mark.parametrize(
    ("table", "old", "new", "row"),
    [
        ("road_nodes", "Q,504000", "Q,5040000", 3), ("zones", "A,501000", "A,5010000", 2),
        ("power_nodes", "SRC,source,501000", "SRC,source,1e10", 2),
        ("facilities", "H2,hospital,504000,4800000", "H2,hospital,0,0", 3),
    ],
)  # fmt: skip
def test_a_place_farther_away_than_cities_are_wide(tmp_path, table, old, new, row):
    found, _ = told(tmp_path, table, old, new)
    assert {(key, file, line) for key, file, line, _ in found} == {("no_place", f"{table}.csv", row)}


@pytest.mark.parametrize(
    ("table", "old", "new", "row", "column"),
    [
        ("facilities", "H2,hospital,504000,4800000", "H2,hospital,-98.95,43.35", 3, "x, y"),
        ("facilities", "H2,hospital,504000,4800000", "H2,hospital,43.35,-98.95", 3, "x, y"),
        ("zones", "503500 4799500, 504500 4799500, 504500 4800500",
         "-98.957 43.35, -98.944 43.35, -98.944 43.36", 3, "geometry"),
        ("road_links", "501000 4800000, 504000 4800000", "-98.957 43.35, -98.944 43.35", 3, "geometry"),
        ("zones", "503500 4799500, 504500 4799500, 504500 4800500", "43.35 7.1, 43.36 7.1, 43.36 7.2", 3, "geometry"),
    ],
)  # fmt: skip
def test_degrees_among_metres(tmp_path, table, old, new, row, column):
    found, message = told(tmp_path, table, old, new)
    assert found == [("degrees", f"{table}.csv", row, column)]
    assert "looks like degrees; needed are metres" in message


def test_a_whole_case_in_degrees(tmp_path):
    nodes = "id,kind,x,y,load_kw\nSRC,source,-98.95,43.35,1\nF,feeder,-98.94,43.36,1"
    with pytest.raises(CaseError) as caught:
        load_case(write_case(tmp_path, {"power_nodes": nodes, "power_links": "id,from_node,to_node\nW,SRC,F"}))
    assert [(p.key, p.file, p.row) for p in caught.value.problems] == [("degrees", "power_nodes.csv", 2)]


@pytest.mark.parametrize("places", [[(0, 0)], [(0, 0), (100, 50)], [(15, 50), (3, 4)], [(0.5, 0.5), (90.5, 20.5)]])
def test_a_plan_of_small_numbers_is_left_alone(places):
    table = pd.DataFrame([(f"n{i}", x, y, i + 2) for i, (x, y) in enumerate(places)], columns=["id", "x", "y", "row"])
    for crs in (CRS, "EPSG:32633", "EPSG:31982"):
        problems: list = []
        notices: list = []
        check_coordinates(crs, {"road_nodes": table}, problems, notices)
        assert problems == []
        assert notices == []


@pytest.mark.parametrize(
    ("table", "old", "new", "key", "row"),
    [
        # 1 km wide and 3 km away; then the centre inside; then beside it by less than its own size
        ("zones", "503500 4799500, 504500 4799500, 504500 4800500",
         "507500 4799500, 508500 4799500, 508500 4800500", "outline_away", "3"),
        ("zones", "503500 4799500", "504100 4799500", None, None),
        # a line that ends a kilometre past its node is as long as that; one that lies elsewhere is not
        ("road_links", "501000 4800000, 504000 4800000", "501000 4801000, 504000 4801000", None, None),
        ("road_links", "501000 4800000, 504000 4800000", "501000 4809000, 504000 4809000", "line_away", "3"),
    ],
)  # fmt: skip
def test_shapes_far_from_what_they_belong_to(tmp_path, table, old, new, key, row):
    found, message = told(tmp_path, table, old, new)
    assert found == ([(key, row)] if key else [])
    if key:
        assert f"{table}.csv, line {row}, column geometry" in message
    if key == "outline_away":
        assert "3,500 m from its own centre" in message
    if key == "line_away":
        assert "9,000 m from its node" in message


def test_swapped_axes_are_told(tmp_path):
    swapped = TABLES.copy()
    for table in ("power_nodes", "road_nodes", "zones", "facilities"):
        swapped[table] = swapped[table].replace("x,y", "y,x")
    swapped["road_links"] = TABLES["road_links"].split("PQ")[0]
    swapped["zones"] = "id,y,x,people\nA,501000,4800000,9\nB,504000,4800000,9"
    case = load_case(write_case(tmp_path, swapped))
    assert "outside_crs" in [n.key for n in case.notices]
    assert "x and y may be swapped" in "\n".join(map(str, case.notices))


def test_the_area_of_a_system():
    area = area_of("EPSG:26914")
    assert area.degrees == pytest.approx((-102.0, 25.83, -96.0, 84.0), abs=0.05)
    assert area.metres is not None
    # the equator is y = 0, a degree of latitude about 111 km; half of 6 degrees at 25.83 N is 3 x 111.3 x cos = 300 km
    assert area.metres[1] == pytest.approx(25.83 * 110.8e3, rel=0.01)
    assert area.metres[0] == pytest.approx(5e5 - 3 * 111.3e3 * 0.9, rel=0.02)
    assert area_of("nonsense").metres is None
