"""How agents decide: for everyone at once, or one Mesa agent at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import mesa
    from numpy.typing import NDArray

    from resilience.agents.commuters import CommuterAgent
    from resilience.agents.firms import FirmAgent, FirmOutlook
    from resilience.base.arrays import Floats

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience.agents.outlook import Outlook


class OneByOne:
    """Lets real Mesa agents decide; has the face of a behaviour for the whole population."""

    def __init__(self, model: mesa.Model, kind: type[CommuterAgent], people: int) -> None:
        self.agents: Any = kind.create_agents(model, people, list(range(people)))

    def decide(self, sees: Outlook) -> NDArray[np.int64]:
        """Return the choice of everyone, shape (people,)."""
        choices = np.zeros(len(sees.due), np.int64)
        self.agents.do("choose", sees, choices)
        return choices


class FirmsOneByOne:
    """Lets real Mesa agents decide; has the face of a behaviour for all firms."""

    def __init__(self, model: mesa.Model, kind: type[FirmAgent], firms: int) -> None:
        self.agents: Any = kind.create_agents(model, firms, list(range(firms)))

    def decide(self, sees: FirmOutlook) -> Floats:
        """Return the share of full output of every firm, shape (firms,)."""
        share = np.zeros(len(sees.labour))
        self.agents.do("choose", sees, share)
        return share
