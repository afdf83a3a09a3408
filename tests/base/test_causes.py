"""Causes are counterfactual: what is told is a smallest set whose repair alone undoes the loss."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from resilience.base.causes import minimal_sets
from resilience.base.streams import Streams
from resilience.networks.network import Network
from resilience.networks.power.connectivity import PowerModel, homes
from resilience.simulation.services import Services

# ------------------------------------------------------------------------------------------------ sets alone


def undone_by(*sets):
    return lambda repaired: any(set(s) <= repaired for s in sets)


def test_every_single_one_that_suffices_is_found_in_order():
    assert minimal_sets([3, 1, 2], undone_by([2], [3])) == [(3,), (2,)]


def test_what_has_to_be_mended_together_is_told_together():
    assert minimal_sets([1, 2, 3, 4], undone_by([2, 4], [1, 3])) == [(1, 3), (2, 4)]
    assert minimal_sets([1, 2, 3, 4], undone_by([1, 2, 4])) == [(1, 2, 4)]


def test_larger_sets_and_many_candidates_end_in_one_that_cannot_be_made_smaller():
    assert minimal_sets(range(5), undone_by([0, 1, 2, 4])) == [(0, 1, 2, 4)]
    assert minimal_sets(range(30), undone_by([29, 28], [7, 9])) == [(7, 9)]


def test_nothing_to_mend_and_nothing_that_helps():
    assert minimal_sets([1, 2], lambda _: True) == [()]
    assert minimal_sets([1, 2], lambda _: False) == []
    assert minimal_sets([], lambda _: False) == []


@given(st.lists(st.frozensets(st.integers(0, 6), min_size=1, max_size=3), min_size=1, max_size=4))
def test_the_sets_found_are_all_of_the_smallest_size(sets):
    undone = undone_by(*sets)
    small = min(map(len, sets))
    right = [s for s in itertools.combinations(range(7), small) if undone(set(s))]
    assert minimal_sets(range(7), undone) == right


# ------------------------------------------------------------------------------------------------ on networks


class Town(SimpleNamespace):
    """As much of a city as services need."""

    def __getitem__(self, name):
        return self.tables[name]


def town(nodes, links, rows, zones, works=()):
    """Nodes as (id, kind, load), links as (id, from, to, limit), rows as (supplier, consumer, service, rule)."""
    node = pd.DataFrame(nodes, columns=["id", "kind", "load_kw"]).set_index("id").assign(capacity_kw=np.nan, priority=0)
    link = pd.DataFrame(links, columns=["id", "from_node", "to_node", "capacity_kw"]).set_index("id")
    need = pd.DataFrame(rows, columns=["supplier", "consumer", "service", "rule"]).assign(
        buffer_hours=0.0, added_hours=0.0, start_failure=0.0
    )
    zone = pd.DataFrame({"people": 100.0}, index=list(zones))
    works = pd.DataFrame({"kind": "shelter"}, index=list(works))
    network = Network("power", node, link)
    tables = {"power_nodes": node, "power_links": link, "dependencies": need, "zones": zone, "facilities": works}
    power = PowerModel(network, homes(zone, need, node.index)) if len(link) else None
    components = pd.Index([*node.index, *link.index, *works.index, *zone.index], dtype=object)
    return Town(tables=tables, models={"power": power} if power else {}, components=components)


def losses(city, *damaged):
    """Return name -> (reason, names of sources, alternatives) of what is lost when these are damaged one an hour."""
    services = Services(city, Streams(1, 0))
    services.step(0)
    found = {}
    for hour, names in enumerate(damaged, 1):
        services.loss[city.components.get_indexer(names.split())] = 1.0
        for c in services.step(hour):
            told = " ".join(city.components[s] for s in c.sources)
            found[city.components[c.component]] = (c.reason, told, c.alternatives)
    return found


LINE = [("G", "source", 0.0), ("A", "substation", 0.0), ("B", "substation", 0.0), ("F", "feeder", 10.0)]
ROW = [("F", "Z", "power", "all")]


def test_a_dead_end_is_not_to_blame():
    """G-A-B-F with a dead end X behind F, off before A."""
    city = town([*LINE, ("X", "substation", 0.0)],
                [("GA", "G", "A", np.nan), ("AB", "A", "B", np.nan), ("BF", "B", "F", np.nan),
                 ("FX", "F", "X", np.nan)], ROW, ["Z"])  # fmt: skip
    found = losses(city, "X", "A")
    assert found["F"] == ("no_supply", "A", 0)
    assert found["Z"] == ("no_power", "F", 0)


def test_two_lines_in_parallel_either_would_do_and_the_earlier_is_told():
    city = town(LINE[:1] + LINE[3:], [("P", "G", "F", np.nan), ("Q", "G", "F", np.nan)], ROW, ["Z"])
    found = losses(city, "Q", "P")
    assert found["F"] == ("no_supply", "Q", 1)
    assert found["Z"] == ("no_power", "F", 0)  # the choice is told where it is one
    assert losses(city, "P Q")["F"] == ("no_supply", "P", 1)


def test_two_in_a_row_are_both_told():
    city = town(LINE[:2] + LINE[3:], [("GA", "G", "A", np.nan), ("AF", "A", "F", np.nan)], ROW, ["Z"])
    assert losses(city, "GA AF")["F"] == ("no_supply", "AF GA", 0)


def test_capacity_that_is_gone_is_the_cause_of_what_is_shed():
    nodes = [("G", "source", 0.0), ("S", "substation", 0.0), ("F1", "feeder", 10.0), ("F2", "feeder", 10.0)]
    links = [("GS", "G", "S", 10.0), ("GT", "G", "S", 10.0), ("S1", "S", "F1", 10.0), ("S2", "S", "F2", 10.0)]
    city = town(nodes, links, [("F2", "B", "power", "all"), ("F1", "A", "power", "all")], ["A", "B"])
    found = losses(city, "GS")
    assert found["F2"] == ("shed", "GS", 0)  # as many people and as much load behind each; F1 is the first id
    assert found["B"] == ("no_power", "F2", 0)


def test_a_consumer_of_all_is_told_all_that_it_lost_and_of_any_one_of_several():
    nodes = [("G", "source", 0.0), ("F1", "feeder", 1.0), ("F2", "feeder", 1.0)]
    links = [("a", "G", "F1", np.nan), ("b", "G", "F2", np.nan)]
    both = town(nodes, links, [("F1", "Z", "power", "all"), ("F2", "Z", "power", "all")], ["Z"])
    assert losses(both, "a b")["Z"] == ("no_power", "F1 F2", 0)
    one = town(nodes, links, [("F1", "Z", "power", "any"), ("F2", "Z", "power", "any")], ["Z"])
    assert losses(one, "a b")["Z"] == ("no_power", "F1", 1)
    assert losses(one, "b", "a")["Z"] == ("no_power", "F2", 1)


def test_a_shed_feeder_does_not_flicker_and_those_behind_it_keep_their_power():
    nodes = [("G", "source", 0.0), ("F1", "feeder", 10.0), ("F2", "feeder", 5.0)]
    links = [("a", "G", "F1", 6.0), ("b", "G", "F1", 6.0), ("c", "F1", "F2", 6.0)]
    city = town(nodes, links, [("F2", "B", "power", "all")], ["B"])
    services = Services(city, Streams(1, 0))
    services.step(0)
    services.loss[city.components.get_loc("a")] = 1.0
    states = []
    for hour in range(1, 6):
        services.step(hour)
        states.append(services.up.copy())
    assert states[0][city.components.get_loc("B")]
    assert all(np.array_equal(state, states[0]) for state in states)


@st.composite
def towns(draw, *, limits, feedback):
    many = draw(st.integers(3, 9))
    nodes = [("n0", "source", 0.0)] + [
        (f"n{i}", "feeder", float(draw(st.sampled_from([0, 5, 6])))) for i in range(1, 6)
    ]
    node = st.integers(0, 5)
    amount = st.sampled_from(limits)
    links = [(f"w{k}", f"n{draw(node)}", f"n{draw(node)}", draw(amount)) for k in range(many)]
    links.append(("w_", "n0", "n1", np.nan))
    suppliers = [f"n{i}" for i in range(1, 6)]
    rows = []
    for zone in ("zA", "zB", "works"):
        rule = draw(st.sampled_from(["all", "any"]))
        rows += [(s, zone, "power", rule) for s in draw(st.lists(st.sampled_from(suppliers), max_size=2, unique=True))]
    if feedback:
        rows += [
            ("works", c, "water", "all")
            for c in draw(st.lists(st.sampled_from([*suppliers, "zA"]), max_size=2, unique=True))
        ]
    city = town(nodes, links, rows, ["zA", "zB"], ["works"])
    parts = [*(f"n{i}" for i in range(6)), *(x[0] for x in links), "works"]
    damage = draw(st.lists(st.lists(st.sampled_from(parts), max_size=4), min_size=1, max_size=2))
    return city, [" ".join(dict.fromkeys(d)) for d in damage]


def holds(made):
    """Check that the roots of what is told, repaired, restore each loss, and no set without one of them does."""
    city, damage = made
    services = Services(city, Streams(1, 0))
    services.step(0)
    sources: dict[int, tuple[int, ...]] = {}
    for hour, names in enumerate(damage, 1):
        services.loss[city.components.get_indexer(names.split())] = 1.0
        changes = services.step(hour)
        for change in changes:
            if change.up:
                sources.pop(change.component, None)
                continue
            sources[change.component] = change.sources
            if change.reason == "damaged":
                continue
            roots, new = set(), set(change.sources)
            while new:
                c = new.pop()
                if services.loss[c] >= 1.0:
                    roots.add(c)
                else:
                    new |= set(sources[c])
            if not roots:
                continue

            def whole(repaired, component=change.component):
                other = Services(city, Streams(1, 0))
                other.loss[:] = services.loss
                other.loss[list(repaired)] = 0.0
                other.step(0)
                return bool(other.up[component])

            if whole(set()):
                continue  # waits only for a black start
            assert whole(roots), (change, roots)
            assert not any(whole(roots - {c}) for c in roots), (change, roots)


@settings(deadline=None, max_examples=100)
@given(towns(limits=[np.nan], feedback=True))
def test_repairing_the_causes_alone_restores_the_service(made):
    holds(made)


@settings(deadline=None, max_examples=100)
@given(towns(limits=[5.0, 6.0, 11.0, np.nan], feedback=False))
def test_repairing_the_causes_alone_restores_what_was_shed(made):
    holds(made)


@settings(deadline=None, max_examples=60)
@given(towns(limits=[5.0, 6.0, 11.0, np.nan], feedback=False), st.lists(st.integers(0, 14), max_size=4))
def test_who_is_shed_depends_on_what_is_broken_now_and_not_on_what_was(made, more):
    """The same damage, at once or what is left of more damage, leaves the same services behind."""
    city, damage = made
    now = city.components.get_indexer(" ".join(damage).split())
    once, later = Services(city, Streams(1, 0)), Services(city, Streams(1, 0))
    once.loss[now] = later.loss[now] = 1.0
    later.loss[[m for m in more if m < len(later.loss)]] = 1.0
    for hour in range(3):
        once.step(hour)
        later.step(hour)
    later.loss[:] = once.loss
    for hour in range(3, 6):
        once.step(hour)
        later.step(hour)
    np.testing.assert_array_equal(later.up, once.up)
