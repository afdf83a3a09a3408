"""What is dear to make and the same every time: kept as plain arrays in a folder of the user, and mapped from there.

A kept file says what it was made from (its key, a digest of inputs and program) and is used where that is just the
same; else it is made anew. It holds numbers and texts alone, never code. The folder may be removed at any time.

RESILIENCE_CACHE names the folder, or switches keeping off: "off". Without it: $XDG_CACHE_HOME/resilience, or
~/.cache/resilience.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import logging
import mmap
import os
import platform
import zlib
from functools import cache
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from resilience.base.errors import ResilienceError
from resilience.base.files import atomic
from resilience.base.text import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[Any]]

log = logging.getLogger(__name__)

MAGIC = b"resilience-arrays 1\n"
ALIGN = 64  # bytes: arrays begin where processors read them best
MOST_FILES = 40  # of one kind; the ones used longest ago go first
LIBRARIES = ("numpy", "pandas", "scipy", "numba", "pyproj", "igraph")
_said: set[str] = set()


def cache_folder() -> Path | None:
    """Return the folder of what is kept, made where it is not there; None where keeping is off or impossible."""
    given = os.environ.get("RESILIENCE_CACHE", "")
    if given.lower() in ("off", "0", "no", "false"):
        return None
    home = os.environ.get("XDG_CACHE_HOME", "")
    try:
        folder = Path(given) if given else (Path(home) if home else Path.home() / ".cache") / "resilience"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:
        _once("cache.unwritable", folder=given or home, reason=error)
        return None
    if not os.access(folder, os.W_OK | os.X_OK):
        _once("cache.unwritable", folder=folder, reason=os.strerror(13))
        return None
    return folder


def digest_of(*parts: object) -> str:
    """Return a digest of arrays (with type and shape), bytes and whatever else has a plain text, 32 hex digits."""
    found = hashlib.blake2b(digest_size=16)
    for part in parts:
        if isinstance(part, np.ndarray) and part.dtype != object:
            found.update(f"{part.dtype.str}{part.shape}".encode())
            found.update(np.ascontiguousarray(part).data if part.size else b"")
        else:
            said = part if isinstance(part, bytes) else repr(part).encode()
            found.update(f"{len(said)}:".encode() + said)
    return found.hexdigest()


@cache
def program() -> str:
    """Return a digest of all that makes what is kept, beside the inputs: our files, libraries and extensions."""
    house = Path(__file__).parents[1]
    points = entry_points()
    brought = [e for group in points.groups if group.startswith("resilience.") for e in points.select(group=group)]
    folders = [house, *sorted({home for e in brought if (home := _home(e.module)) is not None})]
    files = [(str(file.relative_to(folder)), file.read_bytes()) for folder in folders for file in _files(folder)]
    names = sorted((e.group, e.name, e.value, e.dist.version if e.dist else "") for e in brought)
    machine = (platform.python_version(), platform.machine(), *((name, version(name)) for name in LIBRARIES))
    return digest_of(MAGIC, names, machine, *(part for pair in files for part in pair))


def _home(module: str) -> Path | None:
    """Return the file or folder of the package that a module is in; nothing is run for that."""
    spec = importlib.util.find_spec(module.partition(".")[0])
    if spec is None or not spec.origin:
        return None
    file = Path(spec.origin)
    return file.parent if file.name == "__init__.py" else file


def _files(home: Path) -> list[Path]:
    """Return code and data tables of a package, sorted; the cases that come with it are inputs, not program."""
    if home.is_file():
        return [home]
    found = (f for kind in ("*.py", "*.csv", "*.toml") for f in home.rglob(kind))
    return sorted(f for f in found if "shipped" not in f.parts)


def kept(kind: str, key: str, make: Callable[[], Arrays], *, instead: Path | None = None) -> Arrays:
    """Return arrays from the file of this kind and key; where there is none, what `make` makes, which is kept.

    Arrays from a file are mapped: processes share their pages as long as they do not write to them, and what they write
    stays their own.

    Parameters
    ----------
    kind : what it is, a word that begins the name of the file
    key : digest of the inputs; that of the program is added
    instead : folder to keep it in where the user's folder cannot be used

    """
    path = kept_path(kind, digest_of(key, program()), instead=instead)
    if path is None:
        return make()
    found = read_arrays(path, key)
    if found is not None:
        return found
    made = make()
    keep(path, key, made)
    return read_arrays(path, key) or made


def kept_path(kind: str, name: str, *, instead: Path | None = None) -> Path | None:
    """Return the file of a kind and name, None where nothing is kept."""
    folder = cache_folder() or instead
    return None if folder is None else folder / f"{kind}-{name}.arrays"


def keep(path: Path, key: str, arrays: Arrays) -> None:
    """Write arrays to a kept file; that it cannot be written is logged and stops nothing."""
    try:
        write_arrays(path, key, arrays)
        _prune(path.parent, path.name.partition("-")[0])
    except (OSError, ResilienceError) as error:
        _once("cache.unwritable", folder=path.parent, reason=error)


def write_arrays(path: Path, key: str, arrays: Arrays) -> None:
    """Write arrays to one file, atomically and uncompressed, each where it can be mapped."""
    parts = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    where: dict[str, tuple[str, list[int], int]] = {}
    at = check = 0
    for name, array in parts.items():
        if array.dtype.hasobject:
            raise TypeError(name)
        at += -at % ALIGN
        where[name] = array.dtype.str, list(np.shape(arrays[name])), at
        at += array.nbytes
        check = zlib.crc32(array.tobytes(), check)
    head = json.dumps({"key": key, "program": program(), "arrays": where, "bytes": at, "sum": check}).encode()
    with atomic(path) as temporary, temporary.open("wb") as file:
        file.write(MAGIC + len(head).to_bytes(8, "little") + head)
        begin = file.tell() + -file.tell() % ALIGN
        for name, array in parts.items():
            file.seek(begin + where[name][2])
            file.write(array.tobytes())
        file.truncate(begin + at)


def read_arrays(path: Path, key: str) -> Arrays | None:
    """Return the arrays of a file that was made with this key by this program; None where there is no such file."""
    try:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                _once("cache.unreadable", file=path)
                return None
            head = json.loads(file.read(int.from_bytes(file.read(8), "little")))
            begin = file.tell() + -file.tell() % ALIGN
            if head["program"] != program():
                log.info(say("cache.other_program", file=path))
                return None
            if head["key"] != key:
                return None
            if os.fstat(file.fileno()).st_size != begin + head["bytes"]:
                _once("cache.unreadable", file=path)
                return None
            whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        found = {n: _array(whole, t, shape, begin + at) for n, (t, shape, at) in head["arrays"].items()}
        check = 0
        for array in found.values():
            check = zlib.crc32(np.atleast_1d(array).view(np.uint8).data if array.size else b"", check)
        if check == head["sum"]:
            path.touch()
            return found
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, MemoryError, OverflowError):
        pass
    _once("cache.unreadable", file=path)
    return None


def _array(whole: mmap.mmap, kind: str, shape: list[int], at: int) -> NDArray[Any]:
    """Return an array of a mapped file; a type that holds objects is refused."""
    dtype = np.dtype(kind)
    if dtype.hasobject:
        raise ValueError(kind)
    size = int(np.prod(shape, dtype=np.int64))
    if size == 0:
        return np.zeros(shape, dtype)
    return np.frombuffer(whole, dtype, size, at).reshape(shape)


def _prune(folder: Path, kind: str) -> None:
    """Remove the files of a kind that were used longest ago, where there are many."""
    files: Iterable[Path] = folder.glob(f"{kind}-*.arrays")
    by_use = sorted(files, key=lambda f: f.stat().st_mtime, reverse=True)
    for old in by_use[MOST_FILES:]:
        old.unlink(missing_ok=True)


def _once(key: str, **values: object) -> None:
    """Log a sentence once a process."""
    sentence = say(key, **{name: str(value) for name, value in values.items()})
    if sentence not in _said:
        _said.add(sentence)
        log.warning(sentence)
