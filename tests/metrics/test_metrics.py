from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from resilience.base.clock import Onset
from resilience.metrics import economy, safety, traffic, travel
from resilience.metrics.metric import HIGHER, LOWER, PILLARS, Metric
from resilience.metrics.scoring import all_metrics, score
from resilience.results.record import Record

TABLES = {
    "zones": pd.DataFrame({"people": [60.0, 40.0]}, index=["zone:a", "zone:b"]),
    "road_links": pd.DataFrame({"length_m": [1.0]}, index=["road:1"]),
    "trips": pd.DataFrame({"trips": [5]}),
    "firms": pd.DataFrame({"jobs": 1, "sector": "s", "value_added_per_day": 25.0}, index=list("wxyz")),
    "sectors": pd.DataFrame({"opens_hour": [8], "closes_hour": [18], "days_per_week": [7]}, index=["s"]),
    "power_nodes": pd.DataFrame({"kind": ["source"]}, index=["power:S"]),
    "facilities": pd.DataFrame({"kind": ["hospital"]}, index=["facility:H"]),
    "dependencies": pd.DataFrame({"consumer": ["zone:a"]}),
}
H = 48


def record(**curves) -> Record:
    """A record whose curves are constants or dicts hour -> value."""
    made = Record("s", "o", 0, H, Onset(0, 5))
    for name, values in curves.items():
        variable = name.replace("__", "/")
        known = dict.fromkeys(range(H), values) if isinstance(values, int | float) else values
        for hour, value in known.items():
            made.put(variable, hour, float(value), "depth:0.30" if variable == "safety/people_by_depth" else "all")
    return made


def test_every_metric_says_what_it_is_and_is_named_once():
    found = all_metrics()
    assert list(found) == [m.name for room in (traffic, travel, safety, economy) for m in room.METRICS]
    for metric in found.values():
        assert metric.pillar in PILLARS
        assert metric.better in (HIGHER, LOWER)
        assert metric.lacks(TABLES) == []


def test_what_a_city_lacks_is_named():
    metrics = all_metrics()
    empty = {name: table.iloc[:0] for name, table in TABLES.items()}
    for metric in metrics.values():
        assert metric.lacks(empty) == list(metric.needs)
    schools = TABLES | {"facilities": pd.DataFrame({"kind": ["school"]}, index=["facility:S"])}
    assert metrics["safety/near_hospital"].lacks(schools) == ["facilities:hospital"]
    assert metrics["safety/people_in_water"].lacks(schools) == []


def test_efficiency_is_against_the_no_hazard_run_and_holds_between_periods():
    mine = record(traffic__efficiency={7: 0.8, 18: 0.4, 31: 0.8, 42: 0.8})
    calm = record(traffic__efficiency={7: 1.0, 18: 0.8, 31: 0.8, 42: 0.8})
    curve = traffic.efficiency(mine, calm, TABLES)
    assert curve[[0, 7, 17, 18, 30, 31, 47]].tolist() == pytest.approx([1.0, 0.8, 0.8, 0.5, 0.5, 1.0, 1.0])


def test_an_hour_in_which_nobody_travels_is_neither_loss_nor_recovery():
    mine = record(traffic__vehicle_hours={7: 30, 18: 0}, traffic__usual_vehicle_hours={7: 20, 18: 0})
    assert traffic.travel_time_ratio(mine, mine, TABLES)[[0, 7, 18]].tolist() == [1.0, 1.5, 1.5]


def test_a_share_of_almost_nothing_is_not_told():
    """A thousand trips on Friday, three on Saturday: whether one of the three is made decides nothing."""
    mine = record(travel__completed_weighted={7: 900, 31: 0})
    calm = record(travel__completed_weighted={7: 1000, 31: 3})
    assert travel.completed(mine, calm, TABLES)[[7, 31]].tolist() == [0.9, 0.9]


def test_a_ratio_that_never_had_a_target_is_not_told():
    nobody = record(safety__people_near_hospital=0)
    assert safety.near_hospital(nobody, nobody, TABLES).isna().all()
    row = all_metrics()["safety/near_hospital"].score(safety.near_hospital(nobody, nobody, TABLES), 5)
    assert np.isnan(row["value"])


