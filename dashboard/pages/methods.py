"""What the numbers mean and where they come from: definitions, tolerances, parameters, how the run was made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import html

from dashboard import data
from dashboard.frame import card
from dashboard.words import DASH
from resilience.base.defaults import parameters

if TYPE_CHECKING:
    from dashboard.view import View


def page(view: View) -> Any:
    """Return all sections, with links to them at the top."""
    words = view.words
    sections = {
        "metrics": _metrics(view), "tolerances": _tolerances(view), "scenarios": _scenarios(view),
        "assumed": _assumed(view), "parameters": _parameters(view), "run": _run(view),
    }  # fmt: skip
    links = [html.A(words(f"methods.{k}"), href=f"#{k}", className="jump") for k in sections]
    parts = [html.Div(card(words(f"methods.{k}"), *content), id=k) for k, content in sections.items()]
    return html.Div([html.Nav(links, className="jumps no-print", **{"aria-label": words("methods.contents")}), *parts],
                    className="narrow")  # fmt: skip


def _table(head: list[str], rows: list[list[Any]], numbers: tuple[int, ...] = ()) -> Any:
    cells = [
        html.Tr([html.Th(c, scope="row") if i == 0 else html.Td(c, className="number" if i in numbers else "")
                 for i, c in enumerate(row)])
        for row in rows
    ]  # fmt: skip
    titles = html.Tr([html.Th(h, scope="col", className="number" if i in numbers else "") for i, h in enumerate(head)])
    return html.Div(html.Table([html.Thead(titles), html.Tbody(cells)], className="list"), className="scroll")


def _metrics(view: View) -> list[Any]:
    words, missing = view.words, view.run.manifest["not_assessed"]
    rows = []
    for m in view.run.manifest["metrics"]:
        state = (
            words("overview.missing", tables=", ".join(missing[m["name"]]))
            if m["name"] in missing
            else words("methods.yes")
        )
        name, unit = words.label(m, view.run.manifest["scenarios"]), words.unit(m["unit"], view.currency)
        rows.append([name, words.pillar(m["pillar"]), words.meaning(m["name"]), unit,
                     words.say(f"better.{m['better']}"), state])  # fmt: skip
    head = [words(f"methods.{k}") for k in ("metric", "pillar", "meaning", "unit", "better", "assessed")]
    summaries = [
        html.Li(
            [
                html.Strong(words(f"curves.{k}", days=words("methods.horizon"))),
                f"{words('colon')}{words.say(f'summary.{k}')}",
            ]
        )
        for k in ("value", "loss_area", "resilience", "hours_to_90", "hours_to_recover")
    ]
    summaries += [html.Li(words.say(f"told.{k}")) for k in ("not_over_meaning", "meaning")]
    return [_table(head, rows), html.H3(words("curves.summaries")), html.Ul(summaries, className="plain-list")]


def _tolerances(view: View) -> list[Any]:
    words = view.words
    found = view.run.manifest["tolerances"]
    if not found:
        return [html.P(words("curves.no_tolerance"), className="empty")]
    rows = []
    for t in found:
        metric = data.metric(view.run, t["metric"])
        limits = [words.number(t[k], metric["unit"], view.currency) for k in ("T1", "T2", "T3")]
        rows.append([words.label(metric, view.run.manifest["scenarios"]), *limits, words.hours(t["hours"]),
                     words("methods.yes" if t["must"] else "methods.no")])  # fmt: skip
    head = [words(f"methods.{k}") for k in ("metric", "T1", "T2", "T3", "hours", "must")]
    meanings = [
        html.Li([html.Strong(words.grade(g)), f"{words('colon')}{words.say(f'grade_meaning.{g}')}"])
        for g in ("PASS", "PARTLY", "FAIL", "NOT RESOLVED")
    ]
    return [_table(head, rows, (1, 2, 3, 4)), html.Ul(meanings, className="plain-list")]


def _scenarios(view: View) -> list[Any]:
    words = view.words
    rows = []
    for s in view.run.manifest["scenarios"]:
        onset = words.moment(s["onset_hour"], s["onset_weekday"])
        rows.append(
            [
                s["name"],
                words.severity(s),
                words.return_period(s) or DASH,
                onset,
                words.hours(s["warning_hours"]),
                words.hours(s["hours"]),
            ]
        )
    return [_table([words(f"methods.{k}") for k in ("scenario", "load", "rare", "onset", "warning", "length")], rows)]


def _assumed(view: View) -> list[Any]:
    words, manifest = view.words, view.run.manifest
    items = [words.notice(n) for n in manifest.get("notices", [])]
    if manifest.get("illustrative"):
        items.insert(0, words("illustrative_meaning"))
    for table in ("road_links", "power_nodes", "power_links", "facilities", "firms", "dependencies"):
        rows = view.run.table(table)
        if "synthetic" in rows.columns and len(rows):
            made = int(rows["synthetic"].fillna(value=False).astype(bool).sum())
            items.append(
                words("methods.synthetic", table=words(f"table.{table}"), count=f"{made:,}", of=f"{len(rows):,}")
            )
    items += [words("methods.representative", number=manifest.get("representative", 0)),
              words("attribution", text=manifest.get("attribution", DASH))]  # fmt: skip
    return [html.Ul([html.Li(i) for i in items], className="plain-list")]


def _parameters(view: View) -> list[Any]:
    words = view.words
    meaning = "meaning_zh" if view.place.lang == "zh" else "meaning"
    table = parameters()
    rows = [
        [html.Code(name), row[meaning] or row["meaning"], row["value"], row["unit"] or DASH,
         words.say(f"dash.known.{row['sure']}", row["sure"]), row["source"]]
        for name, row in table.iterrows()
    ]  # fmt: skip
    head = [words(f"methods.{k}") for k in ("parameter", "meaning", "value", "unit", "sure", "source")]
    return [html.P(words("methods.parameters_note"), className="note"), _table(head, rows, (2,))]


def _run(view: View) -> list[Any]:
    words, manifest = view.words, view.run.manifest
    plan = manifest.get("plan", {})
    rows: list[list[Any]] = [
        [words("methods.case"), manifest.get("case", DASH)],
        [words("methods.schema"), manifest.get("schema_version", DASH)],
        [words("methods.package"), plan.get("package", DASH)],
        [words("methods.seed"), manifest.get("seed", DASH)],
        [words("methods.replicates"), manifest["replicates"]],
        [words("methods.fingerprint"), html.Code(plan.get("fingerprint", DASH))],
        [words("methods.crs"), manifest.get("crs", DASH)],
        [words("methods.money"), f"{manifest.get('currency', DASH)} {manifest.get('price_year', '')}"],
    ]
    libraries = [[k, v] for k, v in plan.get("libraries", {}).items()]
    inputs = [[k, html.Code(v)] for k, v in plan.get("inputs", {}).items()]
    return [
        _table([words("methods.what"), words("methods.value")], rows),
        html.H3(words("methods.libraries")), _table([words("methods.library"), words("methods.version")], libraries),
        html.H3(words("methods.inputs")), _table([words("methods.file"), words("methods.hash")], inputs),
    ]  # fmt: skip
