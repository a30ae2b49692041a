"""The process that a function of the owner's runs in, started by `trader/hosting.py`.

It takes its task from its standard input, and writes a line of JSON an answer to its standard output; what the function
prints goes to the error output. It ends itself by an alarm, should whoever started it be gone. Whatever is raised ends
it with a traceback, whose last line is the reason that the cycle records. It can open no file but what is installed, no
connection, and no process.
"""

from __future__ import annotations

import json
import numbers
import os
import pickle
import signal
import sys
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import ModuleType
from typing import NamedTuple

from ledger.book import Book
from trader.bars import Bars


class Task(NamedTuple):
    """What is asked, as it comes through the pipe."""

    module: str
    file: str
    text: str
    function: str
    settings: Mapping[str, object]
    book: Book
    cases: tuple[Bars, ...]
    timeout_seconds: int


REACHING = ("socket.", "subprocess.", "os.system", "os.posix_spawn", "os.exec", "os.fork", "urllib.", "ftplib.")
SYSTEM = ("/usr/", "/lib", "/proc/", "/sys/", "/dev/", "/etc/localtime")


def shut_off(event: str, arguments: tuple[object, ...]) -> None:
    """Let nothing be read but what is installed: an audit could not read it again."""
    if event.startswith(REACHING):
        raise PermissionError(f"{event}: a function is given all that it may see; let a source bring it")
    if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
        path = os.path.abspath(os.fsdecode(arguments[0]))  # noqa: PTH100 - pathlib itself would come through here
        if not path.startswith((*SYSTEM, sys.prefix, sys.base_prefix, *filter(None, sys.path))):
            raise PermissionError(f"{path}: a function is given all that it may see; let a source bring it")


def main() -> None:
    """Answer one task."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    task: Task = pickle.load(sys.stdin.buffer)
    signal.alarm(task.timeout_seconds + 5)
    sys.addaudithook(shut_off)
    function = _function(task)
    for bars in task.cases:
        answers.write(json.dumps(spelled(function(task.book, bars, dict(task.settings)))) + "\n")
    answers.close()


def _function(task: Task) -> Callable[[Book, Bars, dict[str, object]], object]:
    """Run the module from its kept text, whatever stands in its file by now."""
    module = ModuleType(task.module)
    module.__file__ = task.file
    module.__package__ = task.module if task.file == "__init__.py" else task.module.rpartition(".")[0]
    sys.modules[task.module] = module  # dataclasses look themselves up there
    exec(compile(task.text, task.file, "exec", dont_inherit=True), module.__dict__)
    function: Callable[[Book, Bars, dict[str, object]], object] = getattr(module, task.function)
    return function


def spelled(answer: object) -> dict[str, tuple[str, str]]:
    """Spell weights, each alone or with its leverage, as exact texts by symbol."""
    items = getattr(answer, "items", None)
    if items is None:
        raise TypeError(f"expected weights by symbol, found {type(answer).__name__}")
    found: dict[str, tuple[str, str]] = {}
    for symbol, stated in items():
        weight, leverage = stated if isinstance(stated, tuple | list) else (stated, 1)
        found[str(symbol)] = (_text(symbol, weight), _text(symbol, leverage))
    return found


def _text(symbol: object, number: object) -> str:
    if isinstance(number, Decimal):
        return str(number)
    if isinstance(number, bool) or not isinstance(number, numbers.Real):
        raise TypeError(f"{symbol}: expected a number as its weight and leverage, found {number!r}")
    return str(int(number)) if isinstance(number, numbers.Integral) else repr(float(number))


if __name__ == "__main__":
    main()
