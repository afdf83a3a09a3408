"""What is kept is used where all is the same, made anew where anything differs, and never stands in the way."""

from __future__ import annotations

import os

import numpy as np
import pytest

from resilience.base import kept as keeping
from resilience.base.kept import cache_folder, digest_of, keep, kept, kept_path, read_arrays


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("RESILIENCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(keeping, "_said", set())
    return tmp_path / "cache"


ARRAYS = {
    "numbers": np.linspace(0.0, 1.0, 7), "grid": np.arange(6, dtype=np.uint8).reshape(2, 3), "one": np.asarray(True),
    "none": np.zeros((0, 3)), "words": np.array(["a", "longer", ""]),
}  # fmt: skip


class Maker:
    def __init__(self):
        self.calls = 0

    def __call__(self):
        self.calls += 1
        return ARRAYS


def test_arrays_come_back_as_they_were_and_are_made_once(folder):
    make = Maker()
    for _ in range(2):
        found = kept("thing", "key", make)
        assert list(found) == list(ARRAYS)
        for name, array in ARRAYS.items():
            assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
            assert np.array_equal(found[name], array)
    assert make.calls == 1


def test_what_is_written_to_a_mapped_array_stays_with_its_owner(folder):
    first, second = kept("thing", "key", Maker()), kept("thing", "key", Maker())
    first["numbers"][:] = -1.0
    assert np.array_equal(second["numbers"], ARRAYS["numbers"])
    assert np.array_equal(kept("thing", "key", Maker())["numbers"], ARRAYS["numbers"])


def test_another_key_or_another_program_makes_it_anew(folder, monkeypatch):
    make = Maker()
    kept("thing", "key", make)
    kept("thing", "other", make)
    assert make.calls == 2
    monkeypatch.setattr(keeping, "program", lambda: "another version")
    kept("thing", "key", make)
    assert make.calls == 3


def test_a_file_of_another_key_or_program_is_not_read(folder, monkeypatch):
    path = kept_path("thing", "name")
    keep(path, "key", ARRAYS)
    assert read_arrays(path, "key") is not None
    assert read_arrays(path, "other") is None
    monkeypatch.setattr(keeping, "program", lambda: "another version")
    assert read_arrays(path, "key") is None


@pytest.mark.parametrize("where", ["head", "body", "cut", "empty", "longer", "foreign"])
def test_a_damaged_file_is_told_once_and_made_anew(folder, caplog, where):
    make = Maker()
    kept("thing", "key", make)
    (path,) = folder.iterdir()
    good = path.read_bytes()
    bad = {
        "head": good[:40] + b"\xff\xff" + good[42:], "body": good[:-2] + b"zz", "cut": good[: len(good) // 2],
        "empty": b"", "longer": good + b"x", "foreign": b"PK\x03\x04" * 50,
    }[where]  # fmt: skip
    for _ in range(2):
        path.write_bytes(bad)
        found = kept("thing", "key", make)
        assert np.array_equal(found["numbers"], ARRAYS["numbers"])
    assert make.calls == 3
    assert [r.getMessage() for r in caplog.records] == [f"{path} is damaged or half-written and is made anew."]
    assert path.read_bytes() == good


def test_objects_are_neither_kept_nor_read(folder):
    with pytest.raises(TypeError):
        keep(kept_path("thing", "name"), "key", {"x": np.array([object()])})
    path = kept_path("thing", "name")
    keep(path, "key", {"x": np.arange(3)})
    path.write_bytes(path.read_bytes().replace(b'"<i8"', b'"|O8"'))
    assert read_arrays(path, "key") is None


def test_a_folder_that_cannot_be_written_is_told_once_and_stops_nothing(tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RESILIENCE_CACHE", str(tmp_path / "file" / "below"))
    monkeypatch.setattr(keeping, "_said", set())
    make = Maker()
    for _ in range(2):
        assert kept("thing", "key", make) is ARRAYS
    assert len(caplog.records) == 1
    assert "RESILIENCE_CACHE" in caplog.text
    assert np.array_equal(kept("thing", "key", make, instead=tmp_path)["numbers"], ARRAYS["numbers"])
    kept("thing", "key", make, instead=tmp_path)
    assert make.calls == 3


def test_the_folder_follows_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("RESILIENCE_CACHE", "off")
    assert cache_folder() is None
    monkeypatch.delenv("RESILIENCE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "resilience"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "home" / ".cache" / "resilience"


def test_old_files_of_a_kind_go(folder, monkeypatch):
    monkeypatch.setattr(keeping, "MOST_FILES", 2)
    for i, name in enumerate("abc"):
        keep(kept_path("thing", name), "key", ARRAYS)
        if (path := kept_path("thing", name)).exists():
            os.utime(path, (i, i))
    keep(kept_path("other", "d"), "key", ARRAYS)
    assert sorted(f.name for f in folder.iterdir()) == ["other-d.arrays", "thing-b.arrays", "thing-c.arrays"]


def test_digests_tell_types_and_borders():
    a = np.arange(4)
    different = [digest_of(a), digest_of(a.astype(float)), digest_of(a.reshape(2, 2)), digest_of(a[:2], a[2:]),
                 digest_of("ab", "c"), digest_of("a", "bc"), digest_of()]  # fmt: skip
    assert len(set(different)) == len(different)
    assert digest_of(a) == digest_of(a.copy())
