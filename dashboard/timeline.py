"""The hours of a scenario as a slider with a play button; a script fills it, maps and curves follow it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dash import html

if TYPE_CHECKING:
    from dashboard.view import View


def timeline(view: View) -> Any:
    """Return the place of the slider with all it needs to know."""
    facts = {
        "hours": view.scenario["hours"],
        "onset": view.scenario["onset_hour"],
        "weekday": view.scenario["onset_weekday"],
        "hour": view.hour,
        "words": view.words.group("time"),
        "weekdays": view.words.group("weekday"),
        "moment": view.words("moment"),
        "scenario": view.scenario["name"],
        "run": view.place.run,
    }
    return html.Div(
        className="timeline", role="group", **{"aria-label": view.words("time.label"), "data-time": json.dumps(facts)}
    )
