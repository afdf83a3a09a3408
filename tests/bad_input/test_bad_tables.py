# ruff: noqa: E501 - a fault a line
"""One fault at a time in a copy of the teaching case: the message names file, line, column, what and what instead."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from resilience.base.errors import CaseError
from resilience.case.case import load_case


def change(folder, file, old, new):
    """Replace the first place where `old` stands in a file."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{file} has no {old!r}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def line_of(folder, file, start):
    """Return the number of the first line that begins with a text."""
    lines = (folder / file).read_text(encoding="utf-8").splitlines()
    return next(i for i, line in enumerate(lines, 1) if line.startswith(start))


# file, old, new, problem, line that begins with this afterwards, column, words of the message
FAULTS = [
    ("road_links.csv", "L1-2,N1,N2,6000,60,25900.20064", "L1-2,N1,N2,6000,60,-5", "too_small", "L1-2,", "capacity_vph",
     ["found -5", "needed is > 0"]),
    ("road_links.csv", "L1-2,N1,N2,6000,60,25900.20064", "L1-2,N1,N2,6000,60,0", "too_small", "L1-2,", "capacity_vph",
     ["found 0", "> 0"]),
    ("road_links.csv", "L1-2,N1,N2,6000", "L1-2,N1,N2,long", "not_a_number", "L1-2,", "length_m", ['"long"', "number"]),
    ("road_links.csv", "L1-2,N1,N2,6000", "L1-2,N1,N2,nan", "not_a_number", "L1-2,", "length_m", ['"nan"']),
    ("road_links.csv", "L1-2,N1,N2,6000", "L1-2,N1,N2,inf", "not_finite", "L1-2,", "length_m", ['"inf"', "finite"]),
    ("road_links.csv", "L1-2,N1,N2,6000", "L1-2,N1,N2,1e300", "too_large", "L1-2,", "length_m", ["1e300", "<= 1e+18"]),
    ("road_links.csv", "L1-2,N1,N2,6000", "L1-2,N1,N2,1e-300", "too_small", "L1-2,", "length_m", [">= 1e-09"]),
    ("road_links.csv", "L1-2,N1,N2,6000", "L1-2,N1,N2,", "empty_cell", "L1-2,", "length_m", ["required"]),
    ("road_links.csv", "L1-3,", "L1-2,", "duplicate_id", "L1-2,N1,N3", "id", ["twice"]),
    ("road_links.csv", "L1-2,", "N5,", "duplicate_id", "N5,N1", "id", ["unique within their network"]),
    ("road_links.csv", "L1-2,N1,N2", "L1-2,N1,N99", "unknown_ref", "L1-2,", "to_node", ["N99", "road_nodes.csv", "N9"]),
    ("road_links.csv", "L1-2,N1,N2", "L1-2,N1,N1", "self_loop", "L1-2,", "to_node", ['"N1"', "take it out"]),
    ("power_links.csv", "W1,SRC,SU1", "FE1,SRC,SU1", "duplicate_id", "FE1,SRC", "id", ["twice"]),
    ("power_links.csv", "W1,SRC,SU1", "W1,SRC,SU7", "unknown_ref", "W1,", "to_node", ["power_nodes.csv", "did you mean"]),
    ("power_nodes.csv", "SU1,substation", "SU1,substaton", "not_a_choice", "SU1,", "kind", ["did you mean: substation"]),
    ("power_nodes.csv", ",8465,1,1", ",8465,1.5,1", "not_an_integer", "FE1,", "priority", ["whole number"]),
    ("power_nodes.csv", ",8465,", ",-8465,", "too_small", "FE1,", "load_kw", [">= 0"]),
    ("zones.csv", "Z1,zone", "Z2,zone", "duplicate_id", None, "id", ["Z2"]),
    ("zones.csv", '"682128 4829595, 682492 4832287', '"682128 4829595, 682492', "not_points", "Z1,", "geometry", ["x y"]),
    ("connectors.csv", "Z1,N1", "Z77,N1", "unknown_ref", "Z77,", "zone", ["zones.csv", "did you mean: Z7"]),
    ("connectors.csv", "Z1,N1,0", "Z1,N1,-1", "too_small", "Z1,", "minutes", [">= 0"]),
    ("trips.csv", "Z1,Z3,work,1", "Z1,Z3,work,0", "too_small", "Z1,Z3,work", "trips", ["found 0", ">= 1"]),
    ("trips.csv", "Z1,Z3,work,1", "Z1,Z3,work,1.5", "not_an_integer", "Z1,Z3,work", "trips", ["whole number"]),
    ("trips.csv", "Z1,Z3,work,1", "Z1,Z1,work,1", "within_zone", "Z1,Z1", "destination", ["Z1"]),
    ("trips.csv", "Z1,Z3,work,1", "Z1,Z3,wrk,1", "unknown_ref", "Z1,Z3,wrk", "purpose", ["purposes.csv", "work"]),
    ("purposes.csv", "work,100", "job,100", "not_a_choice", "job,", "id", ["school"]),
    ("purposes.csv", "school,100,100,1,", "school,100,100,1.2,", "too_large", "school,", "weekday_share", ["<= 1"]),
    ("facilities.csv", "H1,hospital", "H1,hospitl", "not_a_choice", "H1,", "kind", ["did you mean: hospital"]),
    ("firms.csv", "F1,trade", "F1,trad", "unknown_ref", "F1,", "sector", ["did you mean: trade"]),
    ("firms.csv", "F2,manufacturing", "F1,manufacturing", "duplicate_id", "F1,manu", "id", ["F1"]),
    ("sectors.csv", "food,Food,6,18", "food,Food,18,6", "bad_span", "food,", "closes_hour", ["end must come after"]),
    ("supply_links.csv", "K1,F6,F1", "K1,F6,F99", "unknown_ref", "K1,", "buyer", ["firms.csv"]),
    ("supply_links.csv", "K1,F6,F1,80100", "K1,F6,F1,8e9", "oversold", None, "flow_per_day", ["F6", "sells more"]),
    ("dependencies.csv", "power:FE1,zone:Z1,power", "power:FE9,zone:Z1,power", "unknown_component", "power:FE9",
     "supplier", ["did you mean: power:FE"]),
    ("dependencies.csv", "power:FE1,zone:Z1,power", "power:FE1,zone:Z99,power", "unknown_component", "power:FE1,zone:Z99",
     "consumer", ["did you mean: zone:Z9"]),
    ("dependencies.csv", "power:FE3,zone:Z2,power", "power:FE1,zone:Z1,power", "unused_row", None, "consumer",
     ["already supplied"]),
    ("dependencies.csv", "power:FE1,zone:Z1,power", "facility:H1,zone:Z1,power", "wrong_supplier", "facility:H1,zone:Z1",
     "supplier", ["gives no power"]),
    ("dependencies.csv", "power:FE1,zone:Z1,power", "zone:Z1,zone:Z1,water", "unused_row", "zone:Z1,zone:Z1", "supplier",
     ["supplies itself"]),
    ("dependencies.csv", "power:FE1,zone:Z1,power,all,0", "power:FE1,zone:Z1,gas,all,0", "not_a_choice",
     "power:FE1,zone:Z1", "service", ["known: power, telecom, water"]),
    ("dependencies.csv", "power:FE3,zone:Z2,power,all", "power:FE3,zone:Z1,power,any", "mixed_rule", None, "rule", ["mix"]),
    ("lake_stage.csv", "12,2.0", "3,2.0", "not_rising", "3,", "hour", ["rise from row to row"]),
]  # fmt: skip


