"""How the city did: metrics by pillar over the scenarios of a ladder, what failed first, what is not assessed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dash import html

from dashboard import data
from dashboard.frame import card, export, hint
from dashboard.grades import chip
from dashboard.words import DASH, PER_CENT, Words
from resilience.results import summary as results
from resilience.results import trace as causes

if TYPE_CHECKING:
    from dashboard.view import View


def page(view: View) -> Any:
    """Return the overview of the chosen option on the chosen ladder."""
    return html.Div(
        [
            _matrix_card(view),
            html.Div([_first_failures(view), html.Div([_not_assessed(view), _reading(view)], className="column")],
                     className="two wide-left"),
        ]
    )  # fmt: skip


def _matrix_card(view: View) -> Any:
    words = view.words
    ladder = words("other_scenarios") if view.ladder.name == data.OTHERS else view.ladder.name
    note = words("overview.note", option=words.option(view.option), replicates=view.run.manifest["replicates"])
    body = [part for pillar in data.PILLARS for part in _pillar(view, pillar)]
    head = html.Thead(
        [
            html.Tr(
                [
                    html.Th(words("metric_word"), scope="col"),
                    html.Th(words("overview.tolerance"), scope="col"),
                    *[_column(view, n) for n in view.ladder.scenarios],
                ]
            )
        ]
    )
    table = html.Table(
        [html.Caption(words("overview.caption", ladder=ladder), className="visually-hidden"), head,
         html.Tbody([_overall(view), *body])],
        className="matrix",
    )  # fmt: skip
    return card(
        words("overview.title", ladder=ladder), html.Div(table, className="scroll", tabIndex=0, role="region",
        **{"aria-label": words("overview.caption", ladder=ladder)}), note=note,
        actions=[export(words, "scores", view.place), export(words, "grades", view.place)], name="matrix-card",
    )  # fmt: skip


def _chosen(view: View, name: str) -> str:
    return " chosen" if name == view.scenario["name"] else ""


def _column(view: View, name: str) -> Any:
    words, scenario = view.words, data.scenario(view.run, name)
    link = html.A(
        words.severity(scenario, with_hazard=False),
        href=view.place.href(scenario=name),
        className="go severity",
        title=words("overview.choose", scenario=name),
    )
    rare = words.return_period(scenario)
    return html.Th(
        [link, html.Span(rare or name, className="rare")], scope="col", className="rung" + _chosen(view, name)
    )


def _overall(view: View) -> Any:
    words = view.words
    cells = [
        html.Td(chip(words, data.overall(view.run, n, view.option)), className="cell" + _chosen(view, n))
        for n in view.ladder.scenarios
    ]
    title = hint(html.Span(words("overview.overall")), words("overview.overall_meaning"))
    return html.Tr([html.Th(title, scope="row"), html.Td(words("overview.worst"), className="limits"), *cells],
                   className="overall")  # fmt: skip


def _pillar(view: View, pillar: str) -> list[Any]:
    words, metrics = view.words, data.rows(view.run, pillar)
    if not metrics:
        return []
    meaning = words.say(f"pillar_meaning.{pillar}")
    head = html.Tr(
        html.Th(
            [html.Span(words.pillar(pillar), className="pillar-name"), html.Span(meaning, className="pillar-meaning")],
            colSpan=2 + len(view.ladder.scenarios),
            scope="rowgroup",
        ),
        className=f"pillar {pillar}",
    )
    return [head, *[_row(view, m) for m in metrics]]


def _row(view: View, metric: dict[str, Any]) -> Any:
    words = view.words
    tolerance = data.tolerance(view.run, metric["name"])
    scenarios = [data.scenario(view.run, n) for n in view.ladder.scenarios]
    name = html.A(
        words.label(metric, scenarios),
        href=view.place.href("curves", metric=metric["name"]),
        className="go metric-name",
    )
    unit = words.unit(metric["unit"], view.currency)
    arrow = words(f"arrow.{metric['better']}")
    about = f"{words.meaning(metric['name'])} ({words.say('better.' + metric['better'])})"
    title = html.Th([name, hint(html.Span(f"{unit} {arrow}", className="unit"), about)], scope="row")
    limits = html.Td(_limits(words, metric, tolerance, view.currency), className="limits")
    cells = [_cell(view, metric, n, graded=tolerance is not None) for n in view.ladder.scenarios]
    return html.Tr([title, limits, *cells], className="graded" if tolerance else "plain")


def _limits(words: Words, metric: dict[str, Any], tolerance: dict[str, Any] | None, currency: str) -> Any:
    if tolerance is None:
        return DASH
    values = [words.number(tolerance[t], metric["unit"], currency) for t in ("T1", "T2", "T3")]
    short = " / ".join(v.removesuffix(PER_CENT).removesuffix(".0") for v in values)
    if metric["unit"] == "share":
        short += PER_CENT
    text = words("overview.limits", T1=values[0], T2=values[1], T3=values[2], hours=f"{tolerance['hours']:g}")
    return hint(html.Span(short), text)


def _cell(view: View, metric: dict[str, Any], name: str, *, graded: bool) -> Any:
    words, table = view.words, results.summary(view.run)
    key = (name, view.option, metric["name"])
    if key not in table.index:
        return html.Td(DASH, className="cell" + _chosen(view, name))
    row = table.loc[key]
    parts: list[Any] = [html.Span(view.number(row["value"], metric), className="value")]
    if int(row["known"]) > 1 and row["low"] != row["high"]:
        spread = words.interval(row["low"], row["high"], metric["unit"], view.currency)
        parts.append(html.Span(spread, className="spread"))
    if graded:
        parts = [html.Div(parts, className="numbers"), *_graded(view, metric, name)]
    parts += [html.Span(remark, className="remark") for remark in view.remarks(metric, name, row)]
    return html.Td(parts, className="cell" + _chosen(view, name))


def _graded(view: View, metric: dict[str, Any], name: str) -> list[Any]:
    words, table = view.words, data.grades(view.run)
    if not len(table):
        return []
    mine = table[(table["scenario"] == name) & (table["option"] == view.option) & (table["metric"] == metric["name"])]
    if not len(mine):
        return []
    row = mine.iloc[0]
    runs = int(row["passed"] + row["partly"] + row["failed"] + row["untold"])
    counts = [
        ("overview.passed", row["passed"]),
        ("overview.partly", row["partly"]),
        ("overview.failed", row["failed"]),
        ("overview.untold", row["untold"]),
    ]
    said = words("list_comma").join(words(k, count=int(n), of=runs) for k, n in counts if n)
    found = [chip(words, str(row["grade"])), html.Span(said, className="counts")]
    if not math.isnan(row["margin"]):
        margin = words("overview.margin", value=words.difference(row["margin"], metric["unit"], view.currency))
        found.append(html.Span(margin, className="margin"))
    return found


def _first_failures(view: View) -> Any:
    words = view.words
    log = causes.events(view.run, view.scenario["name"], view.option, view.replicate)
    first = causes.first_failures(log)
    note = words("overview.failures_note", scenario=view.scenario["name"], option=words.option(view.option),
                 replicate=view.replicate)  # fmt: skip
    if not first:
        return card(words("overview.failures"), html.P(words("overview.no_failures"), className="empty"), note=note)
    head = html.Tr([html.Th(words(f"overview.failure_{k}"), scope="col") for k in ("when", "what", "why", "led_to")])
    rows = [_failure(view, log, e) for e in first]
    return card(
        words("overview.failures"),
        html.Div(html.Table([html.Thead(head), html.Tbody(rows)], className="list"), className="scroll"),
        note=note,
        actions=[export(words, "events", view.place)],
    )


def _failure(view: View, log: list[dict[str, Any]], event: dict[str, Any]) -> Any:
    words = view.words
    back = causes.main_line(log, int(event["event"]))
    reasons: list[Any] = [words.reason(event)]
    for cause in back[1:]:
        reasons += [
            html.Span(" ← ", className="arrow", **{"aria-label": words("because")}),
            view.component(cause["component"]),
        ]
        if cause["beside"] or cause["one_of"]:
            note = words("trace.together", count=cause["beside"]) if cause["beside"] else words("trace.one_of")
            reasons.append(html.Span(f" ({note})", className="reason"))
    link = html.A(
        view.component(event["component"]),
        href=view.place.href("trace", scenario=view.scenario["name"], component=event["component"]),
        className="go",
    )
    return html.Tr(
        [html.Td(view.moment(event["hour"]), className="when"), html.Td(link), html.Td(reasons),
         html.Td(f"{event['led_to']:,}" if event["led_to"] else DASH, className="number")]
    )  # fmt: skip


def _not_assessed(view: View) -> Any:
    words, missing = view.words, view.run.manifest["not_assessed"]
    if not missing:
        return card(words("overview.not_assessed"), html.P(words("overview.all_assessed"), className="empty"))
    items = [
        html.Li(
            [html.Strong(words.metric(m)), f" {DASH} ", words("overview.missing", tables=", ".join(map(str, tables)))]
        )
        for m, tables in missing.items()
    ]
    return card(words("overview.not_assessed"), html.Ul(items, className="plain-list"))


def _reading(view: View) -> Any:
    """Return how to read the grades, and what the run says about itself."""
    words, manifest = view.words, view.run.manifest
    grades = [
        html.Li([chip(words, g), html.Span(words.say(f"grade_meaning.{g}"))])
        for g in ("PASS", "PARTLY", "FAIL", "NOT RESOLVED")
    ]
    notices = [html.P(words.notice(n), className="notice") for n in manifest.get("notices", [])]
    if manifest.get("illustrative"):
        notices.insert(0, html.P(words("illustrative_meaning"), className="notice"))
    source = html.P(words("attribution", text=manifest.get("attribution", DASH)), className="attribution")
    return card(words("overview.reading"), html.Ul(grades, className="grade-list"), *notices, source)
