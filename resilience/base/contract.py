"""How an extension that does not keep its contract is told: its name, what is missing or wrong, what would be right."""

from __future__ import annotations

import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from resilience.base.errors import InputError, ResilienceError
from resilience.base.text import say

if TYPE_CHECKING:
    from collections.abc import Iterator


class ExtensionError(InputError):
    """A hazard, measure, behaviour, metric or reader does not do what its contract says."""


@dataclass(frozen=True)
class Extension:
    """An extension by its room and the name a user knows it by, such as hazards, "windstorm".

    >>> raise Extension("hazards", "windstorm").wrong("start", 3, "an event")
    Traceback (most recent call last):
    ...
    resilience.base.contract.ExtensionError: hazard "windstorm": start gave 3 (int); needed is: an event

    """

    room: str
    name: str

    def _error(self, what: str) -> ExtensionError:
        return ExtensionError(say("extension.head", room=say(f"extension.{self.room}"), name=self.name, what=what))

    def lacks(self, part: str, expected: str) -> ExtensionError:
        """Return the error that a part of the contract is missing."""
        return self._error(say("extension.lacks", part=part, expected=expected))

    def wrong(self, part: str, found: object, expected: str) -> ExtensionError:
        """Return the error that a part gave something else than the contract says."""
        return self._error(say("extension.wrong", part=part, found=shown(found), expected=expected))

    def registered(self, thing: object, *, right: bool, expected: str) -> None:
        """Raise the error that what is registered under the name is of another kind, unless it is right."""
        if not right:
            raise self.wrong(say("extension.registered"), thing, expected)

    @contextmanager
    def calling(self, part: str) -> Iterator[None]:
        """Turn what a part raises into an error that names the extension; errors meant for users pass as they are."""
        try:
            yield
        except ResilienceError:
            raise
        except Exception as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            where = say("extension.where", file=Path(frame.filename).name, line=frame.lineno)
            what = say("extension.raised", part=part, kind=type(error).__name__, reason=error, where=where)
            raise self._error(what) from error


def shown(found: object) -> str:
    """Return a value as a message shows it: short, with its type, arrays by their shape.

    >>> shown([1, 2])
    '[1, 2] (list)'

    """
    shape = getattr(found, "shape", None)
    if isinstance(shape, tuple):
        return f"{type(found).__name__}, {say('extension.shape')} {shape}"
    text = repr(found)
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({type(found).__name__})"
