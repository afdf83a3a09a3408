from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resilience.base.clock import Onset
from resilience.base.errors import CaseError, InputError
from resilience.base.streams import Streams
from resilience.case.case import load_case
from resilience.hazards.hazard import NOBODY
from resilience.hazards.outage import Outage
from tests.tiny import POWER, write_case


def hit(sioux, hazard, severity, replicate=0):
    event = hazard.start(sioux.inputs, severity, Onset(0, 5), Streams(1, replicate))
    return event, list(event.ids)


@pytest.mark.parametrize("pattern", ["random", "targeted"])
@given(a=st.floats(0, 1), b=st.floats(0, 1), replicate=st.integers(0, 20))
def test_a_greater_share_switches_off_the_same_and_more(sioux, pattern, a, b, replicate):
    hazard = Outage(among="power.kind == 'feeder'", pattern=pattern)
    low, high = (hit(sioux, hazard, s, replicate)[1] for s in sorted((a, b)))
    assert high[: len(low)] == low
    assert len(high) == int(np.floor(max(a, b) * 8 + 0.5))
    assert len(set(high)) == len(high)


def test_random_differs_between_replicates_and_hits_everyone_equally(sioux):
    hazard = Outage()
    first = [hit(sioux, hazard, 0.25, r)[1][0] for r in range(200)]
    counts = {name: first.count(name) for name in set(first)}
    assert len(counts) == 4
    assert min(counts.values()) > 25
    assert hit(sioux, hazard, 0.25, 3)[1] == hit(sioux, hazard, 0.25, 3)[1]


def test_targeted_takes_the_substations_with_most_load_behind_them(sioux):
    _, ids = hit(sioux, Outage(pattern="targeted"), 1.0)
    nodes, links = sioux.city["power_nodes"], sioux.city["power_links"]
    behind = dict.fromkeys(ids, 0.0)
    for a, b in zip(links["from_node"], links["to_node"], strict=True):
        if a in behind and nodes.at[b, "kind"] == "feeder":
            behind[a] += nodes.at[b, "load_kw"]
    assert ids == sorted(ids, key=lambda i: -behind[i])
    assert behind[ids[0]] > behind[ids[-1]]


def test_targeted_of_other_components_ranks_by_what_depends_on_them(sioux):
    hazard = Outage(among="facility.kind == 'school'", pattern="targeted")
    _, ids = hit(sioux, hazard, 1.0)
    assert ids == sorted(ids)  # nothing hangs on a school: equal, so by name


def test_listed_goes_in_the_order_of_the_list(sioux, sioux_folder):
    hazard = Outage.read(sioux_folder, sioux.city, pattern="listed", listed=["power:SU3", "power:FE1", "power:SU1"])
    assert hit(sioux, hazard, 0.34)[1] == ["power:SU3"]
    assert hit(sioux, hazard, 0.67)[1] == ["power:SU3", "power:FE1"]
    assert hit(sioux, hazard, 1.0)[1] == ["power:SU3", "power:FE1", "power:SU1"]


def test_components_go_off_once_and_come_back_at_the_end(sioux):
    event, ids = hit(sioux, Outage(start_hour=3.0, end_hour=10.0), 1.0)
    steps = [event.step(h, None) for h in range(30)]
    assert all(field is None for field, _ in steps)
    acting = [h for h, (_, damage) in enumerate(steps) if len(damage)]
    assert acting == [8]
    damage = steps[8][1]
    assert damage.component == ids
    assert (damage.until_hour == 15.0).all()
    assert (damage.repaired_by == NOBODY).all()
    assert damage.cause == "switched_off"
    assert event.at_risk(0) is None


def test_a_share_of_nothing_does_nothing(sioux):
    event, ids = hit(sioux, Outage(), 0.0)
    assert ids == []
    assert all(len(event.step(h, None)[1]) == 0 for h in range(10))


