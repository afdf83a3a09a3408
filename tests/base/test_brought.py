# ruff: noqa: RUF043 - a fault a line
"""What other packages bring: names and words once, words shown readably where they are missing."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from resilience.base import plugins, text
from resilience.base.defaults import default, parameters
from resilience.base.errors import InputError
from resilience.base.plugins import brought_words, check_extensions, find
from resilience.base.text import known, say

WORDS = {
    "en": {"reason.blown_over": "blown over", "plugin.hazards.wind": "gusts of {unit}"},
    "zh": {"reason.blown_over": "被风吹倒"},
}
OTHER = {"en": {"reason.blown_over": "toppled"}}
HOUSE = {"en": {"reason.flooded": "wet"}}
FOLDER = None


def words():
    return WORDS


def folder():
    return FOLDER


@pytest.fixture
def bring(monkeypatch):
    """Register entry points: (room, name, object of this module)."""
    found = []

    def entries(group):
        return [e for e in found if e.group == group]

    def forget():
        brought_words.cache_clear()
        parameters.cache_clear()
        default.cache_clear()

    def register(room, name, value):
        found.append(EntryPoint(name, value if ":" in value else f"{__name__}:{value}", f"resilience.{room}"))
        forget()

    monkeypatch.setattr(plugins, "entry_points", entries)
    forget()
    yield register
    monkeypatch.undo()
    forget()


def test_words_are_brought_in_both_languages_and_missing_ones_are_readable(bring):
    bring("text", "wind", "words")
    check_extensions()
    assert say("reason.blown_over") == "blown over"
    assert say("reason.blown_over", lang="zh") == "被风吹倒"
    assert say("plugin.hazards.wind", lang="zh", unit="m/s") == "gusts of m/s"
    assert say("plugin.hazards.wind", other=1) == "gusts of {unit}"
    assert known("reason.blown_over")
    assert say("reason.torn_off") == "torn off"
    assert say("metric.ecology/green_area.name") == "green area"
    assert not known("reason.torn_off")


def test_a_folder_of_words(bring, tmp_path, monkeypatch):
    for lang in ("en", "zh"):
        (tmp_path / lang).mkdir()
        (tmp_path / lang / "w.toml").write_text(f'[unit]\ntrees = "{lang} trees"\n')
    monkeypatch.setattr(f"{__name__}.FOLDER", tmp_path)
    bring("text", "wind", "folder")
    assert (say("unit.trees"), say("unit.trees", lang="zh")) == ("en trees", "zh trees")


def test_a_word_brought_twice_is_an_error_that_names_the_key_and_both(bring):
    bring("text", "one", "words")
    bring("text", "two", "OTHER")
    with pytest.raises(InputError, match=r'"reason.blown_over" is brought twice: by .*:words and by .*:OTHER'):
        check_extensions()


def test_a_word_of_the_house_is_not_overwritten(bring):
    bring("text", "one", "HOUSE")
    with pytest.raises(
        InputError, match=r'"reason.flooded" is brought twice: by urban-resilience itself and by .*HOUSE'
    ):
        check_extensions()


@pytest.mark.parametrize("value", ["FOLDER", "no_such_name", "no_such_module:words"])
def test_what_holds_no_words_is_an_error(bring, value):
    bring("text", "one", value)
    with pytest.raises(InputError, match="brings no words"):
        check_extensions()


def test_a_name_brought_twice_is_an_error_that_names_both_places(bring):
    bring("hazards", "wind", "a:Wind")
    bring("hazards", "wind", "b:Wind")
    with pytest.raises(InputError, match='hazard "wind" is brought twice: by a:Wind and by b:Wind'):
        check_extensions()


def test_a_name_of_the_house_is_not_taken(bring):
    bring("measures", "raise-road", "a:Raise")
    with pytest.raises(InputError, match='measure "raise-road" is brought twice: by resilience.measures.raising'):
        check_extensions()


def test_an_extension_that_cannot_be_loaded_says_where_it_is_from(bring):
    bring("readers", "odd", "no_such_module:read")
    with pytest.raises(InputError, match='"odd" cannot be loaded from no_such_module:read: ModuleNotFoundError'):
        find("readers", "odd")


def test_default_values_are_brought_as_a_table_of_their_own(bring, tmp_path, monkeypatch):
    (tmp_path / "wind.csv").write_text(
        "name,value,unit,sure,source,meaning,meaning_zh\nmedian_ms,50,m/s,assumed,me,m,m\n"
    )
    monkeypatch.setattr(f"{__name__}.FOLDER", tmp_path)
    bring("defaults", "wind", "folder")
    assert default("wind.median_ms") == 50.0
    (tmp_path / "flood.csv").write_text("name,value,unit,sure,source,meaning,meaning_zh\n")
    bring("defaults", "again", "folder")
    with pytest.raises(InputError, match='"wind" is brought twice|"flood" is brought twice'):
        parameters()


def test_a_message_about_words_needs_no_words_of_extensions(bring):
    bring("text", "one", "no_such_name")
    with pytest.raises(InputError):
        say("reason.never_heard_of")
    assert text._looking == []
