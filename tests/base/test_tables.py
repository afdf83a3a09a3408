from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from resilience.base.schema import MOST_PER_COLUMN, check_refs, read_points, read_table


def read(tmp_path, text, name="connectors", *, encoding="utf-8"):
    path = tmp_path / f"{name}.csv"
    path.write_bytes(text.encode(encoding))
    problems: list = []
    return read_table(path, name, problems), problems


def keys(problems):
    return [(p.key, p.row, p.column) for p in problems]


def test_defaults_are_filled_and_rows_are_lines_of_the_file(tmp_path):
    table, problems = read(tmp_path, "id,kind,x,y\nZ1,,1,2\nZ2,gateway,3,4\n", "zones")
    assert problems == []
    assert table["kind"].tolist() == ["zone", "gateway"]
    assert table["people"].tolist() == [0.0, 0.0]
    assert table["row"].tolist() == [2, 3]


@pytest.mark.parametrize(
    "text",
    ["zone,node,minutes\nA,a,1\n", "\ufeffzone,node,minutes\nA,a,1\n", "zone,node,minutes\r\nA,a,1\r\n",
     " zone , node ,minutes\n A ,  a , 1 \n", 'zone,node,minutes\n"A","a","1"\n', "minutes,zone,node\n1,A,a",
     "\ufeffzone,node,minutes\r\nA,a,1\r\n"],
)  # fmt: skip
def test_bom_crlf_spaces_quotes_and_order_of_columns_are_of_no_account(tmp_path, text):
    table, problems = read(tmp_path, text)
    assert problems == []
    assert table[["zone", "node", "minutes"]].to_numpy().tolist() == [["A", "a", 1.0]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("zone,node\nA,a\n", [("missing_column", 1, "minutes")]),
        ("zone,node,minutes,notes\nA,a,1,x\n", [("unknown_column", 1, "notes")]),
        ("zone,node,minuts\nA,a,1\n", [("unknown_column", 1, "minuts"), ("missing_column", 1, "minutes")]),
        ("zone,node,minutes\nA,a,long\n", [("not_a_number", 2, "minutes")]),
        ("zone,node,minutes\nA,a,nan\n", [("not_a_number", 2, "minutes")]),
        ("zone,node,minutes\nA,a,inf\n", [("not_finite", 2, "minutes")]),
        ("zone,node,minutes\nA,a,-1\n", [("too_small", 2, "minutes")]),
        ("zone,node,minutes\nA,a,\n", [("empty_cell", 2, "minutes")]),
        ("zone,node,minutes\nA,a,1\n,b,2\n", [("empty_cell", 3, "zone")]),
        ("", [("unreadable", None, None)]),
    ],
)
def test_faults_name_line_and_column(tmp_path, text, expected):
    _, problems = read(tmp_path, text)
    assert keys(problems) == expected


def test_a_file_that_is_not_utf8_or_not_there(tmp_path):
    _, problems = read(tmp_path, "zone,node,minutes\nA,a,1\nÄ,a,1\n", encoding="latin-1")
    assert keys(problems) == [("not_utf8", 3, None)]
    assert "Latin-1" in str(problems[0])
    assert "Ä,a,1" in str(problems[0])
    problems = []
    assert read_table(tmp_path / "gone.csv", "connectors", problems) is None
    assert problems[0].key == "missing_file"


def test_a_header_alone_is_an_empty_table(tmp_path):
    table, problems = read(tmp_path, "zone,node,minutes\n")
    assert problems == []
    assert len(table) == 0
    assert table["minutes"].dtype == float


@pytest.mark.parametrize(
    ("name", "cells", "key"),
    [
        ("zones", {"kind": "zon"}, "not_a_choice"),
        ("zones", {"geometry": "0 0, 1 1"}, "not_points"),
        ("zones", {"geometry": "0 0, 1 1, x y"}, "not_points"),
        ("zones", {"geometry": "0 0, 1 1, 2"}, "not_points"),
        ("zones", {"geometry": "0 0, 1 1, nan 2"}, "not_points"),
        ("road_nodes", {"signal": "maybe"}, "not_a_boolean"),
        ("purposes", {"id": "leisure"}, "not_a_choice"),
        ("purposes", {"weekday_share": "1.1"}, "too_large"),
        ("purposes", {"persons_per_trip": "0"}, "too_small"),
        ("sectors", {"opens_hour": "7.5"}, "not_an_integer"),
    ],
)
def test_values_of_every_type_are_checked(tmp_path, name, cells, key):
    plain = {
        "zones": {"id": "Z", "x": "1", "y": "2"},
        "road_nodes": {"id": "n", "x": "1", "y": "2"},
        "purposes": {"id": "work", "persons_per_trip": "1", "vehicles_per_trip": "1"},
        "sectors": {"id": "s"},
    }[name]
    row = plain | cells
    _, problems = read(tmp_path, pd.DataFrame([row]).to_csv(index=False), name)
    assert keys(problems) == [(key, 2, next(iter(cells)))]


