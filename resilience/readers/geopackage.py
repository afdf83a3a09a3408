"""Links of a network with their flows as a layer of lines in a GeoPackage, by the package pyogrio.

A GeoPackage (OGC 12-128) is one SQLite file that geographic information systems open as it is.
"""

from __future__ import annotations

import io
import re
import struct
import warnings
from typing import TYPE_CHECKING

import numpy as np

from resilience.base.errors import InputError
from resilience.base.files import atomic
from resilience.base.text import say

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from resilience.base.arrays import Floats
    from resilience.readers.tntp import Tntp

LAYER = "links"
_LINE = re.compile(r"(?:LINESTRING\s*(?:Z|M|ZM)?\s*\(([^()]+)\)|([^()]+))", re.IGNORECASE)


def lines_of(data: Tntp) -> list[Floats]:
    """Return the course of every link, each of shape (points, 2): as the file has it, else straight between its nodes.

    Raises
    ------
    InputError
        A node has no coordinates, a course cannot be read, or the coordinate system is not known by that name.

    """
    graph = data.graph
    if data.crs:
        _check_crs(data.crs)
    xy = np.full((graph.nodes, 2), np.nan) if data.xy is None else data.xy
    straight = np.stack([xy[graph.tail], xy[graph.head]], axis=1)
    names = graph.names_of_links()
    courses = data.courses or ("",) * graph.links
    lines = [
        _points(text, names[i]) if text else line for i, (text, line) in enumerate(zip(courses, straight, strict=True))
    ]
    for i, line in enumerate(lines):
        if not np.isfinite(line).all():
            raise InputError(say("error.gpkg_no_places", network=data.name, link=names[i]))
    return lines


def write_links(path: Path, data: Tntp, lines: list[Floats], links: pd.DataFrame) -> None:
    """Write the links of a network and their flows as the layer "links" of lines, whole or not at all.

    Parameters
    ----------
    path : FILE.gpkg; one that is there is replaced
    data : the network; its coordinate system is that of the layer, where it is known
    lines : the course of every link, see `lines_of`
    links : columns of a `link_table`, the first rows being the links of the network. Written are link, from_node,
        to_node, capacity_vph, free_flow_min and these; what is not finite (minutes of a closed link) becomes empty

    """
    from pyogrio.raw import write

    graph, nodes = data.graph, data.graph.names_of_nodes().astype(str).to_numpy(object)
    columns = {
        "link": graph.names_of_links().astype(str).to_numpy(object),
        "from_node": nodes[graph.tail], "to_node": nodes[graph.head],
        "capacity_vph": graph.capacity_vph, "free_flow_min": graph.free_flow_min,
    }  # fmt: skip
    for name in links.select_dtypes(["number", "bool"]).columns.difference(list(columns), sort=False):
        values = links[name].to_numpy()[: graph.links]
        columns[str(name)] = np.where(np.isfinite(values), values, np.nan) if values.dtype.kind == "f" else values
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "'crs' was not provided")
        write(
            buffer, np.array([_wkb(line) for line in lines], object), list(columns.values()), list(columns),
            layer=LAYER, driver="GPKG", geometry_type="LineString", crs=data.crs or None,
        )  # fmt: skip
    with atomic(path) as temporary:
        temporary.write_bytes(buffer.getvalue())


def _points(text: str, link: object) -> Floats:
    """Return the points of a LINESTRING, or of "x y, x y"; heights are left out."""
    match = _LINE.fullmatch(text.strip())
    try:
        points = [[float(v) for v in point.split()[:2]] for point in (match[1] or match[2]).split(",")] if match else []
        found = np.array(points, float).reshape(-1, 2)
    except ValueError:
        found = np.zeros((0, 2))
    if len(found) < 2:
        raise InputError(say("error.gpkg_course", link=link, found=text[:60]))
    return found


def _check_crs(crs: str) -> None:
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        CRS.from_user_input(crs)
    except CRSError as error:
        raise InputError(say("error.unknown_crs", found=crs)) from error


def _wkb(points: Floats) -> bytes:
    """Return a line as well-known binary (OGC 06-103r4, 8.2): byte order, type, number of points, coordinates."""
    return struct.pack("<BII", 1, 2, len(points)) + points.astype("<f8").tobytes()
