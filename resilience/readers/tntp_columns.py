"""What the columns of a network in TNTP format hold, by the header that names them, and in which units."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from resilience.readers.tntp_units import KM, LANE, MINUTES, Unit, Units, vehicles_per_hour, worth

COLUMNS = ("init_node", "term_node", "capacity", "length", "free_flow_time", "b", "power", "speed", "toll")
NEEDED = COLUMNS[:7]
PLACES = (*COLUMNS, "link_type")  # where no header names them

_NAMES = {
    "init_node": "init initnode from fromnode fromnodeid tail tailnode start startnode source anode inode nodefrom",
    "term_node": "term termnode to tonode tonodeid head headnode end endnode target bnode jnode nodeto",
    "capacity": "capacity cap capacityvph practicalcapacity",
    "capacity_of_all": "linkcapacity totalcapacity capacitytotal capacityalllanes",
    "capacity_per_lane": "capacityperlane lanecapacity capacitylane capperlane",
    "length": "length len dist distance linklength",
    "free_flow_time": "free freeflowtime fft fftt freeflowtraveltime freetime fftime t0 time traveltime freeflow",
    "b": "b alpha bprb bpralpha vdfalpha bcoefficient bprcoefficient",
    "power": "power beta bprpower bprbeta vdfbeta exponent",
    "speed": "speed speedlimit freespeed freeflowspeed speedkmh maxspeed ffspeed",
    "toll": "toll tolls tollcost",
    "lanes": "lanes lane numlanes nlanes nooflanes numberoflanes lanecount",
    "link_type": "type linktype",
}
_COLUMN = {word: name for name, words in _NAMES.items() for word in words.split()}
_NODE_NAMES = (
    {"node", "nodeid", "nodes", "id", "nodenumber"},
    {"x", "xcoord", "xcoordinate", "lon", "longitude", "easting"},
    {"y", "ycoord", "ycoordinate", "lat", "latitude", "northing"},
)
_TOKEN = re.compile(r"\([^)]*\)|\[[^\]]*\]|[^\s;,()\[\]]+")


@dataclass(frozen=True)
class Layout(Units):
    """Columns in their order, None for those of no use here, with the units of what is in them.

    Parameters
    ----------
    sure : every name in the header was known, so that cells left out at the end are no shift of columns
    per_lane : capacity is that of a lane; it is where lanes are given, unless its name says that it is that of all
    line : of the header, None where there is none
    unread : names that are not known

    """

    columns: tuple[str | None, ...] = PLACES
    sure: bool = True
    line: int | None = None
    unread: tuple[str, ...] = field(default=())

    def faults(self) -> list[str]:
        """Return the columns that are needed and missing, or named twice."""
        named = [c for c in self.columns if c is not None and c != "link_type"]
        twice = sorted({c for c in named if named.count(c) > 1})
        needed = (*NEEDED, "lanes") if self.per_lane else NEEDED
        return [c for c in needed if c not in named] + twice


def read_header(text: str, line: int) -> Layout | None:
    """Return the layout that a line names, None where the line is no header.

    A header names both ends of a link and at least two more columns that are known, in any order and case.
    """
    text = text.strip().lstrip("~").split("~", 1)[0].strip()
    cells = [cell.strip(" ;") for cell in text.split("\t")]
    cells = [cell for cell in cells if cell]
    names: list[tuple[str, str]] = []  # name and unit
    if len(cells) > 4:
        for cell in cells:
            tokens = _TOKEN.findall(cell)
            words = [t for t in tokens if t[0] not in "(["]
            units = [t[1:-1].strip() for t in tokens if t[0] in "(["]
            names.append((" ".join(words), " ".join(units)))
    else:
        names = _split(" ".join(cells))
    if [name.lower() for name, _ in names[:2]] == ["a", "b"]:
        names[:2] = [("anode", ""), ("bnode", "")]
    columns: list[str | None] = []
    unread: list[str] = []
    time = length = capacity = None
    per_lane, of_all = False, False
    for name, unit in names:
        column, unit = _known(name, unit)
        if column is None:
            unread.append(name)
        if column == "capacity_per_lane" or (column == "capacity" and re.search(LANE, unit.lower())):
            column, per_lane = "capacity", True
        if column == "capacity_of_all":
            column, of_all = "capacity", True
        if column == "capacity" and unit:
            capacity = Unit(unit, vehicles_per_hour(unit), line)
        if column == "free_flow_time" and unit:
            time = Unit(unit, worth(unit, MINUTES), line)
        if column == "length" and unit:
            length = Unit(unit, worth(unit, KM), line)
        columns.append(column)
    found = {c for c in columns if c is not None}
    if not {"init_node", "term_node"} <= found or len(found) < 4:
        return None
    per_lane = per_lane or ("lanes" in found and not of_all)
    return Layout(time, length, capacity, per_lane, None, tuple(columns), not unread, line, tuple(unread))


def read_node_header(text: str) -> tuple[int, int, int] | None:
    """Return the places of the number, x and y of a node that a line names, None where it is no header."""
    words = [re.sub(r"[^a-z]", "", word) for word in text.strip().lstrip("~").split("~", 1)[0].lower().split()]
    words = [word for word in words if word]
    places = [next((i for i, word in enumerate(words) if word in names), -1) for names in _NODE_NAMES]
    return (places[0], places[1], places[2]) if min(places) >= 0 else None


def _split(text: str) -> list[tuple[str, str]]:
    """Return names and units of a header whose names are parted by blanks, the longest name that is known first."""
    tokens = _TOKEN.findall(text)
    names: list[tuple[str, str]] = []
    at = 0
    while at < len(tokens):
        if tokens[at][0] in "([":
            if names:
                names[-1] = (names[-1][0], tokens[at][1:-1].strip())
            at += 1
            continue
        for size in (4, 3, 2, 1):
            words = tokens[at : at + size]
            if size == 1 or (len(words) == size and _known(" ".join(words), "")[0] is not None):
                names.append((" ".join(words), ""))
                at += size
                break
    return names


def _known(name: str, unit: str) -> tuple[str | None, str]:
    """Return the column of a name and its unit, which may stand at the end of the name; None where not known."""
    bare = re.sub(r"[^a-z0-9]", "", name.lower())
    if bare in _COLUMN:
        return _COLUMN[bare], unit
    parts = re.split(r"[\s_]+", name.lower())
    spoken = len(parts) > 2 and parts[-2] == "in"  # "free_flow_time in seconds"
    stem = _COLUMN.get(re.sub(r"[^a-z0-9]", "", "".join(parts[: -2 if spoken else -1])))
    if parts[-1] in {"free_flow_time": MINUTES, "length": KM}.get(stem or "", {}):
        return stem, unit or parts[-1]
    return (stem if stem == "capacity" and parts[-1] in ("vph", "vehh", "pcuh") else None), unit
