from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resilience.networks.network import Network
from resilience.networks.power.connectivity import PowerModel


def model(nodes: str, lines: str) -> PowerModel:
    """Build a power network: nodes "S source 100, a feeder 30 2" (kind, source capacity or load, priority)."""
    rows = {}
    for text in nodes.split(","):
        name, kind, number, *rest = text.split()
        value = np.nan if number == "-" else float(number)
        rows[name] = {
            "kind": kind,
            "capacity_kw": value if kind != "feeder" else np.nan,
            "load_kw": value if kind == "feeder" else 0.0,
            "priority": float(rest[0]) if rest else 0.0,
        }
    table = pd.DataFrame.from_dict(rows, orient="index")
    links = []
    for text in lines.split(","):
        a, b, *rest = text.split()
        links.append({"from_node": a, "to_node": b, "capacity_kw": float(rest[0]) if rest else np.nan})
    frame = pd.DataFrame(links, index=[f"w{i}" for i in range(len(links))])
    return PowerModel(Network("power", table, frame))


def on(power: PowerModel, *, nodes_off: str = "", lines_off: tuple[int, ...] = ()) -> set[str]:
    names = power.network.nodes.index
    node_on = ~names.isin(nodes_off.split())
    link_on = np.ones(len(power.tail), bool)
    link_on[list(lines_off)] = False
    return set(names[power.supplied(node_on, link_on)])


def test_radial_loses_what_hangs_behind_a_broken_line():
    power = model("S source -, a feeder 1, b feeder 1, c feeder 1", "S a, a b, b c")
    assert on(power) == {"S", "a", "b", "c"}
    assert on(power, lines_off=(1,)) == {"S", "a"}
    assert on(power, nodes_off="b") == {"S", "a"}


def test_ring_survives_any_one_line_and_not_two():
    power = model("S source -, a feeder 1, b feeder 1", "S a, a b, b S")
    for line in range(3):
        assert on(power, lines_off=(line,)) == {"S", "a", "b"}
    assert on(power, lines_off=(0, 1)) == {"S", "b"}
    assert on(power, lines_off=(0, 2)) == {"S"}


def test_source_lost_is_all_lost():
    power = model("S source -, a feeder 1, b substation -", "S a, a b")
    assert on(power, nodes_off="S") == set()


def test_two_islands_live_on_their_own_sources():
    power = model("S source -, a feeder 1, T source -, b feeder 1", "S a, T b")
    assert on(power) == {"S", "a", "T", "b"}
    assert on(power, nodes_off="T") == {"S", "a"}


def test_lines_carry_in_both_directions():
    power = model("S source -, a feeder 1", "a S")
    assert on(power) == {"S", "a"}


def test_a_node_without_load_has_power_where_a_live_line_leads():
    power = model("S source 5, a substation -, b substation -", "S a, a b")
    assert on(power, lines_off=(1,)) == {"S", "a"}


def test_too_little_capacity_sheds_the_lowest_priority_whole():
    power = model("S source 50, a feeder 30 1, b feeder 30 2, c feeder 15 0", "S a, S b, S c")
    assert on(power) == {"S", "b", "c"}  # b first; a no longer fits, c does


def test_among_equals_the_larger_load_is_picked_up_first():
    power = model("S source 50, a feeder 20, b feeder 40", "S a, S b")
    assert on(power) == {"S", "b"}


def test_a_narrow_line_sheds_only_behind_it():
    power = model("S source 100, a feeder 30, b feeder 30", "S a 20, S b 40")
    assert on(power) == {"S", "b"}


def test_a_narrow_substation_limits_what_passes_it():
    power = model("S source 100, m substation 25, a feeder 20 1, b feeder 20 0", "S m, m a, m b")
    assert on(power) == {"S", "m", "a"}


def test_two_narrow_ways_together_carry_the_load():
    power = model("S source 100, m substation -, n substation -, a feeder 30", "S m 15, S n 15, m a, n a")
    assert on(power) == {"S", "m", "n", "a"}
    assert on(power, lines_off=(0,)) == {"S", "n"} | {"m"}  # m hangs on a by its line, a is shed


