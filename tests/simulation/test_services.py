"""Fall, return, causes and deadlocks of services on cities drawn with a few rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from resilience.base.streams import Streams
from resilience.case.case import load_case
from resilience.simulation.services import Services

HEAD = """
[case]
name = "Tiny"
crs = "EPSG:32633"
currency = "EUR"
price_year = 2024
[[hazard]]
name = "blackout"
kind = "outage"
among = "power.kind == 'substation'"
[[scenario]]
name = "dark"
hazard = ["blackout"]
severity = 1.0
onset = "Monday 00:00"
"""


def write(folder, **tables):
    """Make a case folder of a few rows; each table is its CSV text."""
    folder.mkdir(exist_ok=True)
    (folder / "case.toml").write_text(HEAD)
    for name, text in tables.items():
        lines = [",".join(cell.strip() for cell in line.split(",")) for line in text.strip().splitlines()]
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    return load_case(folder)


POWER = {
    "power_nodes": """
        id, kind,       x, y, load_kw, priority
        G,  source,     0, 0, 0,       0
        S,  substation, 1, 0, 0,       0
        F1, feeder,     2, 0, 10,      0
        F2, feeder,     3, 0, 10,      5
    """,
    "power_links": """
        id, from_node, to_node, capacity_kw
        GS, G,         S,       20
        S1, S,         F1,      10
        S2, S,         F2,      10
    """,
    "zones": """
        id, x, y, people
        A,  2, 0, 100
        B,  3, 0, 200
    """,
    "facilities": """
        id, kind,     x, y, zone
        H1, hospital, 3, 0, B
    """,
    "dependencies": """
        supplier, consumer,    service, buffer_hours
        power:F1, zone:A,      power,   0
        power:F2, zone:B,      power,   0
        power:F2, facility:H1, power,   6
    """,
}


def services(case):
    return Services(case.city, Streams(1, 0))


def index(s, name):
    return int(s.components.get_loc(name))


def test_outage_of_a_substation_reaches_homes_at_once_and_the_hospital_after_its_buffer(tmp_path):
    s = services(write(tmp_path / "c", **POWER))
    assert s.step(0) == []
    s.loss[index(s, "power:S")] = 1.0
    changes = {s.components[c.component]: c for c in s.step(1)}
    assert {"power:S", "power:F1", "power:F2", "zone:A", "zone:B"} == set(changes)
    assert changes["power:F1"].reason == "no_supply"
    assert s.components[changes["power:F1"].sources[0]] == "power:S"
    assert changes["zone:A"].reason == "no_power"
    assert s.components[changes["zone:A"].sources[0]] == "power:F1"
    for hour in range(2, 7):
        assert s.step(hour) == [], hour
        assert s.up[index(s, "facility:H1")]
    late = s.step(7)
    assert [s.components[c.component] for c in late] == ["facility:H1"]


def test_power_that_is_back_before_the_buffer_ends_never_darkens_the_hospital(tmp_path):
    s = services(write(tmp_path / "c", **POWER))
    s.loss[index(s, "power:S")] = 1.0
    s.step(0)
    s.loss[index(s, "power:S")] = 0.0
    back = s.step(5)
    assert all(c.up for c in back)
    assert s.up.all()
    s.loss[index(s, "power:S")] = 1.0
    s.step(6)
    s.step(11)
    assert s.up[index(s, "facility:H1")], "the buffer is full again after the power was back"
    s.step(12)
    assert not s.up[index(s, "facility:H1")]


def test_feeder_of_higher_priority_keeps_its_power_when_capacity_falls_short(tmp_path):
    tables = POWER | {
        "power_links": POWER["power_links"].replace("GS, G,         S,       20", "GS, G, S, 20\nGT, G, S, 10")
    }
    s = services(write(tmp_path / "c", **tables))
    s.loss[index(s, "power:GS")] = 1.0
    changes = [c for c in s.step(0) if not c.up]
    assert {s.components[c.component] for c in changes} == {"power:GS", "power:F1", "zone:A"}
    assert s.up[index(s, "power:F2")]
    assert next(c.reason for c in changes if s.components[c.component] == "power:F1") == "shed"
    assert s.components[next(c.sources[0] for c in changes if s.components[c.component] == "power:F1")] == "power:GS"


def test_what_trips_in_a_tick_stays_off_in_that_tick(tmp_path):
    s = services(write(tmp_path / "c", **POWER))
    s.loss[index(s, "power:F1")] = 1.0
    s.step(0)
    assert not s.up[index(s, "zone:A")]
    s.loss[index(s, "power:F1")] = 0.0
    s.loss[index(s, "power:S")] = 1.0
    s.step(1)
    assert not s.up[index(s, "zone:A")]
    assert not s.up[index(s, "power:F1")]


def test_two_dead_systems_that_need_each_other_do_not_wake_each_other(tmp_path):
    """The feeder needs the water works for cooling, the works need the feeder: a black start is needed."""
    tables = POWER | {
        "facilities": POWER["facilities"] + "        W1, shelter, 2, 0, A",
        "dependencies": POWER["dependencies"]
        + "        power:F1, facility:W1, power, 0\n        facility:W1, power:F1, water, 0",
    }
    s = services(write(tmp_path / "c", **tables))
    works, feeder = index(s, "facility:W1"), index(s, "power:F1")
    s.loss[works] = 1.0
    s.step(0)
    assert not s.up[works]
    assert not s.up[feeder]
    s.loss[works] = 0.0
    assert [change for hour in range(1, 30) for change in s.step(hour)] == []  # nothing broken keeps them out
    assert not s.up[works]
    assert not s.up[feeder]
    assert set(s.deadlocked()) == {works, feeder, index(s, "zone:A")}


def test_a_second_supplier_under_the_rule_any_keeps_the_consumer_up(tmp_path):
    rows = """
        supplier, consumer,    service, rule
        power:F1, facility:H1, power,   any
        power:F2, facility:H1, power,   any
    """
    s = services(write(tmp_path / "c", **(POWER | {"dependencies": rows})))
    s.loss[index(s, "power:F1")] = 1.0
    s.step(0)
    assert s.up[index(s, "facility:H1")]
    s.loss[index(s, "power:F2")] = 1.0
    s.step(1)
    assert not s.up[index(s, "facility:H1")]


@pytest.mark.parametrize("seed", range(5))
def test_more_damage_never_gives_more_service(tmp_path, seed):
    case = write(tmp_path / "c", **POWER)
    generator = np.random.default_rng(seed)
    few = generator.random(len(case.city.components)) < 0.2
    more = few | (generator.random(len(few)) < 0.2)
    states = []
    for damaged in (few, more):
        s = services(case)
        s.loss[damaged] = 1.0
        s.step(0)
        states.append(s.up)
    assert not (states[1] & ~states[0]).any()


def test_people_behind_a_substation_are_those_of_its_feeders(tmp_path):
    s = services(write(tmp_path / "c", **POWER))
    behind = pd.Series(s.people_behind, index=s.components)
    assert behind["power:F1"] == 100
    assert behind["power:F2"] == 200 + 300  # the zone, and the hospital that stands for everyone
    assert behind["power:S"] == 600


def test_a_swap_of_loads_does_not_keep_those_behind_it_dark(tmp_path):
    """One feeder returns and another is shed in the same hour: as many are up as before, but not the same."""
    lines = POWER["power_links"].replace("GS, G,         S,       20", "GS, G, S, 10\nGT, G, S, 10")
    s = services(write(tmp_path / "c", **(POWER | {"power_links": lines})))
    s.loss[[index(s, "power:GS"), index(s, "power:F2")]] = 1.0
    s.step(0)
    assert s.up[index(s, "power:F1")]
    assert not s.up[index(s, "zone:B")]
    s.loss[index(s, "power:F2")] = 0.0
    told = {s.components[c.component]: c for c in s.step(1)}
    assert told["power:F1"].reason == "shed"
    assert s.components[told["power:F1"].sources[0]] == "power:GS"
    assert s.up[index(s, "power:F2")], "the load of higher priority is picked up"
    assert not s.up[index(s, "power:F1")]
    assert s.up[index(s, "zone:B")]
    assert not s.up[index(s, "zone:A")], "in the same hour as its feeder"
    assert len(s.deadlocked()) == 0


def test_what_could_come_back_is_looked_at_again(tmp_path):
    s = services(write(tmp_path / "c", **POWER))
    s.step(0)
    assert not s.unsettled()
    s.loss[index(s, "power:S")] = 1.0
    s.step(1)
    assert s.unsettled()


WORKS = POWER | {
    "zones": "id, x, y, people\nA, 2, 0, 100",
    "facilities": """
        id, kind,     x, y, zone
        H1, hospital, 3, 0, A
        V1, shelter,  2, 0, A
        W1, shelter,  2, 0, A
    """,
}


def hours_down(s, consumer, out, hours):
    """Return the hours in which a consumer is down, when each supplier is out in these hours."""
    down = []
    for hour in range(hours):
        for name, when in out.items():
            s.loss[index(s, name)] = float(hour in when)
        s.step(hour)
        if not s.up[index(s, consumer)]:
            down.append(hour)
    return down


@pytest.mark.parametrize("buffer", [0, 1, 4, 7])
@pytest.mark.parametrize("longer", [-1, 0, 1, 3])
def test_an_outage_fails_a_consumer_for_the_hours_by_which_it_is_longer_than_the_buffer(tmp_path, buffer, longer):
    rows = f"supplier, consumer, service, buffer_hours\nfacility:W1, facility:H1, water, {buffer}"
    s = services(write(tmp_path / "c", **(WORKS | {"dependencies": rows})))
    out = range(2, 2 + buffer + longer)
    assert hours_down(s, "facility:H1", {"facility:W1": out}, 24) == list(range(2 + buffer, 2 + buffer + longer))


def test_a_supplier_that_returns_in_the_hour_in_which_the_other_fails_is_in_time(tmp_path):
    rows = """
        supplier,    consumer,    service, rule
        facility:W1, facility:H1, water,   any
        facility:V1, facility:H1, water,   any
    """
    s = services(write(tmp_path / "c", **(WORKS | {"dependencies": rows})))
    assert hours_down(s, "facility:H1", {"facility:W1": range(1, 5), "facility:V1": range(5, 9)}, 12) == []
    s = services(write(tmp_path / "d", **(WORKS | {"dependencies": rows})))
    assert hours_down(s, "facility:H1", {"facility:W1": range(1, 6), "facility:V1": range(5, 9)}, 12) == [5]


def test_a_supplier_that_returns_only_by_what_falls_now_helps_nobody(tmp_path):
    """The hospital loses V1 as W1 is repaired, but W1 needs the hospital: both are dead and do not wake each other."""
    rows = """
        supplier,    consumer,    service, rule
        facility:W1, facility:H1, water,   any
        facility:V1, facility:H1, water,   any
        facility:H1, facility:W1, telecom, all
        zone:A,      facility:H1, telecom, all
    """
    s = services(write(tmp_path / "c", **(WORKS | {"dependencies": rows})))
    out = {"facility:W1": range(1, 5), "facility:V1": range(5, 99), "zone:A": range(5, 8)}
    assert hours_down(s, "facility:H1", out, 12) == list(range(5, 12))
    assert not s.up[index(s, "facility:W1")]


def test_a_line_that_returns_in_the_hour_in_which_the_other_fails_keeps_homes_lit(tmp_path):
    lines = POWER["power_links"] + "        GT, G, S, 20"
    s = services(write(tmp_path / "c", **(POWER | {"power_links": lines})))
    assert hours_down(s, "zone:A", {"power:GS": range(1, 5), "power:GT": range(5, 9)}, 12) == []
    s = services(write(tmp_path / "d", **(POWER | {"power_links": lines})))
    assert hours_down(s, "zone:A", {"power:GS": range(1, 6), "power:GT": range(5, 9)}, 12) == [5]


def test_what_outlasts_its_cause_is_told_what_keeps_it(tmp_path):
    """Station S is out for two hours, its line GS from the second hour on: first S is to blame, then GS."""
    s = services(write(tmp_path / "c", **POWER))
    station, line, home = index(s, "power:S"), index(s, "power:GS"), index(s, "zone:A")
    feeder = index(s, "power:F1")
    s.loss[station] = 1.0
    first = {c.component: c for c in s.step(0)}
    assert first[home].sources == (feeder,)
    assert first[feeder].sources == (station,)
    s.loss[line] = 1.0
    assert not any(change.still for change in s.step(1))
    s.loss[station] = 0.0
    kept = s.step(2)
    assert all(change.still and not change.up for change in kept)
    told = {c.component: c for c in kept}
    assert told[station].sources == told[feeder].sources == (line,)
    assert told[home].sources == (feeder,)
    assert [c.component for c in kept].index(feeder) < [c.component for c in kept].index(home)
    assert (told[station].reason, told[home].reason) == ("no_supply", "no_power")
    assert s.step(3) == []
    s.loss[line] = 0.0
    assert {index(s, n) for n in ("power:S", "power:F1", "zone:A")} <= {c.component for c in s.step(4) if c.up}
