"""Every word a user reads: looked up by key in the files of text/en and text/zh."""

from __future__ import annotations

import importlib
import os
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "zh")
_BRINGER = "resilience.base.plugins"  # by name, since what finds extensions says things itself
_FOLDER = Path(__file__).parents[1] / "data" / "text"
FAMILIES = ("metric", "unit", "reason", "what", "plugin", "pillar", "notice", "problem")  # keys an extension may bring
_chosen: list[str] = []
_looking: list[bool] = []


@cache
def catalogue(language: str) -> dict[str, str]:
    """Return all texts of a language as one flat table, key -> sentence."""
    return read_words(_FOLDER / (language if language in LANGUAGES else "en"))


def read_words(folder: Path) -> dict[str, str]:
    """Return the texts of all files of a folder as one flat table, key -> sentence."""
    flat: dict[str, str] = {}

    def walk(prefix: str, part: dict[str, Any]) -> None:
        for key, value in part.items():
            name = f"{prefix}{key}"
            if isinstance(value, dict):
                walk(f"{name}.", value)
            else:
                flat[name] = str(value)

    for file in sorted(folder.glob("*.toml")):
        walk("", tomllib.loads(file.read_text(encoding="utf-8")))
    return flat


def choose_language(language: str) -> None:
    """Set the language of all later calls of `say` in this process."""
    _chosen[:] = [language if language in LANGUAGES else "en"]


def language() -> str:
    """Return the language in force: the chosen one, else RESILIENCE_LANG, else English."""
    if _chosen:
        return _chosen[0]
    wanted = os.environ.get("RESILIENCE_LANG", "en")[:2].lower()
    return wanted if wanted in LANGUAGES else "en"


def say(key: str, *, lang: str | None = None, **values: Any) -> str:
    """Return the sentence stored under `key`, its {blanks} filled.

    Words of extensions stand behind those of the house. Where there is no sentence, a name that an extension may give
    (of a metric, a unit, a cause ...) is shown readably, anything else as its key.

    >>> say("unit.fallen_trees")
    'fallen trees'

    """
    wanted = lang or language()
    sentence = catalogue(wanted).get(key) or catalogue("en").get(key)
    if sentence is None:
        return _say_brought(key, wanted, values)
    return sentence.format(**values) if values else sentence


def _say_brought(key: str, wanted: str, values: dict[str, Any]) -> str:
    """Return the word that an extension brings; it may lack blanks or a language, and is shown all the same."""
    words = _brought()
    sentence = words.get(wanted, {}).get(key) or words.get("en", {}).get(key)
    if sentence is None:
        sentence = next((part[key] for part in words.values() if key in part), None)
    if sentence is None:
        return readable(key, values)
    try:
        return sentence.format(**values) if values else sentence
    except (KeyError, IndexError, ValueError):
        return sentence


def _brought() -> dict[str, dict[str, str]]:
    if _looking:  # a message about the words themselves
        return {}
    _looking.append(True)
    try:
        words: dict[str, dict[str, str]] = importlib.import_module(_BRINGER).brought_words()
        return words
    finally:
        _looking.clear()


def readable(key: str, values: dict[str, Any] | None = None) -> str:
    """Return what to show for a key without a sentence.

    >>> readable("metric.ecology/green_area.name")
    'green area'
    >>> readable("notice.gust_low", {"found": 3})
    'gust low (found: 3)'
    >>> readable("no.such.key")
    'no.such.key'

    """
    family, _, name = key.partition(".")
    if family not in FAMILIES or not name:
        return key
    if family == "metric":
        name = name.removesuffix(".name").removesuffix(".meaning")
    if family == "plugin":
        name = name.partition(".")[2]
    plain = name.rsplit("/", 1)[-1].replace("_", " ")
    return plain + (f" ({', '.join(f'{k}: {v}' for k, v in values.items())})" if values else "")


def known(key: str) -> bool:
    """Return whether there is an English sentence for the key, of the house or of an extension."""
    return key in catalogue("en") or key in _brought().get("en", {})
