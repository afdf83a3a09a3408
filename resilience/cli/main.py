"""`resilience ...`: the command line. Exit code 0, or non-zero with one clear message and no traceback.

Everything heavy is imported inside the commands, so that --help answers at once.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from resilience.base.errors import InputError, ResilienceError, StoppedError
from resilience.base.text import say
from resilience.cli import assign, cases, info, results, roads, run
from resilience.cli.app import STOPPED, app

COMMANDS = (run, results, cases, assign, roads, info)  # importing them adds their commands to the app


@app.command(help=say("cli.dashboard"))
def dashboard(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=say("help.run_folder_or_folder_of_run"))] = Path(
        "results"
    ),
    port: Annotated[int, typer.Option(help=say("help.port_on"))] = 8050,
) -> None:
    """Open the results in a browser."""
    if not 1 <= port <= 65535:
        raise InputError(say("error.bad_port", found=port))
    ended = subprocess.run([sys.executable, "-m", "dashboard", str(folder), "--port", str(port)], check=False)
    if ended.returncode not in (0, -2, STOPPED):
        raise typer.Exit(ended.returncode)


def main() -> None:
    """Run the command line; a mistake of the user's ends with one message and exit code 2."""
    from concurrent.futures.process import BrokenProcessPool

    try:
        code = app(standalone_mode=False)
        if code == STOPPED:  # the command line library makes a code of Ctrl-C
            raise KeyboardInterrupt
        sys.exit(code if isinstance(code, int) else 0)
    except (typer.Abort, KeyboardInterrupt):
        _leave(say("error.stopped_early"), STOPPED)
    except StoppedError as stop:
        _leave(str(stop), STOPPED)
    except ResilienceError as error:
        _leave(str(error), 2)
    except BrokenProcessPool:
        _leave(say("error.worker_died"), 1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        show = getattr(error, "show", None)
        if show is not None:  # a usage error of the command line library
            show()
            sys.exit(getattr(error, "exit_code", 2))
        if os.environ.get("RESILIENCE_DEBUG"):
            raise
        _leave(say("error.unexpected", kind=type(error).__name__, reason=error), 1)


def _leave(message: str, code: int) -> None:
    typer.echo(message, err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
