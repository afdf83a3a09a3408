"""The nearest of some places, mended from question to question, beside a new search for each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from resilience.traffic.nearest import Nearest, towards
from resilience.traffic.skims import nodes_within
from tests.tiny import graph


@given(st.integers(2, 14), st.integers(0, 2**32 - 1))
def test_every_question_gets_the_answer_of_a_new_search_to_the_last_bit(n, seed):
    rng = np.random.default_rng(seed)
    links = [tuple(ends) for ends in rng.integers(0, n, (4 * n, 2)).tolist()]
    barred = set(rng.choice(n, rng.integers(0, 2), replace=False).tolist())
    net = graph(n, links, barred=barred)
    places = rng.choice(np.setdiff1d(np.arange(n), list(barred)), 3)
    asked, turned = Nearest(towards(net, places), np.arange(n)), replace(net, tail=net.head, head=net.tail)
    minutes = rng.uniform(0.0, 9.0, net.links)
    for _ in range(6):
        some = rng.random(net.links) < 0.2
        minutes = np.where(some, rng.uniform(0.0, 9.0, net.links).round(int(rng.integers(0, 9))), minutes)
        closed, counts = rng.random(net.links) < 0.3, rng.random(3) < 0.7
        expected = nodes_within(turned, places[counts], minutes, closed) if counts.any() else np.full(n, np.inf)
        assert asked.minutes(minutes, closed, counts).tolist() == expected.tolist()


def test_nobody_passes_through_a_zone():
    net = graph(3, [(0, 1), (1, 0), (1, 2), (2, 1), (0, 2)], minutes=[0, 0, 0, 0, 30], barred=[1])
    asked = Nearest(towards(net, np.array([2])), np.array([0, 1]))
    shut = np.zeros(5, bool)
    assert asked.minutes(net.free_flow_min, shut, np.array([True])).tolist() == [30.0, 0.0]
