"""A tunnel is one tube and one job, however many links it is drawn with."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from resilience.base.streams import Streams
from resilience.case.case import load_case
from resilience.simulation.engine import run
from tests.tiny import POWER, terrain, write_case, write_tif

TOML = """
[[hazard]]
name = "lake"
kind = "lake-flood"
terrain = "terrain.tif"
hydrograph = "stage.csv"
water_height_m = 0.0

[[scenario]]
name = "flood"
hazard = ["lake"]
severity = 1.5
onset = "Monday 05:00"
horizon_days = 14
"""


def drowned(tmp_path, pieces):
    """Hours in which a tunnel of 400 m from dry land to a portal in the water is shut, by link and by direction."""
    places = np.linspace(150.0, 550.0, pieces + 1)
    names = ["west", *(f"n{i}" for i in range(1, pieces)), "east"]
    nodes = "\n".join(f"{name},{x},50" for name, x in zip(names, places, strict=True))
    both = list(itertools.pairwise(names))
    both += [(b, a) for a, b in both]
    roads = "\n".join(f"t{k},{a},{b},{400 / pieces},60,900,tunnel" for k, (a, b) in enumerate(both))
    ends = f"E,650,50\nF,850,50\n{nodes}"
    more = "r1,east,E,100,60,900,\nr2,E,east,100,60,900,\nr3,E,F,100,60,900,\nr4,F,E,100,60,900,"
    folder = write_case(
        tmp_path / f"c{pieces}",
        POWER | {
            "road_nodes": f"id,x,y\n{ends}",
            "road_links": f"id,from_node,to_node,length_m,speed_kmh,capacity_vph,structure\n{roads}\n{more}",
            "zones": "id,x,y,people\nZ,850,50,100",
            "connectors": "zone,node,minutes\nZ,F,0",
            "facilities": "id,kind,x,y,zone\nD,depot,850,50,Z",
        },
        more=TOML,
    )  # fmt: skip
    write_tif(folder / "terrain.tif", terrain("~12345678"))
    (folder / "stage.csv").write_text("hour,below_peak_m\n0,1.5\n6,0\n12,1.5\n", encoding="utf-8")
    case = load_case(folder)
    record = run(case.inputs, case.scenarios["flood"], option="o", streams=Streams(1, 0), people=None, ordinary=None)
    closed: dict[str, float] = {}
    for event in record.events:
        if event["component"].startswith("road:t") and event["what"] in ("closed", "open"):
            sign = -1.0 if event["what"] == "closed" else 1.0
            closed[event["component"]] = closed.get(event["component"], 0.0) + sign * event["hour"]
    crews = [e for e in record.events if e["what"] == "crew_sent" and e["component"].startswith("road:")]
    return closed, len(crews)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return drowned(tmp_path_factory.mktemp("tube"), 1)


def test_both_directions_are_one_job(whole):
    closed, crews = whole
    assert crews == 1
    assert len(closed) == 2
    assert len(set(closed.values())) == 1
    assert next(iter(closed.values())) > 12


@pytest.mark.parametrize("pieces", [2, 3, 5])
def test_a_tunnel_in_more_links_is_shut_as_long(tmp_path, whole, pieces):
    closed, crews = drowned(tmp_path, pieces)
    assert crews == 1
    assert len(closed) == 2 * pieces
    assert set(closed.values()) == set(whole[0].values())
