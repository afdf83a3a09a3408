from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from resilience.base.clock import Onset
from resilience.base.errors import CaseError, InputError
from resilience.base.streams import Streams
from resilience.case.case import load_case
from resilience.city.view import View
from resilience.hazards.flood.lake import LakeFlood
from resilience.hazards.hazard import CREW, OWN_STAFF, Load
from tests.tiny import CRS, terrain, write_case, write_tif

DRAWING = "~123456789\n~123456789"
TABLES = {
    "power_nodes": """
        id,kind,x,y,load_kw,flood_threshold_m
        G,source,950,50,0,
        S1,substation,150,50,0,
        S2,substation,350,50,0,
        S3,substation,550,50,0,
    """,
    "power_links": "id,from_node,to_node\ng1,G,S1\ng2,G,S2\ng3,G,S3",
    "road_nodes": "id,x,y\na,150,50\nb,350,50\nc,650,50",
    "road_links": """
        id,from_node,to_node,length_m,speed_kmh,capacity_vph,structure
        ab,a,b,200,60,900,
        bc,b,c,300,60,900,tunnel
    """,
    "zones": "id,x,y,people\nW,150,50,100\nE,750,50,100",
    "facilities": "id,kind,x,y,zone\nH,hospital,250,50,W\nS,school,350,50,W\nD,depot,750,50,E",
    "sectors": "id,cleanup_hours\nm,0",
    "firms": "id,sector,zone,x,y,jobs,value_added_per_day\nF,m,W,250,50,5,10",
}
HYDROGRAPH = "hour,below_peak_m\n0,4\n10,0\n20,0\n30,4"


@pytest.fixture
def shore(tmp_path):
    folder = write_case(tmp_path / "c", TABLES)
    write_tif(folder / "terrain.tif", terrain(DRAWING))
    (folder / "stage.csv").write_text(HYDROGRAPH)
    return folder, load_case(folder).inputs


def hazard(shore, **more):
    folder, inputs = shore
    return LakeFlood.read(folder, inputs.city, **{"terrain": "terrain.tif", "hydrograph": "stage.csv"} | more)


def view(city, hour, undamaged=None, held=None):
    many = len(city.components)
    up = np.ones(many, bool)
    return View(
        hour=hour, weekday=0, components=city.components, up=up,
        undamaged=up if undamaged is None else undamaged, held=~up if held is None else held, water=None,
        closed=np.zeros(2, bool), warned=False,
    )  # fmt: skip


def flooded(shore, severity, *, replicate=0, hours=60, inputs=None, **more):
    """All that the flood damages, cause by cause, nothing being repaired: component -> (hour, repair hours)."""
    inputs = inputs or shore[1]
    city = inputs.city
    event = hazard(shore, **more).start(inputs, severity, Onset(0, 5), Streams(1, replicate))
    undamaged = np.ones(len(city.components), bool)
    found = {}
    for hour in range(hours):
        _, damage = event.step(hour, view(city, hour, undamaged, ~undamaged))
        undamaged[city.components.get_indexer(damage.component)] = False
        for name, work in zip(damage.component, damage.repair_hours, strict=True):
            found[name] = (hour, work)
    return found


def test_the_hydrograph_rises_to_the_peak_and_falls_after_the_onset(shore):
    event = hazard(shore).start(shore[1], 5.0, Onset(0, 6), Streams(1, 0))
    levels = [event.stage(h) for h in (5, 6, 11, 16, 26, 31, 36, 37)]
    assert levels == pytest.approx([-np.inf, 1.0, 3.0, 5.0, 5.0, 3.0, 1.0, 1.0])


def test_a_lake_back_in_its_bed_at_the_end_of_the_record_is_dry_afterwards(shore):
    event = hazard(shore).start(shore[1], 4.0, Onset(0, 6), Streams(1, 0))
    assert [event.stage(h) for h in (36, 37)] == [0.0, -np.inf]


