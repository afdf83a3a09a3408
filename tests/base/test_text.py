"""Every word a user reads is there, in both languages, with the same blanks."""

from __future__ import annotations

import ast
import re
import string
import tomllib
from pathlib import Path

import pytest

import resilience
from resilience.base.errors import near
from resilience.base.text import catalogue, choose_language, known, language, say
from resilience.metrics.metric import PILLARS
from resilience.metrics.scoring import all_metrics
from resilience.results.grades import GRADES

PACKAGE = Path(resilience.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))


def blanks(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def calls(name: str) -> list[tuple[str, ast.Call]]:
    """All calls of a function of this name, with the file that holds them."""
    return [
        (file.name, node)
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    ]


def words_of(node: ast.AST) -> list[str]:
    return [n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def test_both_languages_have_the_same_keys():
    assert set(catalogue("en")) == set(catalogue("zh"))
    assert len(catalogue("en")) > 200


def test_both_languages_have_the_same_blanks():
    wrong = {k for k, v in catalogue("en").items() if blanks(v) != blanks(catalogue("zh")[k])}
    assert not wrong


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_sentence_stands_twice(lang):
    found: list[str] = []

    def walk(prefix: str, part: dict) -> None:
        for key, value in part.items():
            if isinstance(value, dict):
                walk(f"{prefix}{key}.", value)
            else:
                found.append(f"{prefix}{key}")

    for file in (PACKAGE / "data" / "text" / lang).glob("*.toml"):
        walk("", tomllib.loads(file.read_text(encoding="utf-8")))
    assert sorted(found) == sorted(set(found)), "the later file would win unseen"


def test_no_sentence_is_empty():
    for lang in ("en", "zh"):
        assert not [k for k, v in catalogue(lang).items() if not v.strip()]


def test_every_sentence_that_is_said_is_there_and_its_blanks_are_filled():
    seen = 0
    for file, call in calls("say"):
        key = call.args[0]
        if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
            continue
        seen += 1
        assert known(key.value), f"{file}: {key.value}"
        given = {k.arg for k in call.keywords}
        if None in given:
            continue
        missing = blanks(catalogue("en")[key.value]) - given
        assert not missing, f"{file}: {key.value} lacks {missing}"
    assert seen > 60


def test_every_family_that_is_said_exists():
    families = set()
    for file, call in calls("say"):
        key = call.args[0]
        if isinstance(key, ast.JoinedStr) and isinstance(key.values[0], ast.Constant):
            families.add((file, key.values[0].value))
    assert families
    for file, prefix in families:
        assert any(k.startswith(prefix) for k in catalogue("en")), f"{file}: {prefix}"


def test_every_problem_has_its_sentence():
    keys = set()
    for _, call in calls("Problem"):
        first = call.args[0] if call.args else next(k.value for k in call.keywords if k.arg == "key")
        if isinstance(first, ast.Constant):
            keys.add(first.value)
    for _, call in calls("_report"):
        keys.add(call.args[3].value)
    assert len(keys) > 40
    for key in keys:
        assert known(f"problem.{key}"), key


def test_every_cause_reason_and_event_has_its_word():
    for _, node in [(f, n) for f in FILES for n in ast.walk(ast.parse(f.read_text(encoding="utf-8")))]:
        if isinstance(node, ast.keyword) and node.arg == "cause" and isinstance(node.value, ast.Constant):
            word = node.value.value
            assert not isinstance(word, str) or not word or known(f"reason.{word}"), word
    for service in ("power", "water", "telecom"):
        assert known(f"reason.no_{service}")
    told = set()
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        told |= set(re.findall(r"\btell\(\s*(?:[^\"()]|\([^()]*\))*?\"([a-z_]+)\"", text))
    assert {"failed", "crew_sent"} <= told
    for what in told:
        assert known(f"what.{what}") or known(f"reason.{what}"), what


def test_metrics_grades_pillars_and_units_have_their_words():
    for metric in all_metrics().values():
        for key in (f"metric.{metric.name}.name", f"metric.{metric.name}.meaning", f"unit.{metric.unit}",
                    f"better.{metric.better}"):  # fmt: skip
            assert known(key), key
    for pillar in PILLARS:
        assert known(f"pillar.{pillar}")
    for grade in GRADES:
        assert known(f"grade.{grade}")
    metrics = {k.removeprefix("metric.").rsplit(".", 1)[0] for k in catalogue("en") if k.startswith("metric.")}
    assert metrics == set(all_metrics())


def test_every_command_has_its_help():
    text = "\n".join(f.read_text(encoding="utf-8") for f in sorted((PACKAGE / "cli").glob("*.py")))
    for name in re.findall(r"@app\.command\((?:\"\w+\", )?help=say\(\"(cli\.\w+)\"\)", text):
        assert known(name)


def test_say_fills_blanks_and_falls_back():
    assert say("problem.at_row", row=7) == "line 7"
    assert say("problem.at_row", lang="zh", row=7) == "第7行"
    assert say("there.is.no.such.key") == "there.is.no.such.key"
    assert say("problem.at_row", lang="xx", row=7) == "line 7"
    assert say("problem.plain", found="{curly}") == "{curly}"


def test_the_language_is_chosen_or_taken_from_the_environment(monkeypatch):
    monkeypatch.setattr("resilience.base.text._chosen", [])
    assert language() == "en"
    monkeypatch.setenv("RESILIENCE_LANG", "zh_CN.UTF-8")
    assert language() == "zh"
    monkeypatch.setenv("RESILIENCE_LANG", "fr")
    assert language() == "en"
    choose_language("zh")
    assert say("problem.at_row", row=1) == "第1行"
    choose_language("tlh")
    assert language() == "en"


@pytest.mark.parametrize(
    ("name", "names", "expected"),
    [
        ("extra-crow", ["extra-crew", "raise-road"], "did you mean: extra-crew?"),
        ("zzz", ["b", "a"], "known: a, b"),
        ("zzz", [f"name{i}" for i in range(20)], "none of the 20 known names is near"),
        ("x", [], "none of the 0 known names is near"),
    ],
)
def test_near_names(name, names, expected):
    assert near(name, names) == expected
