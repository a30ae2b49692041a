from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from ledger.events import (
    CashDeposited,
    DividendPaid,
    Fact,
    FeeCharged,
    InterestPaid,
    OpeningBalanceRecorded,
    StatementImported,
    TaxWithheld,
    WashSaleObserved,
)
from queries.closed_lots import History, history_of
from queries.performance import print_realised, realised
from queries.tables import UnknownDay
from queries.tax import LEFT_OUT, TaxLine, disposal_lines, payment_lines, print_tax
from tests.facts import (
    CONTRACTS,
    GENESIS,
    SAP,
    SPY,
    bought,
    commission,
    contract,
    event,
    opened_cash,
    rates,
    sold,
)

D = Decimal
MARCH, JUNE, YEAR_END = (
    datetime(2005, 3, 1, 15, tzinfo=UTC),
    datetime(2005, 6, 1, 15, tzinfo=UTC),
    datetime(2006, 1, 1, 2, tzinfo=UTC),  # still 2005 in New York
)
BEGAN = datetime(2005, 1, 3, 15, tzinfo=UTC)


def told(*facts: tuple[datetime, Fact]) -> History:
    """Fold facts, each recorded at its moment."""
    first = [(BEGAN, fact) for fact in (GENESIS, *CONTRACTS, opened_cash("100000"))]
    return history_of(event(fact, seq, moment) for seq, (moment, fact) in enumerate((*first, *facts)))


def dividend(amount: str, reference: str, currency: str = "USD", *, replaces: str | None = None) -> DividendPaid:
    return DividendPaid(
        source="statement", reference=reference, amount=D(amount), currency=currency, con_id=SAP.con_id,
        replaces=replaces,
    )  # fmt: skip


def withheld(amount: str, reference: str, currency: str = "USD") -> TaxWithheld:
    return TaxWithheld(source="statement", reference=reference, amount=D(amount), currency=currency, con_id=SAP.con_id)


def only(lines: Sequence[TaxLine]) -> TaxLine:
    (line,) = lines
    return line


LONG = (
    (MARCH, rates(EUR="1.3")),
    (MARCH, bought(SAP, "10", "40", execution="a.01", at=MARCH)),
    (MARCH, commission("a.01", "-1", "EUR")),
    (JUNE, rates(EUR="1.2")),
    (JUNE, sold(SAP, "4", "50", execution="b.01", at=JUNE)),
    (JUNE, commission("b.01", "-2", "EUR")),
)


def test_a_lot_costs_what_it_cost_at_its_day_and_brings_what_it_brought_at_its_own() -> None:
    history = told(*LONG)

    line = only(tuple(disposal_lines(history, 2005)))

    assert (line.symbol, line.opened, line.closed, line.quantity) == ("SAP", MARCH.date(), JUNE.date(), D(4))
    assert (line.proceeds, line.cost, line.gain, line.currency) == (D(198), D("160.4"), D("37.6"), "EUR")
    assert (line.proceeds_base, line.cost_base, line.gain_base) == (D("237.6"), D("208.52"), D("29.08"))
    assert line.unknown is None


def test_a_short_lot_brings_what_it_was_sold_for_at_the_opening() -> None:
    history = told(
        (MARCH, rates(EUR="1.3")),
        (MARCH, sold(SAP, "4", "50", execution="a.01", at=MARCH)),
        (MARCH, commission("a.01", "-1", "EUR")),
        (JUNE, rates(EUR="1.2")),
        (JUNE, bought(SAP, "4", "45", execution="b.01", at=JUNE)),
        (JUNE, commission("b.01", "-2", "EUR")),
    )

    line = only(tuple(disposal_lines(history, 2005)))

    assert (line.quantity, line.opened, line.closed) == (D(-4), MARCH.date(), JUNE.date())
    assert (line.proceeds, line.cost, line.gain) == (D(199), D(182), D(17))
    assert (line.proceeds_base, line.cost_base, line.gain_base) == (D("258.7"), D("218.4"), D("40.3"))


def test_without_a_rate_at_the_moment_an_amount_is_unknown_by_name_and_never_taken_at_a_later_rate() -> None:
    history = told(*LONG[1:])

    line = only(tuple(disposal_lines(history, 2005)))

    assert (line.gain, line.proceeds_base, line.cost_base, line.gain_base) == (D("37.6"), D("237.6"), None, None)
    assert line.unknown == "unknown: no rate EUR/USD was recorded until 2005-03-01 15:00 UTC"
    assert print_tax(history, 2005, "csv") == 1


