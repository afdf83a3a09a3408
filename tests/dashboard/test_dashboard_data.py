"""Tables of the dashboard from a run folder drawn by hand: no model is run."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from dashboard import data, export, figures, geo
from dashboard.library import Library
from dashboard.pages import PAGES
from dashboard.place import Place
from dashboard.view import View, view
from dashboard.words import Words
from resilience.base.text import say
from resilience.results import summary as results
from resilience.results import trace as causes
from resilience.results.record import SCHEMA_VERSION

if TYPE_CHECKING:
    from pathlib import Path

    from resilience.results.run import Run

EN = Words("en")
METRICS = [
    {"name": "traffic/delay", "pillar": "traffic", "unit": "vehicle_hours", "better": "lower", "service": False},
    {"name": "travel/completed_trips", "pillar": "travel", "unit": "share", "better": "higher", "service": True},
    {
        "name": "economy/value_added_lost",
        "pillar": "economy",
        "unit": "currency",
        "better": "lower",
        "service": False,
        "total": True,
    },
]
# hazard -> substation -> feeder -> zone; a road of its own
EVENTS = [
    (0, 5.0, "hazard:lake", "hazard", "", -1, "3"), (1, 6.0, "power:S1", "failed", "flooded", 0, ""),
    (2, 6.0, "power:F1", "failed", "no_supply", 1, ""), (3, 6.0, "zone:Z1", "failed", "no_power", 2, ""),
    (4, 7.0, "road:L1", "closed", "flooded", 0, ""), (5, 20.0, "power:S1", "back", "", 1, ""),
    (6, 30.0, "power:S1", "failed", "flooded", 0, ""),
]  # fmt: skip


def manifest() -> dict[str, Any]:
    scenario = {"severity_unit": {"lake": "m"}, "return_period_years": 10.0, "return_period_known": "assumed",
                "onset_weekday": 0, "onset_hour": 5, "warning_hours": 0.0, "hours": 48}  # fmt: skip
    return {
        "schema_version": SCHEMA_VERSION,
        "name": "Tiny",
        "name_zh": "小城",
        "crs": "EPSG:32650",
        "currency": "USD",
        "replicates": 2,
        "not_assessed": {},
        "metrics": METRICS,
        "ladders": [{"name": "lake", "scenarios": ["low", "high"]}],
        "scenarios": [
            {"name": n, "severity": {"lake": s}, **scenario} for n, s in (("low", 1.0), ("high", 3.0), ("odd", 2.0))
        ],
        "options": [
            {"name": "do-nothing", "capex": 0, "cost_per_year": 0.0, "measures": []},
            {
                "name": "=dike",
                "capex": 9e6,
                "cost_per_year": 5.0,
                "measures": [{"name": "dike", "kind": "raise-road", "opex_per_year": 5.0}],
            },
        ],
        "tolerances": [
            {"metric": "travel/completed_trips", "T1": 0.95, "T2": 0.85, "T3": 0.7, "hours": 24, "must": True}
        ],
        "rasters": {"lake": {"rows": 2, "columns": 3, "west": 500000.0, "north": 4000000.0, "cell_m": 100.0}},
    }


@pytest.fixture
def library(tmp_path: Path) -> Library:
    folder = tmp_path / "tiny" / "one"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps(manifest()), encoding="utf-8")
    runs = [
        (s, o, r) for s in ("high", "low", "odd") for o in ("=dike", "do-nothing") for r in (0, 1)
    ]  # as sorted on disk
    scores, metric_curves, curves, events = [], [], [], []
    for s, o, r in runs:
        gain = 0.1 * (o == "=dike")
        for name, value in (
            ("traffic/delay", 10.0 + r),
            ("travel/completed_trips", 0.8 + gain),
            ("economy/value_added_lost", 1e6 * (1 - gain) + r),
        ):
            scores.append((s, o, r, name, value, 1.0, 0.9, np.inf if r else 3.0, 5.0, bool(r)))
        curves += [(s, o, r, "travel/completed", "all", h, 500.0) for h in range(48)]
        metric_curves += [(s, o, r, "travel/completed_trips", h, 0.8 + gain) for h in range(48)]
        events += [(s, o, r, *e) for e in EVENTS]
    columns = ["scenario", "option", "replicate"]
    pd.DataFrame(
        scores,
        columns=[*columns, "metric", "value", "loss_area", "resilience", "hours_to_90", "hours_to_recover", "censored"],
    ).to_parquet(folder / "scores.parquet")
    pd.DataFrame(curves, columns=[*columns, "variable", "group", "hour", "value"]).to_parquet(folder / "curves.parquet")
    pd.DataFrame(metric_curves, columns=[*columns, "metric", "hour", "value"]).to_parquet(
        folder / "metric_curves.parquet"
    )
    pd.DataFrame(
        events, columns=[*columns, "event", "hour", "component", "what", "reason", "cause", "detail"]
    ).to_parquet(folder / "events.parquet")
    pd.DataFrame({"id": ["road:N1", "road:N2"], "x": [500000.0, 500100.0], "y": [3999900.0, 3999900.0]}).to_parquet(
        folder / "road_nodes.parquet")  # fmt: skip
    pd.DataFrame({"id": ["road:L1"], "from_node": ["road:N1"], "to_node": ["road:N2"], "capacity_vph": [900.0],
                  "highway": ["primary"], "name": ["Main Street"], "geometry": [""]}).to_parquet(
        folder / "road_links.parquet")  # fmt: skip
    pd.DataFrame(
        [
            ("low", "do-nothing", 0, "closed", "road:L1", 7, 1.0),
            ("low", "do-nothing", 0, "closed", "road:gone", 7, 1.0),
        ],
        columns=[*columns, "variable", "component", "hour", "value"],
    ).to_parquet(folder / "maps.parquet")
    pd.DataFrame(
        [("low", "do-nothing", 0, 6, 1, 12), ("low", "do-nothing", 0, 6, 0, 3), ("low", "do-nothing", 0, 9, 1, 0)],
        columns=[*columns, "hour", "cell", "depth_dm"],
    ).to_parquet(folder / "fields.parquet")
    return Library(tmp_path)


@pytest.fixture
def run(library: Library) -> Run:
    found = library.run("tiny/one", EN)
    assert found is not None
    return found


def here(library: Library, **parts: str) -> View:
    made = view(library.look(EN), Place(**parts), EN)
    assert isinstance(made, View)
    return made


def test_scenarios_of_no_ladder_have_a_place(run: Run) -> None:
    assert [(x.name, x.scenarios) for x in data.ladders(run)] == [("lake", ("low", "high")), ("*", ("odd",))]


def test_toleranced_metrics_come_first_and_empty_pillars_are_empty(run: Run) -> None:
    assert [m["name"] for m in data.rows(run, "travel")] == ["travel/completed_trips"]
    assert data.rows(run, "safety") == []


def test_summary_is_the_median_with_percentiles(run: Run) -> None:
    row = results.summary(run).loc[("low", "do-nothing", "traffic/delay")]
    assert (row["low"], row["value"], row["high"]) == pytest.approx((10.05, 10.5, 10.95))


def test_grade_of_two_bad_replicates(run: Run) -> None:
    assert data.overall(run, "low", "do-nothing") == "FAIL"
    assert data.overall(run, "low", "=dike") == "NOT RESOLVED"
    assert set(data.grades(run)["metric"]) == {"travel/completed_trips"}


def test_chain_goes_back_to_the_hazard(run: Run) -> None:
    log = causes.events(run, "low", "do-nothing", 0)
    assert [e["component"] for e in causes.chain(log, 3)] == ["hazard:lake", "power:S1", "power:F1", "zone:Z1"]
    assert causes.chain(log, 99) == []


def test_every_cause_that_is_needed_stands_in_the_chain_and_counts() -> None:
    log = [
        {"event": 0, "cause": -1, "together": "", "alternatives": 0, "what": "hazard"},
        {"event": 1, "cause": 0, "together": "", "alternatives": 0, "what": "failed"},
        {"event": 2, "cause": 0, "together": "", "alternatives": 0, "what": "failed"},
        {"event": 3, "cause": 1, "together": "2", "alternatives": 1, "what": "failed"},
    ]
    found = causes.chain(log, 3)
    assert [e["event"] for e in found] == [0, 2, 0, 1, 3]
    assert {e["event"]: (e["beside"], e["one_of"]) for e in found}[2] == (1, 1)
    assert [e["depth"] for e in found] == [2, 1, 2, 1, 0]
    assert causes.consequences(log) == {0: 3, 1: 1, 2: 1}
    for event, hour in zip(log, (5.0, 8.0, 7.0, 9.0), strict=True):
        event["hour"] = hour
    assert [e["event"] for e in causes.course(log, 3)] == [0, 2, 1, 3], "each once, as they happened"
    assert [e["beside"] for e in causes.course(log, 3)] == [0, 1, 1, 0]
    assert [e["event"] for e in causes.main_line(log, 3)] == [3, 1, 0]


def test_chain_of_a_loop_ends() -> None:
    log = [{"event": i, "cause": 1 - i, "what": "failed", "hour": 3.0} for i in (0, 1)]
    assert [e["event"] for e in causes.chain(log, 0)] == [1, 0]
    assert [e["event"] for e in causes.course(log, 0)] == [1, 0]
    assert causes.consequences(log)[0] > 0


def test_consequences_first_failures_and_outages(run: Run) -> None:
    log = causes.events(run, "low", "do-nothing", 0)
    assert causes.consequences(log)[1] == 2
    first = causes.first_failures(log, each=1)
    assert [(e["component"], e["led_to"]) for e in first] == [("power:S1", 2), ("zone:Z1", 0)]
    assert [(e["event"], back) for e, back in causes.outages(log, "power:S1")] == [(1, 20.0), (6, None)]
    assert causes.most_consequential(log, 1)[0]["component"] == "power:S1"


def test_curves_are_those_of_the_metric(run: Run) -> None:
    table = data.curves(run, "low", "travel/completed_trips")
    assert len(table) == 2 * 2 * 48
    assert table["value"].max() < 1
    assert list(results.band(table[table["option"] == "do-nothing"]).loc[3]) == pytest.approx([0.8, 0.8, 0.8])


def test_recovery_keeps_never(run: Run) -> None:
    row = results.recovery(run, "low", "traffic/delay").iloc[0]
    assert np.isinf(row["hours_to_90"])
    assert (row["censored"], row["replicates"]) == (1, 2)


def test_verdicts(run: Run) -> None:
    table = data.differences(run).set_index(["scenario", "metric"])
    assert results.verdict(table.loc[("low", "traffic/delay")], "lower") == "same"
    assert results.verdict(table.loc[("low", "travel/completed_trips")], "higher") == "better"
    assert results.verdict(table.loc[("low", "travel/completed_trips")], "lower") == "worse"
    assert data.annual_cost(run.manifest["options"][1]) == 5.0


def test_geometry_and_steps(run: Run) -> None:
    found = geo.geometry(run)
    assert found["roads"]["rank"] == [3]
    assert len(found["roads"]["xy"][0]) == 4
    assert 116.9 < found["roads"]["xy"][0][0] < 117.1
    assert geo.steps(run, "low", "do-nothing")["closed"] == {"hour": [7], "at": [0], "value": [1.0]}
    assert found["power"]["id"] == []


def test_water_is_packed_frame_by_frame(run: Run) -> None:
    packed = geo.water(run, "low", "do-nothing")
    assert struct.unpack("<5I", packed[:20]) == (2, 6, 2, 9, 1)
    assert np.frombuffer(packed[20:32], "<u4").tolist() == [0, 1, 1]
    assert list(packed[32:]) == [3, 12, 0]
    assert geo.water(run, "high", "do-nothing") == struct.pack("<I", 0)


def test_unknown_plane_is_laid_at_the_equator() -> None:
    lon, lat = geo.to_degrees("made up")(np.array([1113.2]), np.array([0.0]))
    assert (float(lon[0]), float(lat[0])) == pytest.approx((0.01, 0.0))


def test_choices_are_checked(library: Library) -> None:
    found = library.look(EN)
    assert view(found, Place(run="../etc"), EN) == "error.unknown_run"
    assert view(found, Place(scenario="none"), EN) == "error.unknown_scenario"
    assert view(found, Place(option="none"), EN) == "error.unknown_option"
    made = here(library, hour="9999", replicate="77", metric="none")
    assert (made.scenario["name"], made.option, made.hour, made.replicate) == ("high", "do-nothing", 47, 0)
    assert made.metric["name"] == "travel/completed_trips"
    assert here(library, scenario="odd").ladder.name == "*"


def test_a_new_run_is_found_and_a_changed_one_opened_again(library: Library, tmp_path: Path) -> None:
    first = library.run("tiny/one", EN)
    assert library.run("tiny/one", EN) is first
    (tmp_path / "tiny" / "two").mkdir()
    (tmp_path / "tiny" / "two" / "plan.json").write_text("{}", encoding="utf-8")
    found = library.look(EN)
    assert found["tiny/two"].run is None
    assert "Not finished" in found["tiny/two"].error


def test_csv_cells_cannot_be_formulas(library: Library) -> None:
    text = export.csv_text(export.differences(here(library)))
    assert "'=dike" in text
    assert ",=dike" not in text
    assert export.safe(-3.5) == -3.5
    assert export.safe("@x") == "'@x"
    for name, make in export.TABLES.items():
        assert len(export.csv_text(make(here(library)))) > 20, name


def untell(run: Run) -> None:
    """Make one metric unknown in the scenario low, in one replicate another one."""
    scores = run.scores
    nothing = (scores["metric"] == "economy/value_added_lost") & (scores["scenario"] == "low")
    some = (scores["metric"] == "travel/completed_trips") & (scores["scenario"] == "low") & (scores["replicate"] == 1)
    scores.loc[nothing | some, "value"] = np.nan
    curves = run.table("metric_curves")
    curves.loc[(curves["scenario"] == "low") & (curves["replicate"] == 1), "value"] = np.nan
    curves.to_parquet(run.folder / "metric_curves.parquet")
    for cached in (results.summary, data.grades, data.differences):
        cached.cache_clear()


def text(part: Any) -> str:
    """Return all that is written in a part of a page."""
    children = getattr(part, "children", part)
    if isinstance(children, list | tuple):
        return " ".join(text(c) for c in children)
    return "" if children is None else text(children) if hasattr(children, "children") else str(children)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_not_told_is_said_with_the_reason_and_is_never_a_zero(library: Library, run: Run, lang: str) -> None:
    untell(run)
    row = results.summary(run).loc[("low", "do-nothing", "travel/completed_trips")]
    assert (row["known"], row["replicates"], row["value"]) == (1, 2, 0.8)
    words = Words(lang)
    place = Place(scenario="low", option="do-nothing", metric="economy/value_added_lost", lang=lang)
    here = view(library.look(words), place, words)
    assert isinstance(here, View)
    reason = say("untold.economy/value_added_lost", lang=lang)
    pages = {name: text(PAGES[name](here)) for name in ("overview", "curves", "compare", "methods")}
    for name in ("overview", "curves", "compare"):
        assert words.not_told() in pages[name], name
        assert reason in pages[name], name
        assert "nan" not in pages[name], name
    assert say("told.of", lang=lang, count=1, of=2) in pages["overview"]
    assert words("overview.untold", count=1, of=2) in pages["overview"]
    assert say("told.meaning", lang=lang) in pages["methods"]
    row = data.differences(run).set_index(["scenario", "metric"]).loc[("low", "economy/value_added_lost")]
    assert results.verdict(row, "lower") == "untold"
    lines = export.csv_text(export.scores(here)).splitlines()
    assert [words.not_told() in x for x in lines if "low,do-nothing,economy/value_added_lost" in x] == [True]
    for name, make in export.TABLES.items():
        assert "nan" not in export.csv_text(make(here)), name


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_losses_that_were_not_over_and_sums_say_so(library: Library, lang: str) -> None:
    words = Words(lang)
    place = Place(scenario="low", metric="economy/value_added_lost", lang=lang)
    here = view(library.look(words), place, words)
    assert isinstance(here, View)
    remark = say("told.not_over", lang=lang, day=2, count=1, of=2)
    named = words.label(METRICS[2], [{"hours": 48}])
    assert named in ("Value added lost, over 2 days", "增加值损失（2 天合计）")
    for name in ("overview", "curves", "compare"):
        written = text(PAGES[name](here))
        assert remark in written, name
        assert named in written, name
    figure = figures.bars(here, here.metric)
    assert [list(t.marker.symbol) for t in figure.data] == [["circle-open"] * 2, ["square-open"] * 2]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_figures(library: Library, theme: str) -> None:
    made = here(library, theme=theme)
    table = data.curves(made.run, "high", made.metric["name"])
    figure = figures.curve(made, made.metric, table)
    assert [t.name for t in figure.data if t.showlegend is None] == ["Do nothing", "=dike"]
    assert [s.name for s in figure.layout.shapes if s.name] == ["hour"]
    low, high = figures.common_range([table], data.tolerance(made.run, made.metric["name"]))
    assert low < 0.7
    assert high > 0.95
    assert len(figures.bars(made, made.metric).data) == 2
    points = pd.DataFrame({"option": ["=dike"], "capex": [9e6], "avoided": [1e5], "low": [np.nan], "high": [np.nan]})
    assert len(figures.cost_and_benefit(made, points).data) == 2
    styles = {figures.style(["a", "b", "c"], o, theme)[1:] for o in ("a", "b", "c")}
    assert len(styles) == 3


def contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_words_stand_out_in_both_themes() -> None:
    import re
    from pathlib import Path

    sheet = (Path(__file__).parents[2] / "dashboard" / "assets" / "style.css").read_text(encoding="utf-8")
    for block in (sheet[sheet.index(":root") :], sheet[sheet.index('[data-theme="dark"]') :]):
        c = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block[: block.index("}")]))
        pairs = [("ink", "paper"), ("soft", "paper"), ("soft", "ground"), ("soft", "chosen"), ("accent", "paper"),
                 ("accent", "ground"), ("pass", "pass-soft"), ("partly", "partly-soft"), ("fail", "fail-soft"),
                 ("open", "open-soft"), ("pass", "paper"), ("fail", "paper"), ("paper", "accent")]  # fmt: skip
        for one, other in pairs:
            assert contrast(c[one], c[other]) >= 4.5, (one, other)
