from __future__ import annotations

import numpy as np
import pytest

from resilience.base.errors import CaseError, InputError
from resilience.readers.tntp import read_tntp
from tests.tiny import write_tntp

NET = """\
<NUMBER OF ZONES> 2
<NUMBER OF NODES> 3
<FIRST THRU NODE> 3
<NUMBER OF LINKS> 2
<END OF METADATA>
~ init term capacity length free b power speed toll type ;
1 3 100 2 1 0.15 4 0 5 1 ;
3 2 100 2 1 0.15 4 0 0 1 ;
"""
TRIPS = """\
<NUMBER OF ZONES> 2
<TOTAL OD FLOW> 12
<END OF METADATA>
Origin 1
1 : 2.0; 2 : 10.0;
"""


def read(folder, net=NET, trips=TRIPS, **weights):
    return read_tntp(write_tntp(folder, net, trips), **weights)


def faults(folder, net=NET, trips=TRIPS):
    with pytest.raises(CaseError) as caught:
        read(folder, net, trips)
    return [(p.key, p.file, p.row) for p in caught.value.problems], str(caught.value)


def test_plain_files(tmp_path):
    data = read(tmp_path, toll_weight=0.5, distance_weight=2.0)
    assert data.name == "Tiny"
    assert data.graph.tail.tolist() == [0, 2]
    assert data.graph.head.tolist() == [2, 1]
    assert data.graph.barred.tolist() == [True, True, False]
    np.testing.assert_allclose(data.graph.fixed_min, [0.5 * 5 + 2 * 2, 2 * 2])
    assert (data.demand.pairs.origin.tolist(), data.demand.pairs.destination.tolist()) == ([0], [1])
    assert data.demand.vph.tolist() == [10.0]
    assert data.intrazonal == 2.0
    assert data.zones == 2


def test_odd_spacing_comments_and_short_lines(tmp_path):
    net = """\
       <number of zones>   2
    <NUMBER OF NODES>3
    <NUMBER OF LINKS> 2

    ~ a comment
    \t1   3\t100 2 1 0.15 4;   ~ trailing words
      3 2 100 2 1 0.15 4 0 0 1
    """
    trips = """\
    Origin\t1
       2   :10.0 ;1: 2;   ~ and a comment

    origin 2
    1 : 0.0;
    """
    data = read(tmp_path, net, trips)
    assert len(data.graph.tail) == 2
    assert not data.graph.barred.any()
    assert data.demand.vph.tolist() == [10.0]


def test_origins_out_of_order_become_sorted_pairs(tmp_path):
    trips = "Origin 2\n1 : 3;\nOrigin 1\n2 : 4;\n"
    data = read(tmp_path, trips=trips)
    assert data.demand.pairs.origin.tolist() == [0, 1]
    assert data.demand.vph.tolist() == [4.0, 3.0]


