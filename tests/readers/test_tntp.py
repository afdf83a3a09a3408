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


def test_the_folder_may_be_a_text(tmp_path):
    folder = write_tntp(tmp_path / "t", NET, TRIPS)
    np.testing.assert_array_equal(read_tntp(str(folder)).demand.vph, read_tntp(folder).demand.vph)


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
        ("1 3 100", "1 3 nan", ("not_finite", "Tiny_net.tntp", 7), ["capacity", "nan"]),
        ("1 3 100", "1 3 inf", ("not_finite", "Tiny_net.tntp", 7), ["capacity", "inf"]),
        ("1 3 100 2", "1 3 100 2,5", ("decimal_comma", "Tiny_net.tntp", 7), ["length", "2,5"]),
        ("1 3 100 2 1 0.15 4 0 5 1 ;", "1 3 100 2 1 0.15 4 0 5 1 7 ;",
         ("tntp_layout", "Tiny_net.tntp", 7), ["11 values"]),
        ("capacity length free", "length free", ("tntp_header", "Tiny_net.tntp", 6), ["twice: capacity."]),
        ("capacity length", "capacity capacity", ("tntp_header", "Tiny_net.tntp", 6), ["twice: length, capacity."]),
        ("1 3 100", "1 3 many", ("tntp_line", "Tiny_net.tntp", 7), ["many"]),
        ("3 2 100 2 1 0.15 4 0 0 1 ;", "3 2 100 ;", ("tntp_line", "Tiny_net.tntp", 8), ["3 2 100"]),
        ("<NUMBER OF LINKS> 2", "<NUMBER OF LINKS> 5", ("tntp_count", "Tiny_net.tntp", None), ["2 links", "5"]),
        ("<NUMBER OF NODES> 3\n", "", ("tntp_meta", "Tiny_net.tntp", None), ["<NUMBER OF NODES>"]),
        ("<NUMBER OF ZONES> 2", "<NUMBER OF ZONES> two", ("tntp_meta", "Tiny_net.tntp", None), ["two"]),
        ("<NUMBER OF NODES> 3", "<NUMBER OF NODES> ²", ("tntp_meta", "Tiny_net.tntp", None), ["²"]),
        ("<NUMBER OF NODES> 3", "<NUMBER OF NODES> " + 5000 * "9", ("tntp_meta", "Tiny_net.tntp", None), ["999"]),
        ("<NUMBER OF NODES> 3", "<NUMBER OF NODES> 50000001", ("tntp_many", "Tiny_net.tntp", None), ["2000"]),
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
        ("2 : 10.0", "2 : nan", "not_finite", 5),
        ("2 : 10.0", "2 : inf", "not_finite", 5),
        ("2 : 10.0", "2 : ten", "tntp_line", 5),
        ("2 : 10.0", "2 : 10,5", "decimal_comma", 5),
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


PLAIN = ("1", "3", "100", "2", "1", "0.15", "4", "0", "5")
NAMES = ("init_node", "term_node", "capacity", "length", "free_flow_time", "b", "power", "speed", "toll")


def with_header(header, rows, meta=""):
    head = NET.split("<END", maxsplit=1)[0]
    return f"{head}{meta}<END OF METADATA>\n{header}\n" + "".join(f"{row} ;\n" for row in rows)


def values(data):
    graph = data.graph
    return [graph.tail[0] + 1, graph.head[0] + 1, graph.capacity_vph[0], graph.free_flow_min[0], graph.b[0],
            graph.power[0], graph.fixed_min[0]]  # fmt: skip


