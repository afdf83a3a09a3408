"""What every part of the build needs: write a table, write a line, round without losing the total."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

CRS = "EPSG:31982"


def write_table(table: pd.DataFrame, folder: Path, name: str) -> None:
    """Write `name`.csv in UTF-8 with the same bytes on every system."""
    table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n", encoding="utf-8")


def points_text(points: Iterable[tuple[float, float]]) -> str:
    """Return "x y, x y" with one decimal."""
    return ", ".join(f"{x:.1f} {y:.1f}" for x, y in points)


def largest_remainder(shares: NDArray[np.float64], total: int) -> NDArray[np.int64]:
    """Return whole numbers that sum to `total` and are in proportion to `shares`; ties go to the first."""
    quota = shares / shares.sum() * total
    whole: NDArray[np.int64] = np.floor(quota + 1e-9).astype(np.int64)
    first = np.argsort(-(quota - whole), kind="stable")[: total - int(whole.sum())]
    whole[first] += 1
    return whole


def systematic(expected: NDArray[np.float64], start: float) -> NDArray[np.int64]:
    """Return whole numbers, each the floor or the ceiling of its expected value, with the same total.

    One tick falls on every whole number of the running total, shifted by `start` in [0, 1), which drawn at
    random has no bias. The sum of `expected` must be whole. Every stretch of the list keeps its total within
    one, and so does every district where neighbours in the list are neighbours on the map.
    """
    total = round(float(expected.sum()))
    running = np.cumsum(expected) * (total / expected.sum()) if total else np.zeros_like(expected)
    running[-1] = total
    ticks = np.floor(running - start + 1.0).astype(np.int64)
    ticks[-1] = total
    return np.diff(ticks, prepend=0)
