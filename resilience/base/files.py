"""Files written so that a killed process leaves either the old content or the new, never a half."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resilience.base.errors import InputError, RunError
from resilience.base.text import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` and move it there when the block ends well.

    Raises
    ------
    RunError
        The folder cannot be written or the disk is full; the temporary file is removed.

    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise RunError(say("error.cannot_write", path=path, reason=error.strerror or error)) from error
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise RunError(say("error.cannot_write", path=path, reason=error.strerror or error)) from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def check_folder(path: Path) -> None:
    """Refuse a folder for tables that could not be made or written to; nothing is made yet.

    Raises
    ------
    InputError
        A file or something that cannot be written to is in the way.

    """
    try:
        there = path.absolute()
        while not (there.exists() or there.is_symlink()):
            there = there.parent
        reason = errno.ENOTDIR if not there.is_dir() else 0 if os.access(there, os.W_OK | os.X_OK) else errno.EACCES
    except OSError as error:
        reason = error.errno or errno.EIO
    if reason:
        raise InputError(say("error.cannot_write", path=path, reason=os.strerror(reason)))


def remove_temporary(folder: Path) -> None:
    """Remove what `atomic` left behind in a folder when its process was killed."""
    if folder.is_dir():
        for path in folder.glob(".*.????????"):
            if path.is_file():
                path.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Write JSON atomically, keys in the order given."""
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def write_parquet(path: Path, table: pd.DataFrame) -> None:
    """Write a table as Parquet atomically: zstd, no index, the same bytes for the same rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrow = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
    with atomic(path) as temporary:
        pq.write_table(arrow, temporary, compression="zstd", store_schema=False)


def digest(path: Path) -> str:
    """Return the blake2b digest of a file, 32 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