def test_the_last_level_is_held_where_a_record_ends_at_the_crest(shore):
    (shore[0] / "crest.csv").write_text("hour,below_peak_m\n6,3\n12,0\n")
    event = hazard(shore, hydrograph="crest.csv").start(shore[1], 4.0, Onset(0, 6), Streams(1, 0))
    assert [event.stage(h) for h in (5, 6, 11, 12, 18, 19, 300)] == [-np.inf, 1.0, 1.0, 1.0, 4.0, 4.0, 4.0]
    city = shore[1].city
    field, _ = event.step(240, view(city, 240))
    assert field.link_m[0] == pytest.approx(3.0)  # the road ab begins at 1 m


def told(shore, record, severity, days, **more):
    (shore[0] / "r.csv").write_text("hour,below_peak_m\n" + record)
    flood = hazard(shore, hydrograph="r.csv", **more)
    levels = severity if isinstance(severity, list) else [severity]
    loads = [Load(f"s{level:g}", float(level), Onset(0, 5), 24 * days) for level in levels]
    return {n.key: n for n in flood.notices_of_tests("lake", shore[1], loads)}


@pytest.mark.parametrize(
    ("record", "severity", "days", "keys"),
    [
        ("0,4\n10,0\n20,4\n", 4.0, 5, []),
        ("0,4\n10,0\n20,3.95\n", 4.0, 5, []),  # within the error of a gauge
        ("0,4\n10,0\n20,3\n", 4.0, 5, ["record_ends"]),
        ("0,4\n10,0\n", 4.0, 5, ["record_ends"]),
        ("0,4\n10,0\n", 4.0, 1, ["record_ends"]),  # hour 15 of 24
        ("0,4\n19,0\n", 4.0, 1, ["peak_late"]),  # hour 24 of 24
        ("0,4\n18,0\n20,1\n", 4.0, 1, []),  # the record outlasts the run
        ("0,1\n10,0\n20,4\n", 4.0, 5, ["record_begins"]),
        ("0,2.5\n10,0\n20,4\n", 4.0, 5, []),  # a smaller part of the rise
        ("0,4\n30,0\n60,4\n", 4.0, 1, ["peak_late"]),
        ("0,4\n10,1.5\n20,4\n", 4.0, 5, ["no_peak"]),
        ("0,90\n10,0\n20,90\n", [50.0, 51.0], 5, ["rise_high"]),
        ("0,4\n10,0\n20,4\n", [4.0, 5.0, 6.0], 5, ["record_ends"]),
    ],
)
def test_a_record_shorter_than_the_run_is_told(shore, record, severity, days, keys):
    assert sorted(told(shore, record, severity, days)) == keys


def test_the_notice_names_file_hour_levels_and_scenarios(shore):
    found = told(shore, "0,4\n10,0\n20,4\n", [4.0, 5.0, 6.0], 5)["record_ends"]
    assert str(found).startswith("r.csv ends at hour 20 after the onset with the lake 1.00 – 2.00 m above the water")
    assert "(s5, s6)" in str(found)
    found = told(shore, "0,4\n30,0\n60,4\n", 4.0, 1)["peak_late"]
    assert "comes at hour 35 of the run, which ends at hour 24" in str(found)
    assert told(shore, "0,4\n10,0\n20,2\n", 4.0, 5, water_height_m=2.0) == {}


def test_the_stage_never_falls_below_the_water_of_the_lake(shore):
    event = hazard(shore).start(shore[1], 2.0, Onset(0, 0), Streams(1, 0))
    assert event.stage(0) == 0.0
    assert event.stage(10) == 2.0


def test_water_of_the_hour_follows_the_stage(shore):
    event = hazard(shore).start(shore[1], 3.5, Onset(0, 0), Streams(1, 0))
    city = shore[1].city
    peak, _ = event.step(12, view(city, 12))
    assert peak.level_m == 3.5
    assert peak.link_m[0] == pytest.approx(2.5)
    assert peak.cells_m is not None
    over, damage = event.step(40, view(city, 40, np.zeros(len(city.components), bool)))
    assert over.link_m.max() == 0.0
    assert len(damage) == 0


