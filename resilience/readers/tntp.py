"""Read a folder in the TNTP format (Transportation Networks for Research): a network and a trip table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resilience.assignment.graph import Demand, Pairs, RoadGraph
from resilience.errors import CaseError, InputError, Problem
from resilience.text import say

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_META = re.compile(r"<([^>]+)>\s*(.*)")
_CELL = re.compile(r"([^:;\s]+)\s*:\s*([^;\s]+)")
_COLUMNS = ("init_node", "term_node", "capacity", "length", "free_flow_time", "b", "power", "speed", "toll")


@dataclass(frozen=True)
class Tntp:
    """A network and its demand, nodes numbered from 0.

    `intrazonal` is the demand within zones, which is not assigned; `xy` the coordinates of the nodes, shape (nodes, 2),
    where the folder has a *_node.tntp.
    """

    name: str
    graph: RoadGraph
    demand: Demand
    intrazonal: float
    zones: int
    xy: NDArray[np.float64] | None


def read_tntp(folder: Path, *, toll_weight: float = 0.0, distance_weight: float = 0.0) -> Tntp:
    """Return the network *_net.tntp and the demand *_trips.tntp of a folder.

    Link cost is time + toll_weight x toll + distance_weight x length. Nodes below <FIRST THRU NODE> are zones that
    no path may pass through.

    Raises
    ------
    InputError
        The folder does not hold exactly one network and one trip table.
    CaseError
        Lines that cannot be read or values that are not possible, all of them.

    """
    net, trips = _only(folder, "*_net.tntp"), _only(folder, "*_trips.tntp")
    problems: list[Problem] = []
    meta, rows, lines = _read_net(net, problems)
    if problems:
        raise CaseError(problems)
    nodes, zones = int(meta["NUMBER OF NODES"]), int(meta["NUMBER OF ZONES"])
    table = np.array(rows, float)
    for column, low, strict in ((2, 0.0, True), (4, 0.0, False), (5, 0.0, False), (6, 0.0, False)):
        bad = np.flatnonzero(table[:, column] <= low if strict else table[:, column] < low)
        sign = ">" if strict else ">="
        problems += [
            Problem("too_small", net.name, lines[i], _COLUMNS[column], f"{table[i, column]:g}", f"{sign} {low:g}")
            for i in bad[:20]
        ]
    ends = table[:, :2].astype(np.int64) - 1
    for i in np.flatnonzero((ends < 0).any(axis=1) | (ends >= nodes).any(axis=1))[:20]:
        problems.append(Problem("tntp_no_node", net.name, lines[i], found=str(ends[i] + 1), expected=str(nodes)))
    if "NUMBER OF LINKS" in meta and int(meta["NUMBER OF LINKS"]) != len(table):
        problems.append(Problem("tntp_count", net.name, found=str(len(table)), expected=meta["NUMBER OF LINKS"]))
    origin, destination, demand = _read_trips(trips, zones, problems)
    xy = _read_nodes(folder, nodes, problems)
    if problems:
        raise CaseError(problems)
    barred = np.arange(nodes) < int(meta.get("FIRST THRU NODE", "1")) - 1
    graph = RoadGraph(
        nodes=nodes, tail=ends[:, 0].copy(), head=ends[:, 1].copy(), free_flow_min=table[:, 4].copy(),
        capacity_vph=table[:, 2].copy(), b=table[:, 5].copy(), power=table[:, 6].copy(),
        fixed_min=toll_weight * table[:, 8] + distance_weight * table[:, 3], barred=barred,
        length_km=table[:, 3].copy(),
        node_id=pd.RangeIndex(1, nodes + 1, name="node"), link_id=pd.RangeIndex(1, len(table) + 1, name="link"),
    )  # fmt: skip
    outside = origin != destination
    if not outside.any():
        raise InputError(say("error.no_demand"))
    order = np.argsort(origin[outside], kind="stable")
    pairs = Pairs(origin[outside][order], destination[outside][order])
    inside = float(demand[~outside].sum())
    name = net.name.removesuffix("_net.tntp")
    return Tntp(name, graph, Demand(pairs, demand[outside][order]), inside, zones, xy)


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern)) if folder.is_dir() else []
    if len(found) != 1:
        names = ", ".join(f.name for f in found) or "-"
        raise InputError(say("error.tntp_folder", folder=folder, pattern=pattern, found=names))
    return found[0]


def _read_net(path: Path, problems: list[Problem]) -> tuple[dict[str, str], list[list[float]], list[int]]:
    meta: dict[str, str] = {}
    rows: list[list[float]] = []
    lines: list[int] = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if match := _META.match(line.strip()):
            meta[match[1].strip().upper()] = match[2].strip()
            continue
        words = line.split("~", 1)[0].split(";", 1)[0].split()
        if not words:
            continue
        try:
            values = [float(word) for word in words[:9]]
        except ValueError:
            problems.append(Problem("tntp_line", path.name, number, found=line.strip()[:80]))
            continue
        if len(values) < 7 or not np.isfinite(values).all():
            problems.append(Problem("tntp_line", path.name, number, found=line.strip()[:80]))
            continue
        rows.append(values + [0.0] * (9 - len(values)))
        lines.append(number)
    wrong = [key for key in ("NUMBER OF NODES", "NUMBER OF ZONES") if not meta.get(key, "").isdigit()]
    optional = ("FIRST THRU NODE", "NUMBER OF LINKS")
    wrong += [key for key in optional if key in meta and not meta[key].isdigit()]
    if not wrong and int(meta["NUMBER OF ZONES"]) > int(meta["NUMBER OF NODES"]):
        wrong.append("NUMBER OF ZONES")
    problems += [Problem("tntp_meta", path.name, column=f"<{key}>", found=meta.get(key, "")) for key in wrong]
    if not rows:
        problems.append(Problem("tntp_empty", path.name))
    return meta, rows, lines


def _read_nodes(folder: Path, nodes: int, problems: list[Problem]) -> NDArray[np.float64] | None:
    files = sorted(folder.glob("*_node.tntp"))
    if not files:
        return None
    xy = np.full((nodes, 2), np.nan)
    for number, line in enumerate(files[0].read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        words = line.split("~", 1)[0].split(";", 1)[0].split()
        if not words or words[0].lower() == "node" or words[0].startswith("<"):
            continue
        try:
            node, x, y = int(words[0]), float(words[1]), float(words[2])
        except (ValueError, IndexError):
            problems.append(Problem("tntp_line", files[0].name, number, found=line.strip()[:80]))
            continue
        if not 1 <= node <= nodes:
            problems.append(Problem("tntp_no_node", files[0].name, number, found=str(node), expected=str(nodes)))
        else:
            xy[node - 1] = x, y
    missing = np.flatnonzero(~np.isfinite(xy).all(axis=1))
    if len(missing) and not problems:
        problems.append(Problem("tntp_node_lacks", files[0].name, found=str(missing[0] + 1)))
    return xy


def _read_trips(
    path: Path, zones: int, problems: list[Problem]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    current = -1
    origin: list[int] = []
    destination: list[int] = []
    demand: list[float] = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        text = line.split("~", 1)[0].strip()
        if not text or text.startswith("<"):
            continue
        try:
            if text.lower().startswith("origin"):
                current = int(text.split()[1])
                if not 1 <= current <= zones:
                    problems.append(Problem("tntp_no_zone", path.name, number, found=str(current), expected=str(zones)))
                continue
            cells = [(int(d), float(q)) for d, q in _CELL.findall(text)]
            if _CELL.sub("", text).replace(";", "").strip():
                raise ValueError(text)
        except (ValueError, IndexError):
            problems.append(Problem("tntp_line", path.name, number, found=text[:80]))
            continue
        if not cells or current < 0:
            problems.append(Problem("tntp_line", path.name, number, found=text[:80]))
        for other, trips in cells:
            if not 1 <= other <= zones:
                problems.append(Problem("tntp_no_zone", path.name, number, found=str(other), expected=str(zones)))
            elif not np.isfinite(trips) or trips < 0:
                problems.append(Problem("too_small", path.name, number, "trips", f"{trips:g}", ">= 0"))
            elif trips > 0:
                origin.append(current - 1)
                destination.append(other - 1)
                demand.append(trips)
    return np.array(origin, np.int64), np.array(destination, np.int64), np.array(demand, float)
