# ruff: noqa: E501 - a fault a line
"""Ladders that make their scenarios, and what is refused."""

from __future__ import annotations

import tomllib

import pytest

from resilience.base.clock import Onset
from resilience.base.errors import CaseError
from resilience.case.case import load_case
from resilience.case.sections import read_sections
from resilience.case.trials import read_trials
from tests.places import CASES, ROOT
from tests.tiny import POWER, write_case

LADDER = """
[[ladder]]
name = "dark"
hazard = ["dark"]
severities = [0.25, 0.5, 1]
names = "dark-{percent}"
return_periods_years = [10, 20, 50]
return_period_known = "estimated"
onset = "Tuesday 06:00"
warning_hours = 3
horizon_days = 2
"""


def trials(text):
    problems = []
    found = read_trials(read_sections(tomllib.loads(text), problems), None, problems)
    assert not problems
    return found


@pytest.mark.parametrize("name", ["sioux_falls", "porto_alegre"])
def test_the_shipped_cases_ask_for_what_they_asked_for_when_every_scenario_was_written_out(name):
    short = (CASES / name / "case.toml").read_text(encoding="utf-8")
    long = (ROOT / "tests" / "case" / "written_out" / f"{name}.toml").read_text(encoding="utf-8")
    ours, theirs = trials(short), trials(long)
    assert list(ours.scenarios.items()) == list(theirs.scenarios.items())
    assert (ours.ladders, ours.options, ours.tolerances) == (theirs.ladders, theirs.options, theirs.tolerances)
    others = [{k: v for k, v in tomllib.loads(t).items() if k not in ("scenario", "ladder")} for t in (short, long)]
    assert others[0] == others[1]
    assert short.count("[[scenario]]") == 1


def load(folder, ladder):
    return load_case(write_case(folder / "c", POWER | {"zones": "id,x,y\nZ,0,0"}, more=ladder))


def test_a_ladder_makes_scenarios(tmp_path):
    case = load(tmp_path, LADDER)
    assert list(case.scenarios) == ["dark-25", "dark-50", "dark-100", "dark-all"]
    middle = case.scenarios["dark-50"]
    assert (middle.severity, middle.onset, middle.horizon_days) == ({"dark": 0.5}, Onset(1, 6), 2)
    assert (middle.warning_hours, middle.return_period_years, middle.return_period_known) == (3.0, 20.0, "estimated")
    assert case.ladders[0].scenarios == ("dark-25", "dark-50", "dark-100")


def test_names_may_be_listed_severities_be_of_several_hazards_and_the_rest_be_left_out(tmp_path):
    second = '\n[[hazard]]\nname = "late"\nkind = "outage"\namong = "power.kind == \'source\'"\nstart_hour = 3\n'
    ladder = """
[[ladder]]
name = "both"
hazard = ["dark", "late"]
severities = [{ dark = 0.0, late = 0.5 }, { dark = 1, late = 0.5 }]
names = ["half", "whole"]
onset = "Monday 05:00"
"""
    case = load(tmp_path, second + ladder)
    assert case.scenarios["whole"].severity == {"dark": 1.0, "late": 0.5}
    assert case.scenarios["half"].horizon_days == 14
    assert case.scenarios["half"].return_period_years is None


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[10, 20, 50]", "[10, 20]", ["return_periods_years", "has 2 values", "each of the 3 severities"]),
        ("[10, 20, 50]", "[10, 20, -1]", ['[[ladder]] "dark" return_period_years', "found -1"]),
        ("[10, 20, 50]", "[10, 20, 'x']", ["return_periods_years", "numbers"]),
        ('"dark-{percent}"', '["a", "b"]', ["names", "has 2 values", "each of the 3 severities"]),
        ('"dark-{percent}"', '["a", "b", "b"]', ['scenario "b" is made twice']),
        ('"dark-{percent}"', '["a", "b", "dark-all"]', ['scenario "dark-all" is made twice', '[[scenario]] "dark-all"']),
        ('"dark-{percent}"', '"dark"', ['"dark" makes no name', "lake-{severity}m"]),
        ('"dark-{percent}"', '"dark-{share}"', ["makes no name"]),
        ('"dark-{percent}"', '"dark-{"', ["makes no name"]),
        ('names = "dark-{percent}"', "", ['the key "names" is missing']),
        ("[0.25, 0.5, 1]", "[0.25, 1, 0.5]", ["severities", "must rise; found 1, 0.5"]),
        ("[0.25, 0.5, 1]", "[0.25, 0.5, 0.5]", ["must rise"]),
        ("[0.25, 0.5, 1]", "[0.25, 0.5, { dark = 1 }]", ["must rise"]),
        ("[0.25, 0.5, 1]", "[0.25, 0.5, 1.5]", ['[[ladder]] "dark" severity', "between 0 and 1; found 1.5"]),
        ("[0.25, 0.5, 1]", "[0.25, 0.5, true]", ["severities", "True"]),
        ("[0.25, 0.5, 1]", "[]", ["severities", "the list is empty"]),
        ("severities = [0.25, 0.5, 1]", "", ["neither scenarios"]),
        ("severities = [0.25, 0.5, 1]", 'severities = [0.5]\nscenarios = ["dark-all"]', ["both scenarios and severities"]),
        ("severities = [0.25, 0.5, 1]", 'scenarios = ["dark-all"]', ['"onset" has an effect only in a ladder']),
        ('["dark"]', '["drak"]', ['[[ladder]] "dark" hazard', "did you mean: dark"]),
        ('"Tuesday 06:00"', '"Tuesday"', ['[[ladder]] "dark" onset', "Thursday 05:00"]),
        ('onset = "Tuesday 06:00"', "", ['the key "onset" is missing']),
        ("horizon_days = 2", "horizon_days = 0", ["horizon_days", ">= 1"]),
        ("warning_hours = 3", "warning_hour = 3", ["did you mean: warning_hours"]),
    ],
)  # fmt: skip
def test_a_ladder_that_cannot_be_is_refused(tmp_path, old, new, words):
    assert old in LADDER
    with pytest.raises(CaseError) as caught:
        load(tmp_path, LADDER.replace(old, new))
    told = [str(p) for p in caught.value.problems]
    assert any(all(w in t for w in words) for t in told), told
    assert len(told) == len(set(told))
    assert all(t.startswith("case.toml, line ") for t in told), told


def test_a_hazard_or_a_scenario_named_twice_is_refused(tmp_path):
    scenario = '\n[[scenario]]\nname = "two"\nhazard = ["dark", "dark"]\nseverity = 0.5\nonset = "Monday 05:00"\n'
    ladder = '\n[[ladder]]\nname = "up"\nscenarios = ["dark-all", "dark-all"]\n'
    with pytest.raises(CaseError) as caught:
        load(tmp_path, scenario + ladder)
    told = [(p.column, p.found) for p in caught.value.problems if p.key == "named_twice"]
    assert sorted(told) == [('[[ladder]] "up" scenarios', "dark-all"), ('[[scenario]] "two" hazard', "dark")]
