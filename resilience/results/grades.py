"""Grades: hold the curves of a run folder against the tolerances of its case. Reads results only, runs no model."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from resilience.base.defaults import default
from resilience.base.files import write_parquet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience.results.run import Run

PASS, PARTLY, FAIL, NOT_RESOLVED = "PASS", "PARTLY", "FAIL", "NOT RESOLVED"
GRADES = (PASS, PARTLY, FAIL, NOT_RESOLVED)


def wilson(successes: int, trials: int, confidence: float) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion (Wilson 1927, doi:10.2307/2276774).

    35 clean replicates are enough to say that nine in ten pass, 34 are not.

    >>> [round(wilson(n, n, 0.95)[0], 3) for n in (3, 34, 35)]
    [0.439, 0.898, 0.901]

    """
    if trials == 0:
        return 0.0, 1.0
    z = float(ndtri(0.5 + confidence / 2.0))
    p = successes / trials
    centre = (p + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials))
    return max(0.0, centre - half), min(1.0, centre + half)


def grade_one(values: np.ndarray[Any, Any], better: str, T1: float, T2: float, T3: float, hours: float) -> str:
    """Return the grade of one replicate from the hourly values of a metric.

    NOT RESOLVED where no value is known. FAIL if ever beyond T3, or beyond T2 for longer than `hours` on end; else PASS
    if within T1 throughout; else PARTLY. A single number counts as if it held throughout.
    """
    sign = 1.0 if better == "lower" else -1.0
    v = sign * np.asarray(values, float)
    if np.isnan(v).all():
        return NOT_RESOLVED
    if (v > sign * T3 + 1e-12).any():
        return FAIL
    beyond = v > sign * T2 + 1e-12
    if longest_run(beyond) > hours or (len(v) == 1 and beyond[0]):
        return FAIL
    return PARTLY if (v > sign * T1 + 1e-12).any() else PASS


def grade_all(grades: list[str]) -> str:
    """Return the grade over replicates, with 95 % Wilson bounds and a required probability of 0.90.

    PASS if the lower bound of P(PASS) reaches it (35 clean replicates); FAIL if the upper bound of P(not FAIL) stays
    below it (3 of 3 suffice); PARTLY if the lower bound of P(not FAIL) reaches it and the upper bound of P(PASS) does
    not; otherwise NOT RESOLVED. A replicate that is NOT RESOLVED itself lets nothing be said but FAIL.
    """
    need, confidence, many = default("grade.required_probability"), default("grade.confidence"), len(grades)
    passed = wilson(sum(g == PASS for g in grades), many, confidence)
    kept = wilson(sum(g != FAIL for g in grades), many, confidence)
    if kept[1] < need:
        return FAIL
    if NOT_RESOLVED in grades:
        return NOT_RESOLVED
    if passed[0] >= need:
        return PASS
    if kept[0] >= need and passed[1] < need:
        return PARTLY
    return NOT_RESOLVED


def grade_run(run: Run, *, keep: bool = False) -> pd.DataFrame:
    """Return the grades of a run folder: one row per scenario, option and tolerance.

    Columns: scenario, option, metric, grade, passed, partly, failed, untold, censored (counts of replicates; untold: a
    metric that cannot be told lets nothing be said but FAIL; censored: the loss went on to the end of the horizon),
    value (median of the worst hour or of the number over the horizon), low, high (5th and 95th percentile), margin
    (median of the distance to T2, positive where kept), T1, T2, T3, hours, must. value, low, high and margin speak of
    the replicates that are told; where none is they are nan. With `keep` the table is written to grades.parquet.
    """
    better = {m["name"]: m["better"] for m in run.manifest["metrics"]}
    rows = []
    scores = run.scores
    for tolerance in run.manifest["tolerances"]:
        metric = tolerance["metric"]
        if metric in run.manifest["not_assessed"]:
            continue
        limits = {k: tolerance[k] for k in ("T1", "T2", "T3", "hours")}
        curves = run.table("metric_curves", metric=metric)
        mine = scores[scores["metric"] == metric]
        censored = mine.groupby(["scenario", "option"], sort=False)["censored"].sum()
        of_run = {
            key: part.set_index("replicate")["value"] for key, part in mine.groupby(["scenario", "option"], sort=False)
        }
        by_run = {
            key: part["value"].to_numpy()
            for key, part in curves.groupby(["scenario", "option", "replicate"], sort=False)
        }
        for scenario in run.scenarios:
            for option in run.options:
                values = of_run[scenario, option]
                grades = [
                    grade_one(by_run.get((scenario, option, r), np.array([v])), better[metric], **limits)
                    for r, v in values.items()
                ]
                sign = 1.0 if better[metric] == "lower" else -1.0
                rows.append({
                    "scenario": scenario, "option": option, "metric": metric, "grade": grade_all(grades),
                    "passed": grades.count(PASS), "partly": grades.count(PARTLY), "failed": grades.count(FAIL),
                    "untold": grades.count(NOT_RESOLVED), "censored": int(censored[scenario, option]),
                    "value": float(values.median()), "low": float(values.quantile(0.05)),
                    "high": float(values.quantile(0.95)),
                    "margin": float((sign * (tolerance["T2"] - values)).median()), **limits, "must": tolerance["must"],
                })  # fmt: skip
    table = pd.DataFrame(rows)
    if keep and len(table):
        write_parquet(run.folder / "grades.parquet", table)
    return table


def overall(grades: pd.DataFrame) -> str:
    """Return the grade of one scenario and option: the worst of its must-have metrics, nothing averaged."""
    must = grades[grades["must"]]["grade"].tolist()
    for grade in (FAIL, NOT_RESOLVED, PARTLY):
        if grade in must:
            return grade
    return PASS if must else NOT_RESOLVED


def longest_run(flags: NDArray[np.bool_]) -> int:
    """Return the length of the longest unbroken run of True, hours."""
    padded = np.concatenate([[0], flags.astype(int), [0]])
    edges = np.flatnonzero(np.diff(padded))
    return int((edges[1::2] - edges[::2]).max(initial=0))
