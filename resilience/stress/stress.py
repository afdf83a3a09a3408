"""stress_test(): scenarios x options x replicates on local processes, resumable, into a run folder.

Each finished run is one folder of the journal, put there by a single rename; when all are there they are compacted
into sorted Parquet and the manifest is written last. A killed test goes on from its journal.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

from resilience.base.errors import InputError, RunError, StoppedError
from resilience.base.memory import available_memory
from resilience.base.text import say
from resilience.results.record import DO_NOTHING
from resilience.results.run import Run, open_run
from resilience.stress.journal import close, compact, open_journal
from resilience.stress.local import in_parallel
from resilience.stress.plan import Task, chosen_of, is_finished, plan_of
from resilience.stress.runner import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from resilience.case.case import Case


def stress_test(
    case: Case,
    *,
    scenarios: Iterable[str] | None = None,
    options: Iterable[str] | None = None,
    replicates: int = 3,
    seed: int = 1,
    workers: int = 1,
    out: Path | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> Run:
    """Run scenarios x options x replicates and return the run folder.

    Parameters
    ----------
    scenarios, options : names; all of the case where None. do-nothing is always among the options
    replicates : runs with other draws; grades need about 35 clean ones to say PASS
    seed : root of all draws
    workers : processes; the results are the same bytes for any number
    out : run folder; where it holds an unfinished test with the same plan, that one goes on
    progress : called with runs done, runs in all, and what is done now

    Raises
    ------
    InputError
        A name is unknown or a number is not possible.
    RunError
        The folder cannot be written, or holds another test.
    StoppedError
        The user pressed Ctrl-C; the same call goes on where this one stopped.

    """
    chosen = chosen_of(scenarios, case.scenarios, "scenario")
    tried = chosen_of(options, case.options, "option")
    if DO_NOTHING not in tried:
        tried = [DO_NOTHING, *tried]
    for name, value in (("replicates", replicates), ("workers", workers)):
        if value < 1:
            raise InputError(say("error.not_positive", name=name, found=value))
    check_workers(case, workers)
    plan = plan_of(case, chosen, tried, replicates, seed)
    folder = out if out is not None else Path("results") / case.folder.resolve().name / plan["fingerprint"][:10]
    if is_finished(folder, plan):
        if (folder / "journal").exists():  # the process was killed after the manifest and before the end
            close(folder)
        return open_run(folder)
    journal = open_journal(folder, plan)
    calm = [s.without_hazard().name for s in (case.scenarios[n] for n in chosen)]
    first = [Task(n, o, r) for n in dict.fromkeys(calm) for o in [DO_NOTHING] for r in range(replicates)]
    rest = [Task(n, o, r) for r in range(replicates) for n in dict.fromkeys(calm) for o in tried if o != DO_NOTHING]
    rest += [Task(n, o, r) for r in range(replicates) for n in reversed(chosen) for o in tried]
    total = len(first) + len(rest)
    done = 0
    if progress is not None:
        progress(0, total, say("progress.ordinary"))
    log = folder / "run.log"

    def finished(task: Task, seconds: float) -> None:
        nonlocal done
        done += 1
        line = {"task": task.folder, "seconds": round(seconds, 2), "at": time.strftime("%Y-%m-%dT%H:%M:%S")}
        try:
            with log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            raise RunError(say("error.cannot_write", path=log, reason=error.strerror or error)) from error
        if progress is not None:
            progress(done, total, f"{task.scenario} / {task.option} / {task.replicate}")

    try:
        if workers == 1:
            worker = Worker(case, seed, journal)
            for task in [*first, *rest]:
                finished(task, worker.do(task))
        else:
            in_parallel(case, seed, journal, workers, [first, rest], finished)
    except KeyboardInterrupt as stop:
        raise StoppedError(say("error.stopped", folder=folder)) from stop
    if progress is not None:
        progress(done, total, say("progress.compacting"))
    compact(folder, journal, case, plan)
    return open_run(folder)


# ------------------------------------------------------------------------------------------------ folders


def check_workers(case: Case, workers: int) -> None:
    """Refuse more processes than the trip makers of a case leave memory for.

    Raises
    ------
    InputError
        The trip makers of all processes together would not fit.

    """
    each, there = case.memory_needed(), available_memory()
    if workers > 1 and there and workers * each > there:
        values = {"needed": f"{workers * each / 1e9:,.1f}", "there": f"{there / 1e9:,.1f}"}
        raise InputError(say("error.memory_workers", workers=workers, fits=max(1, int(there // each)), **values))
