"""The contract that each extension must pass, and tiny cities drawn in ASCII to try it on.

`check(thing)` looks at any hazard, measure, behaviour, metric or reader; `resilience check my_package:Thing` does the
same on the command line. What is checked says `Report.findings`, in words: str(report).
"""

from __future__ import annotations

import inspect
import tempfile
import textwrap
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import mesa
import numpy as np
import pandas as pd

from resilience.agents.behaviour import CheckedBehaviour, Mind, OneByOne, behaviour_kind, one_by_one
from resilience.agents.commuters import Choice, CommuterAgent
from resilience.agents.firms import FirmAgent, FirmOutlook
from resilience.agents.outlook import Outlook
from resilience.base.clock import Onset
from resilience.base.contract import Extension, shown
from resilience.base.errors import InputError, Notice, ResilienceError, near
from resilience.base.plugins import find
from resilience.base.schema import schema, schema_names
from resilience.base.streams import Streams
from resilience.base.text import known, say
from resilience.case.case import Case, load_case
from resilience.city.view import View
from resilience.hazards.hazard import Hazard, Load, begin, hazard_kind
from resilience.measures.measure import Measure, measure_kind
from resilience.metrics.metric import PILLARS, Metric, metrics_of
from resilience.readers.raster import Raster
from resilience.results.record import DO_NOTHING, Record
from resilience.simulation.baseline import baseline
from resilience.simulation.engine import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from resilience.base.arrays import Bools
    from resilience.city.city import City
    from resilience.city.inputs import Inputs

# ------------------------------------------------------------------------------------------------ tiny cities

CRS = "EPSG:26914"
ROADS = """
    A--B--C
    |  |  |
    D--+--E
"""
POWER = """
    S-1-a-b
    |
    2-c-d-e
"""
SEVERITIES = (0.05, 0.25, 0.5, 1.0, 2.0, 5.0, 20.0, 50.0, 100.0)
_TOML = """
[case]
name = "Tiny"
crs = "EPSG:26914"
currency = "USD"
price_year = 2024

[[hazard]]
name = "dark"
kind = "outage"
among = "power.kind == 'substation'"

[[ladder]]
name = "dark"
hazard = ["dark"]
severities = [0.5, 1]
names = "dark-{percent}"
onset = "Monday 05:00"
horizon_days = 2
"""


def terrain(drawing: str, *, cell_m: float = 100.0, west: float = 0.0, south: float = 0.0) -> Raster:
    """Return a raster drawn with one sign a cell: a digit is the height in metres, ~ water at 0, . no data.

    >>> terrain('''
    ... ~12
    ... ~23
    ... ''').values[0]
    array([0., 1., 2.])

    """
    rows = textwrap.dedent(drawing).strip("\n").split("\n")
    heights = {"~": 0.0, ".": np.nan, **{str(d): float(d) for d in range(10)}}
    values = np.array([[heights[sign] for sign in row] for row in rows])
    return Raster(values, west, south + len(rows) * cell_m, cell_m)


def tiny_case(roads: str = ROADS, power: str = POWER, *, more: str = "", cell_m: float = 100.0) -> Case:
    """Return a case drawn in ASCII, loaded as any other.

    Parameters
    ----------
    roads : a letter is a junction with a zone around it (100 people, 50 jobs), + a junction without; - and | are roads
        in both directions between the nearest signs they join. The first zone has a hospital, the last a depot, the
        others a firm each; a trip to work goes from every zone to every other
    power : S is the source, a digit a substation, a small letter the feeder of that zone; - and | are lines
    more : sections added to case.toml
    cell_m : metres of one sign of the drawings

    >>> case = tiny_case("A--B", "S-1-a")
    >>> list(case.city["zones"].index), len(case.city["road_links"]), list(case.scenarios)
    (['zone:A', 'zone:B'], 2, ['dark-50', 'dark-100'])

    """
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        (folder / "case.toml").write_text(_TOML + more, encoding="utf-8")
        for name, table in _tables(roads, power, cell_m).items():
            table.to_csv(folder / f"{name}.csv", index=False)
        return load_case(folder)


