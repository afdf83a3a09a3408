"""Every example in a docstring of the package runs and gives what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import resilience

MODULES = sorted(m.name for m in pkgutil.walk_packages(resilience.__path__, "resilience."))
NEEDED = [
    "base.streams",
    "base.clock",
    "base.text",
    "base.causes",
    "traffic.demand",
    "traffic.graph",
    "results.grades",
    "city.selection",
    "hazards.hazard",
    "measures.measure",
    "agents.behaviour",
    "metrics.metric",
    "metrics.curve",
    "readers.reader",
    "testing",
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name):
    found = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert found.failed == 0


@pytest.mark.parametrize("name", NEEDED)
def test_modules_whose_use_is_best_shown_have_an_example(name):
    finder = doctest.DocTestFinder()
    assert any(test.examples for test in finder.find(importlib.import_module(f"resilience.{name}"))), name
