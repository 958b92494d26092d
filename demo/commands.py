"""How ``python -m demo.train``, ``demo.evaluate`` and ``demo.bench`` are run: commands of typer, in plain text."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from demo.errors import DemoError
from demo.files import check_file, check_folder

HELP = {"help_option_names": ["-h", "--help"]}


def new_app(text: str | None) -> typer.Typer:
    """An app without commands, explained by ``text``."""
    return typer.Typer(
        help=text, context_settings=HELP, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
    )


def run(app: typer.Typer, program: str, arguments: Sequence[str]) -> int:
    """Run one command; 2 on bad input, which is told on stderr."""
    any_console()
    try:
        code = typer.main.get_command(app).main(args=list(arguments), prog_name=program, standalone_mode=False)
    except typer.TyperException as error:
        print(f"error: {error.format_message()} See {program} --help", file=sys.stderr)
        return 2
    except DemoError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return code if isinstance(code, int) else 0


def any_console() -> None:
    """Let stdout and stderr take every text: what a console's encoding lacks is shown as ``\\u`` and its number."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def folder_to_write(value: Path | None) -> Path | None:
    """An option's callback: the folder is tried before the command begins, and not made yet.

    Raises:
        OutputError: nothing can be written there.
    """
    if value is not None:
        check_folder(value)
    return value


def file_to_write(value: Path | None) -> Path | None:
    """The same for an option that names a file.

    Raises:
        OutputError: it cannot be written.
    """
    if value is not None:
        check_file(value)
    return value


def one_by_one(arguments: Sequence[str], *options: str) -> list[str]:
    """``--only a b`` as ``--only a --only b``: an option of typer takes one value at a time.

    Args:
        options: those that may be given several values.
    """
    found: list[str] = []
    option, values = "", 0
    for word in arguments:
        if word.startswith("--"):
            option, values = word, 0
        else:
            values += 1
            if option in options and values > 1:
                found.append(option)
        found.append(word)
    return found
