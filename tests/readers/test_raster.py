from __future__ import annotations

import numpy as np
import pytest

from resilience.base.errors import CaseError
from resilience.readers.raster import Raster, read_raster
from tests.tiny import CRS, terrain, write_tif

HILL = terrain("~12\n.34", cell_m=50.0, west=1000.0, south=2000.0)


def refused(path, crs=CRS):
    with pytest.raises(CaseError) as caught:
        read_raster(path, crs)
    return [p.key for p in caught.value.problems], str(caught.value)


def test_a_round_trip_keeps_heights_place_and_nodata(tmp_path):
    write_tif(tmp_path / "t.tif", HILL)
    found = read_raster(tmp_path / "t.tif", CRS)
    np.testing.assert_array_equal(found.values, HILL.values)
    assert (found.west, found.north, found.cell_m) == (1000.0, 2100.0, 50.0)


@pytest.mark.parametrize(
    ("x", "y", "cell"),
    [(1001, 2099, 0), (1149, 2099, 2), (1001, 2001, 3), (1149, 2001, 5), (999, 2050, -1), (1151, 2050, -1),
     (1050, 2101, -1), (1050, 1999, -1), (1050, 2100, 1), (1000, 2050, 3)],
)  # fmt: skip
def test_cells_of_points(x, y, cell):
    assert HILL.cell_of(np.array([x]), np.array([y])).tolist() == [cell]


def test_missing_unreadable_no_crs_other_crs_not_square_empty(tmp_path):
    keys, message = refused(tmp_path / "gone.tif")
    assert keys == ["missing_file"]
    assert "gone.tif" in message
    (tmp_path / "text.tif").write_text("no raster")
    assert refused(tmp_path / "text.tif")[0] == ["unreadable"]
    write_tif(tmp_path / "other.tif", HILL, crs="EPSG:31982")
    keys, message = refused(tmp_path / "other.tif")
    assert keys == ["raster_other_crs"]
    assert "EPSG:31982" in message
    assert f"gdalwarp -t_srs {CRS}" in message
    write_tif(tmp_path / "flat.tif", HILL, cell_y=70.0)
    keys, message = refused(tmp_path / "flat.tif")
    assert keys == ["raster_not_square"]
    assert "50.0 x 70.0" in message
    write_tif(tmp_path / "void.tif", Raster(np.full((2, 2), np.nan), 0.0, 100.0, 50.0))
    assert refused(tmp_path / "void.tif")[0] == ["raster_empty"]


def test_all_faults_of_a_raster_at_once(tmp_path):
    write_tif(tmp_path / "bad.tif", Raster(np.full((2, 2), np.nan), 0.0, 100.0, 50.0), crs=None, cell_y=20.0)
    assert sorted(refused(tmp_path / "bad.tif")[0]) == ["raster_empty", "raster_no_crs", "raster_not_square"]
