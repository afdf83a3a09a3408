"""A case that was kept is the case that is read; a change of any file is seen; runs are the same bytes."""

from __future__ import annotations

import pandas as pd
import pytest

from resilience.base.errors import CaseError
from resilience.case import case as room
from resilience.case.case import load_case
from resilience.simulation import baseline as ordinary
from resilience.stress.stress import stress_test


@pytest.fixture(autouse=True)
def _folder(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("RESILIENCE_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def unread(monkeypatch):
    """From now on, tables must not be read."""

    def refuse(*_):
        pytest.fail("the tables were read")

    return lambda: monkeypatch.setattr(room, "read_tables", refuse)


def assert_same_city(one, two):
    assert list(one.tables) == list(two.tables)
    for name, table in one.tables.items():
        pd.testing.assert_frame_equal(table, two.tables[name], check_index_type="exact", check_column_type="exact")
        assert type(table.index) is type(two.tables[name].index)
    assert (one.road_key, one.people_key) == (two.road_key, two.people_key)
    for name in ("name", "name_zh", "crs", "currency", "price_year", "attribution"):
        assert getattr(one, name) == getattr(two, name)


def test_a_kept_case_is_the_case_that_is_read(sioux, sioux_folder, unread):
    load_case(sioux_folder)
    unread()
    again = load_case(sioux_folder)
    assert_same_city(sioux.city, again.city)
    assert again.notices == sioux.notices


def test_notices_come_again(sioux_copy, unread):
    links = pd.read_csv(sioux_copy / "connectors.csv")
    pd.concat([links, links.tail(1)]).to_csv(sioux_copy / "connectors.csv", index=False)
    first = load_case(sioux_copy)
    unread()
    assert load_case(sioux_copy).notices == first.notices
    assert first.notices


@pytest.mark.parametrize("file", ["zones.csv", "trips.csv", "road_links.csv", "case.toml"])
def test_a_change_of_any_file_is_seen(sioux_copy, monkeypatch, file):
    load_case(sioux_copy)
    read = []
    monkeypatch.setattr(room, "read_tables", lambda *a, of=room.read_tables: read.append(1) or of(*a))
    text = (sioux_copy / file).read_text(encoding="utf-8")
    if file == "case.toml":
        text = text.replace("currency =", "# other\ncurrency =").replace('name = "', 'name = "Other ', 1)
        (sioux_copy / file).write_text(text, encoding="utf-8")
        assert load_case(sioux_copy).city.name.startswith("Other ")
        return
    (sioux_copy / file).write_text(text + "\n", encoding="utf-8")
    load_case(sioux_copy)
    assert read == [1]
    (sioux_copy / file).write_text(text + "nonsense\n", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(CaseError):
            load_case(sioux_copy)


def test_a_misspelt_table_is_told_though_the_case_was_kept(sioux_copy, problems):
    (sioux_copy / "supply_links.csv").unlink(missing_ok=True)
    load_case(sioux_copy)
    (sioux_copy / "suply_links.csv").write_text("supplier,buyer,flow_per_day\n")
    assert [p.key for p in problems(sioux_copy)] == ["unknown_table"]


def bytes_of(folder):
    files = [f for f in sorted(folder.rglob("*")) if f.is_file() and f.name != "run.log"]
    return {str(f.relative_to(folder)): f.read_bytes() for f in files}


def test_runs_are_the_same_bytes_with_and_without(sioux_folder, tmp_path, monkeypatch):
    solved = []
    monkeypatch.setattr(ordinary, "assign", lambda *a, of=ordinary.assign, **k: solved.append(1) or of(*a, **k))
    found = []
    for name in ("new", "kept", "off"):
        if name == "off":
            monkeypatch.setenv("RESILIENCE_CACHE", "off")
        case = load_case(sioux_folder)
        some = list(case.scenarios)[-1:]
        run = stress_test(case, scenarios=some, options=["do-nothing"], replicates=1, out=tmp_path / name)
        found.append((bytes_of(run.folder), len(solved)))
    assert found[0][0] == found[1][0] == found[2][0]
    assert [many for _, many in found] == [4, 4, 8]
