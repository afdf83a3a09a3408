"""What each option changes against do-nothing on the same draws, and what it costs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import dash_ag_grid as dag
import pandas as pd
from dash import html

from dashboard import data, figures
from dashboard.frame import card, export, graph
from dashboard.words import DASH
from resilience.results import summary as results

if TYPE_CHECKING:
    from dashboard.view import View
    from dashboard.words import Words

LOSS = "economy/value_added_lost"


def page(view: View) -> Any:
    """Return differences with intervals, cost against loss avoided, and the table of all scenarios."""
    words = view.words
    table = data.differences(view.run)
    if not len(table):
        return card(words("nav.compare"), html.P(words("compare.nothing"), className="empty"))
    mine = table[table["scenario"] == view.scenario["name"]]
    return html.Div(
        [
            html.Div([_whiskers(view, mine), html.Div([_costs(view, mine), _measures(view)], className="column")],
                     className="two wide-left"),
            _all(view, table),
        ]
    )  # fmt: skip


def _whiskers(view: View, table: pd.DataFrame) -> Any:
    words = view.words
    head = html.Tr(
        [html.Th(words(f"compare.{k}"), scope="col", className=c)
         for k, c in (("metric", ""), ("option", ""), ("reference", "number"), ("picture", "picture-head"),
                      ("difference", "number"), ("share", "number"), ("verdict", ""))]
    )  # fmt: skip
    body: list[Any] = []
    for pillar in data.PILLARS:
        metrics = data.rows(view.run, pillar)
        if metrics:
            body.append(
                html.Tr(html.Th(words.pillar(pillar), colSpan=7, scope="rowgroup"), className=f"pillar {pillar}")
            )
        for metric in metrics:
            body += _metric_rows(view, metric, table[table["metric"] == metric["name"]])
    return card(
        words("compare.title"),
        html.Div(html.Table([html.Thead(head), html.Tbody(body)], className="list whiskers"), className="scroll"),
        note=words("compare.note", scenario=words.severity(view.scenario), replicates=view.run.manifest["replicates"]),
        actions=[export(words, "differences", view.place)],
    )


def _metric_rows(view: View, metric: dict[str, Any], table: pd.DataFrame) -> list[Any]:
    """Return one row per option, or a single one where no option changes anything."""
    words = view.words
    if not len(table):
        return []
    most = float(table[["difference", "low", "high"]].abs().max().max())
    reach = most if most > 0 else 1.0  # nan, where no option is told, is not above 0 either
    shown = table.head(1) if bool(table["same"].all()) else table
    name = html.A(
        view.label(metric),
        href=view.place.href("curves", metric=metric["name"]),
        className="go",
        title=words.meaning(metric["name"]),
    )
    better = html.Span(words.say(f"better.{metric['better']}"), className="spread")
    head = html.Th([name, better], scope="row", rowSpan=len(shown))
    rows = []
    for i, row in enumerate(shown.itertuples(index=False)):
        every = len(shown) < len(table)
        cells = _option_cells(
            view, metric, row, reach, words("compare.every_option") if every else words.option(row.option)
        )
        rows.append(html.Tr([head, *cells] if i == 0 else cells, className="first" if i == 0 else ""))
    return rows


def _option_cells(view: View, metric: dict[str, Any], row: Any, reach: float, option: str) -> list[Any]:
    words, unit = view.words, metric["unit"]
    verdict = results.verdict(row, metric["better"])
    same, untold = verdict == "same", verdict == "untold"
    value: list[Any] = [_difference(view, row, unit, verdict)]
    if not same and not math.isnan(row.low):
        value.append(html.Span(words.spread(row.low, row.high, unit, view.currency), className="spread"))
    value += [html.Span(remark, className="remark") for remark in _remarks(view, metric, row, view.scenario["name"])]
    return [
        html.Td(option, className="option"),
        html.Td(view.number(row.reference, metric), className="number"),
        html.Td(_whisker(view, row, reach, verdict), className="picture"),
        html.Td(value, className="number"),
        html.Td(DASH if same or untold else _wins(words, row), className="number"),
        html.Td(words(f"compare.verdict_{verdict}"), className=f"verdict {verdict}"),
    ]


def _difference(view: View, row: Any, unit: str, verdict: str) -> str:
    words = view.words
    if verdict in ("same", "untold"):
        return words("compare.same") if verdict == "same" else words.not_told()
    return words.difference(row.difference, unit, view.currency)


def _wins(words: Words, row: Any) -> str:
    """Return in how many of the replicates that tell it an option is better."""
    return words("of", count=round(row.better_share * row.replicates), of=row.replicates) if row.replicates else DASH


def _remarks(view: View, metric: dict[str, Any], row: Any, scenario: str) -> list[str]:
    """Return what has to stand beside a difference: replicates that tell it, or why none does; losses not over."""
    counts = {"known": row.replicates, "replicates": row.replicates + row.untold, "censored": row.censored_pairs}
    return view.remarks(metric, scenario, counts)


def _whisker(view: View, row: Any, reach: float, verdict: str) -> Any:
    """Return dot and whisker about a line at zero, drawn with boxes; the numbers stand beside."""
    colour, _, mark = figures.style(view.run.options, row.option, view.place.theme)

    def at(value: float) -> float:
        return 50 + 46 * max(-1.0, min(1.0, value / reach))

    parts: list[Any] = [html.Span(className="zero")]
    if verdict == "untold":
        return html.Div(parts, className="whisker", **{"aria-hidden": "true"})
    if verdict != "same" and not math.isnan(row.low):
        low, high = at(row.low), at(row.high)
        parts.append(
            html.Span(
                className="bar", style={"left": f"{low:.1f}%", "width": f"{high - low:.1f}%", "background": colour}
            )
        )
    parts.append(html.Span(className=f"dot {mark}", style={"left": f"{at(row.difference):.1f}%", "background": colour}))
    return html.Div(parts, className="whisker", **{"aria-hidden": "true"})


def _costs(view: View, table: pd.DataFrame) -> Any:
    words = view.words
    loss = table[table["metric"] == LOSS]
    if not len(loss):
        return None
    points = pd.DataFrame({"option": loss["option"], "capex": loss["capex"], "avoided": -loss["difference"],
                           "low": -loss["high"], "high": -loss["low"]})  # fmt: skip
    known = points.dropna(subset="avoided")
    metric = data.metric(view.run, LOSS)
    remarks = {r.option: _remarks(view, metric, r, view.scenario["name"]) for r in loss.itertuples(index=False)}
    head = html.Tr(
        [
            html.Th(words(f"compare.{k}"), scope="col", className="" if k == "option" else "right")
            for k in ("option", "capex", "annual", "avoided")
        ]
    )
    options = {o["name"]: o for o in view.run.manifest["options"]}
    rows = []
    for row in points.itertuples(index=False):
        told = not math.isnan(row.avoided)
        avoided: list[Any] = [words.number(row.avoided, "currency", view.currency) if told else words.not_told()]
        if not math.isnan(row.low):
            avoided.append(html.Span(words.interval(row.low, row.high, "currency", view.currency), className="spread"))
        avoided += [html.Span(remark, className="remark") for remark in remarks[row.option]]
        annual = words.number(data.annual_cost(options[row.option]), "currency", view.currency)
        rows.append(html.Tr([html.Th(words.option(row.option), scope="row"),
                             html.Td(words.number(row.capex, "currency", view.currency), className="number"),
                             html.Td(annual, className="number"), html.Td(avoided, className="number")]))  # fmt: skip
    return card(
        words("compare.costs"),
        *([graph(figures.cost_and_benefit(view, known), "costs", 340)] if len(known) else []),
        html.Div(html.Table([html.Thead(head), html.Tbody(rows)], className="list"), className="scroll"),
        note=words("compare.costs_note", year=view.run.manifest.get("price_year", "")),
    )


def _measures(view: View) -> Any:
    """Return what each option consists of."""
    words = view.words
    items = []
    for option in view.run.manifest["options"]:
        names = [f"{m['name']} ({words.measure(m['kind'])})" for m in option.get("measures", [])]
        items.append(html.Li([html.Strong(words.option(option["name"])), words("colon"),
                              words("list_comma").join(names) or words("compare.no_measures")]))  # fmt: skip
    return card(words("compare.measures"), html.Ul(items, className="plain-list"))


def _all(view: View, table: pd.DataFrame) -> Any:
    words = view.words
    metrics = {m["name"]: m for m in view.run.manifest["metrics"]}
    rows = []
    for row in table.itertuples(index=False):
        metric = metrics[row.metric]
        verdict = results.verdict(row, metric["better"])
        unit = metric["unit"]
        rows.append(
            {
                "scenario": row.scenario,
                "option": words.option(row.option),
                "metric": words.label(metric, [data.scenario(view.run, row.scenario)]),
                "reference": view.number(row.reference, metric),
                "value": view.number(row.value, metric),
                "difference": _difference(view, row, unit, verdict),
                "interval": DASH if math.isnan(row.low) else words.spread(row.low, row.high, unit, view.currency),
                "share": _wins(words, row),
                "verdict": words(f"compare.verdict_{verdict}"),
                "remark": words("list_comma").join(_remarks(view, metric, row, row.scenario)),
            }
        )
    numbers = ("reference", "value", "difference", "interval")
    least = {"metric": 172, "scenario": 112, "interval": 192, "remark": 136, "verdict": 132}  # pixels; the rest 106
    least = dict.fromkeys(numbers, 135) | least
    columns = [
        {"field": k, "headerName": words(f"compare.{k}"), "tooltipField": k,
         "width": least.get(k, 106), "minWidth": least.get(k, 106),
         "type": "rightAligned" if k in (*numbers, "share") else None,
         "sortable": k in ("scenario", "option", "metric", "verdict"),
         "filter": k in ("scenario", "option", "metric", "verdict")}
        for k in rows[0]
    ]  # fmt: skip
    grid = dag.AgGrid(
        id="differences", rowData=rows, columnDefs=columns, columnSize="responsiveSizeToFit",
        defaultColDef={"resizable": True, "suppressHeaderMenuButton": True, "wrapText": True, "autoHeight": True},
        dashGridOptions={"headerHeight": 34, "pagination": True, "paginationPageSize": 20,
                         "paginationPageSizeSelector": False, "localeText": words.group("grid"), "animateRows": False,
                         "enableCellTextSelection": True},
        style={"height": "690px", "width": "100%"},
    )  # fmt: skip
    return card(
        words("compare.all"),
        html.Div(grid, **{"data-ag-theme-mode": view.place.theme}, className="grid-host"),
        note=words("compare.all_note"),
        actions=[export(words, "differences", view.place)],
        name="no-print",
    )
