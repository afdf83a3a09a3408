"""From a failure back to what began it: follow the causes of events through a run folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from resilience.base.errors import InputError, near
from resilience.base.text import say

if TYPE_CHECKING:
    import pandas as pd

    from resilience.results.run import Run

LOSSES = ("failed", "closed", "cut_off", "deadlock")


@dataclass(frozen=True)
class Line:
    """One event of a chain; depth 0 is the failure asked for, each further depth its cause."""

    depth: int
    hour: float
    component: str
    what: str
    reason: str
    detail: str


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
    """Return every loss of a component and after each the chain of its causes down to the hazard.

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
    lines: list[Line] = []
    for number, event in mine.iterrows():
        lines.append(_line(0, event))
        if event["what"] not in LOSSES:
            continue
        depth, cause, seen = 1, int(event["cause"]), {int(str(number))}
        while cause >= 0 and cause not in seen:
            seen.add(cause)
            lines.append(_line(depth, events.loc[cause]))
            depth, cause = depth + 1, int(events.at[cause, "cause"])
    return lines


def _line(depth: int, event: pd.Series) -> Line:
    return Line(
        depth, float(event["hour"]), str(event["component"]), str(event["what"]), str(event["reason"]),
        str(event["detail"]),
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
