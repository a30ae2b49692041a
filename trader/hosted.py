"""The process that a function of the owner's runs in, started by `trader/hosting.py`.

It takes its task from its standard input, and writes a line of JSON an answer to its standard output; what the function
prints goes to the error output. It ends itself by an alarm, should whoever started it be gone. Whatever is raised ends
it with a traceback, whose last line is the reason that the cycle records. It can read no file but what is installed,
and write none, nor open a connection or a process. A fence against accidents, not a jail: who means to climbs it.
To shut off something else: the name of its audit event, or how that begins, in `REACHING`.
"""

from __future__ import annotations

import ctypes  # noqa: F401 - numpy wants it, and what it opens at its import may not be opened later
import json
import numbers
import os
import pickle
import resource
import signal
import sys
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from types import ModuleType
from typing import NamedTuple

from ledger.book import Book
from trader.bars import Bars
from trader.schedule import FILE_NAME


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


REACHING = (
    "socket.", "subprocess.", "urllib.", "ftplib.", "sqlite3.", "shutil.", "tempfile.",
    "os.system", "os.posix_spawn", "os.spawn", "os.exec", "os.fork", "os.kill", "pty.",
    "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate",
    "os.chmod", "os.chown", "os.chflags", "os.utime", "os.setxattr", "os.removexattr",
)  # fmt: skip
INSTALLED = ("/usr", "/lib", "/lib32", "/lib64")
FILES = ("/etc/localtime", "/dev/null", "/dev/urandom")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
PRINTED_BYTES_MAX = 10_000_000


def shut_off(event: str, arguments: tuple[object, ...]) -> None:
    """Let nothing be read but what is installed, since an audit could not read it again; and nothing be written."""
    if event.startswith(REACHING):
        raise PermissionError(f"{event}: a function is given all that it may see; let a source bring it")
    if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
        _read_only(os.path.realpath(os.fsdecode(arguments[0])), *arguments[1:3])
    if event in ("ctypes.dlopen", "ctypes.dlsym"):
        library = arguments[0] if event == "ctypes.dlopen" else getattr(arguments[0], "_name", None)
        if not isinstance(library, str) or not _is_installed(os.path.realpath(library)):
            raise PermissionError(f"{event} of {library}: a function is given all that it may see")


def _read_only(path: str, mode: object, flags: object) -> None:
    if path not in FILES and not _is_installed(path):
        raise PermissionError(f"{path}: a function is given all that it may see; let a source bring it")
    writes = set(str(mode or "")) & set("wax+") or (isinstance(flags, int) and flags & WRITING)
    if writes and path != os.devnull:
        raise PermissionError(f"{path}: a function writes nothing; its answer is what it returns")


def _is_installed(path: str) -> bool:
    """Whether it lies where programs do, and not in a home that lies there, too."""
    return any(path.startswith(f"{folder}/") and not _is_in_home(path, folder) for folder in _folders())


def _is_in_home(path: str, folder: str) -> bool:
    while len(path := os.path.dirname(path)) > len(folder):  # noqa: PTH120 - pathlib is too slow for each import
        if os.path.exists(f"{path}/{FILE_NAME}"):  # noqa: PTH110
            return True
    return False


@cache
def _folders() -> tuple[str, ...]:
    """Return where programs lie; of a checkout its packages alone, for a home may lie beside them."""
    folders = [os.path.realpath(it) for it in (*INSTALLED, sys.prefix, sys.base_prefix, *filter(None, sys.path))]
    found = [
        it for folder in dict.fromkeys(folders) for it in (_packages(folder) if _is_checkout(folder) else [folder])
    ]
    return tuple(it for it in found if it != "/")


def _is_checkout(folder: str) -> bool:
    return os.path.exists(f"{folder}/pyproject.toml")  # noqa: PTH110


def _packages(folder: str) -> list[str]:
    return [os.path.realpath(it) for it in os.scandir(folder) if os.path.exists(f"{it.path}/__init__.py")]  # noqa: PTH110


def main() -> None:
    """Answer one task."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    task: Task = pickle.load(sys.stdin.buffer)
    signal.alarm(task.timeout_seconds + 5)
    _bound_files()
    sys.dont_write_bytecode = True
    sys.addaudithook(shut_off)
    function = _function(task)
    for bars in task.cases:
        answers.write(json.dumps(spelled(function(task.book, bars, dict(task.settings)))) + "\n")
    answers.close()


def _bound_files() -> None:
    """Bound what it prints, which is kept in a file: it shall fill no disk."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    bytes_max = PRINTED_BYTES_MAX if hard == resource.RLIM_INFINITY else min(hard, PRINTED_BYTES_MAX)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_max, bytes_max))


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
        if str(symbol) in found:
            raise ValueError(f"{symbol}: expected one weight, found two")
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
