"""What the pages look up in a run: ladders, scenarios, metrics, grades, differences, curves; plain tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pandas as pd

from resilience.results import grades as score
from resilience.results.compare import compare_run
from resilience.results.record import DO_NOTHING, is_no_hazard

if TYPE_CHECKING:
    from resilience.results.run import Run

PILLARS = ("traffic", "travel", "safety", "economy")
OTHERS = "*"


@dataclass(frozen=True)
class Ladder:
    """Scenarios of one kind in rising severity; the ladder "*" holds those of no ladder."""

    name: str
    scenarios: tuple[str, ...]


def ladders(run: Run) -> list[Ladder]:
    """Return the ladders of a run that have a scenario, those of no ladder last."""
    found = [Ladder(x["name"], tuple(x["scenarios"])) for x in run.manifest["ladders"] if x["scenarios"]]
    on = {n for ladder in found for n in ladder.scenarios}
    rest = tuple(n for n in run.scenarios if n not in on)
    return [*found, Ladder(OTHERS, rest)] if rest else found


def scenario(run: Run, name: str) -> dict[str, Any]:
    """Return what the manifest says of a scenario."""
    return next(s for s in run.manifest["scenarios"] if s["name"] == name)


def metric(run: Run, name: str) -> dict[str, Any]:
    """Return what the manifest says of a metric."""
    return next(m for m in run.manifest["metrics"] if m["name"] == name)


def tolerance(run: Run, name: str) -> dict[str, Any] | None:
    """Return the tolerance of a metric, None where the case sets none."""
    return next((t for t in run.manifest["tolerances"] if t["metric"] == name), None)


def rows(run: Run, pillar: str) -> list[dict[str, Any]]:
    """Return the assessed metrics of a pillar: those with a tolerance first, then services, then the others."""
    graded = {t["metric"] for t in run.manifest["tolerances"]}
    have = set(run.scores["metric"].unique())
    mine = [m for m in run.manifest["metrics"] if m["pillar"] == pillar and m["name"] in have]
    return sorted(mine, key=lambda m: (m["name"] not in graded, not m["service"]))


@lru_cache(maxsize=16)
def grades(run: Run) -> pd.DataFrame:
    """Return the grades of a run: as kept in its folder, else worked out from its curves."""
    kept = run.table("grades")
    return kept if len(kept) else score.grade_run(run)


def overall(run: Run, name: str, option: str) -> str:
    """Return the grade of a scenario and option over its must-have metrics."""
    table = grades(run)
    if not len(table):
        return score.NOT_RESOLVED
    return score.overall(table[(table["scenario"] == name) & (table["option"] == option)])


@lru_cache(maxsize=8)
def differences(run: Run) -> pd.DataFrame:
    """Return what each option changes against do-nothing, replicate by replicate."""
    if DO_NOTHING not in run.options:
        return pd.DataFrame()
    table = compare_run(run)
    if not len(table):
        return table
    return table[~table["scenario"].map(is_no_hazard)].reset_index(drop=True)


def replicates(run: Run, name: str, option: str) -> list[int]:
    """Return the numbers of the replicates of a scenario and option."""
    scores = run.scores
    mine = scores[(scores["scenario"] == name) & (scores["option"] == option)]
    return sorted(int(r) for r in mine["replicate"].unique())


@lru_cache(maxsize=8)
def component_names(run: Run) -> dict[str, str]:
    """Return the names of components that have one, id -> name."""
    names: dict[str, str] = {}
    for table in ("road_links", "power_nodes", "facilities"):
        part = run.table(table)
        if "name" in part.columns:
            named = part[part["name"].fillna("").astype(str) != ""]
            names |= dict(zip(named["id"].astype(str), named["name"].astype(str), strict=True))
    return names


@lru_cache(maxsize=8)
def component_kinds(run: Run) -> dict[str, str]:
    """Return the kinds of power nodes and facilities, id -> kind."""
    kinds: dict[str, str] = {}
    for table in ("power_nodes", "facilities"):
        part = run.table(table)
        if "kind" in part.columns:
            kinds |= dict(zip(part["id"].astype(str), part["kind"].astype(str), strict=True))
    return kinds


# ------------------------------------------------------------------------------------------- curves


@lru_cache(maxsize=64)
def curves(run: Run, name: str, metric: str) -> pd.DataFrame:
    """Return hourly values of a metric in a scenario, columns option, replicate, hour, value; nan: not told.

    Numbers over the horizon have none.
    """
    table = run.table("metric_curves", scenario=name, metric=metric)
    return table[["option", "replicate", "hour", "value"]]


def told(run: Run, name: str, metric: str) -> bool:
    """Return whether any replicate of any option tells a metric in a scenario."""
    scores = run.scores
    mine = scores[(scores["scenario"] == name) & (scores["metric"] == metric)]
    return bool(mine["value"].notna().any())


def annual_cost(option: dict[str, Any]) -> float:
    """Return the yearly running cost of an option."""
    return float(sum(m.get("opex_per_year", 0.0) for m in option.get("measures", [])))
