"""One wording for what is said of results, on the command line and in the dashboard, in the language asked for.

`metric` and `scenario` are rows of the manifest of a run.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from resilience.base.text import known, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Row = Mapping[str, Any]


def label(metric: Row, scenarios: Iterable[Row], lang: str | None = None) -> str:
    """Return the name of a metric; a sum over the horizon says over how many days, a share of output of how many.

    >>> delay = {"name": "traffic/delay", "total": True}
    >>> label(delay, [{"hours": 168}, {"hours": 336}], "en")
    'Delay of served trips, over 7 to 14 days'
    """
    name = say(f"metric.{metric['name']}.name", lang=lang)
    if not metric.get("total"):
        return name
    of, days = metric.get("of_days"), sorted({s["hours"] / 24 for s in scenarios})
    if of:
        days = sorted({min(d, of) for d in days})
    span = f"{days[0]:.3g}"
    if len(days) > 1:
        span = say("told.span", lang=lang, low=span, high=f"{days[-1]:.3g}")
    if of:
        return say("told.share_label", lang=lang, name=name, days=span, of=f"{of:g}")
    return say("told.total_label", lang=lang, name=name, days=span)


def not_over(scenario: Row, count: int, of: int, lang: str | None = None) -> str:
    """Return that a loss was still going on at the end of the horizon, in how many replicates; empty where in none."""
    if not count:
        return ""
    return say("told.not_over", lang=lang, day=math.ceil(scenario["hours"] / 24), count=count, of=of)


def not_told(metric: Row, lang: str | None = None) -> str:
    """Return why a metric cannot be told, as far as that is known."""
    key = f"untold.{metric['name']}"
    return say(key if known(key) else "untold.other", lang=lang)


def told(known_of: int, of: int, lang: str | None = None) -> str:
    """Return in how many replicates a metric could be told; empty where in all."""
    if known_of == of:
        return ""
    return say("told.of" if known_of else "told.nothing", lang=lang, count=known_of, of=of)
