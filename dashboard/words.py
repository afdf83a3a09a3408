"""Words and numbers as a user reads them: catalogue look-ups, units, times, in one language."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from resilience.base.text import catalogue, known, say
from resilience.results import wording

MINUS = "\u2212"
DASH = "\u2013"
PER_CENT = "\u202f%"


@dataclass(frozen=True)
class Words:
    """The catalogue in one language, and numbers formatted for it."""

    lang: str

    def __call__(self, key: str, **values: Any) -> str:
        """Return the dashboard's sentence `key`, its blanks filled."""
        return say(f"dash.{key}", lang=self.lang, **values)

    def say(self, key: str, fallback: str = "") -> str:
        """Return a sentence of the whole catalogue; the fallback (or the key) where there is none."""
        return say(key, lang=self.lang) if known(key) else fallback or key

    def group(self, prefix: str) -> dict[str, str]:
        """Return all of the dashboard's sentences below a prefix, for scripts in the page."""
        head = f"dash.{prefix}."
        own, base = catalogue(self.lang), catalogue("en")
        return {k[len(head) :]: own.get(k, v) for k, v in base.items() if k.startswith(head)}

    # ------------------------------------------------------------------------------------ names

    def metric(self, name: str) -> str:
        """Return the name of a metric."""
        return self.say(f"metric.{name}.name", name)

    def label(self, metric: dict[str, Any], scenarios: list[dict[str, Any]]) -> str:
        """Return the name of a metric; a sum says over how many days of the scenarios it goes."""
        return wording.label(metric, scenarios, self.lang)

    def not_told(self) -> str:
        """Return what stands for a value that cannot be told."""
        return self.say("told.nothing")

    def meaning(self, name: str) -> str:
        """Return what a metric means, in a sentence."""
        return self.say(f"metric.{name}.meaning", name)

    def pillar(self, name: str) -> str:
        """Return the name of a pillar."""
        return self.say(f"pillar.{name}", name)

    def grade(self, grade: str) -> str:
        """Return a grade as a word."""
        return self.say(f"grade.{grade}", grade)

    def option(self, name: str) -> str:
        """Return the name of an option; do-nothing has one in each language, others are the case's own."""
        return self.say(f"dash.option.{name}", name)

    def notice(self, notice: dict[str, Any]) -> str:
        """Return a notice of a run in the reader's language."""
        return say(f"notice.{notice['key']}", lang=self.lang, **notice["values"])

    def measure(self, kind: str) -> str:
        """Return the kind of a measure."""
        return self.say(f"dash.measure.{kind}", kind)

    def kind(self, component: str) -> str:
        """Return the kind of a component from the part of its id before the colon."""
        kind = component.partition(":")[0]
        return self.say(f"dash.kind.{kind}", kind)

    def reason(self, event: dict[str, Any]) -> str:
        """Return why a thing happened, empty where nothing is known."""
        reason = str(event.get("reason") or "")
        return self.say(f"reason.{reason}", reason) if reason else ""

    def what(self, event: dict[str, Any]) -> str:
        """Return what happened, as a verb."""
        what = str(event["what"])
        return self.say(f"dash.what.{what}", what)

    def city(self, manifest: dict[str, Any]) -> str:
        """Return the name of the city of a run."""
        name = str(manifest.get("name", ""))
        return str(manifest.get("name_zh") or name) if self.lang == "zh" else name

    # ---------------------------------------------------------------------------------- numbers

    def number(self, value: float | None, unit: str = "", currency: str = "", *, sign: bool = False) -> str:
        """Return a value with its unit: shares as per cent, counts to three digits, money with its currency."""
        if value is None or math.isnan(value):
            return DASH
        if math.isinf(value):
            return self("never")
        if unit == "currency":
            size, word = self._scale(abs(value))
            return f"{currency}\u00a0{_signed(_digits(abs(value) / size), value, sign)}{word}"
        return _signed(_plain(abs(value), unit, abs(value)), value, sign) + self._suffix(unit)

    def interval(self, low: float, high: float, unit: str = "", currency: str = "", *, sign: bool = False) -> str:
        """Return two values in one unit, the unit written once and both to the same digits."""
        if not math.isfinite(low) or not math.isfinite(high):
            return (
                f"{self.number(low, unit, currency, sign=sign)} {DASH} {self.number(high, unit, currency, sign=sign)}"
            )
        most = max(abs(low), abs(high))
        if unit == "currency":
            size, word = self._scale(most)
            ends = [_signed(_places(abs(v) / size, most / size), v, sign) for v in (low, high)]
            return f"{currency}\u00a0{self('between', low=ends[0], high=ends[1])}{word}"
        ends = [_signed(_plain(abs(v), unit, most), v, sign) for v in (low, high)]
        return self("between", low=ends[0], high=ends[1]) + self._suffix(unit)

    def _suffix(self, unit: str) -> str:
        return {"share": PER_CENT, "points": f" {self('points')}"}.get(unit, "")

    def unit(self, unit: str, currency: str = "") -> str:
        """Return the name of a unit as it stands beside a metric."""
        if unit == "share":
            return "%"
        return currency if unit == "currency" else self.say(f"unit.{unit}", unit)

    def difference(self, value: float, unit: str, currency: str = "") -> str:
        """Return a signed difference: shares in percentage points."""
        return self.number(value, "points" if unit == "share" else unit, currency, sign=True)

    def spread(self, low: float, high: float, unit: str, currency: str = "") -> str:
        """Return an interval of signed differences: shares in percentage points."""
        return self.interval(low, high, "points" if unit == "share" else unit, currency, sign=True)

    def _scale(self, value: float) -> tuple[float, str]:
        """Return the number to divide a sum of money by, and the word for it."""
        steps = (
            ((1e8, "hundred_million"), (1e4, "ten_thousand"))
            if self.lang == "zh"
            else ((1e9, "billion"), (1e6, "million"))
        )
        return next(((size, f"\u00a0{self(f'number.{word}')}") for size, word in steps if value >= size), (1.0, ""))

    # ------------------------------------------------------------------------------------ times

    def moment(self, hour: float, onset_weekday: int) -> str:
        """Return an hour of a run in words; hour 0 is midnight of the day of the onset."""
        day, clock = divmod(int(hour), 24)
        weekday = self(f"weekday.{(onset_weekday + day) % 7}")
        return self("moment", day=day + 1, weekday=weekday, clock=f"{clock:02d}:00")

    def hours(self, value: float) -> str:
        """Return a duration in hours, as days from two days on."""
        if math.isnan(value):
            return DASH
        if math.isinf(value):
            return self("never")
        if value >= 48:
            return self("days", value=f"{value / 24:.1f}".removesuffix(".0"))
        return self("hours", value=f"{value:g}")

    def severity(self, scenario: dict[str, Any], *, with_hazard: bool = True) -> str:
        """Return the load of a scenario: hazard and severity with unit."""
        units = scenario.get("severity_unit", {})
        parts = []
        for hazard, value in scenario["severity"].items():
            unit = units.get(hazard, "")
            amount = (
                f"{value * 100:g}{PER_CENT}" if unit == "share" else f"{value:g}\u00a0{self.say(f'unit.{unit}', unit)}"
            )
            parts.append(f"{hazard} {amount}" if with_hazard or len(scenario["severity"]) > 1 else amount)
        return " + ".join(parts)

    def return_period(self, scenario: dict[str, Any]) -> str:
        """Return how rare a scenario is said to be, empty where nothing is said."""
        years = scenario.get("return_period_years")
        if not years:
            return ""
        sure = self.say(f"dash.known.{scenario.get('return_period_known', 'assumed')}")
        return self("return_period", years=f"{years:g}", known=sure)


def _signed(text: str, value: float, sign: bool) -> str:
    if not any(c in "123456789" for c in text):
        return text
    if value < 0:
        return MINUS + text
    return f"+{text}" if sign else text


def _plain(value: float, unit: str, most: float) -> str:
    """Return a magnitude without its unit; `most` is the largest of those shown together."""
    if unit == "share":
        return f"{value * 100:,.1f}"
    if unit == "points":
        return f"{value * 100:,.{1 if most >= 0.001 or not most else 2 if most >= 0.0001 else 3}f}"
    if unit == "ratio":
        return f"{value:.3f}" if most < 0.01 else f"{value:.2f}"
    return _places(value, most)


def _places(value: float, most: float) -> str:
    """Return a value rounded as three significant digits of the largest beside it ask for; 12 stays 12."""
    if value == 0 or not most:
        return "0"
    digits = 2 - math.floor(math.log10(most) + 1e-12)
    rounded = round(value, digits)
    if rounded == int(rounded) and value == int(value):
        return f"{rounded:,.0f}"
    return f"{rounded:,.{max(0, min(digits, 4))}f}"


def _digits(value: float) -> str:
    """Return three significant digits."""
    return _places(value, value)
