"""The contract of a behaviour: how agents decide, for everyone at once or one Mesa agent at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import mesa
import numpy as np

from resilience.base.contract import Extension
from resilience.base.errors import InputError
from resilience.base.text import say

if TYPE_CHECKING:
    from numpy.typing import NDArray


SLACK = 1e-6  # by which a share may leave 0 to 1 from rounding


class Behaviour(Protocol):
    """Decides for everyone at once.

    `sees` is an Outlook (for trip makers, who answer with a Choice) or a FirmOutlook (for firms, which answer with the
    share of full output), one entry for each of them. A behaviour may also name the same mind as one Mesa agent,
    `one_by_one = Mind`; the two must answer alike.

    >>> import numpy as np
    >>> from resilience import Choice
    >>> class HomeBirds:
    ...     '''Nobody goes out who takes more than half an hour.'''
    ...     def decide(self, sees):
    ...         return np.where(sees.now_min <= 30.0, Choice.GO, Choice.TOO_LONG)
    >>> from resilience.testing import check_behaviour
    >>> check_behaviour(HomeBirds).passed
    True

    """

    def decide(self, sees: Any) -> NDArray[Any]:
        """Return the answer of everyone, shape (agents,)."""
        ...


class Mind(mesa.Agent):
    """One agent with a mind of its own; CommuterAgent and FirmAgent say what it sees, a researcher writes `decide`."""

    answer: ClassVar[type] = float
    """Type of an answer as it is kept for everyone."""

    def __init__(self, model: mesa.Model, number: int) -> None:
        super().__init__(model)
        self.number = number

    def asked(self, outlook: Any) -> bool:
        """Return whether this agent has anything to decide now."""
        return True

    def look(self, outlook: Any) -> Any:
        """Return what this agent sees of what everyone sees."""
        raise NotImplementedError

    def decide(self, sees: Any) -> Any:
        """Return the answer of this agent."""
        raise NotImplementedError

    def choose(self, outlook: Any, answers: NDArray[Any]) -> None:
        """Look, decide and write the answer down."""
        if self.asked(outlook):
            answers[self.number] = self.decide(self.look(outlook))


class OneByOne:
    """Lets real Mesa agents decide; has the face of a behaviour for everyone."""

    def __init__(self, model: mesa.Model, kind: type[Mind], many: int) -> None:
        self.kind, self.many = kind, many
        self.agents: Any = kind.create_agents(model, many, list(range(many)))

    def decide(self, sees: Any) -> NDArray[Any]:
        """Return the answer of everyone, shape (agents,)."""
        answers: NDArray[Any] = np.zeros(self.many, self.kind.answer)
        self.agents.do("choose", sees, answers)
        return answers


class CheckedBehaviour:
    """A behaviour whose answers are looked at before anybody uses them.

    There must be one for each of `many`: of trip makers a whole number below `choices`, of firms (`choices` is None) a
    share.
    """

    def __init__(self, name: str, behaviour: Any, many: int, choices: int | None) -> None:
        self.extension, self.behaviour, self.many = Extension("agents", name), behaviour, many
        self.choices = choices

    def decide(self, sees: Any) -> NDArray[Any]:
        """Return the answer of everyone, shape (agents,).

        Raises
        ------
        ExtensionError
            `decide` raises, or its answers have another shape, type or range.

        """
        with self.extension.calling("decide"):
            answers = self.behaviour.decide(sees)
        if np.shape(answers) != (self.many,):
            raise self.extension.wrong("decide", answers, say("extension.array", shape=(self.many,)))
        found = np.asarray(answers)
        if found.dtype.kind not in ("iufb" if self.choices is None else "iu"):
            raise self.extension.wrong("decide", found.dtype, self._expected())
        most = 1.0 + SLACK if self.choices is None else self.choices - 1
        beyond = ~((found >= -SLACK) & (found <= most))
        if beyond.any():
            raise self.extension.wrong("decide", found[beyond][0].item(), self._expected())
        return found

    def _expected(self) -> str:
        return say("extension.share") if self.choices is None else say("extension.choice", most=self.choices - 1)


def decider(name: str, kind: Any, form: str, model: mesa.Model, agent: type[Mind], many: int) -> Any:
    """Return the behaviour that `kind` gives: itself for everyone, or Mesa agents where its class or the form asks so.

    Raises
    ------
    ExtensionError
        It has no `decide`.
    InputError
        Agents are asked for one by one, and the behaviour has no such form.

    """
    if isinstance(kind, type) and issubclass(kind, agent):
        return OneByOne(model, kind, many)
    if form == "agent":
        single = one_by_one(kind)
        if single is None or not issubclass(single, agent):
            raise InputError(say("error.no_single_form", name=name))
        return OneByOne(model, single, many)
    return behaviour_kind(name, kind)()


def behaviour_kind(name: str, kind: Any) -> Any:
    """Return a class of behaviours, looked at before anybody uses it.

    Raises
    ------
    ExtensionError
        It is no class, or has no `decide`.

    """
    extension = Extension("agents", name)
    extension.registered(kind, right=isinstance(kind, type), expected=say("extension.behaviour_class"))
    decide = getattr(kind, "decide", None)
    if not callable(decide) or decide is Mind.decide:
        raise extension.lacks("decide", "decide(sees)")
    return kind


def one_by_one(kind: Any) -> type[Mind] | None:
    """Return the form of a behaviour as one Mesa agent, None where it has none."""
    single = kind if isinstance(kind, type) and issubclass(kind, Mind) else getattr(kind, "one_by_one", None)
    return single if isinstance(single, type) and issubclass(single, Mind) else None
