"""Read a folder in the TNTP format (Transportation Networks for Research): a network and a trip table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from resilience.base.errors import CaseError, InputError, Notice, Problem, near
from resilience.base.text import say
from resilience.readers.tntp_columns import COLUMNS, Layout, read_header, read_node_header
from resilience.readers.tntp_units import KM, Units, read_unit_row, read_units, vehicles_per_hour
from resilience.traffic.demand import Demand, Pairs, refuse_demand
from resilience.traffic.graph import RoadGraph

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

_META = re.compile(r"<([^>]+)>\s*(.*)")
_CELL = re.compile(r"([^:;\s]+)\s*:\s*([^;\s]+)")
_LEAST = {"length": 0.0, "free_flow_time": 0.0, "b": 0.0, "power": 0.0, "toll": 0.0}
_COMMA_CELL = re.compile(r":\s*([+-]?\d*,\d+)\s*(?:;|$)")
_COMMA = re.compile(r"[+-]?\d*,\d+")
_KM = {word: KM[word] for word in ("km", "mi", "m", "ft")}
MOST_NODES = 50_000_000
MOST_IDLE = 1000  # nodes a link; beyond, the number is a slip, and arrays of so many nodes are not worth their memory
LEAST_CAPACITY = 1e-6  # vehicles/h; below it is a slip, and v/c no longer a number to calculate with
LIKE = 0.02  # share by which times may differ from length over speed and still be taken for it
OFF = 0.01  # share by which the demand may differ from <TOTAL OD FLOW>


@dataclass(frozen=True)
class Tntp:
    """A network and its demand, nodes numbered from 0.

    `intrazonal` is the demand within zones, which is not assigned; `xy` the coordinates of the nodes, shape (nodes, 2),
    where the folder has a *_node.tntp; `notices` what a user should know of how the files were read. `crs` names the
    coordinate system, "" where it is not known; `courses` are those of links: LINESTRING or "x y, x y", "" if straight.
    """

    name: str
    graph: RoadGraph
    demand: Demand
    intrazonal: float
    zones: int
    xy: NDArray[np.float64] | None
    notices: tuple[Notice, ...] = ()
    crs: str = ""
    courses: tuple[str, ...] | None = None
    first_zone: int = 0

    @property
    def zone_names(self) -> pd.Index:
        """Names of the nodes that stand for zones: so many from the first one on."""
        return self.graph.names_of_nodes()[self.first_zone : self.first_zone + self.zones]


def is_tntp(folder: Path) -> bool:
    """Return whether a folder holds a network in TNTP format, *_net.tntp in any case of its letters."""
    return bool(_named(folder, "_net.tntp"))


def read_tntp(
    folder: Path | str,
    *,
    toll_weight: float = 0.0,
    distance_weight: float = 0.0,
    length_unit: str | None = None,
    trips: pd.DataFrame | None = None,
) -> Tntp:
    """Return the network *_net.tntp and the demand *_trips.tntp of a folder.

    Columns are those that a header (~ init_node term_node capacity ...) names, in any order; without one they stand as
    documented: init_node, term_node, capacity, length, free_flow_time, b, power, speed, toll, link_type. With a column
    of lanes, capacity is that of a lane. Link cost is time + toll_weight x toll + distance_weight x length, toll and
    length as the file has them, no toll where no column holds one. Free-flow time is minutes, or in the unit that the
    header or the metadata names. Capacity is vehicles per hour; another unit is refused. A link given twice is two
    parallel links. Nodes below <FIRST THRU NODE> are zones that no path may pass through.

    Parameters
    ----------
    folder : with exactly one network and one trip table
    toll_weight, distance_weight : minutes per unit of toll and of length
    length_unit : km, mi, m or ft; None: that of the header, and where it names none the graph has no `length_km`
    trips : origin, destination, vph, in place of the trip table of the folder, which is not looked at then

    Raises
    ------
    InputError
        The folder does not hold exactly one network and one trip table, or a weight or the unit is not possible.
    CaseError
        Lines that cannot be read or values that are not possible, all of them.

    """
    folder = Path(folder)
    for name, weight in (("toll_weight", toll_weight), ("distance_weight", distance_weight)):
        if not (np.isfinite(weight) and weight >= 0):
            raise InputError(say("error.negative", name=name, found=weight))
    if length_unit is not None and length_unit not in _KM:
        raise InputError(say("error.unknown_unit", found=length_unit, expected=near(length_unit, _KM)))
    net, file = _only(folder, "_net.tntp"), _only(folder, "_trips.tntp") if trips is None else None
    problems: list[Problem] = []
    notices: list[Notice] = []
    meta, layout, rows, lines = _read_net(net, problems)
    if problems:
        raise CaseError(problems)
    nodes, zones = meta["NUMBER OF NODES"], meta["NUMBER OF ZONES"]
    table = np.array(rows, float)
    _check_links(net, table, lines, nodes, problems)
    if meta.get("NUMBER OF LINKS", len(table)) != len(table):
        problems.append(Problem("tntp_count", net.name, found=str(len(table)), expected=str(meta["NUMBER OF LINKS"])))
    if file is not None:
        origin, destination, demand = _read_trips(file, zones, problems, notices)
    else:
        origin, destination, demand = _given_trips(trips, zones)
    xy = _read_nodes(folder, nodes, problems, notices)
    if problems:
        raise CaseError(problems)
    _tell_twice(net, table, lines, notices)
    length_km = _use_units(net, table, layout, length_unit, notices)
    ends = table[:, :2].astype(np.int64) - 1
    barred = np.arange(nodes) < meta.get("FIRST THRU NODE", 1) - 1
    with np.errstate(over="ignore"):
        fixed = toll_weight * table[:, 8] + distance_weight * table[:, 3]
    graph = RoadGraph(
        nodes=nodes, tail=ends[:, 0].copy(), head=ends[:, 1].copy(), free_flow_min=table[:, 4].copy(),
        capacity_vph=table[:, 2].copy(), b=table[:, 5].copy(), power=table[:, 6].copy(),
        fixed_min=fixed, barred=barred,
        length_km=length_km,
        node_id=range(1, nodes + 1), link_id=range(1, len(table) + 1),
    )  # fmt: skip
    outside = origin != destination
    if not outside.any():
        raise InputError(say("error.no_demand"))
    order = np.argsort(origin[outside], kind="stable")
    pairs = Pairs(origin[outside][order], destination[outside][order])
    inside = float(demand[~outside].sum())
    name = net.name[: -len("_net.tntp")]
    return Tntp(name, graph, Demand(pairs, demand[outside][order]), inside, zones, xy, tuple(notices))


def _named(folder: Path, end: str) -> list[Path]:
    """Return the files of a folder whose names end so, in any case of their letters."""
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return [file for file in files if file.name.lower().endswith(end)]


def _only(folder: Path, end: str) -> Path:
    found = _named(folder, end)
    if len(found) == 1:
        return found[0]
    message = say("error.tntp_folder", folder=folder, pattern=f"*{end}", found=", ".join(f.name for f in found) or "-")
    word = end.removesuffix(".tntp").strip("_")
    near_ones = [f.name for f in _named(folder, "") if word[:4] in f.name.lower() and f.is_file()]
    if not found and near_ones:
        message += " " + say("error.tntp_near", found=", ".join(near_ones), end=end)
    raise InputError(message)


def _text(path: Path) -> list[str]:
    """Return the lines of a file; a byte order mark, as some editors write, is no part of them."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:  # lines as editors count them
            return [line.rstrip("\n") for line in file]
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


