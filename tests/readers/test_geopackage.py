"""GeoPackages: what was written is there for pyogrio and for plain SQLite."""

from __future__ import annotations

import sqlite3
import struct
from dataclasses import replace

import numpy as np
import pandas as pd
import pyogrio.raw
import pytest

from resilience.base.errors import InputError
from resilience.readers.geopackage import lines_of, write_links
from resilience.readers.gmns import read_gmns
from resilience.traffic import Demand, Pairs, VehicleClass, assign
from tests.readers.test_gmns import CONFIG, LINK, folder

BENT = '"LINESTRING (1000 0, 1500 300, 2000 0)"'
HEADER, *ROWS = LINK.strip().split("\n")
DRAWN = "\n".join([f"{HEADER},geometry", ROWS[0] + ",", f"{ROWS[1]},{BENT}", ROWS[2] + ","])


def network(path, **changed):
    return read_gmns(folder(path, **({"link": DRAWN, "config": CONFIG_31982} | changed)))


CONFIG_31982 = CONFIG.replace("\n", ",crs\n", 1) + ",EPSG:31982"


def points(blob):
    """The points of a line in a GeoPackage: a header of 8 bytes and an envelope, then well-known binary."""
    envelope = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}[(blob[3] >> 1) & 7]
    wkb = blob[8 + envelope :]
    order, kind, many = struct.unpack("<BII", wkb[:9])
    assert (blob[:2], order, kind) == (b"GP", 1, 2)
    return np.frombuffer(wkb[9:], "<f8").reshape(many, 2).tolist()


def test_flows_are_read_back_by_pyogrio_and_sqlite(tmp_path):
    data = network(tmp_path / "g")
    graph, at = data.graph, data.graph.names_of_links()
    classes = (VehicleClass("car"), VehicleClass("lorry", 2.0, np.asarray(at == "bd")))
    pairs = Pairs(np.zeros(2, int), np.ones(2, int), np.arange(2))
    closed = np.asarray(at == "bc:back")
    found = assign(graph, Demand(pairs, np.array([900.0, 300.0]), classes), gap=1e-9, closed=closed)
    path = tmp_path / "flows.gpkg"
    path.write_bytes(b"something old")
    write_links(path, data, lines_of(data), found.link_table().reset_index())
    meta, _, geometry, fields = pyogrio.raw.read(path, layer="links")
    table = pd.DataFrame(dict(zip(meta["fields"], fields, strict=True))).set_index("link")
    assert meta["crs"] == "EPSG:31982"
    assert meta["geometry_type"] == "LineString"
    assert len(geometry) == graph.links == len(table)
    right = found.link_table()
    assert list(table.index) == list(right.index.astype(str))
    for column in ("from_node", "to_node"):
        assert table[column].tolist() == right[column].tolist()
    for column in ("flow", "flow_car", "flow_lorry", "volume_capacity"):
        np.testing.assert_array_equal(table[column].to_numpy(float), right[column])
    np.testing.assert_array_equal(table["capacity_vph"], graph.capacity_vph)
    np.testing.assert_array_equal(table["free_flow_min"], graph.free_flow_min)
    assert table["closed"].astype(bool).tolist() == closed.tolist()
    assert np.isnan(table.loc["bc:back", "minutes"])
    assert table.loc["bc", "minutes"] == right.loc["bc", "minutes"]
    with sqlite3.connect(path) as base:
        assert base.execute("select table_name, srs_id from gpkg_contents").fetchall() == [("links", 31982)]
        rows = dict(base.execute("select link, geom from links").fetchall())
        total = base.execute("select sum(flow_lorry) from links where closed = 0").fetchone()[0]
    base.close()
    assert total == pytest.approx(right["flow_lorry"].sum())
    assert points(rows["ab"]) == [[0, 0], [1000, 0]]
    assert points(rows["bc"]) == [[1000, 0], [1500, 300], [2000, 0]]
    assert points(rows["bc:back"]) == [[2000, 0], [1500, 300], [1000, 0]]
    assert points(rows["zone:2>d"]) == [[2000, 25], [2000, 50]]
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["flows.gpkg"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"node": "node_id,zone_id\na,1\nb,\nc,2\nd,2"}, "link ab lies at no known place"),
        ({"link": DRAWN.replace("LINESTRING (", "POINT (")}, 'link bc: its geometry "POINT (1000 0'),
        ({"link": DRAWN.replace("1500 300", "1500 up")}, "link bc: its geometry"),
        ({"config": CONFIG_31982.replace("EPSG:31982", "Mars")}, '"Mars" names no coordinate system'),
    ],
)
def test_what_cannot_be_drawn_is_told(tmp_path, changed, words):
    data = network(tmp_path / "g", **changed)
    with pytest.raises(InputError) as caught:
        lines_of(data)
    assert words in str(caught.value)


def test_points_may_stand_alone_and_have_heights(tmp_path):
    data = network(tmp_path / "g")
    text = {0: "0 0, 5 5, 9 0", 1: "linestring z (1 2 3, 4 5 6)"}
    drawn = replace(data, courses=tuple(text.get(i, "") for i in range(data.graph.links)))
    lines = lines_of(drawn)
    assert lines[0].tolist() == [[0, 0], [5, 5], [9, 0]]
    assert lines[1].tolist() == [[1, 2], [4, 5]]
