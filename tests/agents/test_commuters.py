from __future__ import annotations

import mesa
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resilience.agents.behaviour import OneByOne
from resilience.agents.commuters import Choice, InformedCommuter, StubbornCommuter
from resilience.agents.outlook import Outlook

PLAIN = {
    "due": True, "usual_min": 20.0, "now_min": 20.0, "home_flooded": False, "home_power": True, "home_at_risk": False,
    "target_open": True, "can_telework": False, "cautious": 0.5,
}  # fmt: skip


def outlook(*people, warned=False):
    columns = {k: np.array([(PLAIN | p)[k] for p in people]) for k in PLAIN}
    return Outlook(**columns, warned=warned)


@pytest.mark.parametrize(
    ("person", "warned", "choice"),
    [
        ({}, False, Choice.GO),
        ({"now_min": 60.0}, False, Choice.GO),  # bears 20 + 40 minutes
        ({"now_min": 60.1}, False, Choice.TOO_LONG),
        ({"usual_min": 5.0, "now_min": 35.0}, False, Choice.GO),  # at least 30 more are borne
        ({"usual_min": 5.0, "now_min": 35.1}, False, Choice.TOO_LONG),
        ({"usual_min": 90.0, "now_min": 210.0}, False, Choice.GO),  # at most 120 more
        ({"usual_min": 90.0, "now_min": 210.1}, False, Choice.TOO_LONG),
        ({"now_min": np.inf}, False, Choice.NO_WAY),
        ({"target_open": False}, False, Choice.TARGET_CLOSED),
        ({"home_flooded": True}, False, Choice.HOME_FLOODED),
        ({"home_flooded": True, "can_telework": True}, False, Choice.HOME_FLOODED),
        ({"home_at_risk": True, "cautious": 0.1}, True, Choice.WARNED),
        ({"home_at_risk": True, "cautious": 0.1}, False, Choice.GO),
        ({"home_at_risk": True, "cautious": 0.9}, True, Choice.GO),
        ({"can_telework": True, "now_min": np.inf}, False, Choice.TELEWORK),
        ({"can_telework": True, "now_min": 40.1}, False, Choice.TELEWORK),
        ({"can_telework": True, "now_min": 40.0}, False, Choice.GO),
        ({"can_telework": True, "now_min": np.inf, "home_power": False}, False, Choice.NO_WAY),
    ],
)
def test_the_informed(person, warned, choice):
    assert InformedCommuter().decide(outlook(person, warned=warned))[0] == choice


def test_the_stubborn_go_whatever_it_takes():
    far, cut = {"now_min": 500.0, "target_open": False}, {"now_min": np.inf, "can_telework": True}
    people = [far, cut, {"home_flooded": True}]
    found = StubbornCommuter().decide(outlook(*people))
    assert found.tolist() == [Choice.GO, Choice.NO_WAY, Choice.HOME_FLOODED]


PEOPLE = st.fixed_dictionaries(
    {k: st.booleans() for k in ("due", "home_flooded", "home_power", "home_at_risk", "target_open", "can_telework")}
    | {
        "usual_min": st.sampled_from([0.0, 5.0, 20.0, 90.0]),
        "now_min": st.sampled_from([0.0, 20.0, 40.0, 41.0, 60.0, 61.0, 300.0, np.inf]),
        "cautious": st.floats(0.01, 0.99),
    }
)


@pytest.mark.parametrize("kind", [InformedCommuter, StubbornCommuter])
@given(people=st.lists(PEOPLE, min_size=1, max_size=30), warned=st.booleans())
def test_one_agent_at_a_time_decides_as_all_at_once(kind, people, warned):
    sees = outlook(*people, warned=warned)
    alone = OneByOne(mesa.Model(seed=0), kind.one_by_one, len(people))
    np.testing.assert_array_equal(alone.decide(sees)[sees.due], kind().decide(sees)[sees.due])
