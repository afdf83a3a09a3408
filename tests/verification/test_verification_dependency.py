"""T-31: a chain A -> B -> C with buffers of 4 and 6 hours."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from resilience.networks.dependency import dependencies


@pytest.mark.parametrize(
    ("off_hours", "first_down"),
    [(12, {"B": 4, "C": 10}), (3, {}), (4, {}), (5, {"B": 4}), (10, {"B": 4}), (11, {"B": 4, "C": 10})],
)
def test_buffers_add_up_along_a_chain(off_hours, first_down):
    names = pd.Index(["A", "B", "C"])
    table = pd.DataFrame(
        {
            "supplier": ["A", "B"], "consumer": ["B", "C"], "service": ["power", "power"], "rule": ["all", "all"],
            "buffer_hours": [4.0, 6.0],
            "added_hours": [0.0, 0.0],
        }
    )  # fmt: skip
    needs = dependencies(table, names)
    found: dict[str, int] = {}
    for hour in range(24):
        up = np.array([hour >= off_hours, True, True])
        for _ in range(3):  # falls within the hour reach down the chain
            met = needs.met(up)
            up[needs.consumer[needs.failed(hour, met)]] = False
        needs.watch(hour, needs.met(up))
        for name in names[1:][~up[1:]]:
            found.setdefault(name, hour)
        if hour >= off_hours:
            assert up.all()
    assert found == first_down
