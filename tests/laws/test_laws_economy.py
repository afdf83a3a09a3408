"""Firms: nothing drifts while nothing happens, and a loss is what the closed form says (T-32, T-33)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resilience.agents.firms import Firms, LeontiefFirm
from resilience.networks.supply.deliveries import supply_network


class Town:
    """A city's face: firms and sectors."""

    def __init__(self, firms, sectors):
        self.tables = {"firms": firms, "sectors": sectors}

    def __getitem__(self, name):
        return self.tables[name]


def economy(days, stocks, restock, links, start=0):
    """Firms of one sector each: days a week, stock days, restocking days; links (supplier, buyer, flow)."""
    many = len(days)
    sectors = pd.DataFrame(
        {"days_per_week": days, "stock_days": stocks, "restock_days": restock, "opens_hour": 8, "closes_hour": 18,
         "power_need": 1.0},
        index=[f"s{i}" for i in range(many)],
    )  # fmt: skip
    firms = pd.DataFrame({"sector": sectors.index, "value_added_per_day": 1000.0}, index=[f"f{i}" for i in range(many)])
    columns = ["supplier", "buyer", "flow_per_day"]
    rows = pd.DataFrame([(f"f{a}", f"f{b}", v) for a, b, v in links], columns=columns)
    made = Firms(
        Town(firms, sectors), supply_network(firms, sectors, rows.astype({"flow_per_day": float})), LeontiefFirm()
    )
    made.open_books(start)
    return made


def work(firms, days, start=0, undamaged=None):
    """Run so many days; return value added made and possible, shape (days, firms)."""
    many = len(firms.labour)
    made, full = np.zeros((days, many)), np.zeros((days, many))
    for day in range(days):
        weekday = (start + day) % 7
        whole = np.ones(many) if undamaged is None else undamaged(day)
        for hour in range(24):
            m, f = firms.tick(hour, weekday, whole, np.ones(many, bool))
            made[day] += m
            full[day] += f
        firms.trade(weekday, np.ones(len(firms.supply.flow), bool))
    return made, full


@given(
    st.lists(st.integers(1, 7), min_size=3, max_size=3),
    st.lists(st.sampled_from([0.0, 0.5, 1.0, 1.5, 3.0, 30.0]), min_size=3, max_size=3),
    st.lists(st.sampled_from([1.0, 2.5, 4.0, 60.0]), min_size=3, max_size=3),
    st.integers(0, 6),
)
def test_without_a_shock_nothing_drifts(days, stocks, restock, start):
    """T-32: mixed weeks and stocks of a day or less keep full output to 1e-12, from any day of the week on."""
    firms = economy(days, stocks, restock, [(0, 1, 300), (1, 2, 200), (0, 2, 100), (2, 0, 50)], start)
    made, full = work(firms, 56, start)
    np.testing.assert_allclose(made, full, rtol=1e-12, atol=0)


def test_a_fifth_less_for_ten_days_is_two_days_of_output():
    """T-33: one sector without inputs, output cut by 0.2 for 10 days, no overproduction."""
    firms = economy([7], [0.0], [1.0], [])
    made, full = work(firms, 20, undamaged=lambda day: np.array([0.8 if day < 10 else 1.0]))
    assert (full - made).sum() / 1000.0 == pytest.approx(2.0, abs=1e-9)


def test_the_fewer_the_suppliers_the_greater_the_indirect_loss():
    """T-37, sign only: the ratio of indirect to direct loss rises as inputs can be substituted less."""
    one, two, four = (indirect(n) for n in (1, 2, 4))
    assert one > two > four >= 0


def indirect(suppliers):
    """Loss of the buyers over that of the firm that stands still, with so many suppliers of one sector a buyer."""
    many = suppliers + 4
    sector = ["make"] * suppliers + ["sell"] * 4
    sectors = pd.DataFrame(
        {
            "days_per_week": 7,
            "stock_days": 2.0,
            "restock_days": 2.0,
            "opens_hour": 8,
            "closes_hour": 18,
            "power_need": 1.0,
        },
        index=["make", "sell"],
    )
    firms = pd.DataFrame({"sector": sector, "value_added_per_day": 1000.0}, index=[f"f{i}" for i in range(many)])
    rows = [(f"f{a}", f"f{suppliers + b}", 200.0 / suppliers) for a in range(suppliers) for b in range(4)]
    links = pd.DataFrame(rows, columns=["supplier", "buyer", "flow_per_day"])
    town = Firms(Town(firms, sectors), supply_network(firms, sectors, links), LeontiefFirm())
    town.open_books(0)
    down = np.ones(many)
    down[0] = 0.0
    made, full = work(town, 30, undamaged=lambda day: down if day < 15 else np.ones(many))
    lost = (full - made).sum(axis=0)
    return lost[suppliers:].sum() / lost[0]
