"""All registered metrics, and the scores they give a run."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from resilience.base.contract import ExtensionError
from resilience.base.plugins import find, names
from resilience.base.text import say
from resilience.metrics.metric import PILLARS, Metric, metrics_of

if TYPE_CHECKING:
    import pandas as pd

    from resilience.results.record import Record


@cache
def all_metrics() -> dict[str, Metric]:
    """Return every metric by name, the four pillars first; a plugin is a module with METRICS or one Metric."""
    rooms = [*PILLARS, *(n for n in names("metrics") if n not in PILLARS)]
    found: dict[str, Metric] = {}
    bringer: dict[str, str] = {}
    for room in rooms:
        loaded = find("metrics", room)
        for metric in metrics_of(room, loaded):
            if metric.name in found:
                values = {
                    "room": say("extension.metrics"),
                    "name": metric.name,
                    "one": bringer[metric.name],
                    "two": room,
                }
                raise ExtensionError(say("extension.twice", **values))
            found[metric.name], bringer[metric.name] = metric, room
    return found


def score(
    record: Record, no_hazard: Record, tables: dict[str, pd.DataFrame]
) -> tuple[list[dict[str, Any]], dict[str, pd.Series]]:
    """Return the rows of scores and the curves of all metrics that can be assessed for this city.

    Amounts that add up to a number have no curve to be held against a tolerance hour by hour.
    """
    rows: list[dict[str, Any]] = []
    found: dict[str, pd.Series] = {}
    for metric in all_metrics().values():
        if metric.lacks(tables):
            continue
        result = metric.measure(record, no_hazard, tables)
        rows.append({"metric": metric.name, **metric.score(result, record.onset_hour)})
        if not isinstance(result, float) and not metric.total:
            found[metric.name] = result
    return rows, found
