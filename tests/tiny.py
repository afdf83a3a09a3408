"""Tiny networks, terrains and cities for tests, drawn in ASCII where a drawing says it best."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
import rasterio
from rasterio.transform import from_origin

from resilience.testing import CRS, terrain
from resilience.traffic import Pairs, RoadGraph

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from resilience.readers.raster import Raster
__all__ = ["CRS", "graph", "pairs", "shortest", "terrain", "write_case", "write_outages", "write_tif", "write_tntp"]

# ------------------------------------------------------------------------------------------------ road graphs


def graph(
    nodes: int,
    links: Sequence[tuple[int, int]],
    *,
    minutes: float | Sequence[float] = 1.0,
    capacity: float | Sequence[float] = 100.0,
    b: float | Sequence[float] = 0.15,
    power: float | Sequence[float] = 4.0,
    fixed: float | Sequence[float] = 0.0,
    barred: Iterable[int] = (),
) -> RoadGraph:
    """Return a road graph from (tail, head) tuples."""
    many = len(links)
    ends = np.array(links, np.int64).reshape(many, 2)
    shut = np.zeros(nodes, np.bool_)
    shut[list(barred)] = True

    def column(values: float | Sequence[float]) -> NDArray[np.float64]:
        return np.broadcast_to(np.asarray(values, float), (many,)).copy()

    return RoadGraph(
        nodes, ends[:, 0].copy(), ends[:, 1].copy(), column(minutes), column(capacity), column(b), column(power),
        column(fixed), shut,
    )  # fmt: skip


def pairs(*ends: tuple[int, int]) -> Pairs:
    """Return pairs, sorted by origin."""
    table = np.array(sorted(ends), np.int64).reshape(len(ends), 2)
    return Pairs(table[:, 0].copy(), table[:, 1].copy())


def shortest(net: RoadGraph, minutes: NDArray[np.float64], shut: NDArray[np.bool_], origin: int) -> NDArray[np.float64]:
    """Return the minutes from `origin` to every node by networkx, nobody passing through a barred node."""
    simple = nx.DiGraph()
    simple.add_nodes_from(range(net.nodes))
    for link, (tail, head) in enumerate(zip(net.tail.tolist(), net.head.tolist(), strict=True)):
        if shut[link] or (net.barred[tail] and tail != origin):
            continue
        known = simple.get_edge_data(tail, head)
        if known is None or known["weight"] > minutes[link]:
            simple.add_edge(tail, head, weight=float(minutes[link]))
    found = np.full(net.nodes, np.inf)
    for node, length in nx.single_source_dijkstra_path_length(simple, origin).items():
        found[node] = length
    return found


# ------------------------------------------------------------------------------------------------ terrains


def write_tif(path: Path, raster: Raster, *, crs: str | None = CRS, cell_y: float | None = None) -> None:
    """Write a raster as GeoTIFF; `cell_y` makes cells that are not square."""
    rows, cols = raster.values.shape
    with rasterio.open(
        path, "w", driver="GTiff", height=rows, width=cols, count=1, dtype="float32", crs=crs, nodata=-9999.0,
        transform=from_origin(raster.west, raster.north, raster.cell_m, cell_y or raster.cell_m),
    ) as file:  # fmt: skip
        file.write(np.where(np.isnan(raster.values), -9999.0, raster.values).astype("float32"), 1)


# ------------------------------------------------------------------------------------------------ cities

TOML = """
[case]
name = "Tiny"
crs = "EPSG:26914"
currency = "USD"
price_year = 2024

[[hazard]]
name = "dark"
kind = "outage"
among = "{among}"
end_hour = 19

[[scenario]]
name = "dark-all"
hazard = ["dark"]
severity = 1.0
onset = "Monday 05:00"
horizon_days = 1
"""


HEAD = """
[case]
name = "T"
crs = "EPSG:26914"
currency = "USD"
price_year = 2024
"""


def write_outages(
    folder: Path, tables: dict[str, str], outages: dict[str, tuple[Sequence[str], float, float]], *,
    onset: str = "Monday 00:00", days: int = 3,
) -> Path:  # fmt: skip
    """Write a case whose scenario "s" switches components off: name -> (ids, first hour, hour after the last)."""
    toml = HEAD
    for name, (ids, first, last) in outages.items():
        toml += f'[[hazard]]\nname = "{name}"\nkind = "outage"\npattern = "listed"\nlisted = {json.dumps(list(ids))}\n'
        toml += f"start_hour = {first}\nend_hour = {last}\n"
    toml += f'[[scenario]]\nname = "s"\nhazard = {json.dumps(list(outages))}\nseverity = 1.0\n'
    toml += f'onset = "{onset}"\nhorizon_days = {days}\n'
    write_case(folder, tables)
    (folder / "case.toml").write_text(toml, encoding="utf-8")
    return folder


def write_case(folder: Path, tables: dict[str, str], *, among: str = "power.kind == 'source'", more: str = "") -> Path:
    """Write a case folder: tables by name, each the text of a CSV file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "case.toml").write_text(TOML.format(among=among) + more, encoding="utf-8")
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(textwrap.dedent(text).strip() + "\n", encoding="utf-8")
    return folder


POWER = {
    "power_nodes": """
        id,kind,x,y,load_kw
        SRC,source,0,0,0
    """,
    "power_links": """
        id,from_node,to_node
    """,
}


def write_tntp(folder: Path, net: str, trips: str, *, name: str = "Tiny") -> Path:
    """Write a folder in the TNTP format."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}_net.tntp").write_text(textwrap.dedent(net), encoding="utf-8")
    (folder / f"{name}_trips.tntp").write_text(textwrap.dedent(trips), encoding="utf-8")
    return folder
