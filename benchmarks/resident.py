"""How two programs are run in turn: each lives in a process of its own and answers one JSON request a line.

Standard library only, because the peers import it too, from environments of their own.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS")

STAT = Path("/proc/stat")  # counts in steps of 10 ms
LONG_ENOUGH_S = 0.5

Answer = dict[str, Any]


class Resident:
    """A process that was started once, loads its input once and is then asked again and again."""

    def __init__(self, python: Path | str, module: str, *, threads: int) -> None:
        limits = dict.fromkeys(POOLS, str(threads))
        self.module, self.threads = module, threads
        self.process = subprocess.Popen(
            [str(python), "-m", module], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, **limits, "AEQ_SHOW_PROGRESS": "FALSE"},
        )  # fmt: skip

    def ask(self, **request: Any) -> Answer:
        """Return the answer to a request; what goes wrong over there stands on standard error."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            message = f"{self.module} ended with code {self.process.wait()} at the request {request.get('do')!r}"
            raise RuntimeError(message)
        return dict(json.loads(line))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def serve(answer: Callable[[Answer], Answer]) -> None:
    """Answer requests until there are no more; whatever else the process prints goes to standard error."""
    with os.fdopen(os.dup(1), "w") as replies:
        os.dup2(2, 1)
        for line in sys.stdin:
            replies.write(json.dumps(answer(json.loads(line))) + "\n")
            replies.flush()


@contextmanager
def timed() -> Iterator[Answer]:
    """Yield a dictionary that is filled when the block ends.

    It then holds `wall_s`, `cpu_s` (of ended children too), `peak_mb` and `neighbours`: how many cores others kept
    busy meanwhile, None where that cannot be told.
    """
    found: Answer = {}
    busy, cpu, wall = _busy_s(), _cpu_s(), time.perf_counter()
    yield found
    wall = time.perf_counter() - wall
    cpu, busy = _cpu_s() - cpu, _busy_s() - busy
    found |= {"wall_s": wall, "cpu_s": cpu, "peak_mb": _peak_mb()}
    found["neighbours"] = max(0.0, (busy - cpu) / wall) if wall > LONG_ENOUGH_S and busy > 0 else None


def _busy_s() -> float:
    """Return the seconds that all cores together were busy since the machine started, 0 where that is unknown."""
    if not STAT.is_file():
        return 0.0
    user, nice, system, _idle, _wait, *rest = map(int, STAT.read_text(encoding="ascii").split("\n", 1)[0].split()[1:9])
    return (user + nice + system + sum(rest)) / os.sysconf("SC_CLK_TCK")


def _cpu_s() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(u.ru_utime + u.ru_stime for u in used)


def _peak_mb() -> float:
    """Return the largest resident memory of this process so far.

    The kernel's own peak is asked first: ru_maxrss starts from what the parent held when it started this process.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return float(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
