"""Random numbers asked for by name, so that adding a component or an option changes nobody else's draw.

A draw is a pure function of (root seed, replicate, purpose, component id, occasion). Ids are hashed once with
blake2b; numbers come from the counter-based generator Philox 4x32-10 (Salmon, Moraes, Dror & Shaw 2011,
doi:10.1145/2063384.2063405): key = seed, replicate and purpose; counter = component and occasion.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.special import ndtri

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

Made = TypeVar("Made")

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = 0x9E3779B9, 0xBB67AE85
_LOW = np.uint64(0xFFFFFFFF)


def philox(counter: NDArray[np.uint64], key: int) -> NDArray[np.uint64]:
    """Return Philox 4x32-10 blocks: counter (n, 4) of 32-bit words, 64-bit key -> (n, 4) of 32-bit words."""
    c0, c1, c2, c3 = (counter[:, i].astype(np.uint64) for i in range(4))
    k0, k1 = key & 0xFFFFFFFF, (key >> 32) & 0xFFFFFFFF
    for _ in range(10):
        p0, p1 = _M0 * c0, _M1 * c2
        c0, c1, c2, c3 = (
            (p1 >> np.uint64(32)) ^ c1 ^ np.uint64(k0),
            p1 & _LOW,
            (p0 >> np.uint64(32)) ^ c3 ^ np.uint64(k1),
            p0 & _LOW,
        )
        k0, k1 = (k0 + _W0) & 0xFFFFFFFF, (k1 + _W1) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3], axis=1)


def _hash64(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


@lru_cache(maxsize=64)
def _hash_ids(ids: tuple[str, ...]) -> NDArray[np.uint64]:
    return np.fromiter((_hash64(i) for i in ids), dtype=np.uint64, count=len(ids))


@dataclass(frozen=True)
class Streams:
    """The source of chance of one replicate."""

    root_seed: int
    replicate: int
    _kept: dict[tuple[str, int], tuple[object, object]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def once(self, what: str, owner: object, build: Callable[[], Made]) -> Made:
        """Return what `build` makes for an owner, made once a replicate and shared by its options and scenarios.

        It must depend on these streams and on the owner alone, not on severity, calendar or option; nobody may change
        it. It goes with the streams when the next replicate begins.

        >>> streams, terrain = Streams(root_seed=1, replicate=0), [0.5, 1.0]
        >>> first = streams.once("ground", terrain, lambda: list(terrain))
        >>> streams.once("ground", terrain, lambda: list(terrain)) is first
        True

        """
        key = (what, id(owner))
        if key not in self._kept:
            self._kept[key] = owner, build()  # the owner is kept with it, so that its id stays its own
        return self._kept[key][1]  # type: ignore[return-value] # what `build` of the same name and owner gave

    def _key(self, purpose: str) -> int:
        return _hash64(f"{self.root_seed}|{self.replicate}|{purpose}")

    def _uniform(self, purpose: str, high: NDArray[np.uint64], occasion: int) -> NDArray[np.float64]:
        counter = np.empty((len(high), 4), np.uint64)
        counter[:, 0] = high & _LOW
        counter[:, 1] = high >> np.uint64(32)
        counter[:, 2] = occasion & 0xFFFFFFFF
        counter[:, 3] = (occasion >> 32) & 0xFFFFFFFF
        words = philox(counter, self._key(purpose))
        bits = ((words[:, 0] << np.uint64(32)) | words[:, 1]) >> np.uint64(11)
        return (bits.astype(np.float64) + 0.5) * 2.0**-53

    def uniform(self, purpose: str, ids: Iterable[str], occasion: int = 0) -> NDArray[np.float64]:
        """Return one number in (0, 1) per id, shape (ids,); `occasion` is a physical day or event, never a count.

        An id keeps its number whoever else asks.

        >>> streams = Streams(root_seed=1, replicate=0)
        >>> streams.uniform("wind", ["power:B"])[0] == streams.uniform("wind", ["power:A", "power:B"])[1]
        np.True_

        """
        return self._uniform(purpose, _hash_ids(tuple(ids)), occasion)

    def normal(self, purpose: str, ids: Iterable[str], occasion: int = 0) -> NDArray[np.float64]:
        """Return one standard normal number per id, shape (ids,)."""
        return np.asarray(ndtri(self.uniform(purpose, ids, occasion)))

    def lognormal(
        self, purpose: str, ids: Iterable[str], median: NDArray[np.float64] | float, beta: float
    ) -> NDArray[np.float64]:
        """Return one lognormal number per id with the given median and log-standard deviation beta."""
        return np.asarray(median * np.exp(beta * self.normal(purpose, ids)))

    def field(
        self, purpose: str, first_col: int, first_row: int, shape: tuple[int, int], range_cells: float
    ) -> NDArray[np.float64]:
        """Return a correlated standard normal field on a grid, shape (rows, columns).

        White noise keyed by the absolute number of the cell is smoothed with a Gaussian of width range/2 cells and
        rescaled to variance one. The value of a cell depends on where it lies and not on the window asked for.
        """
        width = max(range_cells / 2.0, 1e-6)
        pad = int(np.ceil(4 * width))
        rows = np.arange(first_row - pad, first_row + shape[0] + pad, dtype=np.int64)
        cols = np.arange(first_col - pad, first_col + shape[1] + pad, dtype=np.int64)
        cells = (rows[:, None].astype(np.uint64) << np.uint64(32)) | (cols[None, :].astype(np.uint64) & _LOW)
        white = ndtri(self._uniform(purpose, cells.ravel(), 0)).reshape(cells.shape)
        if range_cells <= 0:
            return np.asarray(white[pad:-pad, pad:-pad])
        smooth = gaussian_filter(white, width, truncate=4.0, mode="constant")[pad:-pad, pad:-pad]
        offsets = np.arange(-pad, pad + 1)
        kernel = np.exp(-0.5 * (offsets / width) ** 2)
        kernel /= kernel.sum()
        return np.asarray(smooth / np.sum(kernel**2))
