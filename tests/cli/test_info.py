"""`resilience info`: versions, and kernels compiled ahead."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from resilience.cli import kernels
from resilience.cli.main import app


def run(*words):
    found = CliRunner().invoke(app, [*words])
    assert found.exit_code == 0, found.output
    return found.output


def test_info_names_versions_and_the_machine():
    told = json.loads(run("info", "--json"))
    assert told["cores"] >= 1
    assert set(told["libraries"]) >= {"numpy", "numba", "mesa", "simpy", "networkx", "igraph", "pandas", "dash"}
    assert told["version"] in run("info")


def test_the_jobs_call_every_kernel_of_the_modules_they_load():
    """A kernel that no job calls is compiled in front of a user."""
    run("info", "--compile", "--json")
    names = dict(kernels.kernels())
    assert "resilience.traffic.equilibrium.passes.advance" in names
    kept = {
        name: Path(kernel.stats.cache_path).glob(f"*.{name.split('.')[-1]}-*.nbc") for name, kernel in names.items()
    }
    assert [name for name, files in kept.items() if not any(files)] == []


def test_compiling_again_finds_all_on_disk():
    run("info", "--compile", "--json")
    assert json.loads(run("info", "--compile", "--json"))["compiled"] == 0
    english = run("info", "--compile")
    assert english.count("on disk already") == len(kernels.jobs())
    assert "已在磁盘上" in run("--lang", "zh", "info", "--compile")
    run("--lang", "en", "info")
