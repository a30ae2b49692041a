"""The process that runs one cycle, started by the parent (`trader/parent.py`).

It bounds itself before it does anything: memory, and an alarm that ends it should the parent be gone. Errors that may
happen become one line `code: message` and an exit status; anything else is a crash, told with its traceback.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import sys
import traceback
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from trader import exits
from trader.calendar import Slot
from trader.schedule import MEMORY_MEGABYTES, TIMEOUT_SECONDS, SettingsError

if TYPE_CHECKING:
    from ledger.state import State

CLOSING = "close"
ORPHAN_SECONDS = 60  # beyond the parent's time limit: whoever still runs then has lost its parent


class _Coded(Protocol):
    """An error whose code stands in docs/runbook.md."""

    @property
    def code(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Options:
    """How the cycle was asked for."""

    slot_name: str  # the slot's name, or DAY/now-HHMMSS for a start by hand
    dry_run: bool = False  # asked for on the command line; the settings may ask for it too
    verbose: bool = False


class AccountNotAdopted(Exception):
    """The account was never accepted as the log's beginning; nothing trades before."""

    code = "account-not-adopted"
    exit_status = exits.COULD_NOT

    def __init__(self, account: str) -> None:
        super().__init__(f"account {account}: expected an adopted account, found none in the log; run: tallybook adopt")


class SlotUsedUp(Exception):
    """The slot's work was done by an earlier start."""


def require_work(book: State, slot: str) -> None:
    """Raise AccountNotAdopted, or SlotUsedUp where a start has nothing left to do; a start by hand always has."""
    if not book.adopted:
        raise AccountNotAdopted(book.account)
    known = book.slots.get(slot)
    if known is None or not known.finished:
        return
    day, _, kind = slot.partition("/")
    if kind != CLOSING or date.fromisoformat(day) in book.committed:  # a closed day is committed until it succeeds
        raise SlotUsedUp(slot)


def slot_of(name: str, at: datetime) -> Slot:
    """Return the slot that a name and its moment mean."""
    day, _, kind = name.partition("/")
    return Slot(date.fromisoformat(day), 0, at, "close" if kind == CLOSING else "trade")


def main(arguments: list[str]) -> int:
    """Run one cycle and return the exit status for the parent."""
    sys.excepthook = _crash
    asked = _parse(arguments)
    _bound(asked.timeout_seconds, asked.memory_megabytes)
    try:
        slot = slot_of(asked.slot, datetime.fromisoformat(asked.at))
        return _run(Path(asked.home), slot, Options(asked.slot, asked.dry_run, asked.verbose))
    except MemoryError:
        sys.stderr.write(
            f"cycle-out-of-memory: expected to need at most {asked.memory_megabytes} MB; raise the limit\n"
        )
        return exits.OUT_OF_MEMORY


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m trader.child")
    parser.add_argument("--home", required=True)
    parser.add_argument("--slot", required=True)
    parser.add_argument("--at", required=True)
    parser.add_argument("--timeout-seconds", type=int, default=TIMEOUT_SECONDS)
    parser.add_argument("--memory-megabytes", type=int, default=MEMORY_MEGABYTES)
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    return parser.parse_args(arguments)


def _bound(timeout_seconds: int, memory_megabytes: int) -> None:
    signal.alarm(timeout_seconds + ORPHAN_SECONDS)
    bytes_max = memory_megabytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (bytes_max, bytes_max))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the account


def _run(home: Path, slot: Slot, options: Options) -> int:
    from ledger.errors import LogError, LogLocked
    from trader.broker import BrokerProblem
    from trader.cycle import perform
    from trader.settings import load

    try:
        return perform(home, load(home), slot, options)
    except SlotUsedUp:
        return exits.NOTHING_TO_DO
    except LogLocked as error:
        # A scheduled start whose work the lock's holder is doing has nothing to do.
        return exits.NOTHING_TO_DO if error.slot == slot.name == options.slot_name else _told(error, error.exit_status)
    except LogError as error:
        return _told(error, error.exit_status)
    except (SettingsError, AccountNotAdopted, BrokerProblem) as error:
        return _told(error, exits.COULD_NOT)


def _told(error: _Coded, status: int) -> int:
    sys.stderr.write(f"{error.code}: {' '.join(str(error).split())}\n")
    return status


def _crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """End with a status of its own: Python's 1 would mean bad news."""
    traceback.print_exception(kind, error, trace)
    sys.stderr.flush()
    sys.stdout.flush()
    os._exit(exits.OUT_OF_MEMORY if issubclass(kind, MemoryError) else exits.CRASHED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
