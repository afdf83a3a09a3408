"""T-40: where lattices and random graphs fall apart, against percolation theory.

Square lattice: bonds 1/2 (Kesten 1980, doi:10.1007/BF01197577), sites 0.592746 (Newman & Ziff 2000,
doi:10.1103/PhysRevLett.85.4104). Random graph of mean degree k: a giant part S = 1 - exp(-k S) as long as more than 1/k
of the links are there (Erdos & Renyi 1960).
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from resilience.traffic.criticality.structure import percolation
from tests.tiny import graph

SIDE = 120


def both_ways(ends):
    """A road graph with a link in either direction of each pair of ends: links 2i and 2i + 1."""
    return [end for a, b in ends for end in ((a, b), (b, a))]


def lattice():
    number = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    across = zip(number[:, :-1].ravel().tolist(), number[:, 1:].ravel().tolist(), strict=True)
    down = zip(number[:-1].ravel().tolist(), number[1:].ravel().tolist(), strict=True)
    return [*across, *down]


def critical(net, orders, steps):
    """Share taken out where the second largest part is largest, mean over orders."""
    found = [percolation(net, order, steps=steps) for order in orders]
    return float(np.mean([curve["removed"][curve["second"].idxmax()] for curve in found]))


def test_bonds_of_a_square_lattice():
    ends = lattice()
    net = graph(SIDE * SIDE, both_ways(ends))
    orders = [np.repeat(2 * np.random.default_rng(s).permutation(len(ends)), 2) for s in range(4)]
    for order in orders:
        order[1::2] += 1
    assert critical(net, orders, 200) == pytest.approx(0.5, abs=0.02)


def test_sites_of_a_square_lattice():
    """A site that goes takes its bonds along: bonds are ordered by the first of their sites to go."""
    ends = np.array(lattice())
    net = graph(SIDE * SIDE, both_ways(ends.tolist()))
    found = []
    for seed in range(4):
        gone_at = np.random.default_rng(seed).permutation(SIDE * SIDE)
        first = gone_at[ends].min(axis=1)
        order = np.repeat(2 * np.argsort(first, kind="stable"), 2)
        order[1::2] += 1
        curve = percolation(net, order, steps=200)
        links_gone = curve["removed"][curve["second"].idxmax()]
        at = np.sort(first)[min(int(links_gone * len(first)), len(first) - 1)]
        found.append(1.0 - at / (SIDE * SIDE))  # sites still there
    assert np.mean(found) == pytest.approx(0.592746, abs=0.02)


def test_a_random_graph_keeps_a_giant_part_until_a_third_of_its_links_are_left():
    nodes, degree = 20_000, 3.0
    rng = np.random.default_rng(1)
    ends = rng.integers(0, nodes, (int(nodes * degree / 2), 2))
    ends = ends[ends[:, 0] != ends[:, 1]]
    net = graph(nodes, both_ways(ends.tolist()))
    order = np.repeat(2 * rng.permutation(len(ends)), 2)
    order[1::2] += 1
    curve = percolation(net, order, steps=60)
    for removed, largest in zip(curve["removed"], curve["largest"], strict=True):
        left = degree * (1.0 - removed)
        giant = brentq(lambda s, left=left: s - 1.0 + np.exp(-left * s), 1e-9, 1.0) if left > 1.02 else 0.0
        if left > 1.2:
            assert largest == pytest.approx(giant, abs=0.02)
        elif left < 0.8:
            assert largest < 0.02
