"""Power by connectivity: a load is served when live paths from live sources have the capacity for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import igraph
import numpy as np

from resilience.base.errors import Problem
from resilience.networks.layer import SITE_COLUMNS, Findings, Layer, Place, Tables, tell_twice
from resilience.networks.network import Network
from resilience.networks.power.shedding import Island, best_served

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from resilience.base.arrays import Bools, Ints

UNLIMITED = 1e12
KEPT = 512


@dataclass(frozen=True)
class Homes:
    """People who get power from the network themselves, for the choice of what to shed.

    Parameters
    ----------
    people : residents of zones with the same needs, shape (groups,), in the order of their first ids
    needs : for each group, all of its needs: whether any one supplier will do, and the positions of the suppliers

    """

    people: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    needs: tuple[tuple[tuple[bool, tuple[int, ...]], ...], ...] = ()


def homes(zones: pd.DataFrame, dependencies: pd.DataFrame, nodes: pd.Index) -> Homes:
    """Return the homes behind the nodes of a power network, from rows of dependencies.csv.

    A need that something else than a node of the network can meet by itself (rule any) is left out.
    """
    if len(dependencies) == 0:
        return Homes()
    rows = dependencies[dependencies["consumer"].isin(zones.index)]
    found: dict[str, list[tuple[bool, tuple[int, ...]]]] = {}
    for (zone, _), part in rows.groupby(["consumer", "service"], sort=True):
        position = np.asarray(nodes.get_indexer(part["supplier"]), np.int64)
        one_will_do = bool(part["rule"].iloc[0] == "any")
        if (position < 0).all() or (one_will_do and (position < 0).any()):
            continue
        suppliers = tuple(sorted(int(p) for p in position if p >= 0))
        found.setdefault(str(zone), []).append((one_will_do, suppliers))
    people = zones["people"].to_dict()
    groups: dict[tuple[tuple[bool, tuple[int, ...]], ...], float] = {}
    for zone in sorted(found):
        key = tuple(found[zone])
        groups[key] = groups.get(key, 0.0) + float(people[zone])
    lived_in = {key: many for key, many in groups.items() if many > 0}
    return Homes(np.array(list(lived_in.values()), float), tuple(lived_in))


class PowerModel:
    """The power network prepared for repeated questions about which nodes are supplied.

    A node or line that is out of service carries nothing. A load is served whole or not at all (feeders are switched,
    not dimmed). Whether a set of loads can be carried is a maximum-flow question (Ford & Fulkerson 1956), so
    impedances are ignored: with the served set chosen as best as `shedding.best_served` does, the answer is an upper
    bound on what the wires could do. What is shed depends on the state alone, not on what was shed before.

    Attributes
    ----------
    gap : relative gap of the choice of what to shed in the last answer, 0 where it is proven best

    """

    def __init__(self, network: Network, behind: Homes | None = None) -> None:
        self.network = network
        nodes = network.nodes
        self.size = len(nodes)
        self.nodes, self.links = nodes.index, network.links.index
        self.tail, self.head = network.ends
        self.link_kw = network.links["capacity_kw"].fillna(UNLIMITED).to_numpy(float)
        self.node_kw = nodes["capacity_kw"].fillna(UNLIMITED).to_numpy(float)
        self.load_kw = nodes["load_kw"].to_numpy(float)
        self.priority = nodes["priority"].to_numpy(float)
        self.is_source = (nodes["kind"] == "source").to_numpy()
        self.behind = behind or Homes()
        self.gap = 0.0
        self._node_order = np.argsort(nodes.index.to_numpy(str), kind="stable")
        self._link_order = np.argsort(network.links.index.to_numpy(str), kind="stable")
        order = np.lexsort((nodes.index.to_numpy(str), -self.load_kw, -self.priority))
        self.pick_up = order[self.load_kw[order] > 0]
        self._known: dict[tuple[bytes, bytes, bytes], tuple[Bools, Bools, float]] = {}

    def stands_for(self) -> list[tuple[str, str]]:
        """Return pairs of ids: what a feeder hangs on, and the feeder."""
        feeder = (self.network.nodes["kind"] == "feeder").to_dict()
        ends = zip(self.network.links["from_node"], self.network.links["to_node"], strict=True)
        return [(up, down) for a, b in ends for up, down in ((a, b), (b, a)) if feeder[down] and not feeder[up]]

    def supplied(self, node_on: Bools, link_on: Bools) -> Bools:
        """Return which nodes have power, shape (nodes,), given which nodes and links are in service.

        A node without load of its own has power when it is joined to a live source by live lines.
        """
        live, shed = self.serve(node_on, link_on)
        return live & ~shed

    def joined(self, node_on: Bools, link_on: Bools) -> Bools:
        """Return which nodes live lines join to a live source, whatever these can carry, shape (nodes,)."""
        return self._live(node_on, link_on & node_on[self.tail] & node_on[self.head])[0]

    def _live(self, node_on: Bools, keep: Bools) -> tuple[Bools, Ints]:
        """Return which nodes are joined to a live source, and the part of the network each lies in."""
        graph = igraph.Graph(n=self.size, edges=np.column_stack([self.tail[keep], self.head[keep]]))
        part = np.asarray(graph.connected_components().membership)
        return np.isin(part, part[self.is_source & node_on]) & node_on, part

    def serve(self, node_on: Bools, link_on: Bools, wanted: Bools | None = None) -> tuple[Bools, Bools]:
        """Return which nodes are joined to a live source, and which of these are shed, two of shape (nodes,).

        Parameters
        ----------
        node_on, link_on : what is in service; a shed node still passes power on
        wanted : loads that are to be served if they can, all where not given; the others are shed

        """
        wanted = np.ones(self.size, np.bool_) if wanted is None else wanted
        key = (node_on.tobytes(), link_on.tobytes(), wanted.tobytes())
        if key not in self._known:
            if len(self._known) >= KEPT:
                del self._known[next(iter(self._known))]
            self.gap = 0.0
            self._known[key] = (*self._serve(node_on, link_on, wanted), self.gap)
        live, shed, self.gap = self._known[key]
        return live.copy(), shed.copy()

    def _serve(self, node_on: Bools, link_on: Bools, wanted: Bools) -> tuple[Bools, Bools]:
        keep = link_on & node_on[self.tail] & node_on[self.head]
        live, membership = self._live(node_on, keep)
        loads = live & wanted & (self.load_kw > 0)
        shed = live & ~wanted & (self.load_kw > 0)
        if not loads.any() or self._can_carry(np.flatnonzero(loads), node_on, keep):
            return live, shed
        short = np.zeros(self.size, np.bool_)
        for part in np.unique(membership[loads]):
            here = loads & (membership == part)
            if not self._can_carry(np.flatnonzero(here), node_on, keep):
                short |= membership == part
        return live, shed | (loads & short & ~self._best(loads, short & node_on, keep, node_on, live))

    def _best(self, loads: Bools, short: Bools, keep: Bools, node_on: Bools, live: Bools) -> Bools:
        """Return the loads to serve in the parts of the network that are short of capacity, shape (nodes,)."""
        nodes = self._node_order[short[self._node_order]]
        links = self._link_order[(keep & short[self.tail])[self._link_order]]
        at = np.full(self.size, -1)
        at[nodes] = np.arange(len(nodes))
        lit = live & np.where(self.load_kw > 0, loads & ~short, True)  # whatever the choice
        island = Island(
            tail=at[self.tail[links]],
            head=at[self.head[links]],
            link_kw=self.link_kw[links],
            node_kw=self.node_kw[nodes],
            source=self.is_source[nodes],
            load_kw=np.where(loads[nodes], self.load_kw[nodes], 0.0),
            priority=self.priority[nodes],
            people=self.behind.people,
            needs=self._needs_here(at, lit, loads),
            level=self._levels(lit | loads),
        )
        greedy = self._one_by_one(loads & short, node_on, keep)[nodes]
        served, self.gap = best_served(island, greedy)
        result = np.zeros(self.size, np.bool_)
        result[nodes[served]] = True
        return result

    def _needs_here(self, at: Ints, lit: Bools, loads: Bools) -> list[list[tuple[bool, list[int]]] | None]:
        """Return what each home needs of the loads in question; None where it stays dark or is lit anyway."""
        result: list[list[tuple[bool, list[int]]] | None] = []
        for needs in self.behind.needs:
            open_needs: list[tuple[bool, list[int]]] | None = []
            for one_will_do, suppliers in needs:
                on = [s for s in suppliers if lit[s]]
                asked = [int(at[s]) for s in suppliers if loads[s] and at[s] >= 0 and not lit[s]]
                if one_will_do and on:
                    continue
                if (one_will_do and not asked) or (not one_will_do and len(on) + len(asked) < len(suppliers)):
                    open_needs = None
                    break
                if asked and open_needs is not None:
                    open_needs.append((one_will_do, asked))
            result.append(open_needs or None)
        return result

    def _levels(self, usable: Bools) -> NDArray[np.float64]:
        """Return the priority at which each home counts: of the best of any suppliers, of the least of all.

        Of any, only those count that are lit or may be lit: a better one that is off gives no priority.
        """

        def of_need(any_rule: bool, suppliers: tuple[int, ...]) -> float:
            found = self.priority[[s for s in suppliers if usable[s] or not any_rule]]
            return float((found.max if any_rule else found.min)(initial=-np.inf if any_rule else np.inf))

        return np.array([min(of_need(*need) for need in needs) for needs in self.behind.needs], float)

    def _one_by_one(self, wanted: Bools, node_on: Bools, keep: Bools) -> Bools:
        """Return what is served when loads are picked up by priority, then size, as long as they can be carried."""
        carried: list[int] = []
        for load in self.pick_up[wanted[self.pick_up]]:
            if self._can_carry(np.array([*carried, int(load)]), node_on, keep):
                carried.append(int(load))
        result = np.zeros(self.size, np.bool_)
        result[carried] = True
        return result

    def _can_carry(self, loads: Ints, node_on: Bools, keep: Bools) -> bool:
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


def _model(tables: Tables) -> PowerModel | None:
    nodes, links = tables["power_nodes"], tables["power_links"]
    if len(nodes) == 0 or len(links) == 0:
        return None
    return PowerModel(Network("power", nodes, links), homes(tables["zones"], tables["dependencies"], nodes.index))


def _components(tables: Tables) -> list[pd.Index]:
    return [tables["power_nodes"].index, tables["power_links"].index]


def _sites(tables: Tables) -> list[pd.DataFrame]:
    """Return what can be flooded; a feeder stands nowhere unless it has a threshold."""
    part = tables["power_nodes"][[*SITE_COLUMNS, "kind"]]
    return [part[(part["kind"] != "feeder") | part["flood_threshold_m"].notna()]]


def _check(city: Place, found: Findings) -> None:
    """Check that there is a source and that everything has power on an ordinary day; tell of lines given twice."""
    lines = city["power_links"]
    if len(lines):  # a line has no direction
        ends = np.sort(lines[["from_node", "to_node"]].to_numpy(str), axis=1)
        same = lines.assign(from_node=ends[:, 0], to_node=ends[:, 1]).drop(columns="geometry", errors="ignore")
        tell_twice("power_links", same, found, key="line_twice")
    power = city.model("power")
    if power is None:
        return
    nodes = power.network.nodes
    if not (nodes["kind"] == "source").any():
        found.problems.append(Problem("no_source", "power_nodes.csv", column="kind"))
        return
    on = power.supplied(np.ones(power.size, np.bool_), np.ones(len(power.tail), np.bool_))
    found.problems += [
        Problem("not_supplied", "power_nodes.csv", int(found.lines["power_nodes"][i]), "id", str(nodes.index[i]))
        for i in np.flatnonzero(~on)[:20]
    ]


LAYER = Layer(
    name="power",
    tables={"power_nodes": "power", "power_links": "power"},
    picks={"power": "power_nodes"},
    same_ids=(("power_nodes", "power_links"),),
    kept=("power_nodes", "power_links"),
    components=_components,
    sites=_sites,
    model=_model,
    check=_check,
)
