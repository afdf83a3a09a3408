"""What the assignment works on: a network of links with cost functions."""

from __future__ import annotations

import zlib
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from resilience.base.errors import InputError, near
from resilience.base.text import say
from resilience.traffic.cost import (
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
from resilience.traffic.search import SearchGraph, contract

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    import pandas as pd
    from numpy.typing import NDArray

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
    node_id, link_id : the user's names of nodes and links, a range of numbers too; None: their numbers

    Raises
    ------
    InputError
        A value that is not possible, with the link; columns of different lengths; an end that is no node.

    >>> import pandas as pd
    >>> links = pd.DataFrame({"from_node": ["A", "B"], "to_node": ["B", "A"], "free_flow_min": [2.0, 3.0],
    ...                       "capacity_vph": 800.0})
    >>> graph = RoadGraph.from_table(links)
    >>> graph.nodes, graph.links, graph.minutes(np.array([800.0, 0.0]))
    (2, 2, array([2.3, 3. ]))

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
    node_id: pd.Index | range | None = None
    link_id: pd.Index | range | None = None
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
        import pandas as pd

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
        return _named(self.node_id, self.nodes, "node")

    def names_of_links(self) -> pd.Index:
        """Return the user's names of the links."""
        return _named(self.link_id, self.links, "link")

    def search(self, ends: Ints) -> SearchGraph:
        """Return the graph prepared for searches between the given nodes, made once per topology.

        Raises
        ------
        InputError
            What is joined to what was changed since the graph was first prepared: its order would be another graph's.

        """
        mark = 0
        for part in (self.tail, self.head, self.barred):
            mark = zlib.crc32(np.ascontiguousarray(part).data, mark)
        if self._prepared.setdefault("mark", mark) != mark:
            raise InputError(say("error.graph_changed"))
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

    def star(self, *, reverse: bool = False) -> tuple[Ints, Ints, Ints]:
        """Return the links sorted by tail (by head in reverse), made once.

        Returns
        -------
        offsets, link, far
            First link of each node, shape (nodes + 1,); numbers of the links, and the node at the other end of each,
            shape (links,).

        """
        key = "reverse" if reverse else "forward"
        if key not in self._prepared:
            start, other = (self.head, self.tail) if reverse else (self.tail, self.head)
            counts = np.bincount(start, minlength=self.nodes)
            offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
            link = np.argsort(start, kind="stable").astype(np.int64)
            self._prepared[key] = (offsets, link, other[link])
        found: tuple[Ints, Ints, Ints] = self._prepared[key]
        return found

    def arc_matrix(self, net: SearchGraph, closed: Bools | None = None) -> Floats:
        """Return the matrix of arcs for the kernels (columns in cost.py), flows zero, shape (arcs, 8)."""
        if not self._matrices or self._matrices[0][0] is not net:
            self._matrices[:] = [(net, self._open_arcs(net))]
        matrix = self._matrices[0][1].copy()
        if closed is not None:
            matrix[net.any_of(closed), FIXED] = np.inf
        return matrix

    @cached_property
    def _matrices(self) -> list[tuple[SearchGraph, Floats]]:
        return []  # the last one made, and for which searches

    def _open_arcs(self, net: SearchGraph) -> Floats:
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


def _named(names: pd.Index | range | None, many: int, what: str) -> pd.Index:
    """Return names as an index, numbers from 0 where there are none."""
    import pandas as pd

    if names is None or isinstance(names, range):
        return pd.RangeIndex(names or range(many), name=what)
    return names


def count(values: object) -> object:
    """Return how many values there are, for a message: a number, or the shape of what is no row of values."""
    shape = np.asarray(values).shape
    return shape[0] if len(shape) == 1 else shape


def numbers(table: pd.DataFrame, column: str) -> Floats:
    """Return a column as numbers (what is empty: nan); an InputError names the first row that holds something else."""
    import pandas as pd

    values = pd.to_numeric(table[column], errors="coerce").to_numpy(float)
    bad = np.flatnonzero(np.isnan(values) & table[column].notna().to_numpy())
    if len(bad):
        row, found = table.index[bad[0]], table[column].iloc[bad[0]]
        raise InputError(say("error.no_number", column=column, row=row, found=found))
    return values