def _tables(roads: str, power: str, cell_m: float) -> dict[str, pd.DataFrame]:
    places, joins = _read(roads, cell_m)
    nodes = {name: f"n{name}" if name.isalpha() else f"j{number}" for number, name in enumerate(places)}
    zones = [name for name in places if name.isalpha()]
    at = {name: {"x": x, "y": y} for name, (x, y) in places.items()}
    ways = [(a, b) for a, b in joins for a, b in ((a, b), (b, a))]
    tables = {
        "road_nodes": [{"id": nodes[n], **at[n]} for n in places],
        "road_links": [
            {"id": f"{nodes[a]}-{nodes[b]}", "from_node": nodes[a], "to_node": nodes[b], "lanes": 1, "speed_kmh": 50,
             "length_m": abs(at[a]["x"] - at[b]["x"]) + abs(at[a]["y"] - at[b]["y"]), "capacity_vph": 500}
            for a, b in ways
        ],
        "zones": [{"id": z, **at[z], "people": 100, "jobs": 50} for z in zones],
        "connectors": [{"zone": z, "node": nodes[z], "minutes": 1} for z in zones],
        "purposes": [{"id": "work", "persons_per_trip": 1, "vehicles_per_trip": 1, "telework_share": 0.2}],
        "trips": [
            {"origin": a, "destination": b, "purpose": "work", "mode": "car", "trips": 5}
            for a in zones for b in zones if a != b
        ],
        "facilities": [{"id": "H", "kind": "hospital", "zone": zones[0], **at[zones[0]]},
                       {"id": "D", "kind": "depot", "zone": zones[-1], **at[zones[-1]]}],
        "sectors": [{"id": "trade", "opens_hour": 8, "closes_hour": 17, "days_per_week": 5, "power_need": 1,
                     "stock_days": 3, "cleanup_hours": 24}],
        "firms": [{"id": f"F{z}", "sector": "trade", "zone": z, **at[z], "value_added_per_day": 1000, "jobs": 20}
                  for z in zones[1:-1]],
    }  # fmt: skip
    points, lines = _read(power, cell_m)
    name_of = {p: {"S": "SRC"}.get(p, f"SS{p}" if p.isdigit() else f"f{p}") for p in points}
    kind_of = {p: "source" if p == "S" else "substation" if p.isdigit() else "feeder" for p in points}
    tables["power_nodes"] = [
        {"id": name_of[p], "kind": kind_of[p], "x": x, "y": y, "load_kw": 100 if kind_of[p] == "feeder" else 0}
        for p, (x, y) in points.items()
    ]
    tables["power_links"] = [
        {"id": f"{name_of[a]}={name_of[b]}", "from_node": name_of[a], "to_node": name_of[b]} for a, b in lines
    ]
    fed = [(p, p.upper()) for p in points if p.upper() in zones and p != "S"]
    needs = [{"supplier": f"power:{name_of[p]}", "consumer": f"zone:{z}", "service": "power", "buffer_hours": 0}
             for p, z in fed]  # fmt: skip
    needs += [
        {**row, "consumer": "facility:H", "buffer_hours": 4} for row in needs if row["consumer"] == f"zone:{zones[0]}"
    ]
    tables["dependencies"] = needs
    made = {name: pd.DataFrame(rows) for name, rows in tables.items() if rows}
    return {name: table[[c for c in schema(name).index if c in table]] for name, table in made.items()}


def _read(drawing: str, cell_m: float) -> tuple[dict[str, tuple[float, float]], list[tuple[str, str]]]:
    """Return the places of a drawing by name, metres, and the pairs of them that its lines join."""
    rows = textwrap.dedent(drawing).strip("\n").split("\n")
    wide = max(len(row) for row in rows)
    grid = [row.ljust(wide) for row in rows]
    names: dict[tuple[int, int], str] = {}
    for r, row in enumerate(grid):
        for c, sign in enumerate(row):
            if sign.isalnum() or sign == "+":
                names[r, c] = sign if sign != "+" else f"+{len(names)}"
    places = {name: (c * cell_m, (len(grid) - 1 - r) * cell_m) for (r, c), name in names.items()}
    joins = []
    for (r, c), name in names.items():
        for down, right, sign in ((0, 1, "-"), (1, 0, "|")):
            i, j = r + down, c + right
            while i < len(grid) and j < wide and grid[i][j] == sign:
                i, j = i + down, j + right
            if (i, j) in names and (i, j) != (r + down, c + right):
                joins.append((name, names[i, j]))
    return places, joins


