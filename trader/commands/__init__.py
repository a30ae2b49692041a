"""The command `tallybook`.

`cycle` goes straight to the light parent, since cron starts it every five minutes; every other command is a function
in the file of its group (`daily`, `start`, `history`, `care`), and `app.py` lists them. To add one: write the function
in its group's file and name it in that file's `COMMANDS`.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from trader.exits import COULD_NOT


def main() -> int:
    """Run what the command line asks for, and return the exit status; Ctrl-C ends it at any time with one line."""
    try:
        return _run(sys.argv[1:])
    except KeyboardInterrupt:
        sys.stderr.write("aborted: by Ctrl-C; what was recorded stays recorded\n")
        return COULD_NOT


def _run(arguments: list[str]) -> int:
    _share(_home(arguments))
    match _command(arguments):
        case "cycle":
            from trader.parent import main as cycle

            return cycle(arguments)
        case "simulator":
            from trader.simulator.process import main as simulator

            return simulator(arguments[arguments.index("simulator") + 1 :])
        case "sql" | "ask":
            return _asked(arguments)
        case "fleet":  # who has one account never sees it
            from trader.commands.fleet import run as fleet

            return fleet(arguments[arguments.index("fleet") + 1 :])
        case _:
            from trader.commands.app import run

            return run(arguments)


def _asked(arguments: list[str]) -> int:
    """Answer a question; what is not plain (a wrong option, a home that refuses) is told by the slower way."""
    from trader.commands.asking import run as asked

    try:
        return asked(arguments, _home(arguments))
    except _expected():
        from trader.commands.app import run

        return run(arguments)


def _expected() -> tuple[type[BaseException], ...]:
    """Return what may go wrong; looked up when something does."""
    from typer import Abort, Exit

    from trader.commands.app import EXPECTED

    return (Exit, Abort, *(kind for kind, _ in EXPECTED))


def _share(home: Path) -> None:
    """Make every file the group's too where `var` is shared (docs/runbook.md), whatever the umask of who started us."""
    try:
        mode = (home / "var").stat().st_mode
    except OSError:
        return  # there is no home yet
    if mode & stat.S_ISGID and mode & stat.S_IWGRP:
        os.umask(0o007)


def _home(arguments: list[str]) -> Path:
    """Return the home that the command line names; what it names wrongly is told by the command itself."""
    for word, following in zip(arguments, [*arguments, ""][1:], strict=True):
        if word.startswith("--home"):
            return Path(word.partition("=")[2] or following)
    return Path()


def _command(arguments: list[str]) -> str:
    """Return the first word that is neither an option nor the home."""
    words = iter(arguments)
    for word in words:
        if word == "--home":
            next(words, None)
        elif not word.startswith("-"):
            return word
    return ""
