"""Running a function of the owner's in a process of its own.

There it may raise what it likes, print, hang, eat memory or end the process: here that is one StrategyError with its
last words. It sees neither this process's environment nor its folder, and its hashes are not random: the same inputs,
the same answer. docs/decisions/0029-a-function-in-a-process.md says why.
"""

from __future__ import annotations

import copyreg
import json
import os
import pickle
import re
import subprocess
import sys
import tempfile
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import IO

from ledger.book import Book
from trader.bars import Bars
from trader.hosted import PRINTED_BYTES_MAX, Task
from trader.strategies import StrategyError
from trader.strategies.module import Answer, Module, ModuleSource

ROOT = Path(__file__).parents[1]
WORDS_BYTES_MAX = 20_000  # of the error output, its end
REASON_LENGTH_MAX = 500


def host(strategy: Module, book: Book, cases: tuple[Bars, ...]) -> tuple[Answer, ...]:
    """Ask a function for each set of bars, within its time."""
    if strategy.source is None:
        raise StrategyError(f"{strategy.function}: expected its source to be loaded first")
    source, name = strategy.source, strategy.function.partition(":")[2]
    settings, seconds = dict(strategy.settings), strategy.timeout_seconds
    task = Task(source.module, source.file, source.text, name, settings, book, cases, seconds)
    with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as answered, tempfile.TemporaryFile() as words:
        asked.write(pickled(task))
        asked.seek(0)
        _run(strategy, source, (asked, answered, words))
        answered.seek(0)
        lines = answered.read().decode().splitlines()
    if len(lines) != len(cases):
        raise StrategyError(f"{strategy.function}: expected {len(cases)} answers, found {len(lines)}; it ended itself")
    return tuple({symbol: (pair[0], pair[1]) for symbol, pair in json.loads(line).items()} for line in lines)


def _run(strategy: Module, source: ModuleSource, files: tuple[IO[bytes], IO[bytes], IO[bytes]]) -> None:
    asked, answered, words = files
    command = [sys.executable, "-P", "-m", "trader.hosted"]
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": str(ROOT),
        "PYTHONHASHSEED": "0",
        "OPENBLAS_NUM_THREADS": "1",  # threads add in any order
    }
    try:
        ended = subprocess.run(
            command, stdin=asked, stdout=answered, stderr=words, env=environment, cwd="/",
            timeout=strategy.timeout_seconds, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise StrategyError(
            f"{strategy.function}: expected an answer within {strategy.timeout_seconds} s, found none; "
            "make it faster, or raise strategy.timeout_seconds"
        ) from None
    if ended.returncode:
        raise StrategyError(f"{strategy.function}: {_reason(words, source.file, ended.returncode)}")


def _reason(words: IO[bytes], file: str, status: int) -> str:
    """Return the last line of a traceback, and where in the owner's file it began."""
    printed = words.seek(0, os.SEEK_END)
    if printed >= PRINTED_BYTES_MAX:
        return f"expected at most {PRINTED_BYTES_MAX} bytes of what it prints, found more; print less"
    words.seek(max(0, printed - WORDS_BYTES_MAX))
    lines = words.read().decode(errors="replace").split("\n")
    said = [line for line in lines if line.strip()]
    if status < 0 or not said:
        return f"expected an answer, found its process ended by {'signal' if status < 0 else 'status'} {abs(status)}"
    places = re.findall(rf'File "{re.escape(file)}", line (\d+)', "\n".join(lines))
    return f"{' '.join(said[-1].split())[:REASON_LENGTH_MAX]}" + (f" ({file}, line {places[-1]})" if places else "")


def pickled(task: Task) -> bytes:
    """Spell a task; a read-only view becomes what it shows."""
    content = BytesIO()
    pickler = pickle.Pickler(content, protocol=pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = copyreg.dispatch_table | {MappingProxyType: lambda view: (dict, (dict(view),))}
    pickler.dump(task)
    return content.getvalue()