# ------------------------------------------------------------------------------------------------ reports


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `detail` says what is wrong, or for a note what would be better."""

    check: str
    passed: bool
    detail: str = ""

    def __str__(self) -> str:
        mark = say("check.passed") if self.passed else say("check.failed")
        return f"{mark}  {say(f'check.{self.check}')}" + (f": {self.detail}" if self.detail else "")


@dataclass
class Report:
    """What the contract of an extension found, in the order in which it was looked at."""

    room: str
    name: str
    findings: list[Finding] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether nothing failed."""
        return all(finding.passed for finding in self.findings)

    @property
    def failed(self) -> list[str]:
        """The checks that failed."""
        return [finding.check for finding in self.findings if not finding.passed]

    def __str__(self) -> str:
        head = say("check.head", room=say(f"extension.{self.room}"), name=self.name)
        return "\n".join([head, *(f"  {finding}" for finding in self.findings)])

    @contextmanager
    def looking(self, check: str) -> Iterator[None]:
        """Write down how a check ended: it passes unless something is raised in it."""
        try:
            yield
        except (_FoundError, ResilienceError) as error:
            self.findings.append(Finding(check, False, str(error)))
        except Exception as error:
            self.findings.append(Finding(check, False, f"{type(error).__name__}: {error}"))
        else:
            self.findings.append(Finding(check, True))

    def note(self, key: str) -> None:
        """Write down a word that is missing: its name is shown in its place."""
        if not known(key):
            self.findings.append(Finding("word", True, say("check.no_word", word=key, shown=say(key))))


class _FoundError(Exception):
    """What a check found wrong."""


def _hold(held: bool, key: str, **values: Any) -> None:
    if not held:
        raise _FoundError(say(f"check.{key}", **values))


def check(thing: Any, name: str | None = None) -> Report:
    """Return what the contract of its room says of an extension: a class, an object, a metric, a module or a reader.

    >>> from resilience.agents.commuters import StubbornCommuter
    >>> check(StubbornCommuter).passed
    True

    Raises
    ------
    InputError
        It is nothing that a room knows.

    """
    called = name or _name(thing)
    if isinstance(thing, Metric):
        return check_metric(thing)
    if isinstance(thing, ModuleType) or hasattr(thing, "METRICS"):
        whole = Report("metrics", called)
        for metric in metrics_of(called, thing):
            whole.findings += check_metric(metric).findings
        return whole
    kinds: tuple[tuple[str, Callable[..., Report]], ...] = (
        ("start", check_hazard), ("apply", check_measure), ("decide", check_behaviour),
    )  # fmt: skip
    for part, looks in kinds:
        if hasattr(thing, part):
            return looks(thing, name=called)
    if callable(thing) and not isinstance(thing, type):
        return check_reader(thing, name=called)
    raise InputError(say("check.nothing", name=called, found=shown(thing)))


# ------------------------------------------------------------------------------------------------ hazards


