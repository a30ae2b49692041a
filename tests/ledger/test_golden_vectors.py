"""Golden vectors from real statements, each told as facts: executions, futures, currencies, cash.

The figures are the broker's own. Those of lots alone stand in `test_lot_methods.py`, those of corporate actions in
`test_golden_vectors_of_actions.py`.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from ledger.book import Book
from ledger.events import (
    CommissionAdjusted,
    ContractDefined,
    DividendAccrualReversed,
    DividendAccrued,
    DividendPaid,
    Fact,
    ProceedsSettled,
    TransactionTaxCharged,
    VariationSettled,
)
from ledger.journal import balance
from ledger.nav import value
from tests.facts import (
    AAPL,
    ES,
    SPY,
    bought,
    busted,
    commission,
    contract,
    minutes,
    opened,
    positions_reported,
    rates,
    replay,
    row,
    sold,
    told,
)
from tests.ledger.acting import basis, realised

D = Decimal
OPTION = contract(901, "IWM", kind="OPT", multiplier=100)


def proceeds(execution: str, amount: str, currency: str = "USD") -> ProceedsSettled:
    return ProceedsSettled(execution_id=execution, amount=D(amount), currency=currency)


def variation(what: ContractDefined, amount: str, reference: str) -> VariationSettled:
    return VariationSettled(
        source="statement", reference=reference, amount=D(amount), currency=what.currency, con_id=what.con_id
    )


def marked(book: Book, what: ContractDefined, mark: str) -> Book:
    return told(book, rates(), positions_reported(row(what, str(book.positions[what.con_id]), mark)))


def test_gv01_a_bought_option_costs_its_premium_and_its_commission() -> None:
    book = replay([OPTION, bought(OPTION, "3", "2.92", execution="a.01"), commission("a.01", "-0.9314")])

    assert book.cash == {"USD": D("-876.9314")}
    assert (basis(book, OPTION), realised(book, OPTION)) == (D("876.9314"), D(0))
    assert value(marked(book, OPTION, "3.08"), OPTION.con_id) - book.holdings[901].gross_basis == D("48.00")


def test_gv02_a_sale_realises_proceeds_less_commission_less_basis() -> None:
    book = replay(
        [opened(AAPL, "8", "10.853621"), sold(AAPL, "8", "1.4", execution="a.01"), commission("a.01", "-0.00680792")]
    )

    assert realised(book, AAPL) == D("0.33957108")


def test_gv03_a_sold_option_has_its_net_proceeds_as_basis() -> None:
    book = replay([OPTION, sold(OPTION, "1", "0.53", execution="a.01"), commission("a.01", "-3.5")])

    assert (book.cash, basis(book, OPTION)) == ({"USD": D("49.5")}, D("-49.5"))


@pytest.mark.parametrize(
    ("quantity", "cost", "mark", "unrealised"),
    [
        pytest.param("-100", "-3440.5", "35.53", "-112.5", id="gv04 VXX -100"),
        pytest.param("-75", "-8190.802777", "19.42", "6734.302777", id="gv05 VXX -75"),
    ],
)
def test_gv04_and_gv05_a_short_gains_what_its_value_falls_below_its_proceeds(
    quantity: str, cost: str, mark: str, unrealised: str
) -> None:
    book = marked(replay([opened(SPY, quantity, cost)]), SPY, mark)

    assert value(book, SPY.con_id) - basis(book, SPY) == D(unrealised)


@pytest.mark.parametrize(
    "between",
    [
        pytest.param(proceeds("a.01", "-31010"), id="as proceeds"),
        pytest.param(
            TransactionTaxCharged(execution_id="a.01", name="stamp", amount=D(-10), currency="USD"), id="as a tax"
        ),
    ],
)
def test_gv06_what_stands_between_trade_money_and_net_cash_is_part_of_the_cost(between: Fact) -> None:
    book = replay([bought(AAPL, "10000", "3.1", execution="a.01"), between, commission("a.01", "-1")])

    assert (book.cash, basis(book, AAPL)) == ({"USD": D(-31011)}, D(31011))


def test_gv07_a_sanitised_fixture_does_not_add_up_so_its_figures_are_derived_and_never_copied() -> None:
    trade_money, printed, by_the_rule = D("10000"), D("1177.75"), D("1175.50")

    book = replay([bought(AAPL, "23.342", "436.98055", execution="a.01")])

    assert basis(book, AAPL) == D("23.342") * D("436.98055") == D("10199.9999981")
    assert basis(book, AAPL) - trade_money == D("199.9999981")  # no rounding explains that: the file was edited
    assert printed - by_the_rule == D("2.25")  # the fixture leaves a cost out of its own sum


def test_gv08_the_amount_that_the_broker_moved_counts_not_quantity_times_price() -> None:
    book = replay([bought(AAPL, "3", "455.5054", execution="a.01"), proceeds("a.01", "-1366.52")])

    assert D(3) * D("455.5054") == D("1366.5162")
    assert (book.cash, basis(book, AAPL)) == ({"USD": D("-1366.52")}, D("1366.52"))


def test_gv12_daily_variation_and_lots_agree_when_a_future_is_flat() -> None:
    opened_at_5000 = replay([bought(ES, "2", "5000", execution="a.01"), commission("a.01", "-4.5")])
    settled = told(opened_at_5000, variation(ES, "1000", "1"))
    closed = told(settled, sold(ES, "2", "4995", execution="b.01", at=minutes(9)), commission("b.01", "-4.5"))
    flat = told(closed, variation(ES, "-1500", "2"))

    cash = [book.cash["USD"] for book in (opened_at_5000, settled, closed, flat)]
    assert cash == [D("-4.5"), D("995.5"), D("991.0"), D("-509.0")]
    assert realised(flat, ES) == D(-509)
    assert balance(settled.journal, f"variation:{ES.con_id}", "USD") == D(-501000)  # value 501,000 less that: nothing
    assert balance(flat.journal, f"variation:{ES.con_id}", "USD") == 0


def test_gv22_a_dividend_accrues_on_the_ex_date_and_moves_cash_when_it_is_paid() -> None:
    assert (13_592 * D("2.5"), 25_383 * D("0.13")) == (D(33_980), D("3299.79"))
    accrual = {"con_id": AAPL.con_id, "reference": "1", "gross": D(33_980), "tax": D("-5097"), "currency": "USD"}
    paid = DividendPaid(source="statement", reference="2", amount=D(33_980), currency="USD", con_id=AAPL.con_id)

    accrued = replay([DividendAccrued.model_validate(accrual)])
    book = told(accrued, DividendAccrualReversed.model_validate(accrual), paid)

    assert (accrued.cash, balance(accrued.journal, "accruals", "USD")) == ({}, D(28_883))
    assert (book.cash, balance(book.journal, "accruals", "USD")) == ({"USD": D(33_980)}, D(0))
    assert balance(book.journal, "dividends", "USD") == -33_980


def test_gv23_a_pair_of_currencies_moves_two_amounts_and_its_commission_a_third() -> None:
    pair = contract(902, "EUR", "CHF", kind="CASH")

    book = replay(
        [pair, sold(pair, "3634", "1.0719", execution="a.01"), commission("a.01", "-1.8726", "EUR")]
    )  # fmt: skip

    assert book.cash == {"EUR": D("-3635.8726"), "CHF": D("3895.2846")}
    assert (book.positions, book.holdings) == ({}, {})


def test_gv24_a_bought_currency_is_worth_its_rate_less_what_was_paid() -> None:
    pair = contract(903, "EUR.USD", "USD", kind="CASH")

    book = replay([pair, bought(pair, "20000", "1.54390", execution="a.01"), commission("a.01", "-2.50")])

    assert book.cash["EUR"] * D("1.54385") + book.cash["USD"] == D("-3.50")


def test_gv25_a_correction_cancels_the_execution_and_puts_another_in_its_place() -> None:
    corrected = [bought(SPY, "10", "400", execution="x.01"), bought(SPY, "7", "399", execution="x.02")]

    book, backwards = replay(corrected), replay(corrected[::-1])

    assert (book.positions, book.cash) == ({SPY.con_id: D(7)}, {"USD": D(-2793)})
    assert (backwards.positions, backwards.cash, backwards.journal) == (book.positions, book.cash, book.journal)


def test_gv26_a_cancelled_trade_keeps_its_commission_until_it_is_given_back() -> None:
    cancelled = replay([bought(SPY, "450", "5.432", execution="x.01"), commission("x.01", "-2.4444"), busted("x.01")])
    refund = CommissionAdjusted(source="statement", reference="1", amount=D("2.4444"), currency="USD")

    assert (cancelled.cash, cancelled.positions) == ({"USD": D("-2.4444")}, {})
    assert told(cancelled, refund).cash["USD"] == 0


def test_a_pair_that_is_corrected_and_settled_moves_what_the_broker_says() -> None:
    pair = contract(903, "EUR.USD", "USD", kind="CASH")
    first, second = bought(pair, "100", "1.23456", execution="x.01"), bought(pair, "90", "1.23456", execution="x.02")

    settled = replay([pair, first, proceeds("x.01", "-123.46")])
    corrected = told(settled, second)

    assert settled.cash == {"EUR": 100, "USD": D("-123.46")}
    assert corrected.cash == {"EUR": 90, "USD": D("-111.1104")}
    assert told(corrected, busted("x.02")).journal == {}
