from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from resilience.base.errors import CaseError, InputError
from resilience.readers.gmns import is_gmns, read_gmns, write_gmns
from resilience.traffic import assign

NODE = "node_id,x_coord,y_coord,zone_id\na,0,0,1\nb,1000,0,\nc,2000,0,2\nd,2000,50,2"
LINK = """
link_id,from_node_id,to_node_id,directed,length,free_speed,capacity,lanes,toll
ab,a,b,true,1.5,30,900,2,0
bc,b,c,false,1,60,1000,1,3
bd,b,d,1,1,60,1000,1,0
"""
CONFIG = "dataset_name,long_length,speed\nTiny,mi,mph"
DEMAND = "o_zone_id,d_zone_id,volume\n1,2,100\n1,2,20\n2,2,7"


def folder(path, **changed):
    path.mkdir()
    for name, text in ({"node": NODE, "link": LINK, "config": CONFIG, "demand": DEMAND} | changed).items():
        if text is not None:
            (path / f"{name}.csv").write_text(text.strip() + "\n", encoding="utf-8")
    return path


def test_zones_links_units_and_trips(tmp_path):
    data = read_gmns(folder(tmp_path / "g"), toll_weight=0.5)
    graph, names = data.graph, list(data.graph.names_of_nodes())
    assert names == ["zone:1", "zone:2", "a", "b", "c", "d"]
    assert graph.barred.tolist() == [True, True, False, False, False, False]
    links = list(graph.names_of_links())
    assert links[:4] == ["ab", "bc", "bd", "bc:back"]
    assert sorted(links[4:]) == ["a>zone:1", "c>zone:2", "d>zone:2", "zone:1>a", "zone:2>c", "zone:2>d"]
    ends = {n: (names[t], names[h]) for n, t, h in zip(links, graph.tail, graph.head, strict=True)}
    assert ends["bc:back"] == ("c", "b")
    assert ends["d>zone:2"] == ("d", "zone:2")
    np.testing.assert_allclose(graph.free_flow_min[:4], [3, 1, 1, 1])
    np.testing.assert_allclose(graph.capacity_vph[:4], [1800, 1000, 1000, 1000])
    np.testing.assert_allclose(graph.length_km[:4], np.array([1.5, 1, 1, 1]) * 1.609344)
    np.testing.assert_allclose(graph.fixed_min[:4], [0, 1.5, 0, 1.5])
    np.testing.assert_allclose(graph.b[:4], 0.15)
    assert data.demand.vph.tolist() == [120.0]
    assert data.intrazonal == 7.0
    assert data.xy[:2].tolist() == [[0, 0], [2000, 25]]
    found = assign(graph, data.demand, gap=1e-9)  # the two ways to zone 2 are alike but for the toll
    assert found.flow[1] == 0.0
    assert found.flow[2] == pytest.approx(120.0)


@pytest.mark.parametrize(
    ("units", "factor", "km"),
    [("km,km/h", 1.0, 1.0), ("m,m/s", 0.001 / 3.6, 0.001), ("mi,km/h", 1.609344, 1.609344), (None, 1.0, None)],
)
def test_units(tmp_path, units, factor, km):
    config = None if units is None else f"long_length,speed\n{units}"
    data = read_gmns(folder(tmp_path / "g", config=config))
    np.testing.assert_allclose(data.graph.free_flow_min[:3], np.array([3, 1, 1]) * factor)
    if km is None:
        assert data.graph.length_km is None
        assert [n.key for n in data.notices] == ["gmns_no_units"]
    else:
        np.testing.assert_allclose(data.graph.length_km[:3], np.array([1.5, 1, 1]) * km)


def test_columns_of_others_and_capitals_do_no_harm(tmp_path):
    link = LINK.strip().replace("link_id", "LINK_ID").replace("toll", "toll,name,name,")
    link = "\n".join([line + (",x,y,z" if i else "") for i, line in enumerate(link.split("\n"))])
    data = read_gmns(folder(tmp_path / "g", link=link))
    plain = read_gmns(folder(tmp_path / "h"))
    assert list(data.graph.names_of_links()) == list(plain.graph.names_of_links())
    np.testing.assert_array_equal(data.graph.free_flow_min, plain.graph.free_flow_min)


def test_zones_stand_in_the_natural_order_of_their_names(tmp_path):
    node = "node_id,zone_id\na,Z10\nb,Z9\nc,12"
    link = "from_node_id,to_node_id,capacity,lanes,vdf_fftt\na,b,900,1,1\nb,c,900,1,1"
    data = read_gmns(folder(tmp_path / "g", node=node, link=link, demand="o_zone_id,d_zone_id,volume\nZ10,12,5"))
    assert list(data.graph.names_of_nodes()[:3]) == ["zone:12", "zone:Z9", "zone:Z10"]