def test_delay_is_summed_over_the_periods():
    mine = record(
        traffic__vehicle_hours={7: 30, 18: 10}, traffic__usual_vehicle_hours={7: 20, 18: 12},
        traffic__planned_vehicles={7: 9, 18: 9},
    )  # fmt: skip
    row = all_metrics()["traffic/delay"].score(traffic.delay(mine, mine, TABLES), 5)
    assert row["value"] == pytest.approx(8.0)


def test_a_loss_that_the_end_of_the_horizon_cuts_off_is_flagged():
    planned = {7: 9, 31: 9}
    delay = all_metrics()["traffic/delay"]
    for last, flagged in ((20, False), (25, True)):
        mine = record(
            traffic__vehicle_hours={7: 30, 31: last}, traffic__usual_vehicle_hours={7: 20, 31: 20},
            traffic__planned_vehicles=planned,
        )  # fmt: skip
        assert delay.score(traffic.delay(mine, mine, TABLES), 5)["censored"] is flagged


def test_vehicles_without_a_way():
    mine = record(traffic__planned_vehicles={7: 100, 18: 0}, traffic__no_way_vehicles={7: 25, 18: 0})
    assert traffic.without_way(mine, mine, TABLES)[[0, 7, 18]].tolist() == [0.0, 0.25, 0.25]
    assert traffic.closed_roads(record(traffic__closed_km={7: 3}), mine, TABLES).max() == 3.0


def test_trips_completed_are_weighted_and_against_the_no_hazard_run():
    mine = record(travel__completed_weighted={7: 40, 18: 90})
    calm = record(travel__completed_weighted={7: 80, 18: 90})
    assert travel.completed(mine, calm, TABLES)[[7, 18]].tolist() == [0.5, 1.0]


def test_stranded_late_and_lost_time():
    mine = record(travel__stranded={18: 7}, travel__completed={7: 50, 18: 0}, travel__late={7: 5, 18: 0},
                  travel__delay_hours={7: 2, 18: 3}, travel__planned={7: 60, 18: 60})  # fmt: skip
    assert travel.stranded(mine, mine, TABLES).max() == 7.0
    assert travel.late(mine, mine, TABLES)[[7, 18]].tolist() == [0.1, 0.1]  # in the evening nobody came through
    assert travel.lost_time(mine, mine, TABLES).sum() == 5.0


def test_a_trip_that_is_not_made_costs_more_than_the_latest_one():
    # the same ten trips: five an hour late and five given up after two hours of patience, against all ten an hour late
    some = {"travel__planned": {7: 10}}
    fewer = record(travel__delay_hours={7: 5}, travel__borne_hours={7: 5}, travel__given_up_hours={7: 10}, **some)
    all_late = record(travel__delay_hours={7: 10}, travel__borne_hours={7: 10}, travel__given_up_hours={7: 0}, **some)
    calm = record(travel__delay_hours={7: 0}, travel__borne_hours={7: 0}, travel__given_up_hours={7: 1}, **some)
    assert travel.lost_time(fewer, calm, TABLES).sum() < travel.lost_time(all_late, calm, TABLES).sum()
    assert travel.lost_time_and_trips(fewer, calm, TABLES).sum() == 14.0
    assert travel.lost_time_and_trips(all_late, calm, TABLES).sum() == 9.0


def panels(planned, done):
    made = Record("s", "o", 0, H, Onset(0, 5))
    zones = [f"zone:{i}" for i in range(len(planned))]
    for name, values in (("travel/planned", planned), ("travel/completed", done)):
        made.panels[name] = {hour: pd.Series(values, zones, dtype=float) for hour in (7, 18)}
    return made


@pytest.mark.parametrize(
    ("planned", "done", "expected"),
    [
        ([10] * 10, [10] * 9 + [2], 0.2),
        ([10] * 20, [10] * 18 + [0, 5], 0.25),
        ([100, 1], [90, 0], 0.9 * 100 / 101),
        ([0, 10], [0, 5], 0.5),
        ([0, 0], [0, 0], np.nan),
    ],
)
def test_the_worst_tenth_of_the_zones(planned, done, expected):
    mine = panels(planned, done)
    assert travel.worst_tenth(mine, mine, TABLES) == pytest.approx(expected, nan_ok=True)


