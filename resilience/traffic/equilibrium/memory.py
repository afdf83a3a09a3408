"""How much memory a solution will take, before it is begun."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from resilience.base.errors import InputError
from resilience.base.memory import available_memory
from resilience.base.text import say
from resilience.traffic.demand import Pairs
from resilience.traffic.equilibrium.workspace import LEAST_NODES, MOST_TREE_BYTES
from resilience.traffic.skims import along_paths

if TYPE_CHECKING:
    from resilience.traffic.demand import Demand
    from resilience.traffic.graph import RoadGraph

SAMPLE = 2000  # pairs whose shortest paths at free flow are looked at
# those kept without flow included: 2.3 million pairs of Chicago Regional peak at 2.3 GB at a gap of 1e-6, and are
# estimated at 2.35; cities take half of what is estimated
PATHS_A_PAIR = 1.8
ROOM = 2.5  # times the paths: new ones beside old ones, and the store when it is packed or grows


def memory_needed(graph: RoadGraph, demand: Demand) -> float:
    """Return about how much memory a solution takes at its peak, bytes, what is loaded already left out.

    Paths take most of it: 4 bytes an arc and 28 bytes a path. Their length is that of a sample of shortest paths.
    """
    pairs = demand.pairs
    net = graph.search(pairs.ends)
    some = np.unique(np.linspace(0, len(pairs) - 1, SAMPLE).astype(np.int64))
    cost = net.over_arcs(graph.free_flow_min + graph.fixed_min)
    some = some[np.argsort(pairs.origin[some], kind="stable")]  # the classes drive the same network here
    found = along_paths(net, Pairs(pairs.origin[some], pairs.destination[some]), cost, np.ones((1, net.arcs)))
    has_way = np.isfinite(found[0])
    hops = float(found[1][has_way].mean()) if has_way.any() else 0.0
    groups = len(np.unique(pairs.of_class * graph.nodes + pairs.origin))
    paths = PATHS_A_PAIR * len(pairs)
    if net.net.through >= LEAST_NODES:
        chords, classes = len(net.hierarchy.head), len(demand.classes)
        search = (60.0 + 32.0 * classes) * chords + 150.0 * net.net.through
    else:
        search = min(groups * net.net.through * 8.0, MOST_TREE_BYTES)
    return ROOM * paths * (4.0 * hops + 28.0) + search + 120.0 * len(pairs) + 200.0 * net.arcs


def check_memory(graph: RoadGraph, demand: Demand) -> None:
    """Refuse what would not fit into this machine, with the sizes.

    Raises
    ------
    InputError
        More memory is needed than there is.

    """
    if len(demand.pairs) < 100_000:  # a tenth of a gigabyte at most: not worth a look
        return
    needed, there = memory_needed(graph, demand), available_memory()
    if there and needed > there:
        raise InputError(
            say("error.memory", needed=f"{needed / 1e9:.1f}", there=f"{there / 1e9:.1f}", pairs=len(demand.pairs))
        )