def test_a_future_gains_at_the_rate_of_its_closing_for_no_notional_was_paid() -> None:
    bund = contract(99, "FGBL", "EUR", "FUT", 1000)
    history = told(
        (MARCH, rates(EUR="1.3")),
        (MARCH, bund),
        (MARCH, bought(bund, "1", "120", execution="a.01", at=MARCH)),
        (JUNE, rates(EUR="1.2")),
        (JUNE, sold(bund, "1", "121", execution="b.01", at=JUNE)),
    )

    line = only(tuple(disposal_lines(history, 2005)))

    assert (line.gain, line.gain_base) == (D(1000), D(1200))


def test_the_year_is_that_of_the_home_s_day() -> None:
    history = told(
        (MARCH, bought(SPY, "10", execution="a.01", at=MARCH)),
        (YEAR_END, sold(SPY, "10", execution="b.01", at=YEAR_END)),
    )

    assert only(tuple(disposal_lines(history, 2005))).closed == date(2005, 12, 31)
    assert tuple(disposal_lines(history, 2006)) == ()


def test_the_broker_s_trade_date_counts_where_it_is_told() -> None:
    sale = sold(SPY, "10", execution="b.01", at=YEAR_END).model_copy(update={"trade_date": date(2006, 1, 2)})
    history = told((MARCH, bought(SPY, "10", execution="a.01", at=MARCH)), (YEAR_END, sale))

    assert only(tuple(disposal_lines(history, 2006))).closed == date(2006, 1, 2)


def test_payments_are_listed_and_what_was_replaced_is_not() -> None:
    history = told(
        (MARCH, rates(EUR="1.3")),
        (MARCH, dividend("9", "guess", "EUR")),
        (MARCH, dividend("10", "1", "EUR", replaces=dividend("9", "guess").key)),
        (MARCH, withheld("-1.5", "2", "EUR")),
        (JUNE, InterestPaid(source="statement", reference="3", amount=D("0.75"), currency="USD")),
        (JUNE, FeeCharged(source="statement", reference="4", amount=D("-1.5"), currency="USD", note="data")),
        (JUNE, CashDeposited(source="statement", reference="5", amount=D("500"), currency="USD")),
        (YEAR_END, FeeCharged(source="statement", reference="6", amount=D("-2"), currency="USD")),
    )

    lines = tuple(payment_lines(history, 2005))

    assert [(line.kind, line.symbol, line.gain, line.currency, line.gain_base) for line in lines] == [
        ("dividend", "SAP", D(10), "EUR", D(13)),
        ("tax withheld", "SAP", D("-1.5"), "EUR", D("-1.95")),
        ("fee", "", D("-1.5"), "USD", D("-1.5")),
        ("interest", "", D("0.75"), "USD", D("0.75")),
        ("fee", "", D("-2"), "USD", D("-2")),
    ]
    assert tuple(payment_lines(history, 2006)) == ()


def test_a_year_is_told_with_what_it_leaves_out_on_top(capsys: pytest.CaptureFixture[str]) -> None:
    history = told(
        *LONG,
        (JUNE, dividend("10", "1", "EUR")),
        (JUNE, withheld("-1.5", "2", "EUR")),
        (JUNE, WashSaleObserved(con_id=SPY.con_id, source="statement", reference="1", amount=D("7"), currency="USD")),
    )

    status = print_tax(history, 2005, "table")

    said = capsys.readouterr().out.splitlines()
    assert status == 0
    assert said[0] == "DU1000001 2005, by trade date in America/New_York; base currency USD. Left out:"
    assert said[1 : 1 + len(LEFT_OUT)] == [f" - {note}" for note in LEFT_OUT]
    assert "together  proceeds 198.00 - cost 160.40 = +37.60 EUR  (29.08 USD)" in said
    assert [line.split() for line in said[-3:]] == [
        ["dividend", "SAP", "EUR", "1", "+10.00", "12.00"],
        ["tax", "withheld", "SAP", "EUR", "1", "-1.50", "-1.80"],
        ["wash", "sale", "observed", "SPY", "USD", "1", "+7.00", "7.00"],
    ]


