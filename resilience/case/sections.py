"""Read case.toml, all of its sections at once, against its schema, collecting every problem."""

from __future__ import annotations

import inspect
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from resilience.base.errors import Problem, near
from resilience.base.schema import case_schema

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pandas as pd

SINGLE = ("case", "periods", "traffic", "operations", "behaviour")
SEVERAL = ("vehicle_class", "hazard", "scenario", "ladder", "measure", "option", "tolerance")
OWN_KEYS = ("hazard", "measure")  # kinds of these have keys of their own
PARAMETER_TYPES = {"float": "number", "int": "integer", "str": "text", "list[str] | None": "list", "list[str]": "list",
                   "tuple[str, ...]": "list", "bool": "boolean"}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One [[section]]: how messages call it, its keys as far as the schema accepts them, and all that was given."""

    label: str
    head: dict[str, Any]
    given: dict[str, Any]

    @property
    def name(self) -> str:
        """The name given, empty where there is none."""
        return str(self.head.get("name", ""))


@dataclass(frozen=True)
class Sections:
    """All of case.toml: the [sections] by name with their defaults, and the entries of the [[sections]] by name."""

    single: dict[str, dict[str, Any]] = field(default_factory=dict)
    several: dict[str, list[Entry]] = field(default_factory=dict)


def read_sections(config: dict[str, Any], problems: list[Problem]) -> Sections:
    """Return the sections of case.toml; whatever does not fit the schema is appended to `problems`."""
    known = case_schema()["section"].unique()
    strange = [name for name in config if name not in known]
    problems += [Problem("unknown_section", "case.toml", found=n, expected=near(n, known)) for n in strange]
    single = {name: section(config, name, problems) for name in SINGLE}
    several = {}
    for name in SEVERAL:
        several[name] = [
            Entry(label_of(name, given), section(config, name, problems, given, extra=name in OWN_KEYS), given)
            for given in entries(config, name, problems)
        ]
    return Sections(single, several)


def label_of(name: str, given: dict[str, Any]) -> str:
    """Return how messages call an entry: by its name, or by the metric of a tolerance.

    >>> label_of("scenario", {"name": "lake-3m"})
    '[[scenario]] "lake-3m"'

    """
    called = given.get("metric" if name == "tolerance" else "name")
    return f'[[{name}]] "{called}"' if isinstance(called, str) else f"[[{name}]]"


def read_toml(path: Path, problems: list[Problem]) -> dict[str, Any]:
    """Return the content of case.toml, empty where it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        problems.append(Problem("missing_file", "case.toml", found=str(path)))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        problems.append(Problem("unreadable", "case.toml", found=str(error)))
    return {}


def _rules(section: str) -> pd.DataFrame:
    rules = case_schema()
    return rules[rules["section"] == section].set_index("key")


def section(
    config: dict[str, Any],
    name: str,
    problems: list[Problem],
    given: Any = None,
    *,
    extra: bool = False,
    called: str | None = None,
) -> dict[str, Any]:
    """Return a section with its defaults, checked against the schema; with `extra`, unknown keys are left alone."""
    rules = _rules(name)
    raw = config.get(name, {}) if given is None else given
    label = called or (f"[{name}]" if given is None else label_of(name, given))
    if not isinstance(raw, dict):
        problems.append(Problem("not_a_section", "case.toml", column=label))
        return {}
    result: dict[str, Any] = {}
    for key, value in raw.items():
        if key not in rules.index:
            if not extra:
                expected = near(key, rules.index)
                problems.append(Problem("unknown_key", "case.toml", column=label, found=key, expected=expected))
            continue
        if _fits(value, rules.loc[key], label, key, problems):
            result[key] = value
    for key in rules.index:
        if key in raw:
            continue
        if rules.at[key, "required"] == "yes":
            problems.append(Problem("missing_key", "case.toml", column=label, found=str(key)))
        elif rules.at[key, "default"] != "":
            result[str(key)] = _default(rules.loc[key])
    return result


def _default(rule: pd.Series) -> Any:
    text, kind = rule["default"], rule["type"]
    if kind == "integer":
        return int(text)
    if kind == "number":
        return float(text)
    return text == "1" if kind == "boolean" else text


