"""Lake flood: water rises to a peak stage, floods all that is lower and connected to it, and falls again.

A connected bathtub: the water surface is level, defences are absent unless the terrain holds them, and water leaves
with the lake (no ponds stay behind). Water reaches what lies below the surface; what lies at just its level is dry.
Substations fail at a drawn depth, lognormal around their threshold; other sites at their threshold. A stronger flood
therefore damages a superset: stage and depths rise together and every drawn threshold stays the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from resilience.base.defaults import default
from resilience.base.errors import CaseError, InputError, Notice, Problem, some
from resilience.base.schema import read_table
from resilience.base.text import say
from resilience.city.water import CELLS_EVERY_HOURS, DEEP, Water
from resilience.hazards.flood.bathtub import Inundation, connection_level, lake_cells
from resilience.hazards.flood.exposure import Exposure, kept_exposure
from resilience.hazards.hazard import CREW, LEAST_DRY_M, OWN_STAFF, Damage, Event, Hazard, Load
from resilience.readers.raster import Raster, read_raster, to_tenth_mm

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from resilience.base.clock import Onset
    from resilience.base.streams import Streams
    from resilience.city.city import City
    from resilience.city.inputs import Inputs
    from resilience.city.view import View


@dataclass(frozen=True)
class LakeFlood(Hazard):
    """Severity is the peak stage of the lake, metres in the height system of the terrain.

    Parameters
    ----------
    terrain : ground heights, metres
    hours, below_peak_m : the hydrograph, hours since the onset and metres below the peak
    water_height_m : the lake is the largest connected body of cells at or below this height
    terrain_sigma_m, terrain_range_m : standard deviation and correlation length of the error of the terrain, which
        is drawn once a replicate

    """

    terrain: Raster
    terrain_name: str
    hours: NDArray[np.float64]
    below_peak_m: NDArray[np.float64]
    water_height_m: float = 0.0
    terrain_sigma_m: float = 0.0
    terrain_range_m: float = 400.0
    hydrograph_name: str = "hydrograph"

    unit = "m"

    @classmethod
    def read(  # type: ignore[override] # the keys of its section, one by one
        cls,
        folder: Path,
        city: City,
        *,
        terrain: str,
        hydrograph: str,
        water_height_m: float = 0.0,
        terrain_sigma_m: float = 0.0,
        terrain_range_m: float = 400.0,
    ) -> LakeFlood:
        """Return the hazard of a case; `terrain` and `hydrograph` name files of its folder."""
        problems: list[Problem] = []
        table = read_table(folder / hydrograph, "hydrograph", problems, shown=hydrograph)
        if table is not None and len(table) == 0:
            problems.append(Problem("no_rows", hydrograph))
        if table is not None and (np.diff(table["hour"]) <= 0).any():
            row = int(table["row"].iloc[int(np.flatnonzero(np.diff(table["hour"]) <= 0)[0]) + 1])
            problems.append(Problem("not_rising", hydrograph, row, "hour"))
        for name, value in (("terrain_sigma_m", terrain_sigma_m), ("terrain_range_m", terrain_range_m)):
            if not 0 <= value < float("inf"):
                problems.append(Problem("too_small", "case.toml", column=name, found=str(value), expected=">= 0"))
        if problems or table is None:
            raise CaseError(problems)
        raster = read_raster(folder / terrain, city.crs, water_height_m)
        hazard = cls(
            raster, terrain, table["hour"].to_numpy(float), table["below_peak_m"].to_numpy(float),
            float(water_height_m), float(terrain_sigma_m), float(terrain_range_m), hydrograph,
        )  # fmt: skip
        hazard.exposure(city)
        return hazard

    @classmethod
    def example(cls, city: City) -> LakeFlood:
        """Return a lake south of the city, from whose shore the ground rises to the north by 5 cm each 10 m."""
        places = np.concatenate([city[t][["x", "y"]].to_numpy(float) for t in ("road_nodes", "power_nodes", "zones")])
        (west, south), (east, north) = places.min(axis=0) - 100.0, places.max(axis=0) + 100.0
        rows, cols = int(np.ceil((north - south) / 50.0)), int(np.ceil((east - west) / 50.0))
        heights = np.tile(0.25 * np.arange(rows)[::-1, None], (1, cols))
        terrain = Raster(heights, float(west), float(south + 50.0 * rows), 50.0)
        hours, below = np.array([0.0, 12.0, 24.0, 48.0]), np.array([10.0, 0.0, 0.0, 10.0])
        return cls(terrain, "example.tif", hours, below, terrain_sigma_m=0.1)

    def check_severity(self, severity: float) -> list[str]:
        """Return what is wrong with a peak stage: it must lie above the water the lake has anyway."""
        if severity <= self.water_height_m:
            return [say("error.stage_too_low", found=severity, expected=self.water_height_m)]
        return []

    def exposure(self, city: City) -> Exposure:
        """Return where the city meets the terrain, computed once for all options."""
        build = lambda: kept_exposure(city, self.terrain, self.terrain_name, self.lake)  # noqa: E731
        made: Exposure = city.shared(
            f"exposure:{self.terrain_name}:{self.water_height_m}:{hash(tuple(city.sites.index))}", build
        )
        return made

    def notices(self, city: City) -> list[Notice]:
        """Return what the terrain does not cover: it counts as dry, or zones as their part that it covers."""
        exposure = self.exposure(city)
        known = np.append(np.isfinite(self.terrain.values.ravel()), False)
        seen = np.bincount(exposure.piece_link, known[exposure.piece_cell], len(exposure.bridge))
        links = int((seen == 0).sum())
        zones = city["zones"]
        bare = ~np.isin(np.arange(len(zones)), exposure.cell_zone[known[exposure.zone_cells]])
        sites = int((~known[exposure.site_cell]).sum())
        people = float(zones["people"].to_numpy(float)[bare].sum())
        found = []
        if links + sites + int(people) > 0:
            values = {"file": self.terrain_name, "links": f"{links:,}", "sites": f"{sites:,}",
                      "people": f"{people:,.0f}"}  # fmt: skip
            found.append(Notice("no_terrain", values))
        part = ~bare & (exposure.zone_unknown > default("flood.zone_unknown_share"))
        if part.any():
            names = [str(zone).removeprefix("zone:") for zone in zones.index[part]]
            most, people = exposure.zone_unknown[part].max(), zones["people"].to_numpy(float)[part].sum()
            values = {
                "file": self.terrain_name,
                "names": some(names),
                "most": f"{most:.0%}",
                "people": f"{people:,.0f}",
            }
            found.append(Notice("part_terrain", values))
        return found

    def notices_of_tests(self, name: str, inputs: Inputs, loads: list[Load]) -> list[Notice]:
        """Return what is odd about the hydrograph in the scenarios that use it: a record shorter than the run.

        Told is a record that ends while the lake stands above the water it has anyway and the run goes on, one that
        begins with much of the rise behind it, and a peak that the record or the run does not reach.
        """
        above = {t.scenario: t.severity - self.water_height_m for t in loads}
        last = {t.scenario: above[t.scenario] - self.below_peak_m[-1] for t in loads}
        first = {t.scenario: above[t.scenario] - self.below_peak_m[0] for t in loads}
        ends = [
            t.scenario
            for t in loads
            if last[t.scenario] > default("flood.record_ends_m") and t.onset.hour + self.hours[-1] < t.hours
        ]
        begins = [
            t.scenario for t in loads if first[t.scenario] > default("flood.record_begins_share") * above[t.scenario]
        ]
        peak = self.hours[np.flatnonzero(self.below_peak_m == self.below_peak_m.min())[0]]
        late = [t.scenario for t in loads if t.onset.hour + peak >= t.hours]
        levels = (("record_ends", ends, self.hours[-1], last), ("record_begins", begins, self.hours[0], first))
        notices = []
        for key, names, hour, level in levels:
            if names:
                least, most = (f"{pick(level[n] for n in names):.2f}" for pick in (min, max))
                metres = least if least == most else f"{least} – {most}"
                values = {"file": self.hydrograph_name, "hour": f"{hour:g}", "metres": metres, "names": some(names)}
                notices.append(Notice(key, values))
        if self.below_peak_m.min() > default("flood.record_ends_m"):
            values = {"file": self.hydrograph_name, "metres": f"{self.below_peak_m.min():g}"}
            notices.append(Notice("no_peak", values))
        if high := [t for t in loads if above[t.scenario] > default("flood.rise_m")]:
            top = max(above[t.scenario] for t in high)
            values = {"name": name, "metres": f"{top:g}", "names": some(t.scenario for t in high),
                      "level": f"{self.water_height_m:g}", "file": self.terrain_name}  # fmt: skip
            notices.append(Notice("rise_high", values))
        if late:
            at = max(t.onset.hour + peak for t in loads if t.scenario in late)
            values = {"file": self.hydrograph_name, "hour": f"{at:g}", "name": name, "names": some(late),
                      "hours": str(min(t.hours for t in loads if t.scenario in late))}  # fmt: skip
            notices.append(Notice("peak_late", values))
        return notices

    def grid(self) -> Raster:
        """Return the terrain, on whose cells the water is drawn."""
        return self.terrain

    def start(self, inputs: Inputs, severity: float, onset: Onset, streams: Streams) -> Event:
        """Return the flood with peak stage `severity`.

        Raises
        ------
        InputError
            The stage lies below the water of the lake.

        """
        if faults := self.check_severity(severity):
            raise InputError(faults[0])
        return LakeFloodEvent(self, inputs, severity, onset, streams)

    @cached_property
    def lake(self) -> NDArray[np.bool_]:
        """The cells of the lake, the same in every replicate, shape of the raster."""
        return lake_cells(self.terrain, self.water_height_m)

    def drawn_terrain(self, streams: Streams) -> NDArray[np.float64]:
        """Return the terrain with this replicate's error, metres, shape of the raster; the lake keeps its height.

        No land is drawn below the ordinary level of the lake, or below its given height where that is lower: it would
        be dry on ordinary days and deep in water as soon as the lake rises by a centimetre.
        """
        ground = self.terrain.values
        if self.terrain_sigma_m == 0:
            return ground
        cell = self.terrain.cell_m
        first_col, first_row = round(self.terrain.west / cell), round(-self.terrain.north / cell)
        error = streams.field("terrain", first_col, first_row, ground.shape, self.terrain_range_m / cell)
        drawn = ground + self.terrain_sigma_m * error
        drawn = np.maximum(drawn, np.minimum(ground, self.water_height_m))
        return np.where(self.lake, ground, to_tenth_mm(drawn))


class LakeFloodEvent(Event):
    """A lake flood under way."""

    def __init__(self, hazard: LakeFlood, inputs: Inputs, severity: float, onset: Onset, streams: Streams) -> None:
        city = inputs.city
        self.hazard, self.severity, self.onset = hazard, severity, onset
        self.sites = city.sites
        ids = self.sites.index
        roads = city["road_links"]
        holds = streams.uniform("raise-fails", ["roads"]) >= roads["raise_failure"].to_numpy(float)
        site_holds = streams.uniform("raise-fails", ids) >= self.sites["raise_failure"].to_numpy(float)
        raised = roads["raised_m"].to_numpy(float) + roads["added_m"].to_numpy(float) * holds
        site_raised = self.sites["raised_m"].to_numpy(float) + self.sites["added_m"].to_numpy(float) * site_holds
        ground, connection = streams.once("ground", hazard, lambda: self._ground(hazard, streams))
        self.water = Inundation(
            exposure=hazard.exposure(city),
            ground=ground,
            connection=connection,
            lake=hazard.lake,
            deck_m=roads["deck_m"].to_numpy(float),
            raised_m=raised,
            site_raised_m=site_raised,
        )
        self.tunnels = np.flatnonzero(self.water.exposure.tunnel)
        self.called = [*ids, *(f"tunnel:{name}" for name in self.water.exposure.tube)]
        self.numbers = city.components.get_indexer([*ids, *roads.index[self.tunnels]])
        self.fails_at_m = self._thresholds(streams)
        self.repair_hours, self.repaired_by = self._repairs(city, streams)
        self.last: tuple[float, Water] | None = None
        peak = self.water.at(severity, with_cells=False)
        self.reached_at_peak = np.asarray(peak.zone_share[:, DEEP] > 0)

    @staticmethod
    def _ground(hazard: LakeFlood, streams: Streams) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        ground = hazard.drawn_terrain(streams)
        return ground, connection_level(ground, hazard.lake)

    def _thresholds(self, streams: Streams) -> NDArray[np.float64]:
        """Depth at which each site, then each tunnel fails, metres; that of substations is drawn."""
        sites = self.sites
        power = (sites["layer"] == "power").to_numpy()
        fallback = np.where(power, default("flood.substation_depth_m"), 0.3)
        median = np.where(sites["flood_threshold_m"].isna(), fallback, sites["flood_threshold_m"].to_numpy(float))
        drawn = streams.lognormal("flood-fragility", sites.index, median, default("flood.substation_beta"))
        tunnels = np.full(len(self.tunnels), default("traffic.closure_depth_m"))
        return np.concatenate([np.where(power, drawn, np.maximum(median, 1e-6)), tunnels])

    def _repairs(self, city: City, streams: Streams) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        sites = self.sites
        layer, kind = sites["layer"].to_numpy(str), sites["kind"].to_numpy(str)
        crew = (layer == "power") | (kind == "hospital")
        median = np.where(
            layer == "power",
            default("flood.substation_repair_hours"),
            np.where(
                kind == "hospital", default("flood.hospital_repair_hours"), default("flood.facility_repair_hours")
            ),
        )
        sectors = city["sectors"]
        if len(sectors):
            clean = dict(zip(sectors.index, sectors["cleanup_hours"], strict=True))
            median = np.where(layer == "firm", [clean.get(k, 0.0) for k in kind], median)
        median = np.append(median, np.full(len(self.tunnels), default("flood.underpass_pump_hours")))
        hours = streams.lognormal("repair-hours", self.called, median, default("flood.repair_beta"))
        return hours, np.append(np.where(crew, CREW, OWN_STAFF), np.full(len(self.tunnels), CREW))

    def stage(self, hour: float) -> float:
        """Return the stage of the lake at an hour of the run, metres; -inf outside the event, when nothing is wet.

        It is that at the full hour, or a higher one that the record has before the next: a peak between two full hours
        is reached, in the hour in which it lies. The first level of the record holds from the onset to its first hour,
        and the last one after its last hour, as long as they lie above the water that the lake has anyway: water does
        not vanish where a record ends.
        """
        since = hour - self.onset.hour
        hazard = self.hazard
        below = np.interp([since], hazard.hours, hazard.below_peak_m)
        within = hazard.below_peak_m[(hazard.hours > since) & (hazard.hours < since + 1)]
        level = float(to_tenth_mm(self.severity - np.append(within, below).min(keepdims=True))[0])
        outside = since < hazard.hours[0] or since > hazard.hours[-1]
        if since < 0 or (outside and level <= hazard.water_height_m):
            return float("-inf")
        return max(level, hazard.water_height_m)

    def step(self, hour: int, view: View) -> tuple[Water | None, Damage]:
        """Return the water of the hour and the sites that fail in it."""
        level = self.stage(hour)
        wanted = hour % CELLS_EVERY_HOURS == 0
        if self.last is None or self.last[0] != level or (wanted and self.last[1].cells_m is None):
            self.last = (level, self.water.at(level, with_cells=wanted))
        field = self.last[1]
        depth = np.concatenate([field.site_m, field.link_m[self.tunnels]])
        # what another hazard has switched off is flooded all the same
        fails = (depth > 0.0) & (depth >= self.fails_at_m) & ~view.held[self.numbers]
        if not fails.any():
            return field, Damage()
        many = int(fails.sum())
        return field, Damage(
            component=view.components[self.numbers[fails]].tolist(),
            loss=np.ones(many),
            repair_hours=self.repair_hours[fails],
            until_hour=np.full(many, np.nan),
            repaired_by=self.repaired_by[fails],
            dry_m=np.clip(self.fails_at_m[fails], LEAST_DRY_M, default("flood.site_dry_m")),
            cause="flooded",
            work=[f"flooded:{name}" for name, hit in zip(self.called, fails, strict=True) if hit],
        )

    def at_risk(self, hour: int) -> NDArray[np.bool_]:
        """Return the zones with deep water now or, before the peak, at the peak, shape (zones,)."""
        hazard = self.hazard
        last_peak = hazard.hours[np.flatnonzero(hazard.below_peak_m == hazard.below_peak_m.min())[-1]]
        if hour - self.onset.hour <= last_peak:
            return self.reached_at_peak
        field = self.last[1] if self.last is not None else self.water.at(self.stage(hour), with_cells=False)
        return np.asarray(field.zone_share[:, DEEP] > 0)
