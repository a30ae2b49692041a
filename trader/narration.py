"""What `cycle --verbose` prints: each line of the cycle, what it recorded, and how long it took.

A line bears the name of the call whose facts it records, as it stands in the source of its caller: what a function
returns does not know where it came from, and the cycle's listing shall not repeat it.
"""

from __future__ import annotations

import ast
import linecache
import sys
from collections import Counter
from collections.abc import Iterable
from functools import cache
from time import perf_counter

from ledger.book import Book
from ledger.events import Fact
from ledger.ledger import Ledger
from ledger.log import Log


class NarratedLedger(Ledger):
    """A ledger that says what it records."""

    def __init__(self, log: Log, book: Book) -> None:
        super().__init__(log, book)
        self._since = perf_counter()

    def record(self, facts: Iterable[Fact | tuple[Fact, ...]]) -> None:
        """Record, and print the line's name, its facts and its duration, what computed them included."""
        caller = sys._getframe(1)
        if caller.f_globals["__name__"] == Ledger.__module__:
            super().record(facts)  # as it closes: no line of the cycle
            return
        name = recorded_lines(caller.f_code.co_filename).get(caller.f_lineno, "")
        told: Counter[str] = Counter()
        super().record(facts if isinstance(facts, tuple) else _counted(facts, told))
        if isinstance(facts, tuple):
            told.update(fact.type for fact in facts)
        now = perf_counter()
        duration, self._since = now - self._since, now
        what = ", ".join(f"{count} {kind}" if count > 1 else kind for kind, count in told.items()) or "nothing"
        sys.stdout.write(f"{duration:7.3f} s  {name or '-':<18} {what}\n")


@cache
def recorded_lines(path: str) -> dict[int, str]:
    """Return what each line of a source file that says `record(…(…))` records: the name of the inner call."""
    calls = (node for node in ast.walk(ast.parse("".join(linecache.getlines(path)))) if isinstance(node, ast.Call))
    records = (call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "record")
    return {call.lineno: _name(call.args[0]) for call in records if call.args}


def _name(expression: ast.expr) -> str:
    match expression:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name.strip("_")
        case ast.Tuple(elts=[ast.Call() as first, *_]):
            return _name(first)
        case _:
            return ""


def _counted(facts: Iterable[Fact | tuple[Fact, ...]], told: Counter[str]) -> Iterable[Fact | tuple[Fact, ...]]:
    """Pass facts on, one at a time, so that the source is resumed only when its last one is durable."""
    for item in facts:
        told.update(fact.type for fact in (item if isinstance(item, tuple) else (item,)))
        yield item
