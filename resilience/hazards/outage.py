"""Outage: components are switched off for a while, at random, by rank or from a list."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from resilience.base.errors import CaseError, InputError, Notice, Problem, check_once, near, some
from resilience.base.text import say
from resilience.city.selection import select
from resilience.hazards.hazard import NOBODY, Damage, Event, Hazard, Load

if TYPE_CHECKING:
    from pathlib import Path

    from resilience.base.clock import Onset
    from resilience.base.streams import Streams
    from resilience.city.city import City
    from resilience.city.inputs import Inputs
    from resilience.city.view import View
    from resilience.city.water import Water

PATTERNS = ("random", "targeted", "listed")
SMALL = 1e-9


@dataclass(frozen=True)
class Outage(Hazard):
    """Severity is the share of the components that go off, 0 to 1.

    Parameters
    ----------
    among : expression that picks the components, such as "power.kind == 'substation'"
    pattern : random (drawn once a replicate), targeted (those that serve most load first) or listed (in order)
    listed : ids in the order in which they go, for pattern "listed"
    start_hour, end_hour : hours since the onset; at the end the components come back without repair

    A run has whole hours: an outage begins in the hour in which its start lies, and lasts as many hours as it takes to
    hold the time between start and end, so from 0.5 to 2 it is off in the hours 0 and 1, whatever the onset.

    With a greater share the same components go off and some more, in every pattern.

    """

    among: str = "power.kind == 'substation'"
    pattern: str = "random"
    listed: tuple[str, ...] = field(default_factory=tuple)
    start_hour: float = 0.0
    end_hour: float = 36.0

    unit = "share"

    @classmethod
    def read(  # type: ignore[override] # the keys of its section, one by one
        cls,
        folder: Path,
        city: City,
        *,
        among: str = "power.kind == 'substation'",
        pattern: str = "random",
        listed: list[str] | None = None,
        start_hour: float = 0.0,
        end_hour: float = 36.0,
    ) -> Outage:
        """Return the hazard of a case."""
        problems = []
        if pattern not in PATTERNS:
            problems.append(
                Problem("not_a_choice", "case.toml", column="pattern", found=pattern, expected=near(pattern, PATTERNS))
            )
        if not 0 <= start_hour < end_hour:
            found = f"{start_hour:g}, {end_hour:g}"
            problems.append(Problem("bad_span", "case.toml", column="start_hour, end_hour", found=found))
        for name in listed or []:
            if name not in city.components:
                known = near(name, city.components)
                problems.append(Problem("unknown_component", "case.toml", column="listed", found=name, expected=known))
        check_once(listed or [], "listed", problems)
        if pattern == "listed" and not listed:
            problems.append(Problem("empty_cell", "case.toml", column="listed"))
        if problems:
            raise CaseError(problems)
        if pattern != "listed":
            _, picked = select(city, among)
            strange = [str(i) for i in picked if i not in city.components]
            if strange:
                raise CaseError([Problem("cannot_fail", "case.toml", column="among", found=strange[0])])
        return cls(among, pattern, tuple(listed or ()), float(start_hour), float(end_hour))

    def check_severity(self, severity: float) -> list[str]:
        """Return what is wrong with a share."""
        if not 0 <= severity <= 1:
            return [say("error.share_range", found=severity)]
        return []

    def notices_of_tests(self, name: str, inputs: Inputs, loads: list[Load]) -> list[Notice]:
        """Return where the outage is not seen, whole or in part: the run ends first, or none is picked."""
        many = len(self.listed) if self.pattern == "listed" else len(select(inputs.city, self.among)[1])
        notices = []
        late = [t for t in loads if self._begins(t.onset) >= t.hours]
        if late:
            hours = str(min(t.hours for t in late))
            values = {"name": name, "hour": str(min(self._begins(t.onset) for t in late)), "hours": hours,
                      "names": some(t.scenario for t in late)}  # fmt: skip
            notices.append(Notice("never_begins", values))
        cut = [t for t in loads if t not in late and self._begins(t.onset) + self._hours > t.hours]
        if cut:
            ends = max(self._begins(t.onset) for t in cut) + self._hours
            values = {"name": name, "hour": str(ends), "hours": str(min(t.hours for t in cut)),
                      "names": some(t.scenario for t in cut)}  # fmt: skip
            notices.append(Notice("outlasts", values))
        none = [t for t in loads if t.severity > 0 and self._count(t.severity, many) == 0]
        if none:
            shares = ", ".join(dict.fromkeys(f"{t.severity:g}" for t in none))
            values = {"name": name, "share": shares, "many": str(many), "names": some(t.scenario for t in none)}
            notices.append(Notice("share_of_none", values))
        return notices

    def _begins(self, onset: Onset) -> int:
        return math.floor(self.start_hour) + onset.hour

    @property
    def _hours(self) -> int:
        """Return how many hours it lasts; what is over a whole number by an error of floating point is none more."""
        return max(1, math.ceil(self.end_hour - self.start_hour - SMALL))

    @staticmethod
    def _count(severity: float, many: int) -> int:
        """Return how many of `many` components a share is."""
        return min(many, int(np.floor(severity * many + 0.5)))

    def start(self, inputs: Inputs, severity: float, onset: Onset, streams: Streams) -> Event:
        """Return the outage of a share `severity` of the components.

        Raises
        ------
        InputError
            The share is not between 0 and 1, or nothing matches `among`.

        """
        if faults := self.check_severity(severity):
            raise InputError(faults[0])
        ids = list(self.listed) if self.pattern == "listed" else self._ranked(inputs, streams)
        return OutageEvent(self, ids[: self._count(severity, len(ids))], onset)

    def _ranked(self, inputs: Inputs, streams: Streams) -> list[str]:
        table, picked = select(inputs.city, self.among)
        if self.pattern == "random":
            draw = streams.uniform("outage", picked)
            return [str(picked[i]) for i in np.argsort(draw, kind="stable")]
        load = _load_behind(inputs.city, table)
        return sorted((str(i) for i in picked), key=lambda i: (-load.get(i, 0.0), i))


def _load_behind(city: City, table: str) -> dict[str, float]:
    """Return the load that hangs on each component: for power, its own and that of the feeders joined to it, kW."""
    if table != "power_nodes" or city.power is None:
        rows = city["dependencies"]
        return {str(k): float(v) for k, v in rows["supplier"].value_counts().items()} if len(rows) else {}
    nodes, links = city["power_nodes"], city["power_links"]
    load = nodes["load_kw"].to_dict()
    feeders = set(nodes.index[nodes["kind"] == "feeder"])
    total = dict(load)
    for a, b in zip(links["from_node"], links["to_node"], strict=True):
        for station, feeder in ((a, b), (b, a)):
            if feeder in feeders and station not in feeders:
                total[station] += load[feeder]
    return {str(k): float(v) for k, v in total.items()}


class OutageEvent(Event):
    """An outage under way."""

    def __init__(self, hazard: Outage, ids: list[str], onset: Onset) -> None:
        self.ids = ids
        self.begins = hazard._begins(onset)
        self.ends = self.begins + hazard._hours

    def step(self, hour: int, view: View) -> tuple[Water | None, Damage]:
        """Return the components that go off in this hour; an outage brings no water."""
        if hour != self.begins or not self.ids:
            return None, Damage()
        many = len(self.ids)
        return None, Damage(
            component=self.ids,
            loss=np.ones(many),
            repair_hours=np.zeros(many),
            until_hour=np.full(many, self.ends),
            repaired_by=np.full(many, NOBODY),
            dry_m=np.full(many, np.inf),
            cause="switched_off",
        )
