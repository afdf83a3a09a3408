"""A grade as a chip: word, sign, colour and border pattern, so that colour never stands alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import html

if TYPE_CHECKING:
    from dashboard.words import Words

SIGNS = {"PASS": "✓", "PARTLY": "◐", "FAIL": "✕", "NOT RESOLVED": "?"}


def chip(words: Words, grade: str) -> Any:
    """Return the chip of a grade."""
    name = grade.lower().replace(" ", "-")
    return html.Span(
        [html.Span(SIGNS.get(grade, ""), className="sign", **{"aria-hidden": "true"}), words.grade(grade)],
        className=f"chip {name}",
        title=words.say(f"grade_meaning.{grade}"),
    )
