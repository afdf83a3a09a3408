"""Time of day in slices: each is an equilibrium, and what does not finish in one is carried into the next.

After the idea ascribed to Fujita, Matsui & Mizokami (1988) of time-of-day assignment with residual demand; a relative
with flow passed from one link and slice to the next, and a proof of one equilibrium, is Nakayama & Connors (2014, "A
quasi-dynamic assignment model that guarantees unique network equilibrium", doi:10.1080/18128602.2012.751685).

Of the trips D that want to drive in a slice of H minutes some are still on their way at its end. Where they set out
evenly and take u minutes those are the last u / H of them, on average with half of their way behind them: so the share
u / (2H) of the traffic belongs to the next slice. That is

    carried out  y_n = D_n min(1, u_n / (2H)),    assigned  q_n = D_n - y_n,    D_n = new trips + y_(n-1)

with u_n the equilibrium minutes of the pair under q_n: demand that falls linearly with u, so that every slice is one
convex equilibrium, `assign` with the answer `Linear(2H)`. No trip is lost: what was assigned and what is carried out of
the last slice are the new trips of all slices, to rounding.

Trips without any way wait: they are carried over like the others, and drive in the first slice that has a way. What
waits in each slice is told apart (`waiting`); what is left after the last slice is `HoursResult.not_finished`.

The model holds for trips that are shorter than the slice. A trip that takes 2H or more is not assigned at all in that
slice and is carried over (`too_long`): where that column is not zero on dry roads, make slices longer. Minutes are
those of the cost functions, so tolls and extra costs in minutes count as time on the way. There are no queues on the
roads, and total travel time is time at the wheel; the time lost by waiting is `waiting` times the length of the slice.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from resilience.base.errors import InputError, StoppedError
from resilience.base.text import say
from resilience.traffic.demand import Demand, Linear
from resilience.traffic.equilibrium.equilibrium import assign, check_flags
from resilience.traffic.graph import count

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike

    from resilience.base.arrays import Bools, Floats
    from resilience.traffic.equilibrium.solution import Assignment
    from resilience.traffic.graph import RoadGraph


class State(NamedTuple):
    """The roads in one slice; None: as in the network.

    closed : links that nobody may use, shape (links,)
    speed, capacity : factors on free-flow speed and capacity, above 0, shape (links,)
    """

    closed: Bools | None = None
    speed: Floats | None = None
    capacity: Floats | None = None


@dataclass(frozen=True)
class HoursResult:
    """The slices of a day, and what passed from one to the next.

    Parameters
    ----------
    slices : the equilibrium of each slice, flows in passenger-car units/h; its demand is new and carried trips
    carried : vehicles of each pair that are carried out of each slice, shape (slices, pairs)
    table : one row a slice, trips in vehicles:
        hour (begin of the slice, hours from the first), minutes (its length), demand (new trips), carried_in,
        assigned, carried_out (with demand + carried_in = assigned + carried_out), waiting (of carried_out: no way at
        all), too_long (of carried_out: a way of twice the slice or more), total_travel_time (vehicle-hours at the
        wheel), mean_minutes (of an assigned trip; nan: none), relative_gap, converged, stalled

    """

    slices: tuple[Assignment, ...] = field(repr=False)
    carried: Floats = field(repr=False)
    table: pd.DataFrame

    @property
    def not_finished(self) -> Floats:
        """Vehicles of each pair that are carried out of the last slice, shape (pairs,)."""
        return np.asarray(self.carried[-1], float)

    @property
    def converged(self) -> bool:
        """Whether every slice has reached the gap."""
        return all(found.converged for found in self.slices)


def assign_hours(
    network: RoadGraph,
    demand: Demand | pd.DataFrame,
    profile: ArrayLike,
    *,
    minutes: float | Sequence[float] = 60.0,
    gap: float = 1e-6,
    states: Sequence[State | tuple[Bools | None, Floats | None, Floats | None] | None] | None = None,
    warm: bool = True,
    progress: Callable[[int, int], bool | None] | None = None,
) -> HoursResult:
    """Return the equilibria of a row of time slices, trips that do not finish carried from each into the next.

    Parameters
    ----------
    demand : or a table for `Demand.from_table`; without an answer, which the slices bring along
    profile : for each slice a factor on the demand, shape (slices,), or the vehicles/h of every pair, shape (slices,
        pairs)
    minutes : length of the slices, one number or one for each; 60 because counts and profiles mostly come by the hour
    gap : relative gap of each slice; 1e-6 as in `assign`
    states : roads in each slice, None: the network as it is; None for all slices: no changes
    warm : start each slice from the one before; changes the answer within the gap only
    progress : called after each slice with how many of how many are done

    Raises
    ------
    InputError
        The profile is empty, has another shape, or holds what is negative or not finite; minutes are not positive;
        there is a state too many or too few or with values that are not possible; demand has an answer.
    StoppedError
        `progress` returned False.

    """
    import pandas as pd

    if not isinstance(demand, Demand):
        demand = Demand.from_table(network, demand)
    if demand.answer is not None:
        raise InputError(say("error.hours_answer", found=type(demand.answer).__name__))
    vph = _vph(demand, profile)
    length = _length(minutes, len(vph))
    roads = [_roads(network, state) for state in _states(states, len(vph))]
    begin = np.concatenate([[0.0], np.cumsum(length)]) / 60.0
    carried, slices, rows = np.zeros_like(vph), [], []
    left, before = np.zeros(len(demand.pairs)), None
    for n, (graph, closed) in enumerate(roads):
        hours = length[n] / 60.0
        wanted = replace(demand, vph=vph[n] + left / hours, answer=Linear(2.0 * length[n]))
        found = assign(graph, wanted, gap=gap, closed=closed, warm=before if warm else None)
        carried[n] = found.unserved * hours
        rows.append(_row(found, begin[n], length[n], vph[n] * hours, left, carried[n]))
        left, before = carried[n], found
        slices.append(found)
        if progress is not None and progress(n + 1, len(vph)) is False:
            raise StoppedError(say("error.stopped_scan", done=n + 1, total=len(vph)))
    return HoursResult(tuple(slices), carried, pd.DataFrame(rows))


def _row(
    found: Assignment, hour: float, length: float, new: Floats, left: Floats, carried: Floats
) -> dict[str, float | bool]:
    assigned = float(found.served.sum()) * length / 60.0
    spent = found.total_travel_time * length / 3600.0
    return {
        "hour": hour,
        "minutes": length,
        "demand": float(new.sum()),
        "carried_in": float(left.sum()),
        "assigned": assigned,
        "carried_out": float(carried.sum()),
        "waiting": float(carried[np.isinf(found.od_minutes)].sum()),
        "too_long": float(carried[np.isfinite(found.od_minutes) & (found.od_minutes >= 2.0 * length)].sum()),
        "total_travel_time": spent,
        "mean_minutes": 60.0 * spent / assigned if assigned > 0.0 else np.nan,
        "relative_gap": found.relative_gap,
        "converged": found.converged,
        "stalled": found.stalled,
    }


def _vph(demand: Demand, profile: ArrayLike) -> Floats:
    """Return the new trips of each slice and pair, vehicles/h, shape (slices, pairs)."""
    values, pairs = np.asarray(profile, float), len(demand.pairs)
    if values.ndim not in (1, 2) or not len(values) or values.shape[1:] not in ((), (pairs,)):
        raise InputError(say("error.hours_profile_shape", found=values.shape, expected=pairs))
    bad = np.argwhere(~(np.isfinite(values) & (values >= 0.0)))
    if len(bad):
        raise InputError(say("error.hours_profile", slice=int(bad[0][0]), found=float(values[tuple(bad[0])])))
    return values[:, None] * demand.vph if values.ndim == 1 else values


def _length(minutes: float | Sequence[float], slices: int) -> Floats:
    """Return the length of each slice, minutes, shape (slices,)."""
    values = np.asarray(minutes, float)
    if values.shape not in ((), (slices,)) or not (np.isfinite(values) & (values > 0.0)).all():
        raise InputError(say("error.hours_minutes", found=minutes, expected=slices))
    return np.broadcast_to(values, (slices,)).copy()


def _states(
    states: Sequence[State | tuple[Bools | None, Floats | None, Floats | None] | None] | None, slices: int
) -> list[State]:
    if states is None:
        return [State()] * slices
    if len(states) != slices:
        raise InputError(say("error.hours_states", found=len(states), expected=slices))
    return [State() if state is None else State(*state) for state in states]


def _roads(network: RoadGraph, state: State) -> tuple[RoadGraph, Bools | None]:
    """Return the network in a state, and its closures."""
    if state.closed is not None:
        if np.shape(state.closed) != (network.links,):
            found = count(state.closed)
            raise InputError(say("error.bad_link_count", column="closed", found=found, expected=network.links))
        check_flags("closed", state.closed)
    closed = None if state.closed is None else np.asarray(state.closed, np.bool_)
    if state.speed is None and state.capacity is None:
        return network, closed
    speed, capacity = (np.ones(network.links) if x is None else np.asarray(x, float) for x in state[1:])
    return network.with_state(speed=speed, capacity=capacity), closed
