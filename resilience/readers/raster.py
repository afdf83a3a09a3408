"""Read a GeoTIFF that must lie in the CRS of the case."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from pyproj import CRS
from rasterio.enums import ColorInterp

from resilience.base.defaults import default
from resilience.base.errors import CaseError, Problem
from resilience.base.memory import available_memory
from resilience.base.text import say

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from resilience.base.arrays import Floats, Ints

NODATA = (-999, -9999, -32768, -99999, -999999, -9999.9)  # as programs write it that do not declare it
NEAR_M = 1.0  # such a number is a height where another height is so near, as in heights of centimetres
CODES = (
    0,
    255,
    1000,
    9999.9,
    10000,
    32767,
    32768,
)  # numbers that may stand for none as well, as all of one digit may: -88
SMALL_CODE = 10  # negative whole numbers down to this may as well
ALONE_M, ALONE_HIGH_M = 50.0, 200.0  # they do where no other height is so near; negative ones, and others
DEEP_M, DEEP_CODES = 10.0, (-1, 0, 1)  # these do where no other is so near and the water lies so far above them
SHORE_M = 1.0  # what lies less than this below the water's level is the water
FEW = 3  # so many lowest or highest values may be such numbers
CELL_BYTES = 40  # of a cell while a raster is read and used
DOUBTFUL = (-99, -1000, 999, 9999, 9999.9, 32767, 99999, 999999)  # the same where no other height is near
MOST_VALUES = 5  # values that are no heights, told one by one
DECIMALS = 4  # of heights in metres
_FOOT = 0.3048
_UNITS = {  # metres of a unit of height: names in files of GDAL, EPSG and others
    1.0: ("", "m", "metre", "metres", "meter", "meters", "unknown"),
    0.1: ("dm", "decimetre", "decimetres", "decimeter", "decimeters"),
    0.01: ("cm", "centimetre", "centimetres", "centimeter", "centimeters"),
    0.001: ("mm", "millimetre", "millimetres", "millimeter", "millimeters"),
    1000.0: ("km", "kilometre", "kilometres", "kilometer", "kilometers"),
    _FOOT: ("ft", "foot", "feet", "international foot", "international feet", "ft intl"),
    1200.0 / 3937.0: ("us ft", "ft us", "ftus", "usft", "us survey foot", "us survey feet", "survey foot", "us foot"),
    _FOOT / 12.0: ("in", "inch", "inches"),
    3 * _FOOT: ("yd", "yard", "yards"),
}


LEAST_PIECE_M = 1e-6  # what a line has in a cell that it only touches at a corner is rounding


@dataclass(frozen=True)
class Raster:
    """A grid of heights, metres; row 0 is the northern edge.

    Parameters
    ----------
    values : shape (rows, columns), nan where the raster has no data
    west, north : outer corner of the grid, in the CRS of the case
    cell_m : edge of a cell

    """

    values: NDArray[np.float64]
    west: float
    north: float
    cell_m: float

    def cell_of(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the flat number of the cell of each point, -1 outside the grid, shape (points,)."""
        rows, cols = self.values.shape
        col = np.floor((np.asarray(x, float) - self.west) / self.cell_m).astype(np.int64)
        row = np.floor((self.north - np.asarray(y, float)) / self.cell_m).astype(np.int64)
        inside = (col >= 0) & (col < cols) & (row >= 0) & (row < rows)
        return np.where(inside, row * cols + col, -1)

    def cells_along(self, start: Floats, end: Floats) -> tuple[Ints, Ints, Floats]:
        """Return the cells that straight lines pass through, and how much of each line lies in each.

        Parameters
        ----------
        start, end : ends of the lines, shape (lines, 2)

        Returns
        -------
        line, cell, metres
            Number of the line, flat number of the cell (-1 outside the grid) and metres in it, ordered along each
            line, shape (pieces,). A line without length has one piece of 0 metres.

        Examples
        --------
        >>> flat = Raster(np.zeros((1, 3)), west=0.0, north=10.0, cell_m=10.0)
        >>> _, cell, metres = flat.cells_along(np.array([[5.0, 5.0]]), np.array([[22.0, 5.0]]))
        >>> cell.tolist(), metres.round(6).tolist()
        ([0, 1, 2], [5.0, 10.0, 2.0])

        """
        many, length = len(start), np.hypot(*(end - start).T)
        lines, shares = [np.arange(many), np.arange(many)], [np.zeros(many), np.ones(many)]
        for axis, edge in ((0, self.west), (1, self.north)):
            a, b = ((ends[:, axis] - edge) / self.cell_m for ends in (start, end))
            first = np.floor(np.minimum(a, b)) + 1.0
            crossed = np.maximum(np.ceil(np.maximum(a, b)) - first, 0.0).astype(np.int64)
            line = np.repeat(np.arange(many), crossed)
            nth = np.arange(len(line)) - np.repeat(np.cumsum(crossed) - crossed, crossed)
            lines.append(line)
            shares.append((first[line] + nth - a[line]) / (b - a)[line])
        of, share = np.concatenate(lines), np.clip(np.concatenate(shares), 0.0, 1.0)
        order = np.lexsort((share, of))
        of, share = of[order], share[order]
        same = of[1:] == of[:-1]
        of, low, high = of[:-1][same], share[:-1][same], share[1:][same]
        metres = (high - low) * length[of]
        some = (metres > LEAST_PIECE_M) | ((length[of] <= LEAST_PIECE_M) & (high > low))
        of, metres, middle = of[some], metres[some], ((low + high) / 2.0)[some]
        x, y = (start[of] + middle[:, None] * (end - start)[of]).T
        return of, self.cell_of(x, y), metres


