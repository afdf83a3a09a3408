"""The pages of the documentation match the data, and what README says can be done."""

from __future__ import annotations

import importlib.util
import re

import pytest

from tests.places import ROOT


def pages():
    spec = importlib.util.spec_from_file_location("docs_build", ROOT / "docs" / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.PAGES


@pytest.mark.parametrize("name", ["parameters.md", "case-format.md", "metrics.md"])
def test_the_page_is_up_to_date(name):
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == pages()[name](), "run: python docs/build.py"


def test_files_that_readme_names_exist():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    linked = re.findall(r"\]\(([^)#:]+)\)", text)
    assert linked
    for name in linked:
        assert (ROOT / name).exists(), name


def test_python_blocks_of_the_tutorials_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = 0
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
        if blocks:
            found += len(blocks)
            exec(compile("\n".join(blocks), str(page), "exec"), {})  # noqa: S102 - our own documentation
    assert found


def test_nothing_names_a_registry_or_a_path_of_a_machine():
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert "--hash" not in text
