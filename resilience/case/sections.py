"""Read case.toml section by section against its schema, collecting every problem."""

from __future__ import annotations

import inspect
import tomllib
from typing import TYPE_CHECKING, Any

import numpy as np

from resilience.base.errors import Problem, near
from resilience.base.schema import case_schema

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pandas as pd

PARAMETER_TYPES = {"float": "number", "int": "integer", "str": "text", "list[str] | None": "list", "bool": "boolean"}


def read_toml(path: Path, problems: list[Problem]) -> dict[str, Any]:
    """Return the content of case.toml, empty where it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        problems.append(Problem("missing_file", "case.toml", found=str(path)))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        problems.append(Problem("unreadable", "case.toml", found=str(error)))
    return {}


def check_sections(config: dict[str, Any], problems: list[Problem]) -> None:
    """Append a problem for every section that the schema does not know."""
    known = case_schema()["section"].unique()
    strange = [name for name in config if name not in known]
    problems += [Problem("unknown_section", "case.toml", found=n, expected=near(n, known)) for n in strange]


def _rules(section: str) -> pd.DataFrame:
    rules = case_schema()
    return rules[rules["section"] == section].set_index("key")


def section(
    config: dict[str, Any], name: str, problems: list[Problem], given: Any = None, *, extra: bool = False
) -> dict[str, Any]:
    """Return a section with its defaults, checked against the schema; with `extra`, unknown keys are left alone."""
    rules = _rules(name)
    raw = config.get(name, {}) if given is None else given
    label = f"[{name}]"
    if not isinstance(raw, dict):
        problems.append(Problem("not_a_section", "case.toml", column=label))
        return {}
    if given is not None and isinstance(raw.get("name"), str):
        label = f'[[{name}]] "{raw["name"]}"'
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
    number = isinstance(value, int | float) and not isinstance(value, bool) and bool(np.isfinite(value))
    return {
        "text": isinstance(value, str) and value.strip() != "",
        "choice": isinstance(value, str),
        "number": number,
        "integer": number and float(value).is_integer(),
        "boolean": isinstance(value, bool),
        "list": isinstance(value, list) and all(isinstance(v, str) for v in value),
        "any": True,
    }[kind]


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
    known = {n: p for n, p in inspect.signature(function).parameters.items() if n not in skip}
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
