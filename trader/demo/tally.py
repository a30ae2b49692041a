"""Both halves side by side: our book against the venue's own books, to the last digit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, localcontext
from typing import Any

from ledger.lots import EXACT, ZERO
from ledger.references import is_ours
from ledger.state import State


def differences(book: State, account: Mapping[str, Any]) -> tuple[str, ...]:
    """Name every quantity, cash balance, basis, realised P&L and NAV that differs; () while a commission is pending."""
    if account["pending_commissions"] or book.pending_commissions:
        return ()
    with localcontext(EXACT):
        return tuple(
            f"{what}: book {own}, venue {theirs}" for what, own, theirs in _pairs(book, account) if own != theirs
        )


def _pairs(book: State, account: Mapping[str, Any]) -> Iterator[tuple[str, Decimal, Decimal]]:
    cash = {currency: Decimal(amount) for currency, amount in account["cash"].items()}
    for currency in cash.keys() | book.cash.keys():
        yield f"cash {currency}", book.cash.get(currency, ZERO), cash.get(currency, ZERO)
    theirs = {int(con_id): row for con_id, row in account["positions"].items()}
    for con_id in sorted(theirs.keys() | book.positions.keys()):
        yield from _position(book, con_id, theirs.get(con_id))
    realised = sum((holding.realised for holding in book.holdings.values()), ZERO)
    yield "realised", realised, Decimal(account["realised"])
    marks = {con_id: Decimal(row["mark"]) for con_id, row in theirs.items()}
    yield "NAV", nav_at(book, marks), Decimal(account["nav"])


def _position(book: State, con_id: int, row: Mapping[str, Any] | None) -> Iterator[tuple[str, Decimal, Decimal]]:
    name = book.contracts[con_id].symbol if con_id in book.contracts else str(con_id)
    quantity = book.positions.get(con_id, ZERO)
    yield f"{name} quantity", quantity, Decimal(row["quantity"]) if row else ZERO
    if row and quantity:
        yield f"{name} basis", book.holdings[con_id].basis, Decimal(row["basis"])


def nav_at(book: State, marks: Mapping[int, Decimal]) -> Decimal:
    """Own NAV at given marks, base currency only."""
    with localcontext(EXACT):
        values = (quantity * marks.get(con_id, ZERO) for con_id, quantity in book.positions.items())
        return sum(book.cash.values(), ZERO) + sum(values, ZERO)


def lost_and_doubled(book: State, at_venue: Mapping[int, str]) -> tuple[int, int]:
    """Count our orders that only one side knows, and references that the venue saw more than once.

    `at_venue` maps every permanent id that the venue ever gave to its order reference.
    """
    ours = [reference for reference in at_venue.values() if is_ours(reference, book.account)]
    sent = {ref for ref, order in book.orders.items() if order.status not in ("rejected", "not_sent")}
    return len(sent ^ set(ours)), len(ours) - len(set(ours))