def check_hazard(
    thing: Any, *, severities: Sequence[float] | None = None, case: Case | None = None, name: str | None = None
) -> Report:
    """Return whether a hazard keeps its contract: a class, or a hazard made for the city of `case`.

    Parameters
    ----------
    severities : rising; those of SEVERITIES that the hazard takes where not given
    case : the tiny city of this module where not given

    """
    case = case or _tiny()
    called = name or _name(thing if isinstance(thing, type) else type(thing))
    report = Report("hazards", called)
    hazard: Any = None
    with report.looking("whole"):
        hazard = _hazard(called, thing, case)
    if hazard is None:
        return report
    inputs, onset = case.inputs, Onset(0, 5)
    with report.looking("severity"):
        for value in (-1.0, 0.0, float("nan"), float("inf"), *(severities or SEVERITIES)):
            told = hazard.check_severity(value)
            listed = isinstance(told, list) and all(isinstance(sentence, str) for sentence in told)
            _hold(listed, "no_sentences", found=shown(told))
    rungs = [s for s in severities or SEVERITIES if not hazard.check_severity(s)]
    with report.looking("notices"):
        loads = [Load(f"s{s:g}", float(s), onset, 48) for s in rungs]
        for told in (hazard.notices(inputs.city), hazard.notices_of_tests(called, inputs, loads)):
            listed = isinstance(told, list) and all(isinstance(notice, Notice) for notice in told)
            _hold(listed, "no_notices", found=shown(told))
    before = deepcopy(inputs.city.tables)
    found: list[_Struck] = []
    with report.looking("shapes"):
        found = [_strike(called, hazard, inputs, s, onset) for s in rungs]
    if len(found) < len(rungs) or not rungs:
        return report
    with report.looking("untouched"):
        _same_tables(before, inputs.city.tables)
    with report.looking("effect"):
        many = ", ".join(f"{s:g}" for s in rungs)
        _hold(any(s.damage or s.deepest for s in found), "no_effect", severities=many)
    with report.looking("same_seed"):
        for severity, first in zip(rungs, found, strict=True):
            _hold(_strike(called, hazard, inputs, severity, onset) == first, "other_result", severity=f"{severity:g}")
    with report.looking("rises"):
        for lower, upper, (one, two) in zip(found, found[1:], pairwise(rungs), strict=False):
            gone = sorted(set(lower.damage) - set(upper.damage))
            less = gone or [c for c, loss in lower.damage.items() if upper.damage[c] < loss - 1e-9]
            _hold(not less, "falls", one=f"{one:g}", two=f"{two:g}", component=", ".join(less[:3]))
            _hold(upper.deepest >= lower.deepest - 1e-9, "falls", one=f"{one:g}", two=f"{two:g}", component="Water")
    with report.looking("order"):
        turned = _turned(case)
        again = _hazard(called, thing, turned)
        for severity, first in zip(rungs, found, strict=True):
            other = _strike(called, again, turned.inputs, severity, onset)
            strange = sorted(set(other.damage.items()) ^ set(first.damage.items()))
            _hold(not strange, "order_counts", component=", ".join(sorted({c for c, _ in strange})[:3]))
    with report.looking("unit"):
        _hold(isinstance(hazard.unit, str) and hazard.unit != "", "no_unit", found=shown(hazard.unit))
    for cause in sorted({cause for s in found for cause in s.causes}):
        report.note(f"reason.{cause}")
    return report


@dataclass(frozen=True)
class _Struck:
    """All that a hazard does directly: the loss of each component, the causes, the deepest water."""

    damage: dict[str, float]
    causes: frozenset[str]
    deepest: float


def _strike(name: str, hazard: Hazard, inputs: Inputs, severity: float, onset: Onset, hours: int = 72) -> _Struck:
    """Return the direct damage of a hazard within some days; nothing is repaired."""
    city = inputs.city
    event = begin(name, hazard, inputs, severity, onset, Streams(1, 0))
    undamaged = np.ones(len(city.components), np.bool_)
    closed = np.zeros(len(city["road_links"]), np.bool_)
    damage: dict[str, float] = {}
    causes: set[str] = set()
    deepest = 0.0
    for hour in range(hours):
        up, whole, held, shut = undamaged.copy(), undamaged.copy(), ~undamaged, closed.copy()
        view = View(hour, onset.weekday_at(hour), city.components, up, whole, held, None, shut, warned=False)
        for array in (view.up, view.undamaged, view.held, view.closed):
            array.flags.writeable = False
        water, struck = event.step(hour, view)
        event.at_risk(hour)
        if water is not None:
            deepest = max(deepest, float(max((a.max() for a in (water.link_m, water.site_m) if len(a)), default=0.0)))
        for component, loss in zip(struck.component, struck.loss, strict=True):
            damage[component] = max(damage.get(component, 0.0), float(loss))
        undamaged[city.components.get_indexer(struck.component)] = False
        causes |= {struck.cause} if struck.cause else set()
    return _Struck({c: v for c, v in damage.items() if v > 0}, frozenset(causes), deepest)


