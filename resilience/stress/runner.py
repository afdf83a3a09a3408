"""A loaded case that does tasks."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from resilience.agents.population import population_of
from resilience.base.errors import RunError
from resilience.base.files import write_parquet
from resilience.base.streams import Streams
from resilience.base.text import say
from resilience.metrics.scoring import score
from resilience.results.record import DO_NOTHING, TABLES, Record
from resilience.simulation.baseline import Baseline, kept_baseline
from resilience.simulation.engine import run
from resilience.stress.plan import Task

if TYPE_CHECKING:
    from collections.abc import Hashable

    from resilience.agents.population import Population
    from resilience.case.case import Case
    from resilience.case.scenario import Scenario
    from resilience.city.inputs import Inputs


REPRESENTATIVE = 0


class Worker:
    """A loaded case and what all runs of it share; one in every process."""

    def __init__(self, case: Case, root_seed: int, journal: Path) -> None:
        self.case, self.seed, self.journal = case, root_seed, journal
        self._people: dict[Hashable, Population | None] = {}
        self._ordinary: dict[Hashable, Baseline] = {}
        self._inputs: dict[str, Inputs] = {}
        self._streams = Streams(root_seed, REPRESENTATIVE)
        self.scenarios = dict(case.scenarios)
        for scenario in case.scenarios.values():
            calm = scenario.without_hazard()
            self.scenarios[calm.name] = calm

    def inputs(self, option: str) -> Inputs:
        """Return the inputs under an option, made once."""
        if option not in self._inputs:
            self._inputs[option] = self.case.options[option].apply(self.case.inputs)
        return self._inputs[option]

    def people(self, option: str) -> Population | None:
        """Return the trip makers under an option; options that leave trips and places as they are share them."""
        inputs = self.inputs(option)
        key = inputs.city.people_key, inputs.vehicles
        if key not in self._people:
            self._people[key] = population_of(inputs.city, self.seed, inputs.vehicles)
        return self._people[key]

    def ordinary(self, option: str) -> Baseline | None:
        """Return the equilibria of ordinary days: solved once, kept for the next time and shared by processes.

        Options share them as long as they leave the roads and trips as they are on ordinary days.
        """
        inputs, people = self.inputs(option), self.people(option)
        road = inputs.city.road
        if people is None or road is None:
            return None
        key = inputs.city.people_key, inputs.vehicles
        if key not in self._ordinary:
            self._ordinary[key] = kept_baseline(road, people, inputs.rhythm.relative_gap, instead=self.journal)
        return self._ordinary[key]

    def streams(self, replicate: int) -> Streams:
        """Return the chance of a replicate; its tasks share what is drawn once, and the last replicate's goes."""
        if self._streams.replicate != replicate:
            self._streams = Streams(self.seed, replicate)
        return self._streams

    def do(self, task: Task) -> float:
        """Do one run and put its tables into the journal; return the seconds it took."""
        start = time.perf_counter()
        target = self.journal / task.folder
        if target.is_dir():
            return 0.0
        scenario = self.scenarios[task.scenario]
        record = run(
            self.inputs(task.option),
            scenario,
            option=task.option,
            streams=self.streams(task.replicate),
            people=self.people(task.option),
            ordinary=self.ordinary(task.option),
            with_maps=task.replicate == REPRESENTATIVE,
            code=self.case.code,
        )
        tables = record.tables()
        is_reference = not scenario.severity and task.option == DO_NOTHING
        calm = record if is_reference else self._no_hazard(scenario, task.replicate)
        rows, curves = score(record, calm, self.case.city.tables)
        keys = {"scenario": task.scenario, "option": task.option, "replicate": task.replicate}
        tables["scores"] = pd.DataFrame(rows).assign(**keys)[list(TABLES["scores"])].astype({"replicate": "int32"})
        hours = np.arange(scenario.hours)
        of_metrics = [pd.DataFrame({**keys, "metric": m, "hour": hours, "value": q}) for m, q in curves.items()]
        if of_metrics:
            table = pd.concat(of_metrics, ignore_index=True)
            tables["metric_curves"] = table.astype({"replicate": "int32", "hour": "int32", "value": "float64"})
        self._keep(target, tables)
        pa.default_memory_pool().release_unused()
        return time.perf_counter() - start

    def _no_hazard(self, scenario: Scenario, replicate: int) -> Record:
        """Return do-nothing's no-hazard run of the same calendar and replicate, from the journal."""
        name = Task(scenario.without_hazard().name, DO_NOTHING, replicate).folder
        curves = pd.read_parquet(self.journal / name / "curves.parquet")
        zones = self.journal / name / "zone_curves.parquet"
        zone_curves = pd.read_parquet(zones) if zones.is_file() else None
        return Record.from_curves(curves, zone_curves, scenario.hours, scenario.onset)

    def _keep(self, target: Path, tables: dict[str, pd.DataFrame]) -> None:
        try:
            staging = Path(tempfile.mkdtemp(prefix=".part-", dir=self.journal))
        except OSError as error:
            raise RunError(say("error.cannot_write", path=self.journal, reason=error.strerror or error)) from error
        try:
            for name, table in tables.items():
                write_parquet(staging / f"{name}.parquet", table)
            staging.replace(target)
        except OSError as error:
            raise RunError(say("error.cannot_write", path=target, reason=error.strerror or error)) from error
        finally:
            shutil.rmtree(staging, ignore_errors=True)