CITY = ("unknown_component", "unused_row", "wrong_supplier", "oversold", "not_rising")


def batches():
    """Put faults together that do not hide each other: one a file, and those of tables apart from those of the city."""
    made: list[list] = []
    for fault in FAULTS:
        alone = fault[0] in ("zones.csv", "dependencies.csv") or fault[3] in CITY
        fitting = [b for b in made if not alone and not b[0][1] and fault[0] not in {f[0] for f, _ in b}]
        if fitting:
            fitting[0].append((fault, alone))
        else:
            made.append([(fault, alone)])
    return [[f for f, _ in b] for b in made]


@pytest.mark.parametrize("faults", batches(), ids=lambda faults: f"{len(faults)}-{faults[0][3]}")
def test_faults_are_found_where_they_are(sioux_copy, problems, faults):
    for file, old, new, *_ in faults:
        change(sioux_copy, file, old, new)
    told = problems(sioux_copy)
    for file, _, _, key, start, column, words in faults:
        row = line_of(sioux_copy, file, start) if start is not None else None
        found = [p for p in told if (p.key, p.file, p.column) == (key, file, column) and row in (None, p.row)]
        assert found, (key, file, column, row)
        text = str(found[0])
        assert row is None or f"line {row}, " in text
        for word in words:
            assert word in text


