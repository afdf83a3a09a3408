"""Who wants to travel: pairs, vehicle classes, and what demand does when travelling gets dear."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np

from resilience.base.errors import InputError, near
from resilience.base.text import say
from resilience.traffic.graph import MOST_EXPONENT, RoadGraph, count, numbers

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

    from resilience.base.arrays import Bools, Floats, Ints


@dataclass(frozen=True)
class Pairs:
    """Origin-destination pairs sorted by vehicle class, then origin: node numbers and class, shape (pairs,).

    >>> pairs = Pairs(np.array([0, 0, 2]), np.array([1, 2, 0]))
    >>> len(pairs), pairs.ends
    (3, array([0, 1, 2]))

    """

    origin: Ints
    destination: Ints
    vehicle: Ints | None = None

    def __post_init__(self) -> None:
        for name, values in (("origin", self.origin), ("destination", self.destination), ("vehicle", self.vehicle)):
            if values is None:
                continue
            array = np.asarray(values)
            if array.shape != np.shape(self.origin) or array.ndim != 1:
                raise InputError(
                    say("error.bad_pair_count", column=name, found=count(array), expected=len(self.origin))
                )
            if len(array) and not np.issubdtype(array.dtype, np.integer):
                raise InputError(say("error.bad_pair_type", column=name, found=array.dtype))
        key = self.origin if self.vehicle is None else self.vehicle * (self.origin.max(initial=0) + 1) + self.origin
        if len(self.origin) and (np.diff(key) < 0).any():
            raise InputError(say("error.pairs_not_sorted"))

    def __len__(self) -> int:
        return len(self.origin)

    @cached_property
    def ends(self) -> Ints:
        """Nodes at which trips begin or end, sorted, each once."""
        return np.unique(np.concatenate([self.origin, self.destination]))

    @property
    def of_class(self) -> Ints:
        """Vehicle class of every pair, shape (pairs,)."""
        return np.zeros(len(self), np.int64) if self.vehicle is None else self.vehicle


@dataclass(frozen=True)
class VehicleClass:
    """A class of vehicles that shares the roads with the others.

    Parameters
    ----------
    name : for tables
    pce : passenger-car units of one vehicle
    closed : links that this class may not use, shape (links,); None: none
    extra_min : what each link costs this class beyond the common cost, shape (links,); None: nothing

    """

    name: str = "car"
    pce: float = 1.0
    closed: Bools | None = None
    extra_min: Floats | None = None

    def __post_init__(self) -> None:
        if not (np.isfinite(self.pce) and self.pce > 0):
            raise InputError(say("error.bad_pce", name=self.name, found=self.pce))
        if self.extra_min is not None and not (np.isfinite(self.extra_min) & (self.extra_min >= 0)).all():
            raise InputError(say("error.bad_extra", name=self.name))


CAR = (VehicleClass(),)


@dataclass(frozen=True)
class GiveUp:
    """Trips whose way costs more than `minutes` (a number or one for each pair) stay at home and cost `minutes`.

    So a lost trip is never cheaper than the dearest one that is made.
    """

    minutes: float | Floats


@dataclass(frozen=True)
class Exponential:
    """Elastic demand d = d0 exp(-theta (u - u0)), with d0 the given demand.

    Parameters
    ----------
    theta : per minute
    minutes : u0, the cost at which the given demand holds, a number or one for each pair

    """

    theta: float
    minutes: float | Floats


@dataclass(frozen=True)
class Linear:
    """Elastic demand d = d0 max(0, 1 - u / minutes)."""

    minutes: float | Floats


Answer = GiveUp | Exponential | Linear


def refuse_demand(vph: Floats) -> None:
    """Raise an InputError for the first demand that is negative or not finite."""
    values = np.asarray(vph, float)
    bad = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
    if len(bad):
        raise InputError(say("error.bad_demand", pair=int(bad[0]), found=float(values[bad[0]])))


@dataclass(frozen=True)
class Demand:
    """What wants to travel: vehicles an hour of every pair, shape (pairs,).

    Parameters
    ----------
    pairs : who wants to go where
    vph : vehicles/h
    classes : the vehicle classes that `pairs.vehicle` counts
    answer : how demand answers to cost; None: not at all, and what has no way at all is unserved

    Raises
    ------
    InputError
        A value is negative or not finite, there are no pairs, or a class is unknown.

    >>> Demand(Pairs(np.array([0, 2]), np.array([2, 0])), np.array([400.0, 150.0])).vph.sum()
    np.float64(550.0)

    """

    pairs: Pairs
    vph: Floats
    classes: tuple[VehicleClass, ...] = CAR
    answer: Answer | None = None

    def __post_init__(self) -> None:
        if len(self.pairs) == 0:
            raise InputError(say("error.no_demand"))
        if np.shape(self.vph) != (len(self.pairs),):
            raise InputError(say("error.bad_pair_count", column="vph", found=count(self.vph), expected=len(self.pairs)))
        refuse_demand(self.vph)
        names = [c.name for c in self.classes]
        if len(set(names)) < len(names):
            raise InputError(say("error.class_twice", found=", ".join(names)))
        if self.pairs.of_class.min() < 0 or self.pairs.of_class.max() >= len(self.classes):
            raise InputError(say("error.unknown_class", found=int(self.pairs.of_class.max()), expected=""))
        if self.answer is not None:
            minutes = np.asarray(self.answer.minutes, float)
            theta = self.answer.theta if isinstance(self.answer, Exponential) else 1.0
            most = theta * float(minutes.max(initial=0.0)) if isinstance(self.answer, Exponential) else 0.0
            if most > MOST_EXPONENT:
                raise InputError(say("error.steep_answer", found=most, expected=MOST_EXPONENT))
            if minutes.shape not in ((), self.vph.shape) or not (
                np.isfinite(minutes).all() and (minutes > 0).all() and np.isfinite(theta) and theta > 0
            ):
                raise InputError(say("error.bad_answer"))

    @property
    def pce(self) -> Floats:
        """Passenger-car units of one vehicle of every pair, shape (pairs,)."""
        return np.array([c.pce for c in self.classes])[self.pairs.of_class]

    @classmethod
    def from_table(
        cls, graph: RoadGraph, table: pd.DataFrame, *, classes: tuple[VehicleClass, ...] = CAR,
        answer: Answer | None = None,
    ) -> Self:  # fmt: skip
        """Return the demand of a table with the columns origin, destination, vph and, with classes, vehicle.

        Rows of the same pair are added up. Nodes are named as in the network; `vehicle` names a class.

        Raises
        ------
        InputError
            A column is missing, a node or class is unknown, or a value is negative or not finite.

        """
        import pandas as pd

        for column in ("origin", "destination", "vph"):
            if column not in table.columns:
                found = ", ".join(map(str, table.columns))
                raise InputError(say("error.no_demand_column", column=column, found=found))
        names = graph.names_of_nodes()
        origin, destination = (
            np.asarray(names.get_indexer(pd.Index(table[column])), np.int64) for column in ("origin", "destination")
        )
        for column, ends in (("origin", origin), ("destination", destination)):
            if (ends < 0).any():
                wrong = table[column].iloc[int(np.flatnonzero(ends < 0)[0])]
                raise InputError(say("error.zone_without_link", zone=wrong))
        known = [c.name for c in classes]
        vehicle = np.zeros(len(table), np.int64)
        if "vehicle" in table.columns:
            words = table["vehicle"].to_numpy(str)
            strange = [w for w in np.unique(words) if w not in known]
            if strange:
                raise InputError(say("error.unknown_class", found=strange[0], expected=near(strange[0], known)))
            vehicle = np.array([known.index(w) for w in words], np.int64)
        elif len(classes) > 1:
            raise InputError(say("error.no_demand_column", column="vehicle", found=", ".join(map(str, table.columns))))
        vph = numbers(table, "vph")
        refuse_demand(vph)
        key = (vehicle * graph.nodes + origin) * graph.nodes + destination
        _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
        pairs = Pairs(origin[first], destination[first], vehicle[first] if len(classes) > 1 else None)
        return cls(pairs, np.bincount(inverse, vph, len(first)).astype(float), classes, answer)

    @classmethod
    def from_matrix(cls, graph: RoadGraph, zones: ArrayLike, matrix: ArrayLike) -> Self:
        """Return the demand of a matrix of vehicles/h, rows = origins, columns = destinations, both `zones`.

        Raises
        ------
        InputError
            The matrix is not square over the zones, a zone is no node, or a value is negative or not finite.

        """
        import pandas as pd

        trips, names = np.asarray(matrix, float), np.asarray(zones)
        if trips.shape != (len(names), len(names)):
            raise InputError(say("error.bad_matrix", found=trips.shape, expected=len(names)))
        row, column = np.nonzero(trips != 0.0)
        return cls.from_table(
            graph, pd.DataFrame({"origin": names[row], "destination": names[column], "vph": trips[row, column]})
        )
