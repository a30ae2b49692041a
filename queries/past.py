"""The account at a moment of the past, as tables: as it was known then, or as it is known now.

As known then, every relation is made of the lines that were recorded by then. As of then, of what is known now to have
happened by then (`ledger/history.py`): the book is folded of those facts, and tells what `AS_OF` names; what a cycle
wrote down at the time, it wrote down as it was known then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from queries.fence import StatementError

if TYPE_CHECKING:
    import duckdb

    from ledger.book import Book
    from ledger.state import State

AS_OF = ("positions", "lots", "cash", "nav", "realised", "journal", "trial_balance", "strategy_books")
NEVER_KNOWN = ("bars",)  # of which only the newest word is kept
MONEY = "DECIMAL"
POSITIONS = (
    ("con_id", "BIGINT"), ("symbol", "VARCHAR"), ("quantity", MONEY), ("mark", MONEY), ("value", MONEY),
    ("basis", MONEY), ("unrealised", MONEY), ("currency", "VARCHAR"),
)  # fmt: skip
CASH = (("currency", "VARCHAR"), ("amount", MONEY), ("rate", MONEY))
LINES = ("realised", "unrealised", "commissions", "dividends", "taxes", "interest", "fees", "flows", "adjustments")
NAV = (("taken_at", "TIMESTAMPTZ"), ("nav", MONEY), ("leverage_gross", MONEY), *((line, MONEY) for line in LINES))
ACCOUNTS_OF = {"flows": ("transfers", "opening"), "adjustments": ("suspense",)}  # else the account of that name
Row = tuple[object, ...]


class NotOfThePast(StatementError):
    """A relation that cannot be told of a moment of the past."""

    code = "sql-past"


class Past(NamedTuple):
    """A moment, and by whose knowledge."""

    moment: datetime
    known_then: bool  # else as it is known now

    def require(self, names: Collection[str] | None) -> None:
        """Refuse relations that cannot be told of the past; NotOfThePast names one."""
        strange = [
            name for name in names or () if (name in NEVER_KNOWN if self.known_then else name not in AS_OF)
        ]  # fmt: skip
        if strange and self.known_then:
            raise NotOfThePast(f"{strange[0]}: expected what the log tells; of it only the newest word is kept")
        if strange:
            raise NotOfThePast(
                f"{sorted(strange)[0]}: expected one of {', '.join(AS_OF)} as of a moment; the others stand as they "
                "were recorded: ask with --as-known-at"
            )


def show_as_of(
    con: duckdb.DuckDBPyConnection, home: Path, past: Past, names: Collection[str], tell: Callable[[int], None]
) -> tuple[Path, ...]:
    """Make what is known now of a moment; return the files that it reads."""
    from queries.book_tables.rows import fill_rows
    from queries.book_tables.showing import show

    book, files = show(con, home, names, past.moment, known_then=False, tell=tell)
    for name, columns, rows in (("positions", POSITIONS, position_rows), ("cash", CASH, cash_rows)):
        if name in names:
            fill_rows(con, name, columns, rows(book))
    if "nav" in names:
        fill_rows(con, "nav", NAV, nav_rows(book, past.moment))
    return files


def position_rows(book: Book) -> Iterator[Row]:
    """Yield what is held, at the last mark."""
    for con_id in sorted(book.positions):
        holding, contract = book.holdings[con_id], book.contracts[con_id]
        price, value = _marked(book, con_id)
        gain = None if value is None else value - holding.gross_basis
        yield (
            con_id, contract.symbol, holding.quantity, price, value, holding.gross_basis, gain, holding.currency,
        )  # fmt: skip


def _marked(book: State, con_id: int) -> tuple[Decimal | None, Decimal | None]:
    from ledger.nav import Unvalued, mark

    try:
        price = mark(book, con_id)
    except Unvalued:
        return None, None
    return price, book.holdings[con_id].quantity * price * book.holdings[con_id].multiplier


def cash_rows(book: Book) -> Iterator[Row]:
    """Yield what cash there is, by currency."""
    held = ((currency, amount) for currency, amount in sorted(book.cash.items()) if amount)
    yield from ((currency, amount, book.rates.get(currency)) for currency, amount in held)


def nav_rows(book: Book, moment: datetime) -> Iterator[Row]:
    """Yield one row, as a snapshot would have told it; none where something held has no mark or no rate."""
    from ledger.nav import Unvalued, exposure, rate

    if not book.adopted:
        return
    try:
        held = exposure(book)
        unrealised = Decimal(0)
        for con_id in book.positions:
            value = _marked(book, con_id)[1]
            assert value is not None  # else exposure had raised
            unrealised += (value - book.holdings[con_id].gross_basis) * rate(book, book.holdings[con_id].currency)
        totals = {line: _total(book, ACCOUNTS_OF.get(line, (line,))) for line in LINES} | {"unrealised": unrealised}
        yield moment, held.nav, held.leverage_gross, *(totals[line] for line in LINES)
    except Unvalued:
        return


def _total(book: State, accounts: Collection[str]) -> Decimal:
    from ledger.nav import rate

    balances = ((currency, amount) for (account, currency), amount in book.journal.items() if account in accounts)
    return -sum((amount * rate(book, currency) for currency, amount in balances if amount), Decimal(0))
