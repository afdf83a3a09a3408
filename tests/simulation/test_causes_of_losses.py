"""What losses of service go back to when several things break and are mended one after the other."""

from __future__ import annotations

import random

import pytest

from resilience.base.streams import Streams
from resilience.case.case import load_case
from resilience.results.trace import outages as outages_of
from resilience.simulation.engine import run
from tests.tiny import write_outages

LINE = {
    "power_nodes": "id,kind,x,y,load_kw\nG,source,0,0,0\nS,substation,1,0,0\nF,feeder,2,0,5",
    "power_links": "id,from_node,to_node\nGS,G,S\nSF,S,F",
    "zones": "id,x,y,people\nZ,2,0,100",
    "dependencies": "supplier,consumer,service\npower:F,zone:Z,power",
}


def happened(folder, tables, outages, *, days=3):
    """Return the record of outages: name -> (ids, first hour, hour after the last)."""
    write_outages(folder, tables, outages, days=days)
    case = load_case(folder)
    return run(case.inputs, case.scenarios["s"], option="o", streams=Streams(1, 0), people=None, ordinary=None)


def roots(record, event):
    """Return the hazards that an event goes back to."""
    by_number = {e["event"]: e for e in record.events}
    found, ahead, seen = set(), [event], set()
    while ahead:
        here = ahead.pop()
        causes = [c for c in (here["cause"], *map(int, here["together"].split())) if c >= 0]
        if not causes:
            found.add(here["component"])
        ahead += [by_number[c] for c in causes if c not in seen]
        seen |= set(causes)
    return found


def told(record, component, *but):
    """Return (hour, what, hazards it goes back to) of each event of a component."""
    mine = [e for e in record.events if e["component"] == component and e["what"] not in but]
    return [(e["hour"], e["what"], roots(record, e)) for e in mine]


def test_a_buffer_that_still_holds_is_not_lost_because_something_else_has_failed(tmp_path):
    """The hospital has no power from 5 to 8; its water is away from 5 to 15, and its tank lasts for 12 hours."""
    tables = LINE | {
        "facilities": "id,kind,x,y,zone\nH,hospital,2,0,Z\nW,school,2,0,Z",
        "dependencies": "supplier,consumer,service,buffer_hours\npower:F,facility:H,power,0\n"
        "facility:W,facility:H,water,12",
    }
    record = happened(tmp_path / "c", tables, {"dark": (["power:S"], 5, 8), "dry": (["facility:W"], 5, 15)})
    assert told(record, "facility:H") == [(5, "failed", {"hazard:dark"}), (8, "back", {"hazard:dark"})]


@pytest.mark.parametrize("second", [5, 10])
def test_what_another_damage_takes_over_goes_back_to_it(tmp_path, second):
    """Station S is out from 0 to 10 for one reason, and from 5 or 10 on to 30 for another."""
    record = happened(tmp_path / "c", LINE, {"a": (["power:S"], 0, 10), "b": (["power:S"], second, 30)})
    for component in ("power:F", "zone:Z"):
        assert told(record, component) == [
            (0, "failed", {"hazard:a"}), (10, "still_out", {"hazard:b"}), (30, "back", {"hazard:b"})
        ]  # fmt: skip


def test_what_is_back_goes_back_to_what_ended_last(tmp_path):
    """The feeder has no supply from 0 to 10 and is itself out from 5 to 30."""
    record = happened(tmp_path / "c", LINE, {"a": (["power:S"], 0, 10), "b": (["power:F"], 5, 30)})
    assert told(record, "power:F", "still_out")[-2:] == [(30, "switched_on", {"hazard:b"}), (30, "back", {"hazard:b"})]


def test_losses_beside_a_deadlock_have_their_own_cause(tmp_path):
    """Feeder F and works W wait for each other from hour 8 on; the line to feeder G is out from 10 to 20."""
    tables = {
        "power_nodes": "id,kind,x,y,load_kw\nS,source,0,0,0\nF,feeder,1,0,5\nG,feeder,2,0,5",
        "power_links": "id,from_node,to_node\nSF,S,F\nSG,S,G\nFG,F,G",
        "zones": "id,x,y,people\nZ,2,0,100",
        "facilities": "id,kind,x,y,zone\nW,school,1,0,Z",
        "dependencies": "supplier,consumer,service\npower:F,facility:W,power\nfacility:W,power:F,telecom\n"
        "power:G,zone:Z,power",
    }
    record = happened(tmp_path / "c", tables, {"works": (["facility:W"], 5, 8), "line": (["power:SG"], 10, 20)})
    for component in ("power:G", "zone:Z"):
        assert told(record, component) == [(10, "failed", {"hazard:line"}), (20, "back", {"hazard:line"})]
    assert told(record, "facility:W")[-1] == (72, "deadlock", {"hazard:works"})
    assert told(record, "power:F")[-1] == (72, "deadlock", {"hazard:works"})


