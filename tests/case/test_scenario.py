from __future__ import annotations

from dataclasses import replace

import pytest

from resilience.base.clock import Onset, read_onset
from resilience.base.errors import InputError
from resilience.case.scenario import Scenario
from resilience.city.city import City
from resilience.city.inputs import Behaviours, Inputs, Operations, Rhythm
from resilience.measures.measure import Measure
from resilience.measures.option import Option


@pytest.mark.parametrize(
    ("text", "weekday", "hour"), [("Monday 00:00", 0, 0), ("sunday 23:00", 6, 23), ("THURSDAY 5:00", 3, 5)]
)
def test_onsets(text, weekday, hour):
    assert read_onset(text) == Onset(weekday, hour)


@pytest.mark.parametrize(
    "text", ["", "Thursday", "05:00", "Thor 05:00", "Thursday 24:00", "Thursday 05:30", "Thursday -1:00",
             "Thursday 05:00:00", "Thursday 5", "Thursday five:00", "Thursday 05:00 UTC"],
)  # fmt: skip
def test_bad_onsets_show_a_good_one(text):
    with pytest.raises(InputError, match='such as "Thursday 05:00"'):
        read_onset(text)


def test_days_of_the_week_go_on_from_the_onset():
    onset = Onset(5, 5)
    assert [onset.weekday_at(h) for h in (0, 23, 24, 48, 24 * 7)] == [5, 5, 6, 0, 5]


def test_the_no_hazard_run_is_of_the_same_calendar():
    scenario = Scenario("flood", {"lake": 3.0}, Onset(2, 7), 10, warning_hours=5)
    calm = scenario.without_hazard()
    assert calm.name == "no-hazard@wednesday-07h-10d"
    assert (calm.severity, calm.onset, calm.hours) == ({}, scenario.onset, 240)
    assert Scenario("other", {"lake": 9.0}, Onset(2, 7), 10).without_hazard() == calm


def test_what_a_measure_costs_a_year():
    # annuity factors of T-15: 18.2559 (5 %, 50 years), 11.2578 (8 %, 30 years)
    measure = Measure("m", "k", None, capex=1e6, opex_per_year=1e3, life_years=50)
    assert measure.cost_per_year(0.05) == pytest.approx(1e6 / 18.2559 + 1e3, rel=1e-5)
    short = Measure("m", "k", None, capex=1e6, life_years=30)
    assert short.cost_per_year(0.08) == pytest.approx(1e6 / 11.2578, rel=1e-5)
    assert measure.cost_per_year(0.0) == pytest.approx(1e6 / 50 + 1e3)


def test_an_option_applies_its_measures_in_order():
    class Add:
        def __init__(self, sign):
            self.sign = sign

        def apply(self, inputs):
            order = inputs.operations.repair_order + self.sign
            return replace(inputs, operations=replace(inputs.operations, repair_order=order))

    option = Option("o", (Measure("a", "k", Add("a"), capex=1), Measure("b", "k", Add("b"), capex=2)))
    city = City("x", "x", "", "", 2024, "", {})
    inputs = Inputs(city, {}, Operations(1, "x"), Behaviours(), Rhythm())
    assert option.apply(inputs).operations.repair_order == "xab"
    assert option.capex == 3
    assert Option("do-nothing").apply(inputs) is inputs
