"""Charts as plotly figures, in the colours of the theme: curves, small curves, bars, cost against loss avoided."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go

from dashboard import data
from resilience.results import summary as results

if TYPE_CHECKING:
    from dashboard.view import View

FONT = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"
INK = {"light": "#1d2b36", "dark": "#e6edf2"}
SOFT = {"light": "#5a6b78", "dark": "#9fb0bd"}
GRID = {"light": "#e3e9ed", "dark": "#2c3a45"}
CURSOR = {"light": "#1d2b36", "dark": "#e6edf2"}
OKABE_ITO = {
    "light": ("#3a4650", "#0072B2", "#D55E00", "#007a5a", "#9c4f7d", "#8a6a00"),
    "dark": ("#c3ced6", "#56B4E9", "#f08a3c", "#2fc79a", "#dd94bd", "#E69F00"),
}
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
MARKS = ("circle", "square", "diamond", "triangle-up", "cross", "x")
FEW = 5


def style(options: list[str], option: str, theme: str) -> tuple[str, str, str]:
    """Return colour, dash and mark of an option: the same on all charts of a run."""
    at = options.index(option) % len(DASHES)
    return OKABE_ITO[theme][at], DASHES[at], MARKS[at]


def curve(view: View, metric: dict[str, Any], table: pd.DataFrame) -> go.Figure:
    """Return the hourly values of a metric by option, with bands or thin lines, thresholds and the hour's cursor."""
    figure = go.Figure()
    for option in view.run.options:
        part = table[table["option"] == option]
        if len(part):
            _option(figure, view, metric, part, option, width=2.4 if option == view.option else 1.6)
    _thresholds(figure, view, metric, words=True)
    _cursor(figure, view)
    _dress(figure, view, metric, height=360)
    figure.update_layout(
        hovermode="x unified", showlegend=True, margin={"l": 62, "r": 64, "t": 36, "b": 44},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "font": {"size": 12}},
    )  # fmt: skip
    return figure


