"""Read a folder in the TNTP format (Transportation Networks for Research): a network and a trip table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resilience.base.errors import CaseError, InputError, Problem, near
from resilience.base.text import say
from resilience.traffic.demand import Demand, Pairs
from resilience.traffic.graph import RoadGraph

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_META = re.compile(r"<([^>]+)>\s*(.*)")
_CELL = re.compile(r"([^:;\s]+)\s*:\s*([^;\s]+)")
_COLUMNS = ("init_node", "term_node", "capacity", "length", "free_flow_time", "b", "power", "speed", "toll")
_LEAST = {"length": 0.0, "free_flow_time": 0.0, "b": 0.0, "power": 0.0, "toll": 0.0}
_KM = {"km": 1.0, "mi": 1.609344, "m": 0.001, "ft": 0.0003048}
MOST_NODES = 50_000_000
LEAST_CAPACITY = 1e-6  # vehicles/h; below it is a slip, and v/c no longer a number to calculate with
OFF = 0.01  # share by which the demand may differ from <TOTAL OD FLOW>


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


def read_tntp(
    folder: Path, *, toll_weight: float = 0.0, distance_weight: float = 0.0, length_unit: str | None = None
) -> Tntp:
    """Return the network *_net.tntp and the demand *_trips.tntp of a folder.

    Link cost is time + toll_weight x toll + distance_weight x length, toll and length as the file has them. Free-flow
    time is taken as minutes. Nodes below <FIRST THRU NODE> are zones that no path may pass through.

    Parameters
    ----------
    folder : with exactly one network and one trip table
    toll_weight, distance_weight : minutes per unit of toll and of length
    length_unit : km, mi, m or ft, which the format does not say; None: unknown, and the graph has no `length_km`

    Raises
    ------
    InputError
        The folder does not hold exactly one network and one trip table, or a weight or the unit is not possible.
    CaseError
        Lines that cannot be read or values that are not possible, all of them.

    """
    for name, weight in (("toll_weight", toll_weight), ("distance_weight", distance_weight)):
        if not (np.isfinite(weight) and weight >= 0):
            raise InputError(say("error.negative", name=name, found=weight))
    if length_unit is not None and length_unit not in _KM:
        raise InputError(say("error.unknown_unit", found=length_unit, expected=near(length_unit, _KM)))
    net, trips = _only(folder, "*_net.tntp"), _only(folder, "*_trips.tntp")
    problems: list[Problem] = []
    meta, rows, lines = _read_net(net, problems)
    if problems:
        raise CaseError(problems)
    nodes, zones = meta["NUMBER OF NODES"], meta["NUMBER OF ZONES"]
    table = np.array(rows, float)
    _check_links(net, table, lines, nodes, problems)
    if meta.get("NUMBER OF LINKS", len(table)) != len(table):
        problems.append(Problem("tntp_count", net.name, found=str(len(table)), expected=str(meta["NUMBER OF LINKS"])))
    origin, destination, demand = _read_trips(trips, zones, problems)
    xy = _read_nodes(folder, nodes, problems)
    if problems:
        raise CaseError(problems)
    ends = table[:, :2].astype(np.int64) - 1
    barred = np.arange(nodes) < meta.get("FIRST THRU NODE", 1) - 1
    with np.errstate(over="ignore"):
        fixed = toll_weight * table[:, 8] + distance_weight * table[:, 3]
    graph = RoadGraph(
        nodes=nodes, tail=ends[:, 0].copy(), head=ends[:, 1].copy(), free_flow_min=table[:, 4].copy(),
        capacity_vph=table[:, 2].copy(), b=table[:, 5].copy(), power=table[:, 6].copy(),
        fixed_min=fixed, barred=barred,
        length_km=None if length_unit is None else table[:, 3] * _KM[length_unit],
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


def _text(path: Path) -> list[str]:
    """Return the lines of a file; a byte order mark, as some editors write, is no part of them."""
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError as error:
        raise InputError(say("error.bad_table", path=path, reason=error.strerror or error)) from error


def _bare(line: str) -> str:
    """Return a line without its comment."""
    return line.split("~", 1)[0].strip()


def _plain(text: str) -> bool:
    """Return whether the numbers of a line are written as numbers in files are, not in signs only Python knows."""
    return text.isascii() and "_" not in text


def _whole(text: str) -> int | None:
    """Return a count, None where it is none."""
    return int(text) if re.fullmatch(r"[0-9]{1,15}", text) else None


def _read_net(path: Path, problems: list[Problem]) -> tuple[dict[str, int], list[list[float]], list[int]]:
    said: dict[str, str] = {}
    rows: list[list[float]] = []
    lines: list[int] = []
    for number, line in enumerate(_text(path), 1):
        text = _bare(line)
        if match := _META.match(text):
            said[match[1].strip().upper()] = match[2].strip()
            continue
        text = text.split(";", 1)[0]
        words = text.split()
        if not words:
            continue
        try:
            values = [float(word) for word in words[:9]]
        except ValueError:
            values = []
        if len(values) < 7 or not _plain(text) or not np.isfinite(values).all():
            problems.append(Problem("tntp_line", path.name, number, found=line.strip()[:80]))
            continue
        rows.append(values + [0.0] * (9 - len(values)))
        lines.append(number)
    needed = ("NUMBER OF NODES", "NUMBER OF ZONES")
    optional = tuple(key for key in ("FIRST THRU NODE", "NUMBER OF LINKS") if key in said)
    found = {key: _whole(said.get(key, "")) for key in (*needed, *optional)}
    meta = {key: value for key, value in found.items() if value is not None}
    wrong = [key for key in found if key not in meta]
    if not wrong and meta["NUMBER OF ZONES"] > meta["NUMBER OF NODES"]:
        wrong.append("NUMBER OF ZONES")
    problems += [Problem("tntp_meta", path.name, column=f"<{key}>", found=said.get(key, "")) for key in wrong]
    if meta.get("NUMBER OF NODES", 0) > MOST_NODES:
        problems.append(
            Problem("tntp_many", path.name, column="<NUMBER OF NODES>", found=said["NUMBER OF NODES"],
                    expected=str(MOST_NODES))
        )  # fmt: skip
    if not rows:
        problems.append(Problem("tntp_empty", path.name))
    return meta, rows, lines


def _check_links(path: Path, table: NDArray[np.float64], lines: list[int], nodes: int, problems: list[Problem]) -> None:
    """Add what is not possible in the links, at most 20 problems of a kind."""

    def add(key: str, bad: NDArray[np.bool_], at: int, expected: str) -> None:
        for i in np.flatnonzero(bad)[:20]:
            found = f"{table[i, at]:.12g}"
            problems.append(Problem(key, path.name, lines[i], _COLUMNS[at], found, expected))

    capacity, minutes, b, power = (table[:, _COLUMNS.index(c)] for c in ("capacity", "free_flow_time", "b", "power"))
    add("too_small", capacity <= 0.0, 2, "> 0")
    add("too_small", (capacity > 0.0) & (capacity < LEAST_CAPACITY), 2, f">= {LEAST_CAPACITY:g}")
    for column, least in _LEAST.items():
        at = _COLUMNS.index(column)
        add("too_small", table[:, at] < least, at, f">= {least:g}")
    with np.errstate(all="ignore"):
        raised, grows = capacity**power, minutes * b
        scale = grows / raised
    sound = (capacity >= LEAST_CAPACITY) & (minutes >= 0.0) & (b >= 0.0) & (power >= 0.0)
    add("tntp_power", sound & (grows > 0.0) & ~(np.isfinite(raised) & np.isfinite(scale)), 6, "")
    ends = table[:, :2]
    for at in (0, 1):
        add("tntp_whole", ends[:, at] != np.floor(ends[:, at]), at, "")
    outside = ((ends < 1) | (ends > nodes)).any(axis=1) & (ends == np.floor(ends)).all(axis=1)
    for i in np.flatnonzero(outside)[:20]:
        link = f"{ends[i, 0]:.12g} → {ends[i, 1]:.12g}"
        problems.append(Problem("tntp_no_node", path.name, lines[i], found=link, expected=str(nodes)))


def _read_nodes(folder: Path, nodes: int, problems: list[Problem]) -> NDArray[np.float64] | None:
    files = sorted(folder.glob("*_node.tntp"))
    if not files:
        return None
    xy = np.full((nodes, 2), np.nan)
    for number, line in enumerate(_text(files[0]), 1):
        text = _bare(line).split(";", 1)[0]
        words = text.split()
        if not words or words[0].lower() == "node" or words[0].startswith("<"):
            continue
        try:
            node, x, y = int(words[0]), float(words[1]), float(words[2])
            if not _plain(text):
                raise ValueError(text)
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
    before = len(problems)
    said: dict[str, str] = {}
    origin: list[int] = []
    destination: list[int] = []
    demand: list[float] = []
    for number, line in enumerate(_text(path), 1):
        text = _bare(line)
        if not text:
            continue
        if match := _META.match(text):
            said[match[1].strip().upper()] = match[2].strip()
            continue
        try:
            if not _plain(text):
                raise ValueError(text)
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
    total = np.array(demand, float)
    problems += _against_head(path, said, zones, float(total.sum()) if len(problems) == before else None)
    return np.array(origin, np.int64), np.array(destination, np.int64), total


def _against_head(path: Path, said: dict[str, str], zones: int, trips: float | None) -> list[Problem]:
    """Return where a trip table differs from its own head or from the network: it may be cut off."""
    found = []
    if "NUMBER OF ZONES" in said and _whole(said["NUMBER OF ZONES"]) != zones:
        found.append(
            Problem("tntp_zones", path.name, column="<NUMBER OF ZONES>", found=said["NUMBER OF ZONES"],
                    expected=str(zones))
        )  # fmt: skip
    if "TOTAL OD FLOW" in said:
        text = said["TOTAL OD FLOW"]
        try:
            declared = float(text) if _plain(text) else np.nan
        except ValueError:
            declared = np.nan
        if not (np.isfinite(declared) and declared >= 0.0):
            found.append(Problem("tntp_meta", path.name, column="<TOTAL OD FLOW>", found=text))
        elif trips is not None and abs(trips - declared) > OFF * declared:
            found.append(
                Problem("tntp_total", path.name, column="<TOTAL OD FLOW>", found=f"{trips:.10g}",
                        expected=f"{declared:.10g}")
            )  # fmt: skip
    return found