def test_the_worst_tenth_does_not_depend_on_the_order_of_zones():
    rng = np.random.default_rng(0)
    planned, done = rng.integers(1, 50, 30).astype(float), rng.random(30)
    order = rng.permutation(30)
    one, two = panels(planned, planned * done), panels(planned[order], (planned * done)[order])
    assert travel.worst_tenth(one, one, TABLES) == pytest.approx(travel.worst_tenth(two, two, TABLES))


def test_safety_is_about_people():
    mine = record(
        safety__safe_residents={5: 30, 6: 60},
        safety__people_by_depth={5: 12},
        safety__people_near_hospital=75,
        safety__people_long_without_power={30: 50},
        safety__hospitals_down={5: 1, 6: 2},
    )
    calm = record(safety__safe_residents=60, safety__people_near_hospital=100)
    assert safety.safe(mine, calm, TABLES)[[5, 6]].tolist() == [0.5, 1.0]
    assert safety.in_water(mine, calm, TABLES)[5] == 12
    assert safety.near_hospital(mine, calm, TABLES)[0] == 0.75
    assert safety.hospital_hours(mine, calm, TABLES).sum() == 3.0
    assert safety.long_dark(mine, calm, TABLES)[30] == 0.5


def test_output_compares_like_days():
    working = {h: float(8 <= h % 24 < 18) for h in range(H)}
    calm = record(economy__value_added={h: 10 * w for h, w in working.items()})
    mine = record(economy__value_added={h: 5 * w for h, w in working.items()}, economy__closed_firms={9: 1})
    curve = economy.output(mine, calm, TABLES)
    assert curve[:5].tolist() == [1.0] * 5  # before the onset
    assert curve[5:].tolist() == pytest.approx([0.5] * 43)
    assert economy.lost(mine, calm, TABLES).sum() == pytest.approx(100.0)
    # 100 of 30 days of 100 each
    assert economy.lost_share(mine, calm, TABLES).sum() == pytest.approx(1 / 30)
    assert economy.closed(mine, calm, TABLES)[9] == 0.25


def test_a_share_of_lost_output_is_of_30_days_whatever_the_horizon():
    for days in (3, 5, 14, 21, 60):
        assert lost_share(Onset(0, 5), days, 48) == pytest.approx(48 / 720)
    ended, open_end = (all_metrics()["economy/value_added_lost_share"].score(
        economy.lost_share(always(14, down), always(14, 0), ROUND_THE_CLOCK), 5)["censored"]
        for down in (48, 400))  # fmt: skip
    assert (ended, open_end) == (False, True)