def small_curve(
    view: View, metric: dict[str, Any], table: pd.DataFrame, scenario: dict[str, Any], limits: tuple[float, float]
) -> go.Figure:
    """Return a small chart of medians only, on a common scale."""
    figure = go.Figure()
    theme = view.place.theme
    for option in view.run.options:
        part = table[table["option"] == option]
        if not len(part):
            continue
        colour, dash, _ = style(view.run.options, option, theme)
        middle = results.band(part)
        figure.add_scatter(
            x=middle.index, y=middle["value"], mode="lines", name=view.words.option(option), showlegend=False,
            line={"color": colour, "dash": dash, "width": 2 if option == view.option else 1.2},
            hovertemplate="%{y}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    _thresholds(figure, view, metric, words=False)
    _cursor(figure, view)
    _dress(figure, view, metric, height=170, hours=int(scenario["hours"]))
    figure.update_layout(margin={"l": 46, "r": 8, "t": 6, "b": 24}, hovermode="x")
    figure.update_yaxes(range=limits, nticks=4)
    figure.update_xaxes(tickfont={"size": 10})
    return figure


def common_range(tables: list[pd.DataFrame], tolerance: dict[str, Any] | None) -> tuple[float, float]:
    """Return one range for all tables, thresholds included, with a little room."""
    known = [t["value"].dropna() for t in tables]
    values = [float(v.min()) for v in known if len(v)] + [float(v.max()) for v in known if len(v)]
    if tolerance:
        values += [float(tolerance[t]) for t in ("T1", "T2", "T3")]
    low, high = min(values), max(values)
    room = 0.06 * (high - low) or 0.05 * (abs(high) or 1.0)
    return low - room, high + room


def _option(
    figure: go.Figure, view: View, metric: dict[str, Any], part: pd.DataFrame, option: str, width: float
) -> None:
    colour, dash, _ = style(view.run.options, option, view.place.theme)
    name = view.words.option(option)
    middle = results.band(part)
    count = part["replicate"].nunique()
    if count >= FEW:
        both = [*middle.index, *middle.index[::-1]]
        figure.add_scatter(
            x=both,
            y=[*middle["high"], *middle["low"][::-1]],
            fill="toself",
            fillcolor=_faint(colour),
            line={"width": 0},
            hoverinfo="skip",
            showlegend=False,
            legendgroup=option,
            mode="lines",
        )
    elif count > 1:
        for _, one in part.groupby("replicate"):
            figure.add_scatter(
                x=one["hour"], y=one["value"], mode="lines", line={"color": colour, "width": 0.8, "dash": dash},
                opacity=0.4, hoverinfo="skip", showlegend=False, legendgroup=option,
            )  # fmt: skip
    share = metric["unit"] == "share"
    figure.add_scatter(
        x=middle.index, y=middle["value"], mode="lines", name=name, legendgroup=option,
        line={"color": colour, "dash": dash, "width": width},
        hovertemplate=("%{y:.1%}" if share else "%{y:,.4~g}") + "<extra>%{fullData.name}</extra>",
    )  # fmt: skip


def _thresholds(figure: go.Figure, view: View, metric: dict[str, Any], *, words: bool) -> None:
    tolerance = data.tolerance(view.run, metric["name"])
    if tolerance is None:
        return
    for name, dash in (("T1", "dot"), ("T2", "dash"), ("T3", "longdash")):
        note = {"text": name, "xanchor": "left", "x": 1.005, "font": {"size": 11}} if words else None
        figure.add_hline(
            y=tolerance[name], line={"color": SOFT[view.place.theme], "width": 1.2, "dash": dash},
            **({"annotation": note, "annotation_position": "right"} if note else {}),
        )  # fmt: skip


def _cursor(figure: go.Figure, view: View) -> None:
    """Add the line of the hour chosen; a script moves the shape of this name."""
    figure.add_shape(
        type="line", name="hour", x0=view.hour, x1=view.hour, y0=0, y1=1, yref="paper", xref="x",
        line={"color": CURSOR[view.place.theme], "width": 1.5},
    )  # fmt: skip


def _dress(figure: go.Figure, view: View, metric: dict[str, Any], *, height: int, hours: int | None = None) -> None:
    """Put the theme's colours, an axis of days and the unit on a chart over hours."""
    plain(figure, view, height)
    hours = hours or int(view.scenario["hours"])
    days = hours // 24
    step = 1 if days <= 8 else 2
    small = height < 250
    ticks = list(range(0, days + 1, step))
    weekday = int(view.scenario["onset_weekday"])
    labels = [
        str(d + 1)
        if small
        else view.words("curves.day", day=d + 1, weekday=view.words(f"weekday_short.{(weekday + d) % 7}"))
        for d in ticks
    ]
    figure.update_xaxes(range=[0, hours], tickvals=[24 * d for d in ticks], ticktext=labels)
    figure.update_yaxes(tickformat=".0%" if metric["unit"] == "share" else "~s")
    figure.add_vline(
        x=float(view.scenario["onset_hour"]), line={"color": SOFT[view.place.theme], "width": 1, "dash": "dot"}
    )


def plain(figure: go.Figure, view: View, height: int) -> None:
    """Put the theme's colours and fonts on a chart."""
    theme = view.place.theme
    figure.update_layout(
        template="none", height=height, paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "color": INK[theme], "size": 12}, dragmode=False,
        hoverlabel={"bgcolor": "#ffffff" if theme == "light" else "#1c2731", "bordercolor": GRID[theme],
                    "font": {"color": INK[theme], "family": FONT}},
    )  # fmt: skip
    axis = {"gridcolor": GRID[theme], "zeroline": False, "linecolor": GRID[theme], "tickfont": {"color": SOFT[theme]},
            "fixedrange": True, "ticks": ""}  # fmt: skip
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)


