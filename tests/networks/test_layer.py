"""A layer is said once: a toy layer, given by this file alone, is read, checked, flooded, supplied, picked and kept."""

from __future__ import annotations

import igraph
import numpy as np
import pandas as pd
import pytest

from resilience.base import schema
from resilience.base.errors import CaseError, Problem
from resilience.base.streams import Streams
from resilience.case.case import load_case
from resilience.city.selection import select
from resilience.measures.raising import FloodProof
from resilience.networks import layer
from resilience.networks.layer import SITE_COLUMNS, Layer
from resilience.simulation.engine import run
from resilience.stress.stress import stress_test
from tests.places import CASES
from tests.tiny import write_case

COLUMNS = "column,type,unit,required,default,least,most,choices,refers,meaning,meaning_zh\n"
PROTECTION = "".join(
    f"{name},number,m,no,{value},0,,,,{name},{name}\n"
    for name, value in (("flood_threshold_m", 0.3), ("raised_m", 0), ("added_m", 0), ("raise_failure", 0))
)
SCHEMAS = {
    "pipe_nodes": "id,id,,yes,,,,,,Node,节点\nkind,choice,,yes,,,,works|valve,,Kind,类型\n"
    "x,number,m,yes,,,,,,Easting,横坐标\ny,number,m,yes,,,,,,Northing,纵坐标\n" + PROTECTION,
    "pipe_links": "id,id,,yes,,,,,,Pipe,管道\nfrom_node,ref,,yes,,,,,pipe_nodes,End,端\n"
    "to_node,ref,,yes,,,,,pipe_nodes,End,端\n",
}


class Pipes:
    """Water comes to whoever open pipes join to a works."""

    gap = 0.0

    def __init__(self, nodes, links):
        self.nodes, self.links = nodes.index, links.index
        self.tail, self.head = (np.asarray(nodes.index.get_indexer(links[c])) for c in ("from_node", "to_node"))
        self.works = (nodes["kind"] == "works").to_numpy()

    def joined(self, node_on, link_on):
        keep = link_on & node_on[self.tail] & node_on[self.head]
        graph = igraph.Graph(n=len(self.nodes), edges=np.column_stack([self.tail[keep], self.head[keep]]).tolist())
        part = np.array(graph.connected_components().membership)
        return np.isin(part, part[self.works & node_on]) & node_on

    supplied = joined

    def serve(self, node_on, link_on, wanted=None):
        return self.joined(node_on, link_on), np.zeros(len(node_on), bool)

    def stands_for(self):
        return []


def check(city, found):
    works = city["pipe_nodes"]["kind"] == "works"
    if len(works) and not works.any():
        found.problems.append(Problem("no_source", "pipe_nodes.csv", column="kind"))


def pipes(folder):
    return Layer(
        name="pipes",
        tables={"pipe_nodes": "pipe", "pipe_links": "pipe"},
        picks={"pipe": "pipe_nodes"},
        same_ids=(("pipe_nodes", "pipe_links"),),
        kept=("pipe_nodes", "pipe_links"),
        components=lambda t: [t["pipe_nodes"].index, t["pipe_links"].index],
        sites=lambda t: [t["pipe_nodes"][[*SITE_COLUMNS, "kind"]]],
        model=lambda t: Pipes(t["pipe_nodes"], t["pipe_links"]) if len(t["pipe_links"]) else None,
        check=check,
        schema=folder,
    )


@pytest.fixture(autouse=True)
def toy(tmp_path, monkeypatch):
    """The toy layer, among the others for one test."""
    folder = tmp_path / "schema"
    folder.mkdir()
    for name, rows in SCHEMAS.items():
        (folder / f"{name}.csv").write_text(COLUMNS + rows, encoding="utf-8")
    monkeypatch.setattr(schema, "_MORE", [])
    mine = pipes(folder)
    monkeypatch.setitem(globals(), "TOY", mine)
    monkeypatch.setattr(layer, "LAYERS", (*layer.LAYERS, f"{__name__}:TOY"))
    layer.layers.cache_clear()
    schema.schema.cache_clear()
    yield
    layer.layers.cache_clear()
    schema.schema.cache_clear()


TABLES = {
    "pipe_nodes": "id,kind,x,y\nW,works,0,0\nV,valve,100,0\nE,valve,200,0",
    "pipe_links": "id,from_node,to_node\nWV,W,V\nVE,V,E",
    "zones": "id,x,y,people\nA,200,0,50",
    "dependencies": "supplier,consumer,service\npipe:E,zone:A,water",
}


def town(folder, **tables):
    return load_case(write_case(folder, TABLES | tables, among="pipe.kind == 'works'"))


def test_its_tables_are_read_and_its_parts_are_components_and_sites(tmp_path):
    city = town(tmp_path / "town").city
    assert [c for c in city.components if c.startswith("pipe:")] == ["pipe:E", "pipe:V", "pipe:W", "pipe:VE", "pipe:WV"]
    assert set(city.sites.index) == {"pipe:W", "pipe:V", "pipe:E"}
    assert (city.sites["layer"] == "pipe").all()
    assert list(select(city, "pipe.kind == 'valve'")[1]) == ["pipe:E", "pipe:V"]


@pytest.mark.parametrize(
    ("table", "text", "said"),
    [
        ("pipe_nodes", "id,kind,x,y\nV,valve,100,0\nE,valve,1,0", "there is no node of kind source"),
        ("pipe_nodes", "id,kind,x,y\nW,spring,0,0\nV,valve,1,0\nE,valve,1,0", 'line 2, column kind: found "spring"'),
        ("pipe_links", "id,from_node,to_node\nWV,W,V\nVX,V,X", 'line 3, column to_node: "X" is not in pipe_nodes.csv'),
        ("pipe_links", "id,from_node,to_node\nW,W,V", 'line 2, column id: "W" stands there twice'),
    ],
)
def test_its_faults_are_told_like_those_of_any_other(tmp_path, table, text, said):
    links = {} if table == "pipe_links" else {"pipe_links": "id,from_node,to_node\nVE,V,E"}
    with pytest.raises(CaseError) as refused:
        town(tmp_path / "town", **links, **{table: text})
    assert said in str(refused.value)


def test_its_outage_runs_through_its_model_and_the_dependencies(tmp_path):
    case = town(tmp_path / "town")
    scenario = next(iter(case.scenarios.values()))
    record = run(case.inputs, scenario, option="o", streams=Streams(1, 0), people=None, ordinary=None)
    told = {(e["component"], e["what"], e["reason"]) for e in record.events}
    assert {
        ("pipe:W", "failed", "switched_off"),
        ("pipe:E", "failed", "no_supply"),
        ("zone:A", "failed", "no_water"),
    } <= told
    by_number = {e["event"]: e for e in record.events}
    zone = next(e for e in record.events if e["component"] == "zone:A")
    assert by_number[by_number[zone["cause"]]["cause"]]["component"] == "pipe:W"


def test_it_can_be_protected_and_is_kept_in_the_run_folder(tmp_path):
    case = town(tmp_path / "town")
    proof = FloodProof("pipe.kind == 'works'", 1.0).apply(case.inputs)
    assert proof.city["pipe_nodes"].at["pipe:W", "raised_m"] == 1.0
    found = stress_test(case, replicates=1, out=tmp_path / "run")
    assert set(found.table("pipe_nodes")["id"]) == {"pipe:W", "pipe:V", "pipe:E"}


def test_a_city_without_it_is_as_before():
    city = load_case(CASES / "sioux_falls").city
    assert "pipes" not in city.models
    pd.testing.assert_index_equal(city.components, layer.components(city.tables))
