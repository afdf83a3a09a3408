from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resilience.case.case import load_case
from resilience.networks.network import Network
from resilience.networks.road import road_model, speed_in_water
from tests.tiny import POWER, write_case


@pytest.fixture(scope="module")
def road(tmp_path_factory):
    tables = POWER | {
        "road_nodes": "id,x,y\na,0,0\nb,1000,0\nc,2000,0\nd,9000,0",
        "road_links": """
            id,from_node,to_node,length_m,speed_kmh,capacity_vph,free_flow_min
            ab,a,b,1000,60,900,
            ba,b,a,1000,60,900,2.5
            bc,b,c,1000,30,900,
            cb,c,b,1000,30,900,
        """,
        "zones": "id,x,y,people\nA,0,50,10\nC,2000,50,10\nL,50,50,0",
        "connectors": "zone,node,minutes\nA,a,1\nC,c,2",
    }
    return load_case(write_case(tmp_path_factory.mktemp("road") / "c", tables)).city.road


def test_time_is_length_over_speed_unless_given(road):
    np.testing.assert_allclose(road.graph.free_flow_min[:4], [1.0, 2.5, 2.0, 2.0])


def test_connectors_lead_out_and_in_without_congestion(road):
    assert road.links == 4
    np.testing.assert_array_equal(road.graph.tail[4:], [4, 5, 0, 2])
    np.testing.assert_array_equal(road.graph.head[4:], [0, 2, 4, 5])
    np.testing.assert_allclose(road.graph.minutes(np.full(8, 1e6))[4:], [1, 2, 1, 2])


def test_only_zones_are_barred_and_loose_ones_known(road):
    assert road.graph.barred.tolist() == [False] * 4 + [True] * 3
    assert road.connected.tolist() == [True, True, False]
    assert road.zone_node.tolist() == [4, 5, 6]


def test_values_of_roads_are_extended_for_the_connectors(road):
    extended = road.all_links(np.array([True, False, True, False]), False)
    assert extended.dtype == bool
    assert extended.tolist() == [True, False, True, False, False, False, False, False]


def test_sites_belong_to_the_nearest_junction_that_people_can_reach(road):
    node, metres = road.attach(np.array([10.0, 1900.0]), np.array([5.0, 0.0]))
    assert node.tolist() == [0, 2]
    np.testing.assert_allclose(metres, [np.hypot(10, 5), 100.0])
    assert road.reached.tolist() == [True, True, True, False]  # d joins nothing


def test_what_stands_too_far_from_every_road_belongs_to_none(road):
    x, y = np.array([0.0, 0.0]), np.array([4999.0, 5001.0])
    assert road.attach(x, y)[0].tolist() == [0, -1]
    assert road.attach(x, y, most_m=10_000)[0].tolist() == [0, 0]


def test_ways_between_zones_are_asked_pair_by_pair(road):
    nothing, first, second = np.zeros(8, bool), np.array([0, 1, 0]), np.array([1, 0, 0])
    assert road.ways(nothing, first, second).tolist() == [True, True, True]
    assert road.ways(nothing, np.array([0, 2]), np.array([2, 0])).tolist() == [False, False]  # joined to nothing


def test_largest_part_shrinks_with_closures(road):
    shut = np.zeros(8, bool)
    assert road.largest_part(shut).tolist() == [True, True, True, False, True, True, False]
    shut[2] = True  # b -> c: nobody comes to c any more
    assert road.largest_part(shut).tolist() == [True, True, False, False, True, False, False]


def test_the_largest_part_is_not_held_together_by_a_zone(tmp_path):
    # two roads that meet nowhere; zone Z has a connector to each
    tables = POWER | {
        "road_nodes": "id,x,y\na,0,0\nb,1000,0\nc,2000,0\nd,3000,0\ne,4000,0",
        "road_links": """
            id,from_node,to_node,length_m,speed_kmh,capacity_vph
            ab,a,b,1000,60,900
            ba,b,a,1000,60,900
            cd,c,d,1000,60,900
            dc,d,c,1000,60,900
            de,d,e,1000,60,900
            ed,e,d,1000,60,900
        """,
        "zones": "id,x,y\nZ,1500,0\nY,4000,0",
        "connectors": "zone,node,minutes\nZ,b,1\nZ,c,1\nY,e,1",
    }
    road = load_case(write_case(tmp_path / "c", tables)).city.road
    part = road.largest_part(np.zeros(len(road.graph.tail), bool))
    assert part[:5].tolist() == [False, False, True, True, True]


DEPTH = st.floats(0, 3, allow_nan=False)


@given(st.lists(DEPTH, min_size=1, max_size=20), st.sampled_from([20.0, 50.0, 90.0, 130.0]))
def test_deeper_water_is_never_faster(depths, limit):
    depth = np.sort(np.array(depths))
    speed = speed_in_water(depth, np.full(len(depth), limit))
    assert (np.diff(speed) <= 1e-9).all()
    assert ((speed >= 0) & (speed <= limit)).all()
    assert (speed[depth >= 0.3] == 0).all()
    assert (speed[depth < 0.3] > 0).all()


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_ways_are_those_of_a_search_that_enters_no_other_zone(seed):
    """Random roads, a few zones each with some connectors out and in, many links shut."""
    rng = np.random.default_rng(seed)
    junctions, zones = 12, 4
    inside = rng.integers(0, junctions, (2, 24))
    names = [f"n{i}" for i in range(junctions)]
    ends = [(names[a], names[b]) for a, b in inside.T if a != b]
    nodes = pd.DataFrame({"x": np.arange(junctions) * 10.0, "y": 0.0, "signal": False}, index=names)
    links = pd.DataFrame(ends, columns=["from_node", "to_node"], index=[f"l{i}" for i in range(len(ends))]).assign(
        length_m=100.0, speed_kmh=60.0, free_flow_min=np.nan, capacity_vph=100.0, bpr_b=0.15, bpr_power=4.0
    )
    table = pd.DataFrame({"people": 1.0}, index=[f"z{i}" for i in range(zones)])
    joined = [(z, names[n]) for z in table.index for n in rng.choice(junctions, 2, replace=False)]
    connectors = pd.DataFrame(joined, columns=["zone", "node"]).assign(minutes=0.0)
    road = road_model(Network("road", nodes, links), table, connectors)
    graph = road.graph
    closed = rng.random(len(graph.tail)) < 0.4
    first, second = (a.ravel() for a in np.indices((zones, zones)))
    shut = closed | (rng.random(len(graph.tail)) < rng.choice([0.0, 0.4]))
    road.ways(shut, first, second)  # what was asked before changes no answer
    found = road.ways(closed, first, second)
    for a, b, way in zip(first, second, found, strict=True):
        open_roads = nx.DiGraph()
        open_roads.add_nodes_from(range(graph.nodes))
        here, there = road.zone_node[[a, b]]
        passable = ~graph.barred | np.isin(np.arange(graph.nodes), [here, there])
        keep = ~closed & passable[graph.tail] & passable[graph.head]
        open_roads.add_edges_from(zip(graph.tail[keep].tolist(), graph.head[keep].tolist(), strict=True))
        assert way == nx.has_path(open_roads, int(here), int(there))