def _read_net(path: Path, problems: list[Problem]) -> tuple[dict[str, int], Layout, list[list[float]], list[int]]:
    """Return metadata, layout, the values of COLUMNS link by link and their lines."""
    said: dict[str, str] = {}
    rows: list[list[float]] = []
    lines: list[int] = []
    header: Layout | None = None
    spare: Layout | None = None  # that of the file as it once was, which the metadata keeps
    units = Units()
    for number, line in enumerate(_text(path), 1):
        text = _bare(line)
        if match := _META.match(text):
            key, value = match[1].strip().upper(), match[2].strip()
            said[key] = value
            if "HEADER" in key:
                spare = read_header(line.split(">", 1)[1], number)
            else:
                units = units.with_units(read_units(key, value, number))
            continue
        if not rows and (line.strip().startswith("~") or text[:1].isalpha()):
            if (named := read_header(line, number)) is not None:
                header = named
                rest = line.strip().lstrip("~").partition("~")[2]
                units = units.with_units(read_units("", rest, number))
                continue
            if line.strip().startswith("~"):
                units = units.with_units(read_unit_row(line, number) or read_units("", line, number))
        elif line.strip().startswith("~") and (again := read_header(line, number)) is not None:
            layout = header or spare or Layout()
            if [c for c in again.columns if c] != [c for c in layout.columns if c]:
                problems.append(Problem("tntp_header_again", path.name, number, expected=str(layout.line or 1)))
            continue
        text = text.split(";", 1)[0]
        words = text.split()
        if not words:
            continue
        layout = header or spare or Layout()
        if layout.faults():
            break
        values = _row(path, number, words, layout, problems)
        if values is not None:
            rows.append(values)
            lines.append(number)
    layout = header or spare or Layout()
    layout = layout.with_units(spare or Layout()).with_units(units)
    if faults := layout.faults():
        problems.append(Problem("tntp_header", path.name, layout.line, found=", ".join(faults)))
    elif layout.capacity is not None and layout.capacity.worth != 1.0:
        unit = layout.capacity
        problems.append(Problem("tntp_capacity", path.name, unit.line, "capacity", unit.text))
    elif not rows and not any(p.file == path.name for p in problems):
        problems.append(Problem("tntp_empty", path.name))
    needed = ("NUMBER OF NODES", "NUMBER OF ZONES")
    optional = tuple(key for key in ("FIRST THRU NODE", "NUMBER OF LINKS") if key in said)
    found = {key: _whole(said.get(key, "")) for key in (*needed, *optional)}
    meta = {key: value for key, value in found.items() if value is not None}
    wrong = [key for key in found if key not in meta]
    if not wrong and meta["NUMBER OF ZONES"] > meta["NUMBER OF NODES"]:
        wrong.append("NUMBER OF ZONES")
    problems += [Problem("tntp_meta", path.name, column=f"<{key}>", found=said.get(key, "")) for key in wrong]
    most = min(MOST_NODES, MOST_IDLE * max(len(rows), 1))
    if meta.get("NUMBER OF NODES", 0) > most and not any(p.file == path.name for p in problems):
        problems.append(
            Problem("tntp_many", path.name, column="<NUMBER OF NODES>", found=said["NUMBER OF NODES"],
                    expected=str(most))
        )  # fmt: skip
    return meta, layout, rows, lines


