"""Collects what the long checks measured and writes it into the page that VERIFY_REPORT names."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path

import pytest

HEAD = """# What was verified

Made by `make verify`. Times and memory were measured on the machine at hand (two cores) and are for orientation.

"""


@pytest.fixture(scope="session")
def report():
    lines: list[str] = []
    yield lines.append
    target = os.environ.get("VERIFY_REPORT")
    if target and lines:
        made_with = ", ".join(f"{n} {version(n)}" for n in ("numpy", "numba", "scipy", "pandas", "mesa", "simpy"))
        Path(target).write_text(HEAD + f"Versions: {made_with}\n\n" + "\n".join(sorted(lines)) + "\n", encoding="utf-8")
