"""In which units the times, lengths and capacities of links are, as files in TNTP format say it.

They say it in metadata, in a row of units or in prose. A unit counts only where it is said of the links: "free flow
times are in hours" is, "creation time: 10 h", "value of time = 0.5 h" and "time of day in h" are not. A number before
a unit is a span of time and no unit, unless it is a fraction ("0.01 h", "hundredths of an hour") or the sentence says
"in units of".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Self

MINUTES = {
    word: minutes
    for minutes, words in {
        1.0: "min mins minute minutes", 60.0: "h hr hrs hour hours", 1.0 / 60.0: "s sec secs second seconds",
        1440.0: "d day days",
    }.items()
    for word in words.split()
}  # fmt: skip
KM = {
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
_PER_OTHER = {"vpd", "aadt", "adt", "monthly", "yearly", "annual"}
_PER_LANE = re.compile(r"\s*(?:/\s*la?ne?s?\b\.?|\bper\s+lane\b)")
LANE = r"/\s*la?n|per\s+lane|\b(?:v|pc)php?l\b"

_TIME = {"time", "times", "fft", "fftt", "t0"}
_NOUNS = dict.fromkeys(_TIME, "time") | dict.fromkeys(("length", "lengths", "distance", "distances"), "length")
_OF_LINKS = {
    "free", "flow", "freeflow", "travel", "link", "links", "arc", "arcs", "edge", "edges", "road", "roads",
    "all", "the", "their", "uncongested", "unloaded", "driving", "model", "network", "net", "default", "and",
    "or", "note", "unit", "units", "where", "here", "with", "column", "columns", "field", "value", "values",
    "data", "file", "this", "these", "that", "are", "is", "segment", "segments", "section", "sections",
    "street", "streets", "lane",
}  # fmt: skip
_SAYS = {
    "in", "is", "are", "be", "given", "measured", "expressed", "stated", "recorded", "reported", "stored",
    "written", "decimal", "all", "unit", "units", "value", "values", "column", "field", "here", "the", "as",
    ":", "=", "below", "above", "listed", "shown", "always", "following", "converted",
}  # fmt: skip
_PARTS = {
    "tenth": 0.1, "hundredth": 0.01, "thousandth": 0.001, "half": 0.5, "quarter": 0.25, "sixtieth": 1.0 / 60.0,
    "ten": 10.0, "hundred": 100.0, "thousand": 1000.0,
}  # fmt: skip
_COUNTS = {"one": 1, "two": 2, "three": 3, "four": 4, "six": 6, "eight": 8, "twelve": 12}
_KEY = {
    "unit", "units", "time", "times", "length", "lengths", "distance", "distances", "travel", "free", "flow",
    "freeflow", "fft", "fftt", "link", "links", "arc", "arcs", "edge", "edges", "road", "of", "the", "for",
    "in", "and", "factor", "model", "network", "default",
}  # fmt: skip
_REMARK = {"note", "notes", "remark", "remarks", "comment", "comments", "description"}
_NUMBER = r"\d+(?:\.\d+|/\d+)?"
_WORD = re.compile(rf"{_NUMBER}|[a-z$%][a-z0-9$%]*|[()\[\]:=/*,;.]")
_LINKS = re.compile(
    r"\b(?:of|for|on|along|over)\s+(?:the\s+|all\s+|each\s+|every\s+)?(?:links?|arcs?|edges?|roads?)\b"
    r"|\b(?:in|of|for)\s+(?:this|these|the)\s+(?:files?|networks?|net|tables?|data|dataset|columns?)\b"
)
_NOT_BUT = re.compile(r"\bnot\s+(?:in\s+)?[a-z]+\s*,?\s+but\b")
_BECAME = re.compile(
    r"\b(?:converted|changed)\b(?:\s+[a-z]+){0,4}?\s+(?:in)?to\s+([a-z]+)\b"
    r"|\b(?:multiplied|divided)\s+by\s+\S+\s+to\s+(?:give|get|obtain|yield)\s+([a-z]+)\b"
)
_SCALED = re.compile(r"\b(?:multipl\w+|divided?|scaled)\b")
_BOTH = re.compile(
    r"\b(?:times?|lengths?|distances?)\s+and\s+(?:(?:travel|free|flow)\s+)*(?:times?|lengths?|distances?)\s+"
    r"(?:(?:are|is|given|measured|expressed|stated|in|:)\s*)+([a-z]+)\s+and\s+([a-z]+)\b(?!\s*/|\s+per\b)"
)
_IS_UNIT = re.compile(r"\b([a-z]+)\s+(?:are|is)\s+(?:the\s+|an?\s+)?units?\s+of\s+(times?|lengths?|distances?)\b")
_AT_END = re.compile(r",\s*(?:all\s+|both\s+)?in\s+([a-z]+)$")
_ABOUT_UNITS = {"all", "the", "units", "unit", "used", "are", "in", "is", "of", "and", "here"}
_COSTS = {"cost", "costs", "impedance", "impedances"}
_NAMED_TIME = {*MINUTES} - {"min", "mins", "minute", "minutes", "d", "day", "days"}
_CAPACITY = re.compile(r"\bcapacit(?:y|ies)\b(?!\s+factor)(.*?)(?:;|\.\s|$)")
_EVERY = re.compile(r"\b(daily|weekly|monthly|yearly|annual)\s+(?:[a-z]+\s+)?capacit(?:y|ies)\b")
_VEHICLES = re.compile(r"\b(?:veh|vehicles?|pcu|pce|cars?|vph\w*|pcphp?l?)\b")
_TO_FLOW = re.compile(r"\b(?:scaled|converted|changed)\b.*?\bto\b(.*)")
_CAPACITY_OF = re.compile(r"\b(\d+(?:\.\d+)?|[a-z]+)[\s-]+([a-z]+?)(?:ly)?[\s-]+(?:[a-z]+\s+)?capacit(?:y|ies)\b")
_FLOW = re.compile(
    r"(?:\b(?:(?:ten|hundred|thousand)s?\s+of|\d[\d.,]*)\s+)?(?:\b[a-z]+\.?\s*)?(?:/\s*|\bper\s+)"
    r"(?:\d+(?:\.\d+)?\s*)?([a-z]+)\b(?:\s*(?:/\s*|\bper\s+|\band\s+)la?ne?s?\b)?"
    r"|\b(?:v|pc)ph(?:p?l)?\b|\b(?:vpd|aadt|adt)\b"
)
_SPAN = re.compile(r"(?:\b(?:for|over|during|in|of)\s+(?:an?\s+|the\s+)?|\()(\d+(?:\.\d+)?|[a-z]+)[\s-]*([a-z]+)\b")


@dataclass(frozen=True)
class Unit:
    """A unit that a file names: as it is written, what one is worth (None where not known), and the line."""

    text: str
    worth: float | None
    line: int


@dataclass(frozen=True)
class Units:
    """Units named in a file, worth minutes, kilometres and vehicles/h; `per_lane`: capacity is that of a lane.

    `odd` is a unit of time that is named and not taken for that of the links.
    """

    time: Unit | None = None
    length: Unit | None = None
    capacity: Unit | None = None
    per_lane: bool = False
    odd: Unit | None = None

    def with_units(self, other: Units) -> Self:
        """Return this with the units that only the other names."""
        return replace(
            self, time=self.time or other.time, length=self.length or other.length,
            capacity=self.capacity or other.capacity, per_lane=self.per_lane or (other.per_lane and not self.capacity),
            odd=self.odd or other.odd,
        )  # fmt: skip


def read_unit_row(text: str, line: int) -> Units | None:
    """Return the units of a comment that holds nothing but units and dashes, None where it is another.

    Which is which the units say: one of time, one of length, one of vehicles.

    >>> read_unit_row("~ - - veh/h mi s - - ;", 2).time
    Unit(text='s', worth=0.016666666666666666, line=2)

    """
    words = [word.strip("()[],:;") for word in text.lower().strip().strip("~; \t").split()]
    words = [word for word in words if word and word not in _NO_UNIT]
    if {"unit", "units"} & {*words}:
        words = [word for word in words if word not in _ABOUT_UNITS]
    of = {kind: [w for w in words if w in units] for kind, units in (("time", MINUTES), ("length", KM))}
    flows = [w for w in words if w in _PER_HOUR or re.fullmatch(r"(?:veh|vehicles?|pcu|pce|cars?|pc)s?/\S+", w)]
    others = [w for w in words if w in _OTHER_UNITS]
    if sum(map(len, (*of.values(), flows, others))) != len(words) or len(words) < 2:
        return None
    time, length, flow = (found[0] if len(set(found)) == 1 else None for found in (*of.values(), flows))
    return Units(
        None if time is None else Unit(time, MINUTES[time], line),
        None if length is None else Unit(length, KM[length], line),
        None if flow is None else Unit(flow, vehicles_per_hour(flow), line),
        flow is not None and re.search(LANE, flow) is not None,
    )


def read_units(key: str, text: str, line: int) -> Units:
    """Return the units that a line of metadata or a comment (with an empty key) names.

    >>> read_units("", "~ free flow times are in hours", 3).time
    Unit(text='hours', worth=60.0, line=3)
    >>> read_units("RUN TIME", "35 s", 4).time

    """
    spoken = re.sub(r"\bt_0\b", "t0", text.lower())
    spoken = re.sub(r"\s*/\s*", "/", re.sub(r"[_\s-]+", " ", spoken))
    spoken = re.sub(r"^[~\s]+", "", spoken.strip().rstrip("~ ;."))
    key = key.lower()
    if (inside := re.search(r"[(\[]([^)\]]*)[)\]]", key)) and not spoken:
        key, spoken = key[: inside.start()], inside[1]
    words = set(re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(units?)\b", r" \1", key)))
    prose = not words or bool(words & _REMARK)
    found = _said(spoken, line) if prose else _valued(words, spoken, line)
    capacity = _capacity(words, spoken, text.strip(), prose=prose)
    per_lane = capacity is not None and re.search(LANE, capacity.lower()) is not None
    flow = None if capacity is None else Unit(capacity, vehicles_per_hour(capacity), line)
    odd = None
    if "time" not in found and (prose or words & _TIME):
        odd = _odd(spoken, line, bool(words & _TIME))
    return Units(found.get("time"), found.get("length"), flow, per_lane, odd)


def _odd(spoken: str, line: int, of_time: bool) -> Unit | None:
    """Return a unit of time other than the minute that a line names with a time or a cost, None where it names none."""
    words = _WORD.findall(re.sub(r"(?:/|\bper\s+)[a-z0-9]+", " ", spoken))
    if not of_time and not {*words} & (_TIME | _COSTS):
        return None
    named = [word for word in words if word in _NAMED_TIME] or _SCALED.findall(spoken)
    return Unit(named[0], None, line) if named else None


def _capacity(key: set[str], spoken: str, text: str, *, prose: bool) -> str | None:
    """Return the unit of capacity that a line names, None where it names none."""
    if "capacity" in key and key & {"unit", "units"} and text:
        return text
    if "capacity" in key and key & {"period", "time", "hours", "interval"}:
        return next(
            (span for n, word in re.findall(r"(\d+(?:\.\d+)?)\s*([a-z]+)", spoken) if (span := _span(n, word))), None
        )
    if prose:
        return _flow_in(spoken)
    if key & {"unit", "units"}:
        return _flow_in(spoken) or (_flow_in(f"capacity {spoken}") if _VEHICLES.search(spoken) else None)
    return None


def _valued(key: set[str], value: str, line: int) -> dict[str, Unit]:
    """Return the units that metadata give, by kind; a key with words that are not of links says nothing of them."""
    if not key <= _KEY or not (key & _NOUNS.keys() or key <= {"unit", "units", "of", "the", "model", "network"}):
        return {}
    found: dict[str, Unit] = {}
    only = {_NOUNS[word] for word in key if word in _NOUNS}
    if key & {"unit", "units"} and only == {"time"} and value and not any(w in MINUTES for w in _WORD.findall(value)):
        return {"time": Unit(value, None, line)}
    for number, word in re.findall(rf"(?<![\w/.])(?<!per )({_NUMBER})?\s*\b([a-z]+)\b(?!\s*/)", value):
        for kind, units in (("time", MINUTES), ("length", KM)):
            others = {n for n, of in _NOUNS.items() if of != kind}
            if word in units and not key & others and (key & {"unit", "units"} or not number or _is_fraction(number)):
                found.setdefault(kind, _unit(number, word, units, line))
    return found


def _said(spoken: str, line: int) -> dict[str, Unit]:
    """Return the units that prose names of times and lengths of links, by kind.

    What was converted is in the new unit; what is said in words holds before what stands in brackets.
    """
    spoken = _LINKS.sub(" ", _NOT_BUT.sub(" ", spoken))
    words = _WORD.findall(spoken)
    nouns = [i for i, word in enumerate(words) if word in _NOUNS and _is_of_links(words[:i])]
    found: dict[str, Unit] = {}
    became = _became(spoken)
    both = _BOTH.search(spoken) if nouns else None
    is_unit = _IS_UNIT.search(spoken)
    for kind, units in (("time", MINUTES), ("length", KM)):
        said = [*(both.groups() if both else ()), *([is_unit[1]] if is_unit and _NOUNS[is_unit[2]] == kind else [])]
        for word in [*became.get(kind, []), *said]:
            if word in units:
                found.setdefault(kind, _unit(None, word, units, line))
    if _SCALED.search(spoken) and not became and not re.search(r"\bto\s+(?:get|obtain|give|yield)\b", spoken):
        return {kind: unit for kind, unit in found.items() if kind != "time"}
    for bracket in (False, True):
        for i in nouns:
            kind = _NOUNS[words[i]]
            unit = _unit_after(words[i + 1 :], MINUTES if kind == "time" else KM, line, bracket=bracket)
            if unit is not None:
                found.setdefault(kind, unit)
    if nouns and (at_end := _AT_END.search(spoken)):
        kind = _NOUNS[words[nouns[0]]]
        units = MINUTES if kind == "time" else KM
        if at_end[1] in units:
            found.setdefault(kind, _unit(None, at_end[1], units, line))
    return found


def _became(spoken: str) -> dict[str, list[str]]:
    """Return the units that times and lengths were converted to, by kind: in the clause that names them or the next."""
    found: dict[str, list[str]] = {}
    before: set[str] = set()
    for clause in re.split(r"[;,]|\.\s", spoken):
        words = _WORD.findall(clause)
        named = {_NOUNS[w] for i, w in enumerate(words) if w in _NOUNS and _is_of_links(words[:i])}
        if not named and words[:1] in (["converted"], ["changed"], ["multiplied"], ["divided"]):
            named = before
        for match in _BECAME.finditer(clause):
            for kind in named:
                found.setdefault(kind, []).append(match[1] or match[2])
        before = named
    return found


def _is_of_links(before: list[str]) -> bool:
    """Return whether the words before "time" or "length" leave it one of links, back to where the sentence begins."""
    for i in range(len(before) - 1, -1, -1):
        word = before[i]
        if word in MINUTES or word in KM or word in _NOUNS or not word.isalpha():
            return True
        if word == "of":
            return i > 0 and before[i - 1] in ("unit", "units")
        if word not in _OF_LINKS or (word == "flow" and (i == 0 or before[i - 1] != "free")):
            return False
    return True


def _unit_after(words: list[str], units: dict[str, float], line: int, *, bracket: bool) -> Unit | None:
    """Return the unit that the words after a noun say, None where they say none."""
    if bracket:
        if not words or words[0] not in "([":
            return None
        words = words[1:]
    at, part = 0, None
    while at < len(words) and (
        words[at] in _SAYS
        or (words[at] == "of" and words[at - 1] in ("unit", "units"))
        or (words[at] == "," and words[at + 1 : at + 2] in (["in"], ["given"], ["measured"], ["expressed"], ["stated"]))
    ):
        at += 1
    before = words[at - 1] if at else ""
    number = ""
    if at < len(words) and re.fullmatch(_NUMBER, words[at]):
        number, at = words[at], at + 1
        if not (_is_fraction(number) or before == "of" or ((bracket or before == "in") and units is KM)):
            return None
    elif words[at : at + 1] and words[at].rstrip("s") in _PARTS:
        part, at = words[at].rstrip("s"), at + 1
        while at < len(words) and words[at] in ("of", "a", "an"):
            at += 1
    word, after = words[at] if at < len(words) else "", words[at + 1 : at + 3]
    if word not in units or after[:1] == ["/"] or after in (["of", "day"], ["of", "the"]):
        return None
    if after and after[0][0].isdigit():  # in hour 8: a time of day
        return None
    if bracket and [a for a in after if a != "."][:1] not in (["]"], [")"]):
        return None
    if part is not None:
        return Unit(f"{part} {word}", _PARTS[part] * units[word], line)
    return _unit(number, word, units, line)


def _is_fraction(number: str) -> bool:
    return "/" in number or 0.0 < float(number) < 1.0


def _unit(number: str | None, word: str, units: dict[str, float], line: int) -> Unit:
    return Unit(f"{number or ''} {word}".strip(), _factor(number) * units[word], line)


def _factor(number: str | None) -> float:
    """Return a factor such as 0.01 or 1/100, 1 where none is given."""
    above, _, below = (number or "1").partition("/")
    return float(above) / float(below or 1.0) if float(below or 1.0) else 1.0


def _flow_in(spoken: str) -> str | None:
    """Return the unit of vehicles and time that a sentence names of capacities, None where it names no time."""
    if (every := _EVERY.search(spoken)) is not None:
        return {"daily": "per day", "weekly": "per 7 days"}.get(every[1], every[1])
    if (named := _CAPACITY_OF.search(spoken)) and (span := _span(named[1], named[2])):
        return span
    named = _CAPACITY.search(spoken)
    if named is None:
        return None
    said = named[1]
    if (became := _TO_FLOW.search(said)) is not None:
        said = became[1]
    for match in _FLOW.finditer(said):
        if match[1] is None or match[1] in MINUTES:
            return match[0].strip()
    return next((span for match in _SPAN.finditer(said) if (span := _span(match[1], match[2]))), None)


def _span(number: str, word: str) -> str | None:
    """Return a span of time such as "per 2 hours"; None where the words are none."""
    count = str(_COUNTS.get(number, number))
    return f"per {count} {word}" if re.fullmatch(r"\d+(?:\.\d+)?", count) and word in MINUTES else None


def vehicles_per_hour(text: str) -> float | None:
    """Return what a unit of capacity is worth in vehicles/h, such as "veh/h/lane" or "pcu per 15 min"; None if unknown.

    A unit that names no time is taken to be per hour.

    >>> vehicles_per_hour("veh/15 min")
    4.0

    """
    bare = _PER_LANE.sub("", text.strip().lower()).strip(" .")
    if bare in _PER_HOUR or not bare or (bare.isalpha() and bare not in (*_PER_OTHER, *MINUTES)):
        return 1.0
    match = re.fullmatch(r"(?:[^\W\d]+\.?\s*)?(?:/|\bper\b)\s*(\d+(?:\.\d+)?)?\s*([a-z]+)", bare)
    if match is None or match[2] not in MINUTES:
        return None
    minutes = float(match[1] or 1.0) * MINUTES[match[2]]
    return 60.0 / minutes if minutes > 0.0 else None


def worth(text: str, units: dict[str, float]) -> float | None:
    """Return what a unit of a header is worth, such as "h" or "0.01 h"; None where it is not known."""
    match = re.fullmatch(rf"(?:in\s+)?({_NUMBER})?\s*([a-z]+)\.?", text.strip().lower())
    if match is None or match[2] not in units:
        return None
    return _factor(match[1]) * units[match[2]]