def read_raster(path: Path, crs: str, level_m: float = np.nan) -> Raster:
    """Return the heights of a GeoTIFF of one band, metres.

    Nodata, mask, scale, offset and the unit of the band, as the file declares them, are honoured. Heights are rounded
    to a tenth of a millimetre, so that 0.7 is 0.7 whether the file holds it in 32 or 64 bits.

    Parameters
    ----------
    path, crs : the file, and the CRS it must have
    level_m : level of the water on ordinary days, where there is one: what lies far below it and all other ground and
        is a number such as 0 or -1 is no height

    Raises
    ------
    CaseError
        The file is missing or unreadable, has no CRS or another one than the case, cells that are not square or not
        north-up, several bands, a unit of height that is not known, or heights that no ground has, as nodata has that
        is not declared.

    """
    problems: list[Problem] = []
    if not path.is_file():
        raise CaseError([Problem("missing_file", path.name, found=str(path))])
    try:
        with rasterio.open(path) as data:
            transform, found = data.transform, data.crs
            bands = [i for i, c in zip(data.indexes, data.colorinterp, strict=True) if c != ColorInterp.alpha]
            unit, scale, offset = data.units[0] or _unit_of(data), data.scales[0], data.offsets[0]
            cells, there = data.width * data.height, available_memory()
            if there and cells * CELL_BYTES > there:
                sizes = f"{data.width:,} x {data.height:,}", f"{cells * CELL_BYTES / 1e9:.1f}", f"{there / 1e9:.1f}"
                raise CaseError(
                    [Problem("raster_large", path.name, column=sizes[0], found=sizes[1], expected=sizes[2])]
                )
            raw = data.read(1, masked=True)
    except rasterio.errors.RasterioError as error:
        raise CaseError([Problem("unreadable", path.name, found=str(error))]) from error
    if found is None:
        problems.append(Problem("raster_no_crs", path.name, expected=crs))
    elif not CRS.from_user_input(found.to_wkt()).equals(CRS.from_user_input(crs), ignore_axis_order=True):
        problems.append(Problem("raster_other_crs", path.name, found=found.to_string()[:60], expected=crs))
    if transform.b or transform.d:
        problems.append(Problem("raster_rotated", path.name, expected=crs))
    elif transform.a < 0 or transform.e > 0:
        problems.append(Problem("raster_south_up", path.name, found=f"{transform.a} x {-transform.e}", expected=crs))
    elif abs(transform.a + transform.e) > 1e-6 * abs(transform.a):
        problems.append(Problem("raster_not_square", path.name, found=f"{transform.a} x {-transform.e}"))
    if len(bands) > 1:
        problems.append(Problem("raster_bands", path.name, found=str(len(bands))))
    metres = _metres(unit)
    if metres is None:
        problems.append(Problem("raster_unit", path.name, found=unit))
    if np.iscomplexobj(raw):
        problems.append(Problem("raster_type", path.name, found=str(raw.dtype)))
    if problems and (metres is None or len(bands) > 1 or np.iscomplexobj(raw)):
        raise CaseError(problems)
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.asarray(raw.astype(float).filled(np.nan) * scale + offset) * (metres or 1.0)
    if np.isnan(values).all():
        problems.append(Problem("raster_empty", path.name))
    elif not problems:
        _check_heights(path.name, raw, values, level_m, problems)
    if problems:
        raise CaseError(problems)
    return Raster(to_tenth_mm(values), float(transform.c), float(transform.f), float(transform.a))


