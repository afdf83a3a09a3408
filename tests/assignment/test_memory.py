from __future__ import annotations

import numpy as np
import pytest

from resilience.assignment import Demand, Pairs, assign, memory, memory_needed
from resilience.errors import InputError
from tests.tiny import graph


def ring(nodes):
    there = [(i, (i + 1) % nodes) for i in range(nodes)]
    net = graph(nodes, there + [(b, a) for a, b in there])
    ends = np.arange(nodes)
    origin, destination = np.repeat(ends, nodes), np.tile(ends, nodes)
    keep = origin != destination
    return net, Demand(Pairs(origin[keep], destination[keep]), np.ones(keep.sum()))


def test_the_estimate_grows_with_pairs_and_with_the_length_of_paths():
    small, large = (memory_needed(*ring(n)) for n in (40, 80))
    assert 5 * small < large < 10 * small  # four times the pairs, paths twice as long
    net, demand = ring(80)
    store = assign(net, demand, gap=1e-4).store
    assert large > 4 * len(store.arcs)


def test_what_does_not_fit_is_refused_before_it_begins(monkeypatch):
    net, demand = ring(330)
    monkeypatch.setattr(memory, "_memory", lambda: 1e7)
    with pytest.raises(InputError, match=r"108570 pairs would need about .* GB of memory; this machine has 0.0 GB"):
        assign(net, demand)