def test_zone_without_a_way_to_the_roads(sioux_copy, problems):
    change(sioux_copy, "connectors.csv", "Z1,N1,0\n", "")
    found = problems(sioux_copy)
    assert {p.key for p in found} == {"no_connector"}
    assert {(p.file, p.column) for p in found} == {("trips.csv", "origin"), ("trips.csv", "destination")}
    assert 'zone "Z1" has no row in connectors.csv' in str(found[0])


def test_zone_that_cannot_be_left(sioux_copy, problems):
    path = sioux_copy / "road_links.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if line.split(",")[1] != "N1"))
    found = problems(sioux_copy)
    assert {p.key for p in found} == {"unreachable_zone"}
    assert {p.found for p in found} == {"Z1"}


def test_power_that_reaches_nobody(sioux_copy, problems):
    change(sioux_copy, "power_nodes.csv", "SRC,source", "SRC,substation")
    assert "no_source" in {p.key for p in problems(sioux_copy)}
    change(sioux_copy, "power_nodes.csv", "SRC,substation", "SRC,source")
    change(sioux_copy, "power_links.csv", "W9,SU2,FE4,20000", "W9,SU2,FE4,2")
    found = problems(sioux_copy)
    assert [(p.key, p.found) for p in found] == [("not_supplied", "power:FE4")]


def test_columns_too_many_and_too_few(sioux_copy, problems):
    change(sioux_copy, "road_nodes.csv", "id,x,y,signal", "id,x,y,signals")
    change(sioux_copy, "connectors.csv", "zone,node,minutes", "zone,node,mins")
    found = [(p.key, p.file, p.row, p.column) for p in problems(sioux_copy)]
    assert ("unknown_column", "road_nodes.csv", 1, "signals") in found
    assert ("unknown_column", "connectors.csv", 1, "mins") in found
    assert ("missing_column", "connectors.csv", 1, "minutes") in found


def test_a_table_that_cannot_be_read_does_not_make_the_others_wrong(sioux_copy, problems):
    change(sioux_copy, "zones.csv", "id,kind,x,y", "id,kind,x,z")
    assert {p.file for p in problems(sioux_copy)} == {"zones.csv"}


def test_several_faults_of_several_files_are_told_at_once(sioux_copy, problems):
    change(sioux_copy, "road_links.csv", "L1-2,N1,N2,6000", "L1-2,N1,N2,x")
    change(sioux_copy, "road_links.csv", "L1-3,N1,N3", "L1-3,N1,N93")
    change(sioux_copy, "power_nodes.csv", "FE1,feeder", "FE1,feder")
    change(sioux_copy, "firms.csv", "F1,trade", "F1,trad")
    assert {(p.key, p.file) for p in problems(sioux_copy)} == {
        ("not_a_number", "road_links.csv"), ("unknown_ref", "road_links.csv"), ("not_a_choice", "power_nodes.csv"),
        ("unknown_ref", "firms.csv"),
    }  # fmt: skip


def test_no_trips_is_said_and_no_fault(sioux_copy):
    (sioux_copy / "trips.csv").unlink()
    case = load_case(sioux_copy)
    assert "the case has roads but no trips; traffic and travel are not assessed" in map(str, case.notices)
    assert {m for m in case.not_assessed if m.startswith(("traffic/", "travel/"))} >= {"travel/completed_trips"}
    assert case.population(1) is None