@pytest.mark.parametrize(
    ("old", "new", "fault", "words"),
    [
        ("1 3 100", "1 3 0", ("too_small", "Tiny_net.tntp", 7), ["capacity", "found 0", "> 0"]),
        ("3 2 100 2 1", "3 2 100 2 -1", ("too_small", "Tiny_net.tntp", 8), ["free_flow_time", "-1", ">= 0"]),
        ("1 3 100 2 1 0.15", "1 3 100 2 1 -0.15", ("too_small", "Tiny_net.tntp", 7), ["column b"]),
        ("1 3 100", "1 4 100", ("tntp_no_node", "Tiny_net.tntp", 7), ["1 to 3"]),
        ("1 3 100", "0 3 100", ("tntp_no_node", "Tiny_net.tntp", 7), ["1 to 3"]),
        ("1 3 100", "1 3 nan", ("tntp_line", "Tiny_net.tntp", 7), ["nan"]),
        ("1 3 100", "1 3 inf", ("tntp_line", "Tiny_net.tntp", 7), ["inf"]),
        ("1 3 100", "1 3 many", ("tntp_line", "Tiny_net.tntp", 7), ["many"]),
        ("3 2 100 2 1 0.15 4 0 0 1 ;", "3 2 100 ;", ("tntp_line", "Tiny_net.tntp", 8), ["3 2 100"]),
        ("<NUMBER OF LINKS> 2", "<NUMBER OF LINKS> 5", ("tntp_count", "Tiny_net.tntp", None), ["2 links", "5"]),
        ("<NUMBER OF NODES> 3\n", "", ("tntp_meta", "Tiny_net.tntp", None), ["<NUMBER OF NODES>"]),
        ("<NUMBER OF ZONES> 2", "<NUMBER OF ZONES> two", ("tntp_meta", "Tiny_net.tntp", None), ["two"]),
        ("<NUMBER OF NODES> 3", "<NUMBER OF NODES> ²", ("tntp_meta", "Tiny_net.tntp", None), ["²"]),
        ("<NUMBER OF NODES> 3", "<NUMBER OF NODES> " + 5000 * "9", ("tntp_meta", "Tiny_net.tntp", None), ["999"]),
        ("<NUMBER OF NODES> 3", "<NUMBER OF NODES> 50000001", ("tntp_many", "Tiny_net.tntp", None), ["50000000"]),
        ("1 3 100", "1 3.7 100", ("tntp_whole", "Tiny_net.tntp", 7), ["term_node", "3.7", "whole"]),
        ("1 3 100", "1 1e30 100", ("tntp_no_node", "Tiny_net.tntp", 7), ["1e+30", "1 to 3"]),
        ("1 3 100", "1 3 1_00", ("tntp_line", "Tiny_net.tntp", 7), ["1_00"]),
        ("1 3 100", "1 3 1e-300", ("too_small", "Tiny_net.tntp", 7), ["capacity", "1e-300", ">= 1e-06"]),
        ("1 3 100 2 1 0.15 4", "1 3 100 2 1 0.15 400", ("tntp_power", "Tiny_net.tntp", 7), ["power", "400"]),
        ("1 3 100 2", "1 3 100 -2", ("too_small", "Tiny_net.tntp", 7), ["column length", "-2"]),
        ("3 2 100 2 1 0.15 4 0 0", "3 2 100 2 1 0.15 4 0 -7", ("too_small", "Tiny_net.tntp", 8), ["column toll", "-7"]),
    ],
)  # fmt: skip
def test_faults_of_the_network_name_line_and_remedy(tmp_path, old, new, fault, words):
    assert old in NET
    found, message = faults(tmp_path, NET.replace(old, new, 1))
    assert fault in found
    for word in words:
        assert word in message
    if fault[2]:
        assert f"line {fault[2]}" in message


@pytest.mark.parametrize(
    ("old", "new", "key", "line"),
    [
        ("2 : 10.0", "9 : 10.0", "tntp_no_zone", 5),
        ("Origin 1", "Origin 9", "tntp_no_zone", 4),
        ("Origin 1", "Origin one", "tntp_line", 4),
        ("Origin 1", "Origin", "tntp_line", 4),
        ("Origin 1\n", "", "tntp_line", 4),
        ("2 : 10.0", "2 : -10.0", "too_small", 5),
        ("2 : 10.0", "2 : nan", "too_small", 5),
        ("2 : 10.0", "2 : ten", "tntp_line", 5),
        ("1 : 2.0; 2 : 10.0;", "2 10.0;", "tntp_line", 5),
        ("Origin 1", "Origin ²", "tntp_line", 4),
        ("2 : 10.0", "2 : 1_0", "tntp_line", 5),
    ],
)
def test_faults_of_the_demand_name_line(tmp_path, old, new, key, line):
    found, message = faults(tmp_path, trips=TRIPS.replace(old, new, 1))
    assert (key, "Tiny_trips.tntp", line) in found
    assert f"line {line}" in message


def test_several_faults_are_told_at_once(tmp_path):
    net = NET.replace("1 3 100", "1 3 0").replace("3 2 100", "3 8 100")
    found, _ = faults(tmp_path, net, TRIPS.replace("2 : 10.0", "7 : 1"))
    assert {key for key, _, _ in found} == {"too_small", "tntp_no_node", "tntp_no_zone"}


@pytest.mark.parametrize("trips", ["", "Origin 1\n", "Origin 1\n1 : 5;\n", "Origin 1\n2 : 0;\n"])
def test_no_demand_between_zones(tmp_path, trips):
    with pytest.raises(InputError, match="no demand"):
        read(tmp_path, trips=trips)


def test_no_links(tmp_path):
    found, _ = faults(tmp_path, NET.split("~", maxsplit=1)[0])
    assert ("tntp_empty", "Tiny_net.tntp", None) in found


def test_two_networks_no_network_no_folder(tmp_path):
    folder = write_tntp(tmp_path / "two", NET, TRIPS)
    write_tntp(folder, NET, TRIPS, name="Other")
    with pytest.raises(InputError, match=r"exactly one \*_net\.tntp; found: Other_net\.tntp, Tiny_net\.tntp"):
        read_tntp(folder)
    (folder / "Other_net.tntp").unlink()
    with pytest.raises(InputError, match=r"exactly one \*_trips\.tntp"):
        read_tntp(folder)
    with pytest.raises(InputError, match="found: -"):
        read_tntp(tmp_path / "none")