def by_the_clock(tables, onset, days, hours_down):
    """A run in which firms stand still for some hours from the onset and else work as their tables say."""
    made = Record("s", "o", 0, 24 * days, onset)
    firms, sector = tables["firms"], tables["sectors"].iloc[0]
    hourly = firms["value_added_per_day"].sum() / (sector["closes_hour"] - sector["opens_hour"])
    for h in range(24 * days):
        works = (onset.weekday + h // 24) % 7 < sector["days_per_week"]
        works &= sector["opens_hour"] <= h % 24 < sector["closes_hour"]
        down = onset.hour <= h < onset.hour + hours_down
        made.put("economy/value_added", h, hourly * works * (not down))
    return made


ROUND_THE_CLOCK = TABLES | {
    "sectors": pd.DataFrame({"opens_hour": [0], "closes_hour": [24], "days_per_week": [7]}, index=["s"])
}
OFFICE = TABLES | {"sectors": pd.DataFrame({"opens_hour": [8], "closes_hour": [18], "days_per_week": [5]}, index=["s"])}


def always(days, hours_down, onset=Onset(0, 5)):  # noqa: B008 # frozen
    return by_the_clock(ROUND_THE_CLOCK, onset, days, hours_down)


def lost_share(onset, days, hours_down, tables=ROUND_THE_CLOCK):
    runs = (by_the_clock(tables, onset, days, down) for down in (hours_down, 0))
    return economy.lost_share(*runs, tables).sum()


@pytest.mark.parametrize("days", [2, 3, 6, 7, 8, 40])
def test_a_share_of_lost_output_counts_the_work_days_of_its_30_days(days):
    """Friday 12:00, offices open for 10 hours: 6 hours are lost.

    The 30 days end on a Sunday at noon: 6 h of that Friday, three weeks of 50 h, and Monday to Friday of the fourth.
    """
    assert lost_share(Onset(4, 12), days, 24, OFFICE) == pytest.approx(6 / (6 + 3 * 50 + 50))


@pytest.mark.parametrize("weekday", range(7))
def test_no_share_of_lost_output_passes_1(weekday):
    assert lost_share(Onset(weekday, 5), 40, 31 * 24, OFFICE) == pytest.approx(1.0)


def test_output_made_up_later_does_not_undo_the_loss():
    calm = record(economy__value_added=10)
    mine = record(economy__value_added={h: 0 if h < 24 else 20 for h in range(H)})
    assert economy.lost(mine, calm, TABLES).sum() == pytest.approx(240.0)


def service(values):
    return Metric("travel/x", "share", HIGHER, lambda *_: pd.Series(values), (), service=True).score(
        pd.Series(values), 5
    )


def test_a_service_is_scored_from_the_onset_on_and_its_worst_hour_over_all():
    values = np.ones(H)
    values[6:12] = 0.5
    row = service(values)
    assert row["value"] == 0.5
    assert row["loss_area"] == pytest.approx(3.0)
    assert row["resilience"] == pytest.approx(1 - 3.0 / (H - 5))
    assert row["hours_to_90"] == row["hours_to_recover"] == 7.0
    assert row["censored"] is False


def test_a_service_not_back_by_the_end_is_censored():
    values = np.ones(H)
    values[30:] = 0.95
    row = service(values)
    assert row["censored"] is True
    assert np.isinf(row["hours_to_recover"])
    assert row["hours_to_90"] == 0.0


def test_a_load_is_scored_by_its_worst_hour_and_its_sum():
    metric = Metric("safety/x", "people", LOWER, lambda *_: 0.0, ())
    row = metric.score(pd.Series([0.0, 5.0, 2.0]), 1)
    assert (row["value"], row["loss_area"]) == (5.0, 7.0)
    assert np.isnan(row["resilience"])
    assert metric.score(4.5, 1)["value"] == 4.5


def test_scores_leave_out_what_cannot_be_assessed():
    mine = record(safety__people_by_depth=3)
    tables = {name: table.iloc[:0] for name, table in TABLES.items()} | {"zones": TABLES["zones"]}
    rows, curves = score(mine, mine, tables)
    assert [r["metric"] for r in rows] == ["safety/people_in_water"]
    assert curves["safety/people_in_water"].tolist() == [3.0] * H


def amounts(**by_hour):
    values = np.full(H, np.nan)
    for hour, value in by_hour.items():
        values[int(hour[1:])] = value
    return pd.Series(values)


@pytest.mark.parametrize(
    ("values", "goes_on"),
    [
        (amounts(h7=5, h18=5, h31=5, h42=0), False),  # mended at noon of the last day
        (amounts(h7=5, h18=0, h31=5, h42=0), True),  # the way out costs time every morning, the way back none
        (amounts(h7=0, h18=0, h31=0, h42=3), True),
        (amounts(h7=5, h18=5, h31=0, h42=0), False),
        (pd.Series([2.0] * 25 + [0.0] * 23), False),  # back in the first hour of the last day
    ],
)
def test_a_sum_is_flagged_only_while_it_goes_on(values, goes_on):
    metric = Metric("travel/x", "person_hours", LOWER, lambda *_: values, (), total=True)
    assert metric.score(values, 5)["censored"] is goes_on


def test_a_load_that_stands_at_the_end_is_flagged():
    metric = Metric("traffic/x", "km", LOWER, lambda *_: 0.0, ())
    assert metric.score(pd.Series([0.0] * 10 + [4.0] * 38), 5)["censored"] is True
    assert metric.score(pd.Series([0.0] * 10 + [4.0] * 10 + [0.0] * 28), 5)["censored"] is False
