"""Who gives and who gets services: damage, power and dependencies brought to a fixed point every hour.

Fall first: services are taken away downwards until nothing changes; what trips in this tick stays off in this tick.
What comes back in this tick by means of those that stand counts already: an outage no longer than the buffer fails
nobody. Then return: starting from what is alive, components come back as soon as all they need is there (a least
fixed point), so that two dead systems that need each other do not wake each other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import igraph
import numpy as np

from resilience.base.causes import minimal_sets
from resilience.networks.dependency import dependencies, people_behind

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd
    from numpy.typing import NDArray

    from resilience.base.arrays import Bools, Ints
    from resilience.base.streams import Streams
    from resilience.city.city import City
    from resilience.networks.layer import Model


@dataclass(frozen=True)
class Change:
    """A component that lost or regained its service, or that is `still` without it for another cause than was told.

    `sources` are the components that explain a loss, all needed together; `alternatives` says how many other sets of
    that size would explain it as well.
    """

    component: int
    up: bool
    reason: str
    sources: tuple[int, ...] = ()
    alternatives: int = 0
    still: bool = False


@dataclass(frozen=True)
class _Wired:
    """A layer with a model, and the numbers of its nodes and links among all components."""

    model: Model
    nodes: Ints
    links: Ints

    @classmethod
    def of(cls, model: Model, components: pd.Index) -> _Wired:
        """Return a layer's model with the numbers of its parts."""
        return cls(model, *(np.asarray(components.get_indexer(ids), np.int64) for ids in (model.nodes, model.links)))