def test_delay_functions_and_trips_that_are_given(tmp_path):
    link = "from_node_id,to_node_id,capacity,vdf_fftt,vdf_alpha,vdf_beta\na,b,900,2.5,0.5,3\nb,c,900,1,,"
    trips = pd.DataFrame({"origin": ["1"], "destination": ["2"], "vph": [5.0]})
    data = read_gmns(folder(tmp_path / "g", link=link, demand=None), trips=trips)
    assert data.graph.free_flow_min[:2].tolist() == [2.5, 1.0]
    assert data.graph.b[:2].tolist() == [0.5, 0.15]
    assert data.graph.power[:2].tolist() == [3.0, 4.0]
    assert data.demand.vph.tolist() == [5.0]
    assert "gmns_no_lanes" in [n.key for n in data.notices]
    with pytest.raises(InputError, match="9"):
        read_gmns(tmp_path / "g", trips=trips.assign(origin="9"))


FAULTS = [
    ("link", LINK.replace("900,2", "-1,2"), "link.csv, line 2, column capacity"),
    ("link", LINK.replace("1.5,30", "1.5,"), "link.csv, line 2, column free_speed"),
    ("link", LINK.replace("1.5,30", "1.5,0"), "link.csv, line 2, column free_speed"),
    ("link", LINK.replace("ab,a,b", "ab,a,x"), 'line 2, column to_node_id: "x" is not in node.csv'),
    ("link", LINK.replace("true", "perhaps"), "link.csv, line 2, column directed"),
    ("link", LINK.replace("capacity", "capasity"), "link.csv, line 1, column capacity: the column is missing"),
    ("link", LINK.replace("free_speed", "speed"), "link.csv, column free_speed: the column is missing or empty"),
    ("link", LINK.replace("bd,b", "bc,b"), "link.csv, line 4, column link_id"),
    ("link", LINK.replace("bd,b", ",b"), "link.csv, line 4, column link_id: the cell is empty"),
    ("link", LINK.replace("900,2", "900 veh/h,2"), "link.csv, line 2, column capacity"),
    ("node", NODE.replace("d,2000", "c,2000"), "node.csv, line 5, column node_id"),
    ("node", "node_id\na\nb\nc\nd", "no node names a zone"),
    ("node", NODE.replace("1000,0,", "east,0,"), "node.csv, line 3, column x_coord"),
    (
        "demand",
        DEMAND.replace("1,2,20", "1,9,20"),
        'demand.csv, line 3, column d_zone_id: "9" is not in node.csv zone_id',
    ),
    ("demand", DEMAND.replace("1,2,20", "1,2,many"), "demand.csv, line 3, column volume"),
    ("demand", None, "demand.csv"),
    ("config", CONFIG.replace("mph", "knots"), "config.csv, line 2, column speed"),
    ("config", "long_length\nmi", "config.csv, column speed"),
]


@pytest.mark.parametrize(("name", "text", "message"), FAULTS)
def test_what_is_wrong_is_told_with_its_line(tmp_path, name, text, message):
    with pytest.raises(CaseError, match=message.replace("(", r"\(")):
        read_gmns(folder(tmp_path / "g", **{name: text}))


def test_a_network_that_is_written_is_read_back(tmp_path):
    data = read_gmns(folder(tmp_path / "g"))
    write_gmns(tmp_path / "out", data)
    assert is_gmns(tmp_path / "out")
    again = read_gmns(tmp_path / "out")
    first, second = (assign(d.graph, d.demand, gap=1e-9) for d in (data, again))
    assert second.total_travel_time == pytest.approx(first.total_travel_time)
    np.testing.assert_allclose(second.flow, first.flow, atol=1e-9)
    assert list(again.graph.names_of_nodes()) == list(data.graph.names_of_nodes())
    np.testing.assert_allclose(again.xy, data.xy)


def test_a_zone_that_the_file_has_as_a_centroid_is_passed_by_nobody(tmp_path):
    node = "node_id,zone_id,node_type\na,1,\nb,2,Centroid\nc,3,"
    link = "from_node_id,to_node_id,capacity,lanes,vdf_fftt\na,b,900,1,1\nb,c,900,1,1"
    demand = "o_zone_id,d_zone_id,volume\n1,2,5\n1,3,5"
    data = read_gmns(folder(tmp_path / "g", node=node, link=link, demand=demand))
    assert list(data.graph.names_of_nodes()) == ["zone:1", "b", "zone:3", "a", "c"]
    assert assign(data.graph, data.demand).unserved.tolist() == [0.0, 5.0]
