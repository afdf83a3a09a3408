"""Where a reader is: page, run, scenario, option, hour, layer, metric, language, theme; all of it in the address."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

PAGES = ("overview", "map", "curves", "compare", "trace", "methods", "runs")
LIMIT = 200


@dataclass(frozen=True)
class Place:
    """The state of the address; empty where the reader chose nothing."""

    page: str = "overview"
    run: str = ""
    ladder: str = ""
    scenario: str = ""
    option: str = ""
    other: str = ""
    hour: str = ""
    layer: str = ""
    metric: str = ""
    component: str = ""
    replicate: str = ""
    lang: str = "en"
    theme: str = "light"

    @classmethod
    def read(cls, address: dict[str, Any] | None) -> Place:
        """Return the place of an address {path, search, lang, theme}; unknown parts are left out."""
        address = address or {}
        page = str(address.get("path") or "/").strip("/") or "overview"
        found = dict(parse_qsl(str(address.get("search") or "").lstrip("?")))
        parts = {k: v[:LIMIT] for k, v in found.items() if k in cls.__dataclass_fields__ and k != "page"}
        lang = found.get("lang") or str(address.get("lang") or "en")
        theme = found.get("theme") or str(address.get("theme") or "light")
        parts["lang"] = lang if lang in ("en", "zh") else "en"
        parts["theme"] = theme if theme in ("light", "dark") else "light"
        return cls(page=page, **parts)

    def with_(self, **changes: str) -> Place:
        """Return the place with parts changed."""
        return replace(self, **changes)

    def search(self) -> str:
        """Return the query string that holds this place."""
        parts = {k: v for k, v in asdict(self).items() if v and k != "page"}
        return "?" + urlencode(parts)

    def href(self, page: str | None = None, **changes: str) -> str:
        """Return a link to a page at this place, parts changed."""
        return f"/{page or self.page}{self.with_(**changes).search()}"
