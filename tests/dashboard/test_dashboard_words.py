"""Numbers, times and names as a reader sees them."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from dashboard.place import Place
from dashboard.words import DASH, Words
from resilience.base.text import catalogue

EN, ZH = Words("en"), Words("zh")


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [(0.8543, "share", "85.4\u202f%"), (12, "people", "12"), (78997, "people", "79,000"), (1234.5, "km", "1,230"),
     (96.44, "km", "96.4"), (-163.2, "vehicle_hours", "\u2212163"), (2.006e8, "currency", "BRL\u00a0201\u00a0million"),
     (1.04, "ratio", "1.04"), (math.nan, "share", DASH), (math.inf, "", "not in this run"), (0.0, "people", "0")],
)  # fmt: skip
def test_number(value: float, unit: str, said: str) -> None:
    assert EN.number(value, unit, "BRL") == said


def test_money_in_chinese_counts_in_ten_thousands() -> None:
    assert ZH.number(2.5e6, "currency", "USD") == "USD\u00a0250\u00a0万"
    assert ZH.number(2.01e8, "currency", "USD") == "USD\u00a02.01\u00a0亿"


def test_differences_are_signed_and_in_points() -> None:
    assert EN.difference(0.031, "share") == "+3.1 points"
    assert EN.difference(-0.2, "share") == "\u221220.0 points"
    assert EN.difference(0.0, "people") == "0"
    assert EN.spread(-0.001, 0.011, "share") == "\u22120.1 to +1.1 points"


def test_moment() -> None:
    assert EN.moment(62, 3) == "day 3, Saturday 14:00"
    assert ZH.moment(62, 3) == "第3天 星期六 14:00"


def test_both_languages_hold_the_same_keys() -> None:
    own = [{k for k in catalogue(lang) if k.startswith("dash.")} for lang in ("en", "zh")]
    assert own[0] == own[1]
    blanks = re.compile(r"\{(\w+)\}")
    for key in own[0]:
        assert set(blanks.findall(catalogue("en")[key])) == set(blanks.findall(catalogue("zh")[key])), key


def test_every_key_used_is_in_the_catalogue() -> None:
    folder = Path(__file__).parents[2] / "dashboard"
    used = {k for f in folder.rglob("*.py") for k in re.findall(r'words\(\s*"([\w.]+)"', f.read_text(encoding="utf-8"))}
    assert {k for k in used if f"dash.{k}" not in catalogue("en")} == set()
    scripts = "".join(f.read_text(encoding="utf-8") for f in (folder / "assets").glob("*.js"))
    for name, group in (("w", "map"), ("facts.words", "map")):
        keys = set(re.findall(rf"\b{re.escape(name)}\.([a-z_]+)\b", scripts))
        known = set(EN.group(group)) | set(EN.group("time"))
        assert keys - known == set()


def test_place_goes_into_the_address_and_back() -> None:
    place = Place("map", run="a/b", scenario="lake 3", hour="7", lang="zh", theme="dark")
    path, _, search = place.href().partition("?")
    assert Place.read({"path": path, "search": "?" + search}) == place
    assert Place.read({"path": "/", "search": "?lang=xx&theme=pink&evil=1&page=map"}) == Place()
    assert len(Place.read({"path": "/", "search": "?run=" + "x" * 5000}).run) == 200
