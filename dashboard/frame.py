"""Around each page: header with city, run and pages, the bar of choices, language and theme; and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import dcc, html

from dashboard import data
from dashboard.place import PAGES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboard.library import Found
    from dashboard.place import Place
    from dashboard.view import View
    from dashboard.words import Words

NO_SCENARIO = ("methods", "runs")


def frame(place: Place, words: Words, found: dict[str, Found], content: Any, view: View | None) -> Any:
    """Return a whole page: header, choices where a run is open, content."""
    parts: list[Any] = [
        html.A(words("skip"), href="#main", className="skip"),
        _header(place, words, view),
    ]
    if view is not None and place.page not in NO_SCENARIO:
        parts.append(_choices(view, found))
    title = f"{words(f'nav.{place.page}')} · {words.city(view.run.manifest)}" if view else words("app")
    main = html.Main(content, id="main", className=f"main main-{place.page}", tabIndex=-1, **{"data-title": title})
    return [*parts, main]


def _header(place: Place, words: Words, view: View | None) -> Any:
    links = [
        html.A(
            words(f"nav.{page}"),
            href=place.href(page),
            className="go nav-link" + (" here" if page == place.page else ""),
            **({"aria-current": "page"} if page == place.page else {}),
        )
        for page in PAGES
        if view is not None or page == "runs"
    ]
    name: list[Any] = [html.Span(words.city(view.run.manifest) if view else words("app"), className="city")]
    if view:
        name.append(html.Span(place.run, className="run-id", title=words("run")))
        if view.run.manifest.get("illustrative"):
            name.append(
                hint(html.Span(words("illustrative"), className="badge assumed"), words("illustrative_meaning"))
            )
    other = "zh" if place.lang == "en" else "en"
    shade = "dark" if place.theme == "light" else "light"
    return html.Header(
        [
            html.Div(name, className="brand"),
            html.Nav(links, className="nav", **{"aria-label": words("nav.label")}),
            html.Div(
                [
                    html.A(words("switch.language"), href=place.href(lang=other), className="go switch", lang=other,
                           id="switch-language", hrefLang=other),
                    html.A(words(f"switch.{shade}"), href=place.href(theme=shade), className="go switch",
                           id="switch-theme"),
                ],
                className="switches",
            ),
        ],
        className="header",
    )  # fmt: skip


def _choices(view: View, found: dict[str, Found]) -> Any:
    """Return the bar in which run, ladder, scenario and option are chosen."""
    words, run = view.words, view.run
    parts = []
    readable = [f.id for f in found.values() if f.run is not None]
    if len(readable) > 1:
        parts.append(choose(words("run"), "run", [(n, n) for n in readable], view.place.run, width=240))
    known = data.ladders(run)
    if len(known) > 1:
        labels = [(x.name, words("other_scenarios") if x.name == data.OTHERS else x.name) for x in known]
        parts.append(choose(words("ladder"), "ladder", labels, view.ladder.name, width=180))
    scenarios = [data.scenario(run, n) for n in view.ladder.scenarios]
    parts.append(
        choose(words("scenario"), "scenario", [(s["name"], scenario_label(words, s)) for s in scenarios],
               view.scenario["name"], width=330)
    )  # fmt: skip
    if view.place.page not in ("compare",):
        options = [(o, words.option(o)) for o in run.options]
        parts.append(choose(words("option_word"), "option", options, view.option, width=200))
        if view.place.page == "map" and len(options) > 1:
            others = [("", words("map.beside_none")), *[o for o in options if o[0] != view.option]]
            other = view.place.other if view.place.other in run.options and view.place.other != view.option else ""
            parts.append(choose(words("map.beside"), "other", others, other, width=200))
    return html.Div(parts, className="choices no-print")


def scenario_label(words: Words, scenario: dict[str, Any]) -> str:
    """Return a scenario in one line: name, load, how rare."""
    return " · ".join(x for x in (words.severity(scenario), words.return_period(scenario)) if x)


def choose(label: str, name: str, options: Sequence[tuple[str, str]], now: str, *, width: int = 220,
           groups: dict[str, str] | None = None) -> Any:  # fmt: skip
    """Return a labelled choice that changes one part of the address."""
    entries: list[Any] = [{"value": v or "-", "label": t} for v, t in options]
    if groups:
        titles = dict.fromkeys(groups[v] for v, _ in options)
        entries = [
            {"group": title, "items": [{"value": v, "label": t} for v, t in options if groups[v] == title]}
            for title in titles
        ]
    return dmc.Select(
        id={"type": "choose", "name": name, "now": now or "-"},
        label=label,
        data=entries,
        value=now or "-",
        allowDeselect=False,
        searchable=len(options) > 8,
        size="xs",
        w=width,
        maxDropdownHeight=420,
        comboboxProps={"shadow": "md", "width": max(width, 260), "position": "bottom-start"},
        limit=200,
        className="choose",
    )


def hint(target: Any, text: str) -> Any:
    """Return the target with an explanation that shows under the pointer and on keyboard focus."""
    return dmc.Tooltip(
        html.Span(target, tabIndex=0, className="hinted"),
        label=text,
        multiline=True,
        boxWrapperProps={"style": {"display": "inline-block"}},
        w=320,
        withArrow=True,
        openDelay=150,
        events={"hover": True, "focus": True, "touch": True},
    )


def graph(figure: Any, name: str, height: int, *, hours: bool = False) -> Any:
    """Return a chart of a fixed height; with `hours` it follows the hour of the slider."""
    return dcc.Graph(
        figure=figure,
        config={"displayModeBar": False, "responsive": True, "doubleClick": "reset"},
        id=name,
        style={"height": f"{height}px"},
        className="graph curve-graph" if hours else "graph",
    )


def card(title: Any, *content: Any, note: str = "", actions: Any = None, name: str = "") -> Any:
    """Return a titled part of a page."""
    head = html.Div([html.H2(title), *([html.P(note, className="note")] if note else [])], className="card-title")
    return html.Section(
        [html.Div([head, *([html.Div(actions, className="card-actions no-print")] if actions else [])],
                  className="card-head"), *content],
        className=f"card {name}".strip(),
    )  # fmt: skip


def export(words: Words, table: str, place: Place) -> Any:
    """Return a link that downloads a table as CSV."""
    name = words("csv", table=words(f"csv_{table}"))
    return html.A(name, href=f"/export/{table}.csv{place.search()}", className="button", download=True)


def message(words: Words, key: str, name: str = "", detail: str = "") -> Any:
    """Return a friendly page with one message and a way on."""
    return html.Div(
        [
            html.H1(words(key, name=name) if name else words(key)),
            *([html.P(detail, className="detail")] if detail else []),
            html.P(html.A(words("nav.runs"), href="/runs", className="go button")),
        ],
        className="message",
        role="alert",
    )
