"""The read-only View of the running city that events and agents are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from resilience.city.water import Water


@dataclass(frozen=True)
class View:
    """The city in one hour. Arrays are marked read-only before they are handed out.

    Parameters
    ----------
    hour : hour of the run; 0 is midnight before the onset
    weekday : day of the week, Monday = 0
    components : global ids in the order of `up`
    up : which components give their service, shape (components,)
    undamaged : which components are not damaged themselves, by whatever it was, shape (components,)
    held : which components are damaged by the event that looks and not mended yet, shape (components,)
    water : the water of the hour, None where the city has no water
    closed : road links closed to cars, shape (road links,)
    warned : whether a warning is out

    """

    hour: int
    weekday: int
    components: pd.Index
    up: NDArray[np.bool_]
    undamaged: NDArray[np.bool_]
    held: NDArray[np.bool_]
    water: Water | None
    closed: NDArray[np.bool_]
    warned: bool
