"""The dashboard as a Dash app: one shell, one callback that builds the page of the place in the address."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import ClientsideFunction, Input, Output, State, dcc, html

from dashboard import routes
from dashboard.frame import frame, message
from dashboard.library import Library
from dashboard.pages import PAGES, runs
from dashboard.place import Place
from dashboard.view import View, view
from dashboard.words import Words
from resilience.base.errors import ResilienceError

log = logging.getLogger(__name__)


def create_app(folder: Path | str) -> dash.Dash:
    """Return the app that shows the run folder, or the run folders below a folder.

    Raises
    ------
    FileNotFoundError
        The folder does not exist.

    """
    root = Path(folder)
    if not root.is_dir():
        raise FileNotFoundError(root)
    library = Library(root)
    app = dash.Dash(
        "dashboard",
        assets_folder=str(Path(__file__).parent / "assets"),
        use_pages=False,
        serve_locally=True,
        suppress_callback_exceptions=True,
        update_title="",
        title="urban-resilience",
    )
    app.layout = _shell
    app.callback(Output("page", "children"), Output("theme", "forceColorScheme"), Input("place", "data"))(
        lambda address: _show(library, address)
    )
    app.clientside_callback(
        ClientsideFunction("place", "start"), Output("place", "data"), Input("page", "id"), prevent_initial_call=False
    )
    app.clientside_callback(
        ClientsideFunction("place", "choose"),
        Output("place", "data", allow_duplicate=True),
        Input({"type": "choose", "name": dash.ALL, "now": dash.ALL}, "value"),
        State({"type": "choose", "name": dash.ALL, "now": dash.ALL}, "id"),
        prevent_initial_call=True,
    )
    routes.add(app, library)
    return app


def _shell() -> Any:
    """Return what stays on all pages: the store of the place, the theme, and room for the page."""
    return dmc.MantineProvider(
        [dcc.Store(id="place"), html.Div(id="page", className="page")],
        id="theme",
        forceColorScheme="light",
        theme={"fontFamily": "var(--font)", "primaryColor": "cyan", "defaultRadius": "sm"},
    )


def _show(library: Library, address: dict[str, Any] | None) -> tuple[Any, Any]:
    """Return the page of an address and the theme; an error becomes a message on the page."""
    if address is None:
        return dash.no_update, dash.no_update
    place = Place.read(address)
    words = Words(place.lang)
    found = library.look(words)
    try:
        here = view(found, place, words)
        if isinstance(here, View):
            content = PAGES[here.place.page](here) if here.place.page in PAGES else _no_page(words, here.place)
            return frame(here.place, words, found, content, here), place.theme
        content = runs.page(found, place, words) if here == "runs" else message(words, here, place.run)
    except ResilienceError as error:
        content = message(words, "error.title", detail=str(error))
    except Exception as error:
        log.exception("page %s", place.page)
        content = message(words, "error.title", detail=f"{type(error).__name__}: {error}")
    return frame(place, words, found, content, None), place.theme


def _no_page(words: Words, place: Place) -> Any:
    return message(words, "error.no_page", place.page)
