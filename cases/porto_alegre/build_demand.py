"""Model the cars of one morning peak: none of it was counted. README.md lists every assumption."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from build_common import largest_remainder, systematic
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

if TYPE_CHECKING:
    from build_roads import Roads
    from numpy.typing import NDArray

TRIPS = {"work": 39_000, "school": 9_000, "health": 2_500, "goods": 4_600, "through": 7_500}
BETA = {"work": 0.06, "school": 0.20, "health": 0.10, "goods": 0.06, "through": 0.03}
"""Deterrence per minute of driving."""

HOSPITAL_WEIGHT = 5.0
"""A hospital draws as many visits as this many health units."""

GATEWAY_GOODS = 0.5
"""Share of the goods trips that come from outside."""

GATEWAY_TO_GATEWAY = 0.3
"""Share of the through trips that also leave the map; the others end at jobs."""

# purpose: persons a trip maker stands for, weekday, weekend, telework, priority; None = jobs over work trips
PURPOSES: dict[str, tuple[float | None, float, float, float, float]] = {
    "work": (None, 1.0, 0.25, 0.2, 1.0),
    "school": (12.0, 1.0, 0.0, 0.3, 1.0),
    "health": (4.0, 1.0, 0.3, 0.0, 3.0),
    "goods": (1.0, 1.0, 0.3, 0.0, 1.0),
    "through": (1.4, 1.0, 0.7, 0.0, 0.5),
}


def minutes_between(zones: pd.DataFrame, connectors: pd.DataFrame, roads: Roads) -> NDArray[np.float64]:
    """Return the minutes of the quickest drive on empty roads, shape (zones, zones); inf without one."""
    count, nodes = len(zones), len(roads.nodes)
    node = pd.Series(np.arange(nodes), index=roads.nodes.index)
    zone = pd.Series(np.arange(count), index=zones["id"])
    links = roads.links
    hang_zone, hang_node = zone[connectors["zone"]].to_numpy(), node[connectors["node"]].to_numpy()
    hang = np.maximum(connectors["minutes"].to_numpy(), 1e-6)
    rows = np.concatenate([node[links["from_node"]], nodes + hang_zone, hang_node])
    columns = np.concatenate([node[links["to_node"]], hang_node, nodes + count + hang_zone])
    drive = links["length_m"].to_numpy() / links["speed_kmh"].to_numpy() * 0.06
    table = pd.DataFrame({"row": rows, "column": columns, "minutes": np.concatenate([drive, hang, hang])})
    table = table.groupby(["row", "column"], as_index=False)["minutes"].min()
    size = nodes + 2 * count
    graph = coo_array((table["minutes"], (table["row"], table["column"])), shape=(size, size)).tocsr()
    minutes = dijkstra(graph, indices=np.arange(nodes, nodes + count))[:, nodes + count :]
    return np.asarray(minutes, dtype=float)


def furness(seed: NDArray[np.float64], rows: NDArray[np.float64], columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `seed` scaled to the given row and column totals; the last step fits the rows."""
    flows = seed.copy()
    for _ in range(200):
        flows *= np.divide(columns, flows.sum(axis=0), out=np.zeros_like(columns), where=columns > 0)
        gap = np.abs(flows.sum(axis=1) - rows).max()
        flows *= np.divide(rows, flows.sum(axis=1), out=np.zeros_like(rows), where=rows > 0)[:, None]
        if gap < 1e-6:
            break
    return np.asarray(flows, dtype=np.float64)


def trips(zones: pd.DataFrame, connectors: pd.DataFrame, roads: Roads, hospitals: pd.Series, seed: int) -> pd.DataFrame:
    """Return whole trips by origin, destination and purpose; `hospitals` counts them by zone."""
    minutes = minutes_between(zones, connectors, roads)
    reached = zones["id"].isin(connectors["zone"]).to_numpy(dtype=float)
    people = zones["people"].to_numpy(dtype=float) * reached
    jobs = zones["jobs"].to_numpy(dtype=float) * reached
    schools = zones["schools"].to_numpy(dtype=float) * reached
    care = zones["healthcare"] + HOSPITAL_WEIGHT * hospitals.reindex(zones["id"], fill_value=0).to_numpy()
    care = care.to_numpy(dtype=float) * reached
    gates = zones["weight"].to_numpy(dtype=float)
    senders = {
        "work": people,
        "school": people,
        "health": people,
        "goods": _mix(gates, jobs, GATEWAY_GOODS),
        "through": gates,
    }
    takers = {
        "work": jobs,
        "school": schools,
        "health": care,
        "goods": jobs,
        "through": _mix(gates, jobs, GATEWAY_TO_GATEWAY),
    }
    parts = [_purpose(p, (senders[p], takers[p]), minutes, zones["id"].to_numpy(), seed=seed) for p in TRIPS]
    return pd.concat(parts).sort_values(["origin", "destination", "purpose"], ignore_index=True)


def purposes(jobs: float) -> pd.DataFrame:
    """Return the table of purposes; the work trips together stand for all `jobs` within reach."""
    columns = ["persons_per_trip", "weekday_share", "weekend_share", "telework_share", "priority"]
    table = pd.DataFrame.from_dict(PURPOSES, orient="index", columns=columns)
    table["persons_per_trip"] = table["persons_per_trip"].fillna(round(jobs / TRIPS["work"], 4))
    table.insert(1, "vehicles_per_trip", 1)
    return table.reset_index(names="id")


def _mix(first: NDArray[np.float64], second: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Return weights of which `share` falls on `first`."""
    mixed: NDArray[np.float64] = share * first / first.sum() + (1.0 - share) * second / second.sum()
    return mixed


def _purpose(
    purpose: str,
    weights: tuple[NDArray[np.float64], NDArray[np.float64]],
    minutes: NDArray[np.float64],
    ids: NDArray[np.object_],
    *,
    seed: int,
) -> pd.DataFrame:
    """Return the trips of one purpose from the weights of the zones as origins and as destinations.

    Origins have whole totals, which are dealt to the destinations in the order of the map.

    Zones stand in the order of their H3 index: neighbours in the list are mostly neighbours on the map.
    """
    total, (senders, takers) = TRIPS[purpose], weights
    deterrence = np.where(np.isfinite(minutes), np.exp(-BETA[purpose] * np.minimum(minutes, 1e3)), 0.0)
    np.fill_diagonal(deterrence, 0.0)
    starts = largest_remainder(senders, total)
    ends = takers / takers.sum() * total
    flows = furness(deterrence * (starts > 0)[:, None] * (ends > 0), starts.astype(float), ends)
    draw = np.random.default_rng([seed, zlib.crc32(purpose.encode())]).random(len(starts))
    whole = np.array([systematic(row, start) for row, start in zip(flows, draw, strict=True)])
    origin, destination = np.nonzero(whole)
    if not np.array_equal(whole.sum(axis=1), starts):
        raise ValueError(f"{purpose}: trips were lost in rounding")
    return pd.DataFrame(
        {
            "origin": ids[origin],
            "destination": ids[destination],
            "purpose": purpose,
            "trips": whole[origin, destination],
        }
    )
