"""Where the city meets the lake: zones, roads and sites on its shore, tunnels below it, and the ordinary level."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resilience.base.clock import Onset
from resilience.base.streams import Streams
from resilience.case.case import load_case
from resilience.city.water import DEPTHS
from resilience.hazards.flood.bathtub import Inundation, connection_level, lake_cells
from resilience.hazards.flood.exposure import expose
from resilience.hazards.flood.lake import LakeFlood
from tests.tiny import POWER, terrain, write_case, write_tif

DEEP = DEPTHS.index(0.30)


def water(folder, ground, level, *, raised=None, **tables):
    """Return city and water on a case whose terrain is drawn with cells of 100 m, the lake being ~."""
    city = load_case(write_case(folder / "c", POWER | tables)).city
    raster = terrain(ground)
    lake = lake_cells(raster, 0.0)
    links = city["road_links"]
    lift = np.zeros(len(links))
    for name, height in (raised or {}).items():
        lift[links.index.get_loc(f"road:{name}")] = height
    made = Inundation(
        expose(city, raster, "terrain", lake), raster.values, connection_level(raster.values, lake), lake,
        links["deck_m"].to_numpy(float) if len(links) else np.zeros(0), lift, np.zeros(len(city.sites)),
    )  # fmt: skip
    return city, made.at(level, with_cells=True)


def test_people_live_on_the_land_of_their_zone(tmp_path):
    """1,000 people on five cells, two of them in the lake; three of land, all in the water."""
    zones = 'id,x,y,people,geometry\nZ,250,50,1000,"0 0, 500 0, 500 100, 0 100"'
    _, field = water(tmp_path, "~~1119", 1.5, zones=zones)
    assert field.zone_share[0, DEEP] * 1000 == pytest.approx(1000)


@pytest.mark.parametrize(
    "outline",
    ["", '"10 10, 20 10, 20 20, 10 20"', '"0 0, 200 0, 200 100, 0 100"'],
    ids=["none", "no cell centre", "lake alone"],
)
def test_a_zone_without_land_of_its_own_stands_on_the_nearest(tmp_path, outline):
    zones = f"id,x,y,people,geometry\nZ,150,50,100,{outline}\nY,550,50,0,"
    for level, share in ((1.2, 0.0), (1.5, 1.0)):
        city, field = water(tmp_path, "~~1119", level, zones=zones)
        assert field.zone_share[city["zones"].index.get_loc("zone:Z"), DEEP] == share


ROADS = {
    "zones": "id,x,y,people\nY,550,50,0",
    "road_nodes": "id,x,y\na,50,50\nb,150,50\nc,350,50\nd,550,50",
    "road_links": """
        id,from_node,to_node,length_m,speed_kmh,capacity_vph,structure,deck_m
        shore,b,c,200,60,900,,
        far,a,b,100,60,900,,
        deck,b,c,200,60,900,bridge,4
        open,b,c,200,60,900,bridge,
    """,
}


def links(city, field):
    return dict(zip((n.removeprefix("road:") for n in city["road_links"].index), field.link_m, strict=True))


def test_a_road_on_the_shore_stands_on_land_and_one_far_out_stays_where_it_is_drawn(tmp_path):
    found = links(*water(tmp_path, "~~~369", 3.5, **ROADS))  # b lies two cells off the land, c on it at 3 m
    assert found["far"] == pytest.approx(3.5)
    tables = ROADS | {"road_nodes": "id,x,y\na,50,50\nb,250,50\nc,350,50\nd,550,50"}
    assert links(*water(tmp_path, "~~~369", 3.2, **tables))["shore"] == pytest.approx(0.2)
    assert links(*water(tmp_path, "~~~369", 3.0, **tables))["shore"] == 0.0


def test_a_bridge_is_wet_above_its_deck_and_without_a_deck_it_stays_open(tmp_path):
    found = links(*water(tmp_path, "~~~369", 4.5, **ROADS))
    assert found["deck"] == pytest.approx(0.5)
    assert found["open"] == 0.0


def test_a_site_on_the_lake_stands_on_the_nearest_land(tmp_path):
    tables = {"zones": "id,x,y,people\nY,550,50,0", "facilities": "id,kind,x,y,zone\nH,hospital,250,50,Y"}
    city, field = water(tmp_path, "~~~269", 2.5, **tables)
    assert field.site_m[city.sites.index.get_loc("facility:H")] == pytest.approx(0.5)


TUNNEL = {
    "zones": "id,x,y,people\nY,50,50,0",
    "road_nodes": "id,x,y\na,50,50\nb,150,50\nm,350,50\nc,550,50\nd,650,50",
    "road_links": """
        id,from_node,to_node,length_m,speed_kmh,capacity_vph,structure
        ab,a,b,100,60,900,
        bm,b,m,200,60,900,tunnel
        mb,m,b,200,60,900,tunnel
        mc,m,c,200,60,900,tunnel
        cd,c,d,100,60,900,
    """,
}


def test_a_tunnel_below_the_lake_drowns_by_its_lower_portal_alone(tmp_path):
    """Portals at 3 m and 2 m, the lake between them; m lies in the tube and not in the open."""
    for level, depth in ((0.05, 0.0), (2.0, 0.0), (2.2, 0.2 + 3.0), (3.5, 1.5 + 3.0)):
        found = links(*water(tmp_path, "43~~~25", level, **TUNNEL))
        assert [found[n] for n in ("bm", "mb", "mc")] == pytest.approx([depth] * 3), level


def test_raised_portals_keep_the_water_out(tmp_path):
    raised = {"bm": 1.0, "mb": 1.0, "mc": 1.0}
    assert links(*water(tmp_path, "43~~~25", 2.9, raised=raised, **TUNNEL))["mc"] == 0.0
    assert links(*water(tmp_path, "43~~~25", 3.2, raised=raised, **TUNNEL))["mc"] == pytest.approx(0.2 + 3.0)


GROUND = "~123~4\n~~12~5\n~2~1~3"


@settings(deadline=None, max_examples=30)
@given(st.floats(0.0, 6.0), st.floats(0.0, 6.0))
def test_a_higher_stage_is_nowhere_shallower_on_links_sites_and_zones(tmp_path_factory, a, b):
    tables = TUNNEL | {
        "zones": 'id,x,y,people,geometry\nY,50,50,10,\nZ,250,150,90,"0 0, 600 0, 600 300, 0 300"',
        "facilities": "id,kind,x,y,zone\nH,hospital,50,250,Y\nS,school,450,50,Z",
    }
    folder = tmp_path_factory.mktemp("law")
    (_, low), (_, high) = (water(folder, GROUND, level, **tables) for level in sorted((a, b)))
    for name in ("link_m", "link_share", "site_m", "site_ground_m", "zone_share", "cells_m"):
        assert (getattr(high, name) >= getattr(low, name)).all(), name


# ------------------------------------------------------------------------------------------------ the ordinary level


def flood(folder, ground, **more):
    zones = 'id,x,y,people,geometry\nZ,350,50,1000,"200 0, 1000 0, 1000 200, 200 200"'
    folder = write_case(folder / "c", POWER | {"zones": zones})
    write_tif(folder / "terrain.tif", ground)
    (folder / "stage.csv").write_text("hour,below_peak_m\n0,0\n9,0\n")
    inputs = load_case(folder).inputs
    return LakeFlood.read(folder, inputs.city, terrain="terrain.tif", hydrograph="stage.csv", **more), inputs


@pytest.mark.parametrize("replicate", range(6))
def test_a_small_rise_above_the_ordinary_level_gives_a_small_flood(tmp_path, replicate):
    """Low land, rough draws: a centimetre of lake puts nobody into 0.30 m of water."""
    made, inputs = flood(
        tmp_path, terrain("~111111111\n~112211111"), water_height_m=0.5, terrain_sigma_m=1.0, terrain_range_m=100.0
    )
    event = made.start(inputs, 2.0, Onset(0, 0), Streams(1, replicate))
    drawn = made.drawn_terrain(Streams(1, replicate))
    assert drawn[:, 1:].min() >= 0.5
    assert (event.water.at(0.5, with_cells=False).zone_share == 0).all()
    depths = event.water.at(0.51, with_cells=True)
    assert (depths.zone_share[:, DEEP] == 0).all()
    assert depths.cells_m.max() <= 0.01 + 1e-9
    shares = [event.water.at(level, with_cells=False).zone_share[0, DEEP] for level in np.arange(0.5, 4.0, 0.1)]
    assert (np.diff(shares) >= 0).all()


def test_a_hollow_that_the_terrain_holds_is_not_filled(tmp_path):
    made, _ = flood(tmp_path, terrain("~~4034\n~~4444"), water_height_m=0.5, terrain_sigma_m=1.0, terrain_range_m=100.0)
    drawn = made.drawn_terrain(Streams(1, 0))
    assert drawn[0, 3] >= 0.0
    assert any(made.drawn_terrain(Streams(1, r))[0, 3] < 0.5 for r in range(20))
