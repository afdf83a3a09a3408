"""`resilience check module:Name` and file.py:Name: what passed, what failed, and how it ends."""

from __future__ import annotations

import sys

import pytest

from resilience.cli import main as cli

WIND = """
from dataclasses import dataclass
import numpy as np
from resilience import Damage, Event

@dataclass(frozen=True)
class Wind:
    unit = "m/s"

    def start(self, inputs, severity, onset, streams):
        nodes = inputs.city["power_nodes"].index
        draw = {draw}
        return Event.at_once(Damage.of(nodes[draw < severity / 50], repair_hours=3.0, cause="flooded"), onset.hour)
"""


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["resilience", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        found = capsys.readouterr()
        assert "Traceback" not in found.out + found.err
        return ended.value.code, found.out, found.err

    return run


def test_a_good_extension_passes(call, tmp_path):
    (tmp_path / "wind.py").write_text(WIND.format(draw='streams.uniform("wind", nodes)'))
    code, out, _ = call("check", "wind.py:Wind", "--allow-code")
    assert code == 0
    assert 'hazard "Wind"' in out
    assert "Wind: all 10 checks passed" in out


def test_a_broken_extension_fails_with_code_2(call, tmp_path):
    (tmp_path / "wind.py").write_text(WIND.format(draw="np.random.default_rng(1).random(len(nodes))"))
    code, out, err = call("check", "wind.py:Wind", "--allow-code")
    assert code == 2
    assert "FAILED  the order of rows and agents is of no account" in out
    assert "1 of 10 checks failed" in err


def test_a_file_is_run_only_when_allowed(call, tmp_path):
    (tmp_path / "wind.py").write_text("raise SystemExit(9)")
    code, _, err = call("check", "wind.py:Wind")
    assert code == 2
    assert "only with --allow-code" in err


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("resilience.no_such:Thing", "cannot be loaded from resilience.no_such"),
        ("resilience.hazards.outage:Outrage", 'defines no "Outrage"'),
        ("resilience.hazards.outage:PATTERNS", "neither hazard"),
        ("gone.py:Wind", "is not there"),
    ],
)
def test_what_cannot_be_found_is_said(call, what, words):
    code, _, err = call("check", what, "--allow-code")
    assert code == 2
    assert words in err


def test_a_module_and_a_reader_with_its_example(call, tmp_path):
    code, out, _ = call("check", "resilience.hazards.outage:Outage")
    assert code == 0
    assert "passed" in out
    code, _, err = call("check", "resilience.readers.tntp:read_tntp")
    assert "--example FILE" in err
    (tmp_path / "bad").write_text("x")
    code, out, _ = call("check", "resilience.readers.tntp:read_tntp", "--example", "bad")
    assert code == 2
    assert "FAILED  the example is read" in out


def test_in_chinese(call):
    code, out, _ = call("--lang", "zh", "check", "resilience.agents.firms:LeontiefFirm")
    assert code == 0
    assert "行为“LeontiefFirm”" in out or "行为" in out
