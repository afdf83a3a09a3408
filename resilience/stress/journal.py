"""The journal of a test under way, and the sorted tables it becomes."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from resilience.base.errors import RunError
from resilience.base.files import atomic, remove_temporary, write_json, write_parquet
from resilience.base.text import say
from resilience.networks.layer import kept_tables
from resilience.results.grades import grade_run
from resilience.results.record import TABLES
from resilience.results.run import open_run
from resilience.stress.manifest import manifest_of
from resilience.stress.plan import differences_of

if TYPE_CHECKING:
    from pathlib import Path

    from resilience.case.case import Case


def open_journal(folder: Path, plan: dict[str, Any]) -> Path:
    """Return the journal of a test in its folder, made where there is none."""
    journal, path = folder / "journal", folder / "plan.json"
    if path.is_file():
        found = json.loads(path.read_text(encoding="utf-8"))
        if found.get("fingerprint") != plan["fingerprint"]:
            raise RunError(say("error.other_run", folder=folder, differs=differences_of(found, plan)))
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


def compact(folder: Path, journal: Path, case: Case, plan: dict[str, Any]) -> None:
    """Merge the journal into sorted tables, add geometry and city tables, write the manifest last."""
    parts = sorted(p for p in journal.iterdir() if p.is_dir() and not p.name.startswith("."))
    for name in TABLES:
        files = [p / f"{name}.parquet" for p in parts if (p / f"{name}.parquet").is_file()]
        if files:
            _merge(folder / f"{name}.parquet", files)
    for name in kept_tables():
        table = case.city.tables[name]
        if len(table):
            write_parquet(folder / f"{name}.parquet", table.reset_index())
    rasters = {}
    for name, hazard in case.inputs.hazards.items():
        grid = hazard.grid()
        if grid is not None:
            rows, cols = grid.values.shape
            rasters[name] = {"rows": rows, "columns": cols, "west": grid.west, "north": grid.north,
                             "cell_m": grid.cell_m}  # fmt: skip
    write_json(folder / "manifest.json", manifest_of(case, plan, rasters))
    close(folder)


def close(folder: Path) -> None:
    """Grade a run whose manifest is written, and take its journal away."""
    grade_run(open_run(folder), keep=True)
    shutil.rmtree(folder / "journal", ignore_errors=True)
    (folder / "plan.json").unlink(missing_ok=True)


def _merge(target: Path, files: list[Path]) -> None:
    """Write the tables of all runs one after the other, a row group each, so that memory stays small."""
    with atomic(target) as temporary:
        first = pq.read_table(files[0]).schema
        with pq.ParquetWriter(temporary, first, compression="zstd", store_schema=False) as writer:
            for file in files:
                writer.write_table(pq.read_table(file, schema=first))
