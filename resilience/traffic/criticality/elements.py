"""What is closed together: links, streets, or all that lies in a cell of a grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resilience.base.errors import InputError
from resilience.base.text import say

if TYPE_CHECKING:
    from resilience.base.arrays import Bools, Floats, Ints
    from resilience.traffic.graph import RoadGraph


@dataclass(frozen=True)
class Element:
    """What is closed together: a name and the numbers of its links."""

    name: str
    links: Ints


def single_links(graph: RoadGraph, some: Bools | None = None) -> list[Element]:
    """Return every link on its own, or those flagged."""
    names = graph.names_of_links()
    chosen = np.arange(graph.links) if some is None else np.flatnonzero(some)
    return [Element(str(names[i]), np.array([i])) for i in chosen]


def streets(graph: RoadGraph, some: Bools | None = None) -> list[Element]:
    """Return links together with those that join the same two nodes, in either direction."""
    chosen = np.arange(graph.links) if some is None else np.flatnonzero(some)
    low, high = np.minimum(graph.tail, graph.head)[chosen], np.maximum(graph.tail, graph.head)[chosen]
    table = pd.DataFrame({"low": low, "high": high, "link": chosen})
    nodes = graph.names_of_nodes()
    return [
        Element(f"{nodes[a]}–{nodes[b]}", rows.to_numpy(np.int64))
        for (a, b), rows in table.groupby(["low", "high"])["link"]
    ]


def cells(graph: RoadGraph, xy: Floats, across: int, some: Bools | None = None) -> list[Element]:
    """Return all links whose middle lies in one cell of a square grid: Jenelius & Mattsson (2012).

    Parameters
    ----------
    xy : coordinates of the nodes, shape (nodes, 2)
    across : cells along the longer side of the network

    """
    if across < 1:
        raise InputError(say("error.not_positive", name="--cells", found=across))
    chosen = np.arange(graph.links) if some is None else np.flatnonzero(some)
    middle = (xy[graph.tail[chosen]] + xy[graph.head[chosen]]) / 2.0
    least, most = np.nanmin(xy, axis=0), np.nanmax(xy, axis=0)
    size = float((most - least).max()) / across or 1.0
    cell = np.minimum(((middle - least) / size).astype(np.int64), across - 1)
    table = pd.DataFrame({"column": cell[:, 0], "row": cell[:, 1], "link": chosen})
    return [
        Element(f"{column}/{row}", rows.to_numpy(np.int64))
        for (column, row), rows in table.groupby(["column", "row"])["link"]
    ]
