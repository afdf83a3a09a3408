"""The house itself: rooms only, no crowded file, and nothing of the old one left in its words."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import grimp
import networkx as nx
import pytest

import resilience

HOUSE = Path(resilience.__file__).parent
ROOMS = {"base", "traffic", "results", "networks", "readers", "city", "hazards", "measures", "agents", "metrics",
         "case", "simulation", "stress", "cli"}  # fmt: skip
MOST_LINES = 800


def test_the_package_holds_its_public_names_and_rooms_only():
    files = {f.name for f in HOUSE.iterdir() if f.is_file()}
    assert files <= {"__init__.py", "testing.py", "py.typed"}
    folders = {f.name for f in HOUSE.iterdir() if f.is_dir() and f.name not in ("__pycache__", "data", "shipped")}
    assert folders == ROOMS


def test_no_module_is_crowded():
    crowded = {
        str(f.relative_to(HOUSE)): many
        for f in HOUSE.rglob("*.py")
        if (many := len(f.read_text(encoding="utf-8").splitlines())) > MOST_LINES
    }
    assert not crowded


@pytest.mark.parametrize("name", resilience.__all__)
def test_every_public_name_is_there(name):
    assert getattr(resilience, name) is not None


def test_documents_name_files_that_are_there(root):
    """A path of the package that a page names exists."""
    pages = [root / "README.md", root / "CONTRIBUTING.md", *(root / "docs").glob("*.md")]
    named = {
        (page.name, path)
        for page in pages
        for path in re.findall(r"`(resilience/[\w/]+\.(?:py|csv|toml))`", page.read_text(encoding="utf-8"))
    }
    missing = sorted((page, path) for page, path in named if not (root / path).exists())
    assert not missing


def test_every_validation_target_that_is_met_names_a_test_that_is_there(root):
    with (root / "docs" / "targets.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [r["target"] for r in rows] == [f"T-{n:02d}" for n in range(1, 46)]
    for row in rows:
        path, _, name = row["test"].partition("::")
        if name:
            assert f"def {name}(" in (root / path).read_text(encoding="utf-8"), row


def test_no_circle_of_imports():
    graph = grimp.build_graph("resilience", "dashboard", exclude_type_checking_imports=True)
    ends = [(m, n) for m in graph.modules for n in graph.find_modules_directly_imported_by(m)]
    circles = [sorted(part) for part in nx.strongly_connected_components(nx.DiGraph(ends)) if len(part) > 1]
    assert not circles
