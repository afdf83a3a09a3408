"""A short start for commands whose work takes a moment."""

from __future__ import annotations

import sys


def skip_blas() -> None:
    """Load numba's array functions without asking for scipy.linalg, which takes a sixth of the start.

    On loading, numba looks whether a BLAS is there; without one its inner products run in a loop of its own. Kernels
    here use neither, and functions that need a BLAS still find it when they are compiled.
    """
    if "numba.np.arraymath" in sys.modules:
        return
    from numba.np import linalg

    asked = getattr(linalg, "ensure_blas", None)
    if asked is None:  # another version of numba: nothing to skip
        return
    linalg.ensure_blas = _no_blas
    try:
        import numba.np.arraymath  # noqa: F401
    finally:
        linalg.ensure_blas = asked


def _no_blas() -> None:
    raise ImportError("not asked for")
