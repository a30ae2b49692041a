"""A book and a broker that agree, and what a test says is different about the broker's half."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from ledger.book import Book
from ledger.events import (
    BookReconciled,
    BreakClosed,
    BreakFound,
    Fact,
    OpenOrderRow,
    PositionRow,
)
from reconcile import Tolerances, acceptance, reconcile
from tests.facts import (
    AAPL,
    DAY,
    SPY,
    cash_reported,
    cycle_started,
    nav_reported,
    open_orders,
    opened,
    opened_cash,
    positions_reported,
    rates,
    replay,
    row,
    told,
)

RETAIL = Tolerances()
HELD = {"SPY": row(SPY, "10"), "AAPL": row(AAPL, "-5")}
OPENING = (
    opened_cash("92000"),
    opened(SPY, "10", "4000"),
    opened(AAPL, "-5", "-2000"),
    positions_reported(*HELD.values()),
)


def quiet_book() -> Book:
    """Return a book of 94,000.00: cash, ten SPY and five AAPL short, all at 400.00."""
    return replay(OPENING)


def look(
    book: Book,
    *,
    day: date = DAY,
    cash: dict[str, str] | None = None,
    rows: Iterable[PositionRow] | None = None,
    orders: tuple[OpenOrderRow, ...] = (),
    nav: str | None = None,
    others: dict[str, str] | None = None,
) -> Book:
    """Begin a cycle in which the broker reports its half: as the quiet book has it, unless told otherwise."""
    amounts = {"USD": "92000"} if cash is None else cash
    held = tuple(HELD.values() if rows is None else rows)
    known = {"USD": "1", **(others or {})}
    worth = sum((Decimal(amount) * Decimal(known.get(c, "0")) for c, amount in amounts.items()), Decimal(0))
    worth += sum((r.quantity * (r.mark or 0) * Decimal(known[r.currency]) for r in held), Decimal(0))
    attempt = 1 if book.cycle is None else book.cycle.started.attempt + 1
    return told(
        book,
        cycle_started(day, attempt=attempt),
        rates(**(others or {})),
        cash_reported(**amounts),
        positions_reported(*held),
        nav_reported(nav or str(worth)),
        open_orders(*orders),
    )


def found(facts: Iterable[Fact]) -> list[BreakFound]:
    return [fact for fact in facts if isinstance(fact, BreakFound)]


def closed(facts: Iterable[Fact]) -> list[str]:
    return [fact.break_id for fact in facts if isinstance(fact, BreakClosed)]


def reconciled(book: Book, tolerances: Tolerances = RETAIL) -> Book:
    return told(book, *reconcile(book, tolerances))


def accepted(book: Book, break_id: str) -> Book:
    return told(book, *acceptance(book, break_id, "seen to", as_suspense=True))


def agrees(book: Book, tolerances: Tolerances = RETAIL) -> bool:
    """Tell whether a reconciliation finds nothing and leaves nothing open."""
    facts = reconcile(book, tolerances)
    return len(facts) == 1 and isinstance(facts[0], BookReconciled) and facts[0].open_breaks == 0
