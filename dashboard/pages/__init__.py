"""The pages of the dashboard: each builds its content from a view, nothing is kept between calls."""

from dashboard.pages import compare, curves, map, methods, overview, trace  # noqa: A004 - the page is called so

PAGES = {
    "overview": overview.page,
    "map": map.page,
    "curves": curves.page,
    "compare": compare.page,
    "trace": trace.page,
    "methods": methods.page,
}
