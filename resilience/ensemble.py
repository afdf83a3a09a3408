"""stress_test(): scenarios x options x replicates on local processes, resumable, into a run folder.

Each finished run is one folder of the journal, put there by a single rename; when all are there they are compacted
into sorted Parquet and the manifest is written last. A killed test goes on from its journal.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from resilience.base.defaults import default
from resilience.base.errors import InputError, RunError, StoppedError, near
from resilience.base.files import atomic, digest, remove_temporary, write_json, write_parquet
from resilience.base.streams import Streams
from resilience.base.text import say
from resilience.case.case import Case, load_case
from resilience.metrics.scoring import all_metrics, score
from resilience.results.grades import grade_run
from resilience.results.record import DO_NOTHING, KEYS, SCHEMA_VERSION, TABLES, Record
from resilience.results.run import Run, open_run
from resilience.simulation.baseline import Baseline, baseline, load_baseline, save_baseline
from resilience.simulation.engine import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from resilience.agents.population import Population
    from resilience.case.scenario import Scenario
    from resilience.city.inputs import Inputs

REPRESENTATIVE = 0
# workers start with these: the allocator gives memory back sooner, and no library starts threads of its own
LEAN = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_TRIM_THRESHOLD_": "1000000",
    "MALLOC_MMAP_THRESHOLD_": "1000000",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
LIBRARIES = ("numpy", "scipy", "pandas", "numba", "igraph", "networkx", "mesa", "simpy", "pyarrow", "rasterio")
CITY_TABLES = ("zones", "road_nodes", "road_links", "power_nodes", "power_links", "facilities", "firms", "sectors",
               "dependencies")  # fmt: skip


@dataclass(frozen=True)
class Task:
    """One run to do: a scenario (or the no-hazard run of a calendar), an option, a replicate."""

    scenario: str
    option: str
    replicate: int

    @property
    def folder(self) -> str:
        """Name of its folder in the journal."""
        return f"{self.scenario}--{self.option}--{self.replicate:04d}"


class Worker:
    """A loaded case and what all runs of it share; one in every process."""

    def __init__(self, case: Case, root_seed: int, journal: Path) -> None:
        self.case, self.seed, self.journal = case, root_seed, journal
        self.people: Population | None = case.population(root_seed)
        self._ordinary: dict[str, Baseline] = {}
        self._inputs: dict[str, Inputs] = {}
        self.scenarios = dict(case.tests.scenarios)
        for scenario in case.tests.scenarios.values():
            calm = scenario.without_hazard()
            self.scenarios[calm.name] = calm

    def inputs(self, option: str) -> Inputs:
        """Return the inputs under an option, made once."""
        if option not in self._inputs:
            self._inputs[option] = self.case.tests.options[option].apply(self.case.inputs)
        return self._inputs[option]

    def ordinary(self, option: str) -> Baseline | None:
        """Return the equilibria of ordinary days: solved once for all processes and kept in the journal.

        Options share them as long as they leave the roads as they are on ordinary days.
        """
        inputs = self.inputs(option)
        road = inputs.city.road
        if self.people is None or road is None:
            return None
        key = inputs.city.road_key
        if key not in self._ordinary:
            path = self.journal / f"ordinary-{key}.npz"
            if not path.is_file():
                save_baseline(path, baseline(road, self.people, inputs.rhythm.relative_gap))
            self._ordinary[key] = load_baseline(path, road, self.people)
        return self._ordinary[key]

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
            streams=Streams(self.seed, task.replicate),
            people=self.people,
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
        metric_curves = [
            pd.DataFrame(
                {**keys, "variable": name, "group": "all", "hour": np.arange(len(q)), "value": q.to_numpy(float)}
            )
            for name, q in curves.items()
        ]
        plain = tables["curves"].astype({"scenario": object, "option": object})
        tables["curves"] = pd.concat([plain, *metric_curves], ignore_index=True).astype(
            {"replicate": "int32", "hour": "int32"}
        )
        self._keep(target, tables)
        pa.default_memory_pool().release_unused()
        return time.perf_counter() - start

    def _no_hazard(self, scenario: Scenario, replicate: int) -> Record:
        """Return do-nothing's no-hazard run of the same calendar and replicate, from the journal."""
        name = Task(scenario.without_hazard().name, DO_NOTHING, replicate).folder
        curves = pd.read_parquet(self.journal / name / "curves.parquet")
        zones = self.journal / name / "zone_curves.parquet"
        zone_curves = pd.read_parquet(zones) if zones.is_file() else None
        return Record.from_curves(curves, zone_curves, scenario.hours, scenario.onset.hour)

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