def bars(view: View, metric: dict[str, Any]) -> go.Figure:
    """Return one number over the horizon by scenario and option: median as a mark, P5 to P95 as a whisker.

    An open mark is a loss that was not over; what cannot be told stands there in words.
    """
    figure = go.Figure()
    table = results.summary(view.run)
    scenarios = [data.scenario(view.run, n) for n in view.ladder.scenarios]
    labels = [view.words.severity(s, with_hazard=False) for s in scenarios]
    options = view.run.options
    for i, option in enumerate(options):
        keys = [(s["name"], option, metric["name"]) for s in scenarios]
        rows = table.reindex(pd.MultiIndex.from_tuples(keys))
        colour, _, mark = style(options, option, view.place.theme)
        shift = (i - (len(options) - 1) / 2) * 0.13
        for k, row in enumerate(rows.itertuples(index=False)):
            if math.isnan(row.value):
                figure.add_annotation(x=k + shift, y=0.02, yref="paper", yanchor="bottom", text=view.words.not_told(),
                                      textangle=-90, showarrow=False, font={"color": colour, "size": 11})  # fmt: skip
        figure.add_scatter(
            x=[k + shift for k in range(len(keys))], y=rows["value"], mode="markers", name=view.words.option(option),
            marker={"color": colour, "symbol": [mark + "-open" if c > 0 else mark for c in rows["censored"]], "size": 9,
                    "line": {"color": colour, "width": 1.8}},
            error_y={"type": "data", "array": rows["high"] - rows["value"], "arrayminus": rows["value"] - rows["low"],
                     "color": colour, "thickness": 1.6, "width": 4},
            hovertemplate="%{y:,.4~g}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    plain(figure, view, 360)
    figure.update_xaxes(tickvals=list(range(len(labels))), ticktext=labels, range=[-0.5, len(labels) - 0.5])
    figure.update_yaxes(tickformat=".0%" if metric["unit"] == "share" else "~s", rangemode="tozero")
    figure.update_layout(margin={"l": 62, "r": 20, "t": 36, "b": 40}, showlegend=True,
                         legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0})  # fmt: skip
    return figure


def cost_and_benefit(view: View, table: pd.DataFrame) -> go.Figure:
    """Return cost against the loss avoided in one scenario, with intervals and the line where both are equal.

    `table` has columns option, capex, avoided, low, high.
    """
    figure, words, theme = go.Figure(), view.words, view.place.theme
    for row in table.itertuples(index=False):
        colour, _, mark = style(view.run.options, row.option, theme)
        known = not math.isnan(row.low)
        figure.add_scatter(
            x=[row.capex], y=[row.avoided], mode="markers+text", text=[words.option(row.option)],
            textposition="middle left", name=words.option(row.option), showlegend=False,
            marker={"color": colour, "symbol": mark, "size": 11}, cliponaxis=False,
            error_y={"type": "data", "array": [row.high - row.avoided], "arrayminus": [row.avoided - row.low],
                     "color": colour, "thickness": 1.8, "width": 6} if known else None,
            hovertemplate="%{x:,.3~s} → %{y:,.3~s}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    most = max([*table["capex"].astype(float), 1.0])
    figure.add_scatter(
        x=[0, most * 1.2], y=[0, most * 1.2], mode="lines", line={"color": SOFT[theme], "dash": "dash", "width": 1},
        name=words("compare.equal"), hoverinfo="skip",
    )  # fmt: skip
    plain(figure, view, 340)
    figure.add_hline(y=0, line={"color": SOFT[theme], "width": 1})
    figure.update_xaxes(
        title=_title(words("compare.capex_axis", currency=view.currency), theme),
        tickformat="~s",
        range=[0, most * 1.25],
    )
    figure.update_yaxes(title=_title(words("compare.avoided_axis", currency=view.currency), theme), tickformat="~s")
    figure.update_layout(margin={"l": 72, "r": 30, "t": 24, "b": 52}, showlegend=True,
                         legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0})  # fmt: skip
    return figure


def _title(text: str, theme: str) -> dict[str, Any]:
    return {"text": text, "font": {"size": 12, "color": SOFT[theme]}, "standoff": 8}


def _faint(colour: str, alpha: float = 0.16) -> str:
    r, g, b = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({r},{g},{b},{alpha})"
