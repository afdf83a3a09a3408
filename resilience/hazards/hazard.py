"""The contract of a hazard: all that the house calls on a Hazard and on the Event it starts, and what they give."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np
import pandas as pd

from resilience.base.contract import Extension
from resilience.base.text import say
from resilience.city.water import DEPTHS, ROAD_DEPTHS, Water

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

    from resilience.base.clock import Onset
    from resilience.base.errors import Notice
    from resilience.base.streams import Streams
    from resilience.city.city import City
    from resilience.city.inputs import Inputs
    from resilience.city.view import View
    from resilience.readers.raster import Raster

NOBODY, OWN_STAFF, CREW = 0, 1, 2
LEAST_DRY_M = 1e-3  # a site counts as dry below this, however small the depth that work asks for
ROUNDING = 1e-9  # of shares


@dataclass(frozen=True)
class Damage:
    """Components that lose their service in this hour; `Damage.of` makes one where values are the same for all.

    Parameters
    ----------
    component : global ids
    loss : service lost, 0 to 1, shape (components,); two damages of one component do not add up, the larger counts
    repair_hours : work until the service is back, hours, shape (components,)
    until_hour : hour of the run at which the service comes back by itself, nan where it has to be repaired
    repaired_by : NOBODY (until_hour counts), OWN_STAFF (work starts when the site is dry) or CREW (a crew must come)
    dry_m : depth at the site below which work can start, metres; at 0 it has to be dry
    cause : key of the reason, such as flooded
    work : name of the work that each belongs to: what crews are to repair under one name, and what fails under it
        before they have begun, is one job with the longest hours among them, begun once all of it is dry by a crew
        that has been at each of the sites; tunnels of one name are one site with several ends; "", or the list empty:
        work of its own

    """

    component: list[str] = field(default_factory=list)
    loss: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    repair_hours: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    until_hour: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    repaired_by: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    dry_m: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    cause: str = ""
    work: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.component)

    @classmethod
    def of(
        cls,
        component: Iterable[str],
        *,
        loss: ArrayLike = 1.0,
        repair_hours: ArrayLike = 0.0,
        until_hour: ArrayLike = np.nan,
        repaired_by: ArrayLike | None = None,
        dry_m: ArrayLike = np.inf,
        cause: str = "",
    ) -> Self:
        """Return damage to components; each value is one for all or one for each.

        Unless told, a crew repairs what does not come back by itself, and works in any water.

        >>> damage = Damage.of(["power:A", "power:B"], repair_hours=6.0, cause="blown_over")
        >>> damage.loss, damage.repaired_by
        (array([1., 1.]), array([2, 2]))

        """
        ids = [str(name) for name in component]

        def column(values: ArrayLike, kind: type = np.float64) -> NDArray[Any]:
            return np.broadcast_to(np.asarray(values, kind), (len(ids),)).copy()

        until = column(until_hour)
        by = np.where(np.isnan(until), CREW, NOBODY) if repaired_by is None else column(repaired_by, np.int64)
        return cls(ids, column(loss), column(repair_hours), until, by, column(dry_m), cause)


class Event:
    """A hazard under way."""

    def step(self, hour: int, view: View) -> tuple[Water | None, Damage]:
        """Return the water of this hour (None: no water) and the damage that begins in it."""
        raise NotImplementedError

    def at_risk(self, hour: int) -> NDArray[np.bool_] | None:
        """Return the zones where water stands or is still to come, shape (zones,); None for no warning.

        This is what a warning names; it ends for a zone when its water is gone.
        """
        return None

    @staticmethod
    def at_once(damage: Damage, hour: int) -> Event:
        """Return an event without water that does all of its damage in one hour of the run."""
        return _AtOnce(damage, hour)


class _AtOnce(Event):
    def __init__(self, damage: Damage, hour: int) -> None:
        self.damage, self.hour = damage, hour

    def step(self, hour: int, view: View) -> tuple[Water | None, Damage]:
        return None, self.damage if hour == self.hour else Damage()


class Load(NamedTuple):
    """What a scenario asks of one hazard: its name in the case, how strong, when it begins, how long the run is."""

    scenario: str
    severity: float
    onset: Onset
    hours: int


class Hazard:
    """A hazard that can be started at any severity; severity is one number and never gives less when it rises.

    Only `start` is needed: a frozen dataclass with it is a hazard, whether it derives from this class or not, and the
    keys of its [[hazard]] section in case.toml are its fields. The rest has the defaults below.

    >>> from dataclasses import dataclass
    >>> from resilience import Damage, Event
    >>> @dataclass(frozen=True)
    ... class Windstorm:
    ...     '''Severity is the peak gust, m/s. Each node of the grid breaks above a gust of its own.'''
    ...     median_ms: float = 50.0
    ...     unit = "m/s"
    ...
    ...     def start(self, inputs, severity, onset, streams):
    ...         nodes = inputs.city["power_nodes"].index
    ...         broken = nodes[streams.lognormal("wind", nodes, self.median_ms, 0.2) < severity]
    ...         return Event.at_once(Damage.of(broken, repair_hours=6.0, cause="blown_over"), onset.hour)
    >>> from resilience.testing import check_hazard
    >>> check_hazard(Windstorm, severities=(30.0, 50.0, 70.0)).passed
    True

    """

    unit: ClassVar[str] = ""
    """Unit of the severity, as charts show it."""

    @classmethod
    def read(cls, folder: Path, city: City, **given: Any) -> Self:
        """Return the hazard of a case; `given` are the keys of its section but for name and kind.

        A hazard that names files reads them from `folder` and raises CaseError with all that is wrong with them.
        """
        return cls(**given)

    @classmethod
    def example(cls, city: City) -> Self:
        """Return a hazard for a city, for tests; a hazard whose keys have no defaults gives one of its own."""
        return cls.read(Path(), city)

    def check_severity(self, severity: float) -> list[str]:
        """Return what is wrong with a severity, as sentences; none where it is possible."""
        return []

    def notices(self, city: City) -> list[Notice]:
        """Return what a user should know of the hazard in this city, such as places that its data do not cover."""
        return []

    def notices_of_tests(self, name: str, inputs: Inputs, loads: list[Load]) -> list[Notice]:
        """Return what is odd about the scenarios that use the hazard called `name`, such as a run too short for it."""
        return []

    def grid(self) -> Raster | None:
        """Return the raster whose cells `Water.cells_m` speaks of, for maps; None for a hazard without."""
        return None

    def start(self, inputs: Inputs, severity: float, onset: Onset, streams: Streams) -> Event:
        """Return the event; `inputs` are not changed, chance is asked of `streams` by name."""
        raise NotImplementedError


@cache
def hazard_kind(name: str, kind: Any) -> type[Hazard]:
    """Return a class of hazards, with the defaults of the contract for what it leaves out.

    Raises
    ------
    ExtensionError
        It is no class, or has no `start`.

    """
    extension = Extension("hazards", name)
    extension.registered(kind, right=isinstance(kind, type), expected=say("extension.hazard_class"))
    if not callable(getattr(kind, "start", None)) or kind.start is Hazard.start:
        raise extension.lacks("start", "start(inputs, severity, onset, streams) -> Event")
    if issubclass(kind, Hazard):
        return kind
    return type(kind.__name__, (kind, Hazard), {"__doc__": kind.__doc__, "__module__": kind.__module__})


def begin(name: str, hazard: Hazard, inputs: Inputs, severity: float, onset: Onset, streams: Streams) -> CheckedEvent:
    """Return the event of a hazard, which is held to its contract in every hour.

    Raises
    ------
    ExtensionError
        What the hazard starts is no event.

    """
    extension = Extension("hazards", name)
    with extension.calling("start"):
        event = hazard.start(inputs, severity, onset, streams)
    step = getattr(event, "step", None)
    if not callable(step) or getattr(type(event), "step", None) is Event.step:
        raise extension.wrong("start", event, say("extension.event"))
    return CheckedEvent(extension, event, inputs.city)


class CheckedEvent(Event):
    """An event whose water, damage and warnings are looked at before anybody uses them."""

    def __init__(self, extension: Extension, event: Any, city: City) -> None:
        self.extension, self.event = extension, event
        self.warns = callable(getattr(event, "at_risk", None))
        links, sites, zones = len(city["road_links"]), len(city.sites), len(city["zones"])
        self.shapes = {"link_m": (links,), "link_share": (links, len(ROAD_DEPTHS)), "site_m": (sites,),
                       "site_ground_m": (sites,), "zone_share": (zones, len(DEPTHS))}  # fmt: skip
        self.zones, self.components = zones, city.components
        self.given: Water | None = None  # as the event gave it last, and as it is used
        self.water: Water | None = None

    def step(self, hour: int, view: View) -> tuple[Water | None, Damage]:
        """Return the water and the damage of the hour.

        Raises
        ------
        ExtensionError
            They are not of the type, shape or range that the contract names.

        """
        with self.extension.calling("step"):
            given = self.event.step(hour, view)
        if not isinstance(given, tuple) or len(given) != 2:
            raise self.extension.wrong("step", given, say("extension.step"))
        water, damage = given
        if water is not None and not isinstance(water, Water):
            raise self.extension.wrong("step", water, say("extension.step"))
        if not isinstance(damage, Damage):
            raise self.extension.wrong("step", damage, say("extension.step"))
        return self._checked_water(water), self._checked_damage(damage, hour)

    def at_risk(self, hour: int) -> NDArray[np.bool_] | None:
        """Return the zones that a warning names."""
        if not self.warns:
            return None
        with self.extension.calling("at_risk"):
            zones = self.event.at_risk(hour)
        return None if zones is None else self._array("at_risk", zones, (self.zones,)).astype(np.bool_)

    def _array(self, part: str, values: Any, shape: tuple[int, ...], least: float = -np.inf) -> NDArray[np.float64]:
        """Return numbers of a shape as an array; nan is none where there is a least."""
        try:
            found = np.asarray(values, np.float64)
        except (TypeError, ValueError) as error:
            raise self.extension.wrong(part, values, say("extension.array", shape=shape)) from error
        if found.shape != shape:
            raise self.extension.wrong(part, values, say("extension.array", shape=shape))
        bad = ~(found >= least) if least > -np.inf else np.zeros(shape, np.bool_)
        if bad.any():
            raise self.extension.wrong(part, float(found[bad][0]), say("extension.least", least=f"{least:g}"))
        return found

    def _names(self, part: str, values: Any, expected: str) -> list[str]:
        """Return names as a list."""
        listed = values.tolist() if isinstance(values, np.ndarray | pd.Index | pd.Series) else values
        if not isinstance(listed, list | tuple) or not all(isinstance(name, str) for name in listed):
            raise self.extension.wrong(part, values, expected)
        return list(listed)

    def _checked_water(self, water: Water | None) -> Water | None:
        """Return water that keeps its contract; the same as before is not looked at again."""
        if water is None:
            return None
        if water is self.given:
            return self.water
        arrays = {
            part: self._array(f"Water.{part}", getattr(water, part), shape, least=0.0)
            for part, shape in self.shapes.items()
        }
        for part in ("link_share", "zone_share"):
            if (most := float(arrays[part].max(initial=0.0))) > 1.0 + ROUNDING:
                raise self.extension.wrong(f"Water.{part}", most, "0 – 1")
        whole = all(arrays[part] is getattr(water, part) for part in arrays)
        self.given = water
        self.water = water if whole else Water(level_m=water.level_m, cells_m=water.cells_m, **arrays)
        return self.water

    def _checked_damage(self, damage: Damage, hour: int) -> Damage:
        """Return damage that keeps its contract, its columns as lists and arrays."""
        names = self._names("Damage.component", damage.component, say("extension.component"))
        strange = [name for name in names if name not in self.components]
        if strange:
            raise self.extension.wrong("Damage.component", strange[0], say("extension.component"))
        many = len(names)
        work = self._names("Damage.work", damage.work, say("extension.names_of_work", many=many))
        if len(work) not in (0, many):
            raise self.extension.wrong("Damage.work", damage.work, say("extension.names_of_work", many=many))
        if not isinstance(damage.cause, str):
            raise self.extension.wrong("Damage.cause", damage.cause, say("extension.cause"))
        loss, hours, until, by, dry = (
            self._array(f"Damage.{part}", getattr(damage, part), (many,))
            for part in ("loss", "repair_hours", "until_hour", "repaired_by", "dry_m")
        )
        if many == 0:  # as in most hours
            return Damage(cause=damage.cause)
        if not ((loss >= 0) & (loss <= 1)).all():
            raise self.extension.wrong("Damage.loss", float(loss[~((loss >= 0) & (loss <= 1))][0]), "0 – 1")
        if not np.isin(by, (NOBODY, OWN_STAFF, CREW)).all():
            raise self.extension.wrong("Damage.repaired_by", by.tolist(), "NOBODY, OWN_STAFF, CREW (0, 1, 2)")
        if not (until[by == NOBODY] > hour).all():
            raise self.extension.wrong("Damage.until_hour", until.tolist(), say("extension.until", hour=hour))
        repaired = by != NOBODY
        if not (hours[repaired] >= 0).all():
            raise self.extension.wrong("Damage.repair_hours", hours.tolist(), say("extension.work"))
        if not (dry[repaired] >= 0).all():
            raise self.extension.wrong("Damage.dry_m", dry.tolist(), say("extension.least", least="0"))
        return Damage(names, loss, hours, until, by.astype(np.int64), np.maximum(dry, LEAST_DRY_M), damage.cause, work)
