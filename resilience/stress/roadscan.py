"""Which road of a case, or of a folder in TNTP format, matters most: read, scan, write."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from resilience.agents.patience import patience
from resilience.base.errors import InputError, near
from resilience.base.files import atomic, check_folder, write_json
from resilience.base.text import say
from resilience.readers.tntp import read_tntp
from resilience.traffic.criticality.elements import Element, cells, single_links, streets
from resilience.traffic.criticality.scan import Criticality, check_scan, scan
from resilience.traffic.criticality.structure import betweenness, detours, percolation
from resilience.traffic.demand import Demand, GiveUp
from resilience.traffic.equilibrium.equilibrium import assign

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from resilience.base.arrays import Bools, Floats
    from resilience.base.errors import Notice
    from resilience.traffic.equilibrium.solution import Assignment
    from resilience.traffic.graph import RoadGraph


KINDS = ("links", "streets", "cells")
BASE_SHARE = 0.1  # the whole network is solved to this share of the gap, so that differences owe little to it

SHUFFLES = 10  # orders at random whose mean curve of percolation is told


@dataclass(frozen=True)
class RoadProblem:
    """A network with its ordinary demand.

    Parameters
    ----------
    xy : coordinates of the nodes, shape (nodes, 2), None where they are not known
    closable : links that may be closed: all of a TNTP folder, the roads of a case, whose connectors stand for many
    label : what to call links in a list, where that is more than their name
    notices : what a user should know of how the files were read

    """

    name: str
    graph: RoadGraph
    demand: Demand
    xy: Floats | None
    closable: Bools
    label: dict[str, str]
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class RoadScan:
    """All that is said about the roads: the scan of each cut, structure, and how the network falls apart.

    Parameters
    ----------
    base : the whole network, solved; with `give_up` without the trips that have no way at all
    structure : one row a closable link: from_node, to_node, minutes with the traffic of the base, detours at these
        minutes (inf: no other way), betweenness at free flow, flow (pcu/h)
    percolation : curves with the links in the order of flow, the busiest first, and at random, mean of SHUFFLES orders
    no_way_vph : vehicles/h that have no way even with all roads open: unserved in every row, charged in none

    """

    problem: RoadProblem
    base: Assignment
    scans: list[Criticality]
    structure: pd.DataFrame
    percolation: pd.DataFrame
    no_way_vph: float = 0.0


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
        return RoadProblem(data.name, graph, data.demand, data.xy, np.ones(graph.links, np.bool_), label, data.notices)
    from resilience.case.case import load_case  # a network in TNTP format needs nothing of a case
    from resilience.case.ordinary import ordinary_network

    case = load_case(folder)
    data, road = ordinary_network(case), case.city.road
    assert road is not None  # noqa: S101 - else there is no network
    xy = np.where(road.graph.barred[:, None], np.nan, np.asarray(data.xy, float))  # cells are those of roads
    roads = np.arange(road.graph.links) < road.links
    table = road.network.links
    named = table["name"].fillna("") if "name" in table.columns else pd.Series("", index=table.index)
    label = {str(link): f"{str(link).removeprefix('road:')} {name}".strip() for link, name in named.items()}
    demand = replace(data.demand, vph=case.inputs.rhythm.busiest("out") * data.demand.vph)
    return RoadProblem(data.name, data.graph, demand, xy, roads, label, data.notices)


def elements_of(problem: RoadProblem, kind: str, *, across: int) -> list[Element]:
    """Return what is closed, one after the other; `across` as of `cells`."""
    if kind not in KINDS:
        raise InputError(say("error.unknown_elements", found=kind, expected=near(kind, KINDS)))
    graph = problem.graph
    if kind == "links":
        return single_links(graph, problem.closable)
    if kind == "streets":
        return streets(graph, problem.closable)
    if problem.xy is None:
        raise InputError(say("error.no_coordinates", folder=problem.name))
    inside = problem.closable & np.isfinite(problem.xy[graph.tail] + problem.xy[graph.head]).all(axis=1)
    return cells(graph, problem.xy, across, inside)


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
    otherwise demand is fixed, as the literature has it, and only trips without any way are unserved. A cut of capacity
    below 1 belongs with `give_up`. `most` keeps the elements with the largest flow, and so exposure ranges over these.

    Raises
    ------
    InputError
        An argument is not possible; nothing has been solved then.
    StoppedError
        `progress` returned False.

    """
    graph, demand = problem.graph, problem.demand
    if most is not None and most < 1:
        raise InputError(say("error.not_positive", name="--most", found=most))
    elements = elements_of(problem, kind, across=across)
    check_scan(graph, elements, cuts, gap)
    base = assign(graph, demand, gap=BASE_SHARE * gap)
    has_way = np.isfinite(base.od_minutes)
    no_way_vph = float(demand.vph[~has_way].sum())
    if give_up:
        # a trip without any way has no usual time to be charged, and a made-up one would drown all others in the gap
        usual = np.where(has_way, base.od_minutes, 0.0)
        answer = GiveUp(np.maximum(usual + patience(usual), 1e-6))
        demand = Demand(demand.pairs, np.where(has_way, demand.vph, 0.0), demand.classes, answer)
        base = assign(graph, demand, gap=BASE_SHARE * gap)
    if most is not None:
        elements = sorted(elements, key=lambda e: -float(base.flow[e.links].max()))[:most]
    scans = []
    for number, cut in enumerate(cuts):
        total = len(cuts)

        def tell(done: int, many: int, number: int = number, total: int = total) -> bool | None:
            return progress(number * many + done, total * many) if progress is not None else None

        charge = base.od_minutes + patience(base.od_minutes)
        scans.append(scan(base, elements, charge_min=charge, cut=cut, gap=gap, workers=workers, progress=tell))
    structure = detours(graph, base.minutes)
    structure["betweenness"] = betweenness(graph, graph.free_flow_min + graph.fixed_min)
    structure["flow"] = base.flow
    structure.insert(0, "to_node", graph.names_of_nodes()[graph.head])
    structure.insert(0, "from_node", graph.names_of_nodes()[graph.tail])
    structure = structure[problem.closable]
    by_flow = np.argsort(-base.flow, kind="stable")
    by_flow = by_flow[problem.closable[by_flow]]
    rng = np.random.default_rng(1)
    shuffled = [percolation(graph, rng.permutation(by_flow)) for _ in range(SHUFFLES)]
    curves = [percolation(graph, by_flow).assign(order="flow")]
    curves.append(pd.concat(shuffled).groupby(level=0).mean().assign(order="random"))
    return RoadScan(problem, base, scans, structure, pd.concat(curves, ignore_index=True), no_way_vph)