def _row(path: Path, number: int, words: list[str], layout: Layout, problems: list[Problem]) -> list[float] | None:
    """Return the values of COLUMNS of one link, capacity that of all its lanes; None where it cannot be read."""
    line = " ".join(words)
    named = {name: at for at, name in enumerate(layout.columns) if name in COLUMNS or name == "lanes"}
    if len(words) > len(layout.columns) or (len(words) < len(layout.columns) and not layout.sure):
        expected = ", ".join(str(c or "?") for c in layout.columns)
        problems.append(Problem("tntp_layout", path.name, number, found=str(len(words)), expected=expected))
        return None
    found = {name: words[at] for name, at in named.items() if name is not None and at < len(words)}
    values = {name: _number(word) for name, word in found.items()}
    short = {*COLUMNS[:7], "lanes"} & {str(name) for name in named} - set(found)
    if short or not _plain(line) or any(value is None for value in values.values()):
        commas = [name for name, word in found.items() if values[name] is None and _COMMA.fullmatch(word)]
        key, at, what = ("decimal_comma", commas[0], found[commas[0]]) if commas else ("tntp_line", None, line[:80])
        problems.append(Problem(key, path.name, number, at, what))
        return None
    row = {name: value for name, value in values.items() if value is not None}
    if endless := [name for name, value in row.items() if not np.isfinite(value)]:
        problems += [Problem("not_finite", path.name, number, name, found[name]) for name in endless]
        return None
    if "lanes" in row:
        if row["lanes"] <= 0:
            problems.append(Problem("too_small", path.name, number, "lanes", found["lanes"], "> 0"))
            return None
        row["capacity"] *= row["lanes"] if layout.per_lane else 1.0
    return [row.get(name, 0.0) for name in COLUMNS]


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None


def _differ(first: NDArray[Any], second: NDArray[Any]) -> bool:
    """Return whether no pair of values is there twice."""
    order = np.lexsort((second, first))
    first, second = first[order], second[order]
    return not ((first[1:] == first[:-1]) & (second[1:] == second[:-1])).any()


