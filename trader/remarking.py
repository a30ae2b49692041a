"""NAV while the broker is away: what is held, at the closes of a second source, which says of what day they are.

The sources are asked in a process of their own, within a time limit: where the broker is away, the network may be too.
What they do not tell is taken from the last bars that a cycle kept. The broker's own bars are no second source.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from ledger.book import Book
from ledger.checkpoints import book_of
from ledger.errors import LogError
from ledger.lots import exactly
from ledger.nav import Unvalued, mark, own_nav, rate
from queries.break_words import symbol
from queries.figures import clock_time, money
from trader.calendar import NEW_YORK, Calendar
from trader.clocks import clock_of
from trader.notices.paragraphs import day_text
from trader.schedule import SettingsError

ASKED_SECONDS_MAX = 30.0
BROKER = "broker"
SECOND = ("folder", "http", "yahoo")  # settings of [sources] that name one


class Close(NamedTuple):
    """What one unit closed at, by whom and when."""

    source: str
    day: date
    price: Decimal


Closes = Mapping[int, Close]


def remarked(book: Book, home: Path, toml: Mapping[str, Any]) -> Iterator[str]:
    """Say what NAV is at the closes of a second source; nothing where there is none, or nothing is held."""
    sources = toml.get("sources", {})
    if not book.positions or not isinstance(sources, Mapping) or not any(sources.get(name) for name in SECOND):
        return
    yield from told(book, {**kept_closes(book), **_asked(home)})


def told(book: Book, closes: Closes) -> Iterator[str]:
    """Spell NAV at these closes, and of what day each is; pure."""
    priced = {con_id: closes[con_id] for con_id in book.positions if con_id in closes}
    if not priced:
        yield "No second source tells what is held: NAV is not re-marked."
        return
    try:
        with exactly():
            moved = (
                book.positions[con_id]
                * (close.price - mark(book, con_id))
                * book.holdings[con_id].multiplier
                * rate(book, book.holdings[con_id].currency)
                for con_id, close in priced.items()
            )
            nav = own_nav(book) + sum(moved, Decimal(0))
    except Unvalued as missing:
        yield f"NAV cannot be re-marked: {missing}."
        return
    by_close: dict[tuple[str, date], list[str]] = {}
    for con_id, close in priced.items():
        by_close.setdefault((close.source, close.day), []).append(symbol(book, con_id))
    words = [
        f"{', '.join(sorted(names))} at {source}'s close of {day_text(day)}"
        for (source, day), names in by_close.items()
    ]
    rest = sorted(symbol(book, con_id) for con_id in book.positions if con_id not in priced)
    words += [f"{', '.join(rest)} at the broker's last marks"] if rest else []
    yield f"Re-marked NAV {money(nav)}: {'; '.join(words)}.{_older(book, priced)}"


def _older(book: Book, priced: Closes) -> str:
    at = book.reported.positions_at
    if at is None or min(close.day for close in priced.values()) >= at.astimezone(NEW_YORK).date():
        return ""
    when = f"{day_text(at.astimezone(NEW_YORK).date())} {clock_time(at, NEW_YORK.key)}"
    return f" The broker's marks, of {when}, are newer."


def kept_closes(book: Book) -> dict[int, Close]:
    """Return the last closes that a cycle took in from another source than the broker."""
    return {
        row.con_id: Close(source, row.last, row.last_close)
        for source, ingested in book.ingested.items()
        if source != BROKER
        for row in ingested.series
        if row.last_close is not None
    }


def _asked(home: Path) -> dict[int, Close]:
    command = [sys.executable, "-m", "trader.remarking", str(home)]
    try:
        ran = subprocess.run(
            command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=ASKED_SECONDS_MAX, check=True
        )
        rows = json.loads(ran.stdout)
        return {int(row[0]): Close(row[1], date.fromisoformat(row[2]), Decimal(row[3])) for row in rows}
    except (subprocess.SubprocessError, ValueError, OSError):
        return {}  # the last kept ones are told


def ask(home: Path) -> list[tuple[int, str, str, str]]:
    """Ask the second sources for the closes of what is held; the first that tells a contract counts."""
    from trader.assembly import second_sources_of
    from trader.settings import load
    from trader.sources.source import SourceError

    settings, book = load(home), book_of(home)
    clock = clock_of(home, settings.simulator.address)
    held = tuple(book.contracts[con_id] for con_id in book.positions if con_id in book.contracts)
    last_day = _last_session(Calendar.load(settings.schedule.calendar), clock.now())
    found: dict[int, tuple[int, str, str, str]] = {}
    for source in second_sources_of(settings, home, clock):
        for contract in held:
            try:
                bars = source.fetch((contract,), last_day).get(contract.con_id)
            except SourceError:
                continue
            if bars:
                close = (contract.con_id, source.name, bars[-1].day.isoformat(), str(bars[-1].close))
                found.setdefault(contract.con_id, close)
    return list(found.values())


def _last_session(calendar: Calendar, now: datetime) -> date:
    today = calendar.session_at(now)
    if today is not None and today.close <= now:
        return today.day
    return calendar.previous(now.astimezone(calendar.zone).date()).day


def main(arguments: list[str]) -> int:
    """Print the closes of a home as JSON; nothing is said of why there are none."""
    try:
        print(json.dumps(ask(Path(arguments[0]))))
    except (LogError, SettingsError, OSError):
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
