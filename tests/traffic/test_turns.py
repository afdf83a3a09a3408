"""Turns against a search over links, and what they must leave as it is."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resilience.base.errors import InputError
from resilience.traffic import Demand, RoadGraph, assign, with_turns
from resilience.traffic.skims import skim
from tests.tiny import graph, pairs


def best(net, cost, origin, destination):
    """The least minutes by a search whose nodes are links: `cost` gives the minutes of a turn, inf if it is banned."""
    view = nx.DiGraph()
    view.add_nodes_from(["start", "end"])
    for a in range(net.links):
        if net.tail[a] == origin:
            view.add_edge("start", a, weight=net.free_flow_min[a])
        if net.head[a] == destination:
            view.add_edge(a, "end", weight=0.0)
        for b in np.flatnonzero(net.tail == net.head[a]):
            turn = cost.get((a, int(b)), 0.0)
            if np.isfinite(turn) and not net.barred[net.head[a]]:
                view.add_edge(a, int(b), weight=turn + net.free_flow_min[b])
    try:
        return nx.dijkstra_path_length(view, "start", "end")
    except nx.NetworkXNoPath:
        return np.inf


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 100_000))
def test_least_minutes_are_those_of_a_search_over_links(seed):
    rng = np.random.default_rng(seed)
    nodes, links = int(rng.integers(3, 9)), int(rng.integers(4, 22))
    ends = [tuple(rng.choice(nodes, 2, replace=False)) for _ in range(links)]
    net = graph(nodes, ends, minutes=rng.choice([1.0, 2.0, 3.5], links), b=0.0, barred=[0])
    possible = [(a, b) for a in range(links) for b in range(links)
                if net.head[a] == net.tail[b] and not net.barred[net.head[a]]]  # fmt: skip
    if not possible:
        return
    some = rng.choice(len(possible), int(rng.integers(1, len(possible) + 1)), replace=False)
    cost = {possible[i]: float(rng.choice([0.0, 0.5, 4.0, np.inf])) for i in some}
    rows = pd.DataFrame([(a, b, c) for (a, b), c in cost.items()], columns=["from_link", "to_link", "penalty_min"])
    turned = with_turns(net, rows)
    asked = [(o, d) for o in range(nodes) for d in range(nodes) if o != d]
    found = skim(turned, pairs(*asked), turned.minutes(np.zeros(turned.links)))
    expected = [best(net, cost, o, d) for o, d in asked]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def crossing():
    """Four arms meet at X; from S two ways lead on to N."""
    links = pd.DataFrame(
        {"from_node": list("SXXWEX"), "to_node": list("XNWNNE"), "free_flow_min": [1.0, 5, 1, 1, 1, 3],
         "capacity_vph": 100.0},
        index=["SX", "XN", "XW", "WN", "EN", "XE"],
    )  # fmt: skip
    return RoadGraph.from_table(links)


def test_a_delay_that_grows_with_the_flow_of_its_turn_spreads_it():
    net = crossing()
    trips = pd.DataFrame({"origin": ["S"], "destination": ["N"], "vph": [100.0]})
    rule = pd.DataFrame({"from_node": ["S"], "via_node": ["X"], "to_node": ["W"], "penalty_min": [0.0],
                         "delay_min": [1.0], "capacity_vph": [50.0], "b": [1.0], "power": [1.0]})  # fmt: skip
    turned = with_turns(net, rule)
    demand = Demand.from_table(turned, trips)
    found = assign(turned, demand, gap=1e-12)
    ways = dict(zip(turned.names_of_links(), found.flow, strict=True))
    left, other = ways["SX > XW"], ways["SX > XE"]
    assert left + other + ways["SX > XN"] == pytest.approx(100.0)
    # by hand: 1 + (1 + v/50) + 1 over W against 5 straight on and 4 over E, at next to no delay on the roads themselves
    minutes = turned.minutes(found.flow)
    names = list(turned.names_of_links())
    at = {name: minutes[names.index(name)] for name in names}
    over_w = at["SX"] + at["SX > XW"] + at["XW"] + at["WN"]
    over_e = at["SX"] + at["SX > XE"] + at["XE"] + at["EN"]
    assert left == pytest.approx(50.0, abs=1.0)
    assert over_w == pytest.approx(over_e, rel=1e-9)
    assert at["SX > XW"] == pytest.approx(1 + left / 50)


def test_without_rules_that_matter_the_answer_is_that_of_the_network():
    net = crossing()
    trips = pd.DataFrame({"origin": ["S", "X"], "destination": ["N", "N"], "vph": [80.0, 40.0]})
    plain = assign(net, Demand.from_table(net, trips), gap=1e-10)
    rule = pd.DataFrame({"from_node": ["S"], "via_node": ["X"], "to_node": ["W"], "penalty_min": [0.0]})
    turned = with_turns(net, rule)
    found = assign(turned, Demand.from_table(turned, trips), gap=1e-10)
    np.testing.assert_allclose(found.flow[: net.links], plain.flow, atol=1e-4)
    assert found.total_travel_time == pytest.approx(plain.total_travel_time)
    assert list(turned.names_of_links()[: net.links]) == list(net.names_of_links())


def test_trips_begin_and_end_at_a_junction_with_rules_and_pass_it_only_by_turns():
    net = crossing()
    ban = pd.DataFrame({"from_link": ["SX"] * 3, "to_link": ["XN", "XW", "XE"], "penalty_min": [np.inf] * 3})
    turned = with_turns(net, ban)
    trips = pd.DataFrame({"origin": ["S", "S", "X"], "destination": ["N", "X", "N"], "vph": [1.0, 2.0, 3.0]})
    found = assign(turned, Demand.from_table(turned, trips)).pair_table().set_index(["origin", "destination"])
    assert found["served"].to_dict() == {("S", "N"): 0.0, ("S", "X"): 2.0, ("X", "N"): 3.0}


def row(penalty=1.0, **more):
    return {name: [value] for name, value in more.items()} | {"penalty_min": [penalty]}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ({"from_node": ["S"], "via_node": ["X"], "to_node": ["W"]}, "no column penalty_min"),
        (row(from_node="S", to_node="W"), "no column via_node"),
        (row(from_node="S", via_node="Q", to_node="W"), 'row 2, column via_node: the network has no "Q"'),
        (row(from_node="W", via_node="X", to_node="N"), "row 2: no link leads from W to X; from W they lead to: N"),
        (row(from_link="SX", to_link="EN"), "row 2: the second link of SX > EN does not begin"),
        ({"from_link": ["SX"] * 2, "to_link": ["XN"] * 2, "penalty_min": [1, 2]},
         "row 3: the turn SX > XN stands there twice"),
        (row(-1.0, from_link="SX", to_link="XN"), "column penalty_min: found -1.0"),
        (row("much", from_link="SX", to_link="XN"), "much"),
        (row(from_link="SX", to_link="XN", capacity_vph=0), "a number above 0"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_turn_is_told_with_its_row(rows, words):
    with pytest.raises(InputError) as caught:
        with_turns(crossing(), pd.DataFrame(rows))
    assert words in str(caught.value)


def test_nobody_turns_in_a_zone():
    net = graph(3, [(0, 1), (1, 2)], barred=[1])
    with pytest.raises(InputError, match="1 is a zone that nobody passes"):
        with_turns(net, pd.DataFrame({"from_link": [0], "to_link": [1], "penalty_min": [1.0]}))