def test_what_is_switched_on_and_back_in_one_hour_goes_back_to_the_same(tmp_path):
    """The station is out from 0 to 30 for one reason and from 5 to 30 for another."""
    record = happened(tmp_path / "c", LINE, {"a": (["power:S"], 0, 30), "b": (["power:S"], 5, 30)})
    assert told(record, "power:S")[-2:] == [(30, "switched_on", {"hazard:b"}), (30, "back", {"hazard:b"})]


def test_a_loss_that_is_told_twice_ends_once(tmp_path):
    record = happened(tmp_path / "c", LINE, {"a": (["power:S"], 0, 10), "b": (["power:S"], 5, 30)})
    assert [(e["what"], e["hour"], ends) for e, ends in outages_of(record.events, "power:S")] == [
        ("failed", 0, 30), ("failed", 5, 30)
    ]  # fmt: skip
    assert [(e["what"], e["hour"], ends) for e, ends in outages_of(record.events, "zone:Z")] == [
        ("failed", 0, 30), ("still_out", 10, 30)
    ]  # fmt: skip


def drawn(seed):
    """A random network of power with consumers that may need each other, and two to four outages."""
    rnd = random.Random(seed)  # noqa: S311
    names = [f"P{i}" for i in range(rnd.randint(3, 6))]
    kinds = ["source", *(rnd.choice(["source", "substation", "feeder", "feeder"]) for _ in names[1:])]
    nodes = [
        f"{n},{k},{10 * i},0,{5 if k == 'feeder' else 0}" for i, (n, k) in enumerate(zip(names, kinds, strict=True))
    ]
    ends = [(names[i], rnd.choice(names[:i])) for i in range(1, len(names))]
    ends += [(a, b) for a, b in [rnd.sample(names, 2)] if (a, b) not in ends and (b, a) not in ends]
    rows = [
        f"power:{s},{c},power,{rnd.choice([0, 2, 5])}"
        for c in ("zone:Z1", "zone:Z2", "facility:H") for s in rnd.sample(names, 1)
    ]  # fmt: skip
    if rnd.random() < 0.6:
        rows.append(f"facility:H,power:{rnd.choice(names)},telecom,{rnd.choice([0, 2])}")
    tables = {
        "power_nodes": "id,kind,x,y,load_kw\n" + "\n".join(nodes),
        "power_links": "id,from_node,to_node\n" + "\n".join(f"L{i},{a},{b}" for i, (a, b) in enumerate(ends)),
        "zones": "id,x,y,people\nZ1,10,0,100\nZ2,20,0,50",
        "facilities": "id,kind,x,y,zone\nH,hospital,1,1,Z1",
        "dependencies": "supplier,consumer,service,buffer_hours\n" + "\n".join(rows),
    }
    breakable = [*(f"power:{n}" for n in names), *(f"power:L{i}" for i in range(len(ends))), "facility:H"]
    outages = {}
    for k in range(rnd.randint(2, 4)):
        first = rnd.randint(0, 20)
        outages[f"o{k}"] = rnd.sample(breakable, rnd.randint(1, 2)), first, first + rnd.randint(1, 20)
    return tables, outages


def down(record, component, hour):
    state = False
    for e in record.events:
        if e["component"] == component and e["hour"] <= hour:
            state = {"failed": True, "back": False}.get(e["what"], state)
    return state


@pytest.mark.parametrize("seed", range(40))
def test_whoever_is_out_goes_back_to_what_is_broken_or_would_not_come_back_without_it_either(tmp_path, seed):
    """Where the told cause is over, all else is ended in a second run: who is still out then waits for others."""
    tables, outages = drawn(seed)
    record = happened(tmp_path / "c", tables, outages)
    spans = {f"hazard:{name}": (first, last) for name, (_, first, last) in outages.items()}
    for component in {e["component"] for e in record.events if e["what"] == "failed"}:
        told_last = None
        for hour in range(45):
            mine = [e for e in record.events if e["component"] == component and e["hour"] == hour]
            told_last = next((e for e in mine[::-1] if e["what"] in ("failed", "still_out")), told_last)
            if not down(record, component, hour) or any(
                component in ids and first <= hour < last for ids, first, last in outages.values()
            ):
                continue
            if all(spans[r][0] <= hour < spans[r][1] for r in roots(record, told_last) if r in spans):
                continue
            cut = {n: (ids, a, min(b, hour + 1)) for n, (ids, a, b) in outages.items() if a <= hour}
            assert down(happened(tmp_path / "again", tables, cut), component, hour + 2), (component, hour)
            break
