"""Matrices in OMX files (Open Matrix, an HDF5 layout that travel demand programs share), by the package openmatrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from resilience.base.errors import InputError, near
from resilience.base.files import atomic
from resilience.base.text import say

if TYPE_CHECKING:
    from pathlib import Path

    from resilience.base.arrays import Floats


def read_omx(path: Path, *, core: str | None = None, mapping: str | None = None) -> pd.DataFrame:
    """Return the trips of a matrix: origin, destination, vph, one row a cell that is not 0.

    Parameters
    ----------
    path : an OMX file
    core : name of the matrix; None: the only one of the file
    mapping : name of the mapping that holds the names of the zones; None: the only one of the file, or where there is
        none the zones are numbered from 1

    Raises
    ------
    InputError
        The package openmatrix is missing, the file cannot be read, does not say which matrix or mapping is meant or
        has none of that name, or the matrix is not square or holds what is no number.

    """
    file = _open(path, "r")
    try:
        cores, mappings = file.list_matrices(), file.list_mappings()
        name = _one_of(cores, core, path, "matrices")
        values = np.asarray(file[name], float)
        zones: Any = np.arange(1, len(values) + 1)
        if mapping is not None or mappings:
            zones = np.asarray(file.map_entries(_one_of(mappings, mapping, path, "mappings")))
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise InputError(say("error.bad_table", path=path, reason=error)) from error
    finally:
        file.close()
    if values.ndim != 2 or values.shape[0] != values.shape[1] or len(zones) != len(values):
        raise InputError(say("error.omx_shape", path=path, found=values.shape, zones=len(zones)))
    if zones.dtype.kind == "S":
        zones = np.char.decode(zones, "utf-8")
    for row, column in np.argwhere(~np.isfinite(values))[:1]:
        cell = f"{zones[row]} → {zones[column]}"
        raise InputError(say("error.omx_cell", path=path, core=name, cell=cell, found=float(values[row, column])))
    row, column = np.nonzero(values)
    return pd.DataFrame({"origin": zones[row], "destination": zones[column], "vph": values[row, column]})


def write_omx(path: Path, matrices: dict[str, Floats], zones: pd.Index, *, about: str = "") -> None:
    """Write matrices atomically, with a mapping `zone`.

    Parameters
    ----------
    path : the file, which is replaced
    matrices : by name, shape (zones, zones)
    zones : names of the zones; numbers stay numbers
    about : what the file holds, kept as its title

    Raises
    ------
    InputError
        The package openmatrix is missing, or a matrix has another shape.

    """
    for values in matrices.values():
        if np.shape(values) != (len(zones), len(zones)):
            raise InputError(say("error.omx_shape", path=path, found=np.shape(values), zones=len(zones)))
    numbered = zones.dtype.kind in "iu" and bool((zones >= 0).all()) and bool((zones < 2**32).all())
    with atomic(path) as temporary:
        temporary.unlink()
        file = _open(temporary, "w")
        try:
            for name, values in matrices.items():
                file.create_matrix(name, obj=np.asarray(values, float))
            if numbered:
                file.create_mapping("zone", zones.to_numpy())
            else:  # the package maps numbers only, other programs words as well
                file.create_array(file.root.lookup, "zone", obj=np.array([str(name).encode() for name in zones]))
            if about:
                file.root._v_attrs["TITLE"] = about
        finally:
            file.close()


def matrix_of(zones: pd.Index, table: pd.DataFrame, column: str, *, fill: float = 0.0) -> Floats:
    """Return a column of a table of pairs (origin, destination) as a matrix, shape (zones, zones)."""
    matrix = np.full((len(zones), len(zones)), fill)
    matrix[zones.get_indexer(table["origin"]), zones.get_indexer(table["destination"])] = table[column].to_numpy(float)
    return matrix


def _open(path: Path, mode: str) -> Any:
    try:
        import openmatrix
    except ImportError as error:
        raise InputError(say("error.omx_missing", path=path)) from error
    try:
        return openmatrix.open_file(str(path), mode)
    except Exception as error:  # the HDF5 library raises its own kinds
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputError(say("error.bad_table", path=path, reason=reason)) from error


def _one_of(known: list[str], wanted: str | None, path: Path, what: str) -> str:
    """Return the name that is asked for, or the only one."""
    if wanted is None and len(known) == 1:
        return known[0]
    if wanted is None or wanted not in known:
        expected = near(wanted, known) if wanted is not None else ", ".join(known)
        raise InputError(say(f"error.omx_{what}", path=path, found=wanted or "-", expected=expected or "-"))
    return wanted
