"""Start the dashboard: python -m dashboard [DIR] [--host 127.0.0.1] [--port 8050]."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import waitress

from dashboard.app import create_app
from resilience.base.text import language, say


def main(arguments: list[str] | None = None) -> int:
    """Serve the dashboard until interrupted; return the exit code."""
    lang = language()
    parser = argparse.ArgumentParser(prog="python -m dashboard", description=say("dash.start.about", lang=lang))
    parser.add_argument("folder", nargs="?", default="results", metavar="DIR", help=say("dash.start.folder", lang=lang))
    parser.add_argument("--host", default="127.0.0.1", help=say("dash.start.host", lang=lang))
    parser.add_argument("--port", type=int, default=8050, help=say("dash.start.port", lang=lang))
    chosen = parser.parse_args(arguments)
    folder = Path(chosen.folder)
    if not folder.is_dir():
        print(say("dash.start.no_folder", lang=lang, folder=folder), file=sys.stderr)
        return 2
    app = create_app(folder)
    print(say("dash.start.serving", lang=lang, folder=folder, url=f"http://{chosen.host}:{chosen.port}/"), flush=True)
    try:
        waitress.serve(app.server, host=chosen.host, port=chosen.port, threads=8, ident=None)
    except OSError as error:
        reason = error.strerror or error
        print(say("dash.start.no_port", lang=lang, port=chosen.port, reason=reason), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
