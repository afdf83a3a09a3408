"""The command line's app, and the arguments that commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from resilience.base.errors import InputError
from resilience.base.text import LANGUAGES, choose_language, say

app = typer.Typer(help=say("cli.about"), no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


ALL = say("help.all_where_not_given")


STOPPED = 130  # exit code of a command that the user stopped


RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help=say("help.run_folder_such_as_results_p"))]


CaseFolder = Annotated[Path, typer.Argument(metavar="CASE", help=say("help.case_folder_or_the_name_of_a"))]


CaseOrExtension = Annotated[Path, typer.Argument(metavar="CASE|MODULE:NAME", help=say("help.case_or_extension"))]


AsJson = Annotated[bool, typer.Option("--json", help=say("help.print_json"))]


AllowCode = Annotated[bool, typer.Option("--allow-code", help=say("help.run_python_code_that_the_cas"))]


@app.callback()
def _language(
    lang: Annotated[str, typer.Option("--lang", help=say("help.en_or_zh"), envvar="RESILIENCE_LANG")] = "en",
) -> None:
    wanted = lang[:2].lower()
    if wanted not in LANGUAGES:
        raise InputError(say("error.unknown_language", found=lang, expected=", ".join(LANGUAGES)))
    choose_language(wanted)
