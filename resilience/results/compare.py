"""Options against do-nothing on the same draws: paired differences with intervals. Reads results only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import t as student

from resilience.base.defaults import default
from resilience.results.grades import wilson
from resilience.results.record import DO_NOTHING, is_no_hazard

if TYPE_CHECKING:
    from resilience.results.run import Run


def compare_run(run: Run) -> pd.DataFrame:
    """Return what each option changes in each metric and scenario, replicate by replicate against do-nothing.

    Columns: scenario, option, metric, reference and value (means), difference (mean of the paired differences, option
    minus do-nothing), low, high (t interval at the confidence of defaults; nan with one replicate), better_share
    (share of replicates in which the option is better), better_low, better_high (its Wilson interval), same (the
    difference is zero in every replicate), replicates, untold, censored_reference, censored, censored_pairs, capex,
    cost_per_year (capex as an annuity plus running cost).

    A difference is taken where both sides are known: `replicates` counts those, and all numbers of the row speak of
    them alone; `untold` counts the others. Where there is none, the numbers are nan. The counts censored tell in how
    many replicates the loss went on to the end of the horizon: without the option, with it, on either side.
    """
    better = {m["name"]: m["better"] for m in run.manifest["metrics"]}
    costs = {o["name"]: (o["capex"], o["cost_per_year"]) for o in run.manifest["options"]}
    scores = run.scores
    index = ["scenario", "metric", "replicate", "option"]
    wide = scores.set_index(index)["value"].unstack("option")
    went_on = scores.set_index(index)["censored"].unstack("option")
    confidence = default("grade.confidence")
    rows = []
    for option in run.options:
        if option == DO_NOTHING:
            continue
        for scenario in [*run.scenarios, *(n for n in scores["scenario"].unique() if is_no_hazard(n))]:
            for metric in scores["metric"].unique():
                pair = wide.loc[(scenario, metric), [DO_NOTHING, option]].to_numpy(float)
                ends = went_on.loc[(scenario, metric), [DO_NOTHING, option]].to_numpy(bool)
                rows.append({
                    "scenario": scenario, "option": option, "metric": metric,
                    **paired(pair[:, 0], pair[:, 1], better[metric], confidence),
                    "censored_reference": int(ends[:, 0].sum()), "censored": int(ends[:, 1].sum()),
                    "censored_pairs": int(ends.any(axis=1).sum()), "capex": costs[option][0],
                    "cost_per_year": costs[option][1],
                })  # fmt: skip
    return pd.DataFrame(rows)


def paired(
    reference: np.ndarray[Any, Any], value: np.ndarray[Any, Any], better: str, confidence: float
) -> dict[str, float | int | bool]:
    """Return what the pairs of one metric say, see `compare_run`; position = replicate, nan = not told.

    >>> found = paired(np.array([1.0, 2.0, np.nan]), np.array([3.0, 4.0, 9.0]), "lower", 0.95)
    >>> found["difference"], found["replicates"], found["untold"]
    (2.0, 2, 1)
    """
    known = ~(np.isnan(reference) | np.isnan(value))
    of, untold = int(known.sum()), int((~known).sum())
    if of == 0:
        unknown = ("reference", "value", "difference", "low", "high", "better_share")
        return {**dict.fromkeys(unknown, np.nan), "better_low": 0.0, "better_high": 1.0, "same": False,
                "replicates": 0, "untold": untold}  # fmt: skip
    d = value[known] - reference[known]
    wins = int(((-d if better == "lower" else d) > 0).sum())
    half = float(student.ppf(0.5 + confidence / 2, of - 1) * d.std(ddof=1) / np.sqrt(of)) if of > 1 else np.nan
    low, high = wilson(wins, of, confidence)
    return {
        "reference": float(reference[known].mean()), "value": float(value[known].mean()),
        "difference": float(d.mean()), "low": float(d.mean() - half), "high": float(d.mean() + half),
        "better_share": wins / of, "better_low": low, "better_high": high, "same": bool((d == 0).all()),
        "replicates": of, "untold": untold,
    }  # fmt: skip
