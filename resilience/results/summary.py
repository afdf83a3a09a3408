"""Replicates in a few numbers: medians, bands, times of recovery, words for a difference. Reads results only.

A value that cannot be told in a replicate is nan. It is left out of medians and percentiles, and counted: `known` of
`replicates` went into them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from resilience.results.run import Run

KEYS = ["scenario", "option", "metric"]
PERCENTILES = (0.05, 0.5, 0.95)


@lru_cache(maxsize=16)
def summary(run: Run) -> pd.DataFrame:
    """Return median, 5th and 95th percentile over the replicates that are known, index = scenario, option, metric.

    Columns: low, value, high (nan where no replicate is known), replicates, known, censored (counts of replicates).
    """
    grouped = run.scores.groupby(KEYS, sort=False)
    table = grouped["value"].quantile(np.array(PERCENTILES)).unstack()
    table.columns = pd.Index(["low", "value", "high"])
    counts = {"replicates": grouped.size(), "known": grouped["value"].count(), "censored": grouped["censored"].sum()}
    return table.assign(**{name: many.astype(int) for name, many in counts.items()})


def verdict(row: Any, better: str) -> str:
    """Return better, worse, same, unclear, single or untold: what a paired difference says.

    better and worse ask that the interval keeps clear of zero; single is one replicate, which has no interval; untold
    is a difference that no replicate tells.
    """
    if row.replicates == 0:
        return "untold"
    if row.same:
        return "same"
    sign = 1.0 if better == "higher" else -1.0
    low, high = sorted((sign * row.low, sign * row.high))
    if np.isnan(row.low):
        return "single"
    if low > 0:
        return "better"
    return "worse" if high < 0 else "unclear"


def band(table: pd.DataFrame) -> pd.DataFrame:
    """Return median, 5th and 95th percentile over the replicates known in each hour, index = hour.

    An hour that no replicate tells is nan.
    """
    wide = table.pivot(index="hour", columns="replicate", values="value").sort_index()
    low, value, high = (wide.quantile(q, axis=1) for q in PERCENTILES)
    return pd.DataFrame({"low": low, "value": value, "high": high})


def recovery(run: Run, name: str, metric: str) -> pd.DataFrame:
    """Return one row per option: medians of value, loss area, R and hours, and how many replicates they stand for.

    Columns: option, value, low, high, loss_area, resilience, hours_to_90, hours_to_recover, censored, replicates,
    known.
    """
    scores = run.scores
    mine = scores[(scores["scenario"] == name) & (scores["metric"] == metric)]
    found = []
    for option in run.options:
        part = mine[mine["option"] == option]
        if not len(part):
            continue
        found.append({
            "option": option, "value": part["value"].median(), "low": part["value"].quantile(0.05),
            "high": part["value"].quantile(0.95), "loss_area": part["loss_area"].median(),
            "resilience": part["resilience"].median(), "hours_to_90": _middle(part["hours_to_90"]),
            "hours_to_recover": _middle(part["hours_to_recover"]), "censored": int(part["censored"].sum()),
            "replicates": len(part), "known": int(part["value"].count()),
        })  # fmt: skip
    return pd.DataFrame(found)


def _middle(values: pd.Series) -> float:
    """Return the median; the upper one of the two middle values, so that a never stays a never."""
    known = np.sort(values.dropna().to_numpy(float))
    return float(known[len(known) // 2]) if len(known) else float("nan")
