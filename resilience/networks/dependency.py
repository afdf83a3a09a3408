"""Rows that tie one network's item to another's: who falls when a service fails, and who may come back.

Directed dependence with a buffer (Rinaldi, Peerenboom & Kelly 2001, doi:10.1109/37.969131): a consumer fails when a
service it needs has been missing for longer than its buffer. Suppliers of one service are all needed, or any one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@dataclass
class Dependencies:
    """Dependency rows as arrays over the components of a city.

    A *need* is one consumer and one service; several rows may serve the same need. `missing_since` is the hour at
    which a need was last met (inf while it is met); a buffer is full again as soon as the service is back.
    """

    supplier: NDArray[np.int64]
    need: NDArray[np.int64]
    consumer: NDArray[np.int64]
    service: list[str]
    any_rule: NDArray[np.bool_]
    buffer_hours: NDArray[np.float64]
    missing_since: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        self.missing_since = np.full(len(self.consumer), np.inf)

    def met(self, up: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which needs are met when `up` says which components give their service, shape (needs,)."""
        count = np.bincount(self.need, minlength=len(self.consumer))
        working = np.bincount(self.need, up[self.supplier], len(self.consumer))
        return np.where(self.any_rule, working > 0, working == count)

    def watch(self, hour: float, met: NDArray[np.bool_]) -> None:
        """Start and stop the clocks of the buffers for the needs that are missing now."""
        fresh = ~met & np.isinf(self.missing_since)
        self.missing_since[fresh] = hour
        self.missing_since[met] = np.inf

    def failed(self, hour: float, met: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which needs are missing and out of buffer at `hour`, shape (needs,)."""
        since = np.where(np.isinf(self.missing_since), hour, self.missing_since)
        return ~met & (hour - since >= self.buffer_hours)


def dependencies(
    rows: pd.DataFrame, components: pd.Index, start_fails: NDArray[np.bool_] | None = None
) -> Dependencies:
    """Return the rows of dependencies.csv as arrays; rows whose generator fails to start keep the buffer they had."""
    key = rows["consumer"] + "|" + rows["service"]
    names, need = np.unique(key.to_numpy(str), return_inverse=True)
    first = np.zeros(len(names), np.int64)
    first[need[::-1]] = np.arange(len(rows))[::-1]
    added = rows["added_hours"].to_numpy(float)
    hours = rows["buffer_hours"].to_numpy(float) + (added if start_fails is None else np.where(start_fails, 0.0, added))
    buffer = np.zeros(len(names))
    np.maximum.at(buffer, need, hours)
    return Dependencies(
        supplier=np.asarray(components.get_indexer(rows["supplier"]), np.int64),
        need=need.astype(np.int64),
        consumer=np.asarray(components.get_indexer(rows["consumer"].iloc[first]), np.int64),
        service=rows["service"].iloc[first].tolist(),
        any_rule=(rows["rule"].iloc[first] == "any").to_numpy(bool),
        buffer_hours=buffer,
    )


def people_behind(
    components: pd.Index,
    zones: pd.DataFrame,
    facilities: pd.DataFrame,
    rows: pd.DataFrame,
    beside: list[tuple[str, str]],
) -> NDArray[np.float64]:
    """Return the people who depend on each component, shape (components,): residents of zones, added up along the rows.

    A hospital stands for an equal share of all residents; of `beside`, pairs of ids, the first stands for what the
    second does too, as a substation for its feeders.
    """
    index = {name: i for i, name in enumerate(components)}
    people = np.zeros(len(index))
    for zone, many in zip(zones.index, zones["people"], strict=True):
        people[index[zone]] = many
    hospitals = facilities.index[facilities["kind"] == "hospital"] if len(facilities) else []
    for name in hospitals:
        people[index[name]] = zones["people"].sum() / len(hospitals)
    own = people.copy()
    for supplier, consumer in zip(rows["supplier"], rows["consumer"], strict=True):
        people[index[supplier]] += own[index[consumer]]
    for up, down in beside:
        people[index[up]] += people[index[down]]
    return people
