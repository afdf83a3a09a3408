"""A synthetic power network: nobody's records, but sited and sized by a rule that anyone can run again."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import igraph
import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from build_terrain import Terrain
    from numpy.typing import NDArray

SUBSTATIONS = 20
FEEDERS = 3
KW_PER_PERSON, KW_PER_JOB = 0.35, 0.5
SPARE = 1.25
"""A cluster may carry this times its even share of the load."""

MARGIN = 1.1
"""Lines carry this times the worst flow after the loss of any one line or source."""

FEEDER_MARGIN = 1.5
TIE_SHARE = 0.6
"""Share of a feeder's load that its tie to a second substation carries."""

HOSPITAL_PRIORITY = 2
SOURCES = {
    "GSP1": ("Grid supply point north (synthetic)", 485400.0, 6681100.0),
    "GSP2": ("Grid supply point east (synthetic)", 486200.0, 6673300.0),
    "GSP3": ("Grid supply point south (synthetic)", 478300.0, 6669100.0),
}


@dataclass
class Power:
    """Two tables of the case, and the feeder of each hexagon (index = zone)."""

    nodes: pd.DataFrame
    links: pd.DataFrame
    feeder: pd.Series


def power(zones: pd.DataFrame, facilities: pd.DataFrame, terrain: Terrain, seed: int) -> Power:
    """Return sources, substations, feeders and the lines between them."""
    served = zones[(zones["kind"] == "zone") & (zones["people"] + zones["jobs"] > 0)].reset_index(drop=True)
    load = (KW_PER_PERSON * served["people"] + KW_PER_JOB * served["jobs"]).to_numpy()
    xy = served[["x", "y"]].to_numpy()
    land = ~terrain.in_lake(served["x"], served["y"])
    rng = np.random.default_rng([seed, 20])
    cluster, site = k_median(xy, load, land, SUBSTATIONS, rng)
    rows, names = [], np.empty(len(served), dtype=object)
    for number in range(SUBSTATIONS):
        members = np.flatnonzero(cluster == number)
        part, place = k_median(xy[members], load[members], land[members], FEEDERS, rng)
        rows.append(_node(f"SE{number + 1:02d}", "substation", xy[site[number]]))
        for k in range(FEEDERS):
            own = members[part == k]
            names[own] = f"F{number + 1:02d}-{k + 1}"
            rows.append(_node(f"F{number + 1:02d}-{k + 1}", "feeder", xy[members[place[k]]], load[own].sum()))
    feeder = pd.Series(names, index=served["id"])
    sources = [_node(name, "source", np.array(place[1:]), title=place[0]) for name, place in SOURCES.items()]
    nodes = pd.DataFrame(sources + rows).set_index("id", drop=False)
    hospitals = facilities.loc[facilities["kind"] == "hospital", "zone"].map(feeder).dropna()
    nodes["priority"] = nodes["kind"].eq("feeder").astype(int)
    nodes.loc[hospitals.unique(), "priority"] = HOSPITAL_PRIORITY
    nodes["capacity_kw"] = np.where(nodes["kind"] == "source", _up(0.6 * nodes["load_kw"].sum()), np.nan)
    nodes["capacity_kw"] = nodes["capacity_kw"].astype("Int64")
    nodes["synthetic"] = 1
    order = ["id", "kind", "name", "x", "y", "capacity_kw", "load_kw", "priority", "synthetic"]
    table = nodes[order].reset_index(drop=True).sort_values(["kind", "id"], ascending=[False, True])
    return Power(table, _lines(nodes), feeder)


