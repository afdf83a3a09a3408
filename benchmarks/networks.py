"""What is solved: the networks and their demand, as plain arrays that our solver and the peers read from one file."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order

from resilience.base.arrays import sums
from resilience.case.case import load_case
from resilience.case.shipped import find_case
from resilience.readers.tntp import read_tntp

if TYPE_CHECKING:
    from resilience.base.arrays import Bools, Floats, Ints
    from resilience.networks.road import RoadModel


TNTP_WEIGHTS = {"Chicago-Sketch": {"toll_weight": 0.02, "distance_weight": 0.04}}
PORTO_ALEGRE, TWICE = "Porto-Alegre", "Porto-Alegre-twice"
JOINTS = 8  # bands from south to north, each with one street that joins the two copies
ACROSS = 25  # every 25th pair has its destination in the other copy


@dataclass(frozen=True)
class Problem:
    """A network with demand. Nodes and links are numbered from 0; cost is t0 (1 + b (v/c)^power) + fixed, minutes.

    Parameters
    ----------
    nodes : number of nodes
    tail, head, free_flow_min, capacity_vph, b, power, fixed_min : links, shape (links,)
    barred : nodes that no path may pass through, shape (nodes,)
    origin, destination, demand : pairs sorted by origin and vehicles/h, shape (pairs,)
    published : best known flow of each link, shape (links,), or empty

    """

    name: str
    nodes: int
    tail: Ints
    head: Ints
    free_flow_min: Floats
    capacity_vph: Floats
    b: Floats
    power: Floats
    fixed_min: Floats
    barred: Bools
    origin: Ints
    destination: Ints
    demand: Floats
    published: Floats

    def minutes(self, flow: Floats) -> Floats:
        """Return the cost of each link at a flow, shape (links,)."""
        return self.free_flow_min * (1.0 + self.b * (flow / self.capacity_vph) ** self.power) + self.fixed_min

    def objective(self, flow: Floats) -> float:
        """Return Beckmann's objective, vehicle-minutes."""
        grown = 1.0 + self.b * (flow / self.capacity_vph) ** self.power / (self.power + 1.0)
        return float(flow @ (self.free_flow_min * grown + self.fixed_min))

    def save(self, path: Path) -> None:
        """Write the problem to a file."""
        np.savez(path, **{part.name: getattr(self, part.name) for part in fields(self)})


def load_problem(path: Path | str) -> Problem:
    """Return the problem of a file."""
    with np.load(path, allow_pickle=False) as data:
        parts = {name: data[name] for name in data.files}
    return Problem(**(parts | {"name": str(parts["name"]), "nodes": int(parts["nodes"])}))


def read_problem(name: str, data: Path) -> Problem:
    """Return a network by name: a folder of `data` in TNTP format, Porto Alegre, or two of it side by side."""
    if name == PORTO_ALEGRE:
        return _porto_alegre()[0]
    if name == TWICE:
        return twice(*_porto_alegre())
    found = read_tntp(data / name, **TNTP_WEIGHTS.get(name, {}))
    graph, pairs = found.graph, found.demand.pairs
    return Problem(
        name, graph.nodes, graph.tail, graph.head, graph.free_flow_min, graph.capacity_vph, graph.b, graph.power,
        graph.fixed_min, graph.barred, pairs.origin, pairs.destination, found.demand.vph,
        _published(data / name, graph.tail, graph.head),
    )  # fmt: skip


def _published(folder: Path, tail: Ints, head: Ints) -> Floats:
    """Return the best known flows of *_flow.tntp in the order of the links, empty without such a file."""
    files = sorted(folder.glob("*_flow.tntp"))
    if not files:
        return np.empty(0)
    rows = [line.split() for line in files[0].read_text(encoding="utf-8").splitlines()]
    flow = {(int(r[0]), int(r[1])): float(r[2]) for r in rows if r and r[0].isdigit()}
    return np.array([flow[a + 1, b + 1] for a, b in zip(tail.tolist(), head.tolist(), strict=True)])


