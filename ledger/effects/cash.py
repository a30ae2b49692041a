"""Cash that moves without a trade, and what accrues. Each effect posts a balanced entry.

To add a plain movement: name its account in `CASH_ACCOUNTS` (`ledger/effects/replacing.py`).
"""

from __future__ import annotations

from decimal import Decimal

from ledger.booked import Booked, Step
from ledger.effects.announcements import arrived
from ledger.effects.changes import MARGINED, Effect, change, check_contract, earn, holding_of, impossible
from ledger.effects.replacing import CASH_ACCOUNTS, replaceable
from ledger.events import (
    CashDeposited,
    CurrencyConverted,
    DividendAccrualReversed,
    DividendAccrued,
    DividendPaid,
    Fact,
    FeeCharged,
    InterestAccrued,
    ReturnOfCapitalPaid,
    VariationSettled,
    decimal_text,
)
from ledger.journal import post
from ledger.line import Event
from ledger.lots import Recost
from ledger.state import Impossible, State


def _cash_effect(account: str) -> Effect:
    def effect(state: State, event: Event) -> None:
        fact: CashDeposited = event.fact  # type: ignore[assignment]
        earn(state, fact.currency, fact.amount, account)
        if account == "transfers":
            _keep_arrived(state, event, account)
        elif account == "fees":
            _keep_fee(state, event)
        elif account == "dividends" and fact.replaces is None:
            _keep_paid(state, event)

    return effect


def _keep_arrived(state: State, event: Event, account: str) -> None:
    """Remember which flow came by what is only inferred: it is expected again if that is undone."""
    fact: CashDeposited = event.fact  # type: ignore[assignment]
    flow = arrived(state, fact)
    if flow is not None and fact.provisional:
        state.booked[fact.key] = Booked(event.at, cash=((fact.currency, account, fact.amount),), flow=flow)


def _keep_paid(state: State, event: Event) -> None:
    """Remember which accrual is paid, the last that was to be by then: until it is reversed, it stands as before."""
    fact: DividendPaid = event.fact  # type: ignore[assignment]
    day = fact.report_date or event.at.date()
    due = [
        (accrual.pay_date, reference)
        for reference, accrual in state.accruals.items()
        if (accrual.con_id, accrual.gross, accrual.currency) == (fact.con_id, fact.amount, fact.currency)
        and accrual.pay_date is not None
        and accrual.pay_date <= day
        and reference not in state.accruals_paid
    ]
    if due:
        state.accruals_paid[max(due)[1]] = fact.key


def _keep_fee(state: State, event: Event) -> None:
    """Remember what fees the broker charged, for it charges the same again; and which were for borrowed shares."""
    fact: FeeCharged = event.fact  # type: ignore[assignment]
    if fact.kind == "borrow":
        state.borrow_fees[fact.key] = event.seq
    elif not fact.provisional:
        state.fees[f"{fact.currency}/{decimal_text(fact.amount)}"] = fact.key


def _variation(state: State, event: Event) -> None:
    """Settle into cash what a future or a CFD gained: its account is zero once it is flat and settled."""
    fact: VariationSettled = event.fact  # type: ignore[assignment]
    what = ("variation", fact.reference, "of contract", fact.con_id)
    contract = check_contract(state, fact.con_id, fact.currency, what)
    if contract.security_type not in MARGINED:
        raise impossible(what, f"expected a future or a CFD, found {contract.security_type}")
    account = f"variation:{fact.con_id}"
    earn(state, fact.currency, fact.amount, account)
    if fact.provisional:
        state.booked[fact.key] = Booked(event.at, cash=((fact.currency, account, fact.amount),))


def _capital_returned(state: State, event: Event) -> None:
    """Take cash off the basis; what exceeds it is realised."""
    fact: ReturnOfCapitalPaid = event.fact  # type: ignore[assignment]
    what = ("return of capital", fact.reference, "of contract", fact.con_id)
    check_contract(state, fact.con_id, fact.currency, what)
    before = holding_of(state, fact.con_id)
    after = before.with_entry(Recost(event.at, fact.key, 0, fact.amount, "return_of_capital"))
    change(state, before, after, ("cash", fact.amount), since=event.at)
    state.booked[fact.key] = Booked(event.at, (Step(fact.con_id, fact.key, (("cash", fact.amount),)),))


def _converted(state: State, event: Event) -> None:
    fact: CurrencyConverted = event.fact  # type: ignore[assignment]
    if fact.replaces is not None and not fact.sold and not fact.bought:
        return  # it takes another's place, and leaves it empty
    if fact.sold <= 0 or fact.bought <= 0:
        raise Impossible(f"conversion {fact.reference}: expected two amounts above zero")
    earn(state, fact.sold_currency, -fact.sold, "conversion")
    earn(state, fact.bought_currency, fact.bought, "conversion")


def _accrued(sign: int) -> Effect:
    def effect(state: State, event: Event) -> None:
        fact: DividendAccrued = event.fact  # type: ignore[assignment]
        gross, tax = fact.gross * sign, fact.tax * sign
        post(state.journal, fact.currency, ("accruals", gross + tax), ("dividends", -gross), ("taxes", -tax))
        if sign < 0:
            state.accruals.pop(fact.reference, None)
            state.accruals_paid.pop(fact.reference, None)
        elif f"accrual-reversed/{fact.reference}" not in state.keys:
            state.accruals[fact.reference] = fact

    return effect


def _interest_accrued(state: State, event: Event) -> None:
    fact: InterestAccrued = event.fact  # type: ignore[assignment]
    amount: Decimal = fact.amount
    post(state.journal, fact.currency, ("accruals", amount), ("interest", -amount))


EFFECTS: tuple[tuple[type[Fact], Effect], ...] = (
    *((fact_type, replaceable(_cash_effect(account))) for fact_type, account in CASH_ACCOUNTS),
    (VariationSettled, replaceable(_variation)),
    (ReturnOfCapitalPaid, replaceable(_capital_returned)),
    (CurrencyConverted, replaceable(_converted)),
    (DividendAccrued, _accrued(+1)),
    (DividendAccrualReversed, _accrued(-1)),
    (InterestAccrued, _interest_accrued),
)
