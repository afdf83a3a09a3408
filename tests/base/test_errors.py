from __future__ import annotations

import pickle

from resilience.base.errors import CaseError, InputError, Problem, ResilienceError, RunError


def test_a_problem_says_where_and_what():
    problem = Problem("too_small", "road_links.csv", 7, "capacity_vph", "-3", "> 0")
    assert str(problem) == "road_links.csv, line 7, column capacity_vph: found -3; needed is > 0"
    assert str(Problem("no_scenarios", "case.toml")) == "case.toml: there is no [[scenario]]; at least one is needed"


def test_a_case_error_carries_all_problems_through_a_pickle():
    error = CaseError([Problem("no_source", "power_nodes.csv"), Problem("tntp_empty", "x")])
    assert str(error).startswith("The case cannot be used. Problems found: 2\n  - power_nodes.csv: ")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert str(again) == str(error)
    assert again.problems == error.problems


def test_all_errors_of_a_user_have_one_base():
    for kind in (CaseError, InputError, RunError):
        assert issubclass(kind, ResilienceError)
