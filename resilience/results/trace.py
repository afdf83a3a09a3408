"""From a failure back to what began it: follow the causes of events through a run folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from resilience.base.errors import InputError, near
from resilience.base.text import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from resilience.results.run import Run

LOSSES = ("failed", "closed", "cut_off", "deadlock")


@dataclass(frozen=True)
class Line:
    """One event of a chain; depth 0 is the failure asked for, each further depth a cause of the line above it.

    `beside` says how many other causes had to be mended together with this one, `alternatives` how many other causes
    (or sets of as many) would have done instead.
    """

    depth: int
    hour: float
    component: str
    what: str
    reason: str
    detail: str
    beside: int = 0
    alternatives: int = 0


def causes_of(event: Mapping[Any, Any]) -> list[int]:
    """Return the numbers of all events that an event of the events table goes back to directly, the first one first.

    They are a smallest set whose mending, everything else unchanged, would have kept the loss from happening.
    """
    first = int(event["cause"])
    more = event.get("together")
    further = more.split() if isinstance(more, str) else []
    return [c for c in (first, *map(int, further)) if c >= 0]


def alternatives_of(event: Mapping[Any, Any]) -> int:
    """Return how many other sets of as many causes would explain an event as well."""
    return int(event.get("alternatives") or 0)


def walk(number: int, events: Mapping[int, Mapping[Any, Any]]) -> list[tuple[int, int, int, int]]:
    """Return an event and what it goes back to, depth first: depth, number, causes beside it, alternatives.

    What a cause goes back to is told where it is first met; circles end.
    """
    found: list[tuple[int, int, int, int]] = []
    told: set[int] = set()
    path: list[int] = []
    ahead = [(0, number, 0, 0)]
    while ahead:
        depth, here, beside, alternatives = ahead.pop()
        del path[depth:]
        if here in path:
            continue
        found.append((depth, here, beside, alternatives))
        if here in told:
            continue
        told.add(here)
        path.append(here)
        causes = [c for c in causes_of(events[here]) if c in events]
        others = alternatives_of(events[here])
        ahead += [(depth + 1, cause, len(causes) - 1, others) for cause in causes[::-1]]
    return found


def clock(hour: float) -> str:
    """Return an hour of the run as day and time of day."""
    days, minutes = divmod(round(hour * 60), 24 * 60)
    return say("cli.hour", day=days + 1, clock=f"{minutes // 60:02d}:{minutes % 60:02d}")


def _check_replicate(run: Run, replicate: int) -> None:
    many = int(run.manifest["replicates"])
    if not 0 <= replicate < many:
        raise InputError(say("error.unknown_replicate", last=many - 1, found=replicate))


def _known(run: Run, name: str, known: list[str], what: str) -> None:
    if name not in known:
        raise InputError(say("error.unknown_name", what=say(f"word.{what}"), name=name, expected=near(name, known)))


def _events(run: Run, scenario: str, option: str, replicate: int) -> pd.DataFrame:
    _known(run, scenario, run.scenarios, "scenario")
    _known(run, option, run.options, "option")
    return run.table("events", scenario=scenario, option=option, replicate=replicate).set_index("event")


def chains(run: Run, component: str, scenario: str, option: str, replicate: int) -> list[Line]:
    """Return every loss of a component and after each the tree of its causes down to the hazard, depth first.

    Raises
    ------
    InputError
        The scenario or option is not in the run, or the component had no event in it.

    """
    events = _events(run, scenario, option, replicate)
    mine = events[(events["component"] == component)]
    if len(mine) == 0:
        names = near(component, events["component"].unique())
        raise InputError(say("error.unknown_component", name=component, expected=names))
    known = {int(str(k)): row for k, row in events.to_dict("index").items()}
    lines: list[Line] = []
    for number, event in mine.iterrows():
        lines.append(_line(0, event))
        if event["what"] not in LOSSES:
            continue
        lines += [
            _line(depth, events.loc[cause], beside, alternatives)
            for depth, cause, beside, alternatives in walk(int(str(number)), known)[1:]
        ]
    return lines


def _line(depth: int, event: pd.Series, beside: int = 0, alternatives: int = 0) -> Line:
    return Line(
        depth, float(event["hour"]), str(event["component"]), str(event["what"]), str(event["reason"]),
        str(event["detail"]), beside, alternatives,
    )  # fmt: skip


def first_scenario(run: Run, component: str, option: str, replicate: int) -> str:
    """Return the first scenario in the order of the case in which the component lost its service."""
    _known(run, option, run.options, "option")
    _check_replicate(run, replicate)
    events = run.table("events", component=component, option=option, replicate=replicate)
    lost = set(events[events["what"].isin(LOSSES)]["scenario"])
    for name in run.scenarios:
        if name in lost:
            return name
    every = run.table("events", option=option, replicate=replicate)["component"].unique()
    raise InputError(say("error.unknown_component", name=component, expected=near(component, every)))
