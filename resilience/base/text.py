"""Every word a user reads: looked up by key in the files of text/en and text/zh."""

from __future__ import annotations

import os
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "zh")
_FOLDER = Path(__file__).parents[1] / "data" / "text"
_chosen: list[str] = []


@cache
def catalogue(language: str) -> dict[str, str]:
    """Return all texts of a language as one flat table, key -> sentence."""
    if language not in LANGUAGES:
        language = "en"
    flat: dict[str, str] = {}

    def walk(prefix: str, part: dict[str, Any]) -> None:
        for key, value in part.items():
            name = f"{prefix}{key}"
            if isinstance(value, dict):
                walk(f"{name}.", value)
            else:
                flat[name] = str(value)

    for file in sorted((_FOLDER / language).glob("*.toml")):
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
    """Return the sentence stored under `key`, its {blanks} filled; the key itself where there is none."""
    wanted = lang or language()
    sentence = catalogue(wanted).get(key) or catalogue("en").get(key)
    if sentence is None:
        return key
    return sentence.format(**values) if values else sentence


def known(key: str) -> bool:
    """Return whether the English catalogue has the key."""
    return key in catalogue("en")
