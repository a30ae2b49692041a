"""What was closed, lot by lot, and what money moved beside trades: from the whole log, with the rates of each moment.

The book keeps no more than its window, so that the log is folded whole here, and nothing of it is forgotten. An amount
is taken at the last rate that was recorded at or before its moment; without one it is unknown, never zero.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from heapq import merge
from pathlib import Path
from zoneinfo import ZoneInfo

from ledger.book import Book
from ledger.effects.changes import MARGINED
from ledger.events import (
    CommissionAdjusted,
    CycleStarted,
    DividendPaid,
    Fact,
    FeeCharged,
    InterestPaid,
    OrderFilled,
    PaymentInLieuPaid,
    PositionAction,
    RatesObserved,
    ReturnOfCapitalPaid,
    StatementImported,
    TaxWithheld,
    WashSaleObserved,
    execution_base,
)
from ledger.line import Event
from ledger.log import read_events
from ledger.lots import OPENING, exactly
from ledger.lots.disposals import Disposal, disposals
from ledger.undone import undone_by
from queries.figures import UNKNOWN
from queries.tables import HOME_ZONE

MONEY: tuple[tuple[type[Fact], str], ...] = (
    (DividendPaid, "dividend"),
    (PaymentInLieuPaid, "payment in lieu"),
    (TaxWithheld, "tax withheld"),
    (InterestPaid, "interest"),
    (FeeCharged, "fee"),
    (CommissionAdjusted, "commission adjustment"),
    (ReturnOfCapitalPaid, "return of capital"),
    (WashSaleObserved, "wash sale observed"),
)
KIND_OF = dict(MONEY)


@dataclass(slots=True)
class Rates:
    """Every change of an exchange rate to the base currency, in order of its moment."""

    base_currency: str = ""
    _changes: dict[str, list[tuple[datetime, Decimal]]] = field(default_factory=dict)

    def take(self, event: Event, fact: RatesObserved) -> None:
        """Keep what changed; a rate that is told late takes its place by its moment."""
        for row in fact.rows:
            known = self._changes.setdefault(row.currency, [])
            if not known or known[-1][0] <= event.at:
                if not known or known[-1][1] != row.rate:
                    known.append((event.at, row.rate))
            else:
                known.insert(bisect_right(known, event.at, key=_moment), (event.at, row.rate))

    def at(self, currency: str, moment: datetime) -> Decimal | None:
        """Return the last rate that was recorded at or before a moment; None if there is none."""
        if currency == self.base_currency:
            return Decimal(1)
        known = self._changes.get(currency, [])
        place = bisect_right(known, moment, key=_moment)
        return known[place - 1][1] if place else None

    def missing(self, currency: str, moment: datetime) -> str:
        """Name a rate that is not known."""
        return f"{UNKNOWN}: no rate {currency}/{self.base_currency} was recorded until {moment:%Y-%m-%d %H:%M} UTC"


def _moment(change: tuple[datetime, Decimal]) -> datetime:
    return change[0]


@dataclass(frozen=True, slots=True)
class Money:
    """Cash that moved, or was observed, without a trade."""

    kind: str
    at: datetime
    day: date
    con_id: int | None
    amount: Decimal
    currency: str
    note: str


@dataclass(slots=True)
class History:
    """The book of the whole log, and what it does not keep."""

    zone: str = HOME_ZONE
    book: Book = field(default_factory=Book)
    rates: Rates = field(default_factory=Rates)
    money: dict[str, Money] = field(default_factory=dict)  # by key; without what another fact replaced
    trade_dates: dict[str, date] = field(default_factory=dict)  # by execution base or action, where the broker told it
    first_day: date | None = None  # that a cycle or a statement tells of; None if none does
    last_day: date | None = None

    def take(self, event: Event) -> None:
        """Take a fact in."""
        fact = event.fact
        self.book.apply(event)
        if isinstance(fact, RatesObserved):
            self.rates.base_currency = self.book.base_currency
            self.rates.take(event, fact)
        elif isinstance(fact, OrderFilled | PositionAction):
            if event.trade_date is not None:
                name = execution_base(fact.execution_id)[0] if isinstance(fact, OrderFilled) else fact.key
                self.trade_dates[name] = event.trade_date
        elif event.key is not None and type(fact) in KIND_OF:
            self._take_money(event, event.key)
        elif isinstance(fact, CycleStarted):
            self._cover(fact.session_day, fact.session_day)
        elif isinstance(fact, StatementImported):
            self._cover(date.fromisoformat(fact.first_day), date.fromisoformat(fact.last_day))
        replaced = getattr(fact, "replaces", None)
        if replaced is not None:
            self.money.pop(replaced, None)
        for key in undone_by(fact):
            self.money.pop(key, None)

    def _cover(self, first: date, last: date) -> None:
        self.first_day = first if self.first_day is None else min(self.first_day, first)
        self.last_day = last if self.last_day is None else max(self.last_day, last)

    def _take_money(self, event: Event, key: str) -> None:
        if self.book.keys[key][0] == event.seq:  # else it is told twice
            fact: DividendPaid = event.fact  # type: ignore[assignment]
            note = getattr(fact, "note", "")
            day = event.trade_date or self.day_of(event.at)
            kind = KIND_OF[type(event.fact)]
            self.money[key] = Money(kind, event.at, day, fact.con_id, fact.amount, fact.currency, note)

    def day_of(self, moment: datetime) -> date:
        """Return the day of a moment, in the home's zone."""
        return moment.astimezone(ZoneInfo(self.zone)).date()

    def closed_on(self, disposal: Disposal) -> date:
        """Return the trade date of a disposal: the broker's, else the day in the home's zone."""
        return self.trade_dates.get(disposal.closed_by) or self.day_of(disposal.closed_at)

    def disposals(self, first: date | None = None, last: date | None = None) -> Iterator[Disposal]:
        """Yield what was closed from one day to another, in order."""
        each = (disposals(holding) for _, holding in sorted(self.book.holdings.items()))
        for found in merge(*each, key=lambda disposal: disposal.closed_at):
            day = self.closed_on(found)
            if (first is None or first <= day) and (last is None or day <= last):
                yield found

    def symbol(self, con_id: int | None) -> str:
        """Return what a person calls a contract; empty for none."""
        contract = None if con_id is None else self.book.contracts.get(con_id)
        return contract.symbol if contract else "" if con_id is None else str(con_id)

    def is_margin_product(self, con_id: int) -> bool:
        """Tell whether no notional was paid for it."""
        return self.book.contracts[con_id].security_type in MARGINED


def is_untold(disposal: Disposal) -> bool:
    """Tell whether units of before the log, whose basis no statement told, stood in the book at nothing."""
    return disposal.opened_by == OPENING and bool(disposal.quantity) and not disposal.basis


def read_history(home: Path, *, zone: str = HOME_ZONE, tell: Callable[[int], None] = lambda _: None) -> History:
    """Fold the whole log; `tell` is told the seq of each event."""
    return history_of(read_events(home), zone=zone, tell=tell)


def history_of(
    events: Iterable[Event], *, zone: str = HOME_ZONE, tell: Callable[[int], None] = lambda _: None
) -> History:
    """Fold events."""
    history = History(zone)
    with exactly():
        for event in events:
            history.take(event)
            tell(event.seq)
    history.rates.base_currency = history.book.base_currency
    return history
