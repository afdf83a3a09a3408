"""How a metric went hour by hour: options against each other, with bands, thresholds and the hour of the map."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dash import html

from dashboard import data, figures
from dashboard.frame import card, choose, export, graph
from dashboard.timeline import timeline
from dashboard.words import DASH
from resilience.results import summary as results
from resilience.results import wording

if TYPE_CHECKING:
    from dashboard.view import View


def page(view: View) -> Any:
    """Return the curves of the chosen metric in the chosen scenario, its summaries, and the other rungs small."""
    return html.Div([_head(view), _main(view), _rungs(view)])


def _head(view: View) -> Any:
    words = view.words
    metrics = [m for pillar in data.PILLARS for m in data.rows(view.run, pillar)]
    picker = choose(
        words("metric_word"), "metric", [(m["name"], view.label(m)) for m in metrics], view.metric["name"],
        width=380, groups={m["name"]: words.pillar(m["pillar"]) for m in metrics},
    )  # fmt: skip
    return html.Div(
        [picker, html.P(words.meaning(view.metric["name"]), className="definition")], className="metric-head"
    )


def _main(view: View) -> Any:
    words, metric = view.words, view.metric
    table = data.curves(view.run, view.scenario["name"], metric["name"])
    unit = words.unit(metric["unit"], view.currency)
    title = words("curves.title", metric=view.label(metric), unit=unit)
    content: list[Any]
    note = f"{words.severity(view.scenario)} · {words.say('better.' + metric['better'])}"
    if not data.told(view.run, view.scenario["name"], metric["name"]):
        reason = wording.not_told(metric, view.place.lang)
        content = [html.P(words.say("told.nothing") + words("colon") + reason, className="empty")]
    elif len(table):
        figure = figures.curve(view, metric, table)
        content = [
            graph(figure, "curve", 360, hours=True),
            timeline(view),
            html.P(words("curves.band" if view.run.manifest["replicates"] > 1 else "curves.single"), className="note"),
        ]
    else:
        content = [
            html.P(words("curves.one_number"), className="note"),
            graph(figures.bars(view, metric), "bars", 360),
            *([html.P(words("curves.open_marks"), className="note")] if _went_on(view) else []),
        ]
    return html.Div([card(title, *content, note=note), _summaries(view)], className="two wide-left")


def _went_on(view: View) -> bool:
    """Return whether a loss in the chart of single numbers was not over."""
    table = results.summary(view.run).reset_index()
    mine = table[(table["metric"] == view.metric["name"]) & table["scenario"].isin(view.ladder.scenarios)]
    return bool((mine["censored"] > 0).any())


def _summaries(view: View) -> Any:
    words, metric = view.words, view.metric
    table = results.recovery(view.run, view.scenario["name"], metric["name"])
    has_curve = bool(table["loss_area"].notna().any())
    has_recovery = bool(table["resilience"].notna().any())
    head = ["value", *(["loss_area"] if has_curve else [])]
    head += ["resilience", "hours_to_90", "hours_to_recover"] if has_recovery else []
    days = f"{view.scenario['hours'] / 24:g}"
    titles = [html.Th(words("option_word"), scope="col")]
    titles += [
        html.Th(words(f"curves.{h}", days=days), scope="col", className="right", title=words.say(f"summary.{h}"))
        for h in head
    ]
    rows, told = [], []
    for row in table.itertuples(index=False):
        cells = [html.Th(words.option(row.option), scope="row")]
        for name in head:
            value = getattr(row, name)
            text: Any
            if name == "value":
                text = [view.number(value, metric)]
                if row.known > 1 and row.low != row.high:
                    spread = words.interval(row.low, row.high, metric["unit"], view.currency)
                    text.append(html.Span(spread, className="spread"))
                remarks = view.remarks(metric, view.scenario["name"], row._asdict())
                text += [html.Span(remark, className="remark") for remark in remarks]
            elif name == "loss_area":
                text = words.number(value)
            elif name == "resilience":
                text = DASH if math.isnan(value) else f"{value:.3f}"
            elif name == "hours_to_recover" and row.censored:
                text = words("curves.censored", count=row.censored, of=row.replicates)
            else:
                text = words.hours(value)
            cells.append(html.Td(text, className="number" if name in ("value", "loss_area", "resilience") else "right"))
        rows.append(html.Tr(cells))
    if bool((table["known"] < table["replicates"]).any()):
        told.append(words.say("told.meaning"))
    if bool((table["censored"] > 0).any()):
        told.append(words.say("told.not_over_meaning"))
    notes = [
        html.Li([html.Strong(words(f"curves.{h}", days=days)), f"{words('colon')}{words.say(f'summary.{h}')}"])
        for h in head
    ]
    notes += [html.Li(sentence) for sentence in told]
    return card(
        words("curves.summaries"),
        html.Div(html.Table([html.Thead(html.Tr(titles)), html.Tbody(rows)], className="list"), className="scroll"),
        _tolerance(view),
        html.Ul(notes, className="plain-list small"),
        note=words("curves.horizon", days=days),
        actions=[export(words, "recovery", view.place)],
    )


def _tolerance(view: View) -> Any:
    words, metric = view.words, view.metric
    found = data.tolerance(view.run, metric["name"])
    if found is None:
        return html.P(words("curves.no_tolerance"), className="note")
    limits = {t: words.number(found[t], metric["unit"], view.currency) for t in ("T1", "T2", "T3")}
    return html.P(words("overview.limits", hours=f"{found['hours']:g}", **limits), className="note")


def _rungs(view: View) -> Any:
    """Return the curves of all scenarios of the ladder, small and on one scale."""
    words, metric = view.words, view.metric
    tables = {n: data.curves(view.run, n, metric["name"]) for n in view.ladder.scenarios}
    tables = {n: t for n, t in tables.items() if t["value"].notna().any()}
    if len(tables) < 2:
        return None
    limits = figures.common_range(list(tables.values()), data.tolerance(view.run, metric["name"]))
    small: list[Any] = []
    for name, table in tables.items():
        scenario = data.scenario(view.run, name)
        link = html.A(words.severity(scenario), href=view.place.href(scenario=name), className="go")
        figure = figures.small_curve(view, metric, table, scenario, limits)
        chart = graph(figure, f"curve-{len(small)}", 170, hours=True)
        chosen = " chosen" if name == view.scenario["name"] else ""
        small.append(html.Div([html.H3([link, html.Span(words.return_period(scenario), className="rare")]), chart],
                              className=f"small{chosen}"))  # fmt: skip
    return card(words("curves.ladder"), html.Div(small, className="smalls"), note=words("curves.ladder_note"))