def test_sites_fail_at_their_threshold_with_their_kind_of_repair(shore):
    event = hazard(shore).start(shore[1], 3.31, Onset(0, 0), Streams(1, 0))
    city = shore[1].city
    _, damage = event.step(12, view(city, 12))
    found = dict(zip(damage.component, damage.repaired_by.tolist(), strict=True))
    # H and F stand at 2 m, S at 3 m: 0.31 m of water is beyond 0.3 m; the tunnel bc takes water at b
    assert found["facility:H"] == CREW
    assert found["facility:S"] == OWN_STAFF
    assert found["firm:F"] == OWN_STAFF
    assert found["road:bc"] == CREW
    assert "facility:D" not in found
    assert damage.cause == "flooded"
    assert (damage.loss == 1).all()
    assert dict(zip(damage.component, damage.repair_hours, strict=True))["firm:F"] == 0.0


def test_a_flood_damages_once_and_what_is_switched_off_all_the_same(shore):
    city = shore[1].city
    off = np.zeros(len(city.components), bool)
    event = hazard(shore).start(shore[1], 3.31, Onset(0, 0), Streams(1, 0))
    _, first = event.step(12, view(city, 12, off))
    mine = city.components.isin(first.component)
    _, second = event.step(13, view(city, 13, off, mine))
    _, third = event.step(14, view(city, 14, off))  # all mended, though an outage holds it off
    assert len(first) > 0
    assert len(second) == 0
    assert third.component == first.component


def test_zones_at_risk_are_those_the_peak_reaches(shore):
    event = hazard(shore).start(shore[1], 3.0, Onset(0, 0), Streams(1, 0))
    zones = shore[1].city["zones"].index
    assert dict(zip(zones, event.at_risk(0).tolist(), strict=True)) == {"zone:W": True, "zone:E": False}


@pytest.mark.parametrize("sigma", [0.0, 0.5])
def test_a_higher_peak_damages_a_superset_no_later_with_the_same_repair(shore, sigma):
    for replicate in range(6):
        before: dict = {}
        for severity in (0.5, 1.5, 2.2, 3.1, 4.0, 5.5, 8.0):
            found = flooded(shore, severity, replicate=replicate, terrain_sigma_m=sigma)
            for name, (hour, work) in before.items():
                assert found[name][0] <= hour
                assert found[name][1] == work
            before = found


def test_protection_changes_its_own_site_and_nobody_elses_draws(shore):
    _, inputs = shore
    rows = inputs.city["power_nodes"].copy()
    rows.loc["power:S1", "raised_m"] = 9.0
    protected = inputs.with_table("power_nodes", rows)
    for replicate in range(5):
        bare = flooded(shore, 4.0, replicate=replicate)
        safe = flooded(shore, 4.0, replicate=replicate, inputs=protected)
        assert "power:S1" in bare
        assert {k: v for k, v in bare.items() if k != "power:S1"} == safe


def test_a_wall_that_surely_fails_protects_nothing(shore):
    _, inputs = shore
    rows = inputs.city["power_nodes"].copy()
    rows["added_m"], rows["raise_failure"] = 9.0, 1.0
    assert flooded(shore, 4.0, inputs=inputs.with_table("power_nodes", rows)) == flooded(shore, 4.0)


