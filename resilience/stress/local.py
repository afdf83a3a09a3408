"""Tasks on the processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING

from resilience.case.case import Case, load_case
from resilience.results.record import DO_NOTHING
from resilience.stress.runner import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from resilience.stress.plan import Task


# workers start with these: the allocator gives memory back sooner, and no library starts threads of its own
LEAN = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_TRIM_THRESHOLD_": "1000000",
    "MALLOC_MMAP_THRESHOLD_": "1000000",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}


_worker: list[Worker] = []


def _start_worker(folder: str, allow_code: bool, seed: int, journal: str, path: list[str]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.path[:] = path
    _worker[:] = [Worker(load_case(folder, allow_code=allow_code), seed, Path(journal))]


def _end_with_parent() -> None:
    """Wait for the parent process and end with it, so that a killed test leaves no process behind."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(task: Task) -> float:
    return _worker[0].do(task)


def _prepare() -> bool:
    return _worker[0].ordinary(DO_NOTHING) is not None


def in_parallel(
    case: Case,
    seed: int,
    journal: Path,
    workers: int,
    phases: list[list[Task]],
    finished: Callable[[Task, float], None],
) -> None:
    """Do the tasks of each phase on processes; a phase begins when the one before is done."""
    for name, value in LEAN.items():
        os.environ.setdefault(name, value)
    context = multiprocessing.get_context("spawn")
    arguments = (str(case.folder), case.code is not None, seed, str(journal), list(sys.path))
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker, initargs=arguments)
    try:
        pool.submit(_prepare).result()
        for tasks in phases:
            waiting: dict[Future[float], Task] = {pool.submit(_do, task): task for task in tasks}
            while waiting:
                ready, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in ready:
                    finished(waiting.pop(future), future.result())
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in list((pool._processes or {}).values()):
            process.terminate()
        raise
    pool.shutdown()


def cores() -> int:
    """Return the processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
