"""What all tests share: hypothesis kept short and repeatable, cases to break, English as the language."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from resilience.base import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent

os.environ["RESILIENCE_CACHE"] = "off"  # tests of what is kept give a folder of their own

settings.register_profile(
    "suite",
    deadline=None,
    derandomize=True,
    max_examples=int(os.environ.get("EXAMPLES", "40")),  # EXAMPLES=1000 searches longer
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("suite")


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("RESILIENCE_LANG", raising=False)
    before = list(text._chosen)
    yield
    text._chosen[:] = before


@pytest.fixture(scope="session")
def root() -> Path:
    """Folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def sioux_folder() -> Path:
    """Folder of the teaching case; never written to."""
    return ROOT / "cases" / "sioux_falls"


@pytest.fixture(scope="session")
def sioux(sioux_folder: Path):
    """The teaching case, loaded once; tests must not change it."""
    from resilience.case.case import load_case

    return load_case(sioux_folder)


@pytest.fixture
def sioux_copy(tmp_path: Path, sioux_folder: Path) -> Path:
    """A copy of the teaching case to break."""
    return Path(shutil.copytree(sioux_folder, tmp_path / "sioux_falls"))


@pytest.fixture
def problems() -> Callable[[Path], list]:
    """Load a folder that must be refused; return the problems of the error."""
    from resilience.base.errors import CaseError
    from resilience.case.case import load_case

    def refuse(folder: Path) -> list:
        with pytest.raises(CaseError) as caught:
            load_case(folder)
        return caught.value.problems

    return refuse
