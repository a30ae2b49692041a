"""Which of our facts make up each line of the broker's cash report."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ledger.events import (
    CashDeposited,
    CashWithdrawn,
    CommissionAdjusted,
    CommissionCharged,
    CurrencyConverted,
    DividendPaid,
    Fact,
    FeeCharged,
    FillBusted,
    InterestPaid,
    MergerApplied,
    OptionAssigned,
    OrderFilled,
    PaymentInLieuPaid,
    ProceedsSettled,
    ReturnOfCapitalPaid,
    TaxWithheld,
    TransactionTaxCharged,
    VariationSettled,
)
from reconcile.cash_lines import cash_lines
from tests.facts import contract

STOCK, FUTURE, PAIR, OPTION = 1, 2, 3, 4


CONTRACTS = {
    STOCK: contract(STOCK, "S"),
    FUTURE: contract(FUTURE, "S", kind="FUT", multiplier=50),
    PAIR: contract(PAIR, "EUR.USD", kind="CASH"),
    OPTION: contract(OPTION, "S", kind="OPT", multiplier=100),
}


def filled(execution: str, quantity: str, price: str, con_id: int = STOCK) -> OrderFilled:
    return OrderFilled(
        account="U1", execution_id=execution, con_id=con_id, quantity=Decimal(quantity), price=Decimal(price),
        currency="USD",
    )  # fmt: skip


def told(amount: str, **more: object) -> dict[str, object]:
    return {"source": "statement", "reference": "1", "amount": Decimal(amount), "currency": "USD", **more}


ALONE: tuple[tuple[str, Fact, dict[tuple[str, str], str]], ...] = (
    ("dividends", DividendPaid.model_validate(told("5", con_id=STOCK)), {("USD", "dividends"): "5"}),
    ("in lieu", PaymentInLieuPaid.model_validate(told("5", con_id=STOCK)), {("USD", "paymentInLieu"): "5"}),
    ("capital", ReturnOfCapitalPaid.model_validate(told("5", con_id=STOCK)), {("USD", "dividends"): "5"}),
    ("tax", TaxWithheld.model_validate(told("-1")), {("USD", "withholdingTax"): "-1"}),
    ("interest", InterestPaid.model_validate(told("2")), {("USD", "brokerInterest"): "2"}),
    ("coupon", InterestPaid.model_validate(told("2", con_id=STOCK)), {("USD", "bondInterest"): "2"}),
    ("fee", FeeCharged.model_validate(told("-3", kind="market_data")), {("USD", "otherFees"): "-3"}),
    ("adviser", FeeCharged.model_validate(told("-3", kind="advisor")), {("USD", "advisorFees"): "-3"}),
    ("refund", CommissionAdjusted.model_validate(told("1")), {("USD", "commissions"): "1"}),
    ("in", CashDeposited.model_validate(told("9")), {("USD", "depositWithdrawals"): "9"}),
    ("out", CashWithdrawn.model_validate(told("-9")), {("USD", "depositWithdrawals"): "-9"}),
    ("variation", VariationSettled.model_validate(told("4", con_id=FUTURE)), {("USD", "cashSettlingMtm"): "4"}),
    ("purchase", filled("a.01", "3", "10"), {("USD", "netTradesPurchases"): "-30"}),
    ("sale", filled("a.01", "-3", "10"), {("USD", "netTradesSales"): "30"}),
    ("future", filled("a.01", "3", "10", FUTURE), {}),
    (
        "pair",
        filled("a.01", "-100", "1.1", PAIR),
        {("USD", "netTradesSales"): "110", ("EUR", "netTradesPurchases"): "-100"},
    ),
    (
        "conversion",
        CurrencyConverted(
            source="s", reference="1", sold=Decimal(7), sold_currency="EUR", bought=Decimal(8), bought_currency="USD"
        ),
        {("EUR", "netTradesPurchases"): "-7", ("USD", "netTradesSales"): "8"},
    ),
    (
        "stamp duty",
        TransactionTaxCharged(execution_id="a.01", amount=Decimal("-0.5"), currency="GBP"),
        {("GBP", "transactionTax"): "-0.5"},
    ),
    (
        "merger",
        MergerApplied(
            con_id=STOCK, source="s", reference="1", quantity_change=Decimal(-1), cash=Decimal(6), currency="USD"
        ),
        {("USD", "netTradesSales"): "6"},
    ),
    (
        "assignment",
        OptionAssigned(
            con_id=OPTION, source="s", reference="1", quantity=Decimal(1), underlying_con_id=STOCK,
            underlying_quantity=Decimal(100), strike=Decimal(50), commission=Decimal("-0.1"),
        ),
        {("USD", "netTradesPurchases"): "-5000", ("USD", "commissions"): "-0.1"},
    ),
)  # fmt: skip


@pytest.mark.parametrize(("fact", "expected"), [row[1:] for row in ALONE], ids=[row[0] for row in ALONE])
def test_each_fact_has_its_line(fact: Fact, expected: dict[tuple[str, str], str]) -> None:
    assert cash_lines([fact], CONTRACTS) == {key: Decimal(amount) for key, amount in expected.items()}


def test_what_was_settled_counts_instead_of_price_times_quantity() -> None:
    settled = ProceedsSettled(execution_id="a.01", amount=Decimal("-1366.52"), currency="USD")

    assert cash_lines([filled("a.01", "3", "455.5054"), settled], CONTRACTS) == {
        ("USD", "netTradesPurchases"): Decimal("-1366.52")
    }


def test_a_correction_counts_instead_of_its_original_and_its_commission_too() -> None:
    charged = [
        CommissionCharged(execution_id=f"a.0{n}", amount=Decimal(-n), currency="USD", realised_reported=None)
        for n in (1, 2)
    ]

    assert cash_lines([filled("a.01", "3", "10"), filled("a.02", "2", "10"), *charged], CONTRACTS) == {
        ("USD", "netTradesPurchases"): Decimal(-20),
        ("USD", "commissions"): Decimal(-2),
    }


def test_a_bust_keeps_its_commission_alone() -> None:
    facts = [
        filled("a.01", "3", "10"),
        CommissionCharged(execution_id="a.01", amount=Decimal(-1), currency="USD"),
        FillBusted(account="U1", execution_id="a.01", reason="by the exchange"),
    ]

    assert cash_lines(facts, CONTRACTS) == {("USD", "commissions"): Decimal(-1)}


def test_what_is_cancelled_and_told_anew_counts_as_it_is_told_last() -> None:
    cancelled = FillBusted(account="U1", execution_id="a.01", reason="by the exchange")

    assert cash_lines([filled("a.01", "3", "10"), cancelled, filled("a.02", "2", "10")], CONTRACTS) == {
        ("USD", "netTradesPurchases"): Decimal(-20)
    }


def test_what_was_replaced_does_not_count() -> None:
    inferred = DividendPaid.model_validate({**told("5", con_id=STOCK), "reference": "guess", "provisional": True})
    paid = DividendPaid.model_validate(told("5.01", con_id=STOCK, replaces=inferred.key))

    assert cash_lines([inferred, paid], CONTRACTS) == {("USD", "dividends"): Decimal("5.01")}
