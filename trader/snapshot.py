"""Where the account stands: the figures of SnapshotTaken, read off the book."""

from __future__ import annotations

from decimal import Decimal, localcontext

from ledger.events import SnapshotCash, SnapshotRow, SnapshotTaken
from ledger.lots import EXACT, ZERO
from ledger.nav import exposure, mark, rate
from ledger.state import State


def snapshot(book: State) -> SnapshotTaken:
    """Return the snapshot of the running cycle; raises Unvalued where a position has no mark or a currency no rate."""
    if book.cycle is None or book.reported.nav is None:
        raise LookupError("a snapshot: expected a running cycle and a reported NAV")
    started, margin, reported = book.cycle.started, book.reported.margin, book.reported.nav
    with localcontext(EXACT):
        rows = tuple(_row(book, con_id) for con_id in sorted(book.positions))
        held = exposure(book)
        return SnapshotTaken(
            session_day=started.session_day,
            kind=started.kind,
            nav=held.nav,
            nav_reported=reported.without_accruals,
            cash=_cash(book),
            positions=rows,
            leverage_gross=held.leverage_gross,
            leverage_net=held.leverage_net,
            unrealised=sum((row.unrealised * rate(book, row.currency) for row in rows), ZERO),
            margin_initial=margin.initial if margin else None,
            margin_maintenance=margin.maintenance if margin else None,
            excess_liquidity=margin.excess_liquidity if margin else None,
            realised=_total(book, "realised"),
            commissions=_total(book, "commissions"),
            dividends=_total(book, "dividends"),
            taxes=_total(book, "taxes"),
            interest=_total(book, "interest"),
            fees=_total(book, "fees"),
            flows=flows_of(book),
            adjustments=adjustments_of(book),
        )


def flows_of(book: State) -> Decimal:
    """Return what came in and went out since the adoption, adopted balances included, in the base currency."""
    return _total(book, "transfers", "opening")


def adjustments_of(book: State) -> Decimal:
    """Return what was accepted against suspense since the adoption, in the base currency."""
    return _total(book, "suspense")


def _total(book: State, *accounts: str) -> Decimal:
    """Income is a negative balance of the journal, so a total is minus the sum of its accounts."""
    balances = ((currency, amount) for (account, currency), amount in book.journal.items() if account in accounts)
    return -sum((amount * rate(book, currency) for currency, amount in balances if amount), ZERO)


def _cash(book: State) -> tuple[SnapshotCash, ...]:
    held = sorted((currency, amount) for currency, amount in book.cash.items() if amount)
    return tuple(SnapshotCash(currency=c, amount=amount, rate=rate(book, c)) for c, amount in held)


def _row(book: State, con_id: int) -> SnapshotRow:
    holding = book.holdings[con_id]
    price = mark(book, con_id)
    value = holding.quantity * price * holding.multiplier
    return SnapshotRow(
        con_id=con_id,
        symbol=book.contracts[con_id].symbol,
        quantity=holding.quantity,
        mark=price,
        value=value,
        basis=holding.gross_basis,
        unrealised=value - holding.gross_basis,
        currency=holding.currency,
        target_weight=_target_weight(book, con_id),
    )


def _target_weight(book: State, con_id: int) -> Decimal | None:
    """Return what the session's last plan wanted, leverage and limits included; a closing cycle plans nothing."""
    if book.cycle is None:
        return None
    if book.cycle.plan:
        return next((planned.weight for planned in book.cycle.plan if planned.con_id == con_id), None)
    before = book.snapshots.get(book.cycle.started.session_day)
    rows = before.positions if before is not None else ()
    return next((row.target_weight for row in rows if row.con_id == con_id), None)
