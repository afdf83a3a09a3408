"""Which trips use a link: select-link analysis on the paths of an equilibrium."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resilience.base.errors import InputError
from resilience.base.text import say

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from resilience.traffic.equilibrium.solution import Assignment


def select_link(found: Assignment, links: ArrayLike) -> tuple[pd.DataFrame, pd.Series]:
    """Return whose trips use any of the links.

    Path flows of an equilibrium are not unique, so neither is this analysis; link flows are.

    Parameters
    ----------
    found : an equilibrium with its paths
    links : the name of a link, or several

    Returns
    -------
    table, flow
        One row a pair that uses them: origin, destination, demand (vehicles/h), flow (pcu/h over any of the links);
        and what these trips load on every link, pcu/h, shape (links,), index = names of links.

    """
    names = found.network.names_of_links()
    at = np.asarray(names.get_indexer(pd.Index(np.atleast_1d(np.asarray(links)))), np.int64)
    if (at < 0).any():
        raise InputError(say("error.no_such_link", link=np.atleast_1d(np.asarray(links))[int((at < 0).argmax())]))
    offsets, store, owner, flow = found.paths
    picked = np.zeros(found.network.links, np.bool_)
    picked[at] = True
    path = np.repeat(np.arange(len(owner)), np.diff(offsets))
    uses = np.bincount(path, picked[store], len(owner)) > 0
    table = found.pair_table()[["origin", "destination", "demand"]]
    table["flow"] = np.bincount(owner[uses], flow[uses], len(table))
    on_links = np.bincount(store, np.where(uses, flow, 0.0)[path], found.network.links)
    return table[table["flow"] > 0.0], pd.Series(on_links, index=names, name="flow")
