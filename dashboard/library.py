"""Which runs there are: the run folders below a folder, found anew at each look, each with its error if any."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from resilience.base.errors import ResilienceError
from resilience.results.run import Run, open_run

if TYPE_CHECKING:
    from pathlib import Path

    from dashboard.words import Words

NEEDED = ("name", "scenarios", "options", "metrics", "tolerances", "ladders", "not_assessed", "replicates")


@dataclass(frozen=True)
class Found:
    """A folder that is or might be a run: its id below the root, the run or what is wrong with it."""

    id: str
    run: Run | None
    error: str
    changed: float


class Library:
    """The run folders below a root; a run that changed on disk is opened again."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._open: dict[str, tuple[int, Run]] = {}
        self._lock = Lock()

    def look(self, words: Words) -> dict[str, Found]:
        """Return what is found now, newest first, id -> Found."""
        found = [self._read(folder, words) for folder in self._folders()]
        return {f.id: f for f in sorted(found, key=lambda f: (f.run is None, -f.changed, f.id))}

    def run(self, name: str, words: Words) -> Run | None:
        """Return the readable run of an id, only if the id is one of those found."""
        found = self.look(words).get(name)
        return found.run if found else None

    def _folders(self) -> list[Path]:
        """Return candidate folders: the root itself, or those one and two levels below it."""
        if _is_run(self.root):
            return [self.root]
        candidates = []
        for first in _below(self.root):
            inner = [] if _is_run(first) else _below(first)
            candidates += inner or [first]
        return candidates

    def _read(self, folder: Path, words: Words) -> Found:
        name = folder.name if folder == self.root else folder.relative_to(self.root).as_posix()
        manifest = folder / "manifest.json"
        try:
            stamp = manifest.stat().st_mtime_ns if manifest.is_file() else 0
            changed = (stamp or folder.stat().st_mtime_ns) / 1e9
        except OSError as error:
            return Found(name, None, str(error.strerror or error), 0.0)
        if not stamp:
            unfinished = (folder / "plan.json").is_file()
            return Found(name, None, words("runs.unfinished" if unfinished else "runs.foreign"), changed)
        with self._lock:
            known = self._open.get(name)
            if known and known[0] == stamp:
                return Found(name, known[1], "", changed)
            try:
                run = _checked(open_run(folder))
            except ResilienceError as error:
                return Found(name, None, str(error).replace(str(self.root), "…"), changed)
            except Exception as error:
                return Found(name, None, words("runs.damaged", reason=f"{type(error).__name__}: {error}"), changed)
            self._open[name] = (stamp, run)
            return Found(name, run, "", changed)


def _below(folder: Path) -> list[Path]:
    try:
        return sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    except OSError:
        return []


def _is_run(folder: Path) -> bool:
    return (folder / "manifest.json").is_file() or (folder / "plan.json").is_file() or any(folder.glob("*.parquet"))


def _checked(run: Run) -> Run:
    """Return the run if its manifest and scores hold what every page needs."""
    manifest: dict[str, Any] = run.manifest
    missing = [k for k in NEEDED if k not in manifest]
    if missing:
        raise KeyError(", ".join(missing))
    if not manifest["scenarios"] or not manifest["options"]:
        raise ValueError("scenarios, options")
    run.scores["metric"].unique()
    return run
