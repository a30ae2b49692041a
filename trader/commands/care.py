"""Care: the database."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from ledger.errors import LogDamaged
from ledger.events import DayCommitted
from ledger.ledger import Ledger
from ledger.log.head import read_head
from ledger.log.recovery import RESTORE
from ledger.log.storage import var_folder, write_new_file
from queries.advice import DAMAGED
from trader import exits
from trader.commands.home import clock_and_settings, home_of, require_own_log, zone_of
from trader.commands.moments import day_of
from trader.commands.progress import bar

Day = Annotated[
    datetime | None, typer.Argument(metavar="[DAY]", parser=day_of, help="default: the last session of the log")
]


def commit(context: typer.Context, day: Day = None) -> int:
    """Put the snapshots and trades up to a day, and of every closed session, into var/tallybook.duckdb.

    Every sealed file of the log is held against its seal first, and the book against a second bookkeeping in SQL
    afterwards: damage or a difference halts trading.
    """
    from queries.commit import commit as committed_to

    home = home_of(context)
    clock, settings = clock_and_settings(home)
    require_own_log(home, clock, settings)
    require_sealed_files_sound(home)
    head = read_head(var_folder(home))
    with bar("copying and folding", 0 if head is None else 2 * head.seq, every=1) as tell:
        done = committed_to(home, None if day is None else day.date(), zone=zone_of(home), tell=tell)
    if done.session_day is None:
        print("no session yet: nothing to commit")
        return exits.FINE
    with Ledger.open(home, clock, account=settings.account.id, mode=settings.account.mode) as ledger:
        if done.session_day not in ledger.book.committed:
            ledger.record((DayCommitted(session_day=done.session_day, snapshots=done.snapshots, fills=done.fills),))
        agree = _books_agree(ledger, home)
    print(f"{done.session_day}: {done.snapshots} snapshots and {done.fills} fills in {done.path}")
    return exits.FINE if agree else exits.BAD_NEWS


def _books_agree(ledger: Ledger, home: Path) -> bool:
    """Hold the book beside the same bookkeeping in SQL; a difference is a break of our own, and halts."""
    from queries.second_books import SecondBooksUnknown, break_of, compare

    try:
        found = compare(home, ledger.book)
    except SecondBooksUnknown as unknown:
        sys.stderr.write(f"second-books: not compared: {unknown}; run: tallybook verify\n")
        return False
    if (difference := break_of(ledger.book, found)) is not None:
        ledger.record((difference,))
    for each in found:
        sys.stderr.write(f"second-books: {each}; trading is halted; see: tallybook breaks\n")
    return not found


def require_sealed_files_sound(home: Path) -> None:
    """Hash what no cycle reads again, once a day; a finding stops every order until somebody has looked."""
    from queries.verification import Finding, Subject
    from queries.verification.log_checks import sealed_files

    said = sealed_files(Subject(home))
    damage = next((item for item in said if isinstance(item, Finding) and not item.harmless), None)
    if damage is not None:
        write_new_file(var_folder(home) / "HALT", f"{DAMAGED}{damage}\n".encode())
        raise LogDamaged(f"{damage}; trading is halted; run: tallybook verify, then {RESTORE}")


COMMANDS: tuple[tuple[str, Callable[..., object]], ...] = (("commit", commit),)