@st.composite
def grids(draw):
    n = draw(st.integers(2, 8))
    many = draw(st.integers(1, 12))
    ends = draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), min_size=many, max_size=many))
    amounts = st.sampled_from([5.0, 10.0, 30.0, np.nan])
    nodes = pd.DataFrame(
        {
            "kind": draw(st.lists(st.sampled_from(["source", "substation", "feeder"]), min_size=n, max_size=n)),
            "capacity_kw": draw(st.lists(amounts, min_size=n, max_size=n)),
            "load_kw": draw(st.lists(st.sampled_from([0.0, 4.0, 9.0, 20.0]), min_size=n, max_size=n)),
            "priority": draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)),
        },
        index=[f"n{i}" for i in range(n)],
    )
    links = pd.DataFrame(
        {
            "from_node": [f"n{a}" for a, _ in ends],
            "to_node": [f"n{b}" for _, b in ends],
            "capacity_kw": draw(st.lists(amounts, min_size=many, max_size=many)),
        },
        index=[f"w{i}" for i in range(many)],
    )
    states = st.lists(st.booleans(), min_size=n, max_size=n)
    line_states = st.lists(st.booleans(), min_size=many, max_size=many)
    return nodes, links, np.array(draw(states)), np.array(draw(line_states))


@given(grids())
def test_what_is_served_never_exceeds_what_sources_give(grid):
    nodes, links, node_on, link_on = grid
    power = PowerModel(Network("power", nodes, links))
    lit = power.supplied(node_on, link_on)
    assert not (lit & ~node_on).any()
    graph = power.network.to_igraph(link_on & node_on[power.tail] & node_on[power.head], directed=False)
    for part in graph.connected_components():
        here = np.isin(np.arange(power.size), part)
        sources = here & power.is_source & node_on
        served = power.load_kw[here & lit].sum()
        assert served <= power.node_kw[sources].sum() * (1 + 1e-6)
        if not sources.any():
            assert not lit[here].any()


@given(grids(), st.integers(0, 7), st.integers(0, 7))
def test_a_line_more_without_limits_takes_power_from_nobody(grid, a, b):
    nodes, links, node_on, link_on = grid
    nodes, links = nodes.assign(capacity_kw=np.nan), links.assign(capacity_kw=np.nan)
    before = PowerModel(Network("power", nodes, links)).supplied(node_on, link_on)
    line = {"from_node": f"n{a % len(nodes)}", "to_node": f"n{b % len(nodes)}", "capacity_kw": np.nan}
    more = pd.concat([links, pd.DataFrame([line], index=["new"])])
    after = PowerModel(Network("power", nodes, more)).supplied(node_on, np.append(link_on, True))
    assert (after >= before).all()


@given(grids(), st.integers(0, 30))
def test_the_answer_does_not_depend_on_the_order_of_rows(grid, seed):
    nodes, links, node_on, link_on = grid
    nodes = nodes.assign(load_kw=nodes["load_kw"] + np.arange(len(nodes)) * 1e-3)  # no ties
    before = PowerModel(Network("power", nodes, links)).supplied(node_on, link_on)
    rng = np.random.default_rng(seed)
    p, q = rng.permutation(len(nodes)), rng.permutation(len(links))
    after = PowerModel(Network("power", nodes.iloc[p], links.iloc[q])).supplied(node_on[p], link_on[q])
    np.testing.assert_array_equal(after, before[p])


def test_the_city_with_its_power_on_has_power_everywhere(sioux):
    power = sioux.city.power
    assert power.supplied(np.ones(power.size, bool), np.ones(len(power.tail), bool)).all()


@pytest.mark.parametrize("line", range(5))
def test_the_ring_of_the_teaching_case_survives_any_one_line(sioux, line):
    power = sioux.city.power
    link_on = np.ones(len(power.tail), bool)
    link_on[line] = False  # W1 to W5: the ring that README.md of the case speaks of
    assert power.supplied(np.ones(power.size, bool), link_on).all()