def test_a_commission_that_has_not_come_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    print_tax(told((MARCH, bought(SPY, "10", execution="a.01", at=MARCH))), 2005, "table")

    said = capsys.readouterr().out
    assert " - 1 commissions have not come yet: their gains are before them\n" in said
    assert said.count("none\n") == 2


def test_json_and_csv_carry_every_digit(capsys: pytest.CaptureFixture[str]) -> None:
    history = told(*LONG, (JUNE, dividend("10", "1", "EUR")))

    print_tax(history, 2005, "json")
    whole = json.loads(capsys.readouterr().out)
    print_tax(history, 2005, "csv")
    printed = capsys.readouterr()

    assert whole["left_out"] == list(LEFT_OUT)
    assert [(line["kind"], line["gain_base"]) for line in whole["lines"]] == [("disposal", "29.08"), ("dividend", "12")]
    assert [(each["kind"], each["amount"]) for each in whole["sums"]] == [("disposal", "37.6"), ("dividend", "10")]
    assert printed.out.splitlines()[0].split(",") == list(whole["lines"][0])
    assert len(printed.out.splitlines()) == 3
    assert printed.err.startswith("left out: wash sales")


def test_a_year_of_nothing_is_valid_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_tax(told(), 2001, "json") == 0
    assert json.loads(capsys.readouterr().out)["lines"] == []


# Realised, by contract and month


def test_what_was_realised_is_told_by_contract_and_month(capsys: pytest.CaptureFixture[str]) -> None:
    history = told(*LONG, (YEAR_END, sold(SAP, "6", "41", execution="c.01", at=YEAR_END)))

    rows = [
        (each.period, each.symbol, each.closed, each.before_commissions, each.commissions, each.realised, each.in_base)
        for each in realised(history)
    ]

    assert rows == [
        ("2005-06", "SAP", D(4), D(40), D("-2.4"), D("37.6"), D("45.12")),
        ("2005-12", "SAP", D(6), D(6), D("-0.6"), D("5.4"), D("6.48")),
    ]
    assert print_realised(realised(history, date(2005, 12, 1)), "USD", "table") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "together 6.48 USD, commissions of both legs included"


def test_a_realised_sum_whose_rate_is_missing_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    history = told(*LONG[1:3], (JUNE, sold(SAP, "4", "50", execution="b.01", at=JUNE)))

    assert print_realised(realised(history), "USD", "table") == 1
    assert "together unknown: a rate is missing\n" in capsys.readouterr().out
    assert print_realised(realised(told()), "USD", "table") == 0


def test_a_basis_that_no_statement_told_is_unknown_and_never_a_gain(capsys: pytest.CaptureFixture[str]) -> None:
    untold = OpeningBalanceRecorded(currency="USD", amount=D(0), con_id=SPY.con_id, quantity=D(10))
    history = told((MARCH, untold), (JUNE, sold(SPY, "10", "400", execution="z.01", at=JUNE)))

    line = only(list(disposal_lines(history, 2005)))

    assert (line.cost, line.gain, line.gain_base, line.unknown) == (None, None, None, "its basis was not told")
    (by_contract,) = realised(history)
    assert (by_contract.realised, by_contract.before_commissions, by_contract.in_base) == (None, None, None)
    assert by_contract.unknown == "its basis was not told"
    assert print_realised([by_contract], "USD", "table") == 1
    assert "together unknown: a basis was not told\n" in capsys.readouterr().out
    assert print_tax(history, 2005, "table") == 1
    assert "cost and gain unknown: a basis was not told" in capsys.readouterr().out


def test_a_year_that_is_told_in_part_says_so_and_one_that_is_not_told_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told_of = StatementImported(
        account="DU1", first_day="2005-03-01", last_day="2005-06-30", file_sha256="0" * 64, source="flex", facts=1,
        facts_new=1,
    )  # fmt: skip
    history = told((JUNE, told_of), *LONG)

    assert print_tax(history, 2005, "table") == 0
    assert " - every other day: the log tells of 2005-03-01 to 2005-06-30 alone" in capsys.readouterr().out.splitlines()
    with pytest.raises(UnknownDay, match="2004: expected a year of 2005-03-01 to 2005-06-30"):
        print_tax(history, 2004, "table")
