"""The pages of the documentation match the data, and what README says can be done."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib

import pytest

from resilience.case.case import load_case
from resilience.stress.stress import stress_test
from tests.places import CASES, ROOT


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


TUTORIALS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
NOT_HERE = ("dashboard",)  # a server that does not end
SPARED = {
    r"--replicates \d+": "--replicates 1",
    r"criticality porto_alegre --most \d+": "criticality sioux_falls --most 5",
    r"resilience run ": "resilience run --workers 1 ",
}


def blocks_of(page):
    return re.findall(r"```(\w+)\n(.*?)```", page.read_text(encoding="utf-8"), re.S)


def shell_line(line, folder):
    """Run a line of a shell block as a reader would; lines of make are only looked up."""
    command = line.split("#")[0].strip()
    if command.startswith("make "):
        target = command.split()[1]
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M), command
        return
    if command.startswith(".venv/bin/pytest "):
        assert (ROOT / command.split()[1]).exists(), command
        return
    if not command or command.split()[1] in NOT_HERE or "path/to/" in command:
        return
    for old, new in SPARED.items():
        command = re.sub(old, new, command)
    command = re.sub(r"^resilience ", f"{shlex.quote(sys.executable)} -m resilience.cli.main ", command)
    ended = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True, check=False,  # noqa: S602
                           env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=600)  # fmt: skip
    assert ended.returncode == 0, f"{command}\n{ended.stdout}{ended.stderr}"


@pytest.mark.parametrize("page", TUTORIALS, ids=[page.name for page in TUTORIALS])
def test_every_block_of_a_page_runs_as_it_stands(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    shutil.copytree(CASES / "sioux_falls", tmp_path / "sioux_falls")
    names = {}
    for kind, block in blocks_of(page):
        file = re.match(r"# (\w+\.py)\n", block)
        if kind == "toml":
            tomllib.loads(block)
        elif kind == "sh":
            for line in block.replace("\\\n", " ").splitlines():
                shell_line(line, tmp_path)
        elif file:
            (tmp_path / file[1]).write_text(block, encoding="utf-8")
        else:
            assert kind == "python", kind
            exec(compile(block, str(page), "exec"), names)  # noqa: S102 - our own documentation


def test_contributing_has_an_example_of_each_kind_of_extension():
    blocks = [block for kind, block in blocks_of(ROOT / "CONTRIBUTING.md") if kind == "python" and block[:2] == "# "]
    for part in ("def start(", "def apply(", "def decide(", "Metric(", "def read_"):
        assert any(part in block for block in blocks), part


def test_the_extensions_of_contributing_run_in_a_case_without_an_error_that_should_not_happen(tmp_path):
    folder = shutil.copytree(CASES / "sioux_falls", tmp_path / "falls")
    blocks = blocks_of(ROOT / "CONTRIBUTING.md")
    for kind, block in blocks:
        if kind == "python" and (file := re.match(r"# (\w+\.py)\n", block)):
            (folder / file[1]).write_text(block, encoding="utf-8")
    config = (
        (folder / "case.toml").read_text(encoding="utf-8").replace('"informed-commuter"', '"homebirds.py:HomeBirds"')
    )
    config += next(block for kind, block in blocks if kind == "toml" and "[[hazard]]" in block)
    config += '\n[[measure]]\nname = "wide"\nkind = "verges.py:WidenRoads"\nwhere = "road.lanes >= 1"\ncapex = 1e6\n'
    config += '\n[[option]]\nname = "wide"\nmeasures = ["wide"]\n'
    (folder / "case.toml").write_text(config, encoding="utf-8")
    case = load_case(folder, allow_code=True)
    found = stress_test(case, scenarios=["wind-50"], options=["wide"], replicates=1, out=tmp_path / "run")
    scenario = found.manifest["scenarios"][0]
    assert scenario["severity_unit"] == {"wind": "m/s"}
    events = found.table("events")
    assert (events["reason"] == "blown_over").any()


def test_nothing_names_a_registry_or_a_path_of_a_machine():
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert "--hash" not in text
