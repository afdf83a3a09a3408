from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resilience.base.errors import CaseError
from resilience.case.case import load_case
from resilience.hazards.flood.bathtub import Inundation, connection_level, lake_cells
from resilience.hazards.flood.exposure import expose
from tests.tiny import POWER, terrain, write_case


def wet(drawing: str, level: float) -> str:
    """Return the drawing of the wet cells at a level."""
    raster = terrain(drawing)
    reached = connection_level(raster.values, lake_cells(raster, 0.0))
    return "\n".join("".join("~" if c < level else "#" for c in row) for row in reached)


def drawing(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())


def test_water_floods_all_that_is_lower_and_connected():
    assert wet("~123456", 3.5) == "~~~~###"


def test_a_ridge_keeps_the_land_behind_it_dry_until_it_is_overtopped():
    assert wet("~19222", 5.0) == "~~####"
    assert wet("~19222", 9.5) == "~~~~~~"


def test_water_passes_between_corners():
    assert wet("~9\n91", 2.0) == "~#\n#~"


def test_the_way_round_a_ridge_counts():
    before = """
        ~1991
        ~1992
        ~1112
    """
    assert wet(drawing(before), 2.5) == drawing("""
        ~~##~
        ~~##~
        ~~~~~
    """)


def test_cells_without_data_are_never_wet_and_let_nothing_through():
    assert wet("~1.1", 5.0) == "~~##"


def test_the_level_itself_is_still_dry():
    assert wet("~2", 2.0) == "~#"


def test_the_lake_is_the_largest_body_and_ponds_stay_apart():
    raster = terrain("~~9~\n~~99\n9999")
    assert lake_cells(raster, 0.0).sum() == 4
    assert wet("~~9~\n~~99\n9999", 5.0) == "~~##\n~~##\n####"


def test_the_lake_is_joined_over_corners():
    assert lake_cells(terrain("~9\n9~"), 0.0).sum() == 2


def test_without_a_lake_there_is_no_flood():
    with pytest.raises(CaseError, match=r"no cell lies at or below 0\.5 m.*lowest ground is at 1 m"):
        lake_cells(terrain("123"), 0.5)


@given(st.lists(st.lists(st.sampled_from("~12345."), min_size=5, max_size=5), min_size=3, max_size=6))
def test_connection_is_the_lowest_of_the_highest_grounds_on_the_way(rows):
    raster = terrain("\n".join("".join(row) for row in [["~"] * 5, *rows]))
    ground, lake = raster.values, lake_cells(raster, 0.0)
    found = connection_level(ground, lake)
    # the same by letting the water rise metre by metre
    from scipy.ndimage import label

    expected = np.where(lake, ground, np.inf)
    for level in range(6):
        bodies, _ = label(ground <= level, np.ones((3, 3)))
        reached = np.isin(bodies, np.unique(bodies[lake])) & (bodies > 0)
        expected = np.where(reached & np.isinf(expected), float(level), expected)
    np.testing.assert_array_equal(found, expected)


# ------------------------------------------------------------------------------------------------ on a city

ROW = "~123456789"  # cells of 100 m; the ground rises eastwards by a metre a cell
TABLES = POWER | {
    "road_nodes": "id,x,y\na,50,50\nb,350,50\nc,650,50\nd,950,50",
    "road_links": """
        id,from_node,to_node,length_m,speed_kmh,capacity_vph,structure,deck_m,geometry
        low,a,b,300,60,900,,,
        mid,b,c,300,60,900,,,
        bridge,a,c,600,60,900,bridge,4.0,
        high,a,c,600,60,900,bridge,,
        tunnel,b,c,300,60,900,tunnel,,
        bent,b,c,900,60,900,,,"350 50, 350 90, 950 90, 650 50"
        away,a,b,300,60,900,,,"-900 50, -800 50"
    """,
    "zones": """
        id,x,y,people,geometry
        W,150,50,100,"100 0, 500 0, 500 100, 100 100"
        E,750,50,100,
        L,50,50,10,"0 0, 200 0, 200 100, 0 100"
    """,
    "facilities": "id,kind,x,y,zone\nH,hospital,250,50,W\nS,school,5000,50,W",
}


def at(city, level, *, raised=None, site_raised=None, cells=False):
    raster = terrain(ROW)
    lake = lake_cells(raster, 0.0)
    links, sites = len(city["road_links"]), len(city.sites)
    return Inundation(
        expose(city, raster, "terrain", lake), raster.values, connection_level(raster.values, lake), lake,
        city["road_links"]["deck_m"].to_numpy(float),
        np.zeros(links) if raised is None else raised, np.zeros(sites) if site_raised is None else site_raised,
    ).at(level, with_cells=cells)  # fmt: skip


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    return load_case(write_case(tmp_path_factory.mktemp("shore") / "c", TABLES)).city


