"""Care: the database, and what others need to read the log."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import typer

from ledger.events import DayCommitted, json_schema
from ledger.ledger import Ledger
from trader import exits
from trader.commands.home import clock_and_settings, home_of, require_own_log

Day = Annotated[
    datetime | None, typer.Argument(metavar="[DAY]", formats=["%Y-%m-%d"], help="default: the last session of the log")
]


def commit(context: typer.Context, day: Day = None) -> int:
    """Put the snapshots and trades up to a day, and of every closed session, into var/tallybook.duckdb."""
    from queries.commit import commit as committed_to

    home = home_of(context)
    clock, settings = clock_and_settings(home)
    require_own_log(home, clock, settings)
    done = committed_to(home, None if day is None else day.date())
    if done.session_day is None:
        print("no session yet: nothing to commit")
        return exits.FINE
    with Ledger.open(home, clock, account=settings.account.id, mode=settings.account.mode) as ledger:
        if done.session_day not in ledger.book.committed:
            ledger.record((DayCommitted(session_day=done.session_day, snapshots=done.snapshots, fills=done.fills),))
    print(f"{done.session_day}: {done.snapshots} snapshots and {done.fills} fills in {done.path}")
    return exits.FINE


EXPORT = typer.Typer(help="What others need to read the log.", no_args_is_help=True)


@EXPORT.callback()
def export() -> None:
    """Print what others need to read the log."""


@EXPORT.command("schema")
def export_schema() -> int:
    """Print the JSON Schema of every fact."""
    print(json.dumps(json_schema(), indent=1, ensure_ascii=False))
    return exits.FINE


COMMANDS: tuple[tuple[str, Callable[..., object]], ...] = (("commit", commit),)
