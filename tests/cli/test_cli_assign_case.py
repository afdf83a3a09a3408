"""`resilience assign` on the ordinary day of a case."""

from __future__ import annotations

import json
import shutil
import sqlite3

import numpy as np
import pandas as pd
import pytest

from resilience.case.case import load_case
from resilience.case.ordinary import ordinary_network
from resilience.simulation.baseline import BACK, OUT, baseline
from resilience.simulation.static_traffic import Traffic
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


LORRY = """
[[vehicle_class]]
name = "lorry"
pce = 2.0
share = 0.2
closed = "road.name == 'Riverside Drive'"
"""


def with_more(tmp_path, more, *, traffic="", periods=""):
    folder = shutil.copytree(SIOUX, tmp_path / "more")
    text = (folder / "case.toml").read_text(encoding="utf-8")
    for head, lines in (("[traffic]\n", traffic), ("evening = 18\n", periods)):
        assert text.count(head) == 1
        text = text.replace(head, f"{head}{lines}\n")
    (folder / "case.toml").write_text(text + more, encoding="utf-8")
    return folder


def agrees(run, folder, tmp_path, period, key):
    """Assert that `resilience assign CASE` and a run solve the same ordinary day."""
    case = load_case(folder)
    people = case.population(1)
    usual = Traffic(case.city.road, baseline(case.city.road, people, 1e-6), case.inputs.rhythm).usual(*key)
    told(run, folder, "--period", period, "--gap", 1e-7, "--out", tmp_path / period)
    links = pd.read_csv(tmp_path / period / "links.csv")
    flow = links.groupby(links.columns[0], sort=False)["flow"].max() if "slice" in links else links["flow"]
    np.testing.assert_allclose(flow, usual.flow, atol=1e-3 * usual.flow.max())
    return usual, links


@pytest.mark.parametrize(
    ("more", "traffic"), [(LORRY, 'demand = "elastic"'), (LORRY, 'route_choice = "logit"\nlogit_theta = 0.5'), ("", "")]
)
def test_it_assigns_what_a_run_takes_for_the_ordinary_day(call, tmp_path, more, traffic):  # noqa: F811
    folder = with_more(tmp_path, more, traffic=traffic)
    for period, key in (("morning", (OUT, False)), ("evening", (BACK, False))):
        usual, links = agrees(call, folder, tmp_path, period, key)
        if more:
            assert links["flow_lorry"].sum() > 0
            np.testing.assert_allclose(links["flow"], links["flow_car"] + 2 * links["flow_lorry"])
            assert len(usual.demand.classes) == 2


def test_trips_of_a_file_take_the_place_of_those_of_a_case(call, tmp_path):  # noqa: F811
    pytest.importorskip("openmatrix")
    folder = with_more(tmp_path, LORRY)
    plain = tmp_path / "plain.omx"
    told(call, SIOUX, "--gap", 1e-6, "--omx", plain)
    first = told(call, SIOUX, "--gap", 1e-6)
    again = told(call, SIOUX, "--gap", 1e-6, "--trips", plain, "--core", "demand")
    assert again["total_travel_time"] == pytest.approx(first["total_travel_time"], rel=1e-4)
    code, out, err = call("assign", folder, "--gap", 1e-6, "--trips", plain, "--core", "demand", "--json")
    assert code == 0
    assert json.loads(out)["total_travel_time"] == pytest.approx(first["total_travel_time"], rel=1e-4)
    assert "all made by car" in err


def test_classes_of_a_case_and_of_a_file_are_refused_and_omx_has_one_matrix_each(call, tmp_path):  # noqa: F811
    folder = with_more(tmp_path, LORRY)
    (tmp_path / "classes.csv").write_text("vehicle,share,pce\ncar,0.9,1\nlorry,0.1,2\n")
    code, _, err = call("assign", folder, "--classes", tmp_path / "classes.csv")
    assert code == 2
    assert "have classes of vehicles already (car, lorry)" in err
    pytest.importorskip("openmatrix")
    from resilience.readers.omx import read_omx

    told(call, folder, "--omx", tmp_path / "c.omx", "--out", tmp_path / "o")
    pairs = pd.read_csv(tmp_path / "o" / "pairs.csv")
    for vehicle in ("car", "lorry"):
        matrix = read_omx(tmp_path / "c.omx", core=f"demand_{vehicle}")
        assert matrix["vph"].sum() == pytest.approx(pairs.loc[pairs["vehicle"] == vehicle, "demand"].sum())


def test_a_period_in_slices_is_assigned_as_a_run_has_it(call, tmp_path):  # noqa: F811
    folder = with_more(tmp_path, LORRY, periods="out_profile = [0.2, 0.5, 0.3]")
    usual, links = agrees(call, folder, tmp_path, "morning", (OUT, False))
    assert links["slice"].max() == 2
    hours = pd.read_csv(tmp_path / "morning" / "hours.csv")
    assert hours["demand"].sum() == pytest.approx(usual.demand.vph.sum())
    assert hours["carried_out"].iloc[-1] == pytest.approx(usual.under_way.sum(), rel=1e-3)
    agrees(call, folder, tmp_path, "evening", (BACK, False))
    (tmp_path / "hours.csv").write_text("factor\n1\n")
    assert told(call, folder, "--hours", tmp_path / "hours.csv")["slices"] == 1
    for options in (("--logit", 1), ("--system-optimum",), ("--elastic", 0.1), ("--gmns", tmp_path / "g")):
        code, _, err = call("assign", folder, *options)
        assert code == 2
        assert "the case has its period in slices" in err
