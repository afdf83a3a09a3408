"""T-44: which feeders are shed. The best set of whole feeders is never worse than picking up one by one."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resilience.networks.network import Network
from resilience.networks.power import shedding
from resilience.networks.power.connectivity import Homes, PowerModel, homes

NODES = 7


def network(kinds, limits, loads, priorities, ends, line_limits):
    nodes = pd.DataFrame(
        {"kind": kinds, "capacity_kw": limits, "load_kw": loads, "priority": priorities},
        index=[f"n{i}" for i in range(len(kinds))],
    )
    links = pd.DataFrame(
        {
            "from_node": [f"n{a}" for a, _ in ends],
            "to_node": [f"n{b}" for _, b in ends],
            "capacity_kw": line_limits,
        },
        index=[f"w{i}" for i in range(len(ends))],
    )
    return Network("power", nodes, links)


@st.composite
def short_grids(draw, priorities=2):
    """Grids in which capacity is often short, with homes behind any or all of some feeders."""
    many = draw(st.integers(2, 11))
    node = st.integers(0, NODES - 1)
    limits = st.sampled_from([5.0, 10.0, 16.0, np.nan])
    ends = draw(st.lists(st.tuples(node, node), min_size=many, max_size=many))
    each = {"min_size": NODES - 1, "max_size": NODES - 1}
    loads = [0.0, *draw(st.lists(st.sampled_from([0.0, 4.0, 5.0, 6.0, 9.0]), **each))]
    made = network(
        ["source", *draw(st.lists(st.sampled_from(["source", "feeder", "feeder", "feeder"]), **each))],
        draw(st.lists(limits, min_size=NODES, max_size=NODES)),
        loads,
        [0, *draw(st.lists(st.integers(0, priorities - 1), **each))],
        ends,
        draw(st.lists(limits, min_size=many, max_size=many)),
    )
    suppliers = st.lists(node, min_size=1, max_size=2, unique=True).map(tuple)
    need = st.tuples(st.booleans(), suppliers)
    needs = draw(st.lists(st.lists(need, min_size=1, max_size=2).map(tuple), max_size=4))
    people = draw(st.lists(st.sampled_from([60.0, 100.0, 7.0]), min_size=len(needs), max_size=len(needs)))
    flags = [draw(st.lists(st.booleans(), min_size=n, max_size=n)) for n in (NODES, many, NODES, many)]
    return made, Homes(np.array(people), tuple(needs)), *map(np.array, flags)


def worth(power: PowerModel, up, node_on, link_on) -> tuple[float, ...]:
    """Return people and load per priority, the highest first, as the order of what is served has them.

    A home counts at the priority of its least need; a need of any is worth its best supplier that is not off.
    """
    live = power.joined(node_on, link_on)
    result = []
    for level in np.unique(power.priority)[::-1]:
        people = 0.0
        for many, needs in zip(power.behind.people, power.behind.needs, strict=True):
            if all((any if any_rule else all)(up[s] for s in suppliers) for any_rule, suppliers in needs):
                at = min(
                    max(power.priority[s] for s in suppliers if live[s]) if any_rule
                    else min(power.priority[s] for s in suppliers)
                    for any_rule, suppliers in needs
                )  # fmt: skip
                people += many * (at == level)
        result += [people, float(power.load_kw[up & (power.priority == level)].sum())]
    return tuple(result)


def not_below(a, b) -> bool:
    for x, y in zip(a, b, strict=True):
        if abs(x - y) > 1e-6:
            return x > y
    return True


@settings(deadline=None, max_examples=80)
@given(short_grids())
def test_what_is_served_can_be_carried_and_is_the_best_of_all_sets(grid):
    made, behind, node_on, link_on, _, _ = grid
    power = PowerModel(made, behind)
    live, shed = power.serve(node_on, link_on)
    keep = link_on & node_on[power.tail] & node_on[power.head]
    wanted = np.flatnonzero(live & (power.load_kw > 0))
    assert power.gap == 0.0
    served = wanted[~shed[wanted]]
    assert len(served) == 0 or power._can_carry(served, node_on, keep)
    for size in range(len(wanted) + 1):
        for some in itertools.combinations(wanted, size):
            if some and power._can_carry(np.array(some), node_on, keep):
                up = live & (power.load_kw == 0)
                up[list(some)] = True
                assert not_below(worth(power, live & ~shed, node_on, link_on), worth(power, up, node_on, link_on))


@settings(deadline=None, max_examples=80)
@given(short_grids())
def test_never_worse_than_picking_up_one_by_one(grid):
    made, behind, node_on, link_on, _, _ = grid
    power = PowerModel(made, behind)
    live, shed = power.serve(node_on, link_on)
    loads = live & (power.load_kw > 0)
    keep = link_on & node_on[power.tail] & node_on[power.head]
    greedy = power._one_by_one(loads, node_on, keep) | (live & ~loads)
    assert not_below(worth(power, live & ~shed, node_on, link_on), worth(power, greedy, node_on, link_on))


@settings(deadline=None, max_examples=80)
@given(short_grids())
def test_more_damage_never_serves_more(grid):
    made, behind, node_on, link_on, fewer_nodes, fewer_links = grid
    power = PowerModel(made, behind)
    some = power.supplied(node_on, link_on)
    fewer = (node_on & fewer_nodes, link_on & fewer_links)
    less = power.supplied(*fewer)
    assert not_below(worth(power, some, node_on, link_on), worth(power, less, *fewer))


@settings(deadline=None, max_examples=80)
@given(short_grids(priorities=1))
def test_with_one_priority_more_damage_never_leaves_fewer_people_dark(grid):
    made, behind, node_on, link_on, fewer_nodes, fewer_links = grid
    power = PowerModel(made, behind)

    def lit(nodes, links):
        up = power.supplied(nodes, links)
        return sum(
            many * all((any if rule else all)(up[s] for s in suppliers) for rule, suppliers in needs)
            for many, needs in zip(behind.people, behind.needs, strict=True)
        )

    assert lit(node_on & fewer_nodes, link_on & fewer_links) <= lit(node_on, link_on) + 1e-6


@settings(deadline=None, max_examples=60)
@given(short_grids(), st.integers(0, NODES - 1), st.integers(0, NODES - 1), st.sampled_from([5.0, np.nan]))
def test_a_tie_more_never_serves_less(grid, a, b, limit):
    made, behind, node_on, link_on, _, _ = grid
    line = pd.DataFrame([{"from_node": f"n{a}", "to_node": f"n{b}", "capacity_kw": limit}], index=["tie"])
    more = PowerModel(Network("power", made.nodes, pd.concat([made.links, line])), behind)
    opened, closed = np.append(link_on, False), np.append(link_on, True)
    before, after = more.supplied(node_on, opened), more.supplied(node_on, closed)
    assert not_below(worth(more, after, node_on, closed), worth(more, before, node_on, opened))


@settings(deadline=None, max_examples=60)
@given(short_grids(), st.integers(0, 99))
def test_ties_do_not_depend_on_the_order_of_rows(grid, seed):
    made, _, node_on, link_on, _, _ = grid
    before = PowerModel(made).supplied(node_on, link_on)
    rng = np.random.default_rng(seed)
    p, q = rng.permutation(NODES), rng.permutation(len(made.links))
    after = PowerModel(Network("power", made.nodes.iloc[p], made.links.iloc[q])).supplied(node_on[p], link_on[q])
    np.testing.assert_array_equal(after, before[p])


def three_feeders(limit: float, people=(60.0, 100.0, 100.0)) -> set[int]:
    ends = [(0, 1), (0, 2), (0, 3)]
    made = network(["source", *["feeder"] * 3], [limit, *[np.nan] * 3], [0, 6, 5, 5], [0] * 4, ends, [np.nan] * 3)
    behind = Homes(np.array(people), tuple(((False, (i,)),) for i in (1, 2, 3)))
    power = PowerModel(made, behind)
    return set(np.flatnonzero(power.supplied(np.ones(4, bool), np.ones(3, bool))).tolist()) - {0}


def test_two_small_feeders_with_more_people_go_before_one_large():
    assert three_feeders(16) == {1, 2, 3}
    assert three_feeders(11) == {2, 3}  # 200 people; 6 kW and 5 kW would be 160
    assert three_feeders(10) == {2, 3}
    assert three_feeders(5) == {2}  # a tie, the first id
    assert three_feeders(4) == set()


def test_where_people_tie_the_greater_load_is_served():
    assert three_feeders(6, people=(0.0, 0.0, 0.0)) == {1}
    assert three_feeders(10, people=(0.0, 0.0, 0.0)) == {2, 3}


def test_a_higher_priority_goes_first_whatever_stands_behind_the_rest():
    ends = [(0, 1), (0, 2), (0, 3)]
    made = network(["source", *["feeder"] * 3], [10, *[np.nan] * 3], [0, 6, 5, 5], [0, 1, 0, 0], ends, [np.nan] * 3)
    behind = Homes(np.array([1.0, 500.0, 500.0]), tuple(((False, (i,)),) for i in (1, 2, 3)))
    assert PowerModel(made, behind).supplied(np.ones(4, bool), np.ones(3, bool)).tolist() == [True, True, False, False]


def test_a_home_whose_best_feeder_is_off_counts_at_the_next():
    """6 kW are left for the 5 kW of 50 people, who may also have their power of the feeder of priority 2 that is off,
    or for 6 kW of nobody.
    """
    made = network(
        ["source", *["feeder"] * 3], [6, *[np.nan] * 3], [0, 5, 5, 6], [0, 0, 2, 0], [(0, i) for i in (1, 2, 3)],
        [np.nan] * 3,
    )  # fmt: skip
    power = PowerModel(made, Homes(np.array([50.0]), (((True, (1, 2)),),)))
    assert power.supplied(np.array([True, True, False, True]), np.ones(3, bool)).tolist() == [True, True, False, False]
    assert power.supplied(np.ones(4, bool), np.ones(3, bool)).tolist() == [True, False, True, False]


def test_a_home_counts_though_the_feeder_of_its_priority_is_lit_elsewhere():
    """It needs the feeder of priority 0 of a net with power to spare, and one of two of priority 2 in a short one."""
    made = network(
        ["source", "feeder", "source", "feeder", "feeder"], [np.nan, np.nan, 6, np.nan, np.nan], [0, 5, 0, 5, 5],
        [0, 0, 0, 2, 2], [(0, 1), (2, 3), (2, 4)], [np.nan] * 3,
    )  # fmt: skip
    power = PowerModel(made, Homes(np.array([50.0]), (((False, (1, 4)),),)))
    assert power.supplied(np.ones(5, bool), np.ones(3, bool)).tolist() == [True, True, True, False, True]


def test_a_shed_feeder_passes_power_on():
    """The narrow line carries the one of 5 kW behind the other of 10 kW."""
    made = network(["source", "feeder", "feeder"], [np.nan] * 3, [0, 10, 5], [0] * 3, [(0, 1), (1, 2)], [6, 6])
    live, shed = PowerModel(made).serve(np.ones(3, bool), np.ones(2, bool))
    assert live.all()
    assert shed.tolist() == [False, True, False]


def test_a_search_cut_short_is_no_worse_than_picking_up_and_says_what_it_may_miss(monkeypatch):
    """Forty loads of 1 to 2 MW and half of the capacity: to fill it to the last watt takes long."""
    monkeypatch.setattr(shedding, "default", lambda _: 1)
    loads = np.round(np.random.default_rng(3).uniform(1000, 2000, 40), 3)
    limit = 0.503 * loads.sum()
    kinds, ends = ["source", *["feeder"] * 40], [(0, i) for i in range(1, 41)]
    power = PowerModel(network(kinds, [limit, *[np.nan] * 40], [0, *loads], [0] * 41, ends, [np.nan] * 40))
    on, lines = np.ones(41, bool), np.ones(40, bool)
    served = power.load_kw[power.supplied(on, lines)].sum()
    assert 0 < power.gap < 0.05
    assert limit >= served >= power.load_kw[power._one_by_one(power.load_kw > 0, on, lines)].sum()
    assert served >= (1 - power.gap) * limit * (1 - 1e-3)


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0]])
def test_homes_are_read_from_the_rows_of_dependencies(order):
    zones = pd.DataFrame({"people": [10.0, 20.0, 30.0]}, index=["zone:A", "zone:B", "zone:C"])
    rows = pd.DataFrame(
        [
            ("power:F1", "zone:A", "power", "all"),
            ("power:F1", "zone:B", "power", "any"),
            ("power:F2", "zone:B", "power", "any"),
            ("facility:W", "zone:C", "water", "all"),
        ],
        columns=["supplier", "consumer", "service", "rule"],
    ).iloc[order]
    found = homes(zones, rows, pd.Index(["power:F1", "power:F2"]))
    assert found.people.tolist() == [10.0, 20.0]
    assert found.needs == (((False, (0,)),), ((True, (0, 1)),))
