"""Who travels and how they answer to cost, as options of `resilience assign` give it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from resilience.base.errors import InputError, near
from resilience.base.text import say

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from resilience.city.inputs import Rhythm
    from resilience.readers.tntp import Tntp
    from resilience.traffic.demand import Answer


NAMES = ("from_node", "via_node", "to_node", "from_link", "to_link", "link", "vehicle")


def with_answer(data: Tntp, give_up: float | None, elastic: float | None) -> Tntp:
    """Return a network whose trips stay at home beyond so many minutes, or grow fewer with every minute.

    Elastic demand is the given one at the minutes of empty roads: d = d0 exp(-theta (u - u0)).

    Raises
    ------
    InputError
        Both are given, or one is not above 0.

    """
    from resilience.traffic.demand import Exponential, GiveUp
    from resilience.traffic.skims import skim

    if give_up is not None and elastic is not None:
        raise InputError(say("error.two_models", first="--give-up", second="--elastic"))
    for name, value in (("--give-up", give_up), ("--elastic", elastic)):
        if value is not None and not (math.isfinite(value) and value > 0.0):
            raise InputError(say("error.above_zero_option", name=name, found=value))
    answer: Answer | None = None
    if give_up is not None:
        answer = GiveUp(give_up)
    elif elastic is not None:
        empty = skim(data.graph, data.demand.pairs, data.graph.minutes(np.zeros(data.graph.links)))
        answer = Exponential(elastic, np.where(np.isfinite(empty), empty, 0.0))
    return replace(data, demand=replace(data.demand, answer=answer)) if answer is not None else data


def with_classes(data: Tntp, table: pd.DataFrame, closed: pd.DataFrame | None = None) -> Tntp:
    """Return a network whose trips are made by classes of vehicles.

    Parameters
    ----------
    table : one row a class: vehicle, share of all trips (adding up to 1), pce
    closed : links that a class may not use: vehicle and link, or from_node and to_node

    Raises
    ------
    InputError
        A column is missing, a class or link is not known, shares do not add up to 1, or the trips have classes.

    """
    from resilience.traffic.demand import Demand, Pairs, VehicleClass
    from resilience.traffic.graph import numbers
    from resilience.traffic.named import need_columns

    if len(data.demand.classes) > 1:
        raise InputError(say("error.classes_twice", found=", ".join(c.name for c in data.demand.classes)))
    need_columns(table, say("word.vehicle_classes"), ("vehicle", "share"))
    names = table["vehicle"].astype(str).tolist()
    share = numbers(table, "share")
    if not (share >= 0).all() or not math.isclose(float(share.sum()), 1.0, abs_tol=1e-6):
        raise InputError(say("error.class_shares", found=", ".join(f"{s:g}" for s in share)))
    pce = numbers(table, "pce") if "pce" in table.columns else np.ones(len(names))
    shut = _closed(data, names, closed) if closed is not None else [None] * len(names)
    classes = tuple(VehicleClass(n, float(p), c) for n, p, c in zip(names, pce, shut, strict=True))
    pairs, many = data.demand.pairs, len(names)
    vehicle = np.repeat(np.arange(many), len(pairs))
    every = Pairs(np.tile(pairs.origin, many), np.tile(pairs.destination, many), vehicle if many > 1 else None)
    vph = (share[:, None] * data.demand.vph).ravel()
    return replace(data, demand=Demand(every, vph, classes))


def _closed(data: Tntp, classes: list[str], table: pd.DataFrame) -> list[np.ndarray | None]:
    """Return the links that each class may not use, shape (links,), None where it may use all."""
    from resilience.traffic.named import find_links, line_of, need_columns

    title = say("word.closed_links")
    need_columns(table, title, ("vehicle",), "vehicle; link | from_node, to_node")
    vehicle = table["vehicle"].astype(str).to_numpy()
    for row in np.flatnonzero(~np.isin(vehicle, classes))[:1]:
        known = near(vehicle[row], classes)
        raise InputError(say("error.table_class", table=title, row=line_of(row), found=vehicle[row], expected=known))
    rows, links = find_links(data.graph, table, title)
    shut: dict[str, np.ndarray] = {}
    for name in np.unique(vehicle):
        shut[name] = np.zeros(data.graph.links, np.bool_)
        shut[name][links[vehicle[rows] == name]] = True
    return [shut.get(name) for name in classes]


def profile_of(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the factors on the demand of each slice of a day and its length, minutes (60 where the table has none).

    Raises
    ------
    InputError
        The table has no column `factor`, or values that are not possible.

    """
    from resilience.traffic.graph import numbers
    from resilience.traffic.named import need_columns

    need_columns(table, say("word.time_slices"), ("factor",))
    minutes = numbers(table, "minutes") if "minutes" in table.columns else np.full(len(table), 60.0)
    return numbers(table, "factor"), minutes


def profile_of_case(rhythm: Rhythm, period: str | None) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the same of a period of a case, None where its trips make one peak hour."""
    shares = np.array(rhythm.profile("back" if period == "evening" else "out"))
    minutes = np.full(len(shares), rhythm.slice_minutes)
    return (shares * 60.0 / minutes, minutes) if len(shares) else None


def read_option(path: Path) -> pd.DataFrame:
    """Return the table of an option; names of nodes, links and vehicles stay as they are written."""
    import pandas as pd

    try:
        return pd.read_csv(path, dtype=dict.fromkeys(NAMES, str))
    except (OSError, ValueError) as error:
        raise InputError(say("error.bad_table", path=path, reason=error)) from error
