"""What moves cash and positions. Each effect posts a balanced entry; `_traded` derives it for every change of lots."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from ledger.events import (
    CashAdjusted,
    CashDeposited,
    CashWithdrawn,
    CommissionCharged,
    CurrencyConverted,
    DividendAccrualReversed,
    DividendAccrued,
    DividendPaid,
    Fact,
    FeeCharged,
    FillBusted,
    InterestPaid,
    OpeningBalanceRecorded,
    OrderFilled,
    PaymentInLieuPaid,
    PositionAdjusted,
    TaxWithheld,
    execution_base,
)
from ledger.forgetting import known_order
from ledger.journal import post
from ledger.line import Event
from ledger.lots import Holding, Trade, new
from ledger.state import ZERO, Fill, Impossible, Order, State, changed

CASH_ACCOUNTS: tuple[tuple[type[Fact], str], ...] = (
    (DividendPaid, "dividends"),
    (PaymentInLieuPaid, "dividends"),
    (TaxWithheld, "taxes"),
    (InterestPaid, "interest"),
    (FeeCharged, "fees"),
    (CashDeposited, "transfers"),
    (CashWithdrawn, "transfers"),
)
Effect = Callable[[State, Event], None]


def _filled(state: State, event: Event) -> None:
    fact: OrderFilled = event.fact  # type: ignore[assignment]
    base, revision = execution_base(fact.execution_id)
    known = state.fills.get(base)
    order = known_order(state, fact.order_ref)
    _check_fill(state, fact, known, order)
    if known is not None and (known.revision > revision or known.busted):
        return  # an older revision told late changes nothing
    if known is not None:
        _untrade(state, base, known)
    con_id, quantity, price, currency, at = fact.con_id, fact.quantity, fact.price, fact.currency, event.at
    commission = (None, None, 0) if known is None else known.commission_told
    state.fills[base] = new(Fill, (
        fact.execution_id, revision, con_id, quantity, price, currency, fact.order_ref, fact.perm_id, fact.client_id,
        at, event.seq, order is None, *commission, False,
    ))  # fmt: skip
    holding = _holding(state, con_id)
    gross = quantity * price * holding.multiplier
    charged = commission[0] if commission[1] == currency else None
    trade = new(Trade, (at, base, revision, quantity, gross, charged or ZERO, "fifo", ()))
    _traded(state, holding, holding.with_trade(trade), gross, "cash")
    _fill_order(state, fact.order_ref, quantity)


def _check_fill(state: State, fact: OrderFilled, known: Fill | None, order: Order | None) -> None:
    con_id, quantity, what = fact.con_id, fact.quantity, ("execution", fact.execution_id)
    _check_account(state, fact.account, what)
    _check_contract(state, con_id, fact.currency, what)
    if not quantity or fact.price < ZERO:
        raise _impossible(what, f"{quantity} at {fact.price} is no trade")
    if order is not None and order.con_id != con_id:
        raise _impossible(what, f"order {fact.order_ref} is for {order.con_id}, not {con_id}")
    if order is not None and (order.quantity > 0) != (quantity > 0):
        raise _impossible(what, f"order {fact.order_ref} is for {order.quantity}, found {quantity}")
    if known is not None and known.con_id != con_id:
        raise _impossible(what, f"corrects one of {known.con_id}, found {con_id}")


def _impossible(what: tuple[object, ...], why: str) -> Impossible:
    """Say it once it is known to be so: every execution is checked, and hardly one is refused."""
    return Impossible(f"{' '.join(map(str, what))}: {why}")


def _check_account(state: State, account: str, what: tuple[object, ...]) -> None:
    if account != state.account:
        raise _impossible(what, f"expected account {state.account}, found {account}")


def _check_contract(state: State, con_id: int, currency: str, what: tuple[object, ...]) -> None:
    contract = state.contracts.get(con_id)
    if contract is None:
        raise _impossible(what, f"contract {con_id} is not defined")
    if contract.security_type != "STK":
        raise _impossible(what, f"the book cannot hold {contract.security_type} yet")
    if contract.currency != currency:
        raise _impossible(what, f"expected {contract.currency}, found {currency}")


def _untrade(state: State, base: str, known: Fill) -> None:
    """Take a fill out of lots, cash and its order; its commission stays charged."""
    holding = state.holdings[known.con_id]
    gross = known.quantity * known.price * holding.multiplier
    _traded(state, holding, holding.without_trade(base), -gross, "cash")
    _fill_order(state, known.order_ref, -known.quantity)


def _fill_order(state: State, order_ref: str, quantity: Decimal) -> None:
    order = state.orders.get(order_ref)
    if order is None:
        return
    filled = order.filled + quantity
    status = order.status
    if abs(filled) >= abs(order.quantity):
        status = "filled"
    elif status == "filled" and order.filled_reported is not None:
        status = "cancelled"  # it had ended before a late fill made it whole, and that fill was taken back
    elif status in ("attempted", "filled"):
        status = "working"
    state.keep_order(order.executed(filled, status))


def _busted(state: State, event: Event) -> None:
    fact: FillBusted = event.fact  # type: ignore[assignment]
    base, _ = execution_base(fact.execution_id)
    known = state.fills.get(base)
    _check_account(state, fact.account, ("bust of", fact.execution_id))
    if known is None:
        raise Impossible(f"bust of {fact.execution_id}: no such execution is recorded")
    if not known.busted:
        _untrade(state, base, known)
        state.fills[base] = changed(known, busted=True)


def _commission(state: State, event: Event) -> None:
    fact: CommissionCharged = event.fact  # type: ignore[assignment]
    base, revision = execution_base(fact.execution_id)
    known = state.fills.get(base)
    if known is None:
        raise Impossible(f"commission of {fact.execution_id}: no such execution is recorded")
    if revision < known.commission_revision:
        return
    if known.commission is not None and known.commission_currency != fact.currency:
        raise Impossible(
            f"commission of {fact.execution_id}: expected {known.commission_currency}, found {fact.currency}"
        )
    amount, currency = fact.amount, fact.currency
    _earn(state, currency, amount if known.commission is None else amount - known.commission, "commissions")
    state.fills[base] = known.charged(amount, currency, revision)
    if currency == known.currency and not known.busted:
        state.holdings[known.con_id] = state.holdings[known.con_id].with_commission(base, amount)


def _traded(state: State, before: Holding, after: Holding, gross: Decimal, against: str) -> None:
    """Post a change of lots: what was paid, what the basis became, and what that realised."""
    was, now, con_id, currency = before.now, after.now, after.con_id, after.currency
    basis, realised = now.gross - was.gross, now.realised_gross - was.realised_gross
    post(state.journal, currency, (against, -gross), (f"position:{con_id}", basis), ("realised", -realised))
    if against == "cash":
        _move_cash(state, currency, -gross)
    state.holdings[con_id] = after


def _holding(state: State, con_id: int) -> Holding:
    contract = state.contracts[con_id]
    return state.holdings.get(con_id) or Holding(con_id, contract.currency, contract.multiplier)


def _earn(state: State, currency: str, amount: Decimal, account: str) -> None:
    """Move cash, + received, against an account."""
    post(state.journal, currency, ("cash", amount), (account, -amount))
    _move_cash(state, currency, amount)


def _move_cash(state: State, currency: str, amount: Decimal) -> None:
    state.cash[currency] = state.cash.get(currency, ZERO) + amount


def _cash_effect(account: str) -> Effect:
    def effect(state: State, event: Event) -> None:
        fact: CashDeposited = event.fact  # type: ignore[assignment]
        _earn(state, fact.currency, fact.amount, account)

    return effect


def _converted(state: State, event: Event) -> None:
    fact: CurrencyConverted = event.fact  # type: ignore[assignment]
    if fact.sold <= 0 or fact.bought <= 0:
        raise Impossible(f"conversion {fact.reference}: expected two amounts above zero")
    _earn(state, fact.sold_currency, -fact.sold, "conversion")
    _earn(state, fact.bought_currency, fact.bought, "conversion")


def _accrued(sign: int) -> Effect:
    def effect(state: State, event: Event) -> None:
        fact: DividendAccrued = event.fact  # type: ignore[assignment]
        gross, tax = fact.gross * sign, fact.tax * sign
        post(state.journal, fact.currency, ("accruals", gross + tax), ("dividends", -gross), ("taxes", -tax))
        if sign < 0:
            state.accruals.pop(fact.reference, None)
        elif f"accrual-reversed/{fact.reference}" not in state.keys:
            state.accruals[fact.reference] = fact

    return effect


def _opened(state: State, event: Event) -> None:
    fact: OpeningBalanceRecorded = event.fact  # type: ignore[assignment]
    if fact.con_id is None:
        _earn(state, fact.currency, fact.amount, "opening")
        return
    what = ("opening balance of contract", fact.con_id)
    _check_contract(state, fact.con_id, fact.currency, what)
    if not fact.quantity:
        raise _impossible(what, f"expected a quantity, found {fact.quantity}")
    holding = _holding(state, fact.con_id)
    trade = Trade(event.at, "opening", 0, fact.quantity, fact.amount)
    _traded(state, holding, holding.with_trade(trade), fact.amount, "opening")


def _position_adjusted(state: State, event: Event) -> None:
    fact: PositionAdjusted = event.fact  # type: ignore[assignment]
    what = ("adjustment of contract", fact.con_id, "for", fact.break_id)
    _check_contract(state, fact.con_id, fact.currency, what)
    if fact.quantity == 0:
        raise _impossible(what, "expected a change of quantity")
    holding = _holding(state, fact.con_id)
    trade = Trade(event.at, fact.break_id, event.seq, fact.quantity, fact.amount)
    _traded(state, holding, holding.with_trade(trade), fact.amount, "suspense")


def _cash_adjusted(state: State, event: Event) -> None:
    fact: CashAdjusted = event.fact  # type: ignore[assignment]
    _earn(state, fact.currency, fact.amount, "suspense")


EFFECTS: tuple[tuple[type[Fact], Effect], ...] = (
    (OrderFilled, _filled),
    (FillBusted, _busted),
    (CommissionCharged, _commission),
    (CurrencyConverted, _converted),
    (DividendAccrued, _accrued(+1)),
    (DividendAccrualReversed, _accrued(-1)),
    (OpeningBalanceRecorded, _opened),
    (PositionAdjusted, _position_adjusted),
    (CashAdjusted, _cash_adjusted),
    *((fact_type, _cash_effect(account)) for fact_type, account in CASH_ACCOUNTS),
)