_worker: list[Worker] = []


def _start_worker(folder: str, allow_code: bool, seed: int, journal: str, path: list[str]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.path[:] = path
    _worker[:] = [Worker(load_case(folder, allow_code=allow_code), seed, Path(journal))]


def _end_with_parent() -> None:
    """Wait for the parent process and end with it, so that a killed test leaves no process behind."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(task: Task) -> float:
    return _worker[0].do(task)


def _prepare() -> bool:
    return _worker[0].ordinary(DO_NOTHING) is not None


def stress_test(
    case: Case,
    *,
    scenarios: Iterable[str] | None = None,
    options: Iterable[str] | None = None,
    replicates: int = 3,
    seed: int = 1,
    workers: int = 1,
    out: Path | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> Run:
    """Run scenarios x options x replicates and return the run folder.

    Parameters
    ----------
    scenarios, options : names; all of the case where None. do-nothing is always among the options
    replicates : runs with other draws; grades need about 35 clean ones to say PASS
    seed : root of all draws
    workers : processes; the results are the same bytes for any number
    out : run folder; where it holds an unfinished test with the same plan, that one goes on
    progress : called with runs done, runs in all, and what is done now

    Raises
    ------
    InputError
        A name is unknown or a number is not possible.
    RunError
        The folder cannot be written, or holds another test.
    StoppedError
        The user pressed Ctrl-C; the same call goes on where this one stopped.

    """
    chosen = _chosen(scenarios, case.tests.scenarios, "scenario")
    tried = _chosen(options, case.tests.options, "option")
    if DO_NOTHING not in tried:
        tried = [DO_NOTHING, *tried]
    for name, value in (("replicates", replicates), ("workers", workers)):
        if value < 1:
            raise InputError(say("error.not_positive", name=name, found=value))
    plan = _plan(case, chosen, tried, replicates, seed)
    folder = out if out is not None else Path("results") / case.folder.resolve().name / plan["fingerprint"][:10]
    if _finished(folder, plan):
        return open_run(folder)
    journal = _open_journal(folder, plan)
    calm = [s.without_hazard().name for s in (case.tests.scenarios[n] for n in chosen)]
    first = [Task(n, o, r) for n in dict.fromkeys(calm) for o in [DO_NOTHING] for r in range(replicates)]
    rest = [Task(n, o, r) for r in range(replicates) for n in dict.fromkeys(calm) for o in tried if o != DO_NOTHING]
    rest += [Task(n, o, r) for r in range(replicates) for n in reversed(chosen) for o in tried]
    total = len(first) + len(rest)
    done = 0
    if progress is not None:
        progress(0, total, say("progress.ordinary"))
    log = folder / "run.log"

    def finished(task: Task, seconds: float) -> None:
        nonlocal done
        done += 1
        line = {"task": task.folder, "seconds": round(seconds, 2), "at": time.strftime("%Y-%m-%dT%H:%M:%S")}
        try:
            with log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            raise RunError(say("error.cannot_write", path=log, reason=error.strerror or error)) from error
        if progress is not None:
            progress(done, total, f"{task.scenario} / {task.option} / {task.replicate}")

    try:
        if workers == 1:
            worker = Worker(case, seed, journal)
            for task in [*first, *rest]:
                finished(task, worker.do(task))
        else:
            _in_parallel(case, seed, journal, workers, [first, rest], finished)
    except KeyboardInterrupt as stop:
        raise StoppedError(say("error.stopped", folder=folder)) from stop
    if progress is not None:
        progress(done, total, say("progress.compacting"))
    _compact(folder, journal, case, plan)
    return open_run(folder)


def _in_parallel(
    case: Case,
    seed: int,
    journal: Path,
    workers: int,
    phases: list[list[Task]],
    finished: Callable[[Task, float], None],
) -> None:
    """Do the tasks of each phase on processes; a phase begins when the one before is done."""
    for name, value in LEAN.items():
        os.environ.setdefault(name, value)
    context = multiprocessing.get_context("spawn")
    arguments = (str(case.folder), case.code is not None, seed, str(journal), list(sys.path))
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker, initargs=arguments)
    try:
        pool.submit(_prepare).result()
        for tasks in phases:
            waiting: dict[Future[float], Task] = {pool.submit(_do, task): task for task in tasks}
            while waiting:
                ready, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in ready:
                    finished(waiting.pop(future), future.result())
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in list((pool._processes or {}).values()):
            process.terminate()
        raise
    pool.shutdown()


def _chosen(wanted: Iterable[str] | None, known: dict[str, Any], what: str) -> list[str]:
    names = list(known) if wanted is None else list(dict.fromkeys(wanted))
    for name in names:
        if name not in known:
            raise InputError(say("error.unknown_name", what=say(f"word.{what}"), name=name, expected=near(name, known)))
    return [n for n in known if n in names]


# ------------------------------------------------------------------------------------------------ folders


def _plan(case: Case, scenarios: list[str], options: list[str], replicates: int, seed: int) -> dict[str, Any]:
    """Return what determines the results: it is written into the manifest and compared on resuming."""
    plan: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "package": version("urban-resilience"),
        "case": case.folder.resolve().name,
        "seed": seed,
        "replicates": replicates,
        "scenarios": scenarios,
        "options": options,
        "inputs": {str(f.relative_to(case.folder)): digest(f) for f in case.files},
        "libraries": {name: version(name) for name in LIBRARIES},
    }
    text = json.dumps(plan, sort_keys=True)
    plan["fingerprint"] = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return plan


def _finished(folder: Path, plan: dict[str, Any]) -> bool:
    if not (folder / "manifest.json").is_file():
        return False
    found = open_run(folder).manifest.get("plan", {})
    if found.get("fingerprint") != plan["fingerprint"]:
        raise RunError(say("error.other_run", folder=folder, differs=_differences(found, plan)))
    return True


def _differences(old: dict[str, Any], new: dict[str, Any]) -> str:
    return ", ".join(k for k in new if k != "fingerprint" and old.get(k) != new[k]) or "fingerprint"


def _open_journal(folder: Path, plan: dict[str, Any]) -> Path:
    journal, path = folder / "journal", folder / "plan.json"
    if path.is_file():
        found = json.loads(path.read_text(encoding="utf-8"))
        if found.get("fingerprint") != plan["fingerprint"]:
            raise RunError(say("error.other_run", folder=folder, differs=_differences(found, plan)))
        remove_temporary(folder)
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RunError(say("error.not_empty", folder=folder))
    write_json(path, plan)
    try:
        journal.mkdir(exist_ok=True)
        for stale in journal.glob(".part-*"):
            shutil.rmtree(stale, ignore_errors=True)
    except OSError as error:
        raise RunError(say("error.cannot_write", path=journal, reason=error.strerror or error)) from error
    return journal


def _compact(folder: Path, journal: Path, case: Case, plan: dict[str, Any]) -> None:
    """Merge the journal into sorted tables, add geometry and city tables, write the manifest last."""
    parts = sorted(p for p in journal.iterdir() if p.is_dir() and not p.name.startswith("."))
    for name in TABLES:
        files = [p / f"{name}.parquet" for p in parts if (p / f"{name}.parquet").is_file()]
        if files:
            _merge(folder / f"{name}.parquet", files)
    for name in CITY_TABLES:
        table = case.city.tables[name]
        if len(table):
            write_parquet(folder / f"{name}.parquet", table.reset_index())
    rasters = {}
    for name, hazard in case.inputs.hazards.items():
        terrain = getattr(hazard, "terrain", None)
        if terrain is not None:
            rows, cols = terrain.values.shape
            rasters[name] = {"rows": rows, "columns": cols, "west": terrain.west, "north": terrain.north,
                             "cell_m": terrain.cell_m}  # fmt: skip
    write_json(folder / "manifest.json", _manifest(case, plan, rasters))
    grade_run(open_run(folder), keep=True)
    shutil.rmtree(journal, ignore_errors=True)
    (folder / "plan.json").unlink(missing_ok=True)


def _merge(target: Path, files: list[Path]) -> None:
    """Write the tables of all runs one after the other, a row group each, so that memory stays small."""
    with atomic(target) as temporary:
        first = pq.read_table(files[0]).schema
        with pq.ParquetWriter(temporary, first, compression="zstd", store_schema=False) as writer:
            for file in files:
                writer.write_table(pq.read_table(file, schema=first))


def _manifest(case: Case, plan: dict[str, Any], rasters: dict[str, Any]) -> dict[str, Any]:
    city, tests = case.city, case.tests
    return {
        "schema_version": SCHEMA_VERSION,
        "case": plan["case"],
        "name": city.name,
        "name_zh": city.name_zh,
        "crs": city.crs,
        "currency": city.currency,
        "price_year": city.price_year,
        "attribution": city.attribution,
        "illustrative": case.illustrative,
        "notices": [asdict(n) for n in case.notices],
        "not_assessed": case.not_assessed,
        "seed": plan["seed"],
        "replicates": plan["replicates"],
        "representative": REPRESENTATIVE,
        "scenarios": [_scenario(tests.scenarios[n], case) for n in plan["scenarios"]],
        "ladders": [
            {"name": x.name, "scenarios": [n for n in x.scenarios if n in plan["scenarios"]]} for x in tests.ladders
        ],
        "options": [_option(tests.options[n]) for n in plan["options"]],
        "tolerances": [asdict(t) for t in tests.tolerances],
        "metrics": [
            {"name": m.name, "pillar": m.pillar, "unit": m.unit, "better": m.better, "service": m.service}
            for m in all_metrics().values()
        ],
        "rasters": rasters,
        "tables": {KEYS[0]: list(TABLES)},
        "plan": plan,
    }


def _scenario(scenario: Scenario, case: Case) -> dict[str, Any]:
    return {
        "name": scenario.name,
        "severity": scenario.severity,
        "severity_unit": {n: getattr(case.inputs.hazards[n], "unit", "") for n in scenario.severity},
        "return_period_years": scenario.return_period_years,
        "return_period_known": scenario.return_period_known,
        "onset_weekday": scenario.onset.weekday,
        "onset_hour": scenario.onset.hour,
        "warning_hours": scenario.warning_hours,
        "hours": scenario.hours,
        "no_hazard": scenario.without_hazard().name,
    }


def _option(option: Any) -> dict[str, Any]:
    rate = default("economy.discount_rate")
    rows = [
        {
            "name": m.name,
            "kind": m.kind,
            "capex": m.capex,
            "opex_per_year": m.opex_per_year,
            "life_years": m.life_years,
            "cost_per_year": m.cost_per_year(rate),
            "lead_time_years": m.lead_time_years,
            "failure_probability": m.failure_probability,
        }
        for m in option.measures
    ]
    per_year = sum(row["cost_per_year"] for row in rows)
    return {"name": option.name, "capex": option.capex, "cost_per_year": per_year, "measures": rows}


def cores() -> int:
    """Return the processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
