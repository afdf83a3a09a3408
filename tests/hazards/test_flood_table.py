from __future__ import annotations

import importlib.util
from pathlib import Path

CASE = Path(__file__).parents[2] / "cases" / "porto_alegre"


def test_the_table_of_what_floods_is_what_the_engine_gives():
    spec = importlib.util.spec_from_file_location("build_floods", CASE / "build_floods.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.table(CASE) in (CASE / "README.md").read_text(encoding="utf-8")
