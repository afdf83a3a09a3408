"""What a layer of a city is, said once: its tables, its components, what can be flooded of it, its model, its checks.

A new layer is one file in networks/ that gives a `Layer`, its tables in data/schema (or in a folder of its own), and
one line in `LAYERS` below; other packages register an entry point of the group resilience.layers.

>>> [layer.name for layer in layers()][:2]
['power', 'places']
>>> prefixes()["power_nodes"], picks()["firm"]
('power', 'firms')

"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from resilience.base.errors import Notice
from resilience.base.plugins import load
from resilience.base.schema import add_folder

if TYPE_CHECKING:
    from pathlib import Path

    from resilience.base.arrays import Bools, Ints
    from resilience.base.errors import Problem

LAYERS = (
    "resilience.networks.power.connectivity:LAYER",
    "resilience.networks.places:LAYER",
    "resilience.networks.supply.deliveries:LAYER",
    "resilience.networks.road:LAYER",
)
COMMON = ("dependencies",)  # tables that belong to no layer, since they tie layers together
SITE_COLUMNS = ["x", "y", "flood_threshold_m", "raised_m", "added_m", "raise_failure"]
Tables = Mapping[str, pd.DataFrame]


class Model(Protocol):
    """How services flow within a layer: which of its nodes are supplied when some are out of service.

    Attributes
    ----------
    nodes, links : global ids of the components the model speaks of
    tail, head : positions of the ends of every link among the nodes, shape (links,)
    gap : how far the last choice of what to shed may be from the best one, 0 where it is proven best

    """

    nodes: pd.Index
    links: pd.Index
    tail: Ints
    head: Ints
    gap: float

    def serve(self, node_on: Bools, link_on: Bools, wanted: Bools | None = None) -> tuple[Bools, Bools]:
        """Return which nodes are joined to a source, and which of these are shed, two of shape (nodes,)."""
        ...

    def supplied(self, node_on: Bools, link_on: Bools) -> Bools:
        """Return which nodes are supplied, shape (nodes,)."""
        ...

    def joined(self, node_on: Bools, link_on: Bools) -> Bools:
        """Return which nodes are joined to a source, whatever the links can carry, shape (nodes,)."""
        ...

    def stands_for(self) -> list[tuple[str, str]]:
        """Return pairs of ids: a component that crews repair for the sake of another one beside it."""
        ...


class Place(Protocol):
    """A city as a layer's check sees it."""

    def __getitem__(self, table: str) -> pd.DataFrame:
        """Return a table, indexed by global ids."""
        ...

    def model(self, layer: str) -> Any:
        """Return the model of a layer, None where the city lacks it."""
        ...

    @property
    def sites(self) -> pd.DataFrame:
        """All that stands at a point and can be flooded."""
        ...


@dataclass
class Findings:
    """What checks find: problems that stop a case, notices that a user should know, and the lines of the files.

    `lines` holds for each table the line of its file in which each row begins, shape (rows,).
    """

    problems: list[Problem] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    lines: Mapping[str, Ints] = field(default_factory=dict)


def nothing(*_: Any) -> None:
    """Return nothing: what a layer does that has no such part."""
    return


def _none(tables: Tables) -> list[Any]:
    return []


@dataclass(frozen=True)
class Layer:
    """One layer of a city.

    Parameters
    ----------
    name : of the layer
    tables : tables with ids, and the prefix that makes these ids global, such as {"power_nodes": "power"}
    more : further tables that belong to it and have no global ids, such as connectors
    picks : words with which selections begin, and the table they pick from, such as {"power": "power_nodes"}
    same_ids : pairs of tables whose ids must differ from each other, since they have one prefix
    kept : tables that a run folder keeps, for maps and names
    components : tables -> indices of the ids that can lose or give a service
    sites : tables -> rows that stand at a point and can be flooded, with SITE_COLUMNS and kind
    model : tables -> how services flow within the layer (`Model`), None without
    check_rows : (tables as read, findings): what single rows show; ids are not global yet, column row is the line
    check : (city, findings): what only the whole city shows
    schema : folder with the schemas of the tables, where they are not in data/schema

    """

    name: str
    tables: Mapping[str, str]
    more: tuple[str, ...] = ()
    picks: Mapping[str, str] = field(default_factory=dict)
    same_ids: tuple[tuple[str, str], ...] = ()
    kept: tuple[str, ...] = ()
    components: Callable[[Tables], list[pd.Index]] = _none
    sites: Callable[[Tables], list[pd.DataFrame]] = _none
    model: Callable[[Tables], Model | None] = nothing
    check_rows: Callable[[Tables, Findings], None] = nothing
    check: Callable[[Place, Findings], None] = nothing
    schema: Path | None = None


@cache
def layers() -> tuple[Layer, ...]:
    """Return all layers: the built-in ones, then those of other packages by name."""
    others = sorted(entry_points(group="resilience.layers"), key=lambda entry: entry.name)
    found = [*(load(name) for name in LAYERS), *(entry.load() for entry in others)]
    for layer in found:
        if layer.schema is not None:
            add_folder(layer.schema)
    return tuple(found)


def tables() -> list[str]:
    """Return the names of all tables a case may have, sorted."""
    return sorted({*COMMON, *(t for layer in layers() for t in (*layer.tables, *layer.more))})


def prefixes() -> dict[str, str]:
    """Return the prefix of the global ids of each table that has them."""
    return {table: prefix for layer in layers() for table, prefix in layer.tables.items()}


def picks() -> dict[str, str]:
    """Return the words with which selections begin, and the tables they pick from."""
    return {word: table for layer in layers() for word, table in layer.picks.items()}


def kept_tables() -> list[str]:
    """Return the tables of a city that a run folder keeps."""
    return [t for layer in layers() for t in layer.kept] + [*COMMON]


def components(of: Tables) -> pd.Index:
    """Return the global ids of all that can lose or give a service, layer by layer."""
    found = [index for layer in layers() for index in layer.components(of)]
    return pd.Index([name for index in found for name in index], dtype=object)


def sites(of: Tables) -> pd.DataFrame:
    """Return all that stands at a point and can be flooded: SITE_COLUMNS, kind and layer; index = global ids."""
    parts = [part.assign(layer=_word(part)) for layer in layers() for part in layer.sites(of) if len(part)]
    columns = [*SITE_COLUMNS, "kind", "layer"]
    return pd.concat([part[columns] for part in parts]) if parts else pd.DataFrame(columns=columns)


def site_tables(of: Tables) -> list[str]:
    """Return the tables that hold sites, which can be protected against water."""
    ids = sites(of).index
    return [t for layer in layers() for t in layer.tables if t in of and of[t].index.isin(ids).any()]


def _word(part: pd.DataFrame) -> str:
    return str(part.index[0]).partition(":")[0]


def tell_twice(
    name: str, table: pd.DataFrame, found: Findings, columns: list[str] | None = None, *, key: str = "row_twice"
) -> None:
    """Tell of rows that stand twice but for their id (or in these columns): both count, though one may be a slip."""
    rows = table.drop(columns="synthetic", errors="ignore")
    again = np.flatnonzero(rows.duplicated(columns)) if len(rows) else np.zeros(0, np.int64)
    if len(again) == 0:
        return
    group = rows.groupby(columns or list(rows.columns), dropna=False, sort=False).ngroup().to_numpy(np.int64)
    alike = found.lines[name][group == group[again[0]]]
    values = {"file": f"{name}.csv", "lines": ", ".join(map(str, sorted(alike)[:5])), "count": str(len(again))}
    found.notices.append(Notice(key, values | ({"columns": ", ".join(columns)} if columns else {})))
