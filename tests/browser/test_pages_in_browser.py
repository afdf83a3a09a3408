"""The dashboard in a real browser: pages, languages, themes, map, slider, downloads, mistakes."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest

from resilience.base.text import say

RUN = "run=sioux_falls%2Fsmall"
MARKS = {
    "overview": ".matrix .chip", "map": ".map-host[data-ready]", "curves": "#curve .main-svg", "compare": ".whisker",
    "trace": ".chain li", "methods": "#parameters td", "runs": ".run",
}  # fmt: skip


def query(page: Any) -> dict[str, str]:
    return {k: v[0] for k, v in parse_qs(urlparse(page.url).query).items()}


@pytest.mark.parametrize("look", [("en", "light"), ("zh", "dark")], ids="-".join)
@pytest.mark.parametrize("name", MARKS)
def test_page_is_drawn(window: Any, name: str, look: tuple[str, str]) -> None:
    lang, theme = look
    page = window.open(f"/{name}?{RUN}&lang={lang}&theme={theme}")
    page.wait_for_selector(MARKS[name])
    assert page.locator(f".nav-link.here:has-text('{say(f'dash.nav.{name}', lang=lang)}')").count() == 1
    root = page.locator("html")
    assert root.get_attribute("lang") == ("zh-CN" if lang == "zh" else "en")
    assert root.get_attribute("data-theme") == theme
    assert "dash." not in page.inner_text("#main")


def test_languages_and_themes_switch_and_keep_the_place(window: Any) -> None:
    page = window.open_map(f"/map?{RUN}&scenario=lake-5m&option=all&hour=30&lang=en&theme=light")
    english = page.inner_text(".map-panel")
    page.click("#switch-language")
    window.until(
        "document.documentElement.lang === 'zh-CN' && document.querySelector('.moment')?.innerText.includes('第2天')"
    )
    assert page.inner_text(".map-panel") != english
    page.click("#switch-theme")
    window.until("document.documentElement.dataset.theme === 'dark'")
    page.wait_for_selector(".map-host[data-ready]")
    place = query(page)
    assert (place["hour"], place["scenario"], place["option"], place["lang"]) == ("30", "lake-5m", "all", "zh")
    assert page.input_value("#hour") == "30"


def test_map_changes_with_the_hour_by_keyboard(window: Any) -> None:
    page = window.open_map(f"/map?{RUN}&scenario=lake-5m&hour=6&lang=en&theme=light")
    canvas = page.locator(".map-box canvas").first
    page.wait_for_timeout(400)
    before = canvas.screenshot()
    assert page.inner_text(".moment") == "day 1, Monday 06:00"
    page.focus("#hour")
    for _ in range(22):
        page.keyboard.press("ArrowRight")
    window.until("document.querySelector('.moment').innerText === 'day 2, Tuesday 04:00'")
    window.until("new URLSearchParams(location.search).get('hour') === '28'")
    page.wait_for_timeout(500)
    assert canvas.screenshot() != before
    assert page.inner_text(".counts-table tr:first-child td") != "0"
    assert page.get_attribute("#hour", "aria-valuetext") == "day 2, Tuesday 04:00"
    page.keyboard.press("Home")
    window.until("new URLSearchParams(location.search).get('hour') === '0'")
    page.click("a.nav-link:has-text('Curves')")
    page.wait_for_selector("#curve .main-svg")
    assert query(page)["hour"] == "0"


def test_map_explains_a_component_and_plays(window: Any) -> None:
    page = window.open_map(f"/map?{RUN}&scenario=lake-5m&hour=40&layer=power&lang=en&theme=light")
    page.evaluate(
        """() => {
          const { map, geometry } = window.resilience.maps[0];
          const point = map.project(geometry.power.xy[geometry.power.id.indexOf("power:SU2")]);
          const box = map.getCanvas().getBoundingClientRect();
          window.picked = [box.left + point.x, box.top + point.y];
        }"""
    )
    page.mouse.click(*page.evaluate("window.picked"))
    page.wait_for_selector(".popup")
    assert "power:SU2" in page.inner_text(".popup")
    assert "out" in page.inner_text(".popup .state")
    page.click(".popup a.button")
    page.wait_for_selector(".chain li.hazard")
    assert query(page)["component"] == "power:SU2"
    page.go_back()
    page.wait_for_selector(".map-host[data-ready]")
    page.click(".time-button.play")
    window.until("window.resilience.hour() > 42")
    page.click(".time-button.play")


def test_two_options_stand_side_by_side(window: Any) -> None:
    page = window.open_map(f"/map?{RUN}&scenario=lake-5m&hour=26&other=all&lang=en")
    assert page.locator(".map-box canvas.maplibregl-canvas").count() == 2
    assert page.locator(".counts-table tr").nth(1).locator("td").count() == 2


def test_choosing_a_scenario_changes_the_address(window: Any) -> None:
    page = window.open(f"/overview?{RUN}&lang=en")
    page.click("a.severity:has-text('3')")
    window.until("new URLSearchParams(location.search).get('scenario') === 'lake-3m'")
    page.wait_for_selector("th.rung.chosen a.severity:has-text('3')")
    page.get_by_role("textbox", name="Option").click()
    page.get_by_role("option", name="all").click()
    window.until("new URLSearchParams(location.search).get('option') === 'all'")
    page.go_back()
    window.until("new URLSearchParams(location.search).get('option') === null")


def test_cursor_of_the_curve_follows_the_slider(window: Any) -> None:
    page = window.open(f"/curves?{RUN}&scenario=lake-5m&hour=20&lang=en")
    page.wait_for_selector("#curve .main-svg")
    page.focus("#hour")
    page.keyboard.press("ArrowRight")
    window.until(
        "document.querySelector('#curve .js-plotly-plot').layout.shapes.find((s) => s.name === 'hour').x0 === 21"
    )


@pytest.mark.parametrize("name", ["scores", "grades", "differences"])
def test_csv_downloads(window: Any, name: str) -> None:
    page = window.open(f"/{'compare' if name == 'differences' else 'overview'}?{RUN}&lang=zh")
    with page.expect_download() as wait:
        page.click(f"a[href^='/export/{name}.csv']")
    with open(wait.value.path(), encoding="utf-8-sig") as file:  # noqa: PTH123 - playwright gives a plain path
        lines = file.read().splitlines()
    assert lines[0].startswith("scenario,option,metric,metric_name")
    assert len(lines) > 2
    assert say("metric.travel/completed_trips.name", lang="zh") in "".join(lines)


@pytest.mark.parametrize("name", ["nothing/here", "..%2F..%2Fetc", "sioux_falls"])
def test_unknown_run_is_told_kindly(window: Any, name: str) -> None:
    page = window.open(f"/overview?run={name}&lang=en")
    page.wait_for_selector(".message h1")
    assert "There is no run called" in page.inner_text(".message")
    page.click(".message a.button")
    page.wait_for_selector(".run-list")


def test_broken_folders_are_listed_and_do_no_harm(window: Any) -> None:
    page = window.open("/runs?lang=en")
    page.wait_for_selector(".run.broken")
    text = page.inner_text(".run-list")
    for name in ("damaged", "half", "list", "future", "old", "foreign"):
        assert name in text
    assert "version 1; this program reads version 2" in text
    page = window.open("/overview?run=sioux_falls%2Fdamaged&lang=en")
    page.wait_for_selector(".run.broken")
    page.click("a.run-name")
    page.wait_for_selector(".matrix .chip")


def test_narrow_window_does_not_scroll_sideways(window: Any) -> None:
    window.page.set_viewport_size({"width": 420, "height": 800})
    for name in ("overview", "curves", "compare", "trace", "methods"):
        page = window.open(f"/{name}?{RUN}&lang=zh")
        page.wait_for_selector(MARKS[name])
        assert page.evaluate("document.documentElement.scrollWidth") <= 421, name
