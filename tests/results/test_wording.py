"""What is said of results, in both languages."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from resilience.base.text import catalogue
from resilience.cli.results import difference_of
from resilience.cli.show import cell_of, label_of
from resilience.metrics.scoring import all_metrics
from resilience.results.grades import NOT_RESOLVED
from resilience.results.wording import label, not_over, not_told, told

WEEK, FORTNIGHT, MONTHS = {"hours": 168}, {"hours": 336}, {"hours": 24 * 60}
DELAY = {"name": "traffic/delay", "total": True, "unit": "vehicle_hours"}
SHARE = {"name": "economy/value_added_lost_share", "total": True, "of_days": 30.0, "unit": "share"}
PEOPLE = {"name": "safety/people_in_water", "total": False, "unit": "people"}


@pytest.mark.parametrize(
    ("metric", "scenarios", "lang", "said"),
    [
        (DELAY, [FORTNIGHT], "en", "Delay of served trips, over 14 days"),
        (DELAY, [WEEK, FORTNIGHT], "zh", "已服务出行的延误（7 至 14 天合计）"),
        (SHARE, [WEEK], "en", "Value added lost, share of 30 days' output, over 7 days"),
        (SHARE, [WEEK], "zh", "增加值损失比例（7 天合计，占 30 天产出）"),
        (SHARE, [MONTHS], "en", "Value added lost, share of 30 days' output, over 30 days"),
        (PEOPLE, [WEEK], "en", "People in water"),
        ({"name": "travel/worst_tenth"}, [WEEK], "en", "Trips completed, worst tenth"),
    ],
)
def test_sums_carry_their_horizon(metric, scenarios, lang, said):
    assert label(metric, scenarios, lang) == said


def test_losses_that_were_not_over():
    assert not_over(FORTNIGHT, 3, 3, "en") == "not over by day 14, 3 of 3 replicates"
    assert not_over(FORTNIGHT, 1, 3, "zh") == "至第14天损失仍未结束（3 次重复中 1 次）"
    assert not_over(FORTNIGHT, 0, 3, "en") == ""


def test_what_is_not_told():
    assert [told(k, 3, "en") for k in (3, 2, 0)] == ["", "told in 2 of 3 replicates", "not told"]
    assert told(0, 3, "zh") == "无法判断"
    assert not_told({"name": "my/metric"}, "en") == "there was nothing in this run to hold it against"
    assert {k.removeprefix("untold.") for k in catalogue("en") if k.startswith("untold.")} <= {"other", *all_metrics()}


def grades_row(**values):
    row = {"value": 5.0, "low": 4.0, "high": 6.0, "grade": NOT_RESOLVED, "passed": 2, "partly": 0, "failed": 0,
           "untold": 0, "censored": 0}  # fmt: skip
    return pd.Series({**row, **values})


def test_a_cell_of_the_scorecard_never_shows_what_is_not_told_as_a_number():
    nan = float("nan")
    nothing = grades_row(value=nan, low=nan, high=nan, passed=0, untold=2)
    assert cell_of(nothing, "people", WEEK).splitlines() == ["not told", "NOT RESOLVED"]
    some = cell_of(grades_row(untold=1, censored=2), "people", WEEK).splitlines()
    assert some[2:] == ["2 of 3 within T1", "told in 2 of 3 replicates", "not over by day 7, 2 of 3 replicates"]


def test_a_cell_of_the_comparison():
    row = {"difference": 1.0, "low": 0.5, "high": 1.5, "same": False, "replicates": 2, "untold": 1, "censored_pairs": 3}
    assert difference_of(pd.Series(row), "people", WEEK).splitlines() == [
        "+1 [0.5 – 1.5]", "told in 2 of 3 replicates", "not over by day 7, 3 of 3 replicates",
    ]  # fmt: skip
    none = row | {"difference": float("nan"), "replicates": 0, "untold": 3, "censored_pairs": 0}
    assert difference_of(pd.Series(none), "people", WEEK) == "not told"


def test_money_is_labelled_with_its_currency():
    run = SimpleNamespace(manifest={"currency": "CNY", "scenarios": [WEEK]})
    lost = {"name": "economy/value_added_lost", "total": True, "unit": "currency"}
    assert label_of(run, lost) == "Value added lost, over 7 days, CNY"
    assert label_of(run, SHARE) == "Value added lost, share of 30 days' output, over 7 days"
