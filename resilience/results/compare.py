"""Options against do-nothing on the same draws: paired differences with intervals. Reads results only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student

from resilience.base.defaults import default
from resilience.results.grades import wilson

if TYPE_CHECKING:
    from resilience.results.run import Run

REFERENCE = "do-nothing"


def compare_run(run: Run) -> pd.DataFrame:
    """Return what each option changes in each metric and scenario, replicate by replicate against do-nothing.

    Columns: scenario, option, metric, reference and value (means), difference (mean of the paired differences, option
    minus do-nothing), low, high (t interval at the confidence of defaults; nan with one replicate), better_share
    (share of replicates in which the option is better), better_low, better_high (its Wilson interval), same (the
    difference is zero in every replicate), replicates, capex, cost_per_year (capex as an annuity plus running cost).
    """
    better = {m["name"]: m["better"] for m in run.manifest["metrics"]}
    costs = {o["name"]: (o["capex"], o["cost_per_year"]) for o in run.manifest["options"]}
    scores = run.scores
    wide = scores.pivot_table(index=["scenario", "metric", "replicate"], columns="option", values="value", sort=False)
    confidence = default("grade.confidence")
    rows = []
    for option in run.options:
        if option == REFERENCE:
            continue
        for scenario in [*run.scenarios, *(n for n in scores["scenario"].unique() if n.startswith("no-hazard"))]:
            for metric in scores["metric"].unique():
                pair = wide.loc[(scenario, metric)]
                d = (pair[option] - pair[REFERENCE]).to_numpy(float)
                n = len(d)
                sign = 1.0 if better[metric] == "lower" else -1.0
                wins = int((sign * d < 0).sum())
                half = np.nan
                if n > 1:
                    half = float(student.ppf(0.5 + confidence / 2, n - 1) * d.std(ddof=1) / np.sqrt(n))
                share = wilson(wins, n, confidence)
                rows.append({
                    "scenario": scenario, "option": option, "metric": metric,
                    "reference": float(pair[REFERENCE].mean()), "value": float(pair[option].mean()),
                    "difference": float(d.mean()), "low": float(d.mean() - half), "high": float(d.mean() + half),
                    "better_share": wins / n, "better_low": share[0], "better_high": share[1],
                    "same": bool((d == 0).all()), "replicates": n, "capex": costs[option][0],
                    "cost_per_year": costs[option][1],
                })  # fmt: skip
    return pd.DataFrame(rows)
