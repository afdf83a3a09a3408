"""Every extension found by name: built-ins as dotted strings, others by entry point or by the case's own file.

Besides the rooms, a package may bring words (group resilience.text: a function or mapping that gives {language: {key:
sentence}}, or a folder with en/*.toml and zh/*.toml) and default values (group resilience.defaults: a folder of tables
such as those in data/defaults).
"""

from __future__ import annotations

import importlib
import importlib.util
import traceback
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resilience.base.errors import InputError, near
from resilience.base.text import LANGUAGES, catalogue, read_words, say

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

BUILT_IN: dict[str, dict[str, str]] = {
    "hazards": {
        "lake-flood": "resilience.hazards.flood.lake:LakeFlood",
        "outage": "resilience.hazards.outage:Outage",
    },
    "measures": {
        "raise-road": "resilience.measures.raising:RaiseRoad",
        "flood-proof": "resilience.measures.raising:FloodProof",
        "backup-generator": "resilience.measures.generator:BackupGenerator",
        "extra-crew": "resilience.measures.crews:ExtraCrew",
    },
    "agents": {
        "informed-commuter": "resilience.agents.commuters:InformedCommuter",
        "stubborn-commuter": "resilience.agents.commuters:StubbornCommuter",
        "leontief-firm": "resilience.agents.firms:LeontiefFirm",
    },
    "metrics": {
        "traffic": "resilience.metrics.traffic",
        "travel": "resilience.metrics.travel",
        "safety": "resilience.metrics.safety",
        "economy": "resilience.metrics.economy",
    },
    "readers": {
        "tntp": "resilience.readers.tntp:read_tntp",
        "gmns": "resilience.readers.gmns:read_gmns",
        "geotiff": "resilience.readers.raster:read_raster",
    },
}


def names(room: str) -> list[str]:
    """Return the names registered in a room: hazards, measures, agents, metrics or readers.

    >>> names("hazards")[:2]
    ['lake-flood', 'outage']

    """
    return sorted({*BUILT_IN[room], *(e.name for e in brought(room))})


def brought(room: str) -> list[EntryPoint]:
    """Return what other packages register in a room."""
    return list(entry_points(group=f"resilience.{room}"))


def check_extensions() -> None:
    """Look at what is installed beside the built-ins.

    Raises
    ------
    InputError
        Two packages bring the same name or the same word, or one brings a name or word of the house; the message names
        both.

    """
    for room, own in BUILT_IN.items():
        places = dict(own)
        for entry in brought(room):
            if places.setdefault(entry.name, entry.value) != entry.value:
                values = {"room": say(f"extension.{room}"), "name": entry.name, "one": places[entry.name]}
                raise InputError(say("extension.twice", **values, two=_place(entry)))
            if entry.name not in own:
                places[entry.name] = entry.value
    brought_words()


@cache
def brought_words() -> dict[str, dict[str, str]]:
    """Return the words that extensions bring: language -> key -> sentence.

    Raises
    ------
    InputError
        A word is brought twice, overwrites one of the house, or what a package brings holds no words.

    """
    found: dict[str, dict[str, str]] = {language: {} for language in LANGUAGES}
    bringer: dict[str, str] = {}
    for entry in brought("text"):
        place = _place(entry)
        words = _words_of(entry)
        for key in dict.fromkeys(key for part in words.values() for key in part):
            first = say("extension.the_house") if key in catalogue("en") else bringer.get(key)
            if first is not None:
                raise InputError(say("extension.word_twice", word=key, one=first, two=place))
            bringer[key] = place
        for language, part in words.items():
            found[language].update(part)
    return found


def _words_of(entry: EntryPoint) -> dict[str, dict[str, str]]:
    place = _place(entry)
    try:
        given = entry.load()
        given = given() if callable(given) else given
        if isinstance(given, str | Path):
            given = {lang: read_words(Path(given) / lang) for lang in LANGUAGES}
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise InputError(say("extension.no_words", place=place, found=reason)) from error
    whole = isinstance(given, dict) and all(
        lang in LANGUAGES and isinstance(part, dict) and all(isinstance(w, str) for pair in part.items() for w in pair)
        for lang, part in given.items()
    )
    if not whole:
        raise InputError(say("extension.no_words", place=place, found=repr(given)[:80]))
    return dict(given)


def _place(entry: EntryPoint) -> str:
    """Return where an entry point comes from: its object, and the distribution that registers it."""
    return f"{entry.value} ({entry.dist.name})" if entry.dist is not None else entry.value


def find(room: str, name: str, *, code: Path | None = None) -> Any:
    """Return the class, function or module registered under `name`.

    A name of the form `file.py:Class` is looked up in the case's own file, which must be passed as `code`.

    Raises
    ------
    InputError
        Nothing is registered under the name; the message lists the near ones.

    """
    if name in BUILT_IN[room]:
        return load(BUILT_IN[room][name])
    for entry in brought(room):
        if entry.name == name:
            try:
                return entry.load()
            except Exception as error:
                raise InputError(_not_loaded(name, _place(entry), error)) from error
    if ".py:" in name:
        file, attribute = name.split(":", 1)
        if code is None:
            raise InputError(say("error.code_not_allowed", name=name))
        return from_file(code / file, attribute)
    raise InputError(say("error.unknown_plugin", room=room, name=name, expected=near(name, names(room))))


def _not_loaded(name: str, place: str, error: Exception) -> str:
    return say("extension.not_loaded", name=name, place=place, kind=type(error).__name__, reason=error)


def load(dotted: str) -> Any:
    """Return what a dotted name such as resilience.hazards.outage:Outage stands for; the module where no colon is."""
    module, _, attribute = dotted.partition(":")
    loaded = importlib.import_module(module)
    return getattr(loaded, attribute) if attribute else loaded


def from_file(path: Path, attribute: str) -> Any:
    """Return a class or function of a Python file, which is run.

    Raises
    ------
    InputError
        There is no such file, it cannot be run, or it defines no such name.

    """
    spec = importlib.util.spec_from_file_location(f"case_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise InputError(say("error.no_code_file", path=path))
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
        at = say("extension.where", file=path.name, line=lines[-1]) if lines else path.name
        raise InputError(_not_loaded(attribute, at, error)) from error
    if not hasattr(module, attribute):
        raise InputError(say("error.no_code_class", path=path, name=attribute))
    return getattr(module, attribute)
