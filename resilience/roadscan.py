"""Which road of a case, or of a folder in TNTP format, matters most: read, scan, write."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from resilience.arrays import sums
from resilience.assignment.criticality import (
    Criticality,
    Element,
    betweenness,
    cells,
    detours,
    percolation,
    scan,
    single_links,
    streets,
)
from resilience.assignment.equilibrium import Assignment, assign
from resilience.assignment.graph import Demand, GiveUp, RoadGraph
from resilience.case import load_case
from resilience.errors import InputError, near
from resilience.files import atomic
from resilience.patience import patience
from resilience.readers.tntp import read_tntp
from resilience.text import say

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

KINDS = ("links", "streets", "cells")
BASE_SHARE = 0.1  # the whole network is solved to this share of the gap, so that differences owe little to it


@dataclass(frozen=True)
class RoadProblem:
    """A network with its ordinary demand.

    Parameters
    ----------
    xy : coordinates of the nodes, shape (nodes, 2), None where they are not known
    closable : links that may be closed: all of a TNTP folder, the roads of a case, whose connectors stand for many
    label : what to call links in a list, where that is more than their name

    """

    name: str
    graph: RoadGraph
    demand: Demand
    xy: Floats | None
    closable: Bools
    label: dict[str, str]


@dataclass(frozen=True)
class RoadScan:
    """All that is said about the roads: the scan of each cut, structure, and how the network falls apart."""

    problem: RoadProblem
    base: Assignment
    scans: list[Criticality]
    structure: pd.DataFrame
    percolation: pd.DataFrame


def road_problem(folder: Path, *, toll_weight: float = 0.0, distance_weight: float = 0.0) -> RoadProblem:
    """Return the roads and the ordinary trips of a case (the way out on a working day) or of a TNTP folder.

    Raises
    ------
    InputError
        The case has no roads or no trips, or the folder is neither.
    CaseError
        The tables cannot be read.

    """
    if not (folder / "case.toml").is_file():
        data = read_tntp(folder, toll_weight=toll_weight, distance_weight=distance_weight)
        graph = data.graph
        ends = zip(graph.names_of_links(), graph.tail + 1, graph.head + 1, strict=True)
        label = {str(link): f"{link}: {a}→{b}" for link, a, b in ends}
        return RoadProblem(data.name, graph, data.demand, data.xy, np.ones(graph.links, np.bool_), label)
    case = load_case(folder)
    road, people = case.city.road, case.population(root_seed=1)
    if road is None or people is None:
        raise InputError(say("error.no_trips_or_roads", folder=folder))
    vph = sums(people.out_pair, people.vehicles * people.weekday, len(people.out))
    nodes = road.network.nodes[["x", "y"]].to_numpy(float)
    zones = np.full((road.graph.nodes - len(nodes), 2), np.nan)
    roads = np.arange(road.graph.links) < road.links
    table = road.network.links
    named = table["name"].fillna("") if "name" in table.columns else pd.Series("", index=table.index)
    label = {str(link): f"{str(link).removeprefix('road:')} {name}".strip() for link, name in named.items()}
    demand, xy = Demand(people.out, vph), np.concatenate([nodes, zones])
    return RoadProblem(case.city.name, road.graph, demand, xy, roads, label)


def elements_of(problem: RoadProblem, kind: str, *, across: int, most: int | None, flow: Floats) -> list[Element]:
    """Return what is closed, one after the other; `most` keeps the elements with the largest flow."""
    if kind not in KINDS:
        raise InputError(say("error.unknown_elements", found=kind, expected=near(kind, KINDS)))
    graph = problem.graph
    if kind == "links":
        found = single_links(graph, problem.closable)
    elif kind == "streets":
        found = streets(graph, problem.closable)
    else:
        if problem.xy is None:
            raise InputError(say("error.no_coordinates", folder=problem.name))
        inside = problem.closable & np.isfinite(problem.xy[graph.tail] + problem.xy[graph.head]).all(axis=1)
        found = cells(graph, problem.xy, across, inside)
    if most is not None:
        if most < 1:
            raise InputError(say("error.not_positive", name="--most", found=most))
        found = sorted(found, key=lambda e: -float(flow[e.links].max()))[:most]
    return found


def scan_roads(
    problem: RoadProblem,
    *,
    kind: str = "links",
    cuts: tuple[float, ...] = (1.0,),
    across: int = 10,
    most: int | None = None,
    gap: float = 1e-6,
    give_up: bool = False,
    workers: int = 1,
    progress: Callable[[int, int], bool | None] | None = None,
) -> RoadScan:
    """Return the criticality of the roads; arguments as of `resilience criticality`.

    With `give_up`, trips that would take longer than their makers bear stay at home and are charged that time;
    otherwise demand is fixed, as the literature has it, and only trips without any way are unserved.
    """
    graph, demand = problem.graph, problem.demand
    base = assign(graph, demand, gap=BASE_SHARE * gap)
    if give_up:
        usual = np.where(np.isfinite(base.od_minutes), base.od_minutes, 1e9)
        demand = Demand(demand.pairs, demand.vph, demand.classes, GiveUp(np.maximum(usual + patience(usual), 1e-6)))
        base = assign(graph, demand, gap=BASE_SHARE * gap)
    elements = elements_of(problem, kind, across=across, most=most, flow=base.flow)
    scans = []
    for number, cut in enumerate(cuts):
        total = len(cuts)

        def tell(done: int, many: int, number: int = number, total: int = total) -> bool | None:
            return progress(number * many + done, total * many) if progress is not None else None

        scans.append(scan(base, elements, cut=cut, gap=gap, workers=workers, progress=tell))
    structure = detours(graph, base.minutes)
    structure["betweenness"] = betweenness(graph, graph.free_flow_min + graph.fixed_min)
    structure["flow"] = base.flow
    structure.insert(0, "to_node", graph.names_of_nodes()[graph.head])
    structure.insert(0, "from_node", graph.names_of_nodes()[graph.tail])
    structure = structure[problem.closable]
    by_flow = np.argsort(-base.flow, kind="stable")
    by_flow = by_flow[problem.closable[by_flow]]
    shuffled = np.random.default_rng(1).permutation(by_flow)
    curves = [percolation(graph, order).assign(order=name) for name, order in (("flow", by_flow), ("random", shuffled))]
    return RoadScan(problem, base, scans, structure, pd.concat(curves, ignore_index=True))


def tables_of(found: RoadScan) -> dict[str, pd.DataFrame]:
    """Return the tables of a scan by file name."""
    elements = pd.concat([c.elements.assign(cut=c.cut) for c in found.scans], ignore_index=True)
    zones = pd.concat([c.zones.assign(cut=c.cut) for c in found.scans], ignore_index=True)
    return {
        "elements": elements,
        "zones": zones,
        "structure": found.structure.reset_index(),
        "percolation": found.percolation,
    }


def write_scan(found: RoadScan, folder: Path, about: dict[str, Any]) -> None:
    """Write the tables of a scan as CSV and what it was asked for as JSON, each file whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables_of(found).items():
        with atomic(folder / f"{name}.csv") as temporary:
            table.to_csv(temporary, index=False)
    base = found.base
    about = about | {
        "network": found.problem.name,
        "nodes": found.problem.graph.nodes,
        "links": found.problem.graph.links,
        "demand_vph": float(base.demand.vph.sum()),
        "travel_time_vehicle_hours": base.total_travel_time / 60.0,
        "unserved_vph": float(base.unserved.sum()),
        "base_relative_gap": base.relative_gap,
    }
    with atomic(folder / "about.json") as temporary:
        temporary.write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
