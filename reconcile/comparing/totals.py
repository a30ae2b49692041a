"""What both sides' totals are made of, and how far they may be apart: by rounding, marks, and what is still to come."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from ledger.effects.changes import MARGINED
from ledger.events.reconciliation import BreakKind
from ledger.lots import EXACT
from ledger.nav import VARIATION, mark, rate
from ledger.state import ZERO, Break, State
from reconcile.periods import broker_day
from reconcile.tolerances import Tolerances


def cash_differences(book: State, tolerances: Tolerances) -> dict[str, Decimal]:
    """Return found minus expected per currency, beyond rounding and commissions that are still to come."""
    reported = book.reported.cash or {}
    pending = pending_commissions(book, tolerances)
    differences = {}
    for currency in sorted(book.cash.keys() | reported.keys()):
        difference = reported.get(currency, ZERO) - book.cash.get(currency, ZERO)
        if not -pending.get(currency, ZERO) - tolerances.cash_rounding <= difference <= tolerances.cash_rounding:
            differences[currency] = difference
    return differences


def pending_commissions(book: State, tolerances: Tolerances) -> dict[str, Decimal]:
    """Bound by currency what commissions may cost that are still to come.

    The API tells them until the broker's midnight: one of an earlier session that has not come is missing in the book.
    """
    bounds: dict[str, Decimal] = {}
    today = None if book.cycle is None else broker_day(book.cycle.started.session_open)
    for fill in book.fills.values():
        if fill.commission is not None or fill.busted:
            continue
        if today is None or broker_day(fill.at) >= today:
            share = abs(fill.quantity) * fill.price * tolerances.pending_commission_share
            bound = max(share, tolerances.pending_commission_min)
            bounds[fill.currency] = bounds.get(fill.currency, ZERO) + bound
    return bounds


def explained_in_nav(book: State, tolerances: Tolerances) -> Decimal:
    """Return how much of the total the differences of positions and of cash make, in the base currency."""
    rows = book.reported.positions or {}
    own = book.positions
    worth = cash_value(book, cash_differences(book, tolerances))
    for con_id in own.keys() | rows.keys():
        quantity = rows[con_id].quantity if con_id in rows else ZERO
        worth += _position_value(book, con_id, quantity - own.get(con_id, ZERO))
    return worth


def apart_in_nav(book: State, bound: Decimal, own: Decimal) -> Decimal:
    """Return how far the totals may be apart: the bound, or more where that is known.

    Up to what the operator accepted last it is known. And the broker's cash may hold what futures gained since they
    were settled, which own NAV holds beside the cash.
    """
    reported = book.reported.nav
    if reported is None:
        return bound
    residual = reported.without_accruals - own
    near = (residual - accepted_last(book, "nav"), residual + cash_value(book, unsettled(book)))
    return max(bound, abs(residual)) if min(map(abs, near)) <= bound else bound


def listed_exposure(book: State) -> Decimal:
    """Return what the positions that the broker lists are worth at its marks, signs ignored; raises Unvalued."""
    rows = (book.reported.positions or {}).items()
    return sum((abs(_position_value(book, con_id, row.quantity)) for con_id, row in rows), ZERO)


def nav_bound(book: State, own: Decimal, tolerances: Tolerances) -> Decimal:
    """Bound what rounding, pending commissions and marks of different moments explain."""
    currencies = {c for c, amount in (*book.cash.items(), *(book.reported.cash or {}).items()) if amount}
    rounding = tolerances.cash_rounding * (1 + cash_value(book, dict.fromkeys(currencies, Decimal(1))))
    pending = cash_value(book, pending_commissions(book, tolerances))
    return max(rounding + pending, own * tolerances.nav_share)


def unsettled(book: State) -> dict[str, Decimal]:
    """Return what futures and CFDs gained since they were settled, by currency; raises Unvalued."""
    gained: dict[str, Decimal] = {}
    for con_id, holding in book.holdings.items():
        if book.contracts[con_id].security_type in MARGINED:
            amount = book.journal.get((f"{VARIATION}{con_id}", holding.currency), ZERO)
            if holding.quantity:
                amount += holding.quantity * mark(book, con_id) * holding.multiplier
            gained[holding.currency] = gained.get(holding.currency, ZERO) + amount
    return gained


def accepted_last(book: State, total: BreakKind) -> Decimal:
    """Return the residual that the operator accepted last: up to there it is known, beyond it is not."""
    breaks = (b for b in reversed(book.breaks.values()) if b.found.kind == total and b.status == "accepted")
    known = next(breaks, None)
    if known is None or _agreed_since(book, known):
        return ZERO
    return known.found.difference or ZERO


def _agreed_since(book: State, known: Break) -> bool:
    """Tell whether both totals ended a later session without the difference: then it is not known any more."""
    away = abs(known.found.difference or ZERO) / 2
    later = (
        taken for day, taken in book.snapshots.items() if known.session_day is not None and day > known.session_day
    )
    return any(abs(taken.nav_reported - taken.nav) < away for taken in later)


def cash_value(book: State, amounts: Mapping[str, Decimal]) -> Decimal:
    """Return what amounts by currency are worth in the base currency; raises Unvalued."""
    return sum((amount * rate(book, currency) for currency, amount in amounts.items() if amount), ZERO)


def _position_value(book: State, con_id: int, quantity: Decimal) -> Decimal:
    """Return what units are worth; what is margined was never paid: what it gained is in the cash."""
    contract = book.contracts.get(con_id)
    if not quantity or (contract is not None and contract.security_type in MARGINED):
        return ZERO
    row = (book.reported.positions or {}).get(con_id)
    currency = contract.currency if contract is not None else (row.currency if row is not None else book.base_currency)
    multiplier = contract.multiplier if contract is not None else Decimal(1)
    return EXACT.multiply(EXACT.multiply(quantity, mark(book, con_id)), multiplier) * rate(book, currency)
