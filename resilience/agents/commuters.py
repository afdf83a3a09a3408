"""How trip makers decide: for everyone at once on columns, or one Mesa agent at a time with the same results."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from resilience.agents.behaviour import Mind
from resilience.agents.patience import patience
from resilience.base.defaults import default

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience.agents.outlook import Outlook


class Choice(IntEnum):
    """What a trip maker does in the morning; all but GO and TELEWORK are reasons to give the trip up."""

    GO = 0
    TELEWORK = 1
    HOME_FLOODED = 2
    TARGET_CLOSED = 3
    NO_WAY = 4
    TOO_LONG = 5
    WARNED = 6


class Sees(NamedTuple):
    """What one trip maker knows: one entry of Outlook."""

    usual_min: float
    now_min: float
    home_flooded: bool
    home_power: bool
    home_at_risk: bool
    target_open: bool
    can_telework: bool
    cautious: float
    warned: bool


class CommuterAgent(Mind):
    """One trip maker as a Mesa agent; a researcher overrides `decide`."""

    answer = np.int64

    def asked(self, outlook: Outlook) -> bool:
        """Return whether the trip is due today."""
        return bool(outlook.due[self.number])

    def look(self, outlook: Outlook) -> Sees:
        """Return what this trip maker knows."""
        return sees_of(outlook, self.number)

    def decide(self, sees: Sees) -> Choice:
        """Return what this trip maker does this morning."""
        return Choice.GO if np.isfinite(sees.now_min) else Choice.NO_WAY


def sees_of(outlook: Outlook, number: int) -> Sees:
    """Return what one trip maker knows."""
    return Sees(
        float(outlook.usual_min[number]),
        float(outlook.now_min[number]),
        bool(outlook.home_flooded[number]),
        bool(outlook.home_power[number]),
        bool(outlook.home_at_risk[number]),
        bool(outlook.target_open[number]),
        bool(outlook.can_telework[number]),
        float(outlook.cautious[number]),
        outlook.warned,
    )


class InformedCommuterAgent(CommuterAgent):
    """InformedCommuter, one at a time."""

    def decide(self, sees: Sees) -> Choice:
        """Return what this trip maker does, by the rule of InformedCommuter."""
        extra = float(patience(np.array(sees.usual_min)))
        choice = Choice.GO
        if sees.now_min > sees.usual_min + extra:
            choice = Choice.TOO_LONG
        if not np.isfinite(sees.now_min):
            choice = Choice.NO_WAY
        if not sees.target_open:
            choice = Choice.TARGET_CLOSED
        if sees.warned and sees.home_at_risk and sees.cautious < default("commuter.warned_stay_share"):
            choice = Choice.WARNED
        if sees.home_flooded:
            return Choice.HOME_FLOODED
        slow = sees.now_min > sees.usual_min + default("commuter.telework_extra_min")
        if sees.can_telework and sees.home_power and (choice != Choice.GO or slow):
            return Choice.TELEWORK
        return choice


class InformedCommuter:
    """Trip makers who know which roads are closed and how long the way takes now.

    They give a trip up when the home is flooded, when a warning is out and they are cautious, when the place they go
    to is closed, when there is no way, or when the way takes longer than they bear. Whoever can work from home does
    so when the trip is given up or much slower, as long as the home has power.
    """

    one_by_one = InformedCommuterAgent

    def decide(self, sees: Outlook) -> NDArray[np.int64]:
        """Return the choice of everyone, shape (people,); entries of those not due are of no account."""
        extra = patience(sees.usual_min)
        choice = np.full(len(sees.due), int(Choice.GO))
        choice[sees.now_min > sees.usual_min + extra] = Choice.TOO_LONG
        choice[~np.isfinite(sees.now_min)] = Choice.NO_WAY
        choice[~sees.target_open] = Choice.TARGET_CLOSED
        if sees.warned:
            choice[sees.home_at_risk & (sees.cautious < default("commuter.warned_stay_share"))] = Choice.WARNED
        choice[sees.home_flooded] = Choice.HOME_FLOODED
        slow = sees.now_min > sees.usual_min + default("commuter.telework_extra_min")
        home = sees.can_telework & sees.home_power & ~sees.home_flooded
        choice[home & ((choice != Choice.GO) | slow)] = Choice.TELEWORK
        return choice


class StubbornCommuterAgent(CommuterAgent):
    """StubbornCommuter, one at a time."""

    def decide(self, sees: Sees) -> Choice:
        """Return GO as long as there is a way out."""
        if sees.home_flooded:
            return Choice.HOME_FLOODED
        return Choice.GO if np.isfinite(sees.now_min) else Choice.NO_WAY


class StubbornCommuter:
    """Trip makers who go whenever there is a way, whatever it takes: an upper bound on traffic."""

    one_by_one = StubbornCommuterAgent

    def decide(self, sees: Outlook) -> NDArray[np.int64]:
        """Return the choice of everyone, shape (people,)."""
        choice = np.where(np.isfinite(sees.now_min), int(Choice.GO), int(Choice.NO_WAY))
        return np.where(sees.home_flooded, int(Choice.HOME_FLOODED), choice)