def test_the_terrain_error_is_of_the_replicate_and_keeps_the_lake(shore):
    flood = hazard(shore, terrain_sigma_m=0.4, terrain_range_m=300.0)
    first, again, other = (flood.drawn_terrain(Streams(1, r)) for r in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert (first[:, 0] == 0.0).all()


def test_the_inputs_are_left_as_they_were(shore):
    _, inputs = shore
    before = {name: table.copy() for name, table in inputs.city.tables.items()}
    flooded(shore, 6.0)
    for name, table in before.items():
        pd.testing.assert_frame_equal(inputs.city.tables[name], table)


def test_a_stage_below_the_lake_is_refused(shore):
    flood = hazard(shore, water_height_m=1.0)
    assert flood.check_severity(1.0)
    assert flood.check_severity(0.5)
    assert flood.check_severity(1.01) == []
    with pytest.raises(InputError, match="at or below the water of the lake"):
        flood.start(shore[1], 0.5, Onset(0, 0), Streams(1, 0))


def test_faults_of_the_files(shore):
    folder, _ = shore
    with pytest.raises(CaseError, match=r"gone\.csv: the file is missing"):
        hazard(shore, hydrograph="gone.csv")
    with pytest.raises(CaseError, match=r"gone\.tif: the file is missing"):
        hazard(shore, terrain="gone.tif")
    (folder / "back.csv").write_text("hour,below_peak_m\n0,4\n10,0\n5,1\n")
    with pytest.raises(CaseError, match=r"back\.csv, line 4, column hour: the hours must rise"):
        hazard(shore, hydrograph="back.csv")
    with pytest.raises(CaseError, match="column terrain_sigma_m: found -1"):
        hazard(shore, terrain_sigma_m=-1.0)
    write_tif(folder / "far.tif", terrain(DRAWING, west=1e6))
    with pytest.raises(CaseError, match="misses the city"):
        hazard(shore, terrain="far.tif")
    write_tif(folder / "hill.tif", terrain("45\n56"), crs=CRS)
    with pytest.raises(CaseError, match="no cell lies at or below"):
        hazard(shore, terrain="hill.tif")


def test_a_hydrograph_without_rows_is_refused(shore):
    (shore[0] / "empty.csv").write_text("hour,below_peak_m\n")
    with pytest.raises(CaseError):
        hazard(shore, hydrograph="empty.csv")


def test_a_terrain_error_of_nan_is_refused(shore):
    with pytest.raises(CaseError):
        hazard(shore, terrain_sigma_m=float("nan"))


def test_a_terrain_error_without_range_works(shore):
    assert flooded(shore, 4.0, terrain_sigma_m=0.1, terrain_range_m=0.0)


def test_two_floods_on_one_terrain_keep_their_own_ground(shore):
    _, inputs = shore
    rough = hazard(shore, terrain_sigma_m=2.0, terrain_range_m=100.0)
    plain = hazard(shore)
    alone = plain.start(inputs, 4.0, Onset(0, 0), Streams(1, 0)).water.ground.copy()
    fresh = dataclasses.replace(inputs, city=dataclasses.replace(inputs.city, geometry={}))
    rough.start(fresh, 4.0, Onset(0, 0), Streams(1, 0))
    after = plain.start(fresh, 4.0, Onset(0, 0), Streams(1, 0)).water.ground
    np.testing.assert_array_equal(after, alone)


def test_before_the_onset_there_is_no_water_on_land(shore):
    _, inputs = shore
    flood = hazard(shore, water_height_m=0.5, terrain_sigma_m=1.0)  # the bed of the lake lies at 0 m
    for replicate in range(8):
        event = flood.start(inputs, 4.0, Onset(0, 12), Streams(1, replicate))
        field, damage = event.step(0, view(inputs.city, 0))
        assert field is None or field.site_ground_m.max() == 0.0
        assert len(damage) == 0


def test_a_peak_between_two_full_hours_is_reached(shore):
    folder, inputs = shore
    (folder / "spike.csv").write_text("hour,below_peak_m\n0,5\n10.2,5\n10.5,0\n10.8,5\n")
    event = hazard(shore, hydrograph="spike.csv").start(inputs, 4.0, Onset(0, 0), Streams(1, 0))
    assert [hour for hour in range(24) if event.stage(hour) == 4.0] == [10]
