"""What is to be done: tasks, and all that determines their results."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from resilience.base.errors import InputError, RunError, near
from resilience.base.files import digest
from resilience.base.text import say
from resilience.results.record import SCHEMA_VERSION
from resilience.results.run import open_run

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from resilience.case.case import Case


LIBRARIES = ("numpy", "scipy", "pandas", "numba", "igraph", "networkx", "mesa", "simpy", "pyarrow", "rasterio")


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


def chosen_of(wanted: Iterable[str] | None, known: dict[str, Any], what: str) -> list[str]:
    """Return the names asked for, all where None, in the order of the case."""
    names = list(known) if wanted is None else list(dict.fromkeys(wanted))
    for name in names:
        if name not in known:
            raise InputError(say("error.unknown_name", what=say(f"word.{what}"), name=name, expected=near(name, known)))
    return [n for n in known if n in names]


def plan_of(case: Case, scenarios: list[str], options: list[str], replicates: int, seed: int) -> dict[str, Any]:
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


def is_finished(folder: Path, plan: dict[str, Any]) -> bool:
    """Return whether a folder holds the finished test of this plan."""
    if not (folder / "manifest.json").is_file():
        return False
    found = open_run(folder).manifest.get("plan", {})
    if found.get("fingerprint") != plan["fingerprint"]:
        raise RunError(say("error.other_run", folder=folder, differs=differences_of(found, plan)))
    return True


def differences_of(old: dict[str, Any], new: dict[str, Any]) -> str:
    """Return the names of what differs between two plans."""
    return ", ".join(k for k in new if k != "fingerprint" and old.get(k) != new[k]) or "fingerprint"