@pytest.mark.parametrize(("word", "value"), [("1", True), ("true", True), ("YES", True), ("0", False), ("No", False)])
def test_words_for_true_and_false(tmp_path, word, value):
    table, problems = read(tmp_path, f"id,x,y,signal\nn,1,2,{word}\n", "road_nodes")
    assert problems == []
    assert table["signal"].tolist() == [value]


def test_duplicate_ids(tmp_path):
    _, problems = read(tmp_path, "id,x,y\na,1,2\nb,1,2\na,3,4\n", "road_nodes")
    assert keys(problems) == [("duplicate_id", 4, "id")]


def test_many_faults_of_a_column_are_cut_short(tmp_path):
    rows = "".join(f"A,a,x{i}\n" for i in range(50))
    _, problems = read(tmp_path, "zone,node,minutes\n" + rows)
    assert len(problems) == MOST_PER_COLUMN + 1
    assert problems[-1].key == "and_more"
    assert "30 more cells" in str(problems[-1])


def test_faults_of_several_columns_and_rows_are_told_at_once(tmp_path):
    _, problems = read(tmp_path, "id,x,y,signal\na,one,2,0\nb,1,inf,2\na,1,2,1\n", "road_nodes")
    assert sorted(keys(problems)) == [
        ("duplicate_id", 4, "id"), ("not_a_boolean", 3, "signal"), ("not_a_number", 2, "x"), ("not_finite", 3, "y"),
    ]  # fmt: skip


def test_points():
    np.testing.assert_allclose(read_points("1 2, 3.5 -4"), [[1, 2], [3.5, -4]])
    with pytest.raises(ValueError, match="could not convert"):
        read_points("1 2, a b")


def test_references_that_lead_nowhere():
    table = pd.DataFrame({"node": ["a", "x1", ""], "row": [2, 3, 4]})
    problems: list = []
    check_refs(table, "t.csv", "node", pd.Index(["a", "x2"]), "nodes.csv", problems)
    assert keys(problems) == [("unknown_ref", 3, "node")]
    assert "nodes.csv: known: a, x2" in str(problems[0])


def test_blank_lines_do_not_shift_the_line_numbers(tmp_path):
    _, problems = read(tmp_path, "zone,node,minutes\nA,a,1\n\n\nB,b,x\n")
    assert keys(problems) == [("not_a_number", 5, "minutes")]


@pytest.mark.parametrize(
    ("rows", "lines"), [("A,a,1,9\nB,b,2,9\n", [2, 3]), ("A,a,1,\nB,b,2,\n", [2, 3]), ("A,a,1\n\nZ,Y,A,7,1\n", [4])]
)
def test_cells_too_many_in_a_row_are_a_fault(tmp_path, rows, lines):
    table, problems = read(tmp_path, "zone,node,minutes\n" + rows)
    assert table is None
    assert keys(problems) == [("too_many_cells", line, None) for line in lines]


def test_a_row_cut_short_is_a_fault(tmp_path):
    table, problems = read(tmp_path, "zone,node,minutes\nA,a,1\nB,b\nC,c,x\n")
    assert table is None
    assert keys(problems) == [("too_few_cells", 3, None), ("not_a_number", 4, "minutes")]
    assert "the row has 2 cells, the header 3" in str(problems[0])


def test_only_the_first_rows_of_a_wrong_width_are_told_in_full(tmp_path):
    _, problems = read(tmp_path, "zone,node,minutes\n" + 50 * "A,a\n")
    assert [p.key for p in problems] == 20 * ["too_few_cells"] + ["more_rows"]
    assert "30 more rows" in str(problems[-1])


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_lines_are_counted_as_an_editor_does(tmp_path, newline, mark):
    text = '\n \nid,name,kind,x,y\nH,"a\nb",hospital,1,2\n,,,,\nS,,school,one,2\n\n'  # a text of two lines
    text = text.replace("kind,x,y", "kind,x,y,zone").replace(",2\n", ",2,Z\n").replace(",,,,\n", ",,,,,\n")
    table, problems = read(tmp_path, mark + text.replace("\n", newline), "facilities")
    assert keys(problems) == [("not_a_number", 7, "x")]
    assert table["row"].tolist() == [4, 7]
    assert table["name"].tolist()[0].split() == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("zone;node;minutes\nA;a;1,5\n", "semicolons"),
        ("Zone ; Node ; Minutes\nA;a;1\n", "semicolons"),
        ("zone\tnode\tminutes\nA\ta\t1\n", "tabs"),
        ("zone|node|minutes\nA|a|1\n", "bars"),
        ("zone node minutes\nA a 1\n", "spaces"),
        ("sep=;\nzone;node;minutes\nA;a;1\n", "semicolons"),
        ("zone,node,minutes\nA;a;1,5\n", "semicolons"),
        ("zone,node,minutes\nA\ta\t1\n", "tabs"),
    ],
)
def test_columns_split_by_another_sign(tmp_path, text, sign):
    table, problems = read(tmp_path, text)
    assert table is None
    assert [p.key for p in problems] == ["other_sign"]
    assert sign in str(problems[0])
    assert "connectors.csv, line" in str(problems[0])
    assert "split columns by commas, and write decimals with points" in str(problems[0])


