from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from resilience.agents.patience import patience
from resilience.base import files
from resilience.base.errors import InputError
from resilience.base.files import check_folder
from resilience.stress import roadscan
from resilience.stress.roadscan import RoadProblem, scan_roads, tables_of, write_scan
from resilience.traffic import Demand
from tests.tiny import graph, pairs

LINKS = [(0, 1), (1, 3), (0, 2), (2, 3), (3, 0), (3, 1)]


def problem(*more, nodes=6, barred=()):
    net = graph(nodes, LINKS, minutes=[1, 1, 2, 2, 3, 1], capacity=20.0, barred=barred)
    wanted = pairs((0, 3), (3, 0), *(ends for ends, _ in more))
    vph = np.array([20.0, 5.0, *(v for _, v in more)])
    return RoadProblem("tiny", net, Demand(wanted, vph), None, np.ones(net.links, np.bool_), {})


def test_trips_without_any_way_do_not_drown_the_others():
    plain = scan_roads(problem(), cuts=(0.95,), give_up=True)
    more = scan_roads(problem(((4, 5), 7.0)), cuts=(0.95,), give_up=True)
    expected, found = (s.scans[0].elements.set_index("element").sort_index() for s in (plain, more))
    for column in ("nri_share", "nri", "cost_increase", "unserved", "importance_min"):
        np.testing.assert_allclose(found[column], expected[column], rtol=1e-3, atol=1e-3)
    assert found["nri_share"].max() > 0.02
    assert found["converged"].all()
    assert (plain.no_way_vph, more.no_way_vph) == (0.0, 7.0)
    assert more.base.unserved_minutes == plain.base.unserved_minutes == 0.0


@pytest.mark.parametrize("give_up", [False, True])
def test_the_tables_tell_of_trips_without_any_way(tmp_path, give_up):
    found = scan_roads(problem(((4, 5), 7.0)), give_up=give_up)
    write_scan(found, tmp_path / "a" / "b", {"gap": 1e-6})
    about = json.loads((tmp_path / "a" / "b" / "about.json").read_text(encoding="utf-8"))
    assert about["demand_vph"] == 32.0
    assert about["no_way_vph"] == 7.0
    assert about["unserved_vph"] == pytest.approx(7.0)
    zones = found.scans[0].zones.set_index("zone")
    assert zones["trips"].to_dict() == {0: 20.0, 3: 5.0, 4: 0.0}
    assert np.isnan(zones.loc[4, "exposure_mean_min"])
    assert (tmp_path / "a" / "b" / "structure.csv").read_text(encoding="utf-8").startswith("link,from_node,to_node,")


def test_who_gives_up_is_charged_what_they_bear():
    found = scan_roads(problem(), cuts=(0.95,), give_up=True)
    usual = found.base.od_minutes
    np.testing.assert_allclose(found.base.demand.answer.minutes, usual + patience(usual), rtol=1e-4)


def test_the_first_column_of_the_structure_is_the_link_whatever_the_case_calls_it():
    case = problem()
    case = replace(case, graph=replace(case.graph, link_id=pd.Index(list("abcdef"), name="id")))
    assert tables_of(scan_roads(case))["structure"].columns[0] == "link"


def test_all_trips_without_a_way():
    found = scan_roads(problem(((4, 5), 7.0), ((5, 4), 1.0)), give_up=True)
    assert found.no_way_vph == 8.0


def test_exposure_says_how_many_elements_it_ranges_over():
    assert set(scan_roads(problem()).scans[0].zones["elements"]) == {6}
    assert set(scan_roads(problem(), most=2).scans[0].zones["elements"]) == {2}


def test_a_network_of_zones_only_is_scanned():
    found = scan_roads(problem(barred=range(6)))
    assert found.percolation["largest"].tolist() == [0.0] * 202
    assert set(tables_of(found)) == {"elements", "zones", "structure", "percolation"}


def test_the_random_curve_is_a_mean_of_several():
    found = scan_roads(problem()).percolation
    assert found["order"].value_counts().to_dict() == {"flow": 101, "random": 101}
    curve = found[found["order"] == "random"].set_index("removed")["largest"] * 6
    assert not np.allclose(curve, curve.round())  # of one order it would be whole nodes
    assert curve.index[[0, -1]].tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"cuts": (0.5, 0.0)}, "must lie above 0 and up to 1"),
        ({"cuts": (0.5, 1.5)}, "must lie above 0 and up to 1"),
        ({"cuts": (np.nan,)}, "must lie above 0 and up to 1"),
        ({"cuts": (0.5, 1.0, 0.5)}, "the cut 0.5 is given twice"),
        ({"cuts": ()}, "nothing to close"),
        ({"most": 0}, "--most must be at least 1"),
        ({"kind": "bridges"}, "nothing to close"),
        ({"kind": "cells"}, "no coordinates"),
        ({"gap": -1.0}, "must be a positive number; found -1"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_solved(monkeypatch, more, message):
    monkeypatch.setattr(roadscan, "assign", lambda *_, **__: pytest.fail("something was solved"))
    with pytest.raises(InputError, match=message):
        scan_roads(problem(), **more)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.write_text("kept", encoding="utf-8")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    for wrong in (file, file / "below", link, tmp_path / ("x" * 300)):
        with pytest.raises(InputError, match="cannot be written"):
            check_folder(wrong)
    found = scan_roads(problem())
    with pytest.raises(InputError, match="file cannot be written"):
        write_scan(found, file, {})
    assert file.read_text(encoding="utf-8") == "kept"
    check_folder(tmp_path)
    check_folder(tmp_path / "new" / "deep")
    assert not (tmp_path / "new").exists()
    monkeypatch.setattr(files.os, "access", lambda *_: False)
    with pytest.raises(InputError, match="Permission denied"):
        check_folder(tmp_path / "new")
