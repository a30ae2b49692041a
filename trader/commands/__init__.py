"""The command `tallybook`.

`cycle` goes straight to the light parent, since cron starts it every five minutes; every other command is a function
in the file of its group (`daily`, `start`, `history`, `care`), and `app.py` lists them. To add one: write the function
in its group's file and name it in that file's `COMMANDS`.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Run what the command line asks for, and return the exit status."""
    arguments = sys.argv[1:]
    match _command(arguments):
        case "cycle":
            from trader.parent import main as cycle

            return cycle(arguments)
        case "simulator":
            from trader.simulator.process import main as simulator

            return simulator(arguments[arguments.index("simulator") + 1 :])
        case _:
            from trader.commands.app import run

            return run(arguments)


def _command(arguments: list[str]) -> str:
    """Return the first word that is neither an option nor the home."""
    words = iter(arguments)
    for word in words:
        if word == "--home":
            next(words, None)
        elif not word.startswith("-"):
            return word
    return ""
