# ruff: noqa: E501 - a fault a line
"""Every built-in keeps the contract of its room; every way to break one is found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from resilience.agents.commuters import Choice, CommuterAgent, InformedCommuter
from resilience.agents.firms import FirmAgent
from resilience.base.errors import InputError, Notice
from resilience.base.plugins import BUILT_IN, find
from resilience.base.streams import Streams
from resilience.city.water import DEPTHS, dry
from resilience.hazards.hazard import CREW, Damage, Event, Hazard
from resilience.hazards.outage import Outage
from resilience.metrics.metric import Metric
from resilience.metrics.scoring import all_metrics
from resilience.simulation.engine import run
from resilience.testing import (
    check,
    check_behaviour,
    check_hazard,
    check_measure,
    check_metric,
    check_reader,
    terrain,
    tiny_case,
)
from tests.tiny import CRS, write_tif

MOST = [(room, name) for room in ("hazards", "measures", "agents") for name in BUILT_IN[room]]


@pytest.mark.parametrize(("room", "name"), MOST)
def test_built_ins_keep_their_contract(room, name):
    report = check(find(room, name), name)
    assert report.room == room
    assert report.passed, str(report)
    assert len(report.findings) >= 5


@pytest.mark.parametrize("name", list(all_metrics()))
def test_built_in_metrics_keep_their_contract(name):
    report = check_metric(all_metrics()[name])
    assert report.passed, str(report)


def test_built_in_readers_keep_their_contract(tmp_path):
    path = tmp_path / "t.tif"
    write_tif(path, terrain("~12\n~23"))
    report = check_reader(find("readers", "geotiff"), example=path, arguments=(CRS,))
    assert report.passed, str(report)
    report = check_reader(find("readers", "tntp"), example=Path(__file__).parent / "readers" / "tiny_tntp")
    assert "missing_file" not in report.failed


def test_a_city_is_drawn():
    case = tiny_case("A--+--B\n|     |\nC-----+", "S-1-a\n  |\n  b-c")
    city = case.city
    assert list(city["zones"].index) == ["zone:A", "zone:B", "zone:C"]
    assert len(city["road_links"]) == 2 * 5
    assert city["road_links"]["length_m"].max() == 600.0
    assert {"power:SRC", "power:SS1", "power:fa", "power:fb", "power:fc"} == set(city["power_nodes"].index)
    assert case.population(1) is not None


# ------------------------------------------------------------------------------------------------ broken hazards


def nodes(inputs):
    return inputs.city["power_nodes"].index


def struck(ids, onset, **more):
    return Event.at_once(Damage.of(ids, repair_hours=5.0, cause="damaged", **more), onset.hour)


class Base:
    unit = "m"


@dataclass(frozen=True)
class Good(Base):
    def start(self, inputs, severity, onset, streams):
        ids = nodes(inputs)
        return struck(ids[streams.uniform("good", ids) < severity / 10], onset)


class NoStart(Base):
    def step(self, hour, view):
        return None, Damage()


class NoEvent(Base):
    def start(self, inputs, severity, onset, streams):
        return [1, 2]


class NoStep(Base):
    def start(self, inputs, severity, onset, streams):
        return Event()


class WrongShape(Base):
    def start(self, inputs, severity, onset, streams):
        damage = Damage.of(nodes(inputs), repair_hours=1.0)
        return Event.at_once(replace(damage, loss=np.ones(3)), onset.hour)


class WrongTuple(Base):
    class Going:
        def step(self, hour, view):
            return Damage()

    def start(self, inputs, severity, onset, streams):
        return self.Going()


class UnknownComponent(Base):
    def start(self, inputs, severity, onset, streams):
        return struck(["power:gone"], onset)


class TooMuchLoss(Base):
    def start(self, inputs, severity, onset, streams):
        return struck(nodes(inputs), onset, loss=1.5)


class NeverBack(Base):
    def start(self, inputs, severity, onset, streams):
        return struck(nodes(inputs), onset, repaired_by=0)


class WorkOfNumbers(Base):
    def start(self, inputs, severity, onset, streams):
        return Event.at_once(replace(Damage.of(nodes(inputs)), work=list(range(len(nodes(inputs))))), onset.hour)


class TooFewWorks(Base):
    def start(self, inputs, severity, onset, streams):
        return Event.at_once(replace(Damage.of(nodes(inputs)), work=["a"]), onset.hour)


class WetForever(Base):
    def start(self, inputs, severity, onset, streams):
        return struck(nodes(inputs), onset, dry_m=np.nan)


class WordsAsLoss(Base):
    def start(self, inputs, severity, onset, streams):
        return Event.at_once(replace(Damage.of(nodes(inputs)), loss=["a"] * len(nodes(inputs))), onset.hour)


class NestedComponents(Base):
    def start(self, inputs, severity, onset, streams):
        return Event.at_once(replace(Damage.of(nodes(inputs)), component=[[n] for n in nodes(inputs)]), onset.hour)


def water_of(inputs, **parts):
    """An event that brings the water of a dry city with some parts changed."""
    city = inputs.city
    sizes = len(city["road_links"]), len(city.sites), len(city["zones"])

    class Brings(Event):
        def step(self, hour, view):
            return replace(dry(*sizes), **parts), Damage()

    return Brings()


class NanWater(Base):
    def start(self, inputs, severity, onset, streams):
        return water_of(inputs, link_m=np.full(len(inputs.city["road_links"]), np.nan))


class TwiceTheZone(Base):
    def start(self, inputs, severity, onset, streams):
        return water_of(inputs, zone_share=np.full((len(inputs.city["zones"]), len(DEPTHS)), 2.0))


class NumberAsCause(Base):
    def start(self, inputs, severity, onset, streams):
        return Event.at_once(Damage.of(nodes(inputs), cause=7), onset.hour)


class OverBefore(Base):
    def start(self, inputs, severity, onset, streams):
        return struck(nodes(inputs), onset, until_hour=onset.hour)


class Raises(Base):
    def start(self, inputs, severity, onset, streams):
        return struck(nodes(inputs)[: 1 // 0], onset)


class DrawsInOrder(Base):
    def start(self, inputs, severity, onset, streams):
        ids = nodes(inputs)
        return struck(ids[np.random.default_rng(1).random(len(ids)) < severity / 10], onset)


class DrawsAnew(Base):
    def start(self, inputs, severity, onset, streams):
        ids = nodes(inputs)
        return struck(ids[np.random.default_rng().random(len(ids)) < 0.5], onset)


class Falls(Base):
    def start(self, inputs, severity, onset, streams):
        ids = nodes(inputs)
        return struck(ids[streams.uniform("falls", ids) > severity / 10], onset)


class Touches(Base):
    def start(self, inputs, severity, onset, streams):
        inputs.city["zones"].loc[:, "people"] = inputs.city["zones"]["people"] + 1.0
        return struck(nodes(inputs), onset)


class Nothing(Base):
    def start(self, inputs, severity, onset, streams):
        return struck([], onset)


class NoUnit(Good):
    unit = ""


class BadNotices(Good):
    def notices(self, city):
        return "all well"


class BadSeverity(Good):
    def check_severity(self, severity):
        return severity > 0


HAZARDS = [
    (NoStart, "whole", "start is missing"), (NoEvent, "shapes", "Event.at_once"), (NoStep, "shapes", "Event.at_once"),
    (WrongShape, "shapes", "Damage.loss"), (WrongTuple, "shapes", "two things"), (UnknownComponent, "shapes", "power:gone"),
    (TooMuchLoss, "shapes", "1.5"), (NeverBack, "shapes", "until_hour"), (OverBefore, "shapes", "until_hour"), (Raises, "shapes", "ZeroDivisionError"),
    (WorkOfNumbers, "shapes", "list of"), (TooFewWorks, "shapes", "list of"),
    (NumberAsCause, "shapes", "Damage.cause"), (WetForever, "shapes", "Damage.dry_m"),
    (WordsAsLoss, "shapes", "Damage.loss"), (NestedComponents, "shapes", "Damage.component"),
    (NanWater, "shapes", "Water.link_m"), (TwiceTheZone, "shapes", "Water.zone_share"), (DrawsInOrder, "order", "streams.uniform"), (DrawsAnew, "same_seed", "by name"), (Falls, "rises", "power:"),
    (Touches, "untouched", "zones"), (Nothing, "effect", "no damage"), (NoUnit, "unit", "m/s"),
    (BadNotices, "notices", "'all well'"), (BadSeverity, "severity", "list of sentences"),
]  # fmt: skip


def test_a_dataclass_with_start_alone_is_a_hazard():
    report = check_hazard(Good)
    assert report.passed, str(report)


@pytest.mark.parametrize(("kind", "where", "words"), HAZARDS, ids=[h[0].__name__ for h in HAZARDS])
def test_a_broken_hazard_is_found(kind, where, words):
    report = check_hazard(kind, case=tiny_case())
    assert where in report.failed, str(report)
    detail = next(f.detail for f in report.findings if f.check == where)
    assert words in detail
    if where in ("whole", "shapes"):
        assert f'hazard "{kind.__name__}"' in detail
    assert "FAILED" in str(report)


def test_a_hazard_made_for_the_city_is_checked_as_it_is():
    assert check_hazard(Outage(pattern="targeted")).passed
    assert check_hazard(Good(), severities=(1.0, 3.0, 9.0)).passed


# ------------------------------------------------------------------------------------------------ broken measures


def doubled(inputs, **change):
    rows = inputs.city["zones"].copy()
    return inputs.with_table("zones", rows.assign(people=rows["people"] * 2))


@dataclass(frozen=True)
class Fine:
    def apply(self, inputs):
        return doubled(inputs)


@dataclass(frozen=True)
class NoApply:
    height_m: float = 1.0


class NoDataclass:
    def apply(self, inputs):
        return doubled(inputs)


@dataclass
class Thawed:
    def apply(self, inputs):
        return doubled(inputs)


@dataclass(frozen=True)
class Renumbers:
    def apply(self, inputs):
        city = inputs.city
        tables = {**city.tables, "power_nodes": city["power_nodes"].iloc[::-1]}
        return replace(inputs, city=replace(city, tables=tables))


@dataclass(frozen=True)
class Adds:
    def apply(self, inputs):
        city = inputs.city
        more = pd.concat([city["zones"], city["zones"].iloc[:1].rename(index={"zone:A": "zone:new"})])
        return replace(inputs, city=replace(city, tables={**city.tables, "zones": more}))


@dataclass(frozen=True)
class InPlace:
    def apply(self, inputs):
        inputs.city["zones"]["people"] += 1.0
        return inputs


@dataclass(frozen=True)
class GivesCity:
    def apply(self, inputs):
        return inputs.city


@dataclass(frozen=True)
class Breaks:
    def apply(self, inputs):
        return inputs.city["nothing"]


@dataclass(frozen=True)
class Idle:
    def apply(self, inputs):
        return inputs


@dataclass(frozen=True)
class ByPosition:
    def apply(self, inputs):
        rows = inputs.city["zones"].copy()
        rows.iloc[0, rows.columns.get_loc("people")] = 0.0
        return inputs.with_table("zones", rows)


MEASURES = [
    (NoApply, "whole", "apply is missing"), (NoDataclass, "whole", "frozen dataclass"), (Thawed, "frozen", "frozen=True"),
    (Renumbers, "same_rows", "power_nodes"), (Adds, "same_rows", "zones"), (InPlace, "untouched", "zones"),
    (GivesCity, "same_rows", "Inputs"), (Breaks, "same_rows", "KeyError"), (Idle, "effect", "unchanged"),
    (ByPosition, "order", "another order"),
]  # fmt: skip


def test_a_good_measure_passes():
    assert check_measure(Fine).passed


@pytest.mark.parametrize(("kind", "where", "words"), MEASURES, ids=[m[0].__name__ for m in MEASURES])
def test_a_broken_measure_is_found(kind, where, words):
    report = check_measure(kind, case=tiny_case())
    assert where in report.failed, str(report)
    assert words in next(f.detail for f in report.findings if f.check == where)


# ------------------------------------------------------------------------------------------------ broken behaviours


class NoDecide:
    pass


class Short:
    def decide(self, sees):
        return np.zeros(3, np.int64)


class Words:
    def decide(self, sees):
        return np.full(len(sees.due), "go")


class Beyond:
    def decide(self, sees):
        return np.full(len(sees.due), 99)


class FirstGo:
    def decide(self, sees):
        return np.where(np.arange(len(sees.due)) < 5, Choice.GO, Choice.NO_WAY)


class Stupid:
    def decide(self, sees):
        return sees.no_such_thing


class Writes:
    def decide(self, sees):
        sees.now_min[:] = 0.0
        return np.zeros(len(sees.due), np.int64)


class OneMind(CommuterAgent):
    def decide(self, sees):
        return Choice.GO


class TwoMinds(InformedCommuter):
    one_by_one = OneMind


class Overworked(FirmAgent):
    def decide(self, sees):
        return 2.0


class NoAnswer(CommuterAgent):
    def decide(self, sees):
        return None


BEHAVIOURS = [
    (NoDecide, "whole", "decide is missing"), (Short, "shapes", "(60,)"), (Words, "shapes", "Choice"),
    (Beyond, "shapes", "99"), (FirstGo, "order", "where in the list"), (Stupid, "shapes", "no_such_thing"),
    (Writes, "shapes", "read-only"), (TwoMinds, "one_by_one", "alone answers"), (Overworked, "shapes", "2.0"),
    (NoAnswer, "shapes", "TypeError"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "where", "words"), BEHAVIOURS, ids=[b[0].__name__ for b in BEHAVIOURS])
def test_a_broken_behaviour_is_found(kind, where, words):
    report = check_behaviour(kind)
    assert where in report.failed, str(report)
    assert words in next(f.detail for f in report.findings if f.check == where)


def test_a_mind_of_its_own_and_firms_for_all_at_once_pass():
    class Firms:
        def decide(self, sees):
            return np.minimum(sees.power, sees.labour)

    assert check_behaviour(OneMind).passed
    assert check_behaviour(Firms).passed


# ------------------------------------------------------------------------------------------------ broken metrics


def metric(compute, **more):
    return Metric(
        **{"name": "safety/tried", "unit": "people", "better": "lower", "compute": compute, "needs": ("zones",)} | more
    )


def first_zone(record, no_hazard, tables):
    return float(len(record.events)) + float(tables["zones"]["x"].iloc[0])


METRICS = [
    (metric(lambda *_: "many"), "shapes", "'many'"),
    (metric(lambda *_: pd.Series([1.0, 2.0])), "shapes", "48 hours"),
    (metric(lambda *_: None), "shapes", "None"),
    (metric(lambda *_: 1 / 0), "shapes", "ZeroDivisionError"),
    (metric(lambda *_: 7.0), "calm", "7.0"),
    (metric(first_zone), "order", "another order"),
    (metric(lambda *_: 0.0, name="tried"), "whole", "pillar"),
    (metric(lambda *_: 0.0, better="more"), "whole", "higher"),
    (metric(lambda *_: 0.0, name="safety/people_safe"), "whole", "another metric"),
    (metric(lambda *_: 0.0, needs=("zonez",)), "whole", "did you mean: zones"),
    (metric(lambda *_: 0.0, needs=("facilities:school",)), "assessed", "facilities:school"),
    (metric("nothing"), "whole", "compute"),
    (metric(lambda r, n, t: r.curve("safety/people_in_the_dark")), "shapes", "people_in_the_dark"),
]


@pytest.mark.parametrize(("thing", "where", "words"), METRICS)
def test_a_broken_metric_is_found(thing, where, words):
    report = check_metric(thing)
    assert where in report.failed, str(report)
    assert words in next(f.detail for f in report.findings if f.check == where)


def test_words_that_are_missing_are_told_and_fail_nothing():
    report = check_metric(metric(lambda *_: 0.0, unit="fallen_trees"))
    assert report.passed
    assert 'there is no word "unit.fallen_trees"' in str(report)
    assert 'shown is "fallen trees"' in str(report)


# ------------------------------------------------------------------------------------------------ broken readers


def crashes(path):
    return {"zones": pd.read_csv(path)}


def takes_all(path):
    return {"zones": pd.DataFrame({"id": ["A"], "x": [0.0], "y": [0.0]})}


def careful(path):
    if not path.is_file() or "Z" not in path.read_bytes().decode(errors="replace"):
        raise InputError(str(path))
    return path


READERS = [
    (crashes, "missing_file", "FileNotFoundError"), (takes_all, "bad_file", "is read as"),
    (lambda path: careful(path) and None, "reads", "None"),
    (lambda path: careful(path) and {"zone": pd.DataFrame()}, "reads", "did you mean: zones"),
    (lambda path: careful(path) and {"zones": pd.DataFrame({"id": ["A"], "size": [1]})}, "reads", "size"),
    (lambda path: careful(path) and {"zones": pd.DataFrame({"id": ["A"]})}, "reads", "x, y"),
    (lambda path: careful(path) and {"zones": [1]}, "reads", "DataFrame"),
    (lambda path: (careful(path), path.write_text("Z2")), "untouched", "example.txt"),
    (lambda: None, "whole", "first parameter"), (lambda path, size: None, "whole", "size"),
]  # fmt: skip


@pytest.mark.parametrize(("read", "where", "words"), READERS)
def test_a_broken_reader_is_found(read, where, words):
    report = check_reader(read, example="Z")
    assert where in report.failed, str(report)
    assert words in next(f.detail for f in report.findings if f.check == where)


def test_what_belongs_to_no_room_is_said():
    with pytest.raises(InputError, match="neither hazard"):
        check(3)


def test_the_base_class_of_hazards_has_a_default_for_all_but_start():
    hazard = Good()
    whole = type("Whole", (Good, Hazard), {})()
    assert (whole.check_severity(3.0), whole.notices(None), whole.notices_of_tests("x", None, []), whole.grid()) == (
        [],
        [],
        [],
        None,
    )
    assert not hasattr(hazard, "grid")
    assert CREW == 2
    assert Notice("gust_low", {"found": "3"}).__str__() == "gust low (found: 3)"


@dataclass(frozen=True)
class Lists(Base):
    """Lists, tuples and arrays of names are as good as what the contract names."""

    def start(self, inputs, severity, onset, streams):
        ids = [*nodes(inputs), *inputs.city["power_links"].index]
        many = len(ids)
        damage = Damage(
            np.array(ids), [1.0] * many, [5] * many, [float("nan")] * many, (2,) * many, [0] * many, "damaged",
            np.array(["one work"] * many),
        )  # fmt: skip
        return Event.at_once(damage, onset.hour)


def test_columns_may_be_lists_and_work_begins_where_it_is_dry():
    report = check_hazard(Lists)
    assert report.passed, str(report)
    case = tiny_case()
    inputs = replace(case.inputs, hazards={"lists": Lists()})
    chosen = replace(next(iter(case.scenarios.values())), severity={"lists": 1.0})
    record = run(inputs, chosen, option="o", streams=Streams(1, 0), people=None, ordinary=None)
    told = [e["what"] for e in record.events]
    assert told.count("crew_sent") == 1
    assert told.count("repaired") == len(nodes(inputs)) + len(inputs.city["power_links"])
