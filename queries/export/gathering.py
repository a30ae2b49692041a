"""One reading of the log: the book of the whole history, and what the book itself does not keep of it.

Lots and executions are taken from the book at the end, so that each stands where it belongs economically, as it is
known now: corrected, or gone. Everything else is taken as it was posted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from ledger.book import Book
from ledger.collecting import uncollected
from ledger.events import (
    CommissionCharged,
    Fact,
    FillBusted,
    LotMethodSet,
    LotsSpecified,
    OpeningBalanceRecorded,
    OpeningLotsRecorded,
    OrderFilled,
    PositionAdjusted,
    PositionTransferred,
    ProceedsSettled,
    TransactionTaxCharged,
)
from ledger.journal import Written
from ledger.line import Event
from ledger.lots import OPENING, exactly

Legs = tuple[tuple[str, Decimal], ...]

# Told by the book's fills and holdings, whatever was posted on the way.
OF_EXECUTIONS: frozenset[type[Fact]] = frozenset((
    OrderFilled, FillBusted, CommissionCharged, ProceedsSettled, TransactionTaxCharged, LotMethodSet, LotsSpecified,
))  # fmt: skip


@dataclass(slots=True)
class Posted:
    """What one fact posted beside lots, in all its currencies."""

    event: Event
    legs: list[tuple[str, str, Decimal]] = field(default_factory=list)  # account, currency, amount


@dataclass(slots=True)
class Gathered:
    """A log, read."""

    book: Book
    posted: list[Posted]
    told: dict[tuple[int, str], Event]  # by contract and entry id: the fact that changed lots without being a fill


def gather(events: Iterable[Event], tell: Callable[[int], None] = lambda _: None) -> Gathered:
    """Fold events into a book that forgets nothing; `tell` is told the seq of each."""
    book = Book()
    written = book.journal = Written()
    gathered = Gathered(book, [], {})
    entries, executions = written.entries, OF_EXECUTIONS
    with exactly(), uncollected():
        for event in events:
            book.apply(event)
            if entries:
                if type(event.fact) not in executions:
                    _take(gathered, event, entries)
                entries.clear()
            tell(event.seq)
    return gathered


def _take(gathered: Gathered, event: Event, entries: list[tuple[str, Legs]]) -> None:
    posted, is_moved = Posted(event), isinstance(event.fact, PositionTransferred)
    for currency, legs in entries:
        if is_moved or not legs or any(_is_of_lots(account) for account, _ in legs):  # units may have no basis
            gathered.told[_entry_of(event)] = event
        else:
            posted.legs += ((account, currency, amount) for account, amount in legs)
    if posted.legs:
        gathered.posted.append(posted)


def _is_of_lots(account: str) -> bool:
    return account in ("realised", "exchange") or account.startswith("position:")


def _entry_of(event: Event) -> tuple[int, str]:
    """Return the contract and the id under which a fact stands in it; it may reach others, under the same id."""
    fact = event.fact
    con_id: int = getattr(fact, "con_id", None) or 0
    match fact:
        case OpeningBalanceRecorded() | OpeningLotsRecorded():
            return con_id, OPENING
        case PositionAdjusted():
            return con_id, fact.break_id
        case _:
            return 0, event.key or ""


def fact_of(gathered: Gathered, con_id: int, entry_id: str) -> Event | None:
    """Return the fact behind an entry that is no fill."""
    bare = entry_id[1:] if entry_id[:1] in ("+", "-") else entry_id
    return gathered.told.get((con_id, entry_id)) or gathered.told.get((0, bare))
