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
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol

from trader import exits
from trader.calendar import Slot
from trader.occasion import BY_HAND, AccountNotAdopted, Options, SlotUsedUp, slot_of
from trader.schedule import MEMORY_MEGABYTES, TIMEOUT_SECONDS, SettingsError

ORPHAN_SECONDS = 60  # beyond the parent's time limit: whoever still runs then has lost its parent


class _Coded(Protocol):
    """An error whose code stands in docs/runbook.md."""

    @property
    def code(self) -> str: ...


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
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy comes with the client library, and would start threads
    signal.alarm(timeout_seconds + ORPHAN_SECONDS)
    bytes_max = memory_megabytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (bytes_max, bytes_max))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the account


def _run(home: Path, slot: Slot, options: Options) -> int:
    from ledger.errors import LogError, LogLocked
    from ledger.ledger import LedgerError
    from trader.broker import BrokerProblem
    from trader.cycle import perform
    from trader.preflight import look
    from trader.settings import load

    try:
        if slot.kind == "preflight":
            return look(home, load(home), options)
        return perform(home, load(home), slot, options)
    except SlotUsedUp:
        return exits.NOTHING_TO_DO
    except LogLocked as error:
        # A scheduled start whose work the lock's holder is doing has nothing to do.
        is_done = error.slot == options.slot_name and BY_HAND not in error.slot
        return exits.NOTHING_TO_DO if is_done else _told(error, error.exit_status)
    except (LogError, LedgerError) as error:
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