def test_a_first_line_of_a_spreadsheet_that_names_the_comma_is_passed_over(tmp_path):
    table, problems = read(tmp_path, "sep=,\nzone,node,minutes\nA,a,1\n")
    assert problems == []
    assert table["row"].tolist() == [3]


@pytest.mark.parametrize(
    ("cell", "key"),
    [
        ("1,5", "decimal_comma"), (",5", "decimal_comma"), ("12,50", "decimal_comma"), ("-1,5e3", "decimal_comma"),
        ("1,234", "thousands_mark"), ("1.234,5", "thousands_mark"), ("1,234.5", "thousands_mark"),
        ("1'234", "thousands_mark"), ("1 234", "thousands_mark"), ("1\u00a0234,5", "thousands_mark"),
        ("1.234.567", "thousands_mark"), ("5 km", "number_with_unit"), ("50%", "number_with_unit"),
        ("2,5 min", "number_with_unit"), ("1,23,4", "not_a_number"), ("12:30", "not_a_number"), ("-", "not_a_number"),
    ],
)  # fmt: skip
def test_numbers_as_other_programs_write_them(tmp_path, cell, key):
    _, problems = read(tmp_path, f'zone,node,minutes\nA,a,"{cell}"\n')
    assert keys(problems) == [(key, 2, "minutes")]
    if key == "number_with_unit":
        assert "the unit is min" in str(problems[0])


@pytest.mark.parametrize(
    ("name", "header", "column", "key", "words"),
    [
        ("road_links", "id,from_node,to_node,length_km,speed_kmh,capacity_vph", "length_km", "column_other_unit",
         "the column is length_m, in m"),
        ("road_links", "id,from_node,to_node,length_m,speed_mph,capacity_vph", "speed_mph", "column_other_unit",
         "speed_kmh, in km/h"),
        ("road_links", "id,from_node,to_node,length_m [m],speed_kmh,capacity_vph", "length_m [m]", "column_with_unit",
         "length_m; its unit is always m"),
        ("road_links", "id,from_node,to_node,Length (km),speed_kmh,capacity_vph", "Length (km)", "column_other_unit",
         "length_m, in m"),
        ("connectors", "zone,node,hours", "hours", "column_other_unit", "minutes, in min"),
        ("hydrograph", "hour,below_peak_cm", "below_peak_cm", "column_other_unit", "below_peak_m, in m"),
        ("power_nodes", "id,kind,x,y,load_mw", "load_mw", "column_other_unit", "load_kw, in kW"),
    ],
)  # fmt: skip
def test_units_in_the_header(tmp_path, name, header, column, key, words):
    table, problems = read(tmp_path, f"{header}\n", name)
    assert table is None
    assert keys(problems) == [(key, 1, column)]
    assert words in str(problems[0])


def test_a_column_given_twice_or_without_a_name(tmp_path):
    _, problems = read(tmp_path, "\nzone,node,minutes,node,\nA,a,1,b,7\n")
    assert keys(problems) == [("duplicate_column", 2, "node"), ("unnamed_column", 2, "5")]
    _, problems = read(tmp_path, "zone,node,minutes,,\nA,a,1,,\nB,b,2,,\n")  # as spreadsheets write empty columns
    assert problems == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('zone,node,minutes\nA,a,1\nB,"b,2\nC,c,3\n', 3),
        ('zone,node,minutes\nA,a,1\nB,"b,2\nC,c,3\nD,"d",4\n', 3),
        ('zone,node,"minutes\nA,a,1\n', 1),
        ('zone,node,minutes\nA,a,"1\n', 2),
    ],
)
def test_a_quote_that_never_closes(tmp_path, text, line):
    table, problems = read(tmp_path, text)
    assert table is None
    assert keys(problems) == [("open_quote", line, None)]


def test_whole_lines_in_quotes(tmp_path):
    assert keys(read(tmp_path, '"zone,node,minutes"\n"A,a,1"\n')[1]) == [("quoted_line", 1, None)]
    assert keys(read(tmp_path, 'zone,node,minutes\n"A,a,1"\n')[1]) == [("quoted_line", 2, None)]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_text_is_told_as_such(tmp_path, encoding):
    _, problems = read(tmp_path, "zone,node,minutes\nA,a,1\n", encoding=encoding)
    assert [p.key for p in problems] == ["wide_text"]
    assert "save it as UTF-8" in str(problems[0])


def test_a_workbook_is_no_table(tmp_path):
    (tmp_path / "connectors.csv").write_bytes(b"PK\x03\x04\x14\x00rest")
    problems: list = []
    assert read_table(tmp_path / "connectors.csv", "connectors", problems) is None
    assert keys(problems) == [("no_text", None, None)]


def test_an_infinite_integer_is_one_fault(tmp_path):
    _, problems = read(tmp_path, "id,opens_hour\ns,inf\n", "sectors")
    assert ("not_an_integer", 2, "opens_hour") not in keys(problems)