def _porto_alegre() -> tuple[Problem, RoadModel]:
    """Return the shipped case on a working morning: the trips out, as the model itself assigns them."""
    case = load_case(find_case(Path("porto_alegre")))
    road, people = case.city.road, case.population(1)
    assert road is not None
    assert people is not None
    graph, pairs = road.graph, people.out
    demand = sums(people.out_pair, people.vehicles * people.weekday, len(pairs.origin))
    kept = demand > 0
    problem = Problem(
        PORTO_ALEGRE, graph.nodes, graph.tail, graph.head, graph.free_flow_min, graph.capacity_vph, graph.b,
        graph.power, graph.fixed_min, graph.barred, pairs.origin[kept], pairs.destination[kept], demand[kept],
        np.empty(0),
    )  # fmt: skip
    return problem, road


def twice(one: Problem, road: RoadModel) -> Problem:
    """Return two copies of a city side by side, joined at their common border.

    The second copy is the first one seen in a mirror that stands at the eastern edge, so that border nodes meet
    their own images. In each of eight bands of equal height from south to north, the easternmost junction of the
    connected roads is joined to its image by a street in either direction (1 minute, 3,600 vehicles/h, BPR 0.15 and
    4). Each copy has the demand of the original, but every 25th pair goes to the destination's image in the other
    copy: 4 % of the pairs cross the border. Nodes of the second copy follow those of the first; the streets that
    join come last among the links.
    """
    x, y = (road.network.nodes[axis].to_numpy(float) for axis in "xy")
    junctions = np.flatnonzero(road.largest_part(np.zeros(len(one.tail), np.bool_))[: len(x)])
    edges = np.linspace(y[junctions].min(), y[junctions].max(), JOINTS + 1)[1:-1]
    band = np.digitize(y[junctions], edges)
    east = np.array([junctions[band == k][x[junctions[band == k]].argmax()] for k in range(JOINTS)])
    ends = np.concatenate([east, east + one.nodes]), np.concatenate([east + one.nodes, east])

    def links(values: Floats, joint: float) -> Floats:
        return np.concatenate([values, values, np.full(2 * JOINTS, joint)])

    away = np.where(np.arange(len(one.origin)) % ACROSS == ACROSS - 1, one.nodes, 0)
    origin = np.concatenate([one.origin, one.origin + one.nodes])
    return replace(
        one, name=TWICE, nodes=2 * one.nodes,
        tail=np.concatenate([one.tail, one.tail + one.nodes, ends[0]]),
        head=np.concatenate([one.head, one.head + one.nodes, ends[1]]),
        free_flow_min=links(one.free_flow_min, 1.0), capacity_vph=links(one.capacity_vph, 3600.0),
        b=links(one.b, 0.15), power=links(one.power, 4.0), fixed_min=links(one.fixed_min, 0.0),
        barred=np.concatenate([one.barred, one.barred]), origin=origin,
        destination=np.concatenate([one.destination + away, one.destination + one.nodes - away]),
        demand=np.concatenate([one.demand, one.demand]),
    )  # fmt: skip


def draw_closures(problem: Problem, flow: Floats, many: int, rng: np.random.Generator) -> Bools | None:
    """Return `many` random links, shape (links,), without which all demand is still served; None if there are none.

    Drawn are links that carry traffic and end at no barred zone, one after the other; a link stays open when its
    head can be reached from its tail by no other way over the links still open. So whoever could travel still can.
    """
    closed = np.zeros(len(problem.tail), np.bool_)
    through = ~problem.barred[problem.tail] & ~problem.barred[problem.head]
    for link in rng.permutation(np.flatnonzero(through & (flow > 0))):
        closed[link] = True
        if problem.head[link] not in _reached(problem, through & ~closed, problem.tail[link]):
            closed[link] = False
        elif closed.sum() == many:
            return closed
    return None


def _reached(problem: Problem, used: Bools, start: int) -> Ints:
    ends = problem.tail[used], problem.head[used]
    graph = csr_array((np.ones(int(used.sum())), ends), shape=(problem.nodes, problem.nodes))
    return np.asarray(breadth_first_order(graph, start, return_predecessors=False))