@pytest.mark.parametrize("order", [range(9), range(8, -1, -1), (3, 0, 7, 1, 8, 2, 6, 4, 5)])
@pytest.mark.parametrize(
    "names",
    [
        NAMES,
        ("Init node", "Term node", "Capacity (veh/h)", "Length", "Free Flow Time (min)", "B", "Power",
         "Speed limit", "Toll"),
        ("from", "to", "CAP", "Distance", "fftt", "alpha", "beta", "Free Speed", "tolls"),
        ("Tail", "Head", "capacity(veh/h)", "len", "t0", "BPR_b", "exponent", "speed [km/h]", "toll (cents)"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("gap", ["\t", "  "])
def test_columns_are_read_by_the_names_of_the_header(tmp_path, order, names, gap):
    rows = [PLAIN, ("3", "2", *PLAIN[2:])]
    net = with_header("~" + gap + gap.join(names[i] for i in order) + gap + ";",
                      [gap.join(row[i] for i in order) for row in rows])  # fmt: skip
    data = read(tmp_path, net, toll_weight=0.5, distance_weight=2.0)
    np.testing.assert_allclose(values(data), [1, 3, 100, 1, 0.15, 4, 0.5 * 5 + 2.0 * 2])
    assert data.notices == ()


def test_a_header_without_a_comment_sign_and_columns_of_no_use(tmp_path):
    net = with_header("id\tinit_node\tterm_node\tcapacity\tlength\tfftt\tb\tpower\tname of street",
                      ["L1\t1\t3\t100\t2\t1\t0.15\t4\tMain", "L2\t3\t2\t100\t2\t1\t0.15\t4\tHill"])  # fmt: skip
    data = read(tmp_path, net, toll_weight=9.0)
    np.testing.assert_allclose(values(data), [1, 3, 100, 1, 0.15, 4, 0])  # no column of tolls, no toll


def test_the_header_kept_in_the_metadata_serves_where_there_is_no_other(tmp_path):
    header = "<ORIGINAL HEADER>~ from to length capacity fftt b power\n"
    data = read(tmp_path, with_header("", ["1 3 2 100 1 0.15 4", "3 2 2 100 1 0.15 4"], header))
    np.testing.assert_allclose(values(data), [1, 3, 100, 1, 0.15, 4, 0])


@pytest.mark.parametrize(
    "header",
    ["~ init_node term_node capacity length fftt b power speed critical_speed lanes ;",
     "~ init_node term_node capacity_per_lane length fftt b power speed x lanes ;",
     "~\tinit node\tterm node\tcapacity (veh/h/lane)\tlength\tfftt\tb\tpower\tspeed\tx\tNo. of lanes\t;"],
)  # fmt: skip
def test_capacity_beside_lanes_is_that_of_a_lane(tmp_path, header):
    data = read(tmp_path, with_header(header, ["1 3 100 2 1 0.15 4 60 46.8 2", "3 2 100 2 1 0.15 4 60 46.8 3"]),
                toll_weight=1.0)  # fmt: skip
    assert data.graph.capacity_vph.tolist() == [200.0, 300.0]
    assert data.graph.fixed_min.tolist() == [0.0, 0.0]
    assert [n.key for n in data.notices] == ["tntp_lanes"]


@pytest.mark.parametrize(
    "comment",
    ["~ free flow time in minutes = travel time (h) * 60", "~ free-flow time is in minutes: 60 x time (h)",
     "~ peak hour was one hour from seven to eight am", "~ data made by M. S. in the year of 1998",
     "~ traffic of one single day by M.", "~ last saved on day 12 of May",
     "~ Original times in seconds were converted to minutes", "<TIME OF DAY> 7 h", "<TIME PERIOD> 1 hour",
     "<TIME STAMP> 2 May, 7 h", "~ capacity is per direction", "~ capacities are per link, in veh/h",
     "~ capacity is in veh/h per direction", "~ capacity is in veh/hr and lengths in km",
     "~ original times in hours, here in minutes",
     "~ Travel time in hours in the source; converted by us to minutes",
     "~ Times were given in hours by the agency. Times are in minutes in this file.",
     "~ times in hours (multiplied by 60 to give minutes)", "~ travel times in hour 8", "~ times in hours 7 to 9",
     "~ travel times in the hour 8 to 9", "~ travel times in 2 hours of peak", "~ capacity factor: 10 h per day",
     "~ capacities scaled from per day to per hour", "<ORIGINAL TIME UNIT> hours",
     "~ distances and times are computed from speeds in miles per hour",
     "~ Lengths and times are in the usual units, capacities in vehicles per hour",
     "~ Link lengths and times from OSM with speed in meters per second",
     "~ times and lengths for the morning hours",
     "~ trips converted to hours; times unchanged",
     "~ link times; demand was converted to hour",
     "~ times are from the survey, flows converted to 1 hour",
     "~ travel times (8 h)",
     "~ flow times in hours are in the flow file",
     "~ times (hours) multiplied by 60",
     "<FLOW UNITS> veh / h",
     "<LINK FLOW UNIT> pcu / hour",
     "<FLOW UNITS> hour",
     "<UNITS> veh / h, km, min",
     "<UNITS> capacity: veh / hour; length: km; time: min",
     "<UNITS> km / h",
     "<UNITS> speed: mi / h",
     "~ creation time: 10 h", "~ Peak time is 1 hour", "~ simulation time is 2 h", "~ Time period: 1 hour",
     "~ Run time = 35 s", "~ counts were taken at times in hours of the day", "~ The time of day is given in h",
     "~ Times not in hours but minutes", "~ Times are given in minutes, not in seconds", "~ Value of time = 0.5 h",
     "~ link travel time: minutes; signal time: s", "~ toll equivalent time is 3 min", "~ time stamp: 12 h",
     "~ Departure time is in h", "~ time: 60 min = 1 h", "~ distances between zones are in m", "~ travel time is 2 h",
     "~ capacity is that of one hour", "~ capacities for 1 h", "~ an hourly capacity; demand for 3 hours",
     "<TIME OF RUN> 10 h", "<RUN TIME> 35 s", "<ANALYSIS TIME> 1 hour", "<DEMAND TIME> 2 h", "<TIME SLICE> 1 h",
     "<ASSIGNMENT TIME> 60 min", "<SIGNAL TIME UNIT> s", "<TIME> 8 h", "<VALUE OF TIME> 0.2 h",
     "~ Capacity is practical capacity per HCM", "~ capacity (veh/h), length (km), time (min)"],
)  # fmt: skip
@pytest.mark.parametrize("after", [False, True])
def test_what_says_nothing_of_the_units_of_links_changes_nothing(tmp_path, comment, after):
    header = "~ init_node term_node capacity length fft b power ;"
    rows = ["1 3 100 2 0.5 0.15 4", "3 2 100 2 0.5 0.15 4"]
    if comment.startswith("<"):
        data = read(tmp_path, with_header(header, rows, f"{comment}\n"))
    else:
        data = read(tmp_path, with_header("\n".join([header, comment] if after else [comment, header]), rows))
    assert data.graph.free_flow_min.tolist() == [0.5, 0.5]
    assert data.graph.capacity_vph.tolist() == [100.0, 100.0]


@pytest.mark.parametrize(
    "said",
    ["~ Capacity (veh/day), length (km), time (min)", "~ capacity [veh/day]", "<UNITS> time min, capacity veh/day",
     "~ daily capacity", "~ capacity in 1000 veh/h", "~ capacity in hundreds of vehicles per hour",
     "~ capacity expressed per peak period (2.5 h)", "<CAPACITY PERIOD> 24 hours", "<CAPACITY TIME> 3 h",
     "<UNITS> veh/day",
     "~ capacity: veh/day", "~ capacities are AADT", "~ Capacity is given for 2 hours", "~ 2-hour capacities",
     "~ capacity of the three hour peak", "~ capacities in 15 min", "~ 24-hourly link capacity"],
)  # fmt: skip
def test_a_capacity_a_day_is_refused_wherever_it_is_said(tmp_path, said):
    header, rows = "~ init_node term_node capacity length fft b power ;", ["1 3 100 2 0.5 0.15 4"]
    meta = f"{said}\n" if said.startswith("<") else ""
    found, _ = faults(tmp_path, with_header(header if meta else f"{said}\n{header}", rows, meta))
    assert [key for key, *_ in found] == ["tntp_capacity"]


@pytest.mark.parametrize(
    "said",
    ["~ - - veh/h/lane km min - -", "~ capacity is in vehicles per hour per lane", "~ capacity in vphpl",
     "<CAPACITY UNIT> vphpl", "~ units: capacity veh/h/lane, time min"],
)  # fmt: skip
def test_a_capacity_of_a_lane_needs_the_lanes_wherever_it_is_said(tmp_path, said):
    meta = f"{said}\n" if said.startswith("<") else ""
    for lanes, rows in (("", ["1 3 100 2 0.5 0.15 4"]), (" lanes", ["1 3 100 2 0.5 0.15 4 2", "3 2 100 2 1 0.15 4 3"])):
        header = f"~ init_node term_node capacity length fft b power{lanes} ;"
        text = with_header(header if meta else f"{said}\n{header}", rows, meta)
        if lanes:
            assert read(tmp_path, text).graph.capacity_vph.tolist() == [200.0, 300.0]
        else:
            found, message = faults(tmp_path, text)
            assert [key for key, *_ in found] == ["tntp_header"]
            assert "lanes" in message


@pytest.mark.parametrize("name", ["total_capacity", "link_capacity", "Capacity_total"])
def test_a_capacity_of_all_lanes_is_not_that_of_one(tmp_path, name):
    header = f"~ init_node term_node {name} length fftt b power lanes ;"
    data = read(tmp_path, with_header(header, ["1 3 100 2 1 0.15 4 2", "3 2 100 2 1 0.15 4 3"]))
    assert data.graph.capacity_vph.tolist() == [100.0, 100.0]
    assert not data.notices


def test_a_row_of_units_may_name_a_capacity_that_is_refused(tmp_path):
    header = "~ init_node term_node capacity length fft b power ;\n~ - - veh/day km min - - ;"
    found, message = faults(tmp_path, with_header(header, ["1 3 100 2 1 0.15 4"]))
    assert found == [("tntp_capacity", "Tiny_net.tntp", 7)]
    assert "veh/day" in message


def test_lanes_that_are_missing_or_none(tmp_path):
    header = "~ init_node term_node capacity_per_lane length fftt b power ;"
    found, message = faults(tmp_path, with_header(header, ["1 3 100 2 1 0.15 4"]))
    assert found == [("tntp_header", "Tiny_net.tntp", 6)]
    assert "lanes" in message
    header = "~ init_node term_node capacity length fftt b power lanes ;"
    found, _ = faults(tmp_path, with_header(header, ["1 3 100 2 1 0.15 4 0"]))
    assert ("too_small", "Tiny_net.tntp", 7) in found
    found, _ = faults(tmp_path, with_header(header, ["1 3 100 2 1 0.15 4"]))
    assert ("tntp_line", "Tiny_net.tntp", 7) in found


@pytest.mark.parametrize(
    ("header", "meta", "minutes"),
    [
        ("~ init_node term_node capacity length free_flow_time(h) b power ;", "", 60.0),
        ("~\tinit node\tterm node\tcapacity\tlength\tFree Flow Time [hours]\tB\tPower\t;", "", 60.0),
        ("~ init_node term_node capacity length fftt_hours b power ;", "", 60.0),
        ("~ init_node term_node capacity length fft_s b power ;", "", 1 / 60),
        ("~ init_node term_node capacity length fft (0.01 h) b power ;", "", 0.6),
        ("~ init_node term_node capacity length fft b power ;", "<TIME UNIT> hours\n", 60.0),
        ("~ init_node term_node capacity length fft b power ;", "<UNITS> veh/h, mi, h\n", 60.0),
        ("~ init_node term_node capacity length fft b power ;", "<FREE FLOW TIME> seconds\n", 1 / 60),
        ("~ init_node term_node capacity length fft b power ;",
         "<ORIGINAL HEADER>~ from to capacity length (mi) Free Flow Time (h) B Power\n", 60.0),
        ("~ free flow times are in hours, lengths in miles\n~ init_node term_node capacity length fft b power ;",
         "", 60.0),
        ("", "<TIME UNIT> h\n", 60.0),
        ("~ Free-flow times are given in seconds\n~ init_node term_node capacity length fft b power ;", "", 1 / 60),
        ("~ init_node term_node capacity length free_flow_time in seconds b power ;", "", 1 / 60),
        ("~ time_in_hours means that\n~ init_node term_node capacity length time_in_hours b power ;", "", 60.0),
        ("~ free_flow_time [seconds]\n~ init_node term_node capacity length free_flow_time b power ;", "", 1 / 60),
        ("~ length (km), free flow time (h)\n~ init_node term_node capacity length fft b power ;", "", 60.0),
        ("~ init_node term_node capacity length fft b power ;\n~ - - veh/h km s - - ;", "", 1 / 60),
        ("~\tinit node\tterm node\tcapacity\tlength\tfft\tb\tpower\t;\n~\t-\t-\t[veh/h]\t[km]\t[h]\t-\t-\t;", "", 60.0),
        ("~ init_node term_node capacity length fft b power ; ~ times in seconds", "", 1 / 60),
        ("~\tinit\tterm\tcapacity\tlength\tfft\tb\tpower\t;\n~\t\t\tveh/h\tkm\th\t\t\t;", "", 60.0),
        ("~ units: veh/h, km, h\n~ init_node term_node capacity length fft b power ;", "", 60.0),
        ("~ [veh/h] [km] [h]\n~ init_node term_node capacity length fft b power ;", "", 60.0),
        ("~ init_node term_node capacity length fft b power ;", "<FREE FLOW TIME UNIT> 0.01 h\n", 0.6),
        ("~ init_node term_node capacity length fft b power ;", "<TIME UNIT> 1/100 h\n", 0.6),
        ("~ time in 0.01 hours\n~ init_node term_node capacity length fft b power ;", "", 0.6),
        ("~ All times in this file are in hours\n~ init_node term_node capacity length fft b power ;", "", 60.0),
        ("~ All times below are in hours\n~ init_node term_node capacity length fft b power ;", "", 60.0),
        ("~ times in this file: hours\n~ init_node term_node capacity length fft b power ;", "", 60.0),
        ("~ times in this network are in hours\n~ init_node term_node capacity length fft b power ;", "", 60.0),
        ("~ free flow time, in hours\n~ init_node term_node capacity length fft b power ;", "", 60.0),
        ("~ free flow times, in decimal hours\n~ init_node term_node capacity length fft b power ;", "", 60.0),
        ("~ Free Flow Time (hrs.)\n~ init_node term_node capacity length fft b power ;", "", 60.0),
        ("~ link travel times, in hours, at free flow\n~ init_node term_node capacity length fft b power ;", "", 60.0),
        ("~ column 5 is free flow time in hours\n~ init_node term_node capacity length fft b power ;", "", 60.0),
        ("~ t0 in hours\n~ init_node term_node capacity length fft b power ;", "", 60.0),
        ("~ Times and lengths are in hours and miles\n~ init_node term_node capacity length fft b power ;", "", 60.0),
        ("~ free flow time = length / speed, in hours\n~ init_node term_node capacity length fft b power ;", "", 60.0),
        ("~ hours are the unit of time\n~ init_node term_node capacity length fft b power ;", "", 60.0),
        ("~ init_node term_node capacity length fft b power ;", "<TIMEUNIT> h\n", 60.0),
        ("~ init_node term_node capacity length fft b power ;", "<FREE FLOW TIME (HOURS)>\n", 60.0),
        ("~ time in h; to get minutes multiply by 60\n~ init_node term_node capacity length fft b power ;", "", 60.0),
        ("~ units are miles and hours\n~ init_node term_node capacity length fft b power ;", "", 60.0),
        ("~ Units used: km, h, veh/h\n~ init_node term_node capacity length fft b power ;", "", 60.0),
        ("~ Units: km; h; km/h; veh/h\n~ init_node term_node capacity length fft b power ;", "", 60.0),
        ("~ t_0 in hours\n~ init_node term_node capacity length fft b power ;", "", 60.0),
        ("~ Times in hundredths of an hour\n~ init_node term_node capacity length fft b power ;", "", 0.6),
        ("~ time in tenth hours\n~ init_node term_node capacity length fft b power ;", "", 6.0),
        ("~ Times not in minutes but hours\n~ init_node term_node capacity length fft b power ;", "", 60.0),
        ("~ travel times of all links are hours\n~ init_node term_node capacity length fft b power ;", "", 60.0),
        ("~ the unit of time is seconds\n~ init_node term_node capacity length fft b power ;", "", 1 / 60),
        ("~ free flow time in units of 10 s\n~ init_node term_node capacity length fft b power ;", "", 1 / 6),
        ("~ signal time: min; link time: s\n~ init_node term_node capacity length fft b power ;", "", 1 / 60),
        ("~ init_node term_node capacity length fft b power ;", "<REMARK> free flow times are in hours\n", 60.0),
        ("~ init_node term_node capacity length fft b power ;", "<UNITS OF TIME> s\n", 1 / 60),
        ("~ times are in decimal hours\n~ init_node term_node capacity length fft b power ;", "", 60.0),
        ("~ units: length km, time s, capacity veh/h\n~ init_node term_node capacity length fft b power ;", "", 1 / 60),
    ],
)  # fmt: skip
def test_times_in_other_units_become_minutes_with_a_notice(tmp_path, header, meta, minutes):
    data = read(tmp_path, with_header(header, ["1 3 100 2 0.5 0.15 4", "3 2 100 2 0.5 0.15 4"], meta))
    np.testing.assert_allclose(data.graph.free_flow_min, 0.5 * minutes)
    assert "tntp_time" in [n.key for n in data.notices]
    assert "converted to minutes" in str(next(n for n in data.notices if n.key == "tntp_time"))


@pytest.mark.parametrize(("said", "km"), [
    ("~ segment lengths are in m", 0.002), ("~ length in hundreds of meters", 0.2),
    ("~ Times and lengths are in minutes and miles", 3.218688),
])  # fmt: skip
def test_lengths_in_the_unit_of_a_comment(tmp_path, said, km):
    net = with_header(
        f"{said}\n~ init_node term_node capacity length fft b power ;", ["1 3 100 2 0.5 0.15 4", "3 2 100 2 0.5 0.15 4"]
    )
    np.testing.assert_allclose(read(tmp_path, net).graph.length_km, km)


@pytest.mark.parametrize("said", ["~ creation time: 10 h", "~ times, in the source, are hours", "<RUN TIME> 35 s"])
def test_a_unit_of_time_that_is_not_taken_is_told(tmp_path, said):
    header, rows = (
        "~ init_node term_node capacity length fft b power ;",
        ["1 3 100 2 0.5 0.15 4", "3 2 100 2 0.5 0.15 4"],
    )
    meta = f"{said}\n" if said.startswith("<") else ""
    data = read(tmp_path, with_header(header if meta else f"{said}\n{header}", rows, meta))
    assert data.graph.free_flow_min.tolist() == [0.5, 0.5]
    assert [n.key for n in data.notices] == ["tntp_time_odd"]
    assert read(tmp_path / "b", with_header(header, rows, f"{meta}<TIME UNIT> minutes\n")).notices == ()


def test_a_unit_of_time_that_is_not_known_is_told(tmp_path):
    header = "~ init_node term_node capacity length free_flow_time(moons) b power ;"
    data = read(tmp_path, with_header(header, ["1 3 100 2 0.5 0.15 4", "3 2 100 2 0.5 0.15 4"]))
    assert data.graph.free_flow_min.tolist() == [0.5, 0.5]
    assert [n.key for n in data.notices] == ["tntp_time_unknown"]


@pytest.mark.parametrize(("unit", "km"), [("km", 2.0), ("miles", 3.218688), ("ft", 0.0006096), ("m", 0.002)])
def test_lengths_in_the_unit_of_the_header(tmp_path, unit, km):
    header = f"~ init_node term_node capacity length({unit}) free_flow_time(min) b power ;"
    net = with_header(header, ["1 3 100 2 1 0.15 4", "3 2 100 2 1 0.15 4"])
    data = read(tmp_path, net, distance_weight=3.0)
    np.testing.assert_allclose(data.graph.length_km, km)
    np.testing.assert_allclose(data.graph.fixed_min, 6.0)
    assert [n.key for n in data.notices] == ([] if unit == "km" else ["tntp_length"])
    np.testing.assert_allclose(read_tntp(tmp_path, length_unit="km").graph.length_km, 2.0)


def test_a_link_given_twice_is_two_roads_and_told(tmp_path):
    net = (
        NET.replace("LINKS> 2", "LINKS> 5") + "1 3 100 2 1 0.15 4 0 5 1 ;\n3 2 90 2 1 0.15 4 ;\n3 2 100 2 1 0.15 4 ;\n"
    )
    data = read(tmp_path, net)
    assert data.graph.tail.tolist() == [0, 2, 0, 2, 2]
    told = {n.key: n.values for n in data.notices}
    assert set(told) == {"tntp_same", "tntp_twice"}
    assert (told["tntp_same"]["link"], told["tntp_same"]["lines"], told["tntp_same"]["count"]) == ("1-3", "7, 9", "2")
    assert (told["tntp_twice"]["link"], told["tntp_twice"]["lines"]) == ("3-2", "8, 10, 11")


def test_files_are_found_in_any_case_of_letters_and_near_ones_are_named(tmp_path):
    write_tntp(tmp_path, NET, TRIPS)
    (tmp_path / "Tiny_net.tntp").rename(tmp_path / "Tiny_Net.TNTP")
    data = read_tntp(tmp_path)
    assert data.name == "Tiny"
    (tmp_path / "Tiny_trips.tntp").rename(tmp_path / "Tiny_trips_am.tntp")
    with pytest.raises(InputError, match=r"exactly one \*_trips\.tntp; found: - Near: Tiny_trips_am\.tntp; rename"):
        read_tntp(tmp_path)


@pytest.mark.parametrize(
    "text",
    ["Node X Y ;\n1 5 7 ;\n2 6 8 ;\n3 9 9 ;\n", "~ y\tnode\tx ;\n7 1 5\n8 2 6\n9 3 9\n", "1 5 7\n2 6 8\n3 9 9\n",
     "id Type X_coord Y_coord\n1 a 5 7\n2 b 6 8\n3 c 9 9\n"],
)  # fmt: skip
def test_coordinates_are_read_by_the_names_of_their_header(tmp_path, text):
    write_tntp(tmp_path, NET, TRIPS)
    (tmp_path / "Tiny_node.tntp").write_text(text)
    data = read_tntp(tmp_path)
    assert data.xy is not None
    assert data.xy.tolist() == [[5, 7], [6, 8], [9, 9]]


def test_a_node_and_trips_given_twice_are_told(tmp_path):
    write_tntp(tmp_path, NET, TRIPS.replace("12", "15").replace("10.0;", "10.0;\nOrigin 1\n2 : 3.0;"))
    (tmp_path / "Tiny_node.tntp").write_text("1 5 7\n2 6 8\n3 9 9\n1 5 8\n2 6 8\n")
    data = read_tntp(tmp_path)
    assert data.demand.vph.sum() == 13.0
    told = {n.key: n.values for n in data.notices}
    assert told["tntp_pair_twice"]["lines"] == "5, 7"
    assert told["tntp_node_twice"] == {"file": "Tiny_node.tntp", "row": "4", "node": "1"}


@pytest.mark.parametrize(
    ("minutes", "speed", "told"),
    [(0.1, 20, "hours"), (6.0, 20, None), (0.1, 0, None), (360, 20, "seconds"), (0.36, 20, "seconds")],
)
def test_times_that_are_length_over_speed_are_told(tmp_path, minutes, speed, told):
    header = "~ init_node term_node capacity length fft b power speed ;"
    rows = [f"1 3 100 2 {minutes} 0.15 4 {speed}", f"3 2 100 2 {minutes} 0.15 4 {speed}"]
    data = read(tmp_path / "a", with_header(header, rows))
    assert [n.key for n in data.notices] == ([f"tntp_time_looks_{told}"] if told else [])
    data = read(tmp_path / "b", with_header(header.replace("fft", "fft(min)"), rows))
    assert data.notices == ()


def test_a_form_feed_is_no_line(tmp_path):
    found, _ = faults(tmp_path, NET.replace("~ init", "~ \x0c\x1c\u2028 init").replace("1 3 100", "1 3 -100"))
    assert found == [("too_small", "Tiny_net.tntp", 7)]


@pytest.mark.parametrize(
    ("unit", "meta"),
    [("(veh/day)", ""), ("(veh/15 min)", ""), ("[pcu per day per lane]", ""), ("(vpd)", ""), ("(1000 veh/h)", ""),
     ("(veh/moon)", ""), ("", "<CAPACITY UNIT> veh/day\n")],
)  # fmt: skip
def test_a_capacity_that_is_not_that_of_an_hour_is_refused(tmp_path, unit, meta):
    lanes = " lanes" if "lane" in unit else ""
    header = f"~ init_node term_node capacity{unit} length fftt b power{lanes} ;"
    rows = [f"{ends} 100 2 1 0.15 4{' 2' if lanes else ''}" for ends in ("1 3", "3 2")]
    found, message = faults(tmp_path, with_header(header, rows, meta))
    assert [key for key, _, _ in found] == ["tntp_capacity"]
    assert "needed are vehicles per hour" in message


@pytest.mark.parametrize("unit", ["veh/h", "pcu/hr", "vehicles per hour", "veh/60 min", "vph", "veh", "Kfz/h", "/h"])
def test_a_capacity_of_an_hour_is_read_as_it_is(tmp_path, unit):
    header = f"~ init_node term_node capacity({unit}) length fftt b power ;"
    data = read(tmp_path, with_header(header, ["1 3 100 2 1 0.15 4", "3 2 90 2 1 0.15 4"]))
    assert data.graph.capacity_vph.tolist() == [100.0, 90.0]
    assert data.notices == ()


def test_a_capacity_per_hour_and_lane_needs_the_lanes(tmp_path):
    header = "~ init_node term_node capacity(vphpl) length fftt b power lanes ;"
    data = read(tmp_path, with_header(header, ["1 3 100 2 1 0.15 4 2", "3 2 100 2 1 0.15 4 3"]))
    assert data.graph.capacity_vph.tolist() == [200.0, 300.0]
    found, _ = faults(tmp_path, with_header(header.replace(" lanes", ""), ["1 3 100 2 1 0.15 4"]))
    assert found == [("tntp_header", "Tiny_net.tntp", 6)]
