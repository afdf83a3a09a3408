"""Every extension found by name: built-ins as dotted strings, others by entry point or by the case's own file."""

from __future__ import annotations

import importlib
import importlib.util
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from resilience.base.errors import InputError, near
from resilience.base.text import say

if TYPE_CHECKING:
    from pathlib import Path

BUILT_IN: dict[str, dict[str, str]] = {
    "hazards": {
        "lake-flood": "resilience.hazards.flood:LakeFlood",
        "outage": "resilience.hazards.outage:Outage",
    },
    "measures": {
        "raise-road": "resilience.measures.raising:RaiseRoad",
        "flood-proof": "resilience.measures.raising:FloodProof",
        "backup-generator": "resilience.measures.generator:BackupGenerator",
        "extra-crew": "resilience.measures.crews:ExtraCrew",
    },
    "agents": {
        "informed-commuter": "resilience.agents.commuters:InformedCommuter",
        "stubborn-commuter": "resilience.agents.commuters:StubbornCommuter",
        "leontief-firm": "resilience.agents.firms:LeontiefFirm",
    },
    "metrics": {
        "traffic": "resilience.metrics.traffic",
        "travel": "resilience.metrics.travel",
        "safety": "resilience.metrics.safety",
        "economy": "resilience.metrics.economy",
    },
    "readers": {
        "tntp": "resilience.readers.tntp:read_tntp",
        "geotiff": "resilience.readers.raster:read_raster",
    },
}


def names(room: str) -> list[str]:
    """Return the names registered in a room: hazards, measures, agents, metrics or readers."""
    return sorted({*BUILT_IN[room], *(e.name for e in entry_points(group=f"resilience.{room}"))})


def find(room: str, name: str, *, code: Path | None = None) -> Any:
    """Return the class, function or module registered under `name`.

    A name of the form `file.py:Class` is looked up in the case's own file, which must be passed as `code`.

    Raises
    ------
    InputError
        Nothing is registered under the name; the message lists the near ones.

    """
    if name in BUILT_IN[room]:
        return load(BUILT_IN[room][name])
    for entry in entry_points(group=f"resilience.{room}"):
        if entry.name == name:
            return entry.load()
    if ".py:" in name:
        file, attribute = name.split(":", 1)
        if code is None:
            raise InputError(say("error.code_not_allowed", name=name))
        return _from_file(code / file, attribute)
    raise InputError(say("error.unknown_plugin", room=room, name=name, expected=near(name, names(room))))


def load(dotted: str) -> Any:
    """Return what a dotted name such as resilience.hazards.outage:Outage stands for; the module where no colon is."""
    module, _, attribute = dotted.partition(":")
    loaded = importlib.import_module(module)
    return getattr(loaded, attribute) if attribute else loaded


def _from_file(path: Path, attribute: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"case_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise InputError(say("error.no_code_file", path=path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not hasattr(module, attribute):
        raise InputError(say("error.no_code_class", path=path, name=attribute))
    return getattr(module, attribute)
