"""Traffic answers for the roads and trips of the hour, whatever came before, however a street is cut into links."""

from __future__ import annotations

import itertools
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resilience.base.streams import Streams
from resilience.case.case import load_case
from resilience.simulation.baseline import baseline
from resilience.simulation.engine import run
from resilience.stress.roadscan import road_problem, scan_roads
from tests.tiny import write_case

# three roads from P to Q: 5, 8 and 12 minutes; every link may be shut like a tunnel
ROADS = {"M": (5.0, 900), "D": (8.0, 700), "T": (12.0, 500)}
DAYS = 4


def tables(pieces: int = 1, people: int = 12) -> dict[str, str]:
    """A town of two zones; each road is cut into so many links."""
    nodes, links = ["P,0,0", "Q,9000,0"], []
    for name, (minutes, capacity) in ROADS.items():
        inner = [f"{name}{k}" for k in range(1, pieces)]
        nodes += [f"{n},{9000 * (k + 1) / pieces},{1000 + 1000 * len(name)}" for k, n in enumerate(inner)]
        stops = ["P", *inner, "Q"]
        for k, (a, b) in enumerate(itertools.pairwise(stops)):
            row = f"{1000 * minutes / pieces},60,{capacity},{minutes / pieces},tunnel"
            links += [f"{name}E{k},{a},{b},{row}", f"{name}W{k},{b},{a},{row}"]
    return {
        "road_nodes": "id,x,y\n" + "\n".join(nodes),
        "road_links": "id,from_node,to_node,length_m,speed_kmh,capacity_vph,free_flow_min,structure\n"
        + "\n".join(links),
        "zones": "id,x,y,people,jobs\nA,0,0,1000,0\nB,9000,0,0,1000",
        "connectors": "zone,node,minutes\nA,P,0\nB,Q,0",
        "purposes": "id,persons_per_trip,vehicles_per_trip,weekend_share\nwork,100,100,1",
        "trips": f"origin,destination,purpose,trips\nA,B,work,{people}",
    }


def outage(name: str, roads: str, first: int, last: int, pieces: int = 1) -> str:
    """An outage of whole roads from one morning to another, told in case.toml."""
    ids = ", ".join(f'"road:{r}{way}{k}"' for r in roads for way in "EW" for k in range(pieces))
    return (
        f'\n[[hazard]]\nname = "{name}"\nkind = "outage"\npattern = "listed"\nlisted = [{ids}]\n'
        f"start_hour = {24 * first}\nend_hour = {24 * last}\n"
    )


def scenario(name: str, hazards: list[str]) -> str:
    return (
        f'\n[[scenario]]\nname = "{name}"\nhazard = {hazards}\nseverity = 1.0\nonset = "Monday 05:00"\n'
        f"horizon_days = {DAYS}\n"
    ).replace("'", '"')


HEAD = '[case]\nname = "T"\ncrs = "EPSG:26914"\ncurrency = "USD"\nprice_year = 2024\n[traffic]\nrelative_gap = 1e-8\n'


def made(folder: Path, toml: str, pieces: int = 1):
    write_case(folder, tables(pieces))
    (folder / "case.toml").write_text(HEAD + toml, encoding="utf-8")
    case = load_case(folder)
    people = case.population(1)
    ordinary = baseline(case.city.road, people, case.inputs.rhythm.relative_gap)

    def go(name: str, **more):
        chosen = case.scenarios[name]
        return run(
            case.inputs, chosen, option="do-nothing", streams=Streams(1, 0), people=people, ordinary=ordinary, **more
        )

    return case, go


@cache
def town():
    """The town with an outage of every road on every day, so that any plan of closures can be put together."""
    names = [(f"{r}{d}", r, d) for r in ROADS for d in range(DAYS)]
    toml = "".join(outage(name, r, d, d + 1) for name, r, d in names) + scenario("any", [names[0][0]])
    home = TemporaryDirectory()
    case, _ = made(Path(home.name) / "town", toml)
    people = case.population(1)
    return case, people, baseline(case.city.road, people, 1e-8), home


def with_plan(plan: list[frozenset[str]], **more):
    """Run the town with these roads shut on these days."""
    from dataclasses import replace

    case, people, ordinary, _ = town()
    names = [f"{road}{day}" for day, roads in enumerate(plan) for road in sorted(roads)]
    chosen = replace(case.scenarios["any"], severity=dict.fromkeys(names, 1.0))
    return run(case.inputs, chosen, option="o", streams=Streams(1, 0), people=people, ordinary=ordinary, **more)


plans = st.lists(st.frozensets(st.sampled_from(sorted(ROADS)), max_size=2), min_size=DAYS - 1, max_size=DAYS - 1)


@given(plans)
@settings(max_examples=12)
def test_the_last_day_is_the_same_whatever_came_before(before):
    """The third day has the main road shut; on the fourth all is open."""
    story = [*before[:2], frozenset("M"), frozenset()]
    plain = [frozenset(), frozenset(), frozenset("M"), frozenset()]
    records = [with_plan(p) for p in (story, plain)]
    for name in ("traffic/vehicle_hours", "traffic/efficiency", "travel/delay_hours", "travel/completed"):
        one, other = (r.curve(name)[53:].dropna().to_numpy() for r in records)
        np.testing.assert_array_equal(one, other, err_msg=name)
    hours, usual = (records[0].curve(f"traffic/{v}")[79] for v in ("vehicle_hours", "usual_vehicle_hours"))
    assert hours == usual  # the open roads of the last morning carry the ordinary day


@given(plans)
@settings(max_examples=8)
def test_nobody_drives_on_a_closed_road(plan):
    record = with_plan([*plan, frozenset()], with_maps=True)
    closed, flow = set(), {}
    for hour, part in [(h, p) for m in record.maps for h, p in m.groupby("hour")]:
        for variable, component, value in part[["variable", "component", "value"]].itertuples(index=False):
            if variable == "closed":
                (closed.add if value else closed.discard)(component)
            if variable == "flow":
                flow[component] = value
        if hour % 24 in (7, 18):
            assert not any(flow.get(c, 0) for c in closed), hour


@pytest.mark.parametrize("pieces", [3, 20])
def test_a_street_in_more_pieces_is_the_same_street(tmp_path, pieces):
    found = []
    for many in (1, pieces):
        toml = outage("shut", "M", 0, DAYS, many) + scenario("main-shut", ["shut"])
        record = made(tmp_path / str(many), toml, many)[1]("main-shut")
        found.append(record.curve("traffic/vehicle_hours").dropna().to_numpy())
    np.testing.assert_allclose(found[0], found[1], rtol=1e-7)


@pytest.mark.parametrize("road", ["M", "D", "T"])
def test_a_run_with_one_closed_link_is_what_criticality_says_of_it(tmp_path, road):
    link = f"{road}E0"
    toml = (
        f'[[hazard]]\nname = "shut"\nkind = "outage"\npattern = "listed"\nlisted = ["road:{link}"]\n'
        "start_hour = 0\nend_hour = 400\n" + scenario("one", ["shut"])
    )
    _, go = made(tmp_path / "town", toml)
    record = go("one")
    morning = record.curve("traffic/vehicle_hours")[7] - record.curve("traffic/usual_vehicle_hours")[7]
    scanned = scan_roads(road_problem(tmp_path / "town"), gap=1e-8).scans[0].elements.set_index("element")
    assert scanned.at[f"road:{link}", "unserved"] == 0
    assert morning == pytest.approx(scanned.at[f"road:{link}", "nri"], rel=1e-5)
