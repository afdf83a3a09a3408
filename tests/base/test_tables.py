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
    _, problems = read(tmp_path, "zone,node,minutes\nÄ,a,1\n", encoding="latin-1")
    assert keys(problems) == [("unreadable", None, None)]
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


@pytest.mark.parametrize("rows", ["A,a,1,9\nB,b,2,9\n", "A,a,1,\nB,b,2,\n", "Z,Y,A,7,1\n"])
def test_cells_too_many_in_every_row_are_a_fault(tmp_path, rows):
    _, problems = read(tmp_path, "zone,node,minutes\n" + rows)
    assert keys(problems) == [("unreadable", None, None)]


def test_a_row_cut_short_has_empty_cells(tmp_path):
    _, problems = read(tmp_path, "zone,node,minutes\nA,a,1\nB,b\n")
    assert keys(problems) == [("empty_cell", 3, "minutes")]


def test_an_infinite_integer_is_one_fault(tmp_path):
    _, problems = read(tmp_path, "id,opens_hour\ns,inf\n", "sectors")
    assert ("not_an_integer", 2, "opens_hour") not in keys(problems)
