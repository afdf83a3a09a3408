"""Turns: movements at a junction that are banned or cost something.

A junction with a rule is opened up: every link into it ends in a node of its own, every link out of it begins in one,
and an arc joins them for each turn that is allowed (Caldwell 1961, doi:10.1145/366105.366184, in the form of Kirby &
Potts 1969). The junction itself stays for trips that begin or end there and is passed by nobody. So a network with
turns is a network, and all that is built on one, equilibria, closures, criticality and skims, knows turns.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from resilience.base.errors import InputError
from resilience.base.text import say
from resilience.traffic.cost import POWER
from resilience.traffic.graph import RoadGraph, numbers
from resilience.traffic.named import find_links, line_of, need_columns

if TYPE_CHECKING:
    import pandas as pd

    from resilience.base.arrays import Floats, Ints

ENOUGH_VPH = 1e9  # capacity of a turn whose cost does not depend on its flow
BY_NODES, BY_LINKS = ("from_node", "via_node", "to_node"), ("from_link", "to_link")


@dataclass(frozen=True)
class Turns:
    """What is said about turns: pairs of links and what the turn from one into the other costs.

    Parameters
    ----------
    into, out : the links, shape (turns,)
    penalty_min : minutes whatever the flow, inf where the turn is banned, shape (turns,)
    delay_min, capacity_vph, b, power : of the delay t0 (1 + b (v/c)^p) of the turn, shape (turns,)

    """

    into: Ints
    out: Ints
    penalty_min: Floats
    delay_min: Floats
    capacity_vph: Floats
    b: Floats
    power: Floats


def read_turns(graph: RoadGraph, table: pd.DataFrame) -> Turns:
    """Return the turns of a table, one row a turn.

    Parameters
    ----------
    table : columns from_node, via_node, to_node, or from_link, to_link; penalty_min, empty or inf: the turn is banned;
        if the delay depends on the flow also delay_min (0), capacity_vph, b (0.15) and power (4)

    Raises
    ------
    InputError
        A column is missing, a row names no link of the network, a junction that nobody may pass or a turn that stands
        there twice, or a value is not possible.

    """
    import pandas as pd

    table = table.reset_index(drop=True)
    by_links = set(BY_LINKS) <= set(table.columns)
    expected = f"{', '.join(BY_NODES)} | {', '.join(BY_LINKS)}; penalty_min"
    need_columns(table, say("word.turns"), (*(BY_LINKS if by_links else BY_NODES), "penalty_min"), expected)
    rows, into, out = _links_of(graph, table, by_links=by_links)
    key = into * np.int64(graph.links) + out
    if len(np.unique(key)) < len(key):
        again = np.flatnonzero(pd.Series(key).duplicated())[0]
        raise InputError(say("error.turn_twice", row=line_of(rows[again]), turn=_name(graph, into[again], out[again])))

    def column(name: str, fill: float, least: float, *, above: bool = False) -> Floats:
        values = numbers(table, name) if name in table.columns else np.full(len(table), fill)
        values = np.where(np.isnan(values), fill, values)
        bad = np.flatnonzero((values <= least) if above else (values < least))
        if name != "penalty_min":
            bad = np.union1d(bad, np.flatnonzero(~np.isfinite(values)))
        if len(bad):
            expected = say("error.above_zero" if above else "error.zero_or_more")
            row, found = line_of(bad[0]), float(values[bad[0]])
            raise InputError(say("error.turn_value", column=name, row=row, found=found, expected=expected))
        return np.asarray(values[rows], float)

    return Turns(
        into, out,
        penalty_min=column("penalty_min", np.inf, 0.0),
        delay_min=column("delay_min", 0.0, 0.0),
        capacity_vph=column("capacity_vph", ENOUGH_VPH, 0.0, above=True),
        b=column("b", 0.15, 0.0),
        power=column("power", 4.0, 0.0),
    )  # fmt: skip


def with_turns(graph: RoadGraph, turns: Turns | pd.DataFrame) -> RoadGraph:
    """Return the network with its junctions of rules opened up.

    The links of `graph` come first and keep their numbers and names, and so do its nodes; then come the turns, as links
    named "from > to". Trips, closures and results of the network before fit the first links of this one.

    Examples
    --------
    From A to C straight on is banned, and the way round over D is taken.

    >>> import pandas as pd
    >>> links = pd.DataFrame({"from_node": list("ABBD"), "to_node": list("BCDC"), "free_flow_min": [1.0, 1, 2, 3],
    ...                       "capacity_vph": 900.0}, index=["AB", "BC", "BD", "DC"])
    >>> graph = RoadGraph.from_table(links)
    >>> rule = pd.DataFrame({"from_node": ["A"], "via_node": ["B"], "to_node": ["C"], "penalty_min": [np.inf]})
    >>> from resilience.traffic import Demand, assign
    >>> turned = with_turns(graph, rule)
    >>> trips = pd.DataFrame({"origin": ["A", "B"], "destination": ["C", "C"], "vph": [10.0, 5.0]})
    >>> assign(turned, Demand.from_table(turned, trips)).flow[: graph.links].tolist()
    [10.0, 5.0, 10.0, 10.0]

    Raises
    ------
    InputError
        As in `read_turns`.

    """
    import pandas as pd

    if not isinstance(turns, Turns):
        turns = read_turns(graph, turns)
    opened = np.zeros(graph.nodes, np.bool_)
    opened[graph.head[turns.into]] = True
    into, out = (np.flatnonzero(opened[ends]) for ends in (graph.head, graph.tail))
    arrives, leaves = np.full(graph.links, -1), np.full(graph.links, -1)
    arrives[into] = graph.nodes + np.arange(len(into))
    leaves[out] = graph.nodes + len(into) + np.arange(len(out))
    tail, head = graph.tail.copy(), graph.head.copy()
    head[into], tail[out] = arrives[into], leaves[out]
    first, second = _all_turns(graph, into, out)
    said = pd.Series(np.arange(len(turns.into)), index=turns.into * np.int64(graph.links) + turns.out)
    which = said.reindex(first * np.int64(graph.links) + second).to_numpy(float)
    row = np.where(np.isnan(which), -1, which).astype(np.int64)
    allowed = (row < 0) | np.isfinite(turns.penalty_min[row]) if len(turns.into) else row < 0
    first, second, row = first[allowed], second[allowed], row[allowed]
    many = len(first) + len(into) + len(out)

    def over(values: Floats, usual: float) -> Floats:
        mine = np.full(len(first), usual)
        mine[row >= 0] = values[row[row >= 0]]
        return np.concatenate([mine, np.full(len(into) + len(out), usual)])

    names = graph.names_of_links()
    links = [f"{names[a]} > {names[b]}" for a, b in zip(first, second, strict=True)]
    links += [f"{names[a]} >" for a in into] + [f"> {names[b]}" for b in out]
    nodes = graph.names_of_nodes()
    copies = [f"{nodes[graph.head[a]]} ({names[a]} >)" for a in into]
    copies += [f"{nodes[graph.tail[b]]} (> {names[b]})" for b in out]
    function = None
    if graph.function is not None:
        function = np.concatenate([graph.function, np.full(many, POWER, np.uint8)])
    barred = np.concatenate([graph.barred | opened, np.zeros(len(into) + len(out), np.bool_)])
    return replace(
        graph,
        nodes=graph.nodes + len(into) + len(out),
        tail=np.concatenate([tail, arrives[first], arrives[into], graph.tail[out]]),
        head=np.concatenate([head, leaves[second], graph.head[into], leaves[out]]),
        free_flow_min=np.concatenate([graph.free_flow_min, over(turns.delay_min, 0.0)]),
        capacity_vph=np.concatenate([graph.capacity_vph, over(turns.capacity_vph, ENOUGH_VPH)]),
        b=np.concatenate([graph.b, over(np.where(turns.delay_min > 0, turns.b, 0.0), 0.0)]),
        power=np.concatenate([graph.power, over(turns.power, 1.0)]),
        fixed_min=np.concatenate([graph.fixed_min, over(turns.penalty_min, 0.0)]),
        barred=barred,
        length_km=None if graph.length_km is None else np.concatenate([graph.length_km, np.zeros(many)]),
        function=function,
        node_id=nodes.astype(object).append(pd.Index(copies, dtype=object)),
        link_id=names.astype(object).append(pd.Index(links, dtype=object)),
    )


def _all_turns(graph: RoadGraph, into: Ints, out: Ints) -> tuple[Ints, Ints]:
    """Return all pairs of a link into a junction and a link out of it, among those given."""
    out = out[np.argsort(graph.tail[out], kind="stable")]
    low, high = (np.searchsorted(graph.tail[out], graph.head[into], side) for side in ("left", "right"))
    first = np.repeat(into, high - low)
    nth = np.arange(len(first)) - np.repeat(np.cumsum(high - low) - (high - low), high - low)
    return first, out[np.repeat(low, high - low) + nth] if len(out) else first


def _links_of(graph: RoadGraph, table: pd.DataFrame, *, by_links: bool) -> tuple[Ints, Ints, Ints]:
    """Return for each turn its row, the link into the junction and the link out of it."""
    import pandas as pd

    title = say("word.turns")
    if by_links:
        (rows, into), (_, out) = (find_links(graph, table, title, link=column) for column in BY_LINKS)
        apart = np.flatnonzero(graph.head[into] != graph.tail[out])
        if len(apart):
            row, turn = line_of(rows[apart[0]]), _name(graph, into[apart[0]], out[apart[0]])
            raise InputError(say("error.turn_apart", row=row, turn=turn))
    else:
        sides = (find_links(graph, table, title, link=None, ends=ends) for ends in (BY_NODES[:2], BY_NODES[1:]))
        first, second = (pd.DataFrame({"row": row, "link": link}) for row, link in sides)
        rows, into, out = (values.to_numpy(np.int64) for _, values in first.merge(second, on="row").items())
    shut = np.flatnonzero(graph.barred[graph.head[into]])
    if len(shut):
        node = graph.names_of_nodes()[graph.head[into[shut[0]]]]
        raise InputError(say("error.turn_barred", row=line_of(rows[shut[0]]), node=node))
    return rows, into, out


def _name(graph: RoadGraph, into: int, out: int) -> str:
    names = graph.names_of_links()
    return f"{names[into]} > {names[out]}"
