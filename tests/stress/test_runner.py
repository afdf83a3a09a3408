"""Options that change trips or roads on ordinary days get trip makers and ordinary days of their own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from resilience.measures.measure import Measure
from resilience.measures.option import Option
from resilience.stress.runner import Worker


class Changed:
    """A measure that multiplies a column of a table."""

    def __init__(self, table, column, factor):
        self.table, self.column, self.factor = table, column, factor

    def apply(self, inputs):
        rows = inputs.city[self.table].copy()
        rows[self.column] = rows[self.column] * self.factor + 0.01
        return inputs.with_table(self.table, rows)


@pytest.mark.parametrize(
    ("table", "column", "factor"),
    [("connectors", "minutes", 3.0), ("purposes", "telework_share", 0.5), ("road_links", "capacity_vph", 0.9)],
)
def test_what_ordinary_days_depend_on_gives_others(sioux, tmp_path, table, column, factor):
    case = replace(sioux, options=sioux.options | {
        "changed": Option("changed", (Measure("m", "k", Changed(table, column, factor)),)),
        "inert": Option("inert", (Measure("m", "k", Changed("firms", "flood_threshold_m", 2.0)),)),
    })  # fmt: skip
    worker = Worker(case, 1, tmp_path)
    assert worker.people("inert") is worker.people("do-nothing")
    assert worker.ordinary("inert") is worker.ordinary("do-nothing")
    assert worker.ordinary("changed") is not worker.ordinary("do-nothing")
    if table == "purposes":
        assert worker.people("changed").can_telework.sum() < worker.people("do-nothing").can_telework.sum()
