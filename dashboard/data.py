"""Numbers of a run as the pages need them: summaries, grades, chains of causes, curves; plain tables in and out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from resilience.results import grades as score
from resilience.results.compare import REFERENCE, compare_run
from resilience.results.trace import causes_of, walk

if TYPE_CHECKING:
    from resilience.results.run import Run

PILLARS = ("traffic", "travel", "safety", "economy")
OTHERS = "*"
OUT = ("failed", "closed", "cut_off", "deadlock")
BACK = ("back", "open", "reachable")


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
def summary(run: Run) -> pd.DataFrame:
    """Return median, 5th and 95th percentile over replicates, index = scenario, option, metric."""
    keys = ["scenario", "option", "metric"]
    grouped = run.scores.groupby(keys, sort=False)["value"]
    table = grouped.quantile(np.array([0.05, 0.5, 0.95])).unstack()
    table.columns = pd.Index(["low", "value", "high"])
    return table.assign(replicates=grouped.count())


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
    if REFERENCE not in run.options:
        return pd.DataFrame()
    table = compare_run(run)
    if not len(table):
        return table
    return table[~table["scenario"].str.startswith("no-hazard")].reset_index(drop=True)


def verdict(row: Any, better: str) -> str:
    """Return better, worse, same or unclear: whether the interval of a paired difference keeps clear of zero."""
    if row.same:
        return "same"
    sign = 1.0 if better == "higher" else -1.0
    low, high = sorted((sign * row.low, sign * row.high))
    if np.isnan(row.low):
        return "single"
    if low > 0:
        return "better"
    return "worse" if high < 0 else "unclear"


# ------------------------------------------------------------------------------------------- causes


@lru_cache(maxsize=32)
def events(run: Run, name: str, option: str, replicate: int) -> list[dict[str, Any]]:
    """Return the events of one run in order; the position in the list is the number of the event."""
    table = run.table("events", scenario=name, option=option, replicate=replicate).sort_values("event")
    return [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]


def chain(log: list[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    """Return an event and what led to it, the first cause first: the tree of causes, depth first, read backwards.

    Each carries two numbers more: `beside`, how many other causes had to be mended together with it, and `one_of`, how
    many others would have done instead.
    """
    by_number = {int(e["event"]): e for e in log}
    if number not in by_number:
        return []
    steps = walk(number, by_number)
    return [{**by_number[n], "beside": beside, "one_of": others} for _, n, beside, others in steps[::-1]]


def consequences(log: list[dict[str, Any]]) -> Counter[int]:
    """Return how many later failures, closures and cut-offs go back to each event, by any of their causes."""
    causes = {int(e["event"]): causes_of(e) for e in log}
    total: Counter[int] = Counter()
    for event in log:
        if event["what"] not in OUT:
            continue
        seen: set[int] = set()
        new = set(causes[int(event["event"])])
        while new:
            seen |= new
            new = {c for n in new for c in causes.get(n, ())} - seen
        total.update(n for n in seen if n in causes)
    return total


def first_failures(log: list[dict[str, Any]], each: int = 3) -> list[dict[str, Any]]:
    """Return the earliest failures, at most `each` of a kind and each component once, with how many they led to.

    At the same hour those with most consequences come first.
    """
    led_to = consequences(log)
    first: dict[str, dict[str, Any]] = {}
    for event in log:
        if event["what"] == "failed":
            first.setdefault(event["component"], {**event, "led_to": led_to[int(event["event"])]})
    order = sorted(first.values(), key=lambda e: (e["hour"], -e["led_to"], e["event"]))
    taken: Counter[str] = Counter()
    chosen = []
    for event in order:
        kind = event["component"].partition(":")[0]
        taken[kind] += 1
        if taken[kind] <= each:
            chosen.append(event)
    return chosen


def most_consequential(log: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """Return the losses that most others go back to, hazards left out, with how many."""
    led_to = consequences(log)
    lost = [{**e, "led_to": led_to[int(e["event"])]} for e in log if e["what"] in OUT and led_to[int(e["event"])]]
    return sorted(lost, key=lambda e: (-e["led_to"], e["event"]))[:count]


def outages(log: list[dict[str, Any]], component: str) -> list[tuple[dict[str, Any], float | None]]:
    """Return each loss of a component with the hour it came back, None where it did not."""
    found: list[tuple[dict[str, Any], float | None]] = []
    for event in log:
        if event["component"] != component:
            continue
        if event["what"] in OUT:
            found.append((event, None))
        elif event["what"] in BACK and found and found[-1][1] is None:
            found[-1] = (found[-1][0], float(event["hour"]))
    return found


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
def curves(run: Run, name: str, variable: str) -> pd.DataFrame:
    """Return hourly values of a metric in a scenario, columns option, replicate, hour, value."""
    table = run.table("curves", scenario=name, variable=variable, group="all")
    # A quantity of the model may bear the name of a metric; the metric's rows are written after it.
    table = table.drop_duplicates(["option", "replicate", "hour"], keep="last")
    return table[["option", "replicate", "hour", "value"]]


def band(table: pd.DataFrame) -> pd.DataFrame:
    """Return median, 5th and 95th percentile over replicates, index = hour."""
    wide = table.pivot_table(index="hour", columns="replicate", values="value", sort=True)
    return pd.DataFrame(
        {"low": wide.quantile(0.05, axis=1), "value": wide.median(axis=1), "high": wide.quantile(0.95, axis=1)}
    )


def recovery(run: Run, name: str, variable: str) -> pd.DataFrame:
    """Return one row per option: medians of value, loss area, R and hours, and how many replicates recovered."""
    scores = run.scores
    mine = scores[(scores["scenario"] == name) & (scores["metric"] == variable)]
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
            "replicates": len(part),
        })  # fmt: skip
    return pd.DataFrame(found)


def _middle(values: pd.Series) -> float:
    """Return the median; the upper one of the two middle values, so that a never stays a never."""
    known = np.sort(values.dropna().to_numpy(float))
    return float(known[len(known) // 2]) if len(known) else float("nan")


def annual_cost(option: dict[str, Any]) -> float:
    """Return the yearly running cost of an option."""
    return float(sum(m.get("opex_per_year", 0.0) for m in option.get("measures", [])))
