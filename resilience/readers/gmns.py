"""Networks in GMNS, the General Modeling Network Specification (zephyr-data-specs/GMNS).

A folder holds node.csv and link.csv, and perhaps config.csv, which names units. Trips stand beside them in demand.csv,
as DTALite and others write it: o_zone_id, d_zone_id, volume.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resilience.base.csvfile import read_cells
from resilience.base.defaults import default
from resilience.base.errors import CaseError, InputError, Notice, Problem
from resilience.base.files import atomic
from resilience.base.naming import natural
from resilience.base.text import say
from resilience.readers.tntp import Tntp
from resilience.readers.tntp_units import KM
from resilience.traffic.demand import Demand, Pairs
from resilience.traffic.graph import RoadGraph

if TYPE_CHECKING:
    from pathlib import Path

    from resilience.base.arrays import Floats, Ints

FREE_VPH = 1e9  # capacity of what joins a zone to its nodes
NODE = ("node_id", "x_coord", "y_coord", "zone_id", "node_type")
LINK = ("link_id", "from_node_id", "to_node_id", "directed", "length", "free_speed", "capacity", "lanes", "toll",
        "vdf_alpha", "vdf_beta", "vdf_fftt")  # fmt: skip
DEMAND = ("o_zone_id", "d_zone_id", "volume")
_LENGTHS = ("mi", "mile", "miles", "km", "kilometer", "kilometers", "m", "meter", "meters", "ft", "foot", "feet")
_KM = {word: KM[word] for word in _LENGTHS}
_KMH = {"mph": 1.609344, "mi/h": 1.609344, "kph": 1.0, "km/h": 1.0, "kmph": 1.0, "m/s": 3.6, "ft/s": 1.09728}
_YES, _NO = {"1", "true", "t", "yes"}, {"0", "false", "f", "no"}


def is_gmns(folder: Path) -> bool:
    """Return whether a folder holds a network in GMNS."""
    return (folder / "node.csv").is_file() and (folder / "link.csv").is_file()


class _Table:
    """The cells of a file with the faults found in it."""

    def __init__(self, path: Path, columns: tuple[str, ...], needed: tuple[str, ...], problems: list[Problem]) -> None:
        self.name, self.problems = path.name, problems
        if not path.is_file():
            raise CaseError([Problem("missing_file", path.name, found=str(path))])
        cells = read_cells(path, path.name, columns, problems)
        if cells is None:
            raise CaseError(problems)
        names = [name.lower() for name in cells.header]
        self.lines = np.array(cells.lines, np.int64)
        self.columns = {n: [row[i].strip() for row in cells.rows] for i, n in enumerate(names) if n in columns}
        lacks = [name for name in needed if name not in self.columns]
        has = ", ".join(cells.header)
        problems += [Problem("missing_column", path.name, cells.header_line, name, expected=has) for name in lacks]
        if lacks:
            raise CaseError(problems)
        if not cells.rows:
            raise CaseError([*problems, Problem("no_rows", path.name)])

    def __contains__(self, column: str) -> bool:
        return column in self.columns and any(self.columns[column])

    def words(self, column: str) -> list[str]:
        """Return the cells of a column; an empty one is a fault."""
        self.fault(column, [not word for word in self.columns[column]], "empty_cell")
        return self.columns[column]

    def numbers(self, column: str, empty: float = np.nan, *, least: float = 0.0, above: bool = False) -> Floats:
        """Return the numbers of a column, `empty` where a cell or the column is; nan: each cell must be filled."""
        words = self.columns.get(column, [""] * len(self.lines))
        found = pd.to_numeric(pd.Series(words, dtype=object).replace("", "nan"), errors="coerce").to_numpy(float)
        blank = np.array([not word for word in words])
        self.fault(column, np.isnan(found) & ~blank, "not_a_number")
        self.fault(column, np.isinf(found), "not_finite")
        if np.isnan(empty):
            self.fault(column, blank, "empty_cell")
        low = found <= least if above else found < least
        self.fault(column, low, "too_small", f"{'>' if above else '>='} {least:g}")
        return np.where(blank, empty, found)

    def flags(self, column: str, empty: bool) -> list[bool]:
        """Return yes and no."""
        words = [word.lower() for word in self.columns.get(column, [""] * len(self.lines))]
        self.fault(column, [word not in _YES | _NO | {""} for word in words], "not_a_boolean")
        return [word in _YES if word else empty for word in words]

    def numbered(self, column: str, known: dict[str, int], target: str) -> Ints:
        """Return the number of the row that each cell names."""
        words = self.words(column)
        self.fault(column, [word not in known and word != "" for word in words], "unknown_ref", target)
        return np.array([known.get(word, 0) for word in words], np.int64)

    def fault(self, column: str, bad: object, key: str, expected: str = "") -> None:
        """Append a problem for each of the first rows that are bad."""
        rows = np.flatnonzero(np.asarray(bad, np.bool_))
        words = self.columns.get(column, [""] * len(self.lines))
        self.problems += [Problem(key, self.name, int(self.lines[r]), column, words[r], expected) for r in rows[:20]]


def read_gmns(
    folder: Path, *, toll_weight: float = 0.0, distance_weight: float = 0.0, trips: pd.DataFrame | None = None
) -> Tntp:
    """Return the network and the demand of a folder in GMNS, as `read_tntp` does that of one in TNTP format.

    Capacity is that of a lane, as the specification has it. Free-flow minutes are `vdf_fftt` where a link has it, else
    length over speed in the units of config.csv, or else of one system: miles and mph, or km and km/h. The delay
    function is that of the Bureau of Public Roads with `vdf_alpha` and `vdf_beta`, where there are none with the usual
    values. A link that is not directed is two. Every zone is a node of its own, before all others, that nobody passes:
    the one of its nodes whose `node_type` is centroid, else one that is joined to each of its nodes at no cost.

    Parameters
    ----------
    folder : with node.csv and link.csv, and demand.csv unless `trips` are given
    toll_weight, distance_weight : minutes per unit of toll and of length
    trips : origin, destination (ids of zones), vph, in place of demand.csv

    Raises
    ------
    InputError
        A weight is not possible, or nobody travels.
    CaseError
        Files or columns that are missing, cells that cannot be read or values that are not possible, all of them.

    """
    for name, weight in (("toll_weight", toll_weight), ("distance_weight", distance_weight)):
        if not (np.isfinite(weight) and weight >= 0):
            raise InputError(say("error.negative", name=name, found=weight))
    problems: list[Problem] = []
    notices: list[Notice] = []
    nodes = _Table(folder / "node.csv", NODE, ("node_id",), problems)
    links = _Table(folder / "link.csv", LINK, ("from_node_id", "to_node_id", "capacity"), problems)
    places = _Places(nodes)
    tail, head = (links.numbered(c, places.number, "node.csv") for c in ("from_node_id", "to_node_id"))
    km, minutes = _length_and_minutes(folder, links, problems, notices)
    if "lanes" not in links:
        notices.append(Notice("gmns_no_lanes", {}))
    capacity = links.numbers("capacity", above=True) * links.numbers("lanes", 1.0, above=True)
    alpha = links.numbers("vdf_alpha", default("traffic.bpr_b"))
    beta = links.numbers("vdf_beta", default("traffic.bpr_power"))
    toll = links.numbers("toll", 0.0)
    both = ~np.array(links.flags("directed", empty=True), np.bool_)
    if problems:
        raise CaseError(problems)
    fixed = toll_weight * toll + distance_weight * (km if km is not None else np.zeros(len(tail)))
    zone, node = places.joined.T  # at no cost
    names = links.columns.get("link_id") or [str(i) for i in range(1, len(tail) + 1)]
    called = places.names

    def column(values: Floats, connectors: float) -> Floats:
        return np.concatenate([values, values[both], np.full(2 * len(zone), connectors)])

    graph = RoadGraph(
        nodes=len(called),
        tail=np.concatenate([tail, head[both], zone, node]), head=np.concatenate([head, tail[both], node, zone]),
        free_flow_min=column(minutes, 0.0), capacity_vph=column(capacity, FREE_VPH), b=column(alpha, 0.0),
        power=column(beta, 1.0), fixed_min=column(fixed, 0.0), barred=np.arange(len(called)) < len(places.zones),
        length_km=None if km is None else column(km, 0.0),
        node_id=pd.Index(called, name="node"),
        link_id=pd.Index(
            [*names, *(f"{n}:back" for n, two in zip(names, both, strict=True) if two),
             *(f"{called[a]}>{called[b]}" for a, b in (*zip(zone, node, strict=True), *zip(node, zone, strict=True)))],
            name="link"),
    )  # fmt: skip
    demand, within = _demand(folder, places.zones, trips)
    return Tntp(folder.name, graph, demand, within, len(places.zones), places.xy, tuple(notices))


class _Places:
    """The nodes of a graph: one for each zone, which nobody passes, then the others.

    Attributes
    ----------
    zones : ids of the zones, in order
    names, xy : of all nodes; those of zones that the file does not have lie in the middle of their nodes, shape
        (nodes, 2)
    number : id of a node in the file -> number of the node
    joined : numbers of zones and of the nodes that belong to them, shape (connectors, 2)

    """

    def __init__(self, table: _Table) -> None:
        ids = table.words("node_id")
        table.fault("node_id", pd.Index(ids).duplicated(), "duplicate_id")
        xy = np.column_stack([table.numbers(c, 0.0, least=-np.inf) for c in ("x_coord", "y_coord")])
        zone_of, kind = (table.columns.get(c, [""] * len(ids)) for c in ("zone_id", "node_type"))
        self.zones = sorted({z for z in zone_of if _is_zone(z)}, key=natural)
        if not self.zones:
            table.problems.append(Problem("no_zones", table.name, column="zone_id"))
        place = {zone: i for i, zone in enumerate(self.zones)}
        own = {place[z]: i for i, z in enumerate(zone_of) if _is_zone(z) and kind[i].lower() == "centroid"}
        others = [i for i in range(len(ids)) if i not in set(own.values())]
        self.number = {ids[i]: z for z, i in own.items()}
        self.number |= {ids[i]: len(place) + n for n, i in enumerate(others)}
        self.names = [ids[own[z]] if z in own else f"zone:{name}" for name, z in place.items()] + [
            ids[i] for i in others
        ]
        belongs = [(place[zone_of[i]], len(place) + n, i) for n, i in enumerate(others) if _is_zone(zone_of[i])]
        made = np.array([row for row in belongs if row[0] not in own], np.int64).reshape(-1, 3)
        middle = np.zeros((len(place), 2))
        np.add.at(middle, made[:, 0], xy[made[:, 2]])
        middle /= np.maximum(np.bincount(made[:, 0], minlength=len(place)), 1)[:, None]
        for zone, i in own.items():
            middle[zone] = xy[i]
        self.xy = np.vstack([middle, xy[others]])
        self.joined = made[:, :2]


def _is_zone(name: str) -> bool:
    """Return whether a cell of zone_id names a zone; programs that need a number there write 0 or -1 for none."""
    return name not in ("", "0", "-1")


def _length_and_minutes(
    folder: Path, links: _Table, problems: list[Problem], notices: list[Notice]
) -> tuple[Floats | None, Floats]:
    """Return the lengths of links, km, None where the file does not say in which unit they are, and the minutes."""
    units = _units(folder, problems)
    minutes = links.numbers("vdf_fftt", 0.0)
    given = np.array([bool(word) for word in links.columns.get("vdf_fftt", [""] * len(minutes))])
    has_length = "length" in links
    length = links.numbers("length", 0.0 if given.all() or not has_length else np.nan)
    if not given.all():
        has = ", ".join(links.columns)
        lacks = [column for column in ("length", "free_speed") if column not in links]
        if lacks:
            raise CaseError([*problems, *(Problem("missing_column", "link.csv", 1, c, expected=has) for c in lacks)])
        speed = links.numbers("free_speed", 1.0 if given.all() else np.nan, above=True)
        ratio = units["long_length"][1] / units["speed"][1]
        with np.errstate(divide="ignore", invalid="ignore"):
            minutes = np.where(given, minutes, length / speed * 60.0 * ratio)
    named = units["long_length"][0]
    if has_length and not named:
        notices.append(Notice("gmns_no_units", {}))
    return (length * units["long_length"][1] if has_length and named else None), minutes


def _units(folder: Path, problems: list[Problem]) -> dict[str, tuple[str, float]]:
    """Return the units of config.csv: as it names them, "" where it does not, and what one is worth in km or km/h."""
    found = {"long_length": ("", 1.0), "speed": ("", 1.0)}
    path = folder / "config.csv"
    if not path.is_file():
        return found
    cells = read_cells(path, path.name, tuple(found), problems)
    for name, known in (("long_length", _KM), ("speed", _KMH)):
        if cells is None or name not in cells.header or not cells.rows:
            continue
        word = cells.rows[0][cells.header.index(name)].strip().lower()
        if word and word not in known:
            problems.append(Problem("not_a_choice", path.name, cells.lines[0], name, word, ", ".join(known)))
        elif word:
            found[name] = (word, known[word])
    if bool(found["long_length"][0]) != bool(found["speed"][0]):
        lacks = "speed" if found["long_length"][0] else "long_length"
        problems.append(Problem("empty_cell", path.name, column=lacks))
    return found


def _demand(folder: Path, zones: list[str], trips: pd.DataFrame | None) -> tuple[Demand, float]:
    """Return the trips between zones, those of one pair added up, and those within zones."""
    number = {name: i for i, name in enumerate(zones)}
    problems: list[Problem] = []
    if trips is None:
        table = _Table(folder / "demand.csv", DEMAND, DEMAND, problems)
        origin, destination = (table.numbered(c, number, "node.csv zone_id") for c in DEMAND[:2])
        volume = table.numbers("volume")
    else:
        names = [trips[c].astype(str) for c in ("origin", "destination")]
        strange = [name for column in names for name in column.unique() if name not in number]
        if strange:
            raise InputError(
                say("error.unknown_name", what=say("word.zone"), name=strange[0], expected=", ".join(zones[:9]))
            )
        origin, destination = (column.map(number).to_numpy(np.int64) for column in names)
        volume = trips["vph"].to_numpy(float)
    if problems:
        raise CaseError(problems)
    pair = origin * len(zones) + destination
    some, where = np.unique(pair, return_inverse=True)
    total = np.bincount(where, volume, len(some))
    origin, destination = some // len(zones), some % len(zones)
    outside = origin != destination
    if not outside.any():
        raise InputError(say("error.no_demand"))
    return Demand(Pairs(origin[outside], destination[outside]), total[outside]), float(total[~outside].sum())


def write_gmns(folder: Path, data: Tntp, links: pd.DataFrame | None = None) -> None:
    """Write a network as node.csv, link.csv, config.csv and demand.csv, each whole or not at all.

    Parameters
    ----------
    folder : made where it is not there
    data : network and demand; its first nodes are its zones
    links : columns more for link.csv, one row a link, such as the `link_table` of a solution

    """
    graph, names = data.graph, [str(name) for name in data.graph.names_of_nodes()]
    folder.mkdir(parents=True, exist_ok=True)
    nodes = pd.DataFrame({"node_id": names})
    if data.xy is not None:
        nodes[["x_coord", "y_coord"]] = data.xy
    nodes["zone_id"] = [name if i < data.zones else "" for i, name in enumerate(names)]
    nodes["node_type"] = np.where(graph.barred, "centroid", "")
    table = pd.DataFrame(
        {
            "link_id": [str(name) for name in graph.names_of_links()],
            "from_node_id": np.asarray(names, object)[graph.tail], "to_node_id": np.asarray(names, object)[graph.head],
            "directed": 1, "capacity": graph.capacity_vph, "lanes": 1, "vdf_fftt": graph.free_flow_min,
            "vdf_alpha": graph.b, "vdf_beta": graph.power,
        }
    )  # fmt: skip
    if graph.length_km is not None:
        table["length"] = graph.length_km
    if links is not None:
        more = links.reset_index(drop=True)
        table = table.join(more[[c for c in more.columns if c not in (*table.columns, "link", "from_node", "to_node")]])
    pairs = data.demand.pairs
    ends = {"o_zone_id": pairs.origin, "d_zone_id": pairs.destination}
    demand = pd.DataFrame({c: np.asarray(names, object)[ends[c]] for c in ends} | {"volume": data.demand.vph})
    config = pd.DataFrame(
        {"dataset_name": [data.name], "long_length": ["km"], "speed": ["km/h"], "version_number": ["0.96"]}
    )
    for name, part in (("node", nodes), ("link", table), ("config", config), ("demand", demand)):
        with atomic(folder / f"{name}.csv") as temporary:
            part.to_csv(temporary, index=False)
