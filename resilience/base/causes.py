"""What a loss goes back to: the smallest sets of broken things whose repair alone would undo it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def minimal_sets(
    candidates: Sequence[int], restores: Callable[[frozenset[int]], bool], *, most: int = 3, few: int = 12
) -> list[tuple[int, ...]]:
    """Return the smallest sets of candidates whose repair undoes a loss, the set to be told first.

    A cause is what makes the difference: were it whole and all else as it is, the loss would not be there (the
    counterfactual of Lewis 1973, doi:10.2307/2025310; for sets as in Halpern & Pearl 2005,
    doi:10.1093/bjps/axi147). Where single candidates suffice, all of those are returned. Else sets of two up to
    `most` are tried, all of them, as long as there are no more than `few` candidates. Beyond that one set is returned
    that cannot be made smaller: all candidates, from which the last are left out first as long as the rest suffices.

    Parameters
    ----------
    candidates : numbers of what may be to blame, the most likely first; of several sets of one size the one of earlier
        candidates comes first
    restores : whether the loss is undone when all of a set are repaired at once
    most, few : bounds of the exact search

    Returns
    -------
    list of tuples, each in the order of the candidates; ``[()]`` where the loss is undone without any repair, and
    ``[]`` where no set that was tried undoes it

    Two broken lines in a row, and a third that has nothing to do with it:

    >>> minimal_sets([1, 2, 3], lambda repaired: {1, 3} <= repaired)
    [(1, 3)]

    """
    if restores(frozenset()):
        return [()]
    alone: list[tuple[int, ...]] = [(c,) for c in candidates if restores(frozenset([c]))]
    if alone or len(candidates) < 2:
        return alone
    exact = len(candidates) <= few
    left = list(candidates)
    if restores(frozenset(left)):
        for candidate in candidates[::-1]:
            without = [c for c in left if c != candidate]
            if restores(frozenset(without)):
                left = without
    elif not exact:
        return []
    else:
        left = []
    for size in range(2, min(most, len(left) or most) + 1) if exact else ():
        sets: list[tuple[int, ...]] = [s for s in itertools.combinations(candidates, size) if restores(frozenset(s))]
        if sets:
            return sets
    return [tuple(left)] if left else []