@pytest.mark.parametrize("share", [-0.01, 1.01, float("nan")])
def test_a_share_out_of_range_is_refused(sioux, share):
    assert Outage().check_severity(share)
    with pytest.raises(InputError, match="between 0 and 1"):
        hit(sioux, Outage(), share)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"pattern": "randon"}, "did you mean: random"),
        ({"start_hour": 5.0, "end_hour": 5.0}, "the end must come after the start"),
        ({"start_hour": -1.0}, "the end must come after the start"),
        ({"end_hour": float("nan")}, "the end must come after the start"),
        ({"pattern": "listed"}, "column listed: the cell is empty"),
        (
            {"pattern": "listed", "listed": ["power:SU9"]},
            'column listed: "power:SU9" is no component of the city; did you mean: power:SU',
        ),
    ],
)
def test_faulty_arguments_say_what_would_be_right(sioux, sioux_folder, arguments, words):
    with pytest.raises(CaseError) as caught:
        Outage.read(sioux_folder, sioux.city, **arguments)
    assert words in str(caught.value)


def test_an_expression_that_matches_nothing_is_refused(sioux, sioux_folder):
    with pytest.raises(InputError, match="matches nothing"):
        Outage.read(sioux_folder, sioux.city, among="power.kind == 'reactor'")


def test_a_list_needs_no_substations(tmp_path):
    tables = POWER | {"zones": "id,x,y\nZ,0,0", "facilities": "id,kind,x,y,zone\nH,hospital,0,0,Z"}
    city = load_case(write_case(tmp_path / "c", tables)).city
    assert Outage.read(tmp_path, city, pattern="listed", listed=["facility:H"]).listed == ("facility:H",)


LATE = """
[[hazard]]
name = "late"
kind = "outage"
among = "power.kind == 'source'"
start_hour = {start}
end_hour = {end}

[[scenario]]
name = "waits"
hazard = ["late"]
severity = {share}
onset = "Monday 05:00"
horizon_days = 3
"""


@pytest.mark.parametrize(
    ("start", "end", "share", "key", "words"),
    [
        (100, 120, 1.0, "never_begins", "hazard late never begins: its start_hour after the onset is hour 105 of the "
         "run, which ends at hour 72 (waits)"),
        (67, 120, 1.0, "never_begins", "hour 72 of the run"),
        (66, 67, 1.0, None, ""),
        (66, 120, 1.0, "outlasts", "lasts until hour 125 of the run"),
        (60, 70, 1.0, "outlasts", "hazard late: the outage lasts until hour 75 of the run, which ends at hour 72"),
        (0, 12, 0.4, "share_of_none", "a share of 0.4 of 1 components rounds to none"),
        (0, 12, 0.5, None, ""),
        (0, 12, 0.0, None, ""),  # nothing is what was asked for
        (66.9, 67.2, 1.0, None, ""),  # in hour 71, the last
    ],
)  # fmt: skip
def test_an_outage_that_no_run_shows_is_told(tmp_path, start, end, share, key, words):
    case = load_case(write_case(tmp_path, POWER, more=LATE.format(start=start, end=end, share=share)))
    assert [n.key for n in case.notices] == ([key] if key else [])
    assert words in "\n".join(map(str, case.notices))


def test_a_hazard_of_no_scenario_and_a_tolerance_of_nothing_are_told(tmp_path):
    more = """
[[hazard]]
name = "spare"
kind = "outage"
among = "power.kind == 'source'"

[[tolerance]]
metric = "economy/output"
T1 = 0.9
T2 = 0.8
T3 = 0.5
"""
    case = load_case(write_case(tmp_path, POWER, more=more))
    assert [n.key for n in case.notices] == ["hazard_unused", "tolerance_unused"]
    assert "the tolerance for economy/output has no effect" in str(case.notices[1])
    assert "firms" in str(case.notices[1])


@pytest.mark.parametrize("onset", range(24))
@pytest.mark.parametrize(
    ("start", "end", "first", "many"),
    [
        (0.5, 2.5, 0, 2),
        (0.5, 2.0, 0, 2),
        (1.5, 4.0, 1, 3),
        (2.5, 3.0, 2, 1),
        (0.6, 0.9, 0, 1),
        (0.1, 2.1, 0, 2),
        (0.7, 1.7, 0, 1),
        (3.0, 10.0, 3, 7),
    ],
)
def test_an_outage_of_parts_of_hours_is_as_long_whatever_the_onset(sioux, onset, start, end, first, many):
    event = Outage(start_hour=start, end_hour=end).start(sioux.inputs, 1.0, Onset(0, onset), Streams(1, 0))
    begins, damage = next((h, d) for h in range(48) if len(d := event.step(h, None)[1]))
    assert begins == onset + first
    assert (damage.until_hour == begins + many).all()
