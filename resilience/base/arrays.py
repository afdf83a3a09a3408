"""The types of arrays, and small helpers on them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Shorts = NDArray[np.int32]
Bytes = NDArray[np.uint8]
Longs = NDArray[np.uint64]
Bools = NDArray[np.bool_]
Unsigned = NDArray[np.uint32]


def sums(
    group: NDArray[np.integer], values: NDArray[np.floating] | NDArray[np.bool_], many: int
) -> NDArray[np.float64]:
    """Return the sum of `values` in each of `many` groups, shape (many,)."""
    return np.bincount(group, values, many).astype(np.float64, copy=False)
