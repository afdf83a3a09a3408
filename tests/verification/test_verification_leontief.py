"""T-35: output of two sectors for a given final demand (Miller & Blair 2009, Input-Output Analysis, chapter 2).

A = [[0.15, 0.25], [0.20, 0.05]] and f = (600, 1500) give x = (I - A)^-1 f = (1247.52, 1841.58).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from resilience.networks.supply.deliveries import SupplyNetwork, supply_network

A = np.array([[0.15, 0.25], [0.20, 0.05]])
FINAL = np.array([600.0, 1500.0])
OUTPUT = np.array([1247.52, 1841.58])


@pytest.fixture
def economy() -> SupplyNetwork:
    output = np.linalg.solve(np.eye(2) - A, FINAL)
    flow = A * output  # from row to column
    firms = pd.DataFrame(
        {"sector": ["s1", "s2"], "value_added_per_day": output - flow.sum(axis=0)}, index=["firm:1", "firm:2"]
    )
    sectors = pd.DataFrame({"days_per_week": 7, "stock_days": 5.0, "restock_days": 2.0}, index=["s1", "s2"])
    links = pd.DataFrame(
        [(f"firm:{i + 1}", f"firm:{j + 1}", flow[i, j]) for i in range(2) for j in range(2)],
        columns=["supplier", "buyer", "flow_per_day"],
    )
    return supply_network(firms, sectors, links)


def test_output_and_final_demand_are_those_of_the_book(economy):
    np.testing.assert_allclose(economy.output, OUTPUT, atol=0.005)
    np.testing.assert_allclose(economy.final, FINAL, rtol=1e-12)


def test_full_delivery_keeps_the_economy_where_it_is(economy):
    left = economy.ordinary_stock(0) - economy.need_flow
    orders = economy.orders(left, np.ones(2), 0)
    arrives = economy.deliver(orders, np.ones(2), np.ones(4, bool))
    np.testing.assert_allclose(arrives, economy.need_flow, rtol=1e-12)
    assert (economy.input_limit(left + arrives) == 1.0).all()


def test_half_of_one_input_allows_half_of_the_output(economy):
    stock = economy.need_flow.copy()
    stock[(economy.need_buyer == 1) & (economy.need_sector == 0)] *= 0.5
    np.testing.assert_allclose(economy.input_limit(stock), [1.0, 0.5])
