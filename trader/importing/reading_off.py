"""What a statement says of its beginning. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal

from ledger.book import Book
from ledger.events import OpeningLot, OrderFilled, RateRow, RatesObserved
from reconcile.periods import BROKER_ZONE
from reconcile.statements import Statement
from trader.importing.opening import Said

Dated = tuple[tuple[datetime, Decimal], ...]  # when lots were opened, and how many units each holds


def beginning_of_statement(statement: Statement) -> datetime:
    """Return the first moment of a statement's period."""
    return _beginning(statement.first_day)


def _beginning(day: date) -> datetime:
    return datetime.combine(day, time(), BROKER_ZONE).astimezone(UTC)


def rates_of(statement: Statement, book: Book) -> Iterator[RatesObserved]:
    """Yield the rates of each day that no earlier statement told: cycles observe their own."""
    if statement.base_currency != book.base_currency:
        return
    for day, rates in sorted((statement.observed.rates_by_day or {}).items()):
        if book.statement_until is None or day > book.statement_until:
            rows = tuple(RateRow(currency=currency, rate=rate) for currency, rate in sorted(rates.items()))
            yield RatesObserved(
                base_currency=book.base_currency, rows=rows, source="statement", occurred_at=_beginning(day)
            )


def said_of(statement: Statement) -> Said:
    """Return what the beginning can be read off."""
    told = statement.observed
    return Said(
        beginning=beginning_of_statement(statement),
        contracts={contract.con_id: contract for contract in statement.contracts},
        facts=statement.facts,
        closing=told.closing,
        opening=told.opening,
        realised=told.realised_by_execution or {},
        realised_of=told.realised,
        positions=None if told.positions is None else {c: (h.quantity, h.basis) for c, h in told.positions.items()},
        cash_start=told.cash_start,
        cash_ends=told.cash is not None,
        accruals_start=told.accruals_start,
        lots=dict(_old_lots(statement)),
        opened_at=dict(_opened_at(statement)),
    )


def _old_lots(statement: Statement) -> Iterator[tuple[int, tuple[OpeningLot, ...]]]:
    """Yield the lots at the end that no execution of the statement opened."""
    traded = _traded(statement)
    for con_id, lots in (statement.observed.lots or {}).items():
        old = (lot for lot in lots if (con_id, _second(lot.opened_at)) not in traded)
        yield con_id, tuple(sorted(old, key=lambda lot: lot.opened_at))


def _traded(statement: Statement) -> set[tuple[int, datetime | None]]:
    return {(fact.con_id, _second(fact.occurred_at)) for fact in statement.facts if isinstance(fact, OrderFilled)}


def _opened_at(statement: Statement) -> Iterator[tuple[int, Dated]]:
    """Yield when the lots were opened that no execution of the statement opened: closed ones first, as they closed."""
    traded = _traded(statement)
    dated = dict[int, list[tuple[datetime | None, Decimal]]]()
    for closed in sorted(statement.observed.closed_lots or (), key=lambda lot: lot.closed_at):
        dated.setdefault(closed.con_id, []).append((closed.opened_at, closed.quantity))
    for con_id, lots in (statement.observed.lots or {}).items():
        dated.setdefault(con_id, []).extend((lot.opened_at, lot.quantity) for lot in lots)
    for con_id, parts in dated.items():
        if all(moment is not None for moment, _ in parts):
            yield con_id, tuple((m, q) for m, q in parts if m is not None and (con_id, _second(m)) not in traded)


def _second(moment: datetime | None) -> datetime | None:
    """Return a moment without what the broker's times do not tell."""
    return None if moment is None else moment.replace(microsecond=0)
