"""The equilibrium against published solutions (Transportation Networks for Research) and closed forms."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq

from resilience.readers.tntp import read_tntp
from resilience.traffic import Demand, Pairs, RoadGraph, assign
from tests.tiny import graph, pairs, write_tntp

BEST_KNOWN = 4_231_335.287


@pytest.fixture(scope="module")
def sioux_falls(sioux_folder):
    """The published network and demand; one row of trips.csv stands for 100 vehicles a trip maker."""
    links = pd.read_csv(sioux_folder / "road_links.csv")
    trips = pd.read_csv(sioux_folder / "trips.csv")
    number = {f"{letter}{i}": i - 1 for letter in "NZ" for i in range(1, 25)}
    net = RoadGraph(
        24,
        links["from_node"].map(number).to_numpy(np.int64),
        links["to_node"].map(number).to_numpy(np.int64),
        links["free_flow_min"].to_numpy(float),
        links["capacity_vph"].to_numpy(float),
        links["bpr_b"].to_numpy(float),
        links["bpr_power"].to_numpy(float),
        np.zeros(len(links)),
        np.zeros(24, bool),
    )
    cells = trips.groupby(["origin", "destination"], as_index=False)["trips"].sum()
    cells["o"], cells["d"] = cells["origin"].map(number), cells["destination"].map(number)
    cells = cells.sort_values(["o", "d"])
    wanted = Pairs(cells["o"].to_numpy(np.int64), cells["d"].to_numpy(np.int64))
    return net, wanted, 100.0 * cells["trips"].to_numpy(float), links["id"]


@pytest.fixture(scope="module")
def solved(sioux_falls):
    net, wanted, demand, _ = sioux_falls
    return assign(net, Demand(wanted, demand), gap=1e-9)


def test_sioux_falls_demand_is_the_published_one(sioux_falls):
    _, wanted, demand, _ = sioux_falls
    assert demand.sum() == 360_600
    assert len(wanted.origin) == 528


def test_sioux_falls_meets_the_best_known_objective(sioux_falls, solved):
    net, _, _, _ = sioux_falls
    assert solved.converged
    assert solved.objective == pytest.approx(BEST_KNOWN, rel=1e-6)
    assert solved.total_travel_time == pytest.approx(7_480_225.34, rel=1e-5)
    assert float(net.free_flow_min @ solved.flow) == pytest.approx(3_419_112.77, rel=1e-5)
    assert (solved.flow / net.capacity_vph).max() == pytest.approx(2.557, abs=1e-3)


def test_a_loose_gap_is_close_and_above(sioux_falls):
    net, wanted, demand, _ = sioux_falls
    loose = assign(net, Demand(wanted, demand), gap=1e-4)
    assert loose.objective == pytest.approx(BEST_KNOWN, rel=1e-4)
    assert loose.objective >= BEST_KNOWN - 0.01


@pytest.mark.parametrize(
    ("street", "percent"), [("10-15", 81.2), ("18-20", 58.4), ("9-10", 58.4), ("5-9", 50.0), ("1-2", 5.6)]
)
def test_sioux_falls_without_a_street(sioux_falls, solved, street, percent):
    net, wanted, demand, ids = sioux_falls
    a, b = street.split("-")
    shut = ids.isin([f"L{a}-{b}", f"L{b}-{a}"]).to_numpy()
    assert shut.sum() == 2
    found = assign(net, Demand(wanted, demand), gap=1e-7, closed=shut, warm=solved)
    rise = 100.0 * (found.total_travel_time / solved.total_travel_time - 1.0)
    assert rise == pytest.approx(percent, abs=0.1)


BRAESS_NET = """
    <NUMBER OF ZONES>   2
    <NUMBER OF NODES> 4
    <FIRST THRU NODE> 1
    <NUMBER OF LINKS> {links}
    <END OF METADATA>


    ~ \tinit\tterm\tcapacity\tlength\tfree\tb\tpower\tspeed\ttoll\ttype\t;
    \t1\t3\t1\t0\t1e-8\t1e9\t1\t0\t0\t1\t;
      1   4   1   0   50     0.02    1 0 0 1 ;   ~ slow and wide
    \t3\t2\t1\t0\t50\t0.02\t1\t0\t0\t1\t;
    {bridge}
    \t4\t2\t1\t0\t1e-8\t1e9\t1\t0\t0\t1\t;
"""
BRAESS_TRIPS = """
    <NUMBER OF ZONES> 2
    <TOTAL OD FLOW> 6.0
    <END OF METADATA>

    Origin  1
        2 :     6.0;
