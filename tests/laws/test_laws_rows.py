"""The order of the rows of a table says nothing."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resilience.case.case import load_case
from resilience.stress.stress import stress_test
from tests.places import CASES

TABLES = sorted(f.stem for f in (CASES / "sioux_falls").glob("*.csv") if f.stem != "lake_stage")


def shuffled(folder, target, names, seed):
    """A copy of the case with the rows of some tables in another order."""
    shutil.copytree(folder, target, dirs_exist_ok=True)
    for name in names:
        head, *rows = (folder / f"{name}.csv").read_text(encoding="utf-8").splitlines()
        order = np.random.default_rng(seed).permutation(len(rows))
        (target / f"{name}.csv").write_text("\n".join([head, *(rows[i] for i in order)]) + "\n", encoding="utf-8")
    return target


@pytest.mark.parametrize("name", TABLES)
def test_a_table_in_another_order_is_the_same_city(name, sioux, sioux_folder, tmp_path):
    @given(st.integers(0, 10_000))
    @settings(max_examples=3)
    def same(seed):
        city = load_case(shuffled(sioux_folder, tmp_path / "other", [name], seed)).city
        for table, frame in sioux.city.tables.items():
            pd.testing.assert_frame_equal(frame, city[table], check_exact=True)

    same()


def test_results_are_the_same_whatever_the_order_of_all_tables(sioux, sioux_folder, tmp_path):
    plan = {"scenarios": ["lake-3m-blackout-25"], "options": ["all"], "replicates": 1, "workers": 1}
    other = load_case(shuffled(sioux_folder, tmp_path / "other", TABLES, 7))
    runs = [stress_test(case, out=tmp_path / name, **plan) for name, case in (("a", sioux), ("b", other))]
    for table in ("scores", "curves", "metric_curves", "zone_curves", "events", "maps"):
        pd.testing.assert_frame_equal(runs[0].table(table), runs[1].table(table), check_exact=True)
