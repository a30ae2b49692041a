"""Which facts make up each line of the broker's cash report, per currency. Pure.

A line bears the broker's own name. To add one: its case in `_line_of`, or a leg in `_traded`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TypeVar

from ledger.events import (
    BrokerCash,
    CashDeposited,
    CashWithdrawn,
    CommissionAdjusted,
    CommissionCharged,
    ContractDefined,
    CurrencyConverted,
    DividendPaid,
    Fact,
    FeeCharged,
    FillBusted,
    InterestPaid,
    MergerApplied,
    OptionExercised,
    OrderFilled,
    PaymentInLieuPaid,
    ProceedsSettled,
    ReturnOfCapitalPaid,
    TaxWithheld,
    TransactionTaxCharged,
    VariationSettled,
    execution_base,
)
from ledger.lots import EXACT, ZERO, exactly

MARGIN = ("FUT", "CFD")  # their price moves as variation, never as a purchase
Contracts = Mapping[int, ContractDefined]
Amounts = dict[tuple[str, str], Decimal]  # (currency, line)
Leg = tuple[str, str, Decimal]  # line, currency, amount

KINDS_OF_FEE: Mapping[str, str] = {"advisor": "advisorFees", "broker": "brokerFees", "client": "clientFees"}


def cash_lines(facts: Iterable[Fact], contracts: Contracts) -> Amounts:
    """Return what the facts of a period add up to, line by line."""
    amounts: Amounts = {}
    with exactly():
        for line, currency, amount in _legs(tuple(facts), contracts):
            amounts[currency, line] = amounts.get((currency, line), ZERO) + amount
    return amounts


def _legs(facts: tuple[Fact, ...], contracts: Contracts) -> Iterable[Leg]:
    replaced = {fact.replaces for fact in facts if isinstance(fact, BrokerCash) and fact.replaces}
    for fact in facts:
        if isinstance(fact, BrokerCash):
            if fact.key not in replaced:
                yield (_line_of(fact), fact.currency, fact.amount)
        elif isinstance(fact, CurrencyConverted):
            yield ("netTradesSales", fact.bought_currency, fact.bought)
            yield ("netTradesPurchases", fact.sold_currency, -fact.sold)
    yield from _traded(facts, contracts)


def _line_of(fact: BrokerCash) -> str:
    match fact:
        case DividendPaid() | ReturnOfCapitalPaid():
            return "dividends"
        case PaymentInLieuPaid():
            return "paymentInLieu"
        case TaxWithheld():
            return "withholdingTax"
        case InterestPaid():
            return "brokerInterest" if fact.con_id is None else "bondInterest"
        case FeeCharged():
            return KINDS_OF_FEE.get(fact.kind, "otherFees")
        case CommissionAdjusted():
            return "commissions"
        case CashDeposited() | CashWithdrawn():
            return "depositWithdrawals"
        case VariationSettled():
            return "cashSettlingMtm"
        case _:
            return fact.type


def _traded(facts: tuple[Fact, ...], contracts: Contracts) -> Iterable[Leg]:
    """Yield what executions moved, their valid revisions alone, and actions that buy or sell."""
    fills, settled, charged = _valid(facts)
    for base, fill in fills.items():
        contract = contracts[fill.con_id]
        if contract.security_type not in MARGIN:
            moved = settled.get(base, EXACT.multiply(-fill.quantity * fill.price, contract.multiplier))
            yield _trade_leg(fill.currency, moved)
        if contract.security_type == "CASH":
            yield _trade_leg(contract.symbol[:3], fill.quantity)
    for commission in charged:
        yield ("commissions", commission.currency, commission.amount)
    for fact in facts:
        if isinstance(fact, TransactionTaxCharged):
            yield ("transactionTax", fact.currency, fact.amount)
        elif isinstance(fact, MergerApplied) and fact.cash:
            yield _trade_leg(fact.currency, fact.cash)
        elif isinstance(fact, OptionExercised):
            yield from _exercise(fact, contracts)


def _exercise(fact: OptionExercised, contracts: Contracts) -> Iterable[Leg]:
    currency = contracts[fact.con_id].currency
    if fact.amount is not None:
        yield _trade_leg(currency, fact.amount)
    elif fact.underlying_con_id is not None:
        multiplier = contracts[fact.underlying_con_id].multiplier
        yield _trade_leg(currency, -fact.underlying_quantity * fact.strike * multiplier)
    if fact.commission is not None:
        yield ("commissions", currency, fact.commission)


def _trade_leg(currency: str, moved: Decimal) -> Leg:
    return ("netTradesSales" if moved > 0 else "netTradesPurchases", currency, moved)


def _valid(
    facts: tuple[Fact, ...],
) -> tuple[dict[str, OrderFilled], dict[str, Decimal], tuple[CommissionCharged, ...]]:
    """Return executions, what was settled for them, and commissions: of each the last revision."""
    fills, settled, charged = dict[str, OrderFilled](), dict[str, ProceedsSettled](), dict[str, CommissionCharged]()
    for fact in facts:
        match fact:
            case OrderFilled():
                _keep(fills, fact)
            case ProceedsSettled():
                _keep(settled, fact)
            case CommissionCharged():
                _keep(charged, fact)
            case _:
                pass
    for fact in facts:
        if isinstance(fact, FillBusted):
            base, revision = execution_base(fact.execution_id)
            if base in fills and execution_base(fills[base].execution_id)[1] <= revision:
                del fills[base]
    return fills, {base: last.amount for base, last in settled.items()}, tuple(charged.values())


F = TypeVar("F", OrderFilled, ProceedsSettled, CommissionCharged)


def _keep(kept: dict[str, F], fact: F) -> None:
    base, revision = execution_base(fact.execution_id)
    if base not in kept or execution_base(kept[base].execution_id)[1] <= revision:
        kept[base] = fact
