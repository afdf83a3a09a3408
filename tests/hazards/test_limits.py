"""Depths of just a limit, sites that fail at no depth, land of unknown height, portals that people enter."""

from __future__ import annotations

import numpy as np
import pytest

from resilience.base.streams import Streams
from resilience.city.water import DEEP
from tests.hazards.test_shore import water


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize(("ground", "stage"), [(1.0, 1.3), (2.0, 2.3), (1.1, 1.4), (2.3, 2.6), (0.7, 1.0), (8.1, 8.4)])
def test_a_depth_of_just_the_limit_is_the_limit_whatever_the_digits_of_the_ground(tmp_path, ground, stage, kind):
    from resilience.case.case import load_case
    from resilience.hazards.flood.bathtub import Inundation, connection_level, lake_cells
    from resilience.hazards.flood.exposure import expose
    from tests.tiny import POWER, terrain, write_case

    raster = terrain("~~1119")
    raster.values[0, 2:5] = kind(ground)
    city = load_case(write_case(tmp_path / "c", POWER | {"zones": "id,x,y,people\nZ,250,50,100"})).city
    lake = lake_cells(raster, 0.0)
    none = np.zeros(0)
    made = Inundation(expose(city, raster, "t", lake), raster.values, connection_level(raster.values, lake), lake, none,
                      none, np.zeros(len(city.sites)))  # fmt: skip
    assert made.at(stage, with_cells=False).zone_share[0, DEEP] == 1.0
    assert made.at(stage - 0.001, with_cells=False).zone_share[0, DEEP] == 0.0


@pytest.mark.parametrize("ground", ["~~11..", "~~11"])
def test_land_of_unknown_height_is_left_out_within_the_terrain_and_beyond_its_edge(tmp_path, ground):
    zones = 'id,x,y,people,geometry\nZ,350,50,1000,"200 0, 600 0, 600 100, 200 100"'
    _, field = water(tmp_path, ground, 1.5, zones=zones)
    assert field.zone_share[0, DEEP] == 1.0


def test_a_site_that_fails_at_no_depth_stays_up_where_it_is_dry(sioux):
    from dataclasses import replace

    nodes = sioux.city["power_nodes"].copy()
    nodes["flood_threshold_m"] = 0.0
    inputs = sioux.inputs.with_table("power_nodes", nodes)
    from resilience.simulation.engine import run

    scenario = replace(sioux.scenarios["lake-1m"], horizon_days=3)
    record = run(inputs, scenario, option="o", streams=Streams(1, 0), people=None, ordinary=None)
    assert not [e for e in record.events if e["component"].startswith("power:") and e["hour"] <= 5]


def test_a_junction_where_people_enter_a_tube_is_one_of_its_portals(tmp_path):
    """Two tunnel links meet at M under the lake; people enter at M, which stands in the water."""
    roads = {
        "road_nodes": "id,x,y\nA,450,50\nM,350,50\nB,550,50",
        "road_links": "id,from_node,to_node,length_m,speed_kmh,capacity_vph,structure\n"
        "AM,A,M,100,60,900,tunnel\nMA,M,A,100,60,900,tunnel\nMB,M,B,100,60,900,tunnel\nBM,B,M,100,60,900,tunnel",
    }
    zones = "id,x,y,people\nZ,350,50,1"
    for connectors, closed in ((None, False), ("zone,node,minutes\nZ,M,0", True)):
        more = roads | ({"connectors": connectors} if connectors else {})
        _, field = water(tmp_path / str(closed), "~~~199", 1.5, zones=zones, **more)
        assert bool((field.link_m > 0.3).all()) is closed


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("ridge", [0.7, 1.1, 2.3, 4.6])
def test_a_ridge_at_just_the_level_keeps_the_land_behind_it_dry(tmp_path, ridge, kind):
    """0.7 is a little less than 0.7 in 32 bits, and 1.1 a little more: neither lets water over at just that level."""
    from resilience.hazards.flood.bathtub import connection_level, lake_cells
    from resilience.readers.raster import read_raster
    from tests.tiny import CRS, terrain, write_tif

    drawn = terrain("~192")
    drawn.values[0, 2] = ridge
    write_tif(tmp_path / "t.tif", drawn)
    raster = read_raster(tmp_path / "t.tif", CRS)
    assert raster.values[0, 2] == ridge
    in_bits = drawn.values.astype(kind).astype(float)
    assert connection_level(in_bits, lake_cells(raster, 0.0))[0].tolist() == [
        0.0,
        1.0,
        max(1.0, ridge),
        max(2.0, ridge),
    ]


def test_the_lake_stands_at_the_level_that_its_record_says(sioux):
    """A peak of 2.3 m, of which the record stays 2.0 m below after an hour: 0.3 m, not 0.2999..."""
    from dataclasses import replace

    from resilience.base.clock import Onset

    lake = replace(
        sioux.inputs.hazards["lake"], hours=np.array([0.0, 1.0, 2.0]), below_peak_m=np.array([2.0, 0.0, 2.0])
    )
    event = lake.start(sioux.inputs, 2.3, Onset(0, 5), Streams(1, 0))
    assert [event.stage(5 + h) for h in (0.0, 1.0, 2.0)] == [0.3, 2.3, 0.3]


@pytest.mark.parametrize(
    ("ground", "unknown"), [("~~11..9", 0.5), ("~~11", 0.5), ("~~1119", 0.0), ("~~111.9", 0.25), ("~~1~..9", 0.5)]
)
def test_a_zone_whose_height_is_known_in_part_is_told(tmp_path, ground, unknown):
    """The outline spans the third to the sixth column: of 4 cells, 2, 2, 0, 1 and 2 are without height."""
    from resilience.case.case import load_case
    from resilience.hazards.flood.lake import LakeFlood
    from tests.tiny import POWER, terrain, write_case

    zones = 'id,x,y,people,geometry\nZ,250,50,1000,"200 0, 600 0, 600 100, 200 100"'
    city = load_case(write_case(tmp_path / "c", POWER | {"zones": zones})).city
    lake = LakeFlood(terrain(ground), "t.tif", np.array([0.0]), np.array([0.0]))
    assert lake.exposure(city).zone_unknown.tolist() == [unknown]
    told = [n for n in lake.notices(city) if n.key == "part_terrain"]
    assert len(told) == (unknown > 0)
    assert all(f"zones Z with 1,000 people (up to {unknown:.0%}" in str(n) for n in told)
