"""What each strategy has beside what it wants, where several share the account. Pure.

Shares are of NAV at the last snapshot's marks; what no strategy holds comes last. To tell another figure: `_line`.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, localcontext

from ledger.book import Book
from ledger.events import SnapshotTaken
from ledger.lots import EXACT, ZERO
from ledger.nav import Unvalued, mark, rate, ratio
from ledger.subbooks import REST, sub_position
from queries.figures import UNKNOWN, percent
from trader.notices.paragraphs import INDENT


def by_strategy(book: Book) -> Iterator[str]:
    """Tell of each strategy what it holds of each contract, and what it wanted last; nothing of one alone."""
    if not book.sub_positions or not book.snapshots:
        return
    last = book.snapshots[max(book.snapshots)]
    wanting = (name for name, wanted in book.wanted.items() if wanted.session_day == last.session_day)
    held = sorted({name for name, _ in book.sub_positions} | set(wanting))
    for name in (*held, REST):
        if lines := tuple(_lines(book, last, name)):
            yield f"{name or 'no strategy'}:"
            yield from lines


def _lines(book: Book, last: SnapshotTaken, name: str) -> Iterator[str]:
    wanted = book.wanted[name].exposures if name in book.wanted else {}
    for con_id in sorted({*book.positions, *wanted, *(con_id for _, con_id in book.sub_positions)}):
        units = sub_position(book, name, con_id)
        if units or con_id in wanted:
            yield _line(book, last, con_id, units, wanted.get(con_id, ZERO) if name else None)


def _line(book: Book, last: SnapshotTaken, con_id: int, units: Decimal, wanted: Decimal | None) -> str:
    beside = "" if wanted is None else f", {percent(wanted)} wanted"
    return f"{INDENT}{book.contracts[con_id].symbol} {_share(book, last, con_id, units)}{beside}"


def _share(book: Book, last: SnapshotTaken, con_id: int, units: Decimal) -> str:
    contract = book.contracts[con_id]
    try:
        with localcontext(EXACT):
            value = units * mark(book, con_id) * contract.multiplier * rate(book, contract.currency) if units else ZERO
        return percent(ratio(value, last.nav))
    except Unvalued:
        return UNKNOWN
