"""Tables to take away: each page's numbers as CSV that a spreadsheet opens safely."""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from dashboard import data
from resilience.results import summary as results
from resilience.results import trace as causes

if TYPE_CHECKING:
    from collections.abc import Callable

    from dashboard.view import View

TOLD = ("value", "reference", "difference")
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def safe(value: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula; numbers stay numbers."""
    return f"'{value}" if isinstance(value, str) and value.startswith(DANGEROUS) else value


def _words_for_nan(view: View, table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with a word in place of values that cannot be told: an empty cell would be taken for 0."""
    table = table.copy()
    for column in TOLD:
        if column in table.columns and table[column].isna().any():
            table[column] = table[column].astype(object).where(table[column].notna(), view.words.not_told())
    return table


def csv_text(table: pd.DataFrame) -> str:
    """Return a table as CSV with a byte order mark, so that spreadsheets read Chinese."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([safe(c) for c in table.columns])
    for row in table.itertuples(index=False):
        writer.writerow(["" if isinstance(v, float) and math.isnan(v) else safe(v) for v in row])
    return "\ufeff" + out.getvalue()


def scores(view: View) -> pd.DataFrame:
    """Return median and percentiles of each metric of the chosen option in the scenarios of the ladder."""
    table = results.summary(view.run).reset_index()
    mine = table[(table["option"] == view.option) & table["scenario"].isin(view.ladder.scenarios)]
    return _named(view, mine)


def grades(view: View) -> pd.DataFrame:
    """Return all grades of the run."""
    return _named(view, data.grades(view.run))


def differences(view: View) -> pd.DataFrame:
    """Return the paired differences of all scenarios."""
    return _named(view, data.differences(view.run))


def recovery(view: View) -> pd.DataFrame:
    """Return the summaries of the chosen metric in the chosen scenario."""
    name = view.metric["name"]
    table = results.recovery(view.run, view.scenario["name"], name)
    table.insert(0, "metric", name)
    return _named(view, table)


def events(view: View) -> pd.DataFrame:
    """Return the events of the chosen scenario, option and replicate."""
    return pd.DataFrame(causes.events(view.run, view.scenario["name"], view.option, view.replicate))


def _named(view: View, table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the name of each metric in the reader's language beside its id."""
    table = _words_for_nan(view, table)
    if "metric" not in table.columns:
        return table
    names = table["scenario"] if "scenario" in table.columns else [view.scenario["name"]] * len(table)
    labels = [
        view.words.label(data.metric(view.run, metric), [data.scenario(view.run, name)])
        for metric, name in zip(table["metric"], names, strict=True)
    ]
    table.insert(int(table.columns.get_loc("metric")) + 1, "metric_name", labels)
    return table


TABLES: dict[str, Callable[[View], pd.DataFrame]] = {
    "scores": scores, "grades": grades, "differences": differences, "recovery": recovery, "events": events,
}  # fmt: skip
