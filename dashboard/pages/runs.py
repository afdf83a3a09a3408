"""Which runs are there, and how to make one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dash import html

from dashboard.frame import card, scenario_label

if TYPE_CHECKING:
    from dashboard.library import Found
    from dashboard.place import Place
    from dashboard.words import Words


def page(found: dict[str, Found], place: Place, words: Words) -> Any:
    """Return the list of runs, each with what it holds or what is wrong with it."""
    how = card(words("runs.how"), html.P(words("runs.how_text")), html.Pre(words("runs.command"), className="command"))
    if not found:
        return html.Div([card(words("runs.empty"), html.P(words("runs.empty_text"))), how], className="narrow")
    return html.Div(
        [card(words("nav.runs"), html.Div([_row(f, place, words) for f in found.values()], className="run-list"),
              note=words("runs.note")), how],
        className="narrow",
    )  # fmt: skip


def _row(found: Found, place: Place, words: Words) -> Any:
    if found.run is None:
        return html.Div(
            [html.Div(found.id, className="run-name"), html.P(found.error, className="run-error")],
            className="run broken",
        )
    manifest = found.run.manifest
    made = datetime.fromtimestamp(found.changed, tz=UTC).astimezone().strftime("%Y-%m-%d %H:%M")
    last = scenario_label(words, manifest["scenarios"][-1])
    counts = words("runs.counts", scenarios=len(found.run.scenarios), options=len(found.run.options),
                   replicates=manifest["replicates"])  # fmt: skip
    link = place.with_(ladder="", scenario="", option="", other="", component="", replicate="", hour="")
    return html.Div(
        [
            html.A([html.Strong(words.city(manifest)), html.Span(found.id, className="run-id")],
                   href=link.href("overview", run=found.id), className="go run-name"),
            html.P(f"{counts} · {words('runs.up_to', scenario=last)} · {made}"),
        ],
        className="run",
    )  # fmt: skip
