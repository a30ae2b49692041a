"""The journal, entry by entry, as it is told: what each fact posted, and that everything sums to zero."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

import typer

from ledger.daybook import Entry, entries
from ledger.events import decimal_text, instant_text
from ledger.history import as_known_at, as_of
from ledger.line import Event
from ledger.log import read_events
from ledger.lots import EXACT, ZERO
from queries import HOME_ZONE
from queries.formats import Format, csv_writer
from trader import exits
from trader.commands.home import home_of, refuse_foreign_log
from trader.commands.moments import day_of, in_utc, moment_of

COLUMNS = ("seq", "at", "recorded_at", "type", "key", "account", "currency", "amount")
ZONE = ZoneInfo(HOME_ZONE)


class Wanted(NamedTuple):
    """Which entries, and which of their postings, are to be shown."""

    day: date | None
    account: str

    def shown(self, told: Iterable[Entry]) -> Iterator[Entry]:
        """Leave out what was not asked for."""
        for entry in told:
            if self.day is not None and entry.at.astimezone(ZONE).date() != self.day:
                continue
            legs = tuple(leg for leg in entry.legs if self._is_wanted(leg[0]))
            if legs:
                yield entry._replace(legs=legs)

    def _is_wanted(self, account: str) -> bool:
        return not self.account or account == self.account or account.startswith(f"{self.account}:")


def journal(
    context: typer.Context,
    day: Annotated[
        datetime | None, typer.Option(parser=day_of, metavar="DAY", help="what happened on a day, New York's")
    ] = None,
    as_of_moment: Annotated[
        datetime | None,
        typer.Option(
            "--as-of", parser=moment_of, metavar="DAY|MOMENT", help="what is known now of the time up to then"
        ),
    ] = None,
    as_known_at_moment: Annotated[
        datetime | None,
        typer.Option("--as-known-at", parser=moment_of, metavar="DAY|MOMENT", help="what was recorded by then"),
    ] = None,
    account: Annotated[str, typer.Option(help="postings to one account alone: cash, position:756733, position")] = "",
    format: Annotated[Format, typer.Option("--format", help="table, csv or json")] = "table",
) -> int:
    """Print the journal: every fact that moved money or lots, as postings that sum to zero.

    A day stands for its end in New York; amounts are signed: assets positive, income negative.
    """
    home = home_of(context)
    refuse_foreign_log(home)

    def known() -> Iterable[Event]:
        events = read_events(home)
        return events if as_known_at_moment is None else as_known_at(events, in_utc(as_known_at_moment, ZONE.key))

    events = known() if as_of_moment is None else as_of(known, in_utc(as_of_moment, ZONE.key))
    wanted = Wanted(None if day is None else day.date(), account)
    PRINTERS[format](wanted.shown(entries(events)))
    return exits.FINE


def _print_table(told: Iterable[Entry]) -> None:
    """Print entry by entry, and at the end what everything sums to."""
    sums = dict[str, Decimal]()
    for entry in told:
        local = entry.at.astimezone(ZONE)
        print(f"{local:%Y-%m-%d %H:%M:%S}  seq {entry.seq}  {entry.type}  {entry.key or ''}".rstrip())
        for account, amount in entry.legs:
            print(f"  {account:<32} {_shown(amount):>22} {entry.currency}")
            sums[entry.currency] = EXACT.add(sums.get(entry.currency, ZERO), amount)
    totals = (f"{currency} sums to {_shown(amount)}" for currency, amount in sorted(sums.items()))
    print("; ".join(totals) or "no entries")


def _shown(amount: Decimal) -> str:
    return f"{Decimal(decimal_text(amount)):,f}"


def _print_csv(told: Iterable[Entry]) -> None:
    writer = csv_writer(sys.stdout)
    writer.writerow(COLUMNS)
    writer.writerows(_rows(told))


def _print_json(told: Iterable[Entry]) -> None:
    """Print an array row by row: a history of years does not have to fit into memory."""
    between = "[\n"
    for row in _rows(told):
        sys.stdout.write(between + " " + json.dumps(dict(zip(COLUMNS, row, strict=True)), ensure_ascii=False))
        between = ",\n"
    sys.stdout.write("[]\n" if between == "[\n" else "\n]\n")


def _rows(told: Iterable[Entry]) -> Iterator[tuple[object, ...]]:
    for entry in told:
        at, recorded = instant_text(entry.at), instant_text(entry.recorded_at)
        for account, amount in entry.legs:
            yield (entry.seq, at, recorded, entry.type, entry.key, account, entry.currency, decimal_text(amount))


PRINTERS: dict[Format, Callable[[Iterable[Entry]], None]] = {
    "table": _print_table,
    "csv": _print_csv,
    "json": _print_json,
}

COMMANDS: tuple[tuple[str, Callable[..., object]], ...] = (("journal", journal),)
