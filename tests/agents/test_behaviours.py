"""Behaviours are swapped by naming a class in the case; a class of the case's own runs only when allowed."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from resilience.base.errors import CaseError
from resilience.base.streams import Streams
from resilience.case.case import load_case
from resilience.simulation.baseline import baseline
from resilience.simulation.engine import run
from tests.places import CASES


@pytest.fixture
def own_behaviour(tmp_path):
    folder = tmp_path / "falls"
    shutil.copytree(CASES / "sioux_falls", folder)
    config = (folder / "case.toml").read_text(encoding="utf-8")
    changed = config.replace('commuters = "informed-commuter"', 'commuters = "cautious.py:CautiousCommuter"')
    assert changed != config
    (folder / "case.toml").write_text(changed, encoding="utf-8")
    return folder


def first_morning(folder, **more):
    case = load_case(folder, **more)
    people = case.population(1)
    ordinary = baseline(case.city.road, people, 1e-3)
    scenario = case.scenarios["lake-3m"]
    record = run(
        case.inputs, scenario, option="do-nothing", streams=Streams(1, 0), people=people, ordinary=ordinary,
        code=case.code,
    )  # fmt: skip
    hour = case.inputs.rhythm.morning
    return {name: record.series[f"travel/{name}", "all"][hour] for name in ("go", "warned", "telework")}


def test_the_example_is_short():
    lines = (CASES / "sioux_falls" / "cautious.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 40


def test_code_of_a_case_runs_only_when_allowed(own_behaviour):
    with pytest.raises(CaseError, match="--allow-code"):
        load_case(own_behaviour)


def test_cautious_people_stay_in_when_warned(own_behaviour):
    cautious = first_morning(own_behaviour, allow_code=True)
    usual = first_morning(CASES / "sioux_falls")
    assert cautious["go"] < 0.7 * usual["go"]
    assert cautious["warned"] > usual["warned"]
    assert np.isclose(sum(usual.values()), sum(cautious.values()), rtol=0.2)