def test_a_header_alone_is_as_good_as_no_file(sioux_copy):
    for name in ("firms", "supply_links", "sectors"):
        path = sioux_copy / f"{name}.csv"
        path.write_text(path.read_text().splitlines()[0] + "\n")
    rows = (sioux_copy / "dependencies.csv").read_text().splitlines(keepends=True)
    (sioux_copy / "dependencies.csv").write_text("".join(r for r in rows if "firm:" not in r))
    case = load_case(sioux_copy)
    assert case.city.supply is None
    assert "economy/output" in case.not_assessed


def test_an_empty_file_is_a_fault(sioux_copy, problems):
    (sioux_copy / "firms.csv").write_text("")
    assert ("unreadable", "firms.csv") in {(p.key, p.file) for p in problems(sioux_copy)}


def test_a_misspelt_file_is_asked_about(sioux_copy, problems):
    (sioux_copy / "facilities.csv").rename(sioux_copy / "facilites.csv")
    assert ("unknown_table", "facilites.csv", "facilities.csv") in {
        (p.key, p.file, p.expected) for p in problems(sioux_copy)
    }


def test_bom_and_crlf_are_read(sioux_copy, sioux):
    for path in sioux_copy.glob("*.csv"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    toml = sioux_copy / "case.toml"
    toml.write_bytes(toml.read_bytes().replace(b"\n", b"\r\n"))
    case = load_case(sioux_copy)
    for name, table in sioux.city.tables.items():
        assert case.city.tables[name].equals(table)


def test_a_bom_before_case_toml_is_read(sioux_copy):
    toml = sioux_copy / "case.toml"
    toml.write_bytes(b"\xef\xbb\xbf" + toml.read_bytes())
    assert load_case(sioux_copy)


def test_the_same_trip_twice_is_a_fault(sioux_copy, problems):
    change(sioux_copy, "trips.csv", "Z1,Z3,work,1\n", "Z1,Z3,work,1\nZ1,Z3,work,1\n")
    assert problems(sioux_copy)


@pytest.mark.parametrize(
    ("file", "old", "new", "key"),
    [
        ("dependencies.csv", "power:FE1,zone:Z1", "power:FE99,zone:Z1", "unknown_component"),
        ("dependencies.csv", "power:FE1,zone:Z1,power", "zone:Z1,zone:Z1,water", "unused_row"),
        ("dependencies.csv", "power:FE1,zone:Z1", "facility:H1,zone:Z1", "wrong_supplier"),
        ("supply_links.csv", "K1,F6,F1,80100", "K1,F6,F1,8e9", "oversold"),
        ("power_links.csv", "W9,SU2,FE4,20000", "W9,SU2,FE4,2", "not_supplied"),
        ("lake_stage.csv", "12,2.0", "3,2.0", "not_rising"),
    ],
)
def test_lines_of_faults_of_the_whole_city_count_blank_lines(sioux_copy, problems, file, old, new, key):
    change(sioux_copy, file, old, new)
    name = "power_nodes.csv" if key == "not_supplied" else file
    start = "FE4," if key == "not_supplied" else new
    path = sioux_copy / name
    header, rest = path.read_text(encoding="utf-8").split("\n", 1)
    path.write_text(f"\n{header}\n\n\n{rest}", encoding="utf-8")
    right = line_of(sioux_copy, name, start)
    assert right > 4
    assert [(p.file, p.row) for p in problems(sioux_copy) if p.key == key] == [(name, right)]


def test_the_line_of_a_zone_that_cannot_be_reached_counts_blank_lines(sioux_copy, problems):
    path = sioux_copy / "road_links.csv"
    rows = path.read_text().splitlines(keepends=True)
    path.write_text("".join(row for row in rows if row.split(",")[1] != "N1"))
    trips = sioux_copy / "trips.csv"
    header, rest = trips.read_text().split("\n", 1)
    trips.write_text(f"{header}\n\n\n\n{rest}")
    found = [p for p in problems(sioux_copy) if p.column == "origin"]
    assert found[0].row == line_of(sioux_copy, "trips.csv", "Z1,") == 5


def test_rows_that_say_the_same_twice_are_told(sioux_copy):
    assert "row_twice" not in {n.key for n in load_case(sioux_copy).notices}
    link = next(x for x in (sioux_copy / "road_links.csv").read_text().splitlines() if x.startswith("L1-2,"))
    many = len((sioux_copy / "road_links.csv").read_text().splitlines())
    with (sioux_copy / "road_links.csv").open("a") as file:
        file.write(f"\n{link.replace('L1-2', 'again')}\n")
    with (sioux_copy / "connectors.csv").open("a") as file:
        file.write("Z1,N1,3\n")
    with (sioux_copy / "facilities.csv").open("a") as file:
        hospital = next(x for x in (sioux_copy / "facilities.csv").read_text().splitlines() if ",hospital," in x)
        file.write(f"{','.join(['twin', *hospital.split(',')[1:]])}\n")
    line = (sioux_copy / "power_links.csv").read_text().splitlines()[1].split(",")
    with (sioux_copy / "power_links.csv").open("a") as file:
        file.write(f"{','.join(['turned', line[2], line[1], *line[3:]])}\n")
    notices = load_case(sioux_copy).notices
    told = {n.values["file"]: n.values for n in notices if n.key in ("row_twice", "line_twice")}
    assert told["road_links.csv"] == {"file": "road_links.csv", "lines": f"2, {many + 2}", "count": "1"}
    assert {"facilities.csv", "power_links.csv"} <= set(told)
    same = next(n for n in notices if n.key == "row_same")
    assert same.values["file"] == "connectors.csv"
    assert same.values["lines"].startswith("2, ")
    assert "have the same zone, node" in str(same)


def test_a_connector_to_the_other_end_of_the_country_is_told(sioux_copy):
    assert "connectors_far" not in {n.key for n in load_case(sioux_copy).notices}
    path = sioux_copy / "zones.csv"
    table = pd.read_csv(path)
    table.loc[table["id"] == "Z1", "y"] += 60_000
    table.to_csv(path, index=False)
    told = next(n for n in load_case(sioux_copy).notices if n.key == "connectors_far")
    assert told.values["count"] == "1"
    assert "Z1 – N1 (60.0 km, 0 min)" in str(told)


def test_a_deck_that_no_bridge_has_is_told(sioux_copy):
    path = sioux_copy / "road_links.csv"
    table = pd.read_csv(path)
    table.loc[table["id"] == "L1-2", ["structure", "deck_m"]] = ["", 500.0]
    table.to_csv(path, index=False)
    told = next(n for n in load_case(sioux_copy).notices if n.key == "deck_unused")
    assert "L1-2" in str(told)
    table.loc[table["id"] == "L1-2", "structure"] = "bridge"
    table.to_csv(path, index=False)
    assert "deck_unused" not in {n.key for n in load_case(sioux_copy).notices}


def test_hours_longer_than_the_run_are_told(sioux_copy):
    assert "tolerance_hours" not in {n.key for n in load_case(sioux_copy).notices}
    path = sioux_copy / "case.toml"
    text = path.read_text()
    hazard = re.search(r'name = "([^"]+)"\nkind = "outage"', text)[1]
    more = f'\n[[scenario]]\nname = "short"\nhazard = ["{hazard}"]\nseverity = 0\nonset = "Monday 05:00"\nhorizon_days = 1\n'
    path.write_text(text + more)
    notices = load_case(sioux_copy).notices
    hours = [n for n in notices if n.key == "tolerance_hours"]
    assert hours
    assert all(n.values["names"] == "short" and n.values["run"] == "19" for n in hours)


@pytest.mark.parametrize("table", ["zones", "road_nodes", "purposes", "sectors"])
def test_a_table_that_others_need_is_told_once_where_it_is_missing(sioux_copy, table):
    (sioux_copy / f"{table}.csv").unlink()
    with pytest.raises(CaseError) as caught:
        load_case(sioux_copy)
    told = [p for p in caught.value.problems if p.key == "needed_table"]
    assert [p.file for p in told] == [f"{table}.csv"]
    assert "the file is missing or has no rows" in str(told[0])
    assert not [p for p in caught.value.problems if p.key in ("unknown_ref", "and_more")]
