"""Freeze a log of today's code: `python tests/history/freeze.py NAME` makes tests/history/NAME and never changes one.

The folder holds a home and expected.json: the hash of the book at the end of every cycle, and what the book says at the
end. Every later version has to read it to the same result.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def freeze(folder: Path) -> None:
    """Tell the history into a new folder, and write down what it comes to; FileExistsError if there is one."""
    from ledger.events import EVENT_TYPES, type_name
    from tests.history.telling import NEVER_TOLD, tell

    if folder.exists():
        raise FileExistsError(f"{folder}: expected none; a frozen log never changes, freeze another one")
    tell(folder)
    found = outcome(folder)
    if missing := {type_name(known) for known in EVENT_TYPES} - {*found["types"], *map(type_name, NEVER_TOLD)}:
        raise ValueError(f"{', '.join(sorted(missing))}: expected in the history; tell it in tests/history/telling.py")
    (folder / "expected.json").write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def outcome(home: Path, statement_version: int = 1) -> dict[str, Any]:
    """Fold a home: what its book says after each cycle, and at the end."""
    from ledger.book import Book, book_hash
    from ledger.events import CycleFinished
    from ledger.log import read_events

    book, types, cycles = Book(), set[str](), {}
    for event in read_events(home):
        types.add(event.type)
        if isinstance(event.fact, CycleFinished):
            cycles[str(event.seq)] = book_hash(book, statement_version)
        book.apply(event)
    return {
        "head": f"{book.seq}:{book.head}",
        "types": sorted(types),
        "cycles": cycles,
        "statement_version": statement_version,
        "statement": book.statement(statement_version),
        "book_hash": book_hash(book, statement_version),
    }


def _import_our_tests() -> None:
    """Find `tests` here: an installed package may bear that name too."""
    tests = ModuleType("tests")
    tests.__path__ = [str(ROOT / "tests")]
    sys.modules["tests"] = tests
    sys.path.insert(0, str(ROOT))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("python tests/history/freeze.py NAME")
    _import_our_tests()
    try:
        freeze(HERE / sys.argv[1])
    except (FileExistsError, ValueError) as refused:
        sys.exit(str(refused))
