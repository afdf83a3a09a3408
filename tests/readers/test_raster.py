from __future__ import annotations

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.enums import ColorInterp
from rasterio.transform import from_origin

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


def write(path, values, *, nodata=None, scale=None, offset=None, unit=None, mask=None, bands=1, alpha=False, turn=None):
    """Write values as they are, cells of 100 m from 0, 0 northwards."""
    values = np.asarray(values)
    transform = turn or from_origin(0.0, 100.0 * len(values), 100.0, 100.0)
    with rasterio.open(
        path, "w", driver="GTiff", height=values.shape[0], width=values.shape[1], count=bands + alpha,
        dtype=values.dtype, crs=CRS, nodata=nodata, transform=transform,
    ) as file:  # fmt: skip
        for band in range(1, bands + 1):
            file.write(values, band)
        if alpha:
            file.write(np.full(values.shape, 255, values.dtype), bands + 1)
            file.colorinterp = [*file.colorinterp[:-1], ColorInterp.alpha]
        if scale is not None:
            file.scales = [scale] * file.count
        if offset is not None:
            file.offsets = [offset] * file.count
        if unit is not None:
            file.units = [unit] * file.count
        if mask is not None:
            file.write_mask(np.asarray(mask))
    return path


def lengths(raster, line, points=4001):
    """Metres of a line in each cell, by looking at many points of it."""
    (ax, ay), (bx, by) = line
    share = (np.arange(points) + 0.5) / points
    cells = raster.cell_of(ax + share * (bx - ax), ay + share * (by - ay))
    found, count = np.unique(cells, return_counts=True)
    return dict(zip(found.tolist(), count / points * np.hypot(bx - ax, by - ay), strict=True))


PLACE = st.tuples(st.floats(-150, 450), st.floats(-150, 350))


@given(PLACE, PLACE, PLACE)
def test_a_line_has_its_metres_in_the_cells_that_it_passes(a, b, c):
    raster = Raster(np.zeros((2, 3)), west=0.0, north=200.0, cell_m=100.0)
    line, cell, metres = raster.cells_along(np.array([a, b]), np.array([b, c]))
    assert (np.diff(line) >= 0).all()
    for number, ends in enumerate(((a, b), (b, c))):
        mine = line == number
        length = np.hypot(ends[1][0] - ends[0][0], ends[1][1] - ends[0][1])
        assert metres[mine].sum() == pytest.approx(length, abs=1e-4)
        expected = lengths(raster, ends)
        for which in set(cell[mine].tolist()) | set(expected):
            assert metres[mine & (cell == which)].sum() == pytest.approx(expected.get(which, 0.0), abs=length / 900)


def test_a_line_without_length_lies_in_its_cell():
    raster = Raster(np.zeros((2, 3)), west=0.0, north=200.0, cell_m=100.0)
    line, cell, metres = raster.cells_along(
        np.array([[150.0, 50.0], [0.0, 200.0]]), np.array([[150.0, 50.0], [0.0, 200.0]])
    )
    assert (line.tolist(), cell.tolist(), metres.tolist()) == ([0, 1], [4, 0], [0.0, 0.0])


@pytest.mark.parametrize(
    ("stored", "more", "right"),
    [
        (np.int16([[0, 150]]), {"scale": 0.01}, [[0.0, 1.5]]),
        (np.int16([[0, 150]]), {"scale": 0.01, "offset": -2.0}, [[-2.0, -0.5]]),
        (np.int16([[0, 150]]), {"unit": "cm"}, [[0.0, 1.5]]),
        (np.float32([[0, 10]]), {"unit": "ft"}, [[0.0, 3.048]]),
        (np.float32([[0, 10]]), {"unit": "US survey foot"}, [[0.0, 12000 / 3937]]),
        (np.float32([[0, 10]]), {"unit": "Metre"}, [[0.0, 10.0]]),
        (np.float32([[0, 10]]), {"unit": "feet", "scale": 2.0, "offset": 1.0}, [[0.3048, 6.4008]]),
        (np.int16([[-9999, 150]]), {"scale": 0.1, "nodata": -9999}, [[np.nan, 15.0]]),
        (np.float32([[np.nan, 15.0]]), {}, [[np.nan, 15.0]]),
        (np.float32([[-9999.0, 15.0]]), {"mask": [[False, True]]}, [[np.nan, 15.0]]),
        (np.float32([[3.0, 15.0]]), {"alpha": True}, [[3.0, 15.0]]),
        (np.uint8([[255, 0]]), {}, [[255.0, 0.0]]),
    ],
)  # fmt: skip
def test_what_the_file_declares_is_honoured(tmp_path, stored, more, right):
    found = read_raster(write(tmp_path / "t.tif", stored, **more), CRS)
    np.testing.assert_allclose(found.values, right, rtol=1e-6, atol=5e-5)  # read to a tenth of a millimetre