def _hazard(name: str, thing: Any, case: Case) -> Hazard:
    """Return a hazard for a city: the one given, or the example of its class, or one of its defaults."""
    if not isinstance(thing, type):
        whole: Any = hazard_kind
        kind = whole(name, type(thing))
        if isinstance(thing, kind):
            return thing
        given = {f.name: getattr(thing, f.name) for f in fields(thing)} if is_dataclass(thing) else {}
        return kind(**given)
    kind = hazard_kind(name, thing)
    with Extension("hazards", name).calling("example"):
        return kind.example(case.city)


# ------------------------------------------------------------------------------------------------ measures


def check_measure(thing: Any, *, case: Case | None = None, name: str | None = None) -> Report:
    """Return whether a measure keeps its contract: a class whose fields can be guessed, or a measure for `case`."""
    case = case or _tiny()
    called = name or _name(thing if isinstance(thing, type) else type(thing))
    report = Report("measures", called)
    made: list[Any] = []
    with report.looking("whole"):
        measure_kind(called, thing if isinstance(thing, type) else type(thing))
        made.append(_measure(called, thing, case) if isinstance(thing, type) else thing)
    if not made:
        return report
    applies = made[0]
    with report.looking("frozen"):
        _hold(type(applies).__dataclass_params__.frozen, "not_frozen")
    before = deepcopy(case.city.tables)
    measure = Measure(called, called, applies)
    done: list[Inputs] = []
    with report.looking("same_rows"):
        done.append(measure.apply(case.inputs))
    with report.looking("untouched"):
        _same_tables(before, case.city.tables)
    if not done:
        return report
    changed = done[0]
    with report.looking("effect"):
        _hold(not _alike(case.inputs, changed), "no_change")
    with report.looking("same_seed"):
        _hold(_alike(measure.apply(case.inputs), changed), "other_change")
    with report.looking("order"):
        other = measure.apply(_turned(case).inputs)
        _hold(_alike(other, changed), "order_counts", component=called)
    return report


def _measure(name: str, kind: Any, case: Case) -> Any:
    """Return a measure for a city, its fields guessed where they have no default."""
    if hasattr(kind, "example"):
        return kind.example(case.city)
    guesses = ("road.lanes >= 1", "power.kind == 'substation'", "facility.kind == 'hospital'", "zone.people > 0")
    needed = [f.name for f in fields(kind) if str(f.default).startswith("<dataclasses._MISSING") and f.init]
    problem: Exception | None = None
    for where in guesses:
        try:
            made = kind(**{n: where if n == "where" else 1.0 for n in needed})
            Measure(name, name, made).apply(case.inputs)
        except Exception as error:
            problem = problem or error
        else:
            return made
    try:
        return kind(**{n: guesses[0] if n == "where" else 1.0 for n in needed})
    except TypeError as error:
        raise _FoundError(say("check.no_example", reason=problem or error)) from error


def _alike(one: Inputs, two: Inputs) -> bool:
    """Return whether two inputs say the same, whatever the order of rows."""
    rest = all(getattr(one, part) == getattr(two, part) for part in ("operations", "behaviours", "rhythm"))
    hazards = one.hazards.keys() == two.hazards.keys() and all(
        one.hazards[n] is two.hazards[n] or one.hazards[n] == two.hazards[n] for n in one.hazards
    )
    tables = one.city.tables.keys() == two.city.tables.keys()
    return (
        rest and hazards and tables and all(_sorted(t).equals(_sorted(two.city[n])) for n, t in one.city.tables.items())
    )


# ------------------------------------------------------------------------------------------------ behaviours


