"""What the columns of a network in TNTP format hold, by the header that names them, and in which units."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

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
_MINUTES = {
    word: minutes
    for minutes, words in {
        1.0: "min mins minute minutes", 60.0: "h hr hrs hour hours", 1.0 / 60.0: "s sec secs second seconds",
        1440.0: "d day days",
    }.items()
    for word in words.split()
}  # fmt: skip
_KM = {
    word: km
    for km, words in {
        1.0: "km kms kilometre kilometres kilometer kilometers", 0.001: "m metre metres meter meters",
        1.609344: "mi mile miles", 0.0003048: "ft foot feet", 0.0009144: "yd yard yards",
    }.items()
    for word in words.split()
}  # fmt: skip
_NO_UNIT = {"-", "--", "none", "n/a", "na", "."}
_OTHER_UNITS = {"km/h", "kmh", "kph", "mph", "mi/h", "m/s", "ft/s", "$", "usd", "eur", "cents", "%", "1", "no", "id"}
_PER_HOUR = {"vph", "vphpl", "vphl", "pcph", "pcphpl", "pcuph", "vehh", "pcuh"}
_PER_LANE = re.compile(r"\s*(?:/\s*la?ne?s?\b\.?|\bper\s+lane\b)")
_LANE = r"/\s*la?n|per\s+lane|\b(?:v|pc)php?l\b"
_NODE_NAMES = (
    {"node", "nodeid", "nodes", "id", "nodenumber"},
    {"x", "xcoord", "xcoordinate", "lon", "longitude", "easting"},
    {"y", "ycoord", "ycoordinate", "lat", "latitude", "northing"},
)
_TOKEN = re.compile(r"\([^)]*\)|\[[^\]]*\]|[^\s;,()\[\]]+")
_FACTOR = r"(\d+(?:\.\d+|/\d+)?)?\s*"
_SAID = re.compile(
    r"\b(times?|lengths?|distances?)\b[^.;,]{0,40}?(?:\bin\b|\bis\b|\bare\b|\bunits?\b|[:=])\s*"
    rf"(?:(?:in|is|are|units?|of|given|measured|expressed|stated|recorded|decimal|all|:|=)\s*)*{_FACTOR}\b([a-z]+)\b"
)
_CONVERTED = re.compile(
    rf"\b(times?|lengths?|distances?)\b.*\b(?:converted|changed)\s+(?:in)?to\s+{_FACTOR}\b([a-z]+)\b"
)
_BRACKETED = re.compile(rf"\b(times?|lengths?|distances?)\b[^.;,()\[\]]{{0,40}}[(\[]\s*{_FACTOR}([a-z]+)\s*[)\]]")
_LISTED = re.compile(rf"\b(times?|lengths?|distances?)\s+{_FACTOR}([a-z]+)\s*(?=[,;.]|$)")  # units: length km, time s
_CAPACITY = re.compile(r"\bcapacit(?:y|ies)\b(.*)")
_FLOW = re.compile(
    r"(?:\b[a-z]+\.?\s*)?(?:/\s*|\bper\s+)(?:\d+(?:\.\d+)?\s*)?([a-z]+)\b(?:\s*(?:/\s*|\bper\s+|\band\s+)la?ne?s?\b)?"
    r"|\b(?:v|pc)ph(?:p?l)?\b|\b(?:vpd|aadt|adt)\b"
)
_NOT_OF_LINKS = re.compile(r"PERIOD|OF.DAY|STAMP|DATE|START|END|INTERVAL|HORIZON|PEAK|SPEED|CAPACITY|FLOW\b(?!.*TIME)")


@dataclass(frozen=True)
class Unit:
    """A unit that a file names: as it is written, what one is worth (None where not known), and the line."""

    text: str
    worth: float | None
    line: int


@dataclass(frozen=True)
class Layout:
    """Columns in their order, None for those of no use here.

    Parameters
    ----------
    sure : every name in the header was known, so that cells left out at the end are no shift of columns
    time, length, capacity : units named, worth minutes, kilometres and vehicles/h
    per_lane : capacity is that of a lane; it is where lanes are given, unless its name says that it is that of all
    line : of the header, None where there is none
    unread : names that are not known

    """

    columns: tuple[str | None, ...] = PLACES
    sure: bool = True
    time: Unit | None = None
    length: Unit | None = None
    per_lane: bool = False
    line: int | None = None
    unread: tuple[str, ...] = field(default=())
    capacity: Unit | None = None

    def faults(self) -> list[str]:
        """Return the columns that are needed and missing, or named twice."""
        named = [c for c in self.columns if c is not None and c != "link_type"]
        twice = sorted({c for c in named if named.count(c) > 1})
        needed = (*NEEDED, "lanes") if self.per_lane else NEEDED
        return [c for c in needed if c not in named] + twice

    def with_units(self, other: Layout) -> Layout:
        """Return this layout with the units that only the other names."""
        return replace(
            self, time=self.time or other.time, length=self.length or other.length,
            capacity=self.capacity or other.capacity, per_lane=self.per_lane or (other.per_lane and not self.capacity),
        )  # fmt: skip


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
        if column == "capacity_per_lane" or (column == "capacity" and re.search(_LANE, unit.lower())):
            column, per_lane = "capacity", True
        if column == "capacity_of_all":
            column, of_all = "capacity", True
        if column == "capacity" and unit:
            capacity = Unit(unit, vehicles_per_hour(unit), line)
        if column == "free_flow_time" and unit:
            time = Unit(unit, _worth(unit, _MINUTES), line)
        if column == "length" and unit:
            length = Unit(unit, _worth(unit, _KM), line)
        columns.append(column)
    found = {c for c in columns if c is not None}
    if not {"init_node", "term_node"} <= found or len(found) < 4:
        return None
    per_lane = per_lane or ("lanes" in found and not of_all)
    return Layout(tuple(columns), not unread, time, length, per_lane, line, tuple(unread), capacity)


def read_unit_row(text: str, line: int) -> Layout | None:
    """Return the units of a comment that holds nothing but units and dashes, None where it is another.

    Which is which the units say: one of time, one of length, one of vehicles.

    >>> read_unit_row("~ - - veh/h mi s - - ;", 2).time
    Unit(text='s', worth=0.016666666666666666, line=2)

    """
    words = [word.strip("()[],:") for word in text.lower().strip().strip("~; \t").split()]
    words = [word for word in words if word and word not in _NO_UNIT]
    named = bool(words) and words[0] in ("unit", "units")
    words = words[1:] if named else words
    of = {kind: [w for w in words if w in units] for kind, units in (("time", _MINUTES), ("length", _KM))}
    flows = [w for w in words if w in _PER_HOUR or re.fullmatch(r"(?:veh|vehicles?|pcu|pce|cars?|pc)s?/\S+", w)]
    others = [w for w in words if w in _OTHER_UNITS]
    if sum(map(len, (*of.values(), flows, others))) != len(words) or len(words) < 2:
        return None
    time, length, flow = (found[0] if len(set(found)) == 1 else None for found in (*of.values(), flows))
    return Layout(
        time=None if time is None else Unit(time, _MINUTES[time], line),
        length=None if length is None else Unit(length, _KM[length], line),
        capacity=None if flow is None else Unit(flow, vehicles_per_hour(flow), line),
        per_lane=flow is not None and re.search(_LANE, flow) is not None,
    )


def read_units(key: str, text: str, line: int) -> Layout:
    """Return the units that a line of metadata or a comment (with an empty key) names."""
    time = length = capacity = None
    spoken = text.lower().replace("_", " ").strip().rstrip("~ ;")
    if re.search(r"UNIT|TIME|LENGTH|DISTANCE", key) and not _NOT_OF_LINKS.search(key):
        for number, word in re.findall(rf"(?<![\w/.]){_FACTOR}([a-z]+)", spoken):
            if word in _MINUTES and not re.search(r"LENGTH|DISTANCE", key):
                time = time or _unit(number, word, _MINUTES, line)
            elif word in _KM and "TIME" not in key:
                length = length or _unit(number, word, _KM, line)
    if "CAPACITY" in key and "UNIT" in key and text.strip():
        capacity = text.strip()
    elif (not key or "UNIT" in key) and (named := _CAPACITY.search(spoken)):
        capacity = _flow_in(named[1])
    if not key:
        said: dict[str, Unit] = {}
        for pattern in (_CONVERTED, _SAID, _LISTED, _BRACKETED):  # what is said in words holds before brackets
            found = [
                ("time" if what.startswith("time") else "length", number, word)
                for what, number, word in pattern.findall(spoken)
            ]
            new = {
                kind: _unit(number, word, _MINUTES if kind == "time" else _KM, line)
                for kind, number, word in found
                if word in (_MINUTES if kind == "time" else _KM)
            }
            said = new | said
        time, length = said.get("time"), said.get("length")
    per_lane = capacity is not None and re.search(_LANE, capacity.lower()) is not None
    flow = None if capacity is None else Unit(capacity, vehicles_per_hour(capacity), line)
    return Layout(time=time, length=length, per_lane=per_lane, capacity=flow)


def _unit(number: str, word: str, units: dict[str, float], line: int) -> Unit:
    return Unit(f"{number} {word}".strip(), _factor(number) * units[word], line)


def _factor(number: str | None) -> float:
    """Return a factor such as 0.01 or 1/100, 1 where none is given."""
    above, _, below = (number or "1").partition("/")
    return float(above) / float(below or 1.0) if float(below or 1.0) else 1.0


def _flow_in(text: str) -> str | None:
    """Return the unit of vehicles and time in a phrase about capacities, None where it names no time."""
    for match in _FLOW.finditer(text):
        if match[1] is None or match[1] in _MINUTES:
            return match[0].strip()
    return None


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
    if parts[-1] in {"free_flow_time": _MINUTES, "length": _KM}.get(stem or "", {}):
        return stem, unit or parts[-1]
    return (stem if stem == "capacity" and parts[-1] in ("vph", "vehh", "pcuh") else None), unit


def vehicles_per_hour(text: str) -> float | None:
    """Return what a unit of capacity is worth in vehicles/h, such as "veh/h/lane" or "pcu per 15 min"; None if unknown.

    A unit that names no time is taken to be per hour.

    >>> vehicles_per_hour("veh/15 min")
    4.0

    """
    bare = _PER_LANE.sub("", text.strip().lower()).strip(" .")
    if bare in _PER_HOUR or not bare or (bare.isalpha() and bare not in ("vpd", "aadt", "adt", *_MINUTES)):
        return 1.0
    match = re.fullmatch(r"(?:[^\W\d]+\.?\s*)?(?:/|\bper\b)\s*(\d+(?:\.\d+)?)?\s*([a-z]+)", bare)
    if match is None or match[2] not in _MINUTES:
        return None
    minutes = float(match[1] or 1.0) * _MINUTES[match[2]]
    return 60.0 / minutes if minutes > 0.0 else None


def _worth(text: str, units: dict[str, float]) -> float | None:
    """Return what a unit is worth, such as "h" or "0.01 h"; None where it is not known."""
    match = re.fullmatch(rf"(?:in\s+)?{_FACTOR}([a-z]+)\.?", text.strip().lower())
    if match is None or match[2] not in units:
        return None
    return _factor(match[1]) * units[match[2]]
