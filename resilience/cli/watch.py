"""Watch a search: show its passes, end it when its time is up or the user asks, and keep what it has by then."""

from __future__ import annotations

import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Self

import typer

from resilience.base.text import say

if TYPE_CHECKING:
    from types import FrameType, TracebackType

    from rich.progress import Progress

EVERY_S = 10.0  # a line of progress where the output is no terminal


class Watch:
    """The `progress` of a search that runs while the block does.

    On a terminal the pass of now is shown and taken away at the end; elsewhere a line is written every ten seconds.
    The first Ctrl-C ends the search after its pass, a second one at once.

    Parameters
    ----------
    seconds : time limit, None for none

    Attributes
    ----------
    ended_by : "time" or "user" where the search was ended before it was done, else ""

    """

    def __init__(self, seconds: float | None = None) -> None:
        self.seconds, self.ended_by = seconds, ""
        self.bar: Progress | None = None
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
            self.bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._before: Any = None

    def __enter__(self) -> Self:
        """Begin to count the time and to listen for Ctrl-C."""
        self.start = self.told = time.monotonic()
        if self.bar is not None:
            self.bar.start()
            self.line = self.bar.add_task("", total=None)
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give Ctrl-C back."""
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None
        if self.bar is not None:
            self.bar.stop()

    def __call__(self, done: int, gap: float) -> bool:
        """Show a pass; return whether the search goes on."""
        now, text = time.monotonic(), say("progress.passes", done=done, gap=f"{gap:.2g}")
        if self.bar is not None:
            self.bar.update(self.line, description=text)
        elif now - self.told >= EVERY_S:
            self.told = now
            typer.echo(f"{text} ({now - self.start:.0f} s)", err=True)
        if self.seconds is not None and now - self.start >= self.seconds and not self.ended_by:
            self.ended_by = "time"
        return not self.ended_by

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.ended_by = "user"
        signal.signal(signal.SIGINT, self._before)
