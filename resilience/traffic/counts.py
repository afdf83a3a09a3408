"""Counts of traffic: how well flows fit them, and a matrix of trips that fits them better.

GEH    sqrt(2 (m - c)^2 / (m + c)) of a modelled flow m and a count c, vehicles/h; below 5 is good, and a model passes
       when 85 % of its links are: UK Department for Transport, TAG unit M3.1, table 2
R2     1 - sum (m - c)^2 / sum (c - mean c)^2, about the line m = c

The matrix is changed after Spiess (1990), "A gradient approach for the O-D matrix adjustment problem" (Centre de
recherche sur les transports, Montreal, publication 693): Z = sum (v - c)^2 / 2 falls fastest, in relative terms, when
the trips d of each pair become d (1 - step g), g = sum over its counted links of (share of d on the link) (v - c).
Pairs without trips stay without, and what no count sees stays as it was. The flows are solved again after each step,
since the shares change with them. Counts fit better after any number of steps, also where the matrix gets worse: so a
share of them is held out, and what they say is told beside.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from resilience.base.errors import InputError
from resilience.base.text import say
from resilience.traffic.equilibrium.equilibrium import assign
from resilience.traffic.graph import numbers
from resilience.traffic.named import find_links, line_of, need_columns

if TYPE_CHECKING:
    from collections.abc import Callable

    from resilience.base.arrays import Bools, Floats, Ints
    from resilience.traffic.demand import Demand
    from resilience.traffic.equilibrium.solution import Assignment
    from resilience.traffic.graph import RoadGraph

GOOD_GEH = 5.0
LONGEST = 0.9  # a step takes at most this share of the trips of a pair


@dataclass(frozen=True)
class Counts:
    """Counted links: their numbers and what was counted, passenger-car units/h, shape (counts,)."""

    link: Ints
    vph: Floats

    def __len__(self) -> int:
        return len(self.link)


@dataclass(frozen=True)
class Fit:
    """How well flows fit counts.

    Parameters
    ----------
    counts : how many
    geh_below_5 : share of them with a GEH below 5
    r2 : about the line flow = count; nan where the counts do not differ
    rmse : root of the mean squared difference, pcu/h
    percent_rmse : the same as a share of the mean count, in percent; nan where nothing was counted

    """

    counts: int
    geh_below_5: float
    r2: float
    rmse: float
    percent_rmse: float


@dataclass(frozen=True)
class Estimate:
    """A matrix of trips changed to fit counts.

    Parameters
    ----------
    demand : the trips after the last step
    assignment : their equilibrium
    held_out : counts that took no part, shape (counts,)
    steps : one row a step, 0 being the trips given: trips (vehicles/h), used_* and held_out_* of `Fit`

    """

    demand: Demand
    assignment: Assignment
    held_out: Bools
    steps: pd.DataFrame


def read_counts(graph: RoadGraph, table: pd.DataFrame) -> Counts:
    """Return the counts of a table with one row a counted link.

    Parameters
    ----------
    table : columns link, or from_node and to_node, which must lead to one link only; and count (pcu/h, 0 or more)

    Raises
    ------
    InputError
        A column is missing, a row names no link, several or one that has a row already, or a count is not possible.

    """
    table = table.reset_index(drop=True)
    title = say("word.counts")
    need_columns(table, title, ("count",), "link | from_node, to_node; count")
    if len(table) == 0:
        raise InputError(say("error.count_none"))
    row, link = find_links(graph, table, title)
    for several in np.flatnonzero(pd.Series(row).duplicated())[:1]:
        ends = " – ".join(str(graph.names_of_nodes()[end[link[several]]]) for end in (graph.tail, graph.head))
        raise InputError(say("error.count_many", row=line_of(row[several]), found=ends))
    again = np.flatnonzero(pd.Series(link).duplicated())
    if len(again):
        raise InputError(say("error.count_twice", row=line_of(again[0]), found=graph.names_of_links()[link[again[0]]]))
    vph = numbers(table, "count")
    for bad in np.flatnonzero(~(np.isfinite(vph) & (vph >= 0)))[:1]:
        raise InputError(say("error.count_value", row=line_of(bad), found=float(vph[bad])))
    return Counts(link, vph)


def geh(flow: Floats, count: Floats) -> Floats:
    """Return the GEH of flows and counts, vehicles/h, shape of both.

    >>> geh(np.array([110.0, 0.0]), np.array([90.0, 0.0])).round(3).tolist()
    [2.0, 0.0]

    """
    total = flow + count
    return np.sqrt(np.divide(2.0 * (flow - count) ** 2, total, out=np.zeros_like(total), where=total > 0))


def fit(flow: Floats, counts: Counts) -> Fit:
    """Return how well flows of all links fit counts, shape of `flow` (links,)."""
    found, count = flow[counts.link], counts.vph
    off = found - count
    spread, mean = float(((count - count.mean()) ** 2).sum()), float(count.mean())
    rmse = float(np.sqrt((off**2).mean()))
    return Fit(
        counts=len(count),
        geh_below_5=float((geh(found, count) < GOOD_GEH).mean()),
        r2=1.0 - float((off**2).sum()) / spread if spread > 0.0 else np.nan,
        rmse=rmse,
        percent_rmse=100.0 * rmse / mean if mean > 0.0 else np.nan,
    )


def fit_table(graph: RoadGraph, flow: Floats, counts: Counts) -> pd.DataFrame:
    """Return one row a count: from_node, to_node, count, flow, difference, geh; index = names of links."""
    nodes, found = graph.names_of_nodes(), flow[counts.link]
    return pd.DataFrame(
        {
            "from_node": nodes[graph.tail[counts.link]],
            "to_node": nodes[graph.head[counts.link]],
            "count": counts.vph,
            "flow": found,
            "difference": found - counts.vph,
            "geh": geh(found, counts.vph),
        },
        index=graph.names_of_links()[counts.link],
    )


def estimate_matrix(
    network: RoadGraph,
    demand: Demand,
    counts: Counts,
    *,
    steps: int = 10,
    hold_out: float = 0.2,
    seed: int = 1,
    gap: float = 1e-5,
    progress: Callable[[int, float], bool | None] | None = None,
) -> Estimate:
    """Return a matrix of trips changed to fit counts.

    Parameters
    ----------
    demand : the trips to begin with, of one vehicle class, without an answer; those of no pair are taken away wholly
    steps : steps of the gradient. The more, the better the counts fit, and the farther the matrix is from the first one
    hold_out : share of the counts that take no part, in [0, 1); chosen by `seed`
    gap : relative gap of the equilibria
    progress : called with step and residual (percent_rmse of the counts used); where it returns False, the steps end

    Raises
    ------
    InputError
        A number is not possible, no count would be left, or the demand has several classes or an answer.

    """
    if steps < 1:
        raise InputError(say("error.not_positive", name="steps", found=steps))
    if not 0.0 <= hold_out < 1.0:
        raise InputError(say("error.hold_out", found=hold_out))
    if len(demand.classes) != 1 or demand.answer is not None:
        raise InputError(say("error.estimate_demand"))
    held = np.zeros(len(counts), np.bool_)
    held[np.random.default_rng(seed).permutation(len(counts))[: round(hold_out * len(counts))]] = True
    used, other = (Counts(counts.link[some], counts.vph[some]) for some in (~held, held))
    if len(used) == 0:
        raise InputError(say("error.count_none"))
    found = assign(network, demand, gap=gap)
    rows = [_row(found, used, other)]
    for step in range(1, steps + 1):
        changed = _stepped(found, used)
        if changed is None:
            break
        demand = replace(demand, vph=changed)
        found = assign(network, demand, gap=gap, warm=found)
        rows.append(_row(found, used, other))
        if progress is not None and progress(step, rows[-1]["used_percent_rmse"]) is False:
            break
    return Estimate(demand, found, held, pd.DataFrame(rows).rename_axis("step"))


def shares(found: Assignment, link: Ints) -> csr_array:
    """Return the share of each pair's trips that uses each of some links, shape (links given, pairs)."""
    offsets, links, owner, flow = found.paths
    where = np.full(found.network.links, -1)
    where[link] = np.arange(len(link))
    length = np.diff(offsets)
    row, pair, each = where[links], np.repeat(owner, length), np.repeat(flow, length)
    some = row >= 0
    sent = np.bincount(owner, flow, len(found.demand.vph))[pair[some]]
    table = csr_array((each[some] / sent, (row[some], pair[some])), shape=(len(link), len(found.demand.vph)))
    table.sum_duplicates()
    return table


def _stepped(found: Assignment, counts: Counts) -> Floats | None:
    """Return the trips of each pair after one step, None where no step brings the counts nearer."""
    share, off, pce = shares(found, counts.link), found.flow[counts.link] - counts.vph, found.demand.classes[0].pce
    steepest = share.T @ off
    pcu = found.demand.vph * pce
    moves = -(share @ (pcu * steepest))
    size = float((moves**2).sum())
    if size == 0.0:
        return None
    step = float((moves * -off).sum()) / size
    most = float(steepest.max(initial=0.0))
    if most > 0.0:
        step = min(step, LONGEST / most)
    return np.maximum(found.demand.vph * (1.0 - step * steepest), 0.0) if step > 0.0 else None


def _row(found: Assignment, used: Counts, other: Counts) -> dict[str, float]:
    row = {"trips": float(found.demand.vph.sum())}
    for name, some in (("used", used), ("held_out", other)):
        how = fit(found.flow, some) if len(some) else Fit(0, np.nan, np.nan, np.nan, np.nan)
        row |= {f"{name}_{part}": float(getattr(how, part)) for part in ("geh_below_5", "r2", "percent_rmse")}
    return row
