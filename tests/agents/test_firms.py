from __future__ import annotations

import mesa
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resilience.agents.behaviour import OneByOne
from resilience.agents.firms import FirmAgent, FirmOutlook, Firms, LeontiefFirm
from resilience.case.case import load_case
from tests.tiny import POWER, write_case

SECTORS = """
    id,opens_hour,closes_hour,days_per_week,stock_days,restock_days,power_need
    make,8,18,{days},{stock},1,0.6
    sell,8,18,7,{stock},1,1
"""


def economy(folder, *, stock=5, days=7):
    """A > B > C, everything A and B make goes down the chain."""
    tables = POWER | {
        "zones": "id,x,y\nZ,0,0",
        "sectors": SECTORS.format(stock=stock, days=days),
        "firms": """
            id,sector,zone,x,y,jobs,value_added_per_day
            A,make,Z,0,0,10,100
            B,sell,Z,0,0,10,50
            C,sell,Z,0,0,10,50
        """,
        "supply_links": "id,supplier,buyer,flow_per_day\nk1,A,B,100\nk2,B,C,150",
    }
    city = load_case(write_case(folder, tables)).city
    return Firms(city, city.supply, LeontiefFirm())


@pytest.fixture
def firms(tmp_path):
    return economy(tmp_path / "c")


def day(firms, undamaged, *, weekday=0, power=None, links=None):
    """Live through a day; return value added and what it would be at full output, shape (firms,)."""
    lit = np.ones(len(undamaged), bool) if power is None else np.array(power)
    parts = [firms.tick(h, weekday, np.array(undamaged, float), lit) for h in range(24)]
    firms.trade(weekday, np.ones(len(firms.supply.supplier), bool) if links is None else links)
    return tuple(np.sum([p[k] for p in parts], axis=0) for k in (0, 1))


def test_a_calm_fortnight_makes_what_it_should_and_no_stock_drifts(firms):
    before = firms.stock.copy()
    for d in range(14):
        made, full = day(firms, [1, 1, 1], weekday=d % 7)
        np.testing.assert_allclose(made, [100, 50, 50], rtol=1e-12)
        np.testing.assert_allclose(full, made, rtol=1e-12)
    np.testing.assert_allclose(firms.stock, before, rtol=1e-12)


def test_closed_at_night_and_on_days_off(tmp_path):
    firms = economy(tmp_path / "c", days=5)
    assert firms.hours.at_work(7, 0).tolist() == [False, False, False]
    assert firms.hours.at_work(8, 0).tolist() == [True, True, True]
    assert firms.hours.at_work(17, 4).tolist() == [True, True, True]
    assert firms.hours.at_work(18, 4).tolist() == [False, False, False]
    assert firms.hours.at_work(12, 5).tolist() == [False, True, True]


def test_output_without_power_falls_by_what_the_sector_needs_of_it(firms):
    made, _ = day(firms, [1, 1, 1], power=[False, False, True])
    np.testing.assert_allclose(made, [40, 0, 50])


def test_labour_and_damage_limit_output(firms):
    firms.labour = np.array([0.5, 1.0, 1.0])
    made, full = day(firms, [1, 0, 1])
    np.testing.assert_allclose(made, [50, 0, 50])
    np.testing.assert_allclose(full, [100, 50, 50])


def test_goods_are_kept_what_arrives_was_made_that_day(firms):
    rng = np.random.default_rng(0)
    supply = firms.supply
    for d in range(60):
        undamaged = (rng.random(3) > 0.3).astype(float)
        stock = firms.stock.copy()
        for h in range(24):
            firms.tick(h, d % 7, undamaged, np.ones(3, bool))
        share = firms.made_today.copy()
        firms.trade(d % 7, rng.random(2) > 0.2)
        use = supply.need_flow * share[supply.need_buyer]
        assert (use <= stock + 1e-9).all()
        arrived = firms.stock - stock + use
        assert (arrived >= -1e-9).all()
        assert (firms.stock >= 0).all()
        made = supply.output * share
        assert arrived[supply.need_buyer == 1].sum() <= made[0] + 1e-9
        assert arrived[supply.need_buyer == 2].sum() <= made[1] + 1e-9


def test_a_supplier_delivers_no_more_in_a_week_than_it_makes_and_nothing_drifts(tmp_path):
    firms = economy(tmp_path / "c", days=5)
    supply = firms.supply
    mine = supply.need_buyer == 1
    weeks = []
    for _ in range(4):
        made = arrived = 0.0
        for d in range(7):
            before = firms.stock[mine].sum()
            for h in range(24):
                firms.tick(h, d, np.ones(3), np.ones(3, bool))
            made += supply.output[0] * firms.made_today[0]
            used = supply.need_flow[mine].sum() * firms.made_today[1]
            assert firms.made_today[1] == pytest.approx(1.0)  # B works all week out of its stock
            firms.trade(d, np.ones(2, bool))
            today = firms.stock[mine].sum() - before + used
            assert d < 5 or today == pytest.approx(0.0, abs=1e-9)
            arrived += today
        assert arrived <= made + 1e-6
        weeks.append(firms.stock[mine].sum())
    assert weeks[1:] == pytest.approx(weeks[:-1])


SHARES = st.lists(st.floats(0, 1), min_size=3, max_size=3).map(np.array)


@given(SHARES, SHARES, SHARES, SHARES)
def test_one_by_one_decides_as_all_at_once(undamaged, power, labour, inputs):
    sees = FirmOutlook(undamaged, power, labour, inputs)
    alone = OneByOne(mesa.Model(seed=0), FirmAgent, 3)
    np.testing.assert_array_equal(alone.decide(sees), LeontiefFirm().decide(sees))
