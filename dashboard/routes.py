"""What the app serves besides pages: map data, CSV, the map library of the installed package; and its headers."""

from __future__ import annotations

import gzip
import hashlib
import json
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dash.exceptions import DependencyException
from flask import Response, abort, request

from dashboard import export, geo
from dashboard.place import Place
from dashboard.view import View, view
from dashboard.words import Words

if TYPE_CHECKING:
    import dash

    from dashboard.library import Library
    from resilience.results.run import Run

LIBRARY_FILES = {"maplibre-gl.js": "text/javascript", "maplibre-gl.css": "text/css"}
MOST_BYTES = 1_000_000


def add(app: dash.Dash, library: Library) -> None:
    """Add the routes, the limits and the headers to the app."""
    server = app.server
    server.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    policy = _policy(app.csp_hashes())

    def geometry() -> Response:
        return _packed(_geometry(_run(library)), "application/json")

    def steps() -> Response:
        run = _run(library)
        return _packed(_steps(run, *_scenario_and_option(run)), "application/json")

    def water() -> Response:
        run = _run(library)
        return _packed(_water(run, *_scenario_and_option(run)), "application/octet-stream")

    def table(name: str) -> Response:
        place = Place.read({"path": "/overview", "search": request.query_string.decode()})
        words = Words(place.lang)
        here = view(library.look(words), place, words)
        if not isinstance(here, View) or name not in export.TABLES:
            abort(404)
        response = Response(export.csv_text(export.TABLES[name](here)), mimetype="text/csv")
        response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        return response

    def map_library(name: str) -> Response:
        if name not in LIBRARY_FILES:
            abort(404)
        return _packed(_library_file(name), LIBRARY_FILES[name])

    def refuse_traversal() -> None:
        if any(part in ("..", ".") or "\\" in part or "\0" in part for part in request.path.split("/")):
            abort(404)

    def headers(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    for rule, function in (("/map/geometry.json", geometry), ("/map/steps.json", steps), ("/map/water.bin", water),
                           ("/export/<name>.csv", table), ("/lib/<name>", map_library)):  # fmt: skip
        server.add_url_rule(rule, f"resilience_{function.__name__}", function)
    server.before_request(refuse_traversal)
    server.after_request(headers)
    server.register_error_handler(DependencyException, lambda _: ("", 404))


def _policy(hashes: list[str]) -> str:
    scripts = " ".join(["'self'", *hashes])
    return (
        f"default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )


def _run(library: Library) -> Run:
    """Return the run named in the query; 404 unless it is one of those found."""
    run = library.run(request.args.get("run", ""), Words("en"))
    if run is None:
        abort(404)
    return run


def _scenario_and_option(run: Run) -> tuple[str, str]:
    scenario, option = request.args.get("scenario", ""), request.args.get("option", "")
    if scenario not in run.scenarios or option not in run.options:
        abort(404)
    return scenario, option


def _packed(content: tuple[bytes, str], kind: str) -> Response:
    """Return gzipped bytes; 304 where the browser has them already."""
    packed, tag = content
    response = Response(packed, mimetype=kind)
    response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = "no-cache"
    response.set_etag(tag)
    response.make_conditional(request)
    return response


def _pack(content: bytes) -> tuple[bytes, str]:
    packed = gzip.compress(content, 5, mtime=0)
    return packed, hashlib.blake2b(packed, digest_size=12).hexdigest()


def _json(content: Any) -> tuple[bytes, str]:
    return _pack(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode())


@lru_cache(maxsize=4)
def _geometry(run: Run) -> tuple[bytes, str]:
    return _json(geo.geometry(run))


@lru_cache(maxsize=24)
def _steps(run: Run, scenario: str, option: str) -> tuple[bytes, str]:
    return _json(geo.steps(run, scenario, option))


@lru_cache(maxsize=24)
def _water(run: Run, scenario: str, option: str) -> tuple[bytes, str]:
    return _pack(geo.water(run, scenario, option))


@lru_cache(maxsize=2)
def _library_file(name: str) -> tuple[bytes, str]:
    """Return a file of MapLibre GL JS from the installed package maplibre (nothing of it is kept here)."""
    spec = find_spec("maplibre")
    if spec is None or spec.origin is None:
        abort(404)
    return _pack((Path(spec.origin).parent / "srcjs" / name).read_bytes())
