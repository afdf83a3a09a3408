"""`resilience assign` on the ordinary day of a case."""

from __future__ import annotations

import json
import sqlite3

import numpy as np
import pandas as pd
import pytest

from resilience.case.case import load_case
from resilience.case.ordinary import ordinary_network
from resilience.traffic import assign
from tests.cli.test_cli import SIOUX, call  # noqa: F401


def told(run, *options):
    code, out, err = run("assign", *options, "--json")
    assert code == 0, err
    return json.loads(out)


def test_the_ordinary_day_of_a_case_is_assigned(call, tmp_path):  # noqa: F811
    case = load_case(SIOUX)
    people = case.population(1)
    for period in ("morning", "evening"):
        data = ordinary_network(case, period)
        assert data.demand.vph.sum() == pytest.approx(people.vehicles[people.weekday].sum())
        right = assign(data.graph, data.demand, gap=1e-5)
        found = told(call, SIOUX, "--period", period, "--gap", 1e-5)
        assert found["total_travel_time"] == pytest.approx(right.total_travel_time)
    assert told(call, "sioux_falls", "--gap", 1e-5) != found  # the morning where nothing is said


def test_a_case_takes_the_options_of_other_networks(call, tmp_path):  # noqa: F811
    (tmp_path / "classes.csv").write_text("vehicle,share,pce\ncar,0.9,1\nlorry,0.1,2\n")
    classes = "--classes", tmp_path / "classes.csv"
    gpkg = tmp_path / "a.gpkg"
    found = told(call, SIOUX, *classes, "--logit", 0.5, "--gap", 1e-4, "--out", tmp_path / "o", "--gpkg", gpkg)
    assert found["converged"]
    links = pd.read_csv(tmp_path / "o" / "links.csv")
    np.testing.assert_allclose(links["flow"], links["flow_car"] + 2 * links["flow_lorry"])
    roads = load_case(SIOUX).city.road
    with sqlite3.connect(gpkg) as base:
        rows = base.execute("select link, from_node, flow_lorry from links order by fid").fetchall()
        (crs,) = base.execute("select srs_id from gpkg_contents").fetchone()
    base.close()
    assert crs == 26914
    assert [row[0] for row in rows] == list(roads.graph.names_of_links())
    np.testing.assert_allclose([row[2] for row in rows], links["flow_lorry"])
    few = told(call, SIOUX, "--elastic", 0.1)
    assert few["unserved"] > 0


def test_what_does_not_go_with_a_case_is_told(call, tmp_path):  # noqa: F811
    for options, words in (
        ((SIOUX, "--period", "noon"), 'there is no period "noon"; known: evening, morning'),
        ((SIOUX, "--toll-weight", 1), "is a case, whose roads have no tolls"),
        ((tmp_path, "--period", "morning"), "--period is for a case"),
    ):
        code, _, err = call("assign", *options)
        assert code == 2
        assert words in err


def test_a_case_goes_to_gmns_and_back(call, tmp_path):  # noqa: F811
    first = told(call, SIOUX, "--gap", 1e-7, "--gmns", tmp_path / "g")
    second = told(call, tmp_path / "g", "--gap", 1e-7)
    assert second["total_travel_time"] == pytest.approx(first["total_travel_time"], rel=1e-6)
