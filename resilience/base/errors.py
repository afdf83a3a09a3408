"""The named errors, and Problem: one thing that is wrong in what a user gave us."""

from __future__ import annotations

import difflib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from resilience.base.text import say

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Problem:
    """One fault of the input: where it is, what was found, what would be right.

    `row` counts lines of the file as an editor does (the header is line 1).
    """

    key: str
    file: str
    row: int | None = None
    column: str | None = None
    found: str = ""
    expected: str = ""

    def __str__(self) -> str:
        where = [self.file]
        if self.row is not None:
            where.append(say("problem.at_row", row=self.row))
        if self.column is not None:
            where.append(say("problem.at_column", column=self.column))
        sentence = say(f"problem.{self.key}", found=self.found, expected=self.expected)
        return f"{', '.join(where)}: {sentence}"


@dataclass(frozen=True)
class Notice:
    """An effect of the input that stops nothing but that a user should know of; told in the reader's language."""

    key: str
    values: dict[str, str]

    def __str__(self) -> str:
        return say(f"notice.{self.key}", **self.values)


def near(name: str, names: Iterable[object]) -> str:
    """Return a phrase that names the known names closest to `name`, or all of them where they are few."""
    known = sorted({str(n) for n in names})
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    if close:
        return say("problem.near", names=", ".join(close))
    if known and len(known) <= 12:
        return say("problem.one_of", names=", ".join(known))
    return say("problem.none_near", count=len(known))


def some(names: Iterable[object]) -> str:
    """Return the first few names, and how many there are where these are not all."""
    known = [str(n) for n in names]
    return ", ".join(known[:4]) + (f", … ({len(known)})" if len(known) > 4 else "")


def check_once(names: Iterable[str], label: str, problems: list[Problem]) -> None:
    """Append a problem for every name that a list holds more than once."""
    many = Counter(names)
    problems += [Problem("named_twice", "case.toml", column=label, found=n) for n in many if many[n] > 1]


class ResilienceError(Exception):
    """Base of all errors a user can cause; its text is complete without a traceback."""


class CaseError(ResilienceError):
    """A case cannot be loaded; carries every problem found, not just the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        lines = "\n".join(f"  - {p}" for p in self.problems)
        super().__init__(say("problem.case_head", count=len(self.problems)) + "\n" + lines)

    def __reduce__(self) -> tuple[type[CaseError], tuple[list[Problem]]]:
        return CaseError, (self.problems,)


class InputError(ResilienceError):
    """An argument, a name or a file given by the user is not usable."""


class RunError(ResilienceError):
    """A run cannot start, go on or be read."""


class StoppedError(ResilienceError):
    """The user stopped a run; what was finished is kept."""