@pytest.mark.parametrize(
    ("stored", "more", "value"),
    [
        (np.float32([[-9999, 1, -9999]]), {}, "-9999"),
        (np.int16([[-32768, 1, -32768]]), {}, "-32768"),
        (np.int32([[-99999, 1, -99999]]), {}, "-99999"),
        (np.float32([[3.4028235e38, 1, 3.4028235e38]]), {}, "3.40282347e+38"),
        (np.float32([[-3.4028235e38, 1, -3.4028235e38]]), {}, "-3.40282347e+38"),
        (np.float32([[np.inf, 1, np.inf]]), {}, "inf"),
        (np.uint16([[65535, 1, 65535]]), {"scale": 0.01}, "65535 (655.35 m)"),
        (np.int16([[-9999, 1, -9999]]), {"scale": 0.01}, "-9999 (-99.99 m)"),
        (np.float32([[-9999, 1, -9999]]), {"nodata": -32768.0}, "-9999"),
        (np.float32([[-99, 1, -99]]), {}, "-99"),
        (np.float32([[-9999, 1, -9999]]), {"unit": "ft"}, "-9999 (-3047.7 m)"),
        (np.float32([[9999, 1, 9999]]), {"unit": "ft"}, "9999 (3047.7 m)"),
        (np.int32([[99999, 100, 99999]]), {"unit": "cm"}, "99999 (999.99 m)"),
        (np.float32([[32767, 100, 32767]]), {"scale": 0.1}, "32767 (3276.7 m)"),
        (np.float32([[-1000, 100, -1000]]), {"unit": "ft"}, "-1000 (-304.8 m)"),
        (np.float32([[0, 650, 0]]), {}, "0"),
        (np.uint8([[255, 150, 255]]), {}, "255"),
        (np.float32([[-88, 5, 60, -88]]), {}, "-88"),
        (np.float32([[8888, 5, 50, 8888]]), {}, "8888"),
        (np.int16([[-999, 150, -999]]), {"unit": "cm"}, "-999 (-9.99 m)"),
    ],
)  # fmt: skip
def test_nodata_that_is_not_declared_is_refused(tmp_path, stored, more, value):
    keys, message = refused(write(tmp_path / "t.tif", stored, **more))
    assert keys == ["raster_nodata"]
    assert f"t.tif: found {value} in 2 cells" in message
    assert f"gdal_edit.py -a_nodata {value.split(' ')[0]}" in message


@pytest.mark.parametrize(
    ("stored", "more", "lowest", "highest"),
    [
        (np.float32([[9998.0, 9999.0, 10000.0]]), {"unit": "ft"}, 3047.3904, 3048.0),
        (np.float32([[9860.0, 9999.0, 9900.0]]), {"unit": "ft"}, 3005.328, 3047.6952),
        (np.int16([[-1000, 0, -900]]), {"scale": 0.01}, -10.0, 0.0),
        (np.float32([[999.0, 999.0, 940.0]]), {}, 940.0, 999.0),
        (np.int16([[-2000, -1050, -999, 3000]]), {"unit": "cm"}, -20.0, 30.0),
        (np.float32([[-430.0, -430.0, -370.0]]), {}, -430.0, -370.0),
        (np.float32([[-60.0, -60.0, 40.0]]), {}, -60.0, 40.0),
        (np.float32([[0.0, 0.0, 80.0]]), {}, 0.0, 80.0),
        (np.uint8([[255, 250, 100]]), {}, 100.0, 255.0),
    ],
)  # fmt: skip
def test_such_a_number_among_like_heights_is_a_height(tmp_path, stored, more, lowest, highest):
    found = read_raster(write(tmp_path / "t.tif", stored, **more), CRS).values
    assert (found.min(), found.max()) == (pytest.approx(lowest, abs=1e-4), pytest.approx(highest, abs=1e-4))