def check_behaviour(thing: Any, *, name: str | None = None) -> Report:
    """Return whether a behaviour keeps its contract: a class that decides for everyone, or an agent with one mind."""
    called = name or _name(thing)
    report = Report("agents", called)
    kind: Any = None
    with report.looking("whole"):
        kind = behaviour_kind(called, thing)
    if kind is None:
        return report
    single = one_by_one(kind)
    people = not _is_firm(kind, single)
    sees: Any = _outlook(60) if people else _firm_outlook(60)
    before = deepcopy(sees)
    answers: Any = None

    def decide(outlook: Any) -> Any:
        many = len(outlook.due if people else outlook.labour)
        form = OneByOne(mesa.Model(seed=0), kind, many) if issubclass(kind, Mind) else kind()
        return CheckedBehaviour(called, form, many, len(Choice) if people else None).decide(outlook)

    with report.looking("shapes"):
        answers = decide(sees)
    with report.looking("untouched"):
        for part in fields(sees):
            same = np.array_equal(getattr(sees, part.name), getattr(before, part.name))
            _hold(same, "changed", what=part.name)
    if answers is None:
        return report
    asked = sees.due if people else np.ones(60, np.bool_)
    with report.looking("same_seed"):
        _hold(np.array_equal(decide(sees)[asked], answers[asked]), "other_answers")
    with report.looking("order"):
        back = np.arange(60)[::-1]
        parts = {p.name: getattr(sees, p.name) for p in fields(sees)}
        turned = replace(sees, **{n: v[back].copy() for n, v in parts.items() if np.ndim(v)})
        _hold(np.array_equal(decide(turned)[back][asked], answers[asked]), "order_answers")
    if single is not None and single is not kind:
        with report.looking("one_by_one"):
            alone = OneByOne(mesa.Model(seed=0), single, 60).decide(sees)
            other = np.flatnonzero(asked & (alone != answers))
            values = {"one": shown(alone[other[0]]), "all": shown(answers[other[0]])} if len(other) else {}
            _hold(not len(other), "forms_differ", **values)
    return report


def _is_firm(kind: Any, single: type[Mind] | None) -> bool:
    """Return whether a behaviour decides for firms: by its form as one agent, else by what it can answer."""
    if single is not None:
        return issubclass(single, FirmAgent)
    try:
        kind().decide(_outlook(3))
    except AttributeError as error:
        return error.name in {f.name for f in fields(FirmOutlook)} and not issubclass(kind, CommuterAgent)
    except Exception:
        return False
    return False


def _outlook(many: int) -> Outlook:
    """Return what trip makers see on a day on which much is wrong."""
    ids = [f"person:{n}" for n in range(many)]
    draws = Streams(1, 0)

    def yes(what: str, share: float) -> Bools:
        return _shut(draws.uniform(what, ids) < share)

    usual = 5.0 + 40.0 * draws.uniform("usual", ids)
    now = usual * (0.9 + 3.0 * draws.uniform("now", ids) ** 3)
    now[draws.uniform("way", ids) < 0.15] = np.inf
    return Outlook(
        due=yes("due", 0.8), usual_min=_shut(usual), now_min=_shut(now), home_flooded=yes("flooded", 0.15),
        home_power=yes("power", 0.8), home_at_risk=yes("risk", 0.3), target_open=yes("open", 0.8),
        can_telework=yes("telework", 0.4), cautious=_shut(draws.uniform("cautious", ids)), warned=True,
    )  # fmt: skip


def _firm_outlook(many: int) -> FirmOutlook:
    ids = [f"firm:{n}" for n in range(many)]
    draws = Streams(1, 0)
    return FirmOutlook(**{f.name: _shut(draws.uniform(f.name, ids)) for f in fields(FirmOutlook)})


def _shut(values: Any) -> Any:
    values.flags.writeable = False
    return values


# ------------------------------------------------------------------------------------------------ metrics


