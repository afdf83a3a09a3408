"""When a hazard begins, and which day of the week it is."""

from __future__ import annotations

from dataclasses import dataclass

from resilience.base.errors import InputError
from resilience.base.text import say


@dataclass(frozen=True)
class Onset:
    """When the hazard begins: hour 0 of a run is midnight before the onset."""

    weekday: int
    hour: int

    def weekday_at(self, hour: float) -> int:
        """Return the day of the week at an hour of the run, Monday = 0."""
        return (self.weekday + int(hour // 24)) % 7


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def read_onset(text: str) -> Onset:
    """Return the onset written "Thursday 05:00".

    >>> onset = read_onset("Sunday 22:00")
    >>> onset, onset.weekday_at(25)
    (Onset(weekday=6, hour=22), 0)

    Raises
    ------
    InputError
        The text is no weekday and full hour.

    """
    try:
        day, clock = text.split()
        hour, minute = clock.split(":")
        onset = Onset(WEEKDAYS.index(day.lower()), int(hour))
    except ValueError as error:
        raise InputError(say("error.onset", found=text)) from error
    if minute != "00" or not 0 <= onset.hour < 24:
        raise InputError(say("error.onset", found=text))
    return onset
