from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resilience.networks.supply.deliveries import supply_network

SECTORS = pd.DataFrame(
    {"stock_days": [10.0, 20.0], "restock_days": [2.0, 4.0], "days_per_week": [5, 5]}, index=["make", "sell"]
)


def network(firms, links, sectors=SECTORS):
    """Firms "A make 100" (value added a day), links "A > B 30" (value a day)."""
    table = pd.DataFrame([f.split() for f in firms], columns=["id", "sector", "value_added_per_day"]).set_index("id")
    rows = pd.DataFrame([x.replace(">", " ").split() for x in links], columns=["supplier", "buyer", "flow_per_day"])
    return supply_network(table.astype({"value_added_per_day": float}), sectors, rows.astype({"flow_per_day": float}))


@pytest.fixture
def three():
    return network(["A make 100", "B make 50", "C sell 70"], ["A > C 30", "B > C 10", "A > B 20"])


def test_output_is_value_added_plus_purchases_and_final_is_what_is_left(three):
    np.testing.assert_allclose(three.output, [100, 70, 110])
    np.testing.assert_allclose(three.final, [50, 60, 110])


def test_suppliers_of_one_sector_serve_one_need(three):
    needs = sorted(zip(three.need_buyer.tolist(), three.need_flow.tolist(), three.target.tolist(), strict=True))
    assert needs == [(1, 20.0, 200.0), (2, 40.0, 800.0)]  # C buys 40 a day of "make" and keeps 20 days of it


def test_at_full_stock_nothing_drifts(three):
    stock, full = three.ordinary_stock(0), np.ones(3)
    for day in range(30):
        left = stock - three.need_flow
        stock = left + three.deliver(three.orders(left, full, day % 5), full, np.ones(3, bool))
    np.testing.assert_allclose(stock, three.target + three.need_flow, rtol=1e-12)
    np.testing.assert_array_equal(three.input_limit(stock), full)


def test_an_order_refills_the_stock_at_the_pace_of_the_sector(three):
    # o = use + (target - left) / tau; C is left with half its target of 800, tau = 4 days, split 30 to 10
    left = np.where(three.need_buyer == 2, 400.0, 200.0)
    assert three.orders(left, np.ones(3), 0).tolist() == pytest.approx([30 + 75.0, 10 + 25.0, 20.0])
    # half the workers, half the use
    assert three.orders(left, np.array([1, 0.5, 0.5]), 0).tolist() == pytest.approx([15 + 75.0, 5 + 25.0, 10.0])


def test_a_full_stock_orders_no_more_than_is_used_and_never_less_than_nothing(three):
    orders = three.orders(three.target * 3, np.zeros(3), 0)
    assert (orders == 0).all()


def test_needs_make_up_for_different_working_weeks():
    sectors = SECTORS.assign(days_per_week=[5, 7])
    chain = network(["A make 100", "C sell 70"], ["A > C 70"], sectors)
    np.testing.assert_allclose(chain.need_flow, [50.0])  # 70 on five days are 50 on seven


def test_a_supplier_short_of_goods_gives_everyone_the_same_part(three):
    # A makes half its 100 and is asked for 30 + 20 by firms and 50 by final customers
    arrived = three.deliver(three.flow, np.array([0.5, 1.0, 1.0]), np.ones(3, bool))
    by_buyer = dict(zip(three.need_buyer.tolist(), arrived.tolist(), strict=True))
    assert by_buyer == pytest.approx({1: 20 * 0.5, 2: 30 * 0.5 + 10})


def test_nothing_arrives_over_closed_links(three):
    arrived = three.deliver(three.flow, np.ones(3), np.array([False, True, True]))
    by_buyer = dict(zip(three.need_buyer.tolist(), arrived.tolist(), strict=True))
    assert by_buyer == pytest.approx({1: 20.0, 2: 10.0})


def test_the_scarcest_input_limits_output():
    firms = ["A make 100", "B sell 100", "C make 10"]
    chain = network(firms, ["A > C 10", "B > C 20"])
    stock = np.where(chain.need_sector == 0, 5.0, 100.0)
    np.testing.assert_allclose(chain.input_limit(stock), [1.0, 1.0, 0.5])


def test_firms_without_links_have_no_needs():
    lonely = network(["A make 100", "B sell 50"], [])
    np.testing.assert_allclose(lonely.final, [100, 50])
    assert len(lonely.need_flow) == 0
    np.testing.assert_array_equal(lonely.input_limit(np.zeros(0)), [1.0, 1.0])


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3), st.lists(st.booleans(), min_size=3, max_size=3),
       st.lists(st.floats(0, 2), min_size=2, max_size=2))  # fmt: skip
def test_deliveries_never_exceed_orders_nor_output(share, open_links, fill):
    supply = network(["A make 100", "B make 50", "C sell 70"], ["A > C 30", "B > C 10", "A > B 20"])
    share, opened = np.array(share), np.array(open_links)
    orders = supply.orders(supply.target * np.array(fill), share, 2)
    assert (orders >= 0).all()
    arrived = supply.deliver(orders, share, opened)
    assert (arrived >= 0).all()
    assert (arrived <= np.bincount(supply.need, orders * opened, 2) + 1e-9).all()
    assert arrived.sum() <= (supply.output * share).sum() + 1e-6
