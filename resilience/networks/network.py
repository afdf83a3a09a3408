"""A network is two tables, nodes and links; arrays, igraph and networkx graphs are views built from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import igraph
import networkx as nx
import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Network:
    """Nodes and directed links of one layer of the city.

    Parameters
    ----------
    name : layer name, the prefix of all its component ids
    nodes : index = global node id, such as road:n12
    links : index = global link id; columns from_node and to_node hold global node ids

    """

    name: str
    nodes: pd.DataFrame
    links: pd.DataFrame

    @cached_property
    def ends(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Positions of the from and to node of every link, two arrays of shape (links,)."""
        tail = self.nodes.index.get_indexer(self.links["from_node"])
        head = self.nodes.index.get_indexer(self.links["to_node"])
        return np.asarray(tail, np.int64), np.asarray(head, np.int64)

    @cached_property
    def components(self) -> list[str]:
        """Ids of all nodes, then all links."""
        return [*self.nodes.index, *self.links.index]

    def to_igraph(self, open_links: NDArray[np.bool_] | None = None, *, directed: bool = True) -> Any:
        """Return an igraph graph of the open links; vertex `name` and edge `name` hold the ids."""
        tail, head = self.ends
        keep = np.arange(len(self.links)) if open_links is None else np.flatnonzero(open_links)
        graph = igraph.Graph(n=len(self.nodes), edges=np.column_stack([tail[keep], head[keep]]), directed=directed)
        graph.vs["name"] = list(self.nodes.index)
        graph.es["name"] = list(self.links.index[keep])
        return graph

    def to_networkx(self) -> nx.MultiDiGraph[Any]:
        """Return a networkx multigraph with all columns as attributes; the edge key is the link id."""
        graph: nx.MultiDiGraph[Any] = nx.MultiDiGraph(name=self.name)
        graph.add_nodes_from((node, row) for node, row in self.nodes.to_dict("index").items())
        graph.add_edges_from(
            (row["from_node"], row["to_node"], link, row) for link, row in self.links.to_dict("index").items()
        )
        return graph
