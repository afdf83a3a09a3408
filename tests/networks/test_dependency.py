from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from resilience.networks.dependency import dependencies

NAMES = pd.Index(["A", "B", "C", "D"])


def rows(*lines: str) -> pd.DataFrame:
    """Rows written "A > B power all 4": supplier, consumer, service, rule, buffer hours."""
    parts = [line.replace(">", " ").split() for line in lines]
    table = pd.DataFrame(parts, columns=["supplier", "consumer", "service", "rule", "buffer_hours"])
    return table.astype({"buffer_hours": float}).assign(added_hours=0.0)


def unmet(needs, up):
    return {NAMES[c] for c in needs.consumer[~needs.met(np.array(up))]}


def test_all_needs_every_supplier():
    needs = dependencies(rows("A > C power all 0", "B > C power all 0"), NAMES)
    assert len(needs.consumer) == 1
    assert unmet(needs, [True, True, True, True]) == set()
    assert unmet(needs, [True, False, True, True]) == {"C"}


def test_any_needs_one():
    needs = dependencies(rows("A > C power any 0", "B > C power any 0"), NAMES)
    assert unmet(needs, [False, True, True, True]) == set()
    assert unmet(needs, [False, False, True, True]) == {"C"}


def test_services_are_needs_of_their_own():
    needs = dependencies(rows("A > C power all 2", "B > C water all 9"), NAMES)
    assert sorted(zip(needs.service, needs.buffer_hours.tolist(), strict=True)) == [("power", 2.0), ("water", 9.0)]


def test_the_longest_buffer_of_the_rows_of_a_need_counts():
    needs = dependencies(rows("A > C power all 3", "B > C power all 8"), NAMES)
    assert needs.buffer_hours.tolist() == [8.0]


def test_a_generator_that_does_not_start_leaves_the_buffer_there_was():
    table = rows("A > B power all 12", "A > C power all 12").assign(added_hours=72.0)
    needs = dependencies(table, NAMES, np.array([True, False]))
    by_consumer = dict(zip(NAMES[needs.consumer], needs.buffer_hours, strict=True))
    assert by_consumer == {"B": 12.0, "C": 84.0}


def test_a_buffer_is_full_again_as_soon_as_the_service_is_back():
    needs = dependencies(rows("A > B power all 4"), NAMES)
    off, on = np.array([False]), np.array([True])
    for hour, met, failed in [(0, off, False), (3, off, False), (4, off, True), (5, on, False), (6, off, False),
                              (9, off, False), (10, off, True)]:  # fmt: skip
        assert bool(needs.failed(hour, met)[0]) is failed, hour
        needs.watch(hour, met)


def test_without_a_buffer_the_consumer_fails_in_the_same_hour():
    needs = dependencies(rows("A > B power all 0"), NAMES)
    assert needs.failed(7.0, np.array([False])).tolist() == [True]


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1], [1, 2, 0]])
def test_row_order_is_of_no_account(order):
    table = rows("A > B power any 1", "C > B power any 5", "A > D water all 2")
    plain = dependencies(table, NAMES)
    mixed = dependencies(table.iloc[order].reset_index(drop=True), NAMES)
    up = np.array([False, True, True, True])
    assert unmet(plain, up) == unmet(mixed, up) == {"D"}
    assert plain.buffer_hours.tolist() == mixed.buffer_hours.tolist()
