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
    """Return streets: each link together with the one that leads back along it.

    Of several roads between the same two nodes each is a street of its own; a link is paired with the link back whose
    length (free-flow time where lengths are not known) is nearest, the shortest first. The name of a street holds its
    links where its ends alone would not tell it from another.
    """
    chosen = np.arange(graph.links) if some is None else np.flatnonzero(some)
    size = graph.free_flow_min if graph.length_km is None else graph.length_km
    nodes, names = graph.names_of_nodes(), graph.names_of_links()
    low, high = np.minimum(graph.tail, graph.head)[chosen], np.maximum(graph.tail, graph.head)[chosen]
    table = pd.DataFrame({"low": low, "high": high, "link": chosen})
    found: list[Element] = []
    for (a, b), rows in table.groupby(["low", "high"])["link"]:
        links = rows.to_numpy(np.int64)
        pairs = _there_and_back(links[graph.tail[links] == a], links[graph.tail[links] != a], size, names)
        for pair in pairs:
            more = f" ({', '.join(str(names[i]) for i in pair)})" if len(pairs) > 1 else ""
            found.append(Element(f"{nodes[a]}–{nodes[b]}{more}", pair))
    return found


def _there_and_back(out: Ints, back: Ints, size: Floats, names: pd.Index) -> list[Ints]:
    """Return links out, each with the link back that is nearest in size, and links that have none."""
    out, back = (links[np.lexsort((names[links].astype(str), size[links]))] for links in (out, back))
    left = list(back)
    pairs = []
    for link in out:
        if not left:
            pairs.append(np.array([link], np.int64))
            continue
        nearest = min(left, key=lambda other, link=link: abs(float(size[other] - size[link])))  # type: ignore[misc]
        left.remove(nearest)
        pairs.append(np.array([link, nearest], np.int64))
    return [*pairs, *(np.array([link], np.int64) for link in left)]


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