def _tell_twice(path: Path, table: NDArray[np.float64], lines: list[int], notices: list[Notice]) -> None:
    """Tell of links that stand there twice: with the same values they may be a slip, with others parallel roads."""
    if _differ(table[:, 0], table[:, 1]):
        return
    rows: set[tuple[float, ...]] = set()
    ends: set[tuple[float, ...]] = set()
    found: dict[str, list[int]] = {"tntp_same": [], "tntp_twice": []}
    for i, row in enumerate(map(tuple, table.tolist())):
        if row[:2] in ends:
            found["tntp_same" if row in rows else "tntp_twice"].append(i)
        rows.add(row)
        ends.add(row[:2])
    for key, again in found.items():
        if again:
            i = again[0]
            alike = np.flatnonzero((table[:, :2] == table[i, :2]).all(axis=1))
            values = {"file": path.name, "link": f"{table[i, 0]:.0f}-{table[i, 1]:.0f}", "count": str(len(again)),
                      "lines": ", ".join(str(lines[k]) for k in alike[:5])}  # fmt: skip
            notices.append(Notice(key, values))


def _looks_like(table: NDArray[np.float64]) -> str | None:
    """Return the unit in which free-flow times are length over speed, speeds being per hour as they mostly are.

    Hours, or seconds with lengths in kilometres or miles, or in metres; None where it is neither, as with minutes.
    """
    length, minutes, speed = (table[:, COLUMNS.index(c)] for c in ("length", "free_flow_time", "speed"))
    some = (length > 0) & (minutes > 0) & (speed > 0)
    if 2 * some.sum() < len(table):
        return None
    hours = length[some] / speed[some]
    for unit, factors in (("hours", (1.0,)), ("seconds", (3600.0, 3.6))):
        if any((np.abs(minutes[some] / (factor * hours) - 1.0) < LIKE).mean() > 0.9 for factor in factors):
            return unit
    return None


def _use_units(
    path: Path, table: NDArray[np.float64], layout: Layout, length_unit: str | None, notices: list[Notice]
) -> NDArray[np.float64] | None:
    """Convert free-flow times to minutes in place, tell of units, and return lengths in km, None where not known."""
    if layout.per_lane:
        notices.append(Notice("tntp_lanes", {"file": path.name, "line": str(layout.line)}))
    time, length = layout.time, layout.length
    if time is not None and time.worth != 1.0:
        key = "tntp_time" if time.worth else "tntp_time_unknown"
        values = {"file": path.name, "line": str(time.line), "unit": time.text, "factor": f"{time.worth or 1.0:.6g}"}
        notices.append(Notice(key, values))
        table[:, COLUMNS.index("free_flow_time")] *= time.worth or 1.0
    elif time is None and (unit := _looks_like(table)) is not None:
        notices.append(Notice(f"tntp_time_looks_{unit}", {"file": path.name}))
    elif time is None and layout.odd is not None:
        values = {"file": path.name, "line": str(layout.odd.line), "unit": layout.odd.text}
        notices.append(Notice("tntp_time_odd", values))
    at = COLUMNS.index("length")
    if length_unit is not None:
        return table[:, at] * _KM[length_unit]
    if length is None or length.worth is None:
        return None
    if length.worth != 1.0:
        values = {"file": path.name, "line": str(length.line), "unit": length.text, "factor": f"{length.worth:.6g}"}
        notices.append(Notice("tntp_length", values))
    return table[:, at] * length.worth


def _check_links(path: Path, table: NDArray[np.float64], lines: list[int], nodes: int, problems: list[Problem]) -> None:
    """Add what is not possible in the links, at most 20 problems of a kind."""

    def add(key: str, bad: NDArray[np.bool_], at: int, expected: str) -> None:
        for i in np.flatnonzero(bad)[:20]:
            found = f"{table[i, at]:.12g}"
            problems.append(Problem(key, path.name, lines[i], COLUMNS[at], found, expected))

    capacity, minutes, b, power = (table[:, COLUMNS.index(c)] for c in ("capacity", "free_flow_time", "b", "power"))
    add("too_small", capacity <= 0.0, 2, "> 0")
    add("too_small", (capacity > 0.0) & (capacity < LEAST_CAPACITY), 2, f">= {LEAST_CAPACITY:g}")
    for column, least in _LEAST.items():
        at = COLUMNS.index(column)
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


