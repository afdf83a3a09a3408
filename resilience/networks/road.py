"""The road network as the assignment sees it: junctions, zone centroids, carriageways and connectors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from resilience.base.defaults import default
from resilience.base.errors import Notice, Problem
from resilience.networks.layer import Findings, Layer, Place, Tables, tell_twice
from resilience.networks.open_roads import OpenRoads
from resilience.traffic.graph import RoadGraph

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience.base.arrays import Bools, Floats, Ints
    from resilience.networks.network import Network

_T = TypeVar("_T", bound=np.generic)


@dataclass(frozen=True)
class RoadModel:
    """Road links first, then connectors out of and into the zones; junction nodes first, then zone centroids."""

    network: Network
    graph: RoadGraph
    zone_node: NDArray[np.int64]
    connected: NDArray[np.bool_]
    connector_zone: NDArray[np.int64]
    connector_node: NDArray[np.int64]

    @property
    def links(self) -> int:
        """Number of road links, connectors left out."""
        return len(self.network.links)

    def all_links(self, road_links: NDArray[np.generic], fill: float | bool) -> NDArray[np.generic]:
        """Return values of the road links extended by `fill` for the connectors, shape (all links,)."""
        rest = np.full(len(self.graph.tail) - self.links, fill, dtype=road_links.dtype)
        return np.concatenate([road_links, rest])

    def on_roads(self, values: NDArray[_T]) -> NDArray[_T]:
        """Return the part of values of all links that belongs to road links, shape (road links,)."""
        return values[: self.links]

    @cached_property
    def limit_kmh(self) -> Floats:
        """Speed of each road link when it is dry and empty, shape (road links,)."""
        return self.network.links["speed_kmh"].to_numpy(float)

    @cached_property
    def reached(self) -> Bools:
        """Junctions that people can reach and leave again, shape (junctions,).

        These are the strongly connected parts of the dry roads that join zones, and the largest part.
        """
        label = self.open_roads(np.zeros(len(self.graph.tail), np.bool_)).part[: self.junctions]
        ends = np.unique(np.column_stack([label[self.connector_node], self.connector_zone]), axis=0)
        joins = np.bincount(ends[:, 0], minlength=int(label.max(initial=0)) + 1) > 1
        joins[np.bincount(label).argmax()] = True
        return np.asarray(joins[label], np.bool_)

    @cached_property
    def alone(self) -> Bools:
        """Zones whose connectors all end in roads that nobody else can reach, shape (zones,)."""
        apart = self.connected.copy()
        apart[self.connector_zone[self.reached[self.connector_node]]] = False
        return apart

    @property
    def junctions(self) -> int:
        """Number of junctions; the numbers above belong to zones."""
        return len(self.network.nodes)

    def attach(self, x: Floats, y: Floats, *, most_m: float | None = None) -> tuple[Ints, Floats]:
        """Return for each point the nearest junction that people can reach, and how far it is.

        Parameters
        ----------
        x, y : places, metres, shape (points,)
        most_m : distance beyond which a point belongs to no junction; traffic.attach_most_m where not given

        Returns
        -------
        node, distance_m
            Number of the junction, -1 where none lies within the distance; and metres to the nearest, shape (points,).

        """
        most_m = default("traffic.attach_most_m") if most_m is None else most_m
        some = np.flatnonzero(self.reached)
        if len(some) == 0:
            some = np.arange(self.junctions)
        places = self.network.nodes[["x", "y"]].to_numpy(float)[some]
        distance, at = cKDTree(places).query(np.column_stack([x, y]))
        return np.where(distance <= most_m, some[at], -1), np.asarray(distance, float)

    def open_roads(self, closed: Bools) -> OpenRoads:
        """Return the open roads, asked which ways they offer; the last ones are kept.

        closed : links that nobody may use, shape (all links,)
        """
        last = self._last_open
        if not last or not np.array_equal(last[0].closed, closed):
            last[:] = [last[0].with_closures(closed.copy()) if last else OpenRoads(self.graph, closed.copy())]
        return last[0]

    @cached_property
    def _last_open(self) -> list[OpenRoads]:
        return []

    def ways(self, closed: Bools, origin: Ints, destination: Ints) -> Bools:
        """Return which pairs of zones an open way joins.

        Parameters
        ----------
        closed : links that nobody may use, shape (all links,)
        origin, destination : zone numbers, shape (pairs,)

        """
        return self.open_roads(closed).ways(self.zone_node[origin], self.zone_node[destination])

    def largest_part(self, closed: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which nodes lie in the largest strongly connected part of the open roads, shape (nodes,).

        Zones join nothing: a zone lies in it when it can reach it and be reached from it by its own connectors.
        """
        return self.open_roads(closed).largest


