"""The list of commands, and what is common to all: the home, and one line for everything that may go wrong."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import cache
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException
from typer.main import get_command

from ledger.book import Impossible
from ledger.errors import LogLocked, Refusal
from ledger.nav import Unvalued
from queries import TableError, UnknownDay
from reconcile.acceptance import Unexplained
from trader import exits
from trader.calendar import CalendarError
from trader.commands import (
    approve,
    audit,
    basis,
    books,
    care,
    continuity,
    daily,
    doctor,
    expect,
    export,
    go_live,
    history,
    journal,
    override,
    quality,
    report,
    schedule,
    serve,
    start,
    verify,
)
from trader.manifest import is_backup, require_home
from trader.simulator.control import ControlError

NEGATIVE = re.compile(r"-[0-9.][0-9.,]*")  # typer takes it for an option
INTERRUPTED = 130  # what typer makes of Ctrl-C, without a word

# What may go wrong, and the code that stands in docs/runbook.md where the error does not bring its own.
EXPECTED: tuple[tuple[type[Exception], str], ...] = (
    (Refusal, ""),
    (Unexplained, "unexplained"),
    (Impossible, "impossible"),
    (Unvalued, "unvalued"),
    (CalendarError, "calendar"),
    (ControlError, "simulator-unreachable"),
    (TableError, "no-table"),
    (UnknownDay, "unknown-day"),
    (TyperException, "usage"),
    (serve.CannotServe, ""),
    (OSError, "not-usable"),
)

REMEDIES: tuple[tuple[type[OSError], str], ...] = (
    (FileNotFoundError, "check the name"),
    (IsADirectoryError, "name a file"),
    (OSError, "check the folder, its permissions and the disk"),
)

GROUPS: tuple[tuple[str, tuple[tuple[str, Callable[..., object]], ...]], ...] = (
    ("Daily", (*daily.COMMANDS, *expect.COMMANDS, *override.COMMANDS, *approve.COMMANDS)),
    ("Start", (*start.COMMANDS, *doctor.COMMANDS, *go_live.COMMANDS)),
    ("History", (*audit.COMMANDS, *history.COMMANDS, *serve.COMMANDS)),
    ("Books", (*books.COMMANDS, *journal.COMMANDS, *basis.COMMANDS)),
    ("Care", (*verify.COMMANDS, *quality.COMMANDS, *continuity.COMMANDS, *care.COMMANDS)),
)

# And `cycle`.
WRITING = frozenset((
    "init", "adopt", "halt", "resume", "accept", "commit", "clean", "restore", "import", "allocate", "adjust-cost",
    "expect", "override", "approve", "go-live",
))  # fmt: skip


def run(arguments: list[str], command: Callable[..., object] | None = None, name: str = "tallybook") -> int:
    """Run a command, of another list if one is given; return its exit status."""
    try:
        status = (command or _command())(home_first(arguments), prog_name=name, standalone_mode=False)
    except typer.Exit as leaving:
        return int(leaving.exit_code)
    except typer.Abort:
        sys.stderr.write("aborted: nothing was done\n")
        return exits.COULD_NOT
    except tuple(kind for kind, _ in EXPECTED) as error:
        return _told(error, next(filter(NEGATIVE.fullmatch, arguments), ""))
    if status == INTERRUPTED:
        raise KeyboardInterrupt
    return status if isinstance(status, int) else exits.FINE


def home_first(arguments: list[str]) -> list[str]:
    """Let `--home` stand anywhere."""
    for place, word in enumerate(arguments):
        if word == "--home":
            return [*arguments[place : place + 2], *arguments[:place], *arguments[place + 2 :]]
        if word.startswith("--home="):
            return [word, *arguments[:place], *arguments[place + 1 :]]
    return arguments


@cache
def _command() -> Callable[..., object]:
    """Return all commands as one, put together once a process."""
    return get_command(_app())


def _app() -> typer.Typer:
    app = typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        no_args_is_help=True,
        help="Trade one Interactive Brokers account, and keep your own half of the tally.",
    )
    app.callback()(_home)
    for group, commands in GROUPS:
        for name, function in commands:
            app.command(name, rich_help_panel=group, context_settings=history.TAKES_MORE.get(name))(function)
    app.add_typer(schedule.SCHEDULE, name="schedule", rich_help_panel="Start")
    app.add_typer(report.REPORT, name="report", rich_help_panel="History")
    app.add_typer(export.EXPORT, name="export", rich_help_panel="Books")
    return app


def _version(wanted: bool) -> None:
    if not wanted:
        return
    try:
        print(f"tallybook {installed('tallybook')}")
    except PackageNotFoundError:
        print("tallybook, not installed: run from its source")
    raise typer.Exit


def _home(
    context: typer.Context,
    home: Annotated[Path, typer.Option(help="the home of the account; may stand anywhere")] = Path(),
    _version_asked: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="print the version that is installed")
    ] = False,
) -> None:
    context.obj = home.absolute()
    if context.invoked_subcommand in WRITING:
        require_home(context.obj)
    if context.invoked_subcommand == "status" and is_backup(context.obj):
        sys.stderr.write(f"{context.obj} is a backup, and read only: it is shown as it was when it was made\n")


def _told(error: Exception, negative: str) -> int:
    code = getattr(error, "code", "") or next(code for kind, code in EXPECTED if isinstance(error, kind))
    words = error.format_message() if isinstance(error, TyperException) else str(error)
    words = words.replace("Value error, ", "")  # how typer's own checks of a value begin
    if negative and words.startswith(f"No such option: {negative[:2]}"):
        words = f"expected an option before the negative number {negative}, as in adjust-cost SPY --by {negative}"
        words += f", or no sign, as in expect withdrawal {negative[1:]} USD"
    if isinstance(error, OSError):
        remedy = next(cure for kind, cure in REMEDIES if isinstance(error, kind))
        words = f"{error.filename}: {error.strerror}; {remedy}"
    if not words:
        return exits.COULD_NOT  # help was shown instead
    sys.stderr.write(f"{code}: {' '.join(words.split())}\n")
    return error.exit_status if isinstance(error, LogLocked) else exits.COULD_NOT
