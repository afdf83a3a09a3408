"""Networks in GMNS, the General Modeling Network Specification (zephyr-data-specs/GMNS).

A folder holds node.csv and link.csv, and perhaps config.csv, which names units. Trips stand beside them in demand.csv,
as DTALite and others write it: o_zone_id, d_zone_id, volume.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from resilience.base.errors import CaseError, InputError, Notice, Problem
from resilience.base.files import atomic
from resilience.base.naming import natural
from resilience.base.schema import MOST_PER_COLUMN, check_refs, read_table
from resilience.base.text import say
from resilience.readers.tntp import Tntp
from resilience.readers.tntp_units import KM
from resilience.traffic.demand import Demand, Pairs
from resilience.traffic.graph import RoadGraph

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from resilience.base.arrays import Bools, Floats, Ints

FREE_VPH = 1e9  # capacity of what joins a zone to its nodes
_LENGTHS = ("mi", "mile", "miles", "km", "kilometer", "kilometers", "m", "meter", "meters", "ft", "foot", "feet")
_KM = {word: KM[word] for word in _LENGTHS}
_KMH = {"mph": 1.609344, "mi/h": 1.609344, "kph": 1.0, "km/h": 1.0, "kmph": 1.0, "m/s": 3.6, "ft/s": 1.09728}


def is_gmns(folder: Path) -> bool:
    """Return whether a folder holds a network in GMNS."""
    return (folder / "node.csv").is_file() and (folder / "link.csv").is_file()


def _read(folder: Path, name: str, problems: list[Problem]) -> pd.DataFrame:
    """Return a table of a folder by its schema, checked but for what needs other tables.

    Raises
    ------
    CaseError
        The table cannot be read or has no rows.

    """
    table = read_table(folder / f"{name}.csv", f"gmns/{name}", problems, shown=f"{name}.csv", others=True)
    if table is None or len(table) == 0:
        raise CaseError(problems if table is None else [*problems, Problem("no_rows", f"{name}.csv")])
    return table


def _numbers(table: pd.DataFrame, column: str, empty: float = np.nan) -> Floats:
    """Return a column of numbers, `empty` where a cell is."""
    return table[column].fillna(empty).to_numpy(float)


def _numbered(
    table: pd.DataFrame, name: str, column: str, known: dict[str, int], target: str, problems: list[Problem]
) -> Ints:
    """Return the number of the row of `target` that each cell names, 0 where it names none; that is a problem."""
    import pandas as pd

    check_refs(table, name, column, pd.Index(list(known)), target, problems)
    return np.array([known.get(word, 0) for word in table[column]], np.int64)


def _empty_cells(table: pd.DataFrame, name: str, column: str, bad: Bools, problems: list[Problem]) -> None:
    """Append a problem for each of the first rows whose empty cell must be filled."""
    problems += [Problem("empty_cell", name, int(row), column) for row in table["row"][bad][:MOST_PER_COLUMN]]


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
    import pandas as pd

    for name, weight in (("toll_weight", toll_weight), ("distance_weight", distance_weight)):
        if not (np.isfinite(weight) and weight >= 0):
            raise InputError(say("error.negative", name=name, found=weight))
    problems: list[Problem] = []
    notices: list[Notice] = []
    nodes, links = _read(folder, "node", problems), _read(folder, "link", problems)
    places = _Places(nodes, problems)
    ends = ("from_node_id", "to_node_id")
    tail, head = (_numbered(links, "link.csv", column, places.number, "node.csv", problems) for column in ends)
    named = links["link_id"] != ""
    _empty_cells(links, "link.csv", "link_id", named.any() & ~named.to_numpy(), problems)
    units = _units(folder, problems)
    km, minutes = _length_and_minutes(links, units, problems, notices)
    if links["lanes"].isna().all():
        notices.append(Notice("gmns_no_lanes", {}))
    if problems:
        raise CaseError(problems)
    capacity = _numbers(links, "capacity") * _numbers(links, "lanes", 1.0)
    alpha, beta, toll = (_numbers(links, column) for column in ("vdf_alpha", "vdf_beta", "toll"))
    both = ~links["directed"].to_numpy(bool)
    fixed = toll_weight * toll + distance_weight * (km if km is not None else np.zeros(len(tail)))
    zone, node = places.joined.T  # at no cost
    names = links["link_id"].tolist() if named.any() else [str(i) for i in range(1, len(tail) + 1)]
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
    course = links["geometry"]
    courses = (*course, *course[both].map(_back), *[""] * (2 * len(zone)))
    xy = places.xy if np.isfinite(places.xy).any() else None
    return Tntp(folder.name, graph, demand, within, len(places.zones), xy, tuple(notices), units.crs, courses)


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

    def __init__(self, table: pd.DataFrame, problems: list[Problem]) -> None:
        ids, zone_of, kind = (table[column].tolist() for column in ("node_id", "zone_id", "node_type"))
        xy = table[["x_coord", "y_coord"]].to_numpy(float)
        self.zones = sorted({z for z in zone_of if _is_zone(z)}, key=natural)
        if not self.zones:
            problems.append(Problem("no_zones", "node.csv", column="zone_id"))
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


def _back(course: str) -> str:
    """Return the course of the way back: the points of a LINESTRING from the last to the first."""
    kind, sign, points = course.partition("(")
    return f"{kind}{sign}{','.join(reversed(points.rstrip(' )').split(',')))})" if sign else course


def _length_and_minutes(
    links: pd.DataFrame, units: _Units, problems: list[Problem], notices: list[Notice]
) -> tuple[Floats | None, Floats]:
    """Return the lengths of links, km, None where the file does not say in which unit they are, and the minutes."""
    length, speed, minutes = (_numbers(links, column) for column in ("length", "free_speed", "vdf_fftt"))
    has_length, lacks = not np.isnan(length).all(), np.isnan(minutes)
    for column, values in (("length", length), ("free_speed", speed)):
        if np.isnan(values).all() and lacks.any():
            problems.append(Problem("gmns_no_time", "link.csv", column=column))
        else:
            _empty_cells(links, "link.csv", column, np.isnan(values) & lacks, problems)
    with np.errstate(divide="ignore", invalid="ignore"):  # what is 0 is a problem already
        minutes = np.where(lacks, length / speed * 60.0 * units.km / units.kmh, minutes)
    if has_length and not units.named:
        notices.append(Notice("gmns_no_units", {}))
    return (np.nan_to_num(length) * units.km if has_length and units.named else None), minutes


class _Units(NamedTuple):
    """What config.csv names: length and speed in one unit, km and km/h, whether it names them, coordinate system."""

    km: float = 1.0
    kmh: float = 1.0
    named: bool = False
    crs: str = ""


def _units(folder: Path, problems: list[Problem]) -> _Units:
    """Return what config.csv says, where it is there."""
    if not (folder / "config.csv").is_file():
        return _Units()
    config = _read(folder, "config", problems).iloc[0]
    words = {name: config[name].lower() for name in ("long_length", "speed")}
    for (name, word), known in zip(words.items(), (_KM, _KMH), strict=True):
        if word and word not in known:
            problems.append(Problem("not_a_choice", "config.csv", int(config["row"]), name, word, ", ".join(known)))
    lacks = [name for name, word in words.items() if not word]
    if len(lacks) == 1:
        problems.append(Problem("empty_cell", "config.csv", column=lacks[0]))
    km, kmh = _KM.get(words["long_length"], 1.0), _KMH.get(words["speed"], 1.0)
    return _Units(km, kmh, not lacks, config["crs"])


def _demand(folder: Path, zones: list[str], trips: pd.DataFrame | None) -> tuple[Demand, float]:
    """Return the trips between zones, those of one pair added up, and those within zones."""
    number = {name: i for i, name in enumerate(zones)}
    problems: list[Problem] = []
    if trips is None:
        table = _read(folder, "demand", problems)
        ends = ("o_zone_id", "d_zone_id")
        origin, destination = (
            _numbered(table, "demand.csv", column, number, "node.csv zone_id", problems) for column in ends
        )
        volume = _numbers(table, "volume")
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
    data : network and demand
    links : columns more for link.csv, one row a link, such as the `link_table` of a solution

    """
    import pandas as pd

    graph, names = data.graph, [str(name) for name in data.graph.names_of_nodes()]
    folder.mkdir(parents=True, exist_ok=True)
    nodes = pd.DataFrame({"node_id": names})
    if data.xy is not None:
        nodes[["x_coord", "y_coord"]] = data.xy
    zones = {str(name) for name in data.zone_names}
    nodes["zone_id"] = [name if name in zones else "" for name in names]
    nodes["node_type"] = np.where(graph.barred, "centroid", "")
    table = pd.DataFrame(
        {
            "link_id": [str(name) for name in graph.names_of_links()],
            "from_node_id": np.asarray(names, object)[graph.tail], "to_node_id": np.asarray(names, object)[graph.head],
            "directed": 1, "capacity": graph.capacity_vph, "lanes": 1, "vdf_fftt": graph.free_flow_min,
            "vdf_alpha": graph.b, "vdf_beta": graph.power,
        }
    )  # fmt: skip
    if data.courses is not None and any(data.courses):
        table["geometry"] = (*data.courses, *[""] * (graph.links - len(data.courses)))
    if graph.length_km is not None:
        table["length"] = graph.length_km
    if links is not None:
        more = links.reset_index(drop=True)
        table = table.join(more[[c for c in more.columns if c not in (*table.columns, "link", "from_node", "to_node")]])
    pairs = data.demand.pairs
    ends = {"o_zone_id": pairs.origin, "d_zone_id": pairs.destination}
    demand = pd.DataFrame({c: np.asarray(names, object)[ends[c]] for c in ends} | {"volume": data.demand.vph})
    config = pd.DataFrame(
        {
            "dataset_name": [data.name],
            "long_length": ["km"],
            "speed": ["km/h"],
            "crs": [data.crs],
            "version_number": ["0.96"],
        }
    )
    for name, part in (("node", nodes), ("link", table), ("config", config), ("demand", demand)):
        with atomic(folder / f"{name}.csv") as temporary:
            part.to_csv(temporary, index=False)
