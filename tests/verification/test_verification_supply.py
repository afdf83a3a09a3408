"""T-34: a chain of firms A -> B -> C, each with s days of stock; A stands still for T days."""

from __future__ import annotations

import numpy as np
import pytest

from resilience.agents.firms import Firms, LeontiefFirm
from resilience.case.case import load_case
from tests.tiny import POWER, write_case

CASES = [(5, (5, 0, 0)), (8, (8, 3, 0)), (12, (12, 7, 2)), (20, (20, 15, 10))]


def lost_days(folder, stock_days: int, down_days: int) -> np.ndarray:
    tables = POWER | {
        "zones": "id,x,y\nZ,0,0",
        "sectors": f"id,opens_hour,closes_hour,days_per_week,stock_days,restock_days\ns,8,18,7,{stock_days},1",
        "firms": "id,sector,zone,x,y,jobs,value_added_per_day\nA,s,Z,0,0,1,100\nB,s,Z,0,0,1,50\nC,s,Z,0,0,1,50",
        "supply_links": "id,supplier,buyer,flow_per_day\nk1,A,B,100\nk2,B,C,150",
    }
    city = load_case(write_case(folder, tables)).city
    firms = Firms(city, city.supply, LeontiefFirm())
    lost = np.zeros(3)
    for day in range(60):
        undamaged = np.array([float(day >= down_days), 1.0, 1.0])
        for hour in range(24):
            made, full = firms.tick(hour, day % 7, undamaged, np.ones(3, bool))
            lost += (full - made) / np.array([100.0, 50.0, 50.0])
        firms.trade(day % 7, np.ones(2, bool))
    return lost


@pytest.mark.parametrize(("down", "expected"), CASES)
def test_a_stock_of_s_days_bridges_s_days(tmp_path, down, expected):
    np.testing.assert_allclose(lost_days(tmp_path / "c", 5, down), expected, atol=1e-9)


def test_without_a_shock_nothing_is_lost(tmp_path):
    np.testing.assert_allclose(lost_days(tmp_path / "c", 5, 0), 0.0, atol=1e-12)


def test_losses_grow_faster_than_the_standstill(tmp_path):
    total = [lost_days(tmp_path / f"c{t}", 5, t).sum() for t in (6, 12, 18)]
    assert total[1] > 2 * total[0]
    assert total[2] - total[1] > total[1] - total[0]
