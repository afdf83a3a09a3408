"""How much memory there is."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))  # of containers


def available_memory() -> float:
    """Return the memory that this process may still use, bytes; 0 where nothing says.

    The least of what the machine has, what the container around us may use, and what is left to the process below its
    own limit (RLIMIT_AS).
    """
    most = _memory()
    try:
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    except (ImportError, OSError, ValueError):
        return most
    if limit in (resource.RLIM_INFINITY, -1):
        return most
    used = 0.0
    with suppress(OSError, ValueError, IndexError, AttributeError):
        used = float(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    return max(min(most or float("inf"), float(limit) - used), 1.0)


def _memory() -> float:
    """Return the memory that this machine, or the container around us, may use, bytes; 0 where nothing says."""
    try:
        most = float(os.sysconf("SC_PAGE_SIZE")) * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        most = 0.0
    for limit in LIMITS:
        with suppress(OSError, ValueError):  # not there, or "max"
            most = min(most or float("inf"), float(limit.read_text()))
    return most
