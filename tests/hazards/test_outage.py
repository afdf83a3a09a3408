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
        ({"pattern": "listed", "listed": ["power:SU9"]}, 'column listed: "power:SU9" is not in did you mean: power:SU'),
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
