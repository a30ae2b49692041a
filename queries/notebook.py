"""The book at a moment, as data frames: for notebooks.

    book = book_at("demo", datetime(2005, 2, 17, 16, tzinfo=ZoneInfo("America/New_York")))
    book.positions, book.lots, book.cash, book.nav, book.realised, book.balances, book.orders, book.breaks
    book.book  # the thing itself: `ledger.book.Book`

Money and quantities are Decimals, in columns of objects: sums are exact, a chart wants `.astype(float)`. The book is
folded on from the last checkpoint before the moment wherever that tells the same. To show more of the book, add a
property.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from queries.fence import HOME_ZONE, new_database

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from ledger.book import Book


def frame(answer: duckdb.DuckDBPyRelation) -> pd.DataFrame:
    """Return what `connect(home).sql(…)` answers as a data frame that keeps Decimals; its own `df()` makes floats."""
    return _frame(answer.columns, answer.fetchall())


def book_at(
    home: Path | str, moment: datetime | date | None = None, *, known: bool = False, zone: str = HOME_ZONE
) -> BookAt:
    """Return the book at a moment, with what was told later of the time before; with `known`, as it was known then.

    None is now; a day is its end in the zone. LogError for a log that is damaged.
    """
    from ledger.checkpoints import book_of
    from queries.book_tables.showing import show

    if moment is None:
        book = book_of(Path(home))
        return BookAt(book, book.now)
    at = _moment(moment, zone)
    with new_database() as con:
        return BookAt(show(con, Path(home), (), at, known_then=known).book, at)


def _moment(told: datetime | date, zone: str) -> datetime:
    if not isinstance(told, datetime):
        midnight = datetime.combine(told + timedelta(days=1), time(), ZoneInfo(zone))
        return midnight.astimezone(UTC) - timedelta(microseconds=1)
    if told.tzinfo is None:
        raise ValueError(f"expected a moment with its time zone, found {told}; say tzinfo=ZoneInfo({zone!r})")
    return told.astimezone(UTC)


@dataclass(frozen=True, repr=False)
class BookAt:
    """The book at a moment, part by part as data frames."""

    book: Book
    moment: datetime

    def __repr__(self) -> str:
        """Say which book it is: its whole state would fill pages."""
        held = ", ".join(self.book.contracts[con_id].symbol for con_id in self.book.positions) or "nothing"
        return f"<book of {self.book.account} at {self.moment:%Y-%m-%d %H:%M} UTC: {held}>"

    @property
    def positions(self) -> pd.DataFrame:
        """What is held, at the last mark; value and unrealised in the contract's currency, None without a mark."""
        from queries.past import POSITIONS, position_rows

        return _frame(_names(POSITIONS), position_rows(self.book))

    @property
    def lots(self) -> pd.DataFrame:
        """The open lots, oldest first in each contract; gross is what was paid, commission signed as cash."""
        from queries.book_tables.showing import SHOWN, lot_rows

        return _frame(_names(SHOWN["lots"]), lot_rows(self.book))

    @property
    def cash(self) -> pd.DataFrame:
        """Cash by currency, and the last rate: units of the base currency for one."""
        from queries.past import CASH, cash_rows

        return _frame(_names(CASH), cash_rows(self.book))

    @property
    def nav(self) -> pd.DataFrame:
        """NAV, leverage and what made them, in the base currency; no row where something has no mark or no rate."""
        from queries.past import NAV, nav_rows

        return _frame(_names(NAV), nav_rows(self.book, self.moment))

    @property
    def realised(self) -> pd.DataFrame:
        """What was realised, a row a contract, in its currency; lot by lot: the relation `realised` in SQL."""
        rows = [
            (con_id, self.book.contracts[con_id].symbol, held.realised_gross, held.realised_commission, held.realised,
             held.currency)
            for con_id, held in sorted(self.book.holdings.items())
        ]  # fmt: skip
        return _frame(("con_id", "symbol", "gross", "commission", "net", "currency"), rows)

    @property
    def balances(self) -> pd.DataFrame:
        """The journal's accounts; each currency sums to zero."""
        rows = [(account, currency, amount) for (account, currency), amount in sorted(self.book.journal.items())]
        return _frame(("account", "currency", "balance"), rows)

    @property
    def orders(self) -> pd.DataFrame:
        """Orders of ours that may still fill; quantities signed, + to buy."""
        rows = [
            (order.order_ref, order.con_id, order.quantity, order.filled, order.limit_price, order.status,
             order.attempted_at)
            for order in self.book.working_orders
        ]  # fmt: skip
        names = ("order_ref", "con_id", "quantity", "filled", "limit_price", "status", "attempted_at")
        return _frame(names, rows)

    @property
    def breaks(self) -> pd.DataFrame:
        """Breaks that are open, oldest first."""
        rows = [
            (each.found.break_id, each.found.kind, each.found.subject, each.found.consequence, each.found.text)
            for each in self.book.open_breaks
        ]
        return _frame(("break_id", "kind", "subject", "consequence", "text"), rows)


def _names(columns: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(name for name, _ in columns)


def _frame(names: Sequence[str], rows: Iterable[Sequence[object]]) -> pd.DataFrame:
    """Make a frame of which no number is a float: what is missing stays None, and does not make one of an integer."""
    import pandas as pd

    told = pd.DataFrame([[_plain(value) for value in row] for row in rows], columns=list(names), dtype=object)
    whole = [name for name in dict.fromkeys(names) if not told[name].isna().to_numpy().any()]
    return told.assign(**{name: told[name].infer_objects() for name in whole if names.count(name) == 1})


def _plain(value: object) -> object:
    """Return a Decimal without the zeros at its end, which are those of a column and say nothing."""
    from ledger.events import decimal_text

    return Decimal(decimal_text(value)) if isinstance(value, Decimal) else value