"""


@pytest.mark.parametrize(
    ("bridge", "total", "cost", "objective"),
    [("3 4 1 0 10 0.1 1 0 0 1 ;", 552.0, 92.0, 386.0), ("~ no bridge", 498.0, 83.0, 399.0)],
)
def test_braess(tmp_path, bridge, total, cost, objective):
    net = BRAESS_NET.format(links=5 if bridge.startswith("3") else 4, bridge=bridge)
    data = read_tntp(write_tntp(tmp_path / "b", net, BRAESS_TRIPS))
    found = assign(data.graph, data.demand, gap=1e-9)
    assert found.total_travel_time == pytest.approx(total, rel=1e-6)
    assert found.od_minutes[0] == pytest.approx(cost, rel=1e-6)
    assert found.objective == pytest.approx(objective, rel=1e-6)
    if bridge.startswith("3"):
        np.testing.assert_allclose(found.flow, [4, 2, 2, 2, 4], rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "objective", "weights"),
    [
        ("Anaheim", 1_286_032.171, {}),
        ("Chicago-Sketch", 17_313_018.7387, {"toll_weight": 0.02, "distance_weight": 0.04}),
    ],
)
def test_larger_published_networks(name, objective, weights):
    home = os.environ.get("TNTP_DATA")
    if not home or not any((Path(home) / name).glob("*_net.tntp")):
        pytest.skip(f"TNTP_DATA names no folder with {name}")
    data = read_tntp(Path(home) / name, **weights)
    found = assign(data.graph, data.demand, gap=1e-8)
    assert found.converged
    assert found.objective == pytest.approx(objective, rel=1e-5)
    # flows as well: at 1e-6 within so many vehicles/h (root mean square) of the best known ones
    best = published_flows(Path(home) / name, data.graph)
    rough = assign(data.graph, data.demand, gap=1e-6)
    assert np.sqrt(np.mean((rough.flow - best) ** 2)) < {"Chicago-Sketch": 1.5, "Anaheim": 5.0}[name]
    if name == "Anaheim":
        assert found.total_travel_time == pytest.approx(1_419_913.851, rel=1e-5)
        assert (found.flow / data.graph.capacity_vph).max() == pytest.approx(1.979, abs=1e-3)


def published_flows(folder, net):
    rows = [line.split() for line in next(folder.glob("*_flow.tntp")).read_text(encoding="utf-8").splitlines()]
    flow = {(int(r[0]), int(r[1])): float(r[2]) for r in rows if r and r[0].isdigit()}
    return np.array([flow[a + 1, b + 1] for a, b in zip(net.tail.tolist(), net.head.tolist(), strict=True)])


def test_two_links_share_so_that_times_are_equal():
    # t1 = 10 (1 + 0.15 (v/50)^4), t2 = 15 (1 + 0.15 ((100 - v)/80)^4)
    def difference(v):
        return 10 * (1 + 0.15 * (v / 50) ** 4) - 15 * (1 + 0.15 * ((100 - v) / 80) ** 4)

    v = brentq(difference, 0, 100)
    net = graph(2, [(0, 1), (0, 1)], minutes=[10, 15], capacity=[50, 80])
    found = assign(net, Demand(pairs((0, 1)), np.array([100.0])), gap=1e-12)
    np.testing.assert_allclose(found.flow, [v, 100 - v], rtol=1e-5)


def test_pigou():
    # t1 = v (written as 1e-9 (1 + 1e9 v)), t2 = 1 whatever the flow; demand 1 takes the first link altogether
    net = graph(2, [(0, 1), (0, 1)], minutes=[1e-9, 1.0], capacity=1.0, b=[1e9, 0.0], power=1.0)
    found = assign(net, Demand(pairs((0, 1)), np.array([1.0])), gap=1e-9)
    assert found.total_travel_time == pytest.approx(1.0, rel=1e-6)
    assert found.flow[0] == pytest.approx(1.0, abs=1e-6)
    assert found.objective == pytest.approx(0.5, rel=1e-6)


def test_a_link_of_constant_time_caps_the_other():
    # t1 = 1 + v/10 rises to the constant 3 of link 2 at v = 20
    net = graph(2, [(0, 1), (0, 1)], minutes=[1.0, 3.0], capacity=[10.0, 1.0], b=[1.0, 0.0], power=1.0)
    found = assign(net, Demand(pairs((0, 1)), np.array([50.0])), gap=1e-12)
    np.testing.assert_allclose(found.flow, [20.0, 30.0], rtol=1e-6)
    assert found.od_minutes[0] == pytest.approx(3.0)


def test_a_toll_shifts_traffic_to_the_free_link():
    # equal links t = 1 + v/10, toll of 2 on the first: 1 + v1/10 + 2 = 1 + v2/10 and v1 + v2 = 40
    net = graph(2, [(0, 1), (0, 1)], minutes=1.0, capacity=10.0, b=1.0, power=1.0, fixed=[2.0, 0.0])
    found = assign(net, Demand(pairs((0, 1)), np.array([40.0])), gap=1e-12)
    np.testing.assert_allclose(found.flow, [10.0, 30.0], rtol=1e-6)
    # Beckmann: sum of v + v^2 / 20, plus the toll of 2 on 10 vehicles
    assert found.objective == pytest.approx(10 + 5 + 20 + 30 + 45, rel=1e-6)
