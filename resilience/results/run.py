"""A run folder, opened for reading; it stands on its own."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from resilience.base.errors import RunError
from resilience.base.text import say
from resilience.results.record import SCHEMA_VERSION, TABLES

if TYPE_CHECKING:
    from pathlib import Path


class Run:
    """A run folder, opened for reading. Nothing of a model is needed to read it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        manifest = folder / "manifest.json"
        if not manifest.is_file():
            raise RunError(say("error.no_run", folder=folder))
        try:
            self.manifest: dict[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))
        except ValueError as error:
            raise RunError(say("error.bad_manifest", path=manifest, reason=error)) from error
        if not isinstance(self.manifest, dict):
            raise RunError(say("error.bad_manifest", path=manifest, reason=type(self.manifest).__name__))
        found = self.manifest.get("schema_version")
        if found != SCHEMA_VERSION:
            raise RunError(say("error.schema_version", path=manifest, found=found, expected=SCHEMA_VERSION))

    def table(self, name: str, **where: Any) -> pd.DataFrame:
        """Return a table of the run folder, only the rows in which the named columns have the given values.

        A value may be a list. A table that no run wrote is empty.
        """
        path = self.folder / f"{name}.parquet"
        if not path.is_file():
            return pd.DataFrame(columns=list(TABLES.get(name, ())))
        filters = [(column, "in" if isinstance(v, list) else "==", v) for column, v in where.items()]
        try:
            return pd.read_parquet(path, filters=filters or None)
        except (OSError, ValueError) as error:
            raise RunError(say("error.bad_table", path=path, reason=error)) from error

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Scores of all runs."""
        return self.table("scores")

    @cached_property
    def scenarios(self) -> list[str]:
        """Names of the scenarios in the order of the case, no-hazard runs left out."""
        return [s["name"] for s in self.manifest["scenarios"]]

    @cached_property
    def options(self) -> list[str]:
        """Names of the options in the order of the case."""
        return [o["name"] for o in self.manifest["options"]]


def open_run(folder: Path) -> Run:
    """Return a run folder opened for reading.

    Raises
    ------
    RunError
        The folder holds no finished run, or one of another schema version.

    """
    return Run(folder)