def check_metric(thing: Any, *, case: Case | None = None, name: str | None = None) -> Report:
    """Return whether a metric keeps its contract, on a tiny city in the dark and on an ordinary day."""
    case = case or _tiny()
    called = thing.name if isinstance(thing, Metric) else (name or _name(thing))
    report = Report("metrics", called)
    metric: Any = None
    with report.looking("whole"):
        (metric,) = metrics_of(called, thing)
        own = {m.name: m for room in PILLARS for m in metrics_of(room, find("metrics", room))}
        _hold(own.get(metric.name, metric) == metric, "name_taken", name=metric.name)
    if metric is None:
        return report
    tables = case.city.tables
    lacks = metric.lacks(tables)
    with report.looking("assessed"):
        _hold(not lacks, "lacks", tables=", ".join(lacks))
    if lacks:
        return report
    struck, calm = _records(case)
    before, tables_before = deepcopy(struck.series), deepcopy(tables)
    value: Any = None
    with report.looking("shapes"):
        value = metric.score(metric.measure(struck, calm, tables), struck.onset_hour)["value"]
    with report.looking("untouched"):
        for key, old in before.items():
            _hold(np.array_equal(struck.series[key], old, equal_nan=True), "changed", what=" ".join(key))
        _same_tables(tables_before, tables)
    if value is None:
        return report
    with report.looking("same_seed"):
        again = metric.score(metric.measure(struck, calm, tables), struck.onset_hour)["value"]
        _hold(np.array_equal(again, value, equal_nan=True), "other_value", one=value, two=again)
    with report.looking("calm"):
        rest = metric.score(metric.measure(calm, calm, tables), calm.onset_hour)["value"]
        wanted = (1.0,) if metric.service else (0.0, 1.0)
        _hold(np.isnan(rest) or any(abs(rest - w) < 1e-6 for w in wanted), "not_calm", found=rest, wanted=wanted)
    with report.looking("order"):
        turned = {n: t.iloc[::-1] for n, t in tables.items()}
        other = metric.score(metric.measure(struck, calm, turned), struck.onset_hour)["value"]
        same = np.isclose(other, value, rtol=1e-9, equal_nan=True)
        _hold(bool(same), "order_value", one=value, two=other)
    for word in (f"metric.{metric.name}.name", f"metric.{metric.name}.meaning", f"unit.{metric.unit}"):
        report.note(word)
    return report


def _records(case: Case) -> tuple[Record, Record]:
    """Return the record of the worst scenario of a case and of its no-hazard run, kept for the tiny city."""
    return _tiny_records() if case is _tiny() else _run(case)


@cache
def _tiny_records() -> tuple[Record, Record]:
    return _run(_tiny())


def _run(case: Case) -> tuple[Record, Record]:
    scenario = list(case.scenarios.values())[-1]
    people, road = case.population(1), case.city.road
    ordinary = None if people is None or road is None else baseline(road, people, case.inputs.rhythm.relative_gap)
    more: dict[str, Any] = {"option": DO_NOTHING, "streams": Streams(1, 0), "people": people, "ordinary": ordinary}
    struck = run(case.inputs, scenario, **more)
    return struck, run(case.inputs, scenario.without_hazard(), **more)


# ------------------------------------------------------------------------------------------------ readers


def check_reader(
    read: Any, *, example: str | bytes | Path | None = None, arguments: Sequence[Any] = (), name: str | None = None
) -> Report:
    """Return whether a reader keeps its contract.

    Parameters
    ----------
    example : a file or folder it reads, or the content of one; where not given, only bad files are tried
    arguments : what it takes after the path; a coordinate system where it asks for `crs`

    """
    called = name or _name(read)
    report = Report("readers", called)
    more: list[Any] = list(arguments)
    with report.looking("whole"):
        _hold(callable(read), "no_reader", found=shown(read))
        by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        takes = [p for p in inspect.signature(read).parameters.values() if p.kind in by_place]
        asked = [p for p in takes if p.default is inspect.Parameter.empty]
        _hold(bool(asked), "no_reader", found=shown(read))
        if not more:
            more = [CRS for p in asked[1:] if p.name == "crs"]
        _hold(len(more) == len(asked) - 1, "no_arguments", names=", ".join(p.name for p in asked[1:]))
    if not report.passed:
        return report
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        with report.looking("missing_file"):
            _refuses(read, folder / "gone.txt", more)
        with report.looking("bad_file"):
            for number, content in enumerate((b"\x00\xff\xfe garbage \x80", b"not;what,it\tshould be\n")):
                path = folder / f"bad{number}.txt"
                path.write_bytes(content)
                _refuses(read, path, more)
        if example is None:
            return report
        path = example if isinstance(example, Path) else folder / "example.txt"
        if not isinstance(example, Path):
            path.write_bytes(example.encode() if isinstance(example, str) else example)
        _check_good_file(read, path, more, report)
    return report


