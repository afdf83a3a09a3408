"""The page of results: tables in Markdown around words that stand in page.md."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from string import Template
from typing import Any

WORDS = Path(__file__).with_name("page.md")
PACKAGES = ("urban-resilience", "numpy", "scipy", "numba")


@dataclass
class Table:
    """A section of the page: heading, a paragraph on what is shown, and rows with one key per column."""

    title: str
    text: str
    rows: list[dict[str, Any]] = field(default_factory=list)

    def markdown(self) -> str:
        """Return the section."""
        if not self.rows:
            return f"### {self.title}\n\n{self.text}\n\nNothing was measured.\n"
        head = list(self.rows[0])
        rule = ["---" if isinstance(self.rows[0][column], str) else "---:" for column in head]
        lines = [head, rule, *([_cell(row[column]) for column in head] for row in self.rows)]
        table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        return f"### {self.title}\n\n{self.text}\n\n{table}\n"


def _cell(value: Any) -> str:
    """Return a number with the digits that count, words as they are, a dash for nothing."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return number(value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def number(value: float) -> str:
    """Return a number with three digits that count, small ones as a power of ten with two."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 1e-2:
        return f"{value:.3g}"
    digits, power = f"{value:.1e}".split("e")
    return f"{digits.removesuffix('.0')}e{int(power)}"


def write_page(path: Path, date: str, peer: dict[str, str], tables: list[Table], *, quick: bool) -> None:
    """Write the page; `peer` names the packages of the peer's environment with their versions."""
    here = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    there = ", ".join(f"{name} {number}" for name, number in peer.items()) or "not run"
    words = Template(WORDS.read_text(encoding="utf-8"))
    text = words.substitute(
        date=date,
        machine=machine() + (", **by a quick run that only tries the command out**" if quick else ""),
        versions=f"Ours: Python {platform.python_version()}, {here}. Peer: {there}.",
        sections="\n".join(table.markdown() for table in tables).rstrip(),
    )
    path.write_text(text, encoding="utf-8")


def machine() -> str:
    """Return the processor and the number of cores."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8", errors="replace").splitlines() if info.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores"
