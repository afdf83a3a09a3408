"""The contract of a measure: what it does to the inputs of a run, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass, is_dataclass
from typing import TYPE_CHECKING, Any, Protocol

from resilience.base.annuity import annuity
from resilience.base.contract import Extension
from resilience.base.text import say
from resilience.city.inputs import Inputs

if TYPE_CHECKING:
    import pandas as pd

COST_KEYS = ("capex", "opex_per_year", "life_years", "lead_time_years", "failure_probability")


class Mitigation(Protocol):
    """What a measure does: a frozen dataclass with `apply`; the keys of its [[measure]] section are its fields.

    Costs are keys of the section that the house reads itself; a measure that also needs one of them (say, its
    failure_probability) declares a field of that name. InputError says what a user has to change.

    >>> from dataclasses import dataclass
    >>> from resilience import Inputs, select
    >>> @dataclass(frozen=True)
    ... class ClearVerges:
    ...     '''Widen the picked roads by a share of their capacity.'''
    ...     where: str
    ...     share: float = 0.1
    ...
    ...     def apply(self, inputs):
    ...         table, picked = select(inputs.city, self.where)
    ...         rows = inputs.city[table].copy()
    ...         rows.loc[picked, "capacity_vph"] *= 1 + self.share
    ...         return inputs.with_table(table, rows)
    >>> from resilience.testing import check_measure
    >>> check_measure(ClearVerges("road.lanes >= 1")).passed
    True

    """

    def apply(self, inputs: Inputs) -> Inputs:
        """Return the changed inputs; those given are left as they are, and no component is added, lost or renamed."""
        ...


@dataclass(frozen=True)
class Measure:
    """A measure of a case: what it does (`applies`, from a plugin) and what it costs, in the case's currency."""

    name: str
    kind: str
    applies: Any
    capex: float = 0.0
    opex_per_year: float = 0.0
    life_years: float = 30.0
    lead_time_years: float = 0.0
    failure_probability: float = 0.0

    def apply(self, inputs: Inputs) -> Inputs:
        """Return the inputs as the measure makes them.

        Raises
        ------
        ExtensionError
            It raises, gives no Inputs, or adds, removes, renames or reorders components.

        """
        extension = Extension("measures", self.kind)
        if not callable(getattr(self.applies, "apply", None)):
            raise extension.lacks("apply", "apply(inputs) -> Inputs")
        with extension.calling("apply"):
            found = self.applies.apply(inputs)
        if not isinstance(found, Inputs):
            raise extension.wrong("apply", found, "Inputs")
        for name, old in inputs.city.tables.items():
            new = found.city.tables.get(name)
            if new is not old and (new is None or not _same_rows(old, new)):
                raise extension.wrong("apply", new, say("extension.same_rows", table=name))
        return found

    def cost_per_year(self, rate: float) -> float:
        """Return capex spread over the life as an annuity at the discount rate, plus opex, currency a year.

        >>> Measure("wall", "flood-proof", None, capex=1000.0, opex_per_year=10.0, life_years=10.0).cost_per_year(0.0)
        110.0

        """
        return self.capex / annuity(rate, self.life_years) + self.opex_per_year


def _same_rows(old: pd.DataFrame, new: Any) -> bool:
    return hasattr(new, "index") and old.index.equals(new.index) and set(old.columns) <= set(new.columns)


def measure_kind(name: str, kind: Any) -> Any:
    """Return a class of measures, looked at before anybody uses it.

    Raises
    ------
    ExtensionError
        It is no dataclass, or has no `apply`.

    """
    extension = Extension("measures", name)
    right = isinstance(kind, type) and is_dataclass(kind)
    extension.registered(kind, right=right, expected=say("extension.measure_class"))
    if not callable(getattr(kind, "apply", None)):
        raise extension.lacks("apply", "apply(inputs) -> Inputs")
    return kind
