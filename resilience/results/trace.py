"""From a failure back to what began it: follow the causes of events through a run folder."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from resilience.base.errors import InputError, near
from resilience.base.text import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from resilience.results.run import Run

OUT = ("failed", "closed", "cut_off", "deadlock")
STILL = ("still_out", "still_closed", "still_cut_off")  # it outlasts what it was told to go back to: what keeps it so
TOLD = (*OUT, *STILL)
ENDED_BY = {"failed": "back", "closed": "open", "cut_off": "reachable", "deadlock": "back",
            "still_out": "back", "still_closed": "open", "still_cut_off": "reachable"}  # fmt: skip
BACK = tuple(dict.fromkeys(ENDED_BY.values()))

Log = list[dict[str, Any]]


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


@lru_cache(maxsize=32)
def events(run: Run, scenario: str, option: str, replicate: int) -> Log:
    """Return the events of one run in order, each a row of the events table."""
    table = run.table("events", scenario=scenario, option=option, replicate=replicate).sort_values("event")
    return [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]


def chain(log: Log, number: int) -> Log:
    """Return an event and what led to it, the first cause first: the tree of causes, depth first, read backwards.

    Each carries three numbers more: `depth`, how many steps it lies before the event asked for, `beside`, how many
    other causes had to be mended together with it, and `one_of`, how many others would have done instead.
    """
    return _steps({int(e["event"]): e for e in log}, number)[::-1]


def course(log: Log, number: int) -> Log:
    """Return an event and what led to it, each once, in the order in which they happened; carries as `chain` does.

    An event that is met more than once in the tree of causes keeps the first note about what had to be mended with it.
    """
    once: dict[int, dict[str, Any]] = {}
    for step in chain(log, number)[::-1]:
        known = once.setdefault(int(step["event"]), step)
        if not (known["beside"] or known["one_of"]):
            once[int(step["event"])] = {**step, "depth": known["depth"]}
    return [once[n] for n in sorted(once, key=lambda n: (n == number, once[n]["hour"], n))]


def main_line(log: Log, number: int) -> Log:
    """Return an event and its first cause, the first cause of that and so on; carries as `chain` does."""
    line: Log = []
    for step in chain(log, number)[::-1]:
        if step["depth"] < len(line):
            break
        line.append(step)
    return line


def _steps(by_number: Mapping[int, dict[str, Any]], number: int) -> Log:
    """Return an event and the tree of its causes, depth first."""
    if number not in by_number:
        return []
    return [
        {**by_number[n], "depth": depth, "beside": beside, "one_of": others}
        for depth, n, beside, others in walk(number, by_number)
    ]


def chains(run: Run, component: str, scenario: str, option: str, replicate: int) -> list[Line]:
    """Return every loss of a component and after each the tree of its causes down to the hazard, depth first.

    Raises
    ------
    InputError
        The scenario or option is not in the run, or the component had no event in it.

    """
    _known(run, scenario, run.scenarios, "scenario")
    _known(run, option, run.options, "option")
    log = events(run, scenario, option, replicate)
    if not any(e["component"] == component for e in log):
        names = near(component, {str(e["component"]) for e in log})
        raise InputError(say("error.unknown_component", name=component, expected=names))
    by_number = {int(e["event"]): e for e in log}
    lines: list[Line] = []
    for event in log:
        if event["component"] == component:
            steps = _steps(by_number, int(event["event"]))
            lines += [_line(step) for step in (steps if event["what"] in TOLD else steps[:1])]
    return lines


def _line(step: Mapping[str, Any]) -> Line:
    return Line(
        step["depth"], float(step["hour"]), str(step["component"]), str(step["what"]), str(step["reason"]),
        str(step["detail"]), step["beside"], step["one_of"],
    )  # fmt: skip


def first_scenario(run: Run, component: str, option: str, replicate: int) -> str:
    """Return the first scenario in the order of the case in which the component lost its service."""
    _known(run, option, run.options, "option")
    _check_replicate(run, replicate)
    events = run.table("events", component=component, option=option, replicate=replicate)
    lost = set(events[events["what"].isin(OUT)]["scenario"])
    for name in run.scenarios:
        if name in lost:
            return name
    every = run.table("events", option=option, replicate=replicate)["component"].unique()
    raise InputError(say("error.unknown_component", name=component, expected=near(component, every)))


def consequences(log: Log) -> Counter[int]:
    """Return how many later failures, closures and cut-offs go back to each event, by any of their causes."""
    causes = {int(e["event"]): causes_of(e) for e in log}
    total: Counter[int] = Counter()
    for event in log:
        if event["what"] not in TOLD:
            continue
        seen: set[int] = set()
        new = set(causes[int(event["event"])])
        while new:
            seen |= new
            new = {c for n in new for c in causes.get(n, ())} - seen
        total.update(n for n in seen if n in causes)
    return total


def first_failures(log: Log, each: int = 3) -> Log:
    """Return the earliest failures, at most `each` of a kind and each component once, with how many they led to.

    At the same hour those with most consequences come first.
    """
    led_to = consequences(log)
    first: dict[str, dict[str, Any]] = {}
    for event in log:
        if event["what"] == "failed":
            first.setdefault(event["component"], {**event, "led_to": led_to[int(event["event"])]})
    order = sorted(first.values(), key=lambda e: (e["hour"], -e["led_to"], e["event"]))
    taken: Counter[str] = Counter()
    chosen = []
    for event in order:
        kind = event["component"].partition(":")[0]
        taken[kind] += 1
        if taken[kind] <= each:
            chosen.append(event)
    return chosen


def most_consequential(log: Log, count: int) -> Log:
    """Return the losses that most others go back to, hazards left out, with how many."""
    led_to = consequences(log)
    lost = [{**e, "led_to": led_to[int(e["event"])]} for e in log if e["what"] in TOLD and led_to[int(e["event"])]]
    return sorted(lost, key=lambda e: (-e["led_to"], e["event"]))[:count]


def outages(log: Log, component: str) -> list[tuple[dict[str, Any], float | None]]:
    """Return each loss of a component, and what kept it, with the hour it came back, None where it did not."""
    found: list[tuple[dict[str, Any], float | None]] = []
    for event in log:
        if event["component"] != component:
            continue
        if event["what"] in TOLD:
            found.append((event, None))
        elif event["what"] in BACK:  # a tunnel fails and is closed, and each of the two ends by itself
            hour = float(event["hour"])
            found = [(e, hour if ends is None and ENDED_BY[e["what"]] == event["what"] else ends) for e, ends in found]
    return found
