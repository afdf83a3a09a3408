from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resilience.base.errors import InputError, StoppedError
from resilience.traffic import Change, Demand, GiveUp, Warm, assign
from resilience.traffic.equilibrium import kernels as kernels_module
from tests.tiny import graph, pairs
from tests.traffic.test_equilibrium import check_equilibrium, networks

GAP = 1e-8


def change_of(net, demand, seed, kind):
    rng = np.random.default_rng(seed)
    shut = rng.random(net.links) < 0.3
    slow = rng.uniform(0.3, 1.0, net.links)
    more = demand * rng.choice([0.0, 0.5, 1.0, 1.5], len(demand))
    return {
        "closed": Change(closed=shut),
        "slow": Change(speed=slow),
        "narrow": Change(capacity=slow),
        "demand": Change(vph=more),
        "all": Change(closed=shut, speed=slow, capacity=slow[::-1].copy(), vph=more),
        "nothing": Change(),
    }[kind]


KINDS = st.sampled_from(["closed", "slow", "narrow", "demand", "all", "nothing"])


@given(networks(), st.lists(st.tuples(KINDS, st.integers(0, 99)), min_size=1, max_size=5))
def test_any_sequence_of_changes_gives_the_cold_answer(case, steps):
    net, wanted, vph = case
    warm = Warm(assign(net, Demand(wanted, vph), gap=GAP))
    for kind, seed in steps:
        change = change_of(net, vph, seed, kind)
        found = warm.assign(change, gap=GAP, paths=True)
        ones = np.ones(net.links)
        state = net.with_state(
            speed=ones if change.speed is None else change.speed,
            capacity=ones if change.capacity is None else change.capacity,
        )
        shut = np.zeros(net.links, bool) if change.closed is None else change.closed
        now = vph if change.vph is None else change.vph
        assert found.converged
        check_equilibrium(state, wanted, now, found, shut)
        cold = assign(state, Demand(wanted, now), gap=GAP, closed=shut)
        np.testing.assert_array_equal(found.served, cold.served)
        assert found.objective == pytest.approx(cold.objective, rel=1e-6)


@given(networks(), st.permutations(range(4)))
def test_an_answer_does_not_depend_on_what_was_asked_before(case, order):
    net, wanted, vph = case
    base = assign(net, Demand(wanted, vph), gap=GAP)
    changes = [change_of(net, vph, seed, kind) for seed, kind in enumerate(["closed", "slow", "all", "demand"])]
    fresh = [Warm(base).assign(c, gap=GAP).flow.tobytes() for c in changes]
    warm = Warm(base)
    for number in order:
        assert warm.assign(changes[number], gap=GAP).flow.tobytes() == fresh[number]


def test_totals_are_those_of_the_whole_solution_for_any_number_of_workers():
    rng = np.random.default_rng(3)
    ends = [(int(a), int(b)) for a, b in rng.integers(0, 12, (60, 2)) if a != b]
    net = graph(12, ends, minutes=rng.uniform(1, 5, len(ends)), capacity=rng.uniform(10, 50, len(ends)))
    wanted = pairs(*{(int(a), int(b)) for a, b in rng.integers(0, 12, (30, 2)) if a != b})
    vph = rng.uniform(1, 30, len(wanted))
    for answer in (None, GiveUp(12.0)):
        warm = Warm(assign(net, Demand(wanted, vph, answer=answer), gap=GAP))
        changes = [Change(closed=np.arange(net.links) == link) for link in range(net.links)]
        one = warm.many(changes, gap=1e-6)
        two = warm.many(changes, gap=1e-6, workers=2)
        assert [t[:4] for t in one] == [t[:4] for t in two]
        for change, total in zip(changes, one, strict=True):
            whole = warm.assign(change, gap=1e-6)
            assert total.total_travel_time == pytest.approx(whole.total_travel_time, rel=1e-9)
            assert total.unserved_minutes == pytest.approx(whole.unserved_minutes, abs=1e-6)
            assert total.unserved == pytest.approx(whole.unserved.sum(), abs=1e-9)
            assert total.converged


def test_the_error_of_the_travel_time_covers_the_truth_mostly():
    rng = np.random.default_rng(8)
    ends = [(a, b) for a in range(16) for b in (a + 1, a - 1, a + 4, a - 4) if 0 <= b < 16]
    net = graph(16, ends, minutes=rng.uniform(1, 5, len(ends)), capacity=rng.uniform(10, 30, len(ends)))
    wanted = pairs(*{(int(a), int(b)) for a, b in rng.integers(0, 16, (60, 2)) if a != b})
    warm = Warm(assign(net, Demand(wanted, rng.uniform(1, 12, len(wanted))), gap=1e-10))
    changes = [Change(closed=np.arange(net.links) == link) for link in range(net.links)]
    rough = warm.many(changes, gap=1e-4, with_error=True)
    exact = warm.many(changes, gap=1e-11)
    covered = [abs(a.total_travel_time - b.total_travel_time) <= a.error for a, b in zip(rough, exact, strict=True)]
    assert np.mean(covered) > 0.9
    assert all(np.isfinite(a.error) for a in rough)