def _fits(value: Any, rule: pd.Series, label: str, key: str, problems: list[Problem]) -> bool:
    kind = rule["type"]
    where = f"{label} {key}"
    if not _is_of_type(value, kind):
        problems.append(Problem("wrong_type", "case.toml", column=where, found=repr(value), expected=kind))
        return False
    if kind == "choice" and value not in rule["choices"].split("|"):
        expected = near(value, rule["choices"].split("|"))
        problems.append(Problem("not_a_choice", "case.toml", column=where, found=value, expected=expected))
        return False
    if kind in ("number", "integer"):
        least, most = rule["least"], rule["most"]
        if least.startswith(">") and value <= float(least[1:]):
            problems.append(
                Problem("too_small", "case.toml", column=where, found=str(value), expected=f"> {least[1:]}")
            )
            return False
        if least and not least.startswith(">") and value < float(least):
            problems.append(Problem("too_small", "case.toml", column=where, found=str(value), expected=f">= {least}"))
            return False
        if most and value > float(most):
            problems.append(Problem("too_large", "case.toml", column=where, found=str(value), expected=f"<= {most}"))
            return False
    return True


def _is_of_type(value: Any, kind: str) -> bool:
    number = _is_number(value)
    words = isinstance(value, list) and all(isinstance(v, str) for v in value)
    return {
        "text": isinstance(value, str) and value.strip() != "",
        "choice": isinstance(value, str),
        "number": number,
        "integer": number and float(value).is_integer(),
        "boolean": isinstance(value, bool),
        "list": words,
        "numbers": isinstance(value, list) and all(_is_number(v) for v in value),
        "severities": isinstance(value, list) and all(isinstance(v, dict) or _is_number(v) for v in value),
        "names": words or (isinstance(value, str) and value.strip() != ""),
        "any": True,
    }[kind]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and bool(np.isfinite(value))


def entries(config: dict[str, Any], name: str, problems: list[Problem]) -> list[dict[str, Any]]:
    """Return the [[name]] entries of case.toml, names checked to be unique."""
    raw = config.get(name, [])
    if not isinstance(raw, list) or not all(isinstance(entry, dict) for entry in raw):
        problems.append(Problem("not_a_list", "case.toml", column=f"[[{name}]]"))
        return []
    seen: set[str] = set()
    for entry in raw:
        label = entry.get("name")
        if isinstance(label, str) and label in seen:
            problems.append(Problem("duplicate_id", "case.toml", column=f"[[{name}]] name", found=label))
        seen.add(str(label))
    return raw


def check_arguments(
    function: Any, given: dict[str, Any], label: str, problems: list[Problem], skip: tuple[str, ...] = ()
) -> bool:
    """Return whether a section fits the parameters of a plugin; faults are appended to `problems`."""
    before = len(problems)
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    known = {n: p for n, p in inspect.signature(function).parameters.items() if n not in skip and p.kind in named}
    strange = [key for key in given if key not in known]
    problems += [Problem("unknown_key", "case.toml", column=label, found=k, expected=near(k, known)) for k in strange]
    for name, parameter in known.items():
        if name not in given:
            if parameter.default is inspect.Parameter.empty:
                problems.append(Problem("missing_key", "case.toml", column=label, found=name))
            continue
        kind = PARAMETER_TYPES.get(str(getattr(parameter.annotation, "__name__", parameter.annotation)))
        if kind is not None and not _is_of_type(given[name], kind):
            where = f"{label} {name}"
            problems.append(Problem("wrong_type", "case.toml", column=where, found=repr(given[name]), expected=kind))
    return len(problems) == before


def leaves(folder: Path, name: str) -> bool:
    """Return whether a word names a file outside the folder of the case."""
    try:
        path = (folder / name).resolve()
        return path.is_file() and not path.is_relative_to(folder.resolve())
    except (OSError, ValueError):
        return False


def check_names(
    wanted: Iterable[str], known: Iterable[str], label: str, problems: list[Problem], key: str = "unknown_name"
) -> None:
    """Append a problem for every name that is not known, with near names."""
    names_known = list(known)
    strange = [name for name in wanted if name not in names_known]
    problems += [Problem(key, "case.toml", column=label, found=n, expected=near(n, names_known)) for n in strange]
