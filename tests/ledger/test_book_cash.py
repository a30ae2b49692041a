from __future__ import annotations

from decimal import Decimal

import pytest

from ledger.book import Book
from ledger.events import (
    AccountAdopted,
    CashDeposited,
    CashWithdrawn,
    CurrencyConverted,
    DividendAccrualReversed,
    DividendAccrued,
    DividendPaid,
    Fact,
    FeeCharged,
    InterestPaid,
    PaymentInLieuPaid,
    TaxWithheld,
)
from ledger.journal import as_postings, trial_balance
from tests.facts import (
    ACCOUNT,
    SAP,
    SPY,
    bought,
    opened,
    opened_cash,
    replay,
    told,
)

D = Decimal


def held(book: Book) -> tuple[object, ...]:
    """SPY's quantity, basis by IB's convention, and realised P&L."""
    holding = book.holdings[SPY.con_id]
    return holding.quantity, holding.basis, holding.realised


@pytest.mark.parametrize(
    ("fact_type", "account"),
    [
        (DividendPaid, "dividends"),
        (PaymentInLieuPaid, "dividends"),
        (TaxWithheld, "taxes"),
        (InterestPaid, "interest"),
        (FeeCharged, "fees"),
        (CashDeposited, "transfers"),
        (CashWithdrawn, "transfers"),
    ],
)
def test_a_cash_movement_stands_in_cash_and_in_its_account(fact_type: type[Fact], account: str) -> None:
    given = {"source": "statement", "reference": "1", "amount": D("-12.34"), "currency": "USD"}
    if fact_type in (DividendPaid, PaymentInLieuPaid):
        given["con_id"] = SPY.con_id

    book = replay([opened_cash("100"), fact_type.model_validate(given)])

    assert book.cash == {"USD": D("87.66")}
    assert book.journal[account, "USD"] == D("12.34")


def test_a_conversion_gives_one_currency_for_another() -> None:
    conversion = CurrencyConverted(
        source="api", reference="1", sold=D("140.9268"), sold_currency="USD", bought=D(133), bought_currency="EUR"
    )

    book = replay([opened_cash("1000"), conversion])

    assert book.cash == {"USD": D("859.0732"), "EUR": 133}
    assert trial_balance(as_postings(book.journal)) == {"USD": 0, "EUR": 0}


def test_an_accrual_moves_no_cash_and_its_reversal_leaves_nothing() -> None:
    given = {
        "con_id": SPY.con_id, "reference": "7", "gross": D("45.65"), "tax": D("-6.85"), "currency": "USD",
    }  # fmt: skip
    book = replay([opened_cash("100"), DividendAccrued.model_validate(given)])

    assert book.cash == {"USD": 100}
    assert book.journal["accruals", "USD"] == D("38.80")
    after = told(book, DividendAccrualReversed.model_validate(given))
    assert after.journal == {("cash", "USD"): 100, ("opening", "USD"): -100}


def test_an_opening_position_is_a_lot_against_opening_equity() -> None:
    book = replay([opened_cash("100"), opened(SPY, "10", "3950.5"), opened(SAP, "-5", "-200")])

    assert book.positions == {SPY.con_id: 10, SAP.con_id: -5}
    assert book.cash == {"USD": 100}
    assert book.journal["opening", "USD"] == D("-4050.5")
    assert held(book) == (10, D("3950.5"), 0)


def test_what_an_adoption_names_is_never_booked_again() -> None:
    adopted = AccountAdopted(account=ACCOUNT, execution_ids=("a.01",), open_order_perm_ids=(77,))

    book = replay([adopted, opened(SPY, "10", "4000"), bought(SPY, "10", execution="a.01")])

    assert book.adopted
    assert book.adopted_perm_ids == {77}
    assert book.positions == {SPY.con_id: 10}
    assert book.fills == {}