@pytest.mark.parametrize("code", [0, -1, 1])
def test_a_small_number_far_below_the_water_and_all_ground_is_no_height(tmp_path, code):
    """Ground of 40 m beside a lake at 39 m; where the lake lies at the number itself, it is the lake."""
    path = write(tmp_path / "t.tif", np.float32([[code, code, 40, 39, 41.5]]))
    with pytest.raises(CaseError, match=f"found {code} in 2 cells"):
        read_raster(path, CRS, 39.2)
    assert read_raster(path, CRS, code + 0.5).values.min() == code
    deep = write(tmp_path / "deep.tif", np.float32([[code, code, code + 8, code + 16, code + 24, 39, 40]]))
    assert read_raster(deep, CRS, 39.2).values.min() == code


@pytest.mark.parametrize(
    ("stored", "level"),
    [
        (np.int16([[4, 4, 5, 17], [6, 6, 18, 19]]), 17.0),  # a quarry
        (np.float32([[-8, -8, 3, 4], [-8, -8, 3, 5]]), 3.0),  # a dry dock
        (np.float32([[4, 15, 16, 17]]), 15.0),  # an underpass
        (np.int16([[-4, -4, -3, 1], [-2, 0, 2, 3]]), 0.0),  # a polder
    ],
)
def test_pits_and_polders_are_ground(tmp_path, stored, level):
    assert read_raster(write(tmp_path / "t.tif", stored), CRS, level).values.min() == stored.min()


@pytest.mark.parametrize("code", [100, 255, -100, -500, 333])
@pytest.mark.parametrize("kind", [np.float32, np.int16])
def test_no_ground_is_a_hole_of_one_height_far_below_the_water(tmp_path, code, kind):
    path = write(tmp_path / "t.tif", kind([[code, code, 498, 530], [499, 505, 560, code]]))
    with pytest.raises(CaseError, match=f"found {code} in 3 cells"):
        read_raster(path, CRS, 500.0)


@pytest.mark.parametrize("level", [0.0, 0.5])
def test_the_sea_below_cliffs_is_no_nodata(tmp_path, level):
    path = write(tmp_path / "t.tif", np.float32([[0, 0, 250, 300], [0, 260, 280, 310]]))
    assert read_raster(path, CRS, level).values.min() == 0.0
    with pytest.raises(CaseError, match="found 0 in 3 cells"):
        read_raster(path, CRS, 249.0)


@pytest.mark.parametrize("code", [-1, -10])
def test_a_small_negative_number_under_high_ground_is_no_height(tmp_path, code):
    with pytest.raises(CaseError, match=f"found {code} in 1 cells"):
        read_raster(write(tmp_path / "t.tif", np.float32([[code, 100, 101]])), CRS)


def test_two_numbers_for_none_do_not_hide_each_other(tmp_path):
    for pair in ([-99, -88], [-99, -98.0 - 1.0]):
        keys, message = refused(write(tmp_path / "t.tif", np.float32([[*pair, 5, 60, *pair]])))
        assert set(keys) == {"raster_nodata"}
        assert all(f"found {value:g}" in message for value in pair)


def test_heights_that_no_ground_has_are_refused(tmp_path):
    keys, message = refused(write(tmp_path / "t.tif", np.float32([[-501, 1, 9001, 9000, -500, 9001]])))
    assert keys == ["raster_height", "raster_height"]
    assert "9001 in 2 cells" in message
    assert "needed are heights of -500 – 9000 m" in message
    many = np.float32([np.arange(9500, 9520)])
    keys, message = refused(write(tmp_path / "many.tif", many))
    assert keys == 5 * ["raster_height"] + ["raster_more"]
    assert "and 15 more cells" in message


def test_units_bands_and_turned_grids_are_told(tmp_path):
    keys, message = refused(write(tmp_path / "t.tif", np.float32([[1, 2]]), unit="fathom"))
    assert keys == ["raster_unit"]
    assert 't.tif: the unit of the heights, "fathom"' in message
    keys, message = refused(write(tmp_path / "b.tif", np.float32([[1, 2]]), bands=3))
    assert keys == ["raster_bands"]
    assert "3 bands" in message
    turn = Affine(100.0, 0.0, 0.0, 0.0, 100.0, 0.0)
    keys, message = refused(write(tmp_path / "s.tif", np.float32([[1, 2]]), turn=turn))
    assert keys == ["raster_south_up"]
    turn = Affine(100.0, 10.0, 0.0, 10.0, -100.0, 0.0)
    assert refused(write(tmp_path / "r.tif", np.float32([[1, 2]]), turn=turn))[0] == ["raster_rotated"]
    assert refused(write(tmp_path / "c.tif", np.complex64([[1, 2]])))[0] == ["raster_type"]
