"""What the assignment works on: a network of links with cost functions, and the demand between its nodes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from resilience.assignment.cost import (
    CAPACITY,
    CONICAL,
    EXPONENT,
    FIXED,
    FOURTH,
    KIND,
    OWN,
    POWER,
    SCALE,
    B,
    OwnCost,
    conical_integral,
)
from resilience.assignment.search import SearchGraph, contract
from resilience.base.errors import InputError, near
from resilience.base.text import say

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from numpy.typing import ArrayLike, NDArray

    from resilience.base.arrays import Bools, Floats, Ints


MOST_EXPONENT = 700.0  # e to this is still a number
FUNCTIONS = {"bpr": POWER, "conical": CONICAL, "own": OWN}


@dataclass(frozen=True)
class RoadGraph:
    """A road network; nodes and links are numbered from 0.

    Parameters
    ----------
    nodes : number of nodes
    tail, head : node numbers of every link, shape (links,)
    free_flow_min, capacity_vph, b, power : of the cost function of every link, shape (links,)
    fixed_min : flow-independent cost such as a toll in minutes, shape (links,)
    barred : nodes that no path may pass through (zone centroids), shape (nodes,)
    length_km : length of every link, shape (links,), for distance skims
    function : cost function of every link by its number in FUNCTIONS; None: BPR for all
    own : the functions of links whose function is "own"
    node_id, link_id : the user's names of nodes and links; None: their numbers

    Raises
    ------
    InputError
        A value that is not possible, with the link; columns of different lengths; an end that is no node.

    """

    nodes: int
    tail: Ints
    head: Ints
    free_flow_min: Floats
    capacity_vph: Floats
    b: Floats
    power: Floats
    fixed_min: Floats
    barred: Bools
    length_km: Floats | None = None
    function: NDArray[np.uint8] | None = None
    own: OwnCost | None = None
    node_id: pd.Index | None = None
    link_id: pd.Index | None = None
    _prepared: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        many = len(self.tail)
        conical = self.kind == CONICAL
        checks: list[tuple[str, Floats, Any, str]] = [
            ("capacity_vph", self.capacity_vph, lambda x: x > 0, "above_zero"),
            ("free_flow_min", self.free_flow_min, lambda x: x >= 0, "zero_or_more"),
            ("b", self.b, lambda x: x >= 0, "zero_or_more"),
            ("power", self.power, lambda x: np.where(conical, x > 1, x >= 0), "power_range"),
            ("fixed_min", self.fixed_min, lambda x: x >= 0, "zero_or_more"),
        ]
        if self.length_km is not None:
            checks.append(("length_km", self.length_km, lambda x: x >= 0, "zero_or_more"))
        for name, values in [*((name, values) for name, values, _, _ in checks), ("head", self.head)]:
            if len(values) != many:
                raise InputError(say("error.bad_link_count", column=name, found=len(values), expected=many))
        for name, values, good, expected in checks:
            self.refuse(name, values, good, expected)
        for name, ends in (("tail", self.tail), ("head", self.head)):
            bad = np.flatnonzero((ends < 0) | (ends >= self.nodes))
            if len(bad):
                raise InputError(say("error.bad_link_end", column=name, link=int(bad[0]), found=int(ends[bad[0]])))
        if (self.kind == OWN).any() and self.own is None:
            raise InputError(say("error.no_own_cost"))

    @classmethod
    def from_table(cls, links: pd.DataFrame, *, zones: Iterable[Hashable] = (), own: OwnCost | None = None) -> Self:
        """Return the network of a table with one row a link.

        Parameters
        ----------
        links : columns from_node, to_node (any names or numbers), free_flow_min, capacity_vph; if they are there also
            b (0.15), power (4), fixed_min (0), length_km, function (bpr, conical or own); the index names the links
        zones : nodes that no path may pass through
        own : the cost function of links whose function is "own"

        Raises
        ------
        InputError
            A column is missing, a zone has no link, or a value is not possible.

        """
        for needed in ("from_node", "to_node", "free_flow_min", "capacity_vph"):
            if needed not in links.columns:
                raise InputError(say("error.no_link_column", column=needed, found=", ".join(map(str, links.columns))))
        many = len(links)
        for end in ("from_node", "to_node"):
            bad = np.flatnonzero(links[end].isna())
            if len(bad):
                raise InputError(say("error.no_node", column=end, link=links.index[bad[0]]))
        if links.index.has_duplicates:
            raise InputError(say("error.link_twice", link=links.index[links.index.duplicated()][0]))
        names = pd.Index(pd.unique(pd.concat([links["from_node"], links["to_node"]])), name="node")
        with suppress(TypeError):  # numbers and words together have no order: then that of the rows stays
            names = names.sort_values()
        wanted = pd.Index(list(zones))  # a list keeps what each name is
        at = names.get_indexer(wanted)
        if (at < 0).any():
            raise InputError(say("error.zone_without_link", zone=wanted[int((at < 0).argmax())]))
        barred = np.zeros(len(names), np.bool_)
        barred[at] = True

        def column(name: str, fill: float) -> Floats:
            return numbers(links, name) if name in links.columns else np.full(many, fill)

        function = None
        if "function" in links.columns:
            words = np.array([str(word) for word in links["function"]], object)
            wrong = [w for w in np.unique(words) if w not in FUNCTIONS]
            if wrong:
                raise InputError(say("error.bad_function", found=wrong[0], expected=near(wrong[0], FUNCTIONS)))
            function = np.array([FUNCTIONS[w] for w in words], np.uint8)
        return cls(
            nodes=len(names),
            tail=np.asarray(names.get_indexer(links["from_node"]), np.int64),
            head=np.asarray(names.get_indexer(links["to_node"]), np.int64),
            free_flow_min=column("free_flow_min", 0.0),
            capacity_vph=column("capacity_vph", 0.0),
            b=column("b", 0.15),
            power=column("power", 4.0),
            fixed_min=column("fixed_min", 0.0),
            barred=barred,
            length_km=numbers(links, "length_km") if "length_km" in links.columns else None,
            function=function,
            own=own,
            node_id=names,
            link_id=pd.Index(links.index, name=links.index.name or "link"),
        )

    @property
    def links(self) -> int:
        """Number of links."""
        return len(self.tail)

    @property
    def kind(self) -> NDArray[np.uint8]:
        """Cost function of every link: POWER, CONICAL or OWN."""
        return np.full(len(self.tail), POWER, np.uint8) if self.function is None else self.function

    def names_of_nodes(self) -> pd.Index:
        """Return the user's names of the nodes."""
        return pd.RangeIndex(self.nodes, name="node") if self.node_id is None else self.node_id

    def names_of_links(self) -> pd.Index:
        """Return the user's names of the links."""
        return pd.RangeIndex(self.links, name="link") if self.link_id is None else self.link_id

    def search(self, ends: Ints) -> SearchGraph:
        """Return the graph prepared for searches between the given nodes, made once per topology."""
        if (np.diff(ends) <= 0).any():
            ends = np.unique(ends)
        key = ends.tobytes()
        if key not in self._prepared:
            kind = self.kind
            _, alike = np.unique(self.power, return_inverse=True)
            alike = np.where(kind == POWER, alike, -1)
            self._prepared[key] = contract(self.tail, self.head, self.barred, ends, alike)
        found: SearchGraph = self._prepared[key]
        return found

    def star(self, *, reverse: bool = False) -> tuple[Ints, Ints]:
        """Return the links sorted by tail (by head in reverse): offsets (nodes + 1,) and link numbers (links,)."""
        key = "reverse" if reverse else "forward"
        if key not in self._prepared:
            start = self.head if reverse else self.tail
            counts = np.bincount(start, minlength=self.nodes)
            offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
            self._prepared[key] = (offsets, np.argsort(start, kind="stable").astype(np.int64))
        found: tuple[Ints, Ints] = self._prepared[key]
        return found

    def arc_matrix(self, net: SearchGraph, closed: Bools | None = None) -> Floats:
        """Return the matrix of arcs for the kernels (columns in cost.py), flows zero, shape (arcs, 8)."""
        kind, first = self.kind, net.members[net.member_start[:-1]] if net.arcs else np.zeros(0, np.int64)
        power = kind == POWER
        constant = power & (self.power == 0.0)
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            grown = self.free_flow_min * self.b / self.capacity_vph**self.power
        bad = np.flatnonzero(power & ~(np.isfinite(grown) & ((grown > 0) | (self.b * self.free_flow_min == 0))))
        if len(bad):
            link = self.names_of_links()[bad[0]]
            found, expected = float(self.power[bad[0]]), say("error.power_small")
            raise InputError(say("error.bad_link_value", column="power", link=link, found=found, expected=expected))
        fixed = self.fixed_min + np.where(power, self.free_flow_min, 0.0) + np.where(constant, grown, 0.0)
        matrix = np.zeros((net.arcs, 8))
        matrix[:, FIXED] = net.over_arcs(fixed)
        matrix[:, SCALE] = net.over_arcs(np.where(power, np.where(constant, 0.0, grown), self.free_flow_min))
        matrix[:, EXPONENT], matrix[:, CAPACITY], matrix[:, B] = (
            self.power[first], self.capacity_vph[first], self.b[first],
        )  # fmt: skip
        flat = matrix[:, SCALE] == 0.0
        fourth = power[first] & ((matrix[:, EXPONENT] == 4.0) | flat)
        matrix[:, KIND] = np.where(fourth, FOURTH, kind[first])
        if closed is not None:
            matrix[net.any_of(closed), FIXED] = np.inf
        return matrix

    def minutes(self, flow: Floats) -> Floats:
        """Return the cost of every link at the given flow (passenger-car units/h), minutes."""
        ratio = flow / self.capacity_vph
        result = self.free_flow_min * (1.0 + self.b * ratio**self.power)
        kind = self.kind
        if (kind == CONICAL).any():
            some = kind == CONICAL
            p = self.power[some]
            q = (2.0 * p - 1.0) / (2.0 * p - 2.0)
            left = p * (1.0 - ratio[some])
            result[some] = self.free_flow_min[some] * (2.0 + np.sqrt(left**2 + q**2) - left - q)
        if self.own is not None:
            for i in np.flatnonzero(kind == OWN):
                result[i] = self.own.at(flow[i], self.free_flow_min[i], self.capacity_vph[i], self.b[i], self.power[i])
        return result + self.fixed_min

    def objective(self, flow: Floats) -> float:
        """Return Beckmann's objective sum_a int_0^{v_a} t_a(x) dx, vehicle-minutes."""
        ratio = flow / self.capacity_vph
        grown = flow * self.free_flow_min * (1.0 + self.b * ratio**self.power / (self.power + 1.0))
        kind = self.kind
        if (kind == CONICAL).any():
            some = kind == CONICAL
            area = conical_integral(ratio[some], self.power[some])
            grown[some] = self.free_flow_min[some] * self.capacity_vph[some] * area
        if self.own is not None:
            for i in np.flatnonzero(kind == OWN):
                grown[i] = self.own.integral(
                    flow[i], self.free_flow_min[i], self.capacity_vph[i], self.b[i], self.power[i]
                )
        return float(np.sum(grown + flow * self.fixed_min))

    def with_state(self, *, speed: Floats, capacity: Floats) -> RoadGraph:
        """Return the network with free-flow speed and capacity scaled by factors in (0, 1], shape (links,)."""
        for name, factors in (("speed", speed), ("capacity", capacity)):
            if np.shape(factors) != (self.links,):
                found = count(factors)
                raise InputError(say("error.bad_link_count", column=name, found=found, expected=self.links))
            self.refuse(name, np.asarray(factors, float), lambda x: x > 0, "above_zero")
        result = replace(self, free_flow_min=self.free_flow_min / speed, capacity_vph=self.capacity_vph * capacity)
        object.__setattr__(result, "_prepared", self._prepared)  # the same roads, searched the same way
        return result

    def refuse(self, column: str, values: Floats, good: Callable[[Floats], Bools], expected: str) -> None:
        """Raise an InputError for the first link whose value is not finite or not good, saying what would be right."""
        with np.errstate(invalid="ignore"):
            bad = np.flatnonzero(~(good(values) & np.isfinite(values)))
        if len(bad):
            link, found = self.names_of_links()[bad[0]], float(values[bad[0]])
            expected = say(f"error.{expected}")
            raise InputError(say("error.bad_link_value", column=column, link=link, found=found, expected=expected))


@dataclass(frozen=True)
class Pairs:
    """Origin-destination pairs sorted by vehicle class, then origin: node numbers and class, shape (pairs,)."""

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


def count(values: object) -> object:
    """Return how many values there are, for a message: a number, or the shape of what is no row of values."""
    shape = np.asarray(values).shape
    return shape[0] if len(shape) == 1 else shape


def numbers(table: pd.DataFrame, column: str) -> Floats:
    """Return a column as numbers (what is empty: nan); an InputError names the first row that holds something else."""
    values = pd.to_numeric(table[column], errors="coerce").to_numpy(float)
    bad = np.flatnonzero(np.isnan(values) & table[column].notna().to_numpy())
    if len(bad):
        row, found = table.index[bad[0]], table[column].iloc[bad[0]]
        raise InputError(say("error.no_number", column=column, row=row, found=found))
    return values


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
        trips, names = np.asarray(matrix, float), np.asarray(zones)
        if trips.shape != (len(names), len(names)):
            raise InputError(say("error.bad_matrix", found=trips.shape, expected=len(names)))
        row, column = np.nonzero(trips != 0.0)
        return cls.from_table(
            graph, pd.DataFrame({"origin": names[row], "destination": names[column], "vph": trips[row, column]})
        )