def tables_of(found: RoadScan) -> dict[str, pd.DataFrame]:
    """Return the tables of a scan by file name."""
    elements = pd.concat([c.elements.assign(cut=c.cut) for c in found.scans], ignore_index=True)
    zones = pd.concat([c.zones.assign(cut=c.cut) for c in found.scans], ignore_index=True)
    return {
        "elements": elements,
        "zones": zones,
        "structure": found.structure.rename_axis("link").reset_index(),
        "percolation": found.percolation,
    }


def write_scan(found: RoadScan, folder: Path, about: dict[str, Any]) -> None:
    """Write the tables of a scan as CSV and what it was asked for as JSON, each file whole or not at all.

    Raises
    ------
    InputError
        The folder cannot be made or written to (`check_folder` says so before a long scan).
    RunError
        The disk is full.

    """
    check_folder(folder)
    for name, table in tables_of(found).items():
        with atomic(folder / f"{name}.csv") as temporary:
            table.to_csv(temporary, index=False)
    base, vph = found.base, found.problem.demand.vph
    about = about | {
        "network": found.problem.name,
        "nodes": found.problem.graph.nodes,
        "links": found.problem.graph.links,
        "demand_vph": float(vph.sum()),
        "travel_time_vehicle_hours": base.total_travel_time / 60.0,
        "unserved_vph": float(base.unserved.sum() + (vph.sum() - base.demand.vph.sum())),
        "no_way_vph": found.no_way_vph,
        "base_relative_gap": base.relative_gap,
    }
    write_json(folder / "about.json", about)
