from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from resilience.metrics import economy, safety, traffic, travel
from resilience.metrics.metric import HIGHER, LOWER, PILLARS, Metric
from resilience.metrics.scoring import all_metrics, score
from resilience.results.record import Record

TABLES = {
    "zones": pd.DataFrame({"people": [60.0, 40.0]}, index=["zone:a", "zone:b"]),
    "road_links": pd.DataFrame({"length_m": [1.0]}, index=["road:1"]),
    "trips": pd.DataFrame({"trips": [5]}),
    "firms": pd.DataFrame({"jobs": [1, 1, 1, 1]}, index=list("wxyz")),
    "sectors": pd.DataFrame({"name": ["s"]}, index=["s"]),
    "power_nodes": pd.DataFrame({"kind": ["source"]}, index=["power:S"]),
    "facilities": pd.DataFrame({"kind": ["hospital"]}, index=["facility:H"]),
    "dependencies": pd.DataFrame({"consumer": ["zone:a"]}),
}
H = 48


def record(**curves) -> Record:
    """A record whose curves are constants or dicts hour -> value."""
    made = Record("s", "o", 0, H, 5)
    for name, values in curves.items():
        variable = name.replace("__", "/")
        known = dict.fromkeys(range(H), values) if isinstance(values, int | float) else values
        for hour, value in known.items():
            made.put(variable, hour, float(value))
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


def test_travel_time_of_nobody_is_one():
    mine = record(traffic__vehicle_hours={7: 30, 18: 0}, traffic__usual_vehicle_hours={7: 20, 18: 0})
    assert traffic.travel_time_ratio(mine, mine, TABLES)[[7, 18]].tolist() == [1.5, 1.0]


def test_delay_is_summed_over_the_periods():
    mine = record(traffic__vehicle_hours={7: 30, 18: 10}, traffic__usual_vehicle_hours={7: 20, 18: 12})
    assert traffic.delay(mine, mine, TABLES) == pytest.approx(8.0)


def test_vehicles_without_a_way():
    mine = record(traffic__planned_vehicles={7: 100, 18: 0}, traffic__no_way_vehicles={7: 25, 18: 0})
    assert traffic.without_way(mine, mine, TABLES)[[7, 18]].tolist() == [0.25, 0.0]
    assert traffic.closed_roads(record(traffic__closed_km={7: 3}), mine, TABLES).max() == 3.0


def test_trips_completed_are_weighted_and_against_the_no_hazard_run():
    mine = record(travel__completed_weighted={7: 40, 18: 90})
    calm = record(travel__completed_weighted={7: 80, 18: 90})
    assert travel.completed(mine, calm, TABLES)[[7, 18]].tolist() == [0.5, 1.0]


def test_stranded_late_and_lost_time():
    mine = record(travel__stranded={18: 7}, travel__completed={7: 50, 18: 0}, travel__late={7: 5, 18: 0},
                  travel__delay_hours={7: 2, 18: 3})  # fmt: skip
    assert travel.stranded(mine, mine, TABLES).max() == 7.0
    assert travel.late(mine, mine, TABLES)[[7, 18]].tolist() == [0.1, 0.0]
    assert travel.lost_time(mine, mine, TABLES) == 5.0


def test_a_trip_that_is_not_made_costs_more_than_the_latest_one():
    # the same ten trips: five an hour late and five given up after two hours of patience, against all ten an hour late
    fewer = record(travel__delay_hours={7: 5}, travel__given_up_hours={7: 10})
    all_late = record(travel__delay_hours={7: 10}, travel__given_up_hours={7: 0})
    calm = record(travel__delay_hours={7: 0}, travel__given_up_hours={7: 1})
    assert travel.lost_time(fewer, calm, TABLES) < travel.lost_time(all_late, calm, TABLES)
    assert travel.lost_time_and_trips(fewer, calm, TABLES) == 14.0
    assert travel.lost_time_and_trips(all_late, calm, TABLES) == 9.0


def panels(planned, done):
    made = Record("s", "o", 0, H, 5)
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
        ([0, 0], [0, 0], 1.0),
    ],
)
def test_the_worst_tenth_of_the_zones(planned, done, expected):
    mine = panels(planned, done)
    assert travel.worst_tenth(mine, mine, TABLES) == pytest.approx(expected)


def test_the_worst_tenth_does_not_depend_on_the_order_of_zones():
    rng = np.random.default_rng(0)
    planned, done = rng.integers(1, 50, 30).astype(float), rng.random(30)
    order = rng.permutation(30)
    one, two = panels(planned, planned * done), panels(planned[order], (planned * done)[order])
    assert travel.worst_tenth(one, one, TABLES) == pytest.approx(travel.worst_tenth(two, two, TABLES))


def test_safety_is_about_people():
    mine = record(
        safety__safe_residents={5: 30, 6: 60},
        safety__people_in_030cm={5: 12},
        safety__people_near_hospital=75,
        safety__people_long_without_power={30: 50},
        safety__hospitals_down={5: 1, 6: 2},
    )
    calm = record(safety__safe_residents=60, safety__people_near_hospital=100)
    assert safety.safe(mine, calm, TABLES)[[5, 6]].tolist() == [0.5, 1.0]
    assert safety.in_water(mine, calm, TABLES)[5] == 12
    assert safety.near_hospital(mine, calm, TABLES)[0] == 0.75
    assert safety.hospital_hours(mine, calm, TABLES) == 3.0
    assert safety.long_dark(mine, calm, TABLES)[30] == 0.5


def test_economy_is_the_mean_of_a_day_against_the_no_hazard_run():
    working = {h: float(8 <= h % 24 < 18) for h in range(H)}
    calm = record(economy__value_added={h: 10 * w for h, w in working.items()})
    mine = record(economy__value_added={h: 5 * w for h, w in working.items()}, economy__closed_firms={9: 1})
    curve = economy.output(mine, calm, TABLES)
    assert curve[:8].tolist() == [1.0] * 8  # nobody works yet
    assert curve[8:].tolist() == pytest.approx([0.5] * 40)
    assert economy.lost(mine, calm, TABLES) == pytest.approx(100.0)
    assert economy.lost_share(mine, calm, TABLES) == pytest.approx(0.5)
    assert economy.closed(mine, calm, TABLES)[9] == 0.25


def test_output_made_up_later_does_not_undo_the_loss():
    calm = record(economy__value_added=10)
    mine = record(economy__value_added={h: 0 if h < 24 else 20 for h in range(H)})
    assert economy.lost(mine, calm, TABLES) == pytest.approx(240.0)


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
    mine = record(safety__people_in_030cm=3)
    tables = {name: table.iloc[:0] for name, table in TABLES.items()} | {"zones": TABLES["zones"]}
    rows, curves = score(mine, mine, tables)
    assert [r["metric"] for r in rows] == ["safety/people_in_water"]
    assert curves["safety/people_in_water"].tolist() == [3.0] * H
