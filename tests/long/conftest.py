"""Collects what the long checks measured and writes it into the page that VERIFY_REPORT names."""

from __future__ import annotations

import csv
import os
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.places import ROOT

HEAD = """# What was verified

Made by `make verify`. Times and memory were measured on the machine at hand (two cores) and are for orientation.

"""


TARGETS = """
## Validation targets

A test that is named runs in `make test`; *not built* is a capability that the framework does not have yet.

| target | what | met by |
| --- | --- | --- |
"""


def targets() -> str:
    """Return the table of all validation targets, from docs/targets.csv."""
    rows = csv.DictReader((ROOT / "docs" / "targets.csv").read_text(encoding="utf-8").splitlines())
    said = {"": "not built", "-": ""}
    return TARGETS + "".join(
        f"| {r['target']} | {r['what']} | {said.get(r['test'], '`' + r['test'] + '`')} |\n" for r in rows
    )


@pytest.fixture(scope="session")
def report():
    lines: list[str] = []
    yield lines.append
    target = os.environ.get("VERIFY_REPORT")
    if target and lines:
        made_with = ", ".join(f"{n} {version(n)}" for n in ("numpy", "numba", "scipy", "pandas", "mesa", "simpy"))
        Path(target).write_text(
            HEAD + f"Versions: {made_with}\n\n" + "\n".join(sorted(lines)) + "\n" + targets(), encoding="utf-8"
        )
