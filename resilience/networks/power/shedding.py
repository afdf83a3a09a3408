"""Which loads a network short of capacity serves: the best set of whole feeders, by mixed-integer programming."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array

from resilience.base.defaults import default

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

OPTIMAL = 0
EQUAL, SLACK = 1e-9, 1e-5  # two values are taken for the same; tolerance of the solver


@dataclass(frozen=True)
class Island:
    """Parts of a power network that are short of capacity; nodes and links in the order of their ids.

    Parameters
    ----------
    tail, head : positions of the ends of the links, shape (links,); power flows in both directions
    link_kw, node_kw : most that a link carries and that passes a node, kW
    source : nodes that feed power in as far as their node_kw goes, shape (nodes,)
    load_kw : load of each node, kW, 0 where it has none or is not wanted, shape (nodes,)
    priority : loads of a higher number come first, shape (nodes,)
    people, level : residents of each group of zones and the priority at which they count, shape (groups,)
    needs : for each group what it needs of the nodes: whether any of them will do, and their positions; None where
        the choice does not bear on it

    """

    tail: Ints
    head: Ints
    link_kw: Floats
    node_kw: Floats
    source: Bools
    load_kw: Floats
    priority: Floats
    people: Floats
    needs: list[list[tuple[bool, list[int]]] | None]
    level: Floats


def best_served(island: Island, start: Bools) -> tuple[Bools, float]:
    """Return which nodes have their load served, shape (nodes,), and the relative gap, 0 where the set is proven best.

    A set of whole loads can be served when a flow carries it: into each node goes what comes out or is consumed
    there, no link and no node above its capacity (the maximum-flow conditions of Ford & Fulkerson 1956, linear in
    the flows and in one yes-or-no number a load). Of all such sets the best is taken, in this order:

    1. for the highest priority, the most people whose zones have power (what the stress test grades), then the most
       load, kW; then the same for the next priority, and so on, nothing being taken from a higher one;
    2. among equals the set whose ranks have the greatest sum, in which the first id ranks highest.

    Why people before load: a greatest load can leave more homes dark (capacity for 10 kW served one feeder of 6 kW
    with 60 people or two of 5 kW with 100 each), and a set that can be served with less capacity can be served with
    more. So along nested damage the list (people and load of the highest priority, of the next, ...) never rises in
    the order of words in a dictionary; with one priority, the people without power never fall. With several, a large
    load of few people and high priority may still keep out many people of a low one: that is what priority means.

    HiGHS (Huangfu & Hall 2018, doi:10.1007/s12532-017-0130-5) solves each step by branch and bound until the gap is
    closed or `power.shed_nodes` nodes are searched, a limit that no clock moves; the best set known then counts, and is
    never worse than `start`. The gap speaks of people and load and not of the choice among equals.

    Parameters
    ----------
    island : the network
    start : a set that can be served, shape (nodes,)

    """
    program = _Program(island)
    loads = program.loads
    best, gap = start[loads].astype(float), 0.0
    for level in np.union1d(island.priority[loads], island.level[program.homes])[::-1]:
        mine = island.priority[loads] == level
        homes = np.flatnonzero(island.level[program.homes] == level) if len(program.homes) else np.zeros(0, np.int64)
        steps = []
        if len(homes):
            steps.append(program.people_of(homes))
        steps.append(program.weight(np.where(mine, island.load_kw[loads], 0.0)))
        for aim in steps:
            best, missed = program.step(aim, best)
            gap = max(gap, missed)
    rank = np.arange(len(loads), 0, -1).astype(float)
    best, _ = program.step(program.weight(rank), best)
    served = np.zeros(len(island.load_kw), np.bool_)
    served[loads[best > 0.5]] = True
    return served, gap


class _Program:
    """The mixed-integer program: one column per load, per direction of a link, per source and per home in question."""

    def __init__(self, island: Island) -> None:
        self.island = island
        self.loads = np.flatnonzero(island.load_kw > 0)
        self.homes = np.array([z for z, needs in enumerate(island.needs) if needs], np.int64)
        many, links, sources = len(self.loads), len(island.tail), np.flatnonzero(island.source)
        self.unit = float(island.load_kw[self.loads].mean())
        total = island.load_kw.sum() / self.unit
        self.first_home = many + 2 * links + len(sources)
        self.width = self.first_home + len(self.homes)
        arcs, feeds = many + np.arange(2 * links), many + 2 * links + np.arange(len(sources))
        come = np.concatenate([island.head, island.tail])
        leave = np.concatenate([island.tail, island.head])
        nodes = len(island.load_kw)
        inflow = self._matrix(
            np.append(come, sources), np.append(arcs, feeds), np.ones(2 * links + len(sources)), nodes
        )
        used = self._matrix(
            np.append(leave, self.loads),
            np.append(arcs, np.arange(many)),
            np.append(np.ones(2 * links), island.load_kw[self.loads] / self.unit),
            nodes,
        )
        room = np.minimum(island.node_kw / self.unit, 2.0 * total)
        self.rows = [LinearConstraint(inflow - used, 0.0, 0.0), LinearConstraint(inflow, -np.inf, room)]
        if len(self.homes):
            self.rows.append(self._lit())
        carry = np.minimum(np.append(island.link_kw, island.link_kw) / self.unit, total)
        top = np.concatenate([np.ones(many), carry, np.full(len(sources), total), np.ones(len(self.homes))])
        self.bounds = Bounds(np.zeros(self.width), top)
        self.reached: list[tuple[Floats, float]] = []
        self.whole = np.zeros(self.width)
        self.whole[:many] = 1

    def _matrix(self, row: Ints, column: Ints, value: Floats, many: int) -> csr_array:
        return coo_array((value, (row, column)), shape=(many, self.width)).tocsr()

    def _lit(self) -> LinearConstraint:
        """A home is lit only as far as each of its needs is met: by any, or by each, of its suppliers."""
        place = {int(node): i for i, node in enumerate(self.loads)}
        rows: list[tuple[int, list[int]]] = []
        for i, zone in enumerate(self.homes):
            for one_will_do, suppliers in self.island.needs[zone] or []:
                columns = [place[s] for s in suppliers]
                rows += [(i, columns)] if one_will_do else [(i, [c]) for c in columns]
        row = [r for r, (_, columns) in enumerate(rows) for _ in range(len(columns) + 1)]
        column = [c for home, columns in rows for c in (self.first_home + home, *columns)]
        value = [v for _, columns in rows for v in (1.0, *(-1.0 for _ in columns))]
        matrix = self._matrix(np.array(row), np.array(column), np.array(value), len(rows))
        return LinearConstraint(matrix, -np.inf, 0.0)

    def weight(self, per_load: Floats) -> Floats:
        """Return an aim that counts served loads with a weight, shape (columns,)."""
        aim = np.zeros(self.width)
        aim[: len(self.loads)] = per_load
        return aim

    def people_of(self, homes: Ints) -> Floats:
        """Return an aim that counts the people of homes that have power, shape (columns,)."""
        aim = np.zeros(self.width)
        aim[self.first_home + homes] = self.island.people[self.homes[homes]]
        return aim

    def value(self, aim: Floats, served: Floats) -> float:
        """Return what a set of served loads is worth under an aim."""
        full = np.zeros(self.width)
        full[: len(served)] = served
        place = {int(node): i for i, node in enumerate(self.loads)}
        for i, zone in enumerate(self.homes):
            needs = self.island.needs[zone] or []
            met = [(max if any_rule else min)(served[place[s]] for s in suppliers) for any_rule, suppliers in needs]
            full[self.first_home + i] = min(met)
        return float(aim @ full)

    def step(self, aim: Floats, best: Floats) -> tuple[Floats, float]:
        """Return the best set under an aim that gives up nothing reached before, shape (loads,), and its gap."""
        scale = float(aim.max(initial=0.0))
        if scale <= 0:
            return best, 0.0
        if self.value(aim, best) >= aim.sum() * (1.0 - EQUAL):  # nothing is left out: no need to search
            self.reached.append((aim, self.value(aim, best)))
            sure = aim > 0
            if sure[: len(best)].any():
                self.bounds.lb[sure & (self.whole > 0)] = 1.0
            else:
                self.rows.append(LinearConstraint(csr_array(aim[None, :] / scale), aim.sum() / scale - SLACK, np.inf))
            return best, 0.0
        found = milp(
            -aim / scale,
            integrality=self.whole,
            bounds=self.bounds,
            constraints=self.rows,
            options={"mip_rel_gap": 0.0, "node_limit": int(default("power.shed_nodes"))},
        )
        gap = 0.0 if found.status == OPTIMAL else float(getattr(found, "mip_gap", None) or 1.0)
        known = self.value(aim, best)
        if found.x is not None:
            served = np.round(found.x[: len(best)])
            if all(self.value(a, served) >= v * (1.0 - EQUAL) for a, v in [*self.reached, (aim, known)]):
                best, known = served, self.value(aim, served)
            elif gap == 0.0:
                gap = SLACK
        self.reached.append((aim, known))
        self.rows.append(LinearConstraint(csr_array(aim[None, :] / scale), known / scale - SLACK, np.inf))
        return best, gap
