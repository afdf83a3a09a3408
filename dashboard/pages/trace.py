"""Why a thing failed: the chain of causes back to the hazard, and what the failure led to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import html

from dashboard import data
from dashboard.frame import card, choose, export, hint
from resilience.results import trace as causes

if TYPE_CHECKING:
    from dashboard.view import View

MOST = 40
LOSSES = 6
ORDER = ("power", "facility", "zone", "road", "firm")


def page(view: View) -> Any:
    """Return the choices and the chains of each loss of the chosen component."""
    words = view.words
    log = causes.events(view.run, view.scenario["name"], view.option, view.replicate)
    out = list(dict.fromkeys(e["component"] for e in log if e["what"] in causes.OUT))
    out.sort(key=lambda c: ORDER.index(_kind(c)) if _kind(c) in ORDER else len(ORDER))
    if not out:
        return card(words("nav.trace"), html.P(words("trace.nothing"), className="empty"))
    component = view.place.component if view.place.component in out else ""
    missing = view.place.component and not component
    if not component:
        first = causes.first_failures(log, 1)
        component = max(first, key=lambda e: e["led_to"])["component"] if first else out[0]
    numbers = data.replicates(view.run, view.scenario["name"], view.option)
    head = html.Div(
        [
            choose(
                words("trace.component"),
                "component",
                [(c, view.component(c)) for c in out],
                component,
                width=360,
                groups={c: words.kind(c) for c in out},
            ),
            choose(
                words("trace.replicate"),
                "replicate",
                [(str(n), str(n)) for n in numbers],
                str(view.replicate),
                width=120,
            ),
            html.P(words("trace.count", count=f"{len(out):,}"), className="definition"),
        ],
        className="metric-head",
    )
    note = (
        [html.P(words("trace.stayed", name=view.component(view.place.component)), className="notice")]
        if missing
        else []
    )
    losses = causes.outages(log, component)
    chains = [_loss(view, log, e, back, i == 0) for i, (e, back) in enumerate(losses[:LOSSES])]
    more = (
        [html.P(words("trace.more_losses", count=len(losses) - LOSSES), className="note")]
        if len(losses) > LOSSES
        else []
    )
    return html.Div([head, *note, *chains, *more, _weighty(view, log)])


def _kind(component: str) -> str:
    return component.partition(":")[0]


def _loss(view: View, log: list[dict[str, Any]], event: dict[str, Any], back: float | None, first: bool) -> Any:
    words = view.words
    links = causes.course(log, int(event["event"]))
    title = f"{view.component(event['component'])}{words('colon')}{words.what(event)}"
    if back is None:
        lasted = words("trace.never_back")
    else:
        lasted = words("trace.back", moment=view.moment(back), lasted=words.hours(back - float(event["hour"])))
    seen = html.A(
        words("trace.on_map"), href=view.place.href("map", hour=str(int(event["hour"]))), className="go button"
    )
    steps = [_step(view, e, e["event"] == event["event"]) for e in links]
    chain = card(title, html.Ol(steps, className="chain"), note=lasted,
                 actions=[seen, *([export(words, "events", view.place)] if first else [])])  # fmt: skip
    return html.Div([chain, _effects(view, log, event)], className="two")


def _step(view: View, event: dict[str, Any], last: bool) -> Any:
    words = view.words
    reason = words.reason(event)
    amount = ""
    if event["what"] == "hazard":
        hazard = event["component"].partition(":")[2]
        unit = view.scenario.get("severity_unit", {}).get(hazard, "")
        amount = words.severity({"severity": {hazard: float(event["detail"] or 0)}, "severity_unit": {hazard: unit}},
                                with_hazard=False)  # fmt: skip
    text: list[Any] = [html.Strong(view.component(event["component"])), " ", words.what(event)]
    if amount or reason:
        text.append(html.Span(f" · {amount or reason}", className="reason"))
    notes = [words("trace.together", count=event["beside"])] if event["beside"] else []
    notes += [words("trace.one_of")] if event["one_of"] else []
    text += [html.Span(f" · {note}", className="reason") for note in notes]
    return html.Li(
        [html.Span(view.moment(event["hour"]), className="when"), html.Span(text)],
        className="last" if last else event["what"],
    )


def _effects(view: View, log: list[dict[str, Any]], event: dict[str, Any]) -> Any:
    words = view.words
    direct = [e for e in log if int(event["event"]) in causes.causes_of(e) and e["what"] in causes.TOLD]
    total = causes.consequences(log)[int(event["event"])]
    if not direct:
        return card(words("trace.effects"), html.P(words("trace.no_effects"), className="empty"))
    items = []
    for e in direct[:MOST]:
        link = html.A(view.component(e["component"]), href=view.place.href(component=e["component"]), className="go")
        items.append(html.Li([html.Span(view.moment(e["hour"]), className="when"), html.Span(
            [link, " ", words.what(e), html.Span(f" · {words.reason(e)}", className="reason")])]))  # fmt: skip
    more = (
        [html.P(words("trace.more", count=f"{len(direct) - MOST:,}"), className="note")] if len(direct) > MOST else []
    )
    note = hint(
        html.Span(words("trace.total", direct=f"{len(direct):,}", total=f"{total:,}")), words("trace.total_meaning")
    )
    return card(
        words("trace.effects"), html.P(note, className="note"), html.Ul(items, className="chain effects"), *more
    )


def _weighty(view: View, log: list[dict[str, Any]]) -> Any:
    """Return the losses most others go back to."""
    words = view.words
    found = causes.most_consequential(log, 15)
    if not found:
        return None
    head = html.Tr([html.Th(words(f"overview.failure_{k}"), scope="col", className="number" if k == "led_to" else "")
                    for k in ("when", "what", "why", "led_to")])  # fmt: skip
    rows = [
        html.Tr(
            [
                html.Td(view.moment(e["hour"]), className="when"),
                html.Td(
                    [
                        html.A(
                            view.component(e["component"]),
                            href=view.place.href(component=e["component"]),
                            className="go",
                        ),
                        f" {words.what(e)}",
                    ]
                ),
                html.Td(words.reason(e)),
                html.Td(f"{e['led_to']:,}", className="number"),
            ]
        )
        for e in found
    ]
    table = html.Table([html.Thead(head), html.Tbody(rows)], className="list")
    return card(words("trace.weighty"), html.Div(table, className="scroll"), note=words("trace.total_meaning"))
