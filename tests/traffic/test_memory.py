from __future__ import annotations

import numpy as np
import pytest

from resilience.base import memory
from resilience.base.errors import InputError
from resilience.traffic import Demand, Pairs, VehicleClass, assign, memory_needed
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


def test_the_estimate_knows_classes():
    net, demand = ring(20)
    ends = demand.pairs
    two = Pairs(np.tile(ends.origin, 2), np.tile(ends.destination, 2), np.repeat([0, 1], len(ends)))
    both = Demand(two, np.ones(len(two)), (VehicleClass("car"), VehicleClass("bus")))
    assert memory_needed(net, both) > memory_needed(net, demand)


def test_the_limit_of_a_container_counts(tmp_path, monkeypatch):
    whole = memory._memory()
    small, without = tmp_path / "memory.max", tmp_path / "none"
    small.write_text("1000000\n")
    monkeypatch.setattr(memory, "LIMITS", (without, small))
    assert memory._memory() == 1e6
    small.write_text("max\n")
    assert memory._memory() >= whole


def test_the_limit_of_the_process_counts(monkeypatch):
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(memory, "_memory", lambda: 5e9)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert memory.available_memory() == 5e9
    monkeypatch.setattr(resource, "getrlimit", lambda _: (int(1e15), int(1e15)))
    assert memory.available_memory() == 5e9
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1000, 1000))  # less than is in use already
    assert memory.available_memory() == 1.0
