"""In which line of case.toml a fault stands: tomllib says nothing of lines, so keys are looked up again."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from resilience.base.errors import Problem

_SECTION = re.compile(r"\s*(\[\[?)\s*([\w-]+)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"\s*[\"']?([\w-]+)[\"']?\s*=\s*(.*)")
_WORD = re.compile(r"[\"'](.*?)[\"']")
_LABEL = re.compile(r"\[+(?P<section>\w+)\]+(?: \"(?P<name>.*?)\")?(?: (?P<keys>.*))?$")


@dataclass
class _Part:
    section: str
    line: int
    name: str = ""
    keys: dict[str, int] = field(default_factory=dict)


def with_lines(problems: list[Problem], text: str) -> list[Problem]:
    r"""Return the problems, those of case.toml with the line of their key or section where it can be found.

    >>> from resilience.base.errors import Problem
    >>> fault = Problem("wrong_type", "case.toml", column="[case] price_year", found="'x'", expected="integer")
    >>> with_lines([fault], "[case]\nprice_year = 'x'")[0].row
    2

    """
    parts = _parts(text)
    return [_placed(p, parts) if p.file == "case.toml" and p.row is None else p for p in problems]


def _parts(text: str) -> list[_Part]:
    parts = [_Part("", 1)]
    inside = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if inside:
            inside = "" if inside in line else inside
            continue
        if found := _SECTION.match(line):
            parts.append(_Part(found[2], number))
        elif found := _KEY.match(line):
            part, value = parts[-1], found[2]
            part.keys.setdefault(found[1], number)
            if found[1] in ("name", "metric") and (word := _WORD.match(value)):
                part.name = part.name or word[1]
            for quotes in ('"""', "'''"):
                inside = quotes if value.count(quotes) == 1 else inside
    return parts


def _placed(problem: Problem, parts: list[_Part]) -> Problem:
    if problem.key == "unknown_section":
        here = next((p.line for p in parts if p.section == problem.found), parts[0].keys.get(problem.found))
        return problem if here is None else replace(problem, row=here)
    label = _LABEL.match(problem.column or "")
    if label is None:
        return problem
    mine = [p for p in parts if p.section == label["section"] and (label["name"] is None or p.name == label["name"])]
    if not mine:
        return problem
    twice = problem.key in ("duplicate_id", "twice")
    keys = [*re.split(r",? ", label["keys"] or ""), *([problem.found] if problem.key == "unknown_key" else [])]
    if twice:
        mine = [p for p in mine if p.name == problem.found][1:2] or mine
    for part in mine:
        for key in keys:
            if key in part.keys:
                return replace(problem, row=part.keys[key])
    return replace(problem, row=mine[0].line)
