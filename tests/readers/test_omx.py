"""Matrices in OMX files, written and read by the package and by us."""

from __future__ import annotations

import builtins

import numpy as np
import pandas as pd
import pytest

from resilience.base.errors import InputError
from resilience.readers.omx import matrix_of, read_omx, write_omx

openmatrix = pytest.importorskip("openmatrix")
ZONES = pd.Index([101, 7, 55])
TRIPS = np.array([[0.0, 2.5, 0.0], [1.0, 0.0, 4.0], [0.0, 0.0, 9.0]])


def test_what_is_written_is_read_again(tmp_path):
    write_omx(tmp_path / "m.omx", {"trips": TRIPS}, ZONES, about="a test")
    table = read_omx(tmp_path / "m.omx")
    assert table.to_numpy().tolist() == [[101, 7, 2.5], [7, 101, 1.0], [7, 55, 4.0], [55, 55, 9.0]]
    np.testing.assert_array_equal(matrix_of(ZONES, table, "vph"), TRIPS)
    file = openmatrix.open_file(str(tmp_path / "m.omx"))
    assert file.list_matrices() == ["trips"]
    assert file.mapping("zone") == {101: 0, 7: 1, 55: 2}
    assert tuple(file.shape()) == (3, 3)
    file.close()
    assert [p.name for p in tmp_path.iterdir()] == ["m.omx"]


def test_zones_may_have_names_and_a_file_several_matrices(tmp_path):
    write_omx(tmp_path / "m.omx", {"am": TRIPS, "pm": 2 * TRIPS}, pd.Index(["north", "centre", "süd"]))
    table = read_omx(tmp_path / "m.omx", core="pm")
    assert table.iloc[0].tolist() == ["north", "centre", 5.0]
    with pytest.raises(InputError, match=r"several or none of the matrices.*am, pm"):
        read_omx(tmp_path / "m.omx")
    with pytest.raises(InputError, match=r'no matrix "noon"|"noon"'):
        read_omx(tmp_path / "m.omx", core="noon")


def test_zones_without_a_mapping_are_numbered_from_one(tmp_path):
    file = openmatrix.open_file(str(tmp_path / "m.omx"), "w")
    file["am"] = TRIPS
    file.close()
    assert read_omx(tmp_path / "m.omx")["origin"].tolist() == [1, 2, 2, 3]


def test_bad_files_are_told(tmp_path, monkeypatch):
    (tmp_path / "text.omx").write_text("no matrix", encoding="utf-8")
    for name in ("text.omx", "none.omx"):
        with pytest.raises(InputError, match=rf"{name} cannot be read"):
            read_omx(tmp_path / name)
    write_omx(tmp_path / "nan.omx", {"trips": np.where(TRIPS == 4.0, np.nan, TRIPS)}, ZONES)
    with pytest.raises(InputError, match=r"7 → 55.*nan"):
        read_omx(tmp_path / "nan.omx")
    file = openmatrix.open_file(str(tmp_path / "long.omx"), "w")
    file["am"] = np.ones((2, 3))
    file.close()
    with pytest.raises(InputError, match=r"\(2, 3\)"):
        read_omx(tmp_path / "long.omx")
    with pytest.raises(InputError, match=r"\(3, 3\)"):
        write_omx(tmp_path / "m.omx", {"trips": TRIPS}, ZONES[:2])
    usual = builtins.__import__

    def without(name, *arguments, **more):
        if name == "openmatrix":
            raise ImportError(name)
        return usual(name, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"pip install openmatrix"):
        read_omx(tmp_path / "nan.omx")
