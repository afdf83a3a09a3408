from __future__ import annotations

import pandas as pd
import pytest

from resilience.base.errors import InputError
from resilience.results.trace import chains, clock, first_scenario, walk


class Run:
    """A run folder's face."""

    scenarios = ("lake-1m", "lake-3m")
    options = ("do-nothing", "dike")
    manifest = {"replicates": 1}  # noqa: RUF012

    def table(self, name, **where):
        assert name == "events"
        keys = {"scenario": "lake-3m", "option": "do-nothing", "replicate": 0}
        rows = [
            (0, 5.0, "hazard:lake", "hazard", "", -1, "3"),
            (1, 7.0, "power:SE07", "failed", "flooded", 0, ""),
            (2, 31.0, "facility:H", "failed", "no_power", 1, ""),
            (3, 40.0, "facility:H", "back", "", -1, ""),
            (4, 50.0, "zone:loop", "failed", "no_water", 5, ""),
            (5, 50.0, "zone:pool", "failed", "no_water", 4, ""),
        ]
        columns = ["event", "hour", "component", "what", "reason", "cause", "detail"]
        table = pd.DataFrame(rows, columns=columns).assign(**keys)
        for column, value in where.items():
            table = table[table[column] == value]
        return table


def test_a_failure_leads_back_to_the_hazard():
    lines = chains(Run(), "facility:H", "lake-3m", "do-nothing", 0)
    assert [(x.depth, x.component, x.what) for x in lines] == [
        (0, "facility:H", "failed"),
        (1, "power:SE07", "failed"),
        (2, "hazard:lake", "hazard"),
        (0, "facility:H", "back"),
    ]
    assert lines[2].detail == "3"


def test_causes_in_a_circle_end():
    assert [x.component for x in chains(Run(), "zone:loop", "lake-3m", "do-nothing", 0)] == ["zone:loop", "zone:pool"]


def test_the_first_scenario_in_which_it_fails():
    assert first_scenario(Run(), "facility:H", "do-nothing", 0) == "lake-3m"
    with pytest.raises(InputError, match="had no event in this run; did you mean: facility:H"):
        first_scenario(Run(), "facility:H9", "do-nothing", 0)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("facility:X", "lake-3m", "do-nothing"), "had no event"),
        (("facility:H", "lake-33m", "do-nothing"), "no scenario .*did you mean: lake-3m"),
        (("facility:H", "lake-3m", "dyke"), "no option .*did you mean: dike"),
    ],
)
def test_what_is_not_there_is_said_with_near_names(asked, words):
    with pytest.raises(InputError, match=words):
        chains(Run(), *asked, 0)


@pytest.mark.parametrize(("hour", "text"), [(0, "day 1, 00:00"), (31.5, "day 2, 07:30"), (47.0, "day 2, 23:00")])
def test_clock(hour, text):
    assert clock(hour) == text


def test_the_last_seconds_of_a_day():
    assert clock(23.999) == "day 2, 00:00"


def test_causes_that_are_needed_together_are_told_each_with_what_it_goes_back_to():
    events = {
        0: {"cause": -1, "together": "", "alternatives": 0},
        1: {"cause": 0, "together": "", "alternatives": 0},
        2: {"cause": 0, "together": "", "alternatives": 0},
        3: {"cause": 1, "together": "2", "alternatives": 2},
        4: {"cause": 3, "together": "", "alternatives": 0},
    }
    assert walk(4, events) == [(0, 4, 0, 0), (1, 3, 0, 0), (2, 1, 1, 2), (3, 0, 0, 0), (2, 2, 1, 2), (3, 0, 0, 0)]


def test_a_tunnel_that_failed_and_is_closed_comes_back_from_both():
    from resilience.results.trace import outages

    log = [
        {"event": number, "hour": hour, "component": "road:T", "what": what}
        for number, (hour, what) in enumerate(
            [
                (25, "failed"),
                (25, "closed"),
                (216, "back"),
                (216, "open"),
                (300, "closed"),
                (310, "open"),
                (320, "failed"),
            ]
        )
    ]
    assert [(e["what"], back) for e, back in outages(log, "road:T")] == [
        ("failed", 216.0), ("closed", 216.0), ("closed", 310.0), ("failed", None)
    ]  # fmt: skip
