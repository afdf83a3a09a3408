"""Power by connectivity: a load is served when live paths from live sources have the capacity for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import igraph
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience.networks.network import Network

UNLIMITED = 1e12


class PowerModel:
    """The power network prepared for repeated questions about which nodes are supplied.

    A node or line that is out of service carries nothing. Loads are picked up in order of priority, then of size; a
    load that the remaining capacity cannot carry is shed whole (feeders are switched, not dimmed). Whether a set of
    loads can be carried is a maximum-flow question (Ford & Fulkerson 1956), so the answer ignores impedances: it is
    an upper bound on what the wires could do.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        nodes = network.nodes
        self.size = len(nodes)
        self.tail, self.head = network.ends
        self.link_kw = network.links["capacity_kw"].fillna(UNLIMITED).to_numpy(float)
        self.node_kw = nodes["capacity_kw"].fillna(UNLIMITED).to_numpy(float)
        self.load_kw = nodes["load_kw"].to_numpy(float)
        self.is_source = (nodes["kind"] == "source").to_numpy()
        order = np.lexsort((nodes.index.to_numpy(str), -self.load_kw, -nodes["priority"].to_numpy(float)))
        self.pick_up = order[self.load_kw[order] > 0]

    def supplied(self, node_on: NDArray[np.bool_], link_on: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which nodes have power, shape (nodes,), given which nodes and links are in service.

        A node without load of its own has power when it is joined to a live source by live lines.
        """
        n = self.size
        keep = link_on & node_on[self.tail] & node_on[self.head]
        graph = igraph.Graph(n=n, edges=np.column_stack([self.tail[keep], self.head[keep]]))
        membership = np.asarray(graph.connected_components().membership)
        live = np.isin(membership, membership[self.is_source & node_on]) & node_on
        wanted = [int(i) for i in self.pick_up if live[i]]
        if not wanted:
            return live
        if self._can_carry(np.array(wanted), node_on, keep):
            return live
        carried: list[int] = []
        for load in wanted:
            if self._can_carry(np.array([*carried, load]), node_on, keep):
                carried.append(load)
        shed = np.zeros(n, np.bool_)
        shed[[i for i in wanted if i not in set(carried)]] = True
        return live & ~shed

    def _can_carry(self, loads: NDArray[np.int64], node_on: NDArray[np.bool_], keep: NDArray[np.bool_]) -> bool:
        """Return whether all the loads can be carried at once (nodes split in two, so that they have capacities)."""
        n = self.size
        into, out, start, end = np.arange(n), n + np.arange(n), 2 * n, 2 * n + 1
        tail, head, limit = self.tail[keep], self.head[keep], self.link_kw[keep]
        sources = np.flatnonzero(self.is_source & node_on)
        edges = np.concatenate([
            np.column_stack([into, out]),
            np.column_stack([n + tail, head]),
            np.column_stack([n + head, tail]),
            np.column_stack([np.full(len(sources), start), sources]),
            np.column_stack([n + loads, np.full(len(loads), end)]),
        ])  # fmt: skip
        need = self.load_kw[loads]
        capacity = np.concatenate([self.node_kw, limit, limit, np.full(len(sources), UNLIMITED), need])
        graph = igraph.Graph(n=2 * n + 2, edges=edges, directed=True)
        value = graph.maxflow_value(start, end, capacity=capacity.tolist())
        return bool(value >= need.sum() * (1.0 - 1e-9))
