from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from resilience.base.clock import Onset
from resilience.base.errors import InputError, RunError
from resilience.base.files import write_json, write_parquet
from resilience.results.record import SCHEMA_VERSION, TABLES, Record
from resilience.results.run import open_run


@pytest.fixture
def record():
    made = Record("flood", "do-nothing", 2, 24, Onset(0, 5))
    made.put("traffic/efficiency", 7, 0.5)
    made.put("traffic/efficiency", 18, 0.75)
    made.put("economy/value_added", 3, 9.0, "food")
    zones = pd.Index(["zone:a", "zone:b"])
    made.panels["travel/planned"] = {7: pd.Series([1.0, 2.0], zones), 18: pd.Series([3.0, 4.0], zones)}
    first = made.tell(5, "hazard:lake", "hazard", "", -1, "3")
    made.tell(6, "power:S", "failed", "flooded", first)
    made.draw("up", 6, pd.Index(["power:S"]), np.array([0.0]))
    made.draw("up", 7, pd.Index([]), np.zeros(0))
    return made


def test_curves_hold_between_periods_or_stay_as_measured(record):
    held = record.curve("traffic/efficiency", hold=True)
    assert held[:7].isna().all(), "nothing is known before the first period"
    assert held[[7, 17, 18, 23]].tolist() == [0.5, 0.5, 0.75, 0.75]
    assert record.curve("traffic/efficiency").notna().sum() == 2
    assert record.curve("traffic/closed_km").isna().all(), "what was not measured is not zero"
    with pytest.raises(InputError, match="did you mean: traffic/efficiency"):
        record.curve("traffic/eficiency")
    with pytest.raises(InputError, match="no curve is called"):
        record.put("traffic/eficiency", 3, 1.0)
    assert record.groups("economy/value_added") == ["food"]


def test_panels_are_summed_over_the_hours(record):
    assert record.panel_total("travel/planned").to_dict() == {"zone:a": 4.0, "zone:b": 6.0}
    assert len(record.panel_total("travel/none")) == 0


def test_tables_have_the_columns_that_are_promised(record):
    tables = record.tables()
    for name, table in tables.items():
        assert tuple(table.columns) == TABLES[name]
        assert (table["scenario"] == "flood").all()
        assert (table["replicate"] == 2).all()
    assert tables["events"]["cause"].tolist() == [-1, 0]
    assert len(tables["maps"]) == 1
    assert len(tables["curves"]) == 3


def test_a_record_is_read_back_from_its_curves(record):
    tables = record.tables()
    again = Record.from_curves(tables["curves"], tables["zone_curves"], 24, Onset(0, 5))
    for key, values in record.series.items():
        np.testing.assert_array_equal(again.series[key], values)
    assert again.panel_total("travel/planned").to_dict() == record.panel_total("travel/planned").to_dict()


def test_a_run_folder_is_opened_filtered_and_refused_where_it_is_none(tmp_path):
    with pytest.raises(RunError, match="holds no finished run"):
        open_run(tmp_path)
    (tmp_path / "manifest.json").write_text("{half")
    with pytest.raises(RunError, match=r"manifest\.json cannot be read"):
        open_run(tmp_path)
    for other in (99, 1):
        write_json(tmp_path / "manifest.json", {"schema_version": other})
        with pytest.raises(RunError, match=f"version {other}; this program reads version {SCHEMA_VERSION}"):
            open_run(tmp_path)
    names = {"scenarios": [{"name": "a"}], "options": [{"name": "do-nothing"}, {"name": "x"}]}
    write_json(tmp_path / "manifest.json", {"schema_version": SCHEMA_VERSION} | names)
    table = pd.DataFrame({"scenario": ["a", "b", "b"], "value": [1.0, 2.0, 3.0]})
    write_parquet(tmp_path / "scores.parquet", table)
    run = open_run(tmp_path)
    assert (run.scenarios, run.options) == (["a"], ["do-nothing", "x"])
    assert run.table("scores", scenario="b")["value"].tolist() == [2.0, 3.0]
    assert run.table("scores", scenario=["a", "b"], value=3.0)["value"].tolist() == [3.0]
    assert tuple(run.table("maps").columns) == TABLES["maps"]
    (tmp_path / "events.parquet").write_text("no parquet")
    with pytest.raises(RunError, match=r"events\.parquet cannot be read"):
        run.table("events")


def test_a_manifest_that_is_no_table_is_refused(tmp_path):
    (tmp_path / "manifest.json").write_text(json.dumps([1]))
    with pytest.raises(RunError):
        open_run(tmp_path)
