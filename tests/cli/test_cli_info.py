"""`resilience info`: what it says, and that a second compilation finds nothing to do."""

from __future__ import annotations

from typer.testing import CliRunner

from resilience import __version__
from resilience.cli.main import app
from resilience.stress import compiled


def test_info_says_version_and_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("RESILIENCE_CACHE", str(tmp_path / "kept"))
    found = CliRunner().invoke(app, ["info"])
    assert found.exit_code == 0
    assert __version__ in found.output
    assert str(tmp_path / "kept") in found.output
    assert " of " not in found.output


def test_kernels_are_compiled_once(monkeypatch):
    monkeypatch.setattr(compiled, "QUESTIONS", {"trees": compiled.QUESTIONS["trees"]})
    CliRunner().invoke(app, ["info", "--compile"])
    again = CliRunner().invoke(app, ["info", "--compile"])
    assert again.exit_code == 0, again.output
    assert "1 of 1: assignment on small networks ..." in again.output
    assert "All kernels are there already" in again.output


def test_a_kernel_that_was_not_there_is_counted(monkeypatch):
    counts = iter([3, 5])
    monkeypatch.setattr(compiled, "_compiled", lambda: next(counts))
    monkeypatch.setattr(compiled, "QUESTIONS", {"trees": lambda: None})
    found = CliRunner().invoke(app, ["info", "--compile"])
    assert "2 kernels are compiled" in found.output
