"""What a page is about: a run, and a scenario, option and the rest chosen in the address or by default."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dashboard import data
from resilience.results import wording

if TYPE_CHECKING:
    from dashboard.library import Found
    from dashboard.place import Place
    from dashboard.words import Words
    from resilience.results.run import Run


@dataclass(frozen=True)
class View:
    """A place with every choice made and checked against the run."""

    place: Place
    words: Words
    run: Run
    ladder: data.Ladder
    scenario: dict[str, Any]
    option: str

    @property
    def currency(self) -> str:
        """Currency of the run."""
        return str(self.run.manifest.get("currency", ""))

    @property
    def hour(self) -> int:
        """Hour chosen in the address, the onset where none or an impossible one is."""
        last = int(self.scenario["hours"]) - 1
        try:
            return min(max(int(self.place.hour), 0), last)
        except ValueError:
            return int(self.scenario["onset_hour"])

    @property
    def replicate(self) -> int:
        """Replicate chosen in the address, else the one that has maps."""
        known = data.replicates(self.run, self.scenario["name"], self.option)
        wanted = self.place.replicate
        return int(wanted) if wanted.isdecimal() and int(wanted) in known else known[0]

    @property
    def metric(self) -> dict[str, Any]:
        """Metric chosen in the address, else the first with a tolerance, else the first assessed."""
        known = [m for pillar in data.PILLARS for m in data.rows(self.run, pillar)]
        graded = {t["metric"] for t in self.run.manifest["tolerances"]}
        named = [m for m in known if m["name"] == self.place.metric]
        return (named or [m for m in known if m["name"] in graded] or known)[0]

    def moment(self, hour: float) -> str:
        """Return an hour of the scenario in words."""
        return self.words.moment(hour, int(self.scenario["onset_weekday"]))

    def label(self, metric: dict[str, Any]) -> str:
        """Return the name of a metric, with the days of this scenario where it is a sum."""
        return self.words.label(metric, [self.scenario])

    def number(self, value: float, metric: dict[str, Any]) -> str:
        """Return a value of a metric with its unit, in words where it cannot be told."""
        if math.isnan(value):
            return self.words.not_told()
        return self.words.number(value, metric["unit"], self.currency)

    def remarks(self, metric: dict[str, Any], name: str, row: Any) -> list[str]:
        """Return what has to stand beside a value: how many replicates tell it, why none does, that it was not over.

        `row` has the counts known, replicates and censored of the scenario called `name`.
        """
        known, of, lang = int(row["known"]), int(row["replicates"]), self.place.lang
        first = wording.told(known, of, lang) if known else wording.not_told(metric, lang)
        over = wording.not_over(data.scenario(self.run, name), int(row["censored"]), of, lang)
        return [remark for remark in (first, over) if remark]

    def component(self, name: str) -> str:
        """Return a component as people call it: kind, own name if it has one, id."""
        if name.startswith("hazard:"):
            return self.words("trace.hazard", name=name.partition(":")[2])
        own = data.component_names(self.run).get(name, "")
        bare = name.partition(":")[2] or name
        label = f"{own} ({bare})" if own and own != bare else bare
        kind = data.component_kinds(self.run).get(name, "")
        called = self.words.say(f"dash.place_kind.{kind}", self.words.kind(name))
        return label if called.lower() in own.lower() else f"{called} {label}"


def view(found: dict[str, Found], place: Place, words: Words) -> View | str:
    """Return the view of a place, or the key of the message that says why there is none."""
    if place.page == "runs":
        return "runs"
    readable = [f for f in found.values() if f.run is not None]
    if place.run:
        chosen = found.get(place.run)
        if chosen is None:
            return "error.unknown_run"
        if chosen.run is None:
            return "runs"
    elif readable:
        chosen = readable[0]
    else:
        return "runs"
    run = chosen.run
    assert run is not None  # noqa: S101 - only readable ones come here
    place = place.with_(run=chosen.id)
    if place.scenario and place.scenario not in run.scenarios:
        return "error.unknown_scenario"
    if place.option and place.option not in run.options:
        return "error.unknown_option"
    ladder = _ladder(data.ladders(run), place)
    name = place.scenario if place.scenario in ladder.scenarios else ladder.scenarios[-1]
    option = place.option or run.options[0]
    return View(place, words, run, ladder, data.scenario(run, name), option)


def _ladder(known: list[data.Ladder], place: Place) -> data.Ladder:
    """Return the ladder in the address, else the one of the scenario, else the first."""
    holding = [x for x in known if place.scenario in x.scenarios]
    named = [x for x in known if x.name == place.ladder and (not place.scenario or x in holding)]
    return (named or holding or known)[0]