def _read_nodes(folder: Path, nodes: int, problems: list[Problem], notices: list[Notice]) -> NDArray[np.float64] | None:
    files = _named(folder, "_node.tntp")
    if not files:
        return None
    xy = np.full((nodes, 2), np.nan)
    places = (0, 1, 2)
    for number, line in enumerate(_text(files[0]), 1):
        if (named := read_node_header(line)) is not None:
            places = named
            continue
        text = _bare(line).split(";", 1)[0]
        words = text.split()
        if not words or words[0].lower() == "node" or words[0].startswith("<"):
            continue
        try:
            node, x, y = int(words[places[0]]), float(words[places[1]]), float(words[places[2]])
            if not _plain(text):
                raise ValueError(text)
        except (ValueError, IndexError):
            problems.append(Problem("tntp_line", files[0].name, number, found=line.strip()[:80]))
            continue
        if not 1 <= node <= nodes:
            problems.append(Problem("tntp_no_node", files[0].name, number, found=str(node), expected=str(nodes)))
        else:
            if np.isfinite(xy[node - 1]).all() and tuple(xy[node - 1]) != (x, y):
                notices.append(
                    Notice("tntp_node_twice", {"file": files[0].name, "row": str(number), "node": str(node)})
                )
            xy[node - 1] = x, y
    missing = np.flatnonzero(~np.isfinite(xy).all(axis=1))
    if len(missing) and not problems:
        problems.append(Problem("tntp_node_lacks", files[0].name, found=str(missing[0] + 1)))
    return xy


def _read_trips(
    path: Path, zones: int, problems: list[Problem], notices: list[Notice]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    current = -1
    before = len(problems)
    said: dict[str, str] = {}
    origin: list[int] = []
    destination: list[int] = []
    demand: list[float] = []
    rows: list[int] = []
    for number, line in enumerate(_text(path), 1):
        text = _bare(line)
        if not text:
            continue
        if match := _META.match(text):
            key, value = match[1].strip().upper(), match[2].strip()
            said[key] = value
            if "UNIT" in key and value and vehicles_per_hour(value) != 1.0:
                problems.append(Problem("tntp_demand", path.name, number, f"<{key}>", value))
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
            comma = _COMMA_CELL.search(text)
            problems.append(
                Problem("decimal_comma", path.name, number, "trips", comma[1])
                if comma
                else Problem("tntp_line", path.name, number, found=text[:80])
            )
            continue
        if not cells or current < 0:
            problems.append(Problem("tntp_line", path.name, number, found=text[:80]))
        for other, trips in cells:
            if not 1 <= other <= zones:
                problems.append(Problem("tntp_no_zone", path.name, number, found=str(other), expected=str(zones)))
            elif not np.isfinite(trips):
                problems.append(Problem("not_finite", path.name, number, "trips", f"{trips:g}"))
            elif trips < 0:
                problems.append(Problem("too_small", path.name, number, "trips", f"{trips:g}", ">= 0"))
            elif trips > 0:
                origin.append(current - 1)
                destination.append(other - 1)
                demand.append(trips)
                rows.append(number)
    if not _differ(np.array(origin), np.array(destination)):
        seen: dict[tuple[int, int], list[int]] = {}
        for pair, row in zip(zip(origin, destination, strict=True), rows, strict=True):
            seen.setdefault(pair, []).append(row)
        (first, second), alike = next((pair, some) for pair, some in seen.items() if len(some) > 1)
        values = {"file": path.name, "pair": f"{first + 1} → {second + 1}", "count": str(len(rows) - len(seen)),
                  "lines": ", ".join(str(r) for r in alike[:5])}  # fmt: skip
        notices.append(Notice("tntp_pair_twice", values))
    total = np.array(demand, float)
    problems += _against_head(path, said, zones, float(total.sum()) if len(problems) == before else None)
    return np.array(origin, np.int64), np.array(destination, np.int64), total


def _given_trips(
    trips: pd.DataFrame | None, zones: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the trips of a table as those of a file; an InputError names what is no zone."""
    import pandas as pd

    table = pd.DataFrame(trips)
    ends = []
    for column in ("origin", "destination"):
        numbers = pd.to_numeric(table[column], errors="coerce").to_numpy(float)
        bad = np.flatnonzero(~((numbers >= 1) & (numbers <= zones) & (numbers == np.floor(numbers))))
        if len(bad):
            raise InputError(say("error.trips_zone", column=column, found=table[column].iloc[bad[0]], zones=zones))
        ends.append(numbers.astype(np.int64) - 1)
    vph = table["vph"].to_numpy(float)
    refuse_demand(vph)
    return ends[0], ends[1], vph


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
