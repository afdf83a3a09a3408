"""What each trip maker knows before leaving."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Outlook:
    """What each trip maker knows before leaving, one entry per person, shape (people,).

    Parameters
    ----------
    due : the trip is planned for this day and this person can start it
    usual_min : time of the trip on an ordinary day
    now_min : time expected on the roads as they are, inf without a way; with elastic demand, which answers to long ways
        by itself, the ordinary time wherever there is a way
    home_flooded : the home stands in water too deep to leave
    home_power : the home has power
    target_open : the place of the task is open
    can_telework : the task could be done from home
    cautious : a number in (0, 1) of the person's own, the same in every option

    """

    due: NDArray[np.bool_]
    usual_min: NDArray[np.float64]
    now_min: NDArray[np.float64]
    home_flooded: NDArray[np.bool_]
    home_power: NDArray[np.bool_]
    home_at_risk: NDArray[np.bool_]
    target_open: NDArray[np.bool_]
    can_telework: NDArray[np.bool_]
    cautious: NDArray[np.float64]
    warned: bool