def to_tenth_mm(metres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return heights, levels or depths rounded to a tenth of a millimetre.

    >>> to_tenth_mm(np.array([2.3 - 2.0, np.float32(0.7)])).tolist()
    [0.3, 0.7]

    """
    return np.round(np.asarray(metres, float), DECIMALS)


def _unit_of(data: Any) -> str:
    """Return the unit of height that a tag of the file or of its band names, "" where none does."""
    for tags in (data.tags(1), data.tags()):
        for key, value in tags.items():
            if "UNIT" in key.upper() and not re.search(r"HORIZONTAL|LINEAR|ANGULAR|XY|AREA", key.upper()):
                return str(value)
    return ""


def _metres(unit: str) -> float | None:
    """Return the metres of a unit of height, 1 where none is given, None for one that is not known."""
    word = re.sub(r"[\s_.-]+", " ", unit).strip().lower()
    for metres, words in _UNITS.items():
        if word in words:
            return metres
    return None


def _looks_like_code(sign: float, dtype: np.dtype[Any]) -> bool:
    """Return whether a number is one that programs write where nothing is known."""
    if dtype == np.uint8 and sign == 255:
        return True
    digits = f"{abs(sign):.0f}"
    one_digit = sign == round(sign) and len(digits) > 1 and len(set(digits)) == 1
    return one_digit or (sign < 0 and _is_small(sign)) or any(np.isclose(abs(sign), code, rtol=1e-6) for code in CODES)


def _is_small(sign: float) -> bool:
    return bool(sign == round(sign) and abs(sign) <= SMALL_CODE)


def _alone(values: NDArray[np.float64], stored: NDArray[Any], level_m: float) -> list[float]:
    """Return what stands in the file for the lowest and highest heights where it looks like nodata, as -99 for none.

    These are the few heights with no other near but each other, if each is a number that may stand for none; what is
    not negative has to stand there more than once. Far below the water any whole number may that stands there more than
    once: no ground is so low, so level and so steep. What lies at the level of the water is the water.
    """
    known = np.isfinite(values)
    heights, first, cells = np.unique(values[known], return_index=True, return_counts=True)
    signs, found = stored[known][first], []
    for order in (np.arange(len(heights)), np.arange(len(heights))[::-1]):
        for many in range(min(FEW, len(heights) - 1), 0, -1):
            away = abs(heights[order[many]] - heights[order[many - 1]])
            group = [signs[i].item() for i in order[:many]]
            top, several = max(heights[order[:many]]), cells[order[:many]].sum() > 1
            far = ALONE_M if top < 0 or stored.dtype == np.uint8 else ALONE_HIGH_M
            alone = away > far and (several or top < 0) and all(_looks_like_code(sign, stored.dtype) for sign in group)
            sunk = away > DEEP_M and level_m - top > DEEP_M and several and many == 1 and group[0] in DEEP_CODES
            hole = away > ALONE_M and level_m - top > ALONE_M and several and all(sign % 1 == 0 for sign in group)
            is_water = many == 1 and 0.0 <= level_m - top < SHORE_M
            if (alone or sunk or hole) and not is_water:
                found += group
                break
    return found


def _near(values: NDArray[np.float64], here: NDArray[np.bool_]) -> bool:
    """Return whether another height lies near the one that these cells hold."""
    others = values[np.isfinite(values) & ~here]
    return bool(len(others)) and float(np.abs(others - values[here][0]).min()) <= NEAR_M


def _check_heights(
    file: str,
    raw: np.ma.MaskedArray[Any, np.dtype[Any]],
    values: NDArray[np.float64],
    level_m: float,
    problems: list[Problem],
) -> None:
    """Append a problem for each value that is no height of ground, such as nodata that is not declared."""
    stored = raw.filled(0)
    low, high = default("terrain.lowest_m"), default("terrain.highest_m")
    strange = (values < low) | (values > high)
    signs = list(NODATA)
    if raw.dtype.kind in "iu" and raw.dtype.itemsize > 1:
        signs += [int(end) for end in (np.iinfo(raw.dtype).min, np.iinfo(raw.dtype).max) if end]
    alone = _alone(values, stored, level_m)
    for sign in signs:
        here = np.isfinite(values) & (stored == sign)
        if here.any() and not (sign in NODATA and _near(values, here)):
            strange |= here
    strange |= np.isfinite(values) & np.isin(stored, np.asarray(alone, stored.dtype))
    if not strange.any():
        return
    found, count = np.unique(stored[strange], return_counts=True)
    for value, many in sorted(zip(found.tolist(), count.tolist(), strict=True), key=lambda pair: -pair[1])[
        :MOST_VALUES
    ]:
        height = float(values[strange & (stored == value)][0])
        shown = f"{value:.9g}" if height == value else f"{value:.9g} ({height:.6g} m)"
        key = "raster_nodata" if value in (*signs, *alone) or abs(value) > 1e5 else "raster_height"
        expected = f"{value:.9g}" if key == "raster_nodata" else f"{low:g} – {high:g}"
        text = say("problem.cells", value=shown, count=f"{many:,}")
        problems.append(Problem(key, file, found=text, expected=expected))
    if len(found) > MOST_VALUES:
        more = int(count.sum() - np.sort(count)[::-1][:MOST_VALUES].sum())
        problems.append(Problem("raster_more", file, found=f"{more:,}", expected=f"{low:g} – {high:g}"))