def _check_good_file(read: Any, path: Path, more: list[Any], report: Report) -> None:
    before = _bytes_of(path)
    found: Any = None
    with report.looking("reads"):
        found = read(path, *more)
        _hold(found is not None, "gave_nothing")
        if isinstance(found, dict):
            for table, rows in found.items():
                _hold(table in schema_names(), "no_table", name=table, expected=near(str(table), schema_names()))
                _hold(isinstance(rows, pd.DataFrame), "no_frame", name=table, found=shown(rows))
                strange = [str(c) for c in rows.columns if c not in schema(table).index]
                _hold(not strange, "no_column", name=table, found=", ".join(strange))
                lacks = [str(c) for c, r in schema(table)["required"].items() if r == "yes" and c not in rows.columns]
                _hold(not lacks, "lacks_column", name=table, found=", ".join(lacks))
    with report.looking("untouched"):
        _hold(_bytes_of(path) == before, "changed", what=path.name)
    if found is None:
        return
    with report.looking("same_seed"):
        _hold(_same(read(path, *more), found), "other_read")


def _refuses(read: Any, path: Path, more: list[Any]) -> None:
    """Raise where a reader takes a file it cannot read, or ends in another error than one meant for users."""
    try:
        found = read(path, *more)
    except ResilienceError:
        return
    except Exception as error:
        raise _FoundError(say("check.crashes", kind=type(error).__name__, reason=error, file=path.name)) from error
    raise _FoundError(say("check.takes_anything", file=path.name, found=shown(found)))


def _bytes_of(path: Path) -> dict[str, bytes]:
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return {str(f): f.read_bytes() for f in files if f.is_file()}


def _same(one: Any, two: Any) -> bool:
    """Return whether two things that a reader gave say the same."""
    if isinstance(one, pd.DataFrame | pd.Series):
        return isinstance(two, type(one)) and one.equals(two)
    if isinstance(one, np.ndarray):
        return bool(np.array_equal(one, two, equal_nan=one.dtype.kind == "f"))
    if isinstance(one, dict):
        return isinstance(two, dict) and one.keys() == two.keys() and all(_same(one[k], two[k]) for k in one)
    if is_dataclass(one) and type(one) is type(two):
        return all(_same(getattr(one, f.name), getattr(two, f.name)) for f in fields(one))
    return bool(one == two)


# ------------------------------------------------------------------------------------------------ shared


def _name(thing: Any) -> str:
    return str(getattr(thing, "__name__", type(thing).__name__))


@cache
def _tiny() -> Case:
    return tiny_case()


def _turned(case: Case) -> Case:
    """Return a case with the rows of all its tables in the opposite order, and nothing kept of the other one."""
    tables = {name: table.iloc[::-1] for name, table in case.city.tables.items()}
    city: City = replace(case.city, tables=tables, geometry={})
    return replace(case, inputs=replace(case.inputs, city=city))


def _same_tables(before: dict[str, pd.DataFrame], after: dict[str, pd.DataFrame]) -> None:
    for name, old in before.items():
        _hold(old.equals(after[name]), "changed", what=f"{name}")


def _sorted(table: pd.DataFrame) -> pd.DataFrame:
    columns = sorted(table.columns)
    if table.index.name == "id":
        return table[columns].sort_index()
    return table[columns].sort_values(columns, ignore_index=True)
