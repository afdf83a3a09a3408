"""Which trips use a link, or leave or reach a zone, and where they drive: select-link and select-zone analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from resilience.base.errors import InputError
from resilience.base.text import say

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

    from resilience.base.arrays import Ints
    from resilience.traffic.equilibrium.solution import Assignment


def select_trips(
    found: Assignment,
    *,
    links: ArrayLike | None = None,
    origins: ArrayLike | None = None,
    destinations: ArrayLike | None = None,
    all_links: bool = False,
) -> tuple[pd.DataFrame, pd.Series]:
    """Return the trips that use some links, from some zones and to some zones, and where they drive.

    Path flows of an equilibrium are not unique, so neither is what uses a link; link flows, and with them all trips of
    a zone taken together over a link that nobody else uses, are.

    Parameters
    ----------
    found : an equilibrium with its paths
    links : the name of a link or several: trips that use any of them, or with `all_links` every one of them
    origins, destinations : the name of a zone or several; None: all

    Returns
    -------
    table, flow
        One row a pair with such trips: origin, destination, demand (vehicles/h), flow (pcu/h); and what these trips
        load on every link, pcu/h, shape (links,), index = names of links.

    Raises
    ------
    InputError
        A name is not known.

    """
    import pandas as pd

    network, pairs = found.network, found.demand.pairs
    offsets, store, owner, flow = found.paths
    path = np.repeat(np.arange(len(owner)), np.diff(offsets))
    uses = np.ones(len(owner), np.bool_)
    if links is not None:
        picked = _numbers(network.names_of_links(), links, "error.no_such_link")
        place = np.full(network.links, -1)
        place[picked] = np.arange(len(picked))
        on = place[store] >= 0
        met = np.unique(path[on] * np.int64(len(picked)) + place[store[on]]) // max(len(picked), 1)
        uses = np.bincount(met, minlength=len(owner)) >= (len(picked) if all_links else 1)
    for names, ends in ((origins, pairs.origin), (destinations, pairs.destination)):
        if names is not None:
            some = np.zeros(network.nodes, np.bool_)
            some[_numbers(network.names_of_nodes(), names, "error.zone_without_link")] = True
            uses &= some[ends][owner]
    table = found.pair_table()[["origin", "destination", "demand"]]
    table["flow"] = np.bincount(owner[uses], flow[uses], len(table))
    on_links = np.bincount(store, np.where(uses, flow, 0.0)[path], network.links)
    return table[table["flow"] > 0.0], pd.Series(on_links, index=network.names_of_links(), name="flow")


def _numbers(names: pd.Index, wanted: ArrayLike, key: str) -> Ints:
    import pandas as pd

    asked = np.atleast_1d(np.asarray(wanted))
    at = np.asarray(names.get_indexer(pd.Index(asked)), np.int64)
    if (at < 0).any():
        word = asked[int((at < 0).argmax())]
        raise InputError(say(key, link=word, zone=word))
    return np.unique(at)
