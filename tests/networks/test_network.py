from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from resilience.networks.network import Network


@pytest.fixture
def network():
    nodes = pd.DataFrame({"x": [0.0, 1.0, 2.0]}, index=["t:a", "t:b", "t:c"])
    links = pd.DataFrame(
        {"from_node": ["t:a", "t:b", "t:a"], "to_node": ["t:b", "t:c", "t:b"], "length": [1.0, 2.0, 3.0]},
        index=["t:1", "t:2", "t:3"],
    )
    return Network("t", nodes, links)


def test_ends_are_positions(network):
    tail, head = network.ends
    assert tail.tolist() == [0, 1, 0]
    assert head.tolist() == [1, 2, 1]


def test_components_are_nodes_then_links(network):
    assert network.components == ["t:a", "t:b", "t:c", "t:1", "t:2", "t:3"]


def test_igraph_view_holds_open_links_only(network):
    graph = network.to_igraph(np.array([True, False, True]))
    assert graph.vs["name"] == ["t:a", "t:b", "t:c"]
    assert graph.es["name"] == ["t:1", "t:3"]
    assert graph.is_directed()
    assert not network.to_igraph(directed=False).is_directed()


def test_networkx_view_keeps_parallel_links_and_columns(network):
    graph = network.to_networkx()
    assert isinstance(graph, nx.MultiDiGraph)
    assert set(graph.edges(keys=True)) == {("t:a", "t:b", "t:1"), ("t:b", "t:c", "t:2"), ("t:a", "t:b", "t:3")}
    assert graph.edges["t:a", "t:b", "t:3"]["length"] == 3.0
    assert graph.nodes["t:c"]["x"] == 2.0