@pytest.fixture(scope="module")
def link(city):
    return {name.removeprefix("road:"): i for i, name in enumerate(city["road_links"].index)}


def test_a_road_is_closed_by_its_deepest_point_and_wet_as_far_as_it_is_wet(city, link):
    field = at(city, 4.5)
    # low lies 50 m on the lake, 100 m each on 1 and 2 m, 50 m on 3 m; mid 50 m each on 3 and 6 m, 100 m on 4 and 5 m
    assert field.link_m[link["low"]] == pytest.approx(3.5)
    np.testing.assert_allclose(field.link_share[link["low"]], 1.0)
    assert field.link_m[link["mid"]] == pytest.approx(1.5)
    np.testing.assert_allclose(field.link_share[link["mid"]], 0.5)
    np.testing.assert_allclose(at(city, 4.2).link_share[link["mid"]], [0.5, 0.5, 1 / 6, 1 / 6], atol=1e-9)


def test_the_geometry_of_a_road_counts_and_not_the_straight_line(city, link):
    way_back = np.hypot(300, 40)  # a sixth of it, and 50 m of the way there, lie on the cell of 9 m
    wet = (40 + 550 + 5 / 6 * way_back) / (40 + 600 + way_back)
    np.testing.assert_allclose(at(city, 8.9).link_share[link["bent"]], wet)


def test_a_road_off_the_terrain_stays_dry(city, link):
    assert at(city, 9.0).link_m[link["away"]] == 0.0


def test_a_bridge_is_wet_when_the_water_passes_its_deck(city, link):
    assert at(city, 3.9).link_m[link["bridge"]] == 0.0
    assert at(city, 4.4).link_m[link["bridge"]] == pytest.approx(0.4)
    assert at(city, 9.0).link_m[link["high"]] == 0.0


def test_a_tunnel_fills_to_its_sag_as_soon_as_water_reaches_it(city, link):
    assert at(city, 3.0).link_m[link["tunnel"]] == 0.0
    assert at(city, 3.1).link_m[link["tunnel"]] == pytest.approx(0.1 + 3.0)


def test_a_raised_road_meets_less_water(city, link):
    raised = np.zeros(7)
    raised[link["mid"]] = 1.0
    field = at(city, 4.5, raised=raised)
    assert field.link_m[link["mid"]] == pytest.approx(0.5)
    assert field.link_m[link["low"]] == pytest.approx(3.5)
    assert at(city, 3.9, raised=raised).link_m[link["mid"]] == 0.0


def test_sites_stand_in_the_water_above_their_protection(city):
    field = at(city, 3.5, site_raised=np.array([0.0, 1.0, 0.0]))
    names = city.sites.index.tolist()
    hospital, school = names.index("facility:H"), names.index("facility:S")
    assert field.site_ground_m[hospital] == pytest.approx(1.5)
    assert field.site_m[hospital] == pytest.approx(0.5)
    assert field.site_m[school] == 0.0  # off the terrain


def test_zones_are_wet_by_the_share_of_their_area_and_the_lake_is_not_land(city):
    zones = city["zones"].index
    share = dict(zip(zones, at(city, 2.4).zone_share, strict=True))
    # W holds cells of 1, 2, 3, 4 m; depths 1.4 and 0.4 m
    np.testing.assert_allclose(share["zone:W"], [0.5, 0.5, 0.25, 0.25])
    np.testing.assert_allclose(share["zone:E"], 0.0)  # a point at 7 m
    np.testing.assert_allclose(share["zone:L"], [1.0, 1.0, 1.0, 1.0])  # all live on its cell of land


def test_depths_of_cells_leave_the_lake_out(city):
    cells = at(city, 2.5, cells=True).cells_m
    np.testing.assert_allclose(cells[0], [0, 1.5, 0.5, 0, 0, 0, 0, 0, 0, 0])
    assert at(city, 2.5).cells_m is None


def test_a_terrain_elsewhere_misses_the_city(city):
    with pytest.raises(CaseError, match=r"terrain: the raster .* misses the city"):
        expose(city, terrain(ROW, west=90_000.0), "terrain", lake_cells(terrain(ROW), 0.0))


LEVELS = st.floats(0.0, 12.0)


@given(LEVELS, LEVELS)
def test_a_higher_stage_wets_a_superset_and_is_nowhere_shallower(a, b):
    city = _shore()
    low, high = (at(city, level, cells=True) for level in sorted((a, b)))
    for name in ("link_m", "link_share", "site_m", "site_ground_m", "zone_share", "cells_m"):
        shallow, deep = getattr(low, name), getattr(high, name)
        assert (deep >= shallow).all(), name
        assert ((deep > 0) >= (shallow > 0)).all(), name


_made = []


def _shore():
    if not _made:
        with TemporaryDirectory() as folder:
            _made.append(load_case(write_case(Path(folder) / "c", TABLES)).city)
    return _made[0]