def road_model(network: Network, zones: pd.DataFrame, connectors: pd.DataFrame) -> RoadModel:
    """Return the road model of a case: connectors become links without congestion in both directions."""
    junctions, roads = len(network.nodes), network.links
    tail, head = network.ends
    zone = zones.index.get_indexer(connectors["zone"]).astype(np.int64)
    node = network.nodes.index.get_indexer(connectors["node"]).astype(np.int64)
    centroid = junctions + zone
    minutes = connectors["minutes"].to_numpy(float)
    many = len(connectors)

    def both(values: pd.Series, extra: float) -> NDArray[np.float64]:
        return np.concatenate([values.to_numpy(float), np.full(2 * many, extra)])

    own = roads["length_m"].to_numpy(float) / roads["speed_kmh"].to_numpy(float) * 0.06
    free = roads["free_flow_min"].to_numpy(float)
    free = np.where(np.isnan(free), own, free)
    graph = RoadGraph(
        nodes=junctions + len(zones),
        tail=np.concatenate([tail, centroid, node]),
        head=np.concatenate([head, node, centroid]),
        free_flow_min=np.concatenate([free, minutes, minutes]),
        capacity_vph=both(roads["capacity_vph"], 1e9),
        b=both(roads["bpr_b"], 0.0),
        power=both(roads["bpr_power"], 1.0),
        fixed_min=np.zeros(len(roads) + 2 * many),
        barred=np.concatenate([np.zeros(junctions, np.bool_), np.ones(len(zones), np.bool_)]),
        node_id=network.nodes.index.append(zones.index),
        link_id=roads.index.append(
            pd.Index([f"{z}>{n}" for z, n in zip(connectors["zone"], connectors["node"], strict=True)])
        ).append(pd.Index([f"{n}>{z}" for z, n in zip(connectors["zone"], connectors["node"], strict=True)])),
        length_km=np.concatenate([roads["length_m"].to_numpy(float) / 1000.0, np.zeros(2 * many)]),
    )
    connected = np.zeros(len(zones), np.bool_)
    connected[zone] = True
    return RoadModel(network, graph, junctions + np.arange(len(zones)), connected, zone, node)


