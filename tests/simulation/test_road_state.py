"""Roads in water and before dark signals, where cutting a street into more links must change nothing."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resilience.city.water import all_along, dry
from resilience.simulation.road_state import minutes_of_high_vehicles, open_state, road_state
from tests.hazards.test_shore import water

GROUND = "~1111119\n~~~~~~~~"  # cells of 100 m, the lake along the street; the street runs from 100 to 700 m
HEIGHTS = {2: 0.95, 3: 0.85, 4: 0.75, 5: 0.6}  # so that at a stage of 1 m it is 0, 0.05, 0.15, 0.25 and 0.4 m deep
DEPTH = np.array([0.0, 0.05, 0.15, 0.25, 0.4, 0.0])
SPEED, CAPACITY, B = 60.0, 900.0, 0.15


def street(tmp_path, cuts, *, stage=1.0, upto=700.0, dark=False, power=4, name="c"):
    """Return road, water and state of a street from 100 m to `upto`, cut into links at some places."""
    from resilience.hazards.flood.bathtub import Inundation, connection_level, lake_cells
    from resilience.hazards.flood.exposure import expose
    from tests.tiny import terrain

    places = [100.0, *sorted(cuts), upto]
    nodes = "\n".join(f"n{i},{x},150" for i, x in enumerate(places))
    links = "\n".join(
        f"l{i},n{i},n{i + 1},{b - a},{SPEED},{CAPACITY},{B},{power}"
        for i, (a, b) in enumerate(itertools.pairwise(places))
    )
    tables = {
        "road_nodes": f"id,x,y\n{nodes}",
        "road_links": f"id,from_node,to_node,length_m,speed_kmh,capacity_vph,bpr_b,bpr_power\n{links}",
    }
    city, _ = water(tmp_path / name, GROUND, 0.5, **tables)
    raster = terrain(GROUND)
    for column, height in HEIGHTS.items():
        raster.values[0, column] = height
    lake = lake_cells(raster, 0.0)
    many = len(city["road_links"])
    made = Inundation(
        expose(city, raster, "t", lake), raster.values, connection_level(raster.values, lake), lake,
        np.full(many, np.nan), np.zeros(many), np.zeros(len(city.sites)),
    )  # fmt: skip
    field = made.at(stage, with_cells=False)
    signals = np.zeros(len(places), np.bool_)
    signals[-1] = dark
    return city.road, field, road_state(city.road, field, np.zeros(many, np.bool_), signals)


def minutes_at(road, state, flow):
    graph = road.graph.with_state(speed=state.speed, capacity=state.capacity)
    return float(graph.minutes(np.full(graph.links, flow))[: road.links].sum())


def by_hand(flow, power=4, upto=500.0):
    """Sum over the cells of 100 m: bins of 0.10 m, Pregnolato's parabola, a tenth of the capacity at least."""
    total = 0.0
    for depth in DEPTH[: round((upto - 100.0) / 100.0)]:
        middle = 0.0 if depth == 0 else (np.ceil(depth / 0.1) - 0.5) * 100.0
        speed = min(SPEED, 0.0009 * middle**2 - 0.5529 * middle + 86.9448) if depth else SPEED
        room = max(speed / SPEED, 0.1)
        total += 0.1 / speed * 60.0 * (1 + B * (flow / (CAPACITY * room)) ** power)
    return total


@settings(deadline=None, max_examples=25)
@given(
    cuts=st.lists(st.floats(101.0, 499.0), max_size=6, unique=True),
    flow=st.floats(0.0, 2000.0),
    power=st.sampled_from([1, 2.5, 4, 8]),
)
def test_water_slows_what_is_wet_and_nothing_else_however_a_street_is_cut(tmp_path_factory, cuts, flow, power):
    folder = tmp_path_factory.mktemp("street")
    road, _, state = street(folder, cuts, upto=500.0, power=power)
    assert not state.closed.any()
    assert minutes_at(road, state, flow) == pytest.approx(by_hand(flow, power), rel=1e-9)


