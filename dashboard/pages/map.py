"""Where it happens: roads, power, water, homes and hospitals on a map, hour by hour."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dash import html

from dashboard.timeline import timeline

if TYPE_CHECKING:
    from dashboard.view import View


def page(view: View) -> Any:
    """Return the places a script fills: map, panel with layers and legend, time."""
    words, place = view.words, view.place
    other = place.other if place.other in view.run.options and place.other != view.option else ""
    facts = {
        "run": place.run,
        "scenario": view.scenario["name"],
        "theme": place.theme,
        "lang": place.lang,
        "options": [view.option, *([other] if other else [])],
        "optionNames": [words.option(view.option), *([words.option(other)] if other else [])],
        "onset": view.scenario["onset_hour"],
        "weekday": view.scenario["onset_weekday"],
        "hours": view.scenario["hours"],
        "attribution": view.run.manifest.get("attribution", ""),
        "replicate": view.run.manifest.get("representative", 0),
        "words": words.group("map"),
        "weekdays": words.group("weekday"),
        "moment": words("moment"),
        "kinds": words.group("kind"),
        "places": words.group("place_kind"),
    }
    return html.Div(
        [
            html.Div(
                [
                    html.Div(
                        className="map-host",
                        role="region",
                        **{"aria-label": words("map.label"), "data-map": json.dumps(facts)},
                    ),
                    timeline(view),
                ],
                className="map-column",
            ),
            html.Aside(className="map-panel", **{"aria-label": words("map.panel")}),
        ],
        className="map-page",
    )