def k_median(
    xy: NDArray[np.float64],
    load: NDArray[np.float64],
    allowed: NDArray[np.bool_],
    count: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the cluster of each point and the point that is the weighted median of each cluster.

    Centres start far apart and at heavy points, points go to the nearest centre with room (those with most to
    lose first), each centre moves to the allowed member from which the load is nearest, until nothing moves.
    """
    distance = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    centres = _first_centres(distance, load, allowed, count, rng)
    cluster = np.zeros(len(xy), dtype=np.int64)
    for _ in range(100):
        cluster = _assign(distance[:, centres], load)
        members = [np.flatnonzero(cluster == k) for k in range(count)]
        moved = np.array([_median(distance, load, allowed, own) for own in members])
        if np.array_equal(moved, centres):
            break
        centres = moved
    return cluster, centres


def _first_centres(
    distance: NDArray[np.float64],
    load: NDArray[np.float64],
    allowed: NDArray[np.bool_],
    count: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    weight = load * allowed
    centres = [int(rng.choice(len(load), p=weight / weight.sum()))]
    while len(centres) < count:
        chance = weight * distance[:, centres].min(axis=1) ** 2
        centres.append(int(rng.choice(len(load), p=chance / chance.sum())))
    return np.array(centres)


def _assign(distance: NDArray[np.float64], load: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the nearest centre with room for each point; the last resort is the emptiest centre."""
    room = np.full(distance.shape[1], SPARE * load.sum() / distance.shape[1])
    two = np.partition(distance, 1, axis=1)
    cluster = np.zeros(len(load), dtype=np.int64)
    for point in np.argsort(-(two[:, 1] - two[:, 0]) * load, kind="stable"):
        fits = room >= load[point]
        best = np.argmin(np.where(fits, distance[point], np.inf)) if fits.any() else np.argmax(room)
        cluster[point] = best
        room[best] -= load[point]
    return cluster


def _median(
    distance: NDArray[np.float64],
    load: NDArray[np.float64],
    allowed: NDArray[np.bool_],
    members: NDArray[np.int64],
) -> int:
    sites = members[allowed[members]]
    cost = load[members] @ distance[np.ix_(members, sites)]
    return int(sites[np.argmin(cost)])


def _node(name: str, kind: str, place: NDArray[np.float64], load: float = 0.0, title: str = "") -> dict[str, object]:
    x, y = (round(float(value), 1) for value in place)
    return {"id": name, "kind": kind, "name": title or name, "x": x, "y": y, "load_kw": round(load, 1)}


def _lines(nodes: pd.DataFrame) -> pd.DataFrame:
    """Return the meshed lines between sources and substations, then each feeder's line and tie."""
    grid = nodes[nodes["kind"] != "feeder"]
    pairs = _mesh(grid)
    burden = nodes["load_kw"].groupby(nodes["id"].str[1:3]).sum()
    demand = np.array([burden.get(name[2:], 0.0) if name.startswith("SE") else 0.0 for name in grid.index])
    capacity = MARGIN * _worst_flow(grid, pairs, demand)
    rows = [
        (f"T{number:02d}", grid.index[a], grid.index[b], _up(kw))
        for number, ((a, b), kw) in enumerate(zip(pairs, capacity, strict=True), 1)
    ]
    stations = nodes[nodes["kind"] == "substation"]
    for name, feeder in nodes[nodes["kind"] == "feeder"].iterrows():
        home = f"SE{str(name)[1:3]}"
        rows.append((f"D{str(name)[1:]}", home, name, _up(FEEDER_MARGIN * feeder["load_kw"])))
    for home in stations.index:
        feeders = nodes[(nodes["kind"] == "feeder") & nodes["id"].str.startswith(f"F{home[2:]}")]
        others = stations.drop(home)
        away = np.hypot(
            feeders["x"].to_numpy()[:, None] - others["x"].to_numpy(),
            feeders["y"].to_numpy()[:, None] - others["y"].to_numpy(),
        )
        outer, other = np.unravel_index(int(np.argmin(away)), away.shape)
        tie = feeders.iloc[outer]
        rows.append((f"X{tie['id'][1:]}", others.index[other], tie["id"], _up(TIE_SHARE * tie["load_kw"])))
    return pd.DataFrame(rows, columns=["id", "from_node", "to_node", "capacity_kw"]).assign(synthetic=1)


def _mesh(grid: pd.DataFrame) -> list[tuple[int, int]]:
    """Return the shortest tree over all sites, and the shortest lines that give each site two ways."""
    xy = grid[["x", "y"]].to_numpy()
    pairs = list(combinations(range(len(xy)), 2))
    length = {pair: float(np.hypot(*(xy[pair[0]] - xy[pair[1]]))) for pair in pairs}
    full = igraph.Graph(len(xy), pairs)
    tree = full.spanning_tree(weights=[length[pair] for pair in pairs])
    chosen = {(min(edge.tuple), max(edge.tuple)) for edge in tree.es}
    while bridges := igraph.Graph(len(xy), sorted(chosen)).bridges():
        cut = igraph.Graph(len(xy), sorted(chosen))
        cut.delete_edges(bridges[0])
        side = cut.connected_components().membership
        across = [pair for pair in pairs if pair not in chosen and side[pair[0]] != side[pair[1]]]
        chosen.add(min(across, key=length.__getitem__))
    return sorted(chosen)


def _worst_flow(grid: pd.DataFrame, pairs: list[tuple[int, int]], demand: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the largest DC flow of each line, intact and after the loss of any one line or source, in kW."""
    xy = grid[["x", "y"]].to_numpy()
    ends = np.array(pairs)
    give = 1.0 / np.maximum(np.hypot(*(xy[ends[:, 0]] - xy[ends[:, 1]]).T), 100.0)
    sources = np.flatnonzero(grid["kind"] == "source")
    cases = [(give, sources)]
    cases += [(np.where(np.arange(len(pairs)) == lost, 0.0, give), sources) for lost in range(len(pairs))]
    cases += [(give, np.setdiff1d(sources, [lost])) for lost in sources]
    worst: NDArray[np.float64] = np.max([np.abs(_dc_flow(ends, *case, demand)) for case in cases], axis=0)
    return worst


def _dc_flow(
    ends: NDArray[np.int64],
    give: NDArray[np.float64],
    sources: NDArray[np.int64],
    demand: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the DC flow of each line with every live source held at angle 0."""
    size = len(demand)
    matrix = np.zeros((size, size))
    for (a, b), value in zip(ends, give, strict=True):
        matrix[[a, b, a, b], [a, b, b, a]] += np.array([value, value, -value, -value])
    free = np.setdiff1d(np.arange(size), sources)
    angle = np.zeros(size)
    angle[free] = np.linalg.solve(matrix[np.ix_(free, free)], -demand[free])
    flow: NDArray[np.float64] = give * (angle[ends[:, 0]] - angle[ends[:, 1]])
    return flow


def _up(kilowatt: float) -> int:
    """Return the next whole megawatt above, in kW."""
    return int(np.ceil(kilowatt / 1000.0)) * 1000