@settings(deadline=None, max_examples=25)
@given(cuts=st.lists(st.floats(101.0, 699.0), max_size=6, unique=True))
def test_high_vehicles_wade_where_cars_are_stopped_and_nowhere_else(tmp_path_factory, cuts):
    road, field, state = street(tmp_path_factory.mktemp("street"), cuts)
    assert state.closed.any()
    dry_part = 0.1 / SPEED * 60.0
    slow = [SPEED, 60.0, 0.0009 * 150**2 - 0.5529 * 150 + 86.9448, 6.0, 6.0, SPEED]  # at least a tenth of the limit
    expected = dry_part * sum(SPEED / speed for speed in slow)
    assert minutes_of_high_vehicles(road, field)[: road.links].sum() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("limit", [20.0, 50.0, 60.0, 100.0, 120.0])
def test_more_water_is_never_faster_for_high_vehicles(tmp_path, limit):
    road, field, _ = street(tmp_path, [], upto=500.0, stage=0.5)
    road = replace(road, network=replace(road.network, links=road.network.links.assign(speed_kmh=limit)))
    minutes = [
        minutes_of_high_vehicles(road, replace(field, link_share=all_along(np.array([depth]))))[0]
        for depth in (0.0, 0.05, 0.15, 0.25, 0.299, 0.3, 0.5)
    ]
    assert (np.diff(minutes) >= 0).all()
    assert minutes[-1] == pytest.approx(10.0 * minutes[0])


@pytest.mark.parametrize("power", [0.05, 0.2, 0.5, 1, 4, 10])
@pytest.mark.parametrize("cuts", [[], [400.0], [100.0 + 40 * i for i in range(1, 10)], [499.0]])
def test_a_dark_signal_costs_its_approach_the_same_however_long_the_last_link_is(tmp_path, cuts, power):
    road, _, state = street(tmp_path, cuts, upto=500.0, stage=0.5, dark=True, power=power)
    flow, free = 700.0, 0.4 / SPEED * 60.0
    usual = free * (1 + B * (flow / CAPACITY) ** power)
    lost = 0.5 * (flow / CAPACITY) ** power * (0.6**-4 - 1)
    assert minutes_at(road, state, flow) == pytest.approx(usual + lost, rel=1e-9)
    narrow = state.narrowest[: road.links]
    assert narrow.tolist() == [1.0] * (road.links - 1) + [0.6]


def test_a_dark_signal_costs_nothing_where_nobody_drives_and_where_delay_is_not_modelled(tmp_path):
    road, field, state = street(tmp_path, [], upto=500.0, stage=0.5, dark=True)
    assert minutes_at(road, state, 0.0) == pytest.approx(0.4 / SPEED * 60.0)
    free = replace(road, graph=replace(road.graph, b=np.zeros(road.graph.links)))
    signals = np.array([False, True])
    state = road_state(free, field, np.zeros(1, np.bool_), signals)
    assert state.capacity[0] == 1.0
    assert state.narrowest[0] == 0.6


def test_dry_roads_with_power_are_as_ever(tmp_path):
    road, _, state = street(tmp_path, [200.0], stage=0.5)
    assert not state.changed(open_state(road)).any()


def test_what_closes_a_link_leaves_no_other_trace_on_it(tmp_path):
    _, _, state = street(tmp_path, [500.0])
    assert state.closed[:2].tolist() == [False, True]
    assert state.speed[1] == state.capacity[1] == state.narrowest[1] == 1.0


def test_bins_hold_their_upper_edge_and_closure_stands_for_itself():
    shares = all_along(np.array([0.0, 1e-12, 0.05, 0.1, 0.1001, 0.2, 0.29999, 0.3, 2.0]))
    assert shares.sum(axis=1).tolist() == [0, 0, 1, 1, 2, 2, 3, 4, 4]
    assert dry(3, 0, 0).link_share.tolist() == all_along(np.zeros(3)).tolist()
