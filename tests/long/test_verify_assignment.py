"""How far travel times are from those of the exact equilibrium, and how often the error that is told covers that."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from resilience.readers.tntp import read_tntp
from resilience.traffic import Change, Warm, assign

WEIGHTS = {"Chicago-Sketch": {"toll_weight": 0.02, "distance_weight": 0.04}}


@pytest.mark.verify
@pytest.mark.parametrize(("name", "step"), [("SiouxFalls", 1), ("Anaheim", 1), ("Chicago-Sketch", 30)])
def test_the_error_of_a_travel_time_covers_the_truth(name, step, report):
    home = os.environ.get("TNTP_DATA")
    if not home or not (Path(home) / name).is_dir():
        pytest.skip(f"TNTP_DATA names no folder with {name}")
    data = read_tntp(Path(home) / name, **WEIGHTS.get(name, {}))
    base = assign(data.graph, data.demand, gap=1e-9)
    warm = Warm(base)
    used = [i for i in range(0, data.graph.links, step) if base.flow[i] > 0]
    changes = [Change(closed=np.arange(data.graph.links) == i) for i in used]
    exact = warm.many(changes, gap=1e-11, workers=2)
    for gap in (1e-4, 1e-6):
        found = warm.many(changes, gap=gap, with_error=True, workers=2)
        off = np.array([abs(a.total_travel_time - b.total_travel_time) for a, b in zip(found, exact, strict=True)])
        told = np.array([a.error for a in found])
        rule = np.array([a.relative_gap * a.total_travel_time for a in found])
        covered = float((off <= told).mean())
        assert covered >= 0.95
        report(
            f"- **Error of a travel time.** {name}, {len(used)} links closed one by one, gap {gap:g}: the error told "
            f"covers the truth for {covered:.1%}; gap times travel time alone for {float((off <= rule).mean()):.1%}."
        )
