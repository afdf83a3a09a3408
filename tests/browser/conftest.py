"""A small run folder, the dashboard served from a thread, and a real headless Chromium."""

from __future__ import annotations

import os
import shutil
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import waitress

from dashboard.app import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator

CASE = Path(__file__).parents[2] / "cases" / "sioux_falls"
SCENARIOS = ["lake-3m", "lake-5m"]
OPTIONS = ["do-nothing", "all"]
RUN = "sioux_falls/small"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder opens a browser."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a good run, a damaged one, one of another schema, and one that is no run at all."""
    from resilience.case.case import load_case
    from resilience.stress.stress import stress_test

    root = tmp_path_factory.mktemp("results")
    stress_test(load_case(CASE), scenarios=SCENARIOS, options=OPTIONS, replicates=2, out=root / RUN)
    damaged = root / "sioux_falls" / "damaged"
    shutil.copytree(root / RUN, damaged)
    (damaged / "scores.parquet").write_bytes(b"not a table")
    for name, text in (("half", '{"schema_version": 1, "na'), ("list", "[1, 2]"), ("future", '{"schema_version": 99}'),
                       ("old", '{"schema_version": 1}')):  # fmt: skip
        (root / "sioux_falls" / name).mkdir()
        (root / "sioux_falls" / name / "manifest.json").write_text(text, encoding="utf-8")
    (root / "foreign").mkdir()
    (root / "foreign" / "notes.txt").write_text("hello", encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def address(results: Path) -> Iterator[str]:
    """Address of the served dashboard."""
    server = waitress.create_server(create_app(results).server, host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()


def _missing(what: str) -> None:
    """Skip and say so; fail where the tests must not be skipped (REQUIRE_BROWSER is set)."""
    if os.environ.get("REQUIRE_BROWSER"):
        pytest.fail(f"browser tests were asked for: {what}")
    pytest.skip(what)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless Chromium; skips where there is none."""
    path = os.environ.get("CHROMIUM_PATH", "/usr/bin/chromium")
    if not Path(path).is_file():
        _missing(f"no browser at {path} (set CHROMIUM_PATH)")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing("playwright is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


class Window:
    """A page of the browser that notes what must not happen: errors, and requests to other machines."""

    def __init__(self, page: Any, address: str) -> None:
        self.page, self.address = page, address
        self.wrong: list[str] = []
        page.set_default_timeout(20_000)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.wrong.append(f"page error: {error}"))
        page.on("request", self._request)
        page.on("response", self._response)

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self.wrong.append(f"console: {message.text}")

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.wrong.append(f"left this computer: {request.url}")

    def _response(self, response: Any) -> None:
        if response.status >= 400:
            self.wrong.append(f"{response.status}: {response.url}")

    def until(self, expression: str, seconds: float = 15.0) -> None:
        """Wait until an expression is true (the policy forbids Playwright's own way, which needs eval)."""
        end = time.monotonic() + seconds
        while not self.page.evaluate(expression):
            assert time.monotonic() < end, expression
            self.page.wait_for_timeout(40)

    def open(self, place: str) -> Any:
        """Go to a place and wait for its page."""
        self.page.goto(self.address + place)
        self.page.wait_for_selector("#main")
        return self.page

    def open_map(self, place: str) -> Any:
        """Go to a map and wait until it is drawn."""
        page = self.open(place)
        page.wait_for_selector(".map-host[data-ready]")
        return page


@pytest.fixture(scope="session")
def context(chromium: Any) -> Any:
    """One profile of the browser, so that scripts come from its cache after the first page."""
    return chromium.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True, locale="en-GB")


@pytest.fixture
def window(context: Any, address: str) -> Iterator[Window]:
    """A fresh window; afterwards nothing may have gone wrong in it."""
    made = Window(context.new_page(), address)
    yield made
    made.page.close()
    assert made.wrong == []