def speed_in_water(depth_m: NDArray[np.float64], limit_kmh: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the speed of cars in standing water, km/h; 0 where the road is closed. The shapes need to fit together.

    v(w) = 0.0009 w^2 - 0.5529 w + 86.9448 with w in mm, never above the speed of the dry road and 0 from 300 mm on:
    Pregnolato, Ford, Wilkinson & Dawson (2017), doi:10.1016/j.trd.2017.06.020. The parabola rises again beyond its
    vertex at 307 mm, so that the closure must come first.
    """
    w = np.asarray(depth_m, float) * 1000.0
    curve = (
        default("traffic.speed_depth_a") * w**2
        + default("traffic.speed_depth_b") * w
        + default("traffic.speed_depth_c")
    )
    speed = np.minimum(limit_kmh, curve)
    return np.where(depth_m >= default("traffic.closure_depth_m"), 0.0, np.where(w > 0.0, speed, limit_kmh))


def _components(tables: Tables) -> list[pd.Index]:
    """Return signals and tunnels; the other roads keep a state of their own."""
    nodes, links = tables["road_nodes"], tables["road_links"]
    signals = nodes.index[nodes["signal"].to_numpy(bool)] if len(nodes) else nodes.index
    return [signals, links.index[links["structure"] == "tunnel"] if len(links) else links.index]


def _check_rows(tables: Tables, found: Findings) -> None:
    links = tables["road_links"]
    for row, node in links.loc[links["from_node"] == links["to_node"], ["row", "from_node"]].itertuples(index=False):
        found.problems.append(Problem("self_loop", "road_links.csv", int(row), "to_node", str(node)))
    nodes = tables["road_nodes"].drop_duplicates("id").set_index("id")
    start, end = (nodes[["x", "y"]].reindex(links[side]).to_numpy(float) for side in ("from_node", "to_node"))
    straight = np.hypot(*(end - start).T)
    some = straight > 0
    if some.any():
        ratio = float(np.median(links["length_m"].to_numpy(float)[some] / straight[some]))
        if ratio < default("place.least_length_ratio"):
            found.notices.append(Notice("short_lengths", {"ratio": f"{ratio:.2g}"}))
    trips = tables["trips"]
    within = trips[trips["origin"] == trips["destination"]]
    again = trips[trips.duplicated(["origin", "destination", "purpose", "mode"])]
    for key, some, column in (("within_zone", within, "destination"), ("duplicate_trips", again, "origin")):
        rows = zip(some["row"][:20], some["origin"][:20], strict=True)
        found.problems += [Problem(key, "trips.csv", int(r), column, o) for r, o in rows]
    attached = set(tables["connectors"]["zone"])
    for column in ("origin", "destination"):
        loose = trips[~trips[column].isin(attached) & trips[column].isin(tables["zones"]["id"])]
        rows = zip(loose["row"][:20], loose[column][:20], strict=True)
        found.problems += [Problem("no_connector", "trips.csv", int(r), column, o) for r, o in rows]


def _check(city: Place, found: Findings) -> None:
    """Check that trips have ways, and tell of zones and sites that the roads do not reach."""
    road: RoadModel | None = city.model("road")
    if road is None:
        return
    tell_twice("road_links", city["road_links"], found)
    tell_twice("connectors", city["connectors"], found, ["zone", "node"], key="row_same")
    _tell_odd_links(city, found)
    zones, trips = city["zones"], city["trips"]
    loose = zones.index[~road.connected & ((zones["people"] > 0) | (zones["jobs"] > 0)).to_numpy()]
    if len(loose):
        people = zones.loc[loose, "people"].sum()
        values = {"count": str(len(loose)), "people": f"{people:,.0f}", "first": ", ".join(loose[:3])}
        found.notices.append(Notice("loose_zones", values))
    apart = zones.index[road.alone]
    if len(apart):
        people = f"{zones.loc[apart, 'people'].sum():,.0f}"
        found.notices.append(
            Notice("zones_alone", {"count": str(len(apart)), "people": people, "first": ", ".join(apart[:5])})
        )
    _tell_far_sites(road, city.sites, found)
    if len(trips) == 0:
        found.notices.append(Notice("no_trips", {}))
        return
    shut = np.zeros(len(road.graph.tail), np.bool_)
    main = road.largest_part(shut)[road.zone_node]
    ends = [np.asarray(zones.index.get_indexer(trips[c]), np.int64) for c in ("origin", "destination")]
    way = road.ways(shut, ends[0], ends[1]) & road.ways(shut, ends[1], ends[0])
    for position in np.flatnonzero(~way)[:20]:
        column = "origin" if main[ends[1][position]] else "destination"
        name = trips[column].iloc[position].removeprefix("zone:")
        line = int(found.lines["trips"][position])
        found.problems.append(Problem("unreachable_zone", "trips.csv", line, column, name))


def _tell_odd_links(city: Place, found: Findings) -> None:
    """Tell of deck heights that no bridge uses, signals that cannot delay, and connectors to a junction far away."""
    links, zones, nodes, connectors = (city[name] for name in ("road_links", "zones", "road_nodes", "connectors"))
    idle = np.flatnonzero(links["deck_m"].notna() & (links["structure"] != "bridge"))
    if len(idle):
        first = ", ".join(str(name).removeprefix("road:") for name in links.index[idle[:5]])
        found.notices.append(Notice("deck_unused", {"count": str(len(idle)), "first": first}))
    signals = set(nodes.index[nodes["signal"].to_numpy(bool)])
    free = links.index[links["to_node"].isin(signals) & (links["bpr_b"] == 0)]
    if len(free):
        first = ", ".join(str(name).removeprefix("road:") for name in free[:5])
        found.notices.append(Notice("signals_without_delay", {"count": str(len(free)), "first": first}))
    start, end = (
        table[["x", "y"]].reindex(connectors[column]).to_numpy(float)
        for table, column in ((zones, "zone"), (nodes, "node"))
    )
    metres = np.hypot(*(end - start).T)
    far = np.flatnonzero(metres > default("traffic.attach_most_m"))
    if len(far):
        some = connectors.iloc[far[:5]]
        ends = zip(some["zone"], some["node"], metres[far[:5]] / 1000.0, some["minutes"], strict=True)
        first = ", ".join(
            f"{zone.removeprefix('zone:')} – {node.removeprefix('road:')} ({km:,.1f} km, {minutes:g} min)"
            for zone, node, km, minutes in ends
        )
        most = f"{default('traffic.attach_most_m') / 1000:g}"
        found.notices.append(Notice("connectors_far", {"count": str(len(far)), "first": first, "most": most}))


def _tell_far_sites(road: RoadModel, sites: pd.DataFrame, found: Findings) -> None:
    """Tell by name which sites stand too far from the roads, and which stand beside roads that nobody can reach."""
    if len(sites) == 0:
        return
    x, y = sites["x"].to_numpy(float), sites["y"].to_numpy(float)
    node, metres = road.attach(x, y)
    any_node = np.asarray(cKDTree(road.network.nodes[["x", "y"]].to_numpy(float)).query(np.column_stack([x, y]))[1])
    elsewhere = (node >= 0) & (any_node != node)
    for key, some in (("sites_far", node < 0), ("sites_beside_stub", elsewhere)):
        names = sites.index[some]
        if len(names):
            first = ", ".join(f"{n} ({m / 1000:,.1f} km)" for n, m in zip(names[:5], metres[some][:5], strict=True))
            most = f"{default('traffic.attach_most_m') / 1000:g}"
            found.notices.append(Notice(key, {"count": str(len(names)), "first": first, "most": most}))


LAYER = Layer(
    name="road",
    tables={"road_nodes": "road", "road_links": "road"},
    more=("connectors", "purposes", "trips"),
    picks={"road": "road_links"},
    same_ids=(("road_nodes", "road_links"),),
    kept=("road_nodes", "road_links"),
    components=_components,
    check_rows=_check_rows,
    check=_check,
)