def test_a_store_that_is_too_small_grows_and_changes_nothing(monkeypatch):
    rng = np.random.default_rng(5)
    ends = [(int(a), int(b)) for a, b in rng.integers(0, 15, (90, 2)) if a != b]
    net = graph(15, ends, minutes=rng.uniform(1, 5, len(ends)), capacity=rng.uniform(2, 9, len(ends)))
    wanted = pairs(*{(int(a), int(b)) for a, b in rng.integers(0, 15, (120, 2)) if a != b})
    demand = Demand(wanted, rng.uniform(1, 30, len(wanted)))
    roomy = assign(net, demand, gap=GAP)
    from resilience.traffic.equilibrium import workspace

    full = workspace._empty_store

    def cramped(many, slots, pool, arcs):
        return full(many, 7, 5, arcs)

    monkeypatch.setattr(workspace, "_empty_store", cramped)
    tight = assign(net, demand, gap=GAP)
    assert tight.flow.tobytes() == roomy.flow.tobytes()
    assert kernels_module.ROOM not in (kernels_module.DONE, kernels_module.MORE)


def test_a_closed_base_opens_again():
    net = graph(3, [(0, 1), (1, 2), (0, 2)], minutes=[1, 1, 3], capacity=20.0)
    shut = np.array([True, False, False])
    base = assign(net, Demand(pairs((0, 2)), np.array([40.0])), gap=GAP, closed=shut)
    np.testing.assert_allclose(base.flow, [0, 0, 40])
    warm = Warm(base)
    opened = warm.assign(Change(closed=np.zeros(3, bool)), gap=GAP)
    cold = assign(net, Demand(pairs((0, 2)), np.array([40.0])), gap=GAP)
    np.testing.assert_allclose(opened.flow, cold.flow, rtol=1e-4)
    np.testing.assert_allclose(warm.assign(Change(), gap=GAP).flow, base.flow)


def test_changes_of_the_wrong_length_are_refused_and_do_no_harm():
    net = graph(3, [(0, 1), (1, 2)])
    warm = Warm(assign(net, Demand(pairs((0, 2)), np.array([5.0])), gap=GAP))
    with pytest.raises(InputError, match="closed has 3 values, the network has 2 links"):
        warm.assign(Change(closed=np.zeros(3, bool)))
    with pytest.raises(InputError):
        warm.assign(Change(vph=np.ones(2)))
    with pytest.raises(InputError):
        warm.assign(Change(vph=np.array([np.nan])))
    with pytest.raises(InputError):
        warm.assign(Change(capacity=np.array([1.0, 0.0])))
    with pytest.raises(InputError):
        warm.assign(Change(speed=np.array([1.0, np.nan])))
    np.testing.assert_allclose(warm.assign(Change(), gap=GAP).flow, [5.0, 5.0])


def test_a_scan_can_be_stopped():
    net = graph(3, [(0, 1), (1, 2)])
    warm = Warm(assign(net, Demand(pairs((0, 2)), np.array([5.0])), gap=GAP))
    with pytest.raises(StoppedError, match="3 of 9"):
        warm.many([Change()] * 9, progress=lambda done, many: done < 3)


def test_a_pair_that_nobody_travels_any_more_leaves_nothing_behind():
    net = graph(4, [(0, 1), (0, 2), (1, 3), (2, 3)], minutes=[1, 1, 1, 5], barred=[3])
    warm = Warm(assign(net, Demand(pairs((0, 1), (0, 3)), np.array([5.0, 5.0])), gap=GAP))
    np.testing.assert_allclose(warm.assign(Change(vph=np.array([5.0, 0.0])), gap=GAP).flow, [5.0, 0.0, 0.0, 0.0])
    net = graph(3, [(0, 1), (1, 0), (1, 2), (2, 1), (2, 0)])
    warm = Warm(assign(net, Demand(pairs((0, 1), (0, 2), (1, 2)), np.array([5.0, 5.0, 5.0])), gap=GAP))
    total = warm.totals(Change(vph=np.array([5.0, 0.0, 5.0]), closed=np.array([0, 0, 1, 0, 0], bool)))
    assert total.total_travel_time == pytest.approx(5.0, rel=1e-3)
    assert total.unserved == 5.0


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (Change(), {"gap": 0.0}, "gap"),
        (Change(), {"iterations": 0}, "iterations"),
        (Change(speed=0.5), {}, "speed has"),
        (Change(speed=np.array([np.inf, 1.0])), {}, "speed is inf; it must be a number above 0"),
        (Change(closed=np.array([1, 0])), {}, "closed must be flags"),
        (Change(vph=np.array([-1.0])), {}, "value 0 .* is -1"),
    ],
)
def test_changes_that_cannot_be_are_refused_and_do_no_harm(change, options, message):
    net = graph(3, [(0, 1), (1, 2)])
    warm = Warm(assign(net, Demand(pairs((0, 2)), np.array([5.0])), gap=GAP))
    with pytest.raises(InputError, match=message):
        warm.totals(change, **options)
    assert warm.totals(Change()).unserved == 0.0


@given(networks(), st.lists(st.floats(0.0, 3.0), min_size=12, max_size=12), st.integers(0, 99))
def test_demand_may_fall_to_nothing_and_come_back(case, factors, seed):
    net, wanted, vph = case
    factor = np.resize(np.where(np.array(factors) < 1.0, 0.0, factors), len(vph))
    shut = np.random.default_rng(seed).random(net.links) < 0.3
    warm = Warm(assign(net, Demand(wanted, vph * factor), gap=GAP))
    for now in (vph * factor[::-1], vph, vph * factor):
        found = warm.assign(Change(vph=now, closed=shut), gap=GAP, paths=True)
        check_equilibrium(net, wanted, now, found, shut)
