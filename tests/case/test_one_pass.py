# ruff: noqa: E501 - a fault a line
"""A case is read in one pass: faults of case.toml, of the tables and of files are told together, with their lines."""

from __future__ import annotations

import pytest

from resilience.base.errors import CaseError
from resilience.case.case import load_case
from tests.tiny import POWER, write_case

TABLES = POWER | {"zones": "id,x,y\nZ,0,0"}


def problems_of(folder, **more):
    with pytest.raises(CaseError) as caught:
        load_case(folder, **more)
    return caught.value.problems


def lines_of(folder, text):
    return [n for n, line in enumerate((folder / "case.toml").read_text().splitlines(), 1) if text in line]


def test_a_bad_cell_hides_no_fault_of_case_toml_and_no_missing_file(tmp_path):
    more = '\n[[hazard]]\nname = "lake"\nkind = "lake-flood"\nterrain = "gone.tif"\nhydrograph = "gone.csv"\n'
    more += '\n[[option]]\nname = "o"\nmeasures = ["nothing"]\n\n[[tolerance]]\nmetric = "travel/none"\nT1 = 1\nT2 = 1\nT3 = 1\n'
    folder = write_case(tmp_path / "c", TABLES | {"zones": "id,x,y\nZ,zero,0"}, more=more)
    text = (folder / "case.toml").read_text()
    (folder / "case.toml").write_text(
        text.replace("price_year = 2024", "price_year = 24").replace("Monday 05:00", "Mon")
    )
    found = problems_of(folder)
    told = {(p.file, p.key) for p in found}
    assert {("zones.csv", "not_a_number"), ("case.toml", "too_small"), ("case.toml", "plain"), ("gone.tif", "missing_file"),
            ("gone.csv", "missing_file"), ("case.toml", "unknown_name")} <= told  # fmt: skip
    assert len([p for p in found if p.key == "unknown_name"]) == 2


def test_a_bad_key_of_case_toml_hides_no_fault_of_the_tables_nor_of_what_needs_both(tmp_path):
    dependencies = "supplier,consumer,service\npower:SRC,zone:Y,power"
    more = '\n[[measure]]\nname = "m"\nkind = "flood-proof"\nwhere = "power.kind == \'windmill\'"\nheight_m = 1.0\n'
    folder = write_case(tmp_path / "c", TABLES | {"dependencies": dependencies}, more=more)
    text = (folder / "case.toml").read_text()
    (folder / "case.toml").write_text(
        text.replace("severity = 1.0", "severity = 7.0").replace("price_year", "prize_year")
    )
    found = {p.key: p for p in problems_of(folder)}
    assert {"unknown_key", "missing_key", "unknown_component", "plain"} <= set(found)
    told = [str(p) for p in problems_of(folder)]
    assert any("matches nothing" in t for t in told)
    assert any("a share must lie between 0 and 1" in t for t in told)


def test_an_unreadable_case_toml_hides_no_bad_table(tmp_path):
    folder = write_case(tmp_path / "c", TABLES | {"zones": "id,x,y\nZ,zero,0"}, more="\n[[broken\n")
    assert [p.key for p in problems_of(folder)] == ["unreadable", "not_a_number"]


def test_faults_of_case_toml_have_their_lines(tmp_path):
    more = "\n[[measure]]\nname = 'm'\nkind = 'flood-proof'\nwhere = '''\n[case]\nname = 3\n'''\nheight_m = 'high'\n"
    folder = write_case(tmp_path / "c", TABLES, more=more)
    text = (folder / "case.toml").read_text()
    (folder / "case.toml").write_text(
        text.replace("horizon_days = 1", "horizon_day = 1\nhorizon_days = 0") + "[trafic]\n"
    )
    row = {p.column: p.row for p in problems_of(folder)}
    assert row['[[scenario]] "dark-all" horizon_days'] == lines_of(folder, "horizon_days")[0]
    assert row['[[scenario]] "dark-all"'] == lines_of(folder, "horizon_day =")[0]
    assert row['[[measure]] "m" height_m'] == lines_of(folder, "height_m")[0]
    assert row[None] == lines_of(folder, "[trafic]")[0]


def test_a_name_given_twice_is_told_where_it_stands_again(tmp_path):
    again = '\n[[scenario]]\nname = "dark-all"\nhazard = ["dark"]\nseverity = 0.5\nonset = "Monday 05:00"\n'
    folder = write_case(tmp_path / "c", TABLES, more=again)
    twice = [p for p in problems_of(folder) if p.key == "duplicate_id"]
    assert [p.row for p in twice] == lines_of(folder, 'name = "dark-all"')[1:]


def test_a_fault_that_a_hazard_finds_names_its_section(tmp_path):
    folder = write_case(tmp_path / "c", TABLES)
    text = (folder / "case.toml").read_text()
    (folder / "case.toml").write_text(text.replace('kind = "outage"', 'kind = "outage"\npattern = "x"'))
    (found,) = problems_of(folder)
    assert (found.column, found.row) == ('[[hazard]] "dark" pattern', lines_of(folder, "pattern")[0])


def test_ids_that_begin_alike_are_put_in_order(tmp_path):
    from resilience.case.case import load_case
    from tests.tiny import POWER, write_case

    zones = "id,x,y,people\nH10,0,0,1\nH,1,0,1\nH2,2,0,1\nH2b,3,0,1\n2,4,0,1"
    city = load_case(write_case(tmp_path / "c", POWER | {"zones": zones})).city
    assert city["zones"].index.tolist() == ["zone:2", "zone:H", "zone:H2", "zone:H2b", "zone:H10"]
