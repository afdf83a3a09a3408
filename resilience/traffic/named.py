"""Links as tables of users name them: by their name, or by both of their ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from resilience.base.errors import InputError, near, some
from resilience.base.naming import natural
from resilience.base.text import say

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from resilience.base.arrays import Ints
    from resilience.traffic.graph import RoadGraph

ENDS = ("from_node", "to_node")


def line_of(row: int) -> int:
    """Return the line of a row in a file whose first line is the header."""
    return int(row) + 2


def need_columns(table: pd.DataFrame, title: str, needed: Iterable[str], expected: str = "") -> None:
    """Raise an InputError that names the first column that a table lacks, and those that would be right.

    Parameters
    ----------
    title : what the table is called in messages
    needed : names of columns
    expected : how to say what is needed, where it is more than these names

    """
    needed = tuple(needed)
    for column in needed:
        if column not in table.columns:
            found, expected = ", ".join(map(str, table.columns)), expected or ", ".join(needed)
            raise InputError(say("error.table_column", table=title, column=column, found=found, expected=expected))


def find_links(
    graph: RoadGraph, table: pd.DataFrame, title: str, *, link: str | None = "link", ends: tuple[str, str] = ENDS
) -> tuple[Ints, Ints]:
    """Return the links that the rows of a table name: number of the row and of the link, both of shape (found,).

    A row names a link by its name where the table has a column for that, else all links from one node to another.

    Parameters
    ----------
    table : one row for each question
    title : what the table is called in messages
    link : the column of names of links; None: rows name ends only
    ends : the columns of the names of the nodes where links begin and end

    Raises
    ------
    InputError
        The columns are missing, or a row names a link or node that the network does not have, or ends without a link.

    """
    import pandas as pd

    by_name = link is not None and link in table.columns
    if not by_name:
        need_columns(table, title, ends, " | ".join([*([link] if link else []), ", ".join(ends)]))
    nodes = graph.names_of_nodes().astype(str).to_numpy(object)
    if by_name:
        known = pd.DataFrame({link: graph.names_of_links().astype(str).to_numpy(object)})
    else:
        known = pd.DataFrame({ends[0]: nodes[graph.tail], ends[1]: nodes[graph.head]})
    names = list(known.columns)
    asked = pd.DataFrame({name: table[name].astype(str).to_numpy(object) for name in names})
    found = asked.assign(row=np.arange(len(asked))).merge(
        known.assign(link_number=np.arange(graph.links)), on=names, how="left"
    )
    number = found["link_number"].to_numpy(float)
    lacks = np.flatnonzero(np.isnan(number))
    if len(lacks):
        at = int(found["row"].iloc[lacks[0]])
        _refuse(known, nodes, title, at, asked.iloc[at])
    return found["row"].to_numpy(np.int64), number.astype(np.int64)


def _refuse(known: pd.DataFrame, nodes: np.ndarray, title: str, row: int, asked: pd.Series) -> None:
    """Raise an InputError that says what a row names and the network does not have."""
    line = line_of(row)
    for column, name in asked.items():
        names = known[column] if len(asked) == 1 else nodes
        if name not in set(names):
            expected = near(name, names)
            raise InputError(
                say("error.link_name", table=title, row=line, column=column, found=name, expected=expected)
            )
    tail, head = asked
    heads = sorted({str(name) for name in known.loc[known.iloc[:, 0] == tail].iloc[:, 1]}, key=natural)
    raise InputError(say("error.link_ends", table=title, row=line, tail=tail, head=head, expected=some(heads) or "–"))