class Services:
    """State of all components of a city.

    Attributes
    ----------
    up : gives its service, shape (components,)
    loss : service lost by damage to the component itself, 0 to 1, shape (components,); below 1 it still works in part
    shed_gap : relative gap of the choices of what to shed in this hour, 0 where all are proven best

    """

    def __init__(self, city: City, streams: Streams) -> None:
        self.components = city.components
        many = len(self.components)
        self.up, self.loss = np.ones(many, np.bool_), np.zeros(many)
        rows = city["dependencies"]
        draw = streams.uniform("generator-start", rows["consumer"].to_numpy(str))
        fails = draw < rows["start_failure"].to_numpy(float)
        self.needs = dependencies(rows, self.components, fails)
        self.wired = [_Wired.of(model, self.components) for model in city.models.values()]
        beside = [pair for wired in self.wired for pair in wired.model.stands_for()]
        self.people_behind = people_behind(self.components, city["zones"], city["facilities"], rows, beside)
        self._rows_of_need = _group(self.needs.need, len(self.needs.consumer))
        self._ties = self._tie()
        self._needs_of: dict[int, list[int]] = {}
        self._bears = np.zeros(many, np.bool_)
        for need, consumer in enumerate(self.needs.consumer.tolist()):
            self._needs_of.setdefault(consumer, []).append(need)
        self._bears[self.needs.supplier] = True
        for wired in self.wired:
            self._bears[[*wired.nodes, *wired.links]] = True
        self._lacking = np.zeros(0, np.bool_)
        self._explanations: dict[tuple[tuple[bool, bool, tuple[int, ...]], ...], list[tuple[int, ...]]] = {}
        self._above: dict[int, NDArray[np.int64]] = {}
        self._idle = np.zeros(many, np.bool_)
        self._broken_since = np.full(many, np.inf)
        self._rank = np.empty(many, np.int64)
        self._rank[np.argsort(self.components.to_numpy(str), kind="stable")] = np.arange(many)
        self._roots: dict[int, frozenset[int]] = {}
        self._trials: dict[tuple[frozenset[int], bool], Bools] = {}
        self.shed_gap = 0.0

    @property
    def intact(self) -> Bools:
        """Which components work at least in part as far as their own damage goes, shape (components,)."""
        return self.loss < 1.0

    def unsettled(self) -> bool:
        """Return whether the next hour may bring a change by itself: a buffer runs, or something could come back."""
        if np.isfinite(self.needs.missing_since).any():
            return True
        return bool((self.intact & ~self.up).any())

    def step(self, hour: float, taken_over: Collection[int] = ()) -> list[Change]:
        """Bring the services of this hour about and return what changed, causes before their effects.

        `taken_over` are broken components that another damage holds out than the one before, and mended ones.
        """
        before = self.up.copy()
        broken = ~self.intact
        self._broken_since = np.where(broken, np.minimum(self._broken_since, hour), np.inf)
        self._trials.clear()
        self._explanations.clear()
        self.shed_gap = 0.0
        reasons: dict[int, str] = {}
        fallen = self._fall(hour, reasons)
        self.up, self._idle = self._returning(hour, self.up, self._idle, fallen, reasons)
        back = np.flatnonzero(~before & self.up)
        for c in back:
            self._roots.pop(int(c), None)
        self._lacking = self.needs.failed(hour, self.needs.met(self.up))
        kept = self._kept(self._outlasting(before, frozenset(taken_over)), hour)
        lost = [self._explained(c, reasons[c], hour) for c in reasons if before[c] and not self.up[c]]
        self.needs.watch(hour, self.needs.met(self.up))
        return [*kept, *lost, *(Change(int(c), True, "restored") for c in back)]

    def _tie(self) -> igraph.Graph:
        """Return who bears on whom: suppliers on consumers, neighbours within a layer on each other."""
        edges = [np.column_stack([self.needs.supplier, self.needs.consumer[self.needs.need]])]
        for wired in self.wired:
            for end in (wired.model.tail, wired.model.head):
                pairs = np.column_stack([wired.links, wired.nodes[end]])
                edges += [pairs, pairs[:, ::-1]]
        return igraph.Graph(n=len(self.up), edges=np.concatenate(edges).tolist(), directed=True)

    # -- fall and return --------------------------------------------------------------------------

    def _unmet(self, hour: float, up: Bools) -> NDArray[np.int64]:
        return np.flatnonzero(self.needs.failed(hour, self.needs.met(up)))

    def _short(self, hour: float, up: Bools) -> Bools:
        """Return which components lack something they need for longer than their buffer, shape (components,)."""
        short = np.zeros(len(up), np.bool_)
        short[self.needs.consumer[self._unmet(hour, up)]] = True
        return short

    def _serve(self, wired: _Wired, on: Bools, wanted: Bools) -> tuple[Bools, Bools]:
        """Return which nodes of a layer are joined to a source and which of these are shed, two of shape (nodes,)."""
        live, shed = wired.model.serve(on[wired.nodes], on[wired.links], wanted[wired.nodes])
        self.shed_gap = max(self.shed_gap, wired.model.gap)
        return live, shed

    def _fall(self, hour: float, reasons: dict[int, str]) -> Bools:
        """Take services away until nothing changes and return what fell, shape (components,).

        A need is judged with what comes back in this hour by means of those still standing: a supplier that returns
        in the hour in which a buffer ends, or in which another one fails, is in time.

        What is dark for want of supply or capacity alone stays switched in (`_idle`): it passes power on, and who is
        shed is asked anew every time, so that the answer does not depend on who was shed before.
        """
        start, intact = self.up.copy(), self.intact
        up, on = self.up & intact, (self.up | self._idle) & intact
        for hit in np.flatnonzero(self.up & ~intact):
            reasons[int(hit)] = "damaged"
        while True:
            before = up.copy()
            back, passes = self._returning(hour, up, on & ~up, start & ~up)
            for need in self._unmet(hour, up | back):
                consumer = int(self.needs.consumer[need])
                on[consumer] = False
                if up[consumer]:
                    up[consumer] = False
                    reasons[consumer] = f"no_{self.needs.service[need]}"
            if not np.array_equal(up, before):
                continue
            for wired in self.wired:
                fallen = start & ~up
                joined = on | back | passes
                wanted = up | back | (on & ~fallen & ~self._short(hour, up | back))
                live, shed = self._serve(wired, joined, wanted)
                for n in np.flatnonzero(up[wired.nodes] & ~(live & ~shed)):
                    c = int(wired.nodes[n])
                    up[c] = False
                    reasons[c] = "shed" if live[n] else "no_supply"
            if np.array_equal(up, before):
                break
        self.up, self._idle = up, on & ~up
        return start & ~up

    def _returning(
        self, hour: float, up: Bools, idle: Bools, fallen: Bools, reasons: dict[int, str] | None = None
    ) -> tuple[Bools, Bools]:
        """Return what is up once all has come back that can, and what is idle then, two of shape (components,).

        Parameters
        ----------
        hour : buffers that still hold at it bring a component back as well
        up, idle : what gives its service, and what only passes power on, at the start
        fallen : what stays off in this hour
        reasons : takes in why something goes dark because others came back

        """
        up, idle, intact = up.copy(), idle.copy(), self.intact
        for _ in range(len(up) + 1):
            before = up.copy()
            ready = intact & ~fallen & ~up & ~self._short(hour, up)
            for wired in self.wired:
                on = up | idle | ready
                live, shed = self._serve(wired, on, up | ready)
                if reasons is not None:
                    for n in np.flatnonzero(up[wired.nodes] & ~(live & ~shed)):
                        reasons[int(wired.nodes[n])] = "shed" if live[n] else "no_supply"
                up[wired.nodes] = live & ~shed & (up | ready)[wired.nodes]
                idle[wired.nodes] = (on & ~up)[wired.nodes]
                ready[wired.nodes] = False
            up |= ready
            if np.array_equal(before, up):
                break
        return up, idle

    # -- causes -----------------------------------------------------------------------------------

    def _explained(self, component: int, reason: str, hour: float) -> Change:
        """Return a loss with what it goes back to.

        The causes are the smallest sets of broken components whose repair would restore the service, everything else
        unchanged (`minimal_sets`); of several sets that of the earliest failed counts, then of the smaller ids. A
        consumer is told by way of the suppliers it lost, where these go back to just that set. Where nothing broken
        explains it, what waits for each other does.
        """
        if reason == "damaged":
            self._roots[component] = frozenset([component])
            return Change(component, False, reason)
        key = self._alike(component)
        sets = self._explanations.get(key) if key else None
        if sets is None:
            sets = self._sets(component, hour, ~self.intact)
        if key:
            self._explanations[key] = sets
        if not sets or not sets[0]:
            self._roots[component] = frozenset()
            waiting = self._sets(component, hour, ~self.intact | self._waiting())
            return Change(component, False, reason, waiting[0] if waiting else (), max(0, len(waiting) - 1))
        self._roots[component] = frozenset(sets[0])
        if reason not in ("no_supply", "shed"):
            told, others = self._lost_suppliers(component)
            if told and frozenset().union(*map(self._roots_of, told)) == frozenset(sets[0]):
                return Change(component, False, reason, told, others)
        return Change(component, False, reason, sets[0], len(sets) - 1)

    def _outlasting(self, before: Bools, taken_over: frozenset[int]) -> list[int]:
        """Return what is down longer than what it was told to go back to, suppliers before those they serve."""
        intact = self.intact
        down = [c for c, roots in self._roots.items() if roots and intact[c] and not (self.up[c] or before[c])]
        left = {c for c in down if intact[list(self._roots[c])].any() or (self._roots[c] | {c}) & taken_over}
        order = sorted(
            (c for wired in self.wired for c in wired.nodes.tolist() if c in left), key=lambda c: self._rank[c]
        )
        left -= set(order)
        while left:
            first = [c for c in left if not left & set(self._suppliers(c))] or list(left)
            order += sorted(first, key=lambda c: self._rank[c])
            left -= set(first)
        return order

    def _suppliers(self, component: int) -> list[int]:
        needs = self._needs_of.get(component, ())
        return [int(s) for need in needs for s in self.needs.supplier[self._rows_of_need[need]]]

    def _kept(self, components: list[int], hour: float) -> list[Change]:
        """Return what keeps components down now that what took them down is mended, where something broken does.

        The others wait for each other; they are not asked again, and nothing that runs is explained by them.
        """
        for component in components:
            self._roots[component] = frozenset()
        self._trials.clear()
        self._explanations.clear()
        changes = [self._explained(c, self._why_down(c), hour) for c in components]
        return [replace(change, still=True) for change in changes if self._roots[change.component]]

    def _why_down(self, component: int) -> str:
        for need in self._needs_of.get(component, ()):
            if self._lacking[need]:
                return f"no_{self.needs.service[need]}"
        on = (self.up | self._idle) & self.intact
        for wired in self.wired:
            at = np.flatnonzero(wired.nodes == component)
            if len(at) and wired.model.joined(on[wired.nodes], on[wired.links])[at[0]]:
                return "shed"
        return "no_supply"

    def _waiting(self) -> Bools:
        """Return which components are out although nothing broken keeps them so, shape (components,)."""
        waits = np.zeros(len(self.up), np.bool_)
        waits[[c for c, roots in self._roots.items() if not roots and not self.up[c]]] = True
        return waits

    def _sets(self, component: int, hour: float, which: Bools) -> list[tuple[int, ...]]:
        """Return the smallest sets of broken components, or of waiting ones, that would restore one if they ran."""
        broken = np.flatnonzero(which)
        broken = broken[np.isin(broken, self._upstream(component)) & (broken != component)]
        broken = broken[np.lexsort((self._rank[broken], self._broken_since[broken]))]

        def restores(repaired: frozenset[int]) -> bool:
            joined = self._if_whole(repaired, hour, limits=False)[component]
            return bool(joined and self._if_whole(repaired, hour)[component])

        return minimal_sets(broken.tolist(), restores)

    def _alike(self, component: int) -> tuple[tuple[bool, bool, tuple[int, ...]], ...]:
        """Return what tells consumers apart that need nothing but suppliers; empty where others depend on it.

        Those with the same needs, out of buffer or not, are lost for the same causes.
        """
        needs = self._needs_of.get(component, ())
        if self._bears[component]:
            return ()
        return tuple(
            (bool(self._lacking[n]), bool(self.needs.any_rule[n]), tuple(self.needs.supplier[self._rows_of_need[n]]))
            for n in needs
        )

    def _roots_of(self, component: int) -> frozenset[int]:
        if not self.intact[component]:
            return frozenset([component])
        return self._roots.get(component, frozenset())

    def _lost_suppliers(self, component: int) -> tuple[tuple[int, ...], int]:
        """Return suppliers that are down and known by now: all of a need of all, one of a need of any; how many others.

        That one goes back to what the component itself goes back to, if there is such a supplier.
        """
        others = 0
        mine = self._roots.get(component, frozenset())
        told: dict[int, None] = {}
        for need in self._needs_of.get(component, ()):
            if not self._lacking[need]:
                continue
            suppliers = self.needs.supplier[self._rows_of_need[need]]
            down = [int(s) for s in suppliers if not self.up[s] and self._roots_of(int(s))]
            down.sort(
                key=lambda s: (min((self._broken_since[r], self._rank[r]) for r in self._roots_of(s)), self._rank[s])
            )
            if self.needs.any_rule[need]:
                others += max(0, len(down) - 1)
                down = ([s for s in down if self._roots_of(s) <= mine] or down)[:1]
            told.update(dict.fromkeys(down))
        return tuple(told), others

    def _upstream(self, component: int) -> NDArray[np.int64]:
        """Return the components whose state can bear on a component: suppliers, and the power network around it."""
        if component not in self._above:
            self._above[component] = np.asarray(self._ties.subcomponent(component, mode="in"), np.int64)
        return self._above[component]

    def _if_whole(self, repaired: frozenset[int], hour: float, *, limits: bool = True) -> Bools:
        """Return what would be up if these components were whole, everything else unchanged, shape (components,).

        It is the greatest fixed point: what waits for each other is taken to run, and buffers that still hold, hold.
        What has been waiting for each other since before runs only where the others bring it back, one by one.
        Without limits of capacity more is up; that is quickly known and leaves out most of what cannot help.
        """
        if (repaired, limits) not in self._trials:
            whole = self.intact
            whole[list(repaired)] = True
            waits = self._waiting()
            waits[list(repaired)] = False
            passes = whole & waits & self._idle
            up = self._holding(whole & ~waits, passes, hour, limits=limits)
            while (ready := whole & waits & ~up & ~self._short(hour, up)).any():
                more = self._holding(up | ready, passes, hour, limits=limits)
                if np.array_equal(more, up):
                    break
                up = more
            self._trials[repaired, limits] = up
        return self._trials[repaired, limits]

    def _holding(self, wanted: Bools, passes: Bools, hour: float, *, limits: bool) -> Bools:
        """Return what of all that is wanted stays up: the greatest fixed point, shape (components,).

        `passes` are nodes that only pass power on.
        """
        up, on = wanted.copy(), wanted | passes
        while True:
            before = up.copy()
            starved = self.needs.consumer[self._unmet(hour, up)]
            up[starved] = on[starved] = False
            for wired in self.wired:
                nodes, links = on[wired.nodes], on[wired.links]
                if limits:
                    live, shed = wired.model.serve(nodes, links, wanted[wired.nodes])
                    up[wired.nodes] &= live & ~shed
                else:
                    up[wired.nodes] &= wired.model.joined(nodes, links)
            if np.array_equal(up, before):
                return up

    def deadlocked(self) -> NDArray[np.int64]:
        """Return intact components that stay down only because they wait for each other."""
        if len(self.needs.consumer) == 0:
            return np.zeros(0, np.int64)
        hope = self.up | self.intact
        on = hope.copy()
        while True:
            before = hope.copy()
            unmet = self.needs.consumer[~self.needs.met(hope)]
            drop = unmet[~self.up[unmet]]
            hope[drop] = on[drop] = False
            for wired in self.wired:
                hope[wired.nodes] &= wired.model.supplied(on[wired.nodes], on[wired.links])
            if np.array_equal(hope, before):
                break
        return np.flatnonzero(hope & ~self.up)


def _group(owner: NDArray[np.int64], many: int) -> list[NDArray[np.int64]]:
    order = np.argsort(owner, kind="stable")
    return np.split(order, np.searchsorted(owner[order], np.arange(1, many)))