@pytest.mark.parametrize(("key", "value"), [("FIRST THRU NODE", "x"), ("NUMBER OF LINKS", "many")])
def test_other_metadata_that_is_no_number(tmp_path, key, value):
    line = next(x for x in NET.splitlines() if key in x)
    found, _ = faults(tmp_path, NET.replace(line, f"<{key}> {value}"))
    assert ("tntp_meta", "Tiny_net.tntp", None) in found


def test_more_zones_than_nodes(tmp_path):
    faults(tmp_path, NET.replace("<NUMBER OF ZONES> 2", "<NUMBER OF ZONES> 9"), "Origin 1\n8 : 3;\n")


def test_half_a_line_of_demand_is_not_dropped(tmp_path):
    faults(tmp_path, trips=TRIPS.replace("1 : 2.0; 2 : 10.0;", "1 : 2.0; 2 10.0;"))


def test_comments_may_trail_every_line_and_files_may_begin_with_a_mark(tmp_path):
    net = "\n".join(f"{line} ~ a remark; with 1 : 2" for line in NET.splitlines())
    trips = "\n".join(f"{line} ~ a remark; with 1 : 2" for line in TRIPS.splitlines())
    data = read(tmp_path, f"\ufeff{net}", f"\ufeff{trips}")
    assert (data.graph.nodes, data.graph.links, data.zones) == (3, 2, 2)
    assert data.demand.vph.tolist() == [10.0]
    (tmp_path / "Tiny_node.tntp").write_text("\ufeffNode X Y ;\n1 0 0 ;\n2 1 1 ;\n3 2 2 ; ~ a remark\n", "utf-8")
    xy = read_tntp(tmp_path).xy
    assert xy is not None
    assert xy.tolist() == [[0, 0], [1, 1], [2, 2]]


@pytest.mark.filterwarnings("error")
def test_numbers_of_other_worlds_end_in_a_clear_error(tmp_path):
    found, _ = faults(
        tmp_path, NET.replace("1 3 100", "-1e300 1e30 1e-300").replace("3 2 100 2 1", "3 2 1e300 2 1e300")
    )
    assert {key for key, _, _ in found} == {"tntp_no_node", "too_small", "tntp_power"}


def test_a_trip_table_that_is_cut_off_is_refused(tmp_path):
    assert read(tmp_path, trips=TRIPS.replace("OD FLOW> 12", "OD FLOW> 12.1")).demand.vph.tolist() == [10.0]
    found, message = faults(tmp_path, trips=TRIPS.replace(" 2 : 10.0;", ""))
    assert found == [("tntp_total", "Tiny_trips.tntp", None)]
    assert "add up to 2, but the file declares 12" in message
    found, _ = faults(tmp_path, trips=TRIPS.replace("OD FLOW> 12", "OD FLOW> many"))
    assert found == [("tntp_meta", "Tiny_trips.tntp", None)]


def test_trips_of_another_network_are_refused(tmp_path):
    found, message = faults(tmp_path, trips=TRIPS.replace("ZONES> 2", "ZONES> 3"))
    assert found == [("tntp_zones", "Tiny_trips.tntp", None)]
    assert "declares 3 zones, the network 2" in message


@pytest.mark.parametrize(("unit", "km"), [("km", 2.0), ("mi", 3.218688), ("m", 0.002), ("ft", 0.0006096)])
def test_lengths_become_kilometres_where_their_unit_is_said(tmp_path, unit, km):
    data = read(tmp_path, distance_weight=3.0, length_unit=unit)
    np.testing.assert_allclose(data.graph.length_km, [km, km])
    np.testing.assert_allclose(data.graph.fixed_min, [6.0, 6.0])  # the weight is of the length as the file has it


def test_lengths_without_a_unit_are_no_kilometres(tmp_path):
    assert read(tmp_path).graph.length_km is None
    with pytest.raises(InputError, match='"yd" is no unit of length; known: ft, km, m, mi'):
        read(tmp_path, length_unit="yd")


@pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf])
@pytest.mark.parametrize("name", ["toll_weight", "distance_weight"])
def test_weights_that_are_not_possible(tmp_path, name, weight):
    with pytest.raises(InputError, match=f"{name} must not be negative"):
        read(tmp_path, **{name: weight})


def test_a_file_that_cannot_be_read(tmp_path):
    write_tntp(tmp_path, NET, TRIPS)
    (tmp_path / "Tiny_trips.tntp").unlink()
    (tmp_path / "Tiny_trips.tntp").mkdir()
    with pytest.raises(InputError, match=r"Tiny_trips\.tntp cannot be read"):
        read_tntp(tmp_path)
