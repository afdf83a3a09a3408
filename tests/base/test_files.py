from __future__ import annotations

import json

import pandas as pd
import pytest

from resilience.base.errors import RunError
from resilience.base.files import atomic, digest, remove_temporary, write_json, write_parquet


def test_what_is_written_is_read_and_nothing_else_is_left(tmp_path):
    write_json(tmp_path / "deep" / "a.json", {"b": [1, "Ä"], "a": 2})
    assert json.loads((tmp_path / "deep" / "a.json").read_text(encoding="utf-8")) == {"b": [1, "Ä"], "a": 2}
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["a.json"]


def test_a_block_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write_half():
        with atomic(path) as temporary:
            temporary.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_cannot_be_is_a_run_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written"):
        write_json(tmp_path / "file" / "a.json", {})
    (tmp_path / "folder").mkdir()
    with pytest.raises(RunError, match="cannot be written"):
        write_json(tmp_path / "folder", {})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder"]


def test_parquet_is_the_same_bytes_for_the_same_rows(tmp_path):
    table = pd.DataFrame({"a": [1, 2], "b": ["x", None]}, index=[5, 9])
    write_parquet(tmp_path / "1.parquet", table)
    write_parquet(tmp_path / "2.parquet", table.reset_index(drop=True))
    assert digest(tmp_path / "1.parquet") == digest(tmp_path / "2.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "1.parquet"), table.reset_index(drop=True))


def test_digests_differ_with_the_content(tmp_path):
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text("2")
    assert digest(tmp_path / "a") != digest(tmp_path / "b")
    assert len(digest(tmp_path / "a")) == 32


def test_what_a_killed_process_left_behind_goes_and_nothing_else(tmp_path):
    kept = [".hidden", "events.parquet", ".gitignore", ".config.toml"]
    for name in [*kept, ".events.parquet.5kpd6dkr", ".plan.json.a_b1c2d3"]:
        (tmp_path / name).write_text("x")
    (tmp_path / ".part-x.abcdefgh").mkdir()
    remove_temporary(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*kept, ".part-x.abcdefgh"])
    remove_temporary(tmp_path / "none")
