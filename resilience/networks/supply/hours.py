"""When firms are open, and what they make in an ordinary hour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from resilience.base.arrays import Bools, Floats, Ints


@dataclass(frozen=True)
class OpeningHours:
    """The opening hours of firms.

    Parameters
    ----------
    opens, closes : hours of the day, shape (firms,)
    days : the first so many days of the week from Monday, shape (firms,)
    hourly : value added in an hour of full work, currency, shape (firms,)

    """

    opens: Ints
    closes: Ints
    days: Ints
    hourly: Floats

    @classmethod
    def of(cls, firms: pd.DataFrame, sectors: pd.DataFrame) -> Self:
        """Return the opening hours of the firms, each those of its sector."""
        sector = np.asarray(sectors.index.get_indexer(firms["sector"]), np.int64)
        opens, closes, days = (
            sectors[c].to_numpy(np.int64)[sector] for c in ("opens_hour", "closes_hour", "days_per_week")
        )
        return cls(opens, closes, days, firms["value_added_per_day"].to_numpy(float) / (closes - opens))

    def at_work(self, hour_of_day: int, weekday: int) -> Bools:
        """Return which firms are open by the clock, shape (firms,); Monday = 0."""
        return np.asarray((self.opens <= hour_of_day) & (hour_of_day < self.closes) & (weekday < self.days), np.bool_)

    def ordinary_week(self) -> Floats:
        """Return the value added of all firms in each hour of an ordinary week from Monday, shape (168,)."""
        return np.array([self.hourly[self.at_work(hour % 24, hour // 24)].sum() for hour in range(168)])
