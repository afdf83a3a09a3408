"""What the server says without a page: headers, refusals, starting."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from dashboard.app import create_app

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "path",
    ["/_dash-component-suites/dash/../../../etc/passwd", "/_dash-component-suites/dash/%2e%2e/%2e%2e/setup.py",
     "/_dash-component-suites/nothing/x.js", "/_dash-component-suites/dash/nothing.js", "/lib/other.js",
     "/lib/..%2f__init__.py", "/export/other.csv?run=sioux_falls/small", "/map/geometry.json?run=../../etc",
     "/map/steps.json?run=sioux_falls/small&scenario=none&option=all", "/assets/../app.py"],
)  # fmt: skip
def test_refused(results: Path, path: str) -> None:
    assert create_app(results).server.test_client().get(path).status_code == 404


def test_policy_is_strict(results: Path) -> None:
    answer = create_app(results).server.test_client().get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe-eval" not in policy
    assert "http" not in policy
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]


def test_geometry_comes_packed_and_once(results: Path) -> None:
    client = create_app(results).server.test_client()
    first = client.get("/map/geometry.json?run=sioux_falls/small")
    assert first.headers["Content-Encoding"] == "gzip"
    again = client.get("/map/geometry.json?run=sioux_falls/small", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


def test_missing_folder_ends_with_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dashboard", str(tmp_path / "none")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "does not exist" in done.stderr
