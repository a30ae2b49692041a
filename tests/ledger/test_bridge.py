from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from ledger.book import Book
from ledger.bridge import LINES, PRIOR_PERIOD, Bridge, Standing, bridge, standing, summed
from ledger.bridged_days import BridgedDay, bridged_days
from ledger.events import (
    AcceptanceTakenBack,
    BreakAccepted,
    BreakFound,
    CashAdjusted,
    CashDeposited,
    CashWithdrawn,
    CurrencyConverted,
    DividendAccrualReversed,
    DividendAccrued,
    DividendPaid,
    Fact,
    FeeCharged,
    InterestPaid,
    OpeningLot,
    OpeningLotsRecorded,
    PositionTransferred,
    TaxWithheld,
    VariationSettled,
)
from ledger.nav import Unvalued, own_nav
from tests.facts import (
    AAPL,
    ES,
    SAP,
    SPY,
    START,
    bought,
    commission,
    minutes,
    opened,
    opened_cash,
    positions_reported,
    rates,
    replay,
    row,
    sold,
)
from tests.ledger.bridging import bridged, closing, day_of, log_of

D = Decimal


def known(day: BridgedDay) -> Bridge:
    assert day.bridge is not None, day.unknown
    return day.bridge


def moved(found: Bridge) -> Mapping[str, Decimal]:
    """The lines that say something."""
    return {line: amount for line, amount in found.lines.items() if amount}


def test_a_day_is_explained_to_the_last_digit() -> None:
    first = (
        opened_cash("10000"),
        bought(SPY, "10", "400", execution="a.01"),
        commission("a.01", "-1"),
        *closing(0, rates(), positions_reported(row(SPY, "10", "402"))),
    )
    second = (
        sold(SPY, "4", "405.5", execution="b.01", at=START + timedelta(days=1)),
        commission("b.01", "-1.25"),
        DividendPaid(source="statement", reference="1", con_id=SPY.con_id, amount=D("8"), currency="USD"),
        TaxWithheld(source="statement", reference="2", con_id=SPY.con_id, amount=D("-2.4"), currency="USD"),
        InterestPaid(source="statement", reference="3", amount=D("0.75"), currency="USD"),
        FeeCharged(source="statement", reference="4", amount=D("-1.5"), currency="USD"),
        CashWithdrawn(source="statement", reference="5", amount=D("-500"), currency="USD"),
        CashAdjusted(break_id="B-1", amount=D("0.02"), currency="USD", why="a test"),
        *closing(1, rates(), positions_reported(row(SPY, "6", "401"))),
    )

    days = bridged(first, second)

    assert [day.day for day in days] == [day_of(0), day_of(1)]
    assert moved(known(days[0])) == {"unrealised": 20, "commissions": -1, "flows": 10_000}
    assert moved(known(days[1])) == {
        "realised": 22, "unrealised": -14, "commissions": D("-1.25"), "dividends": 8, "taxes": D("-2.4"),
        "interest": D("0.75"), "fees": D("-1.5"), "flows": -500, "adjustments": D("0.02"),
    }  # fmt: skip
    assert [known(day).residual for day in days] == [0, 0]
    assert known(days[1]).gain == D("11.62")


def test_the_closing_rate_values_the_day_and_translation_what_was_held() -> None:
    first = (opened_cash("1000"), opened_cash("200", "EUR"), *closing(0, rates(EUR="1.3")))
    second = (
        InterestPaid(source="statement", reference="1", amount=D("10"), currency="EUR"),
        *closing(1, rates(EUR="1.35")),
    )

    found = known(bridged(first, second)[1])

    assert moved(found) == {"interest": D("13.5"), "translation": D("10")}
    assert (found.opening, found.closing, found.residual) == (D("1260"), D("1283.5"), D(0))
    assert [(line.line, line.currency, line.amount, line.rate) for line in found.native] == [
        ("interest", "EUR", D(10), D("1.35"))
    ]


def test_a_conversion_gains_or_loses_what_the_closing_rate_says() -> None:
    converted = CurrencyConverted(
        source="api", reference="1", sold=D("100"), sold_currency="EUR", bought=D("131"), bought_currency="USD"
    )
    first = (opened_cash("300", "EUR"), *closing(0, rates(EUR="1.3")))

    found = known(bridged(first, (converted, *closing(1, rates(EUR="1.3"))))[1])

    assert moved(found) == {"conversion": D("1")}
    assert found.residual == 0


def test_what_is_announced_stands_beside_nav_until_it_is_paid() -> None:
    held = (opened_cash("1000"), bought(SPY, "10", "40", execution="a.01"), commission("a.01", "0"))
    observed = (rates(), positions_reported(row(SPY, "10", "40")))
    told = {"con_id": SPY.con_id, "reference": "1", "gross": "8", "tax": "-2.4", "currency": "USD"}
    paid = (
        DividendAccrualReversed.model_validate_json(json.dumps(told)),
        DividendPaid(source="statement", reference="1", con_id=SPY.con_id, amount=D("8"), currency="USD"),
        TaxWithheld(source="statement", reference="2", con_id=SPY.con_id, amount=D("-2.4"), currency="USD"),
    )

    days = bridged(
        (*held, *closing(0, *observed)),
        (DividendAccrued.model_validate_json(json.dumps(told)), *closing(1, *observed)),
        (*paid, *closing(2, *observed)),
    )

    assert (moved(known(days[1])), known(days[1]).accrued) == ({}, D("5.6"))
    assert (moved(known(days[2])), known(days[2]).accrued) == ({"dividends": 8, "taxes": D("-2.4")}, D("-5.6"))
    assert [known(day).residual for day in days] == [0, 0, 0]


def test_a_fill_of_the_day_before_stands_in_the_prior_period() -> None:
    first = (
        opened_cash("10000"),
        bought(SPY, "10", "400", execution="a.01"),
        commission("a.01", "-1"),
        *closing(0, rates(), positions_reported(row(SPY, "10", "402"))),
    )
    late = (
        sold(SPY, "4", "405", execution="b.01", at=START - timedelta(minutes=5)),
        commission("b.01", "-1.25"),  # told without a time: it was charged when the fill happened
    )
    second = (*late, *closing(1, rates(), positions_reported(row(SPY, "6", "403"))))

    found = known(bridged(first, second)[1])

    assert moved(found) == {"unrealised": D("6"), PRIOR_PERIOD: D("10.75")}  # 4 x (405 - 402) - 1.25
    assert (found.residual, found.prior_flows) == (D(0), D(0))


def test_a_correction_of_an_earlier_fill_stands_in_the_prior_period() -> None:
    first = (
        opened_cash("10000"),
        bought(SPY, "10", "400", execution="a.01"),
        *closing(0, rates(), positions_reported(row(SPY, "10", "402"))),
    )
    second = (
        bought(SPY, "10", "399.5", execution="a.02"),
        *closing(1, rates(), positions_reported(row(SPY, "10", "402"))),
    )

    found = known(bridged(first, second)[1])

    assert (moved(found), found.residual) == ({PRIOR_PERIOD: D("5")}, D(0))


def test_the_broker_s_word_for_what_was_inferred_the_day_before_stands_in_the_prior_period_by_its_difference() -> None:
    inferred = DividendPaid(
        source="rule", reference="1", con_id=SPY.con_id, amount=D("8"), currency="USD", provisional=True
    )
    paid = DividendPaid(
        source="statement", reference="1", con_id=SPY.con_id, amount=D("7.95"), currency="USD",
        replaces=inferred.key, occurred_at=START - timedelta(hours=1),
    )  # fmt: skip

    days = bridged((opened_cash("1000"), inferred, *closing(0, rates())), (paid, *closing(1, rates())))

    assert [moved(known(day)) for day in days] == [{"dividends": 8, "flows": 1000}, {PRIOR_PERIOD: D("-0.05")}]
    assert known(days[1]).gain == D("-0.05")


def test_a_deposit_that_is_told_late_is_a_flow_and_no_gain() -> None:
    first = (opened_cash("1000"), *closing(0, rates()))
    deposit = CashDeposited(
        source="statement", reference="1", amount=D("250"), currency="USD", occurred_at=START - timedelta(minutes=1)
    )

    found = known(bridged(first, (deposit, *closing(1, rates())))[1])

    assert moved(found) == {PRIOR_PERIOD: D("250")}
    assert (found.flows, found.gain) == (D(250), D(0))


@pytest.mark.parametrize(
    ("value", "flow", "unrealised"),
    [
        pytest.param(D(410), D(410), D(5), id="at its market value, where that is told"),
        pytest.param(None, D(300), D(115), id="else at its basis"),
    ],
)
def test_units_that_come_in_are_a_flow(value: Decimal | None, flow: Decimal, unrealised: Decimal) -> None:
    came = PositionTransferred(
        con_id=SPY.con_id, source="statement", reference="1", quantity=D(1), basis=D(300), currency="USD", value=value
    )
    first = (opened_cash("1000"), *closing(0, rates()))

    found = known(bridged(first, (came, *closing(1, rates(), positions_reported(row(SPY, "1", "415")))))[1])

    assert moved(found) == {"flows": flow, "unrealised": unrealised}
    assert (found.residual, found.gain) == (D(0), unrealised)


def test_a_future_that_comes_in_is_no_flow_but_what_it_gains_from_then_on_is_a_gain() -> None:
    came = PositionTransferred(
        con_id=ES.con_id, source="statement", reference="1", quantity=D(1), basis=D(200_000), currency="USD",
        value=D(200_500),
    )  # fmt: skip
    first = (opened_cash("1000"), *closing(0, rates()))

    found = known(bridged(first, (came, *closing(1, rates(), positions_reported(row(ES, "1", "4012")))))[1])

    assert moved(found) == {"unrealised": D(100)}
    assert (found.residual, found.gain) == (D(0), D(100))


def test_the_lots_of_an_adopted_position_are_no_flow_whatever_their_basis() -> None:
    observed = (rates(), positions_reported(row(SPY, "10", "402")))
    lots = (OpeningLot(opened_at=START - timedelta(days=90), quantity=D(10), basis=D(3950)),)
    first = (opened_cash("1000"), opened(SPY, "10", "3900"), *closing(0, *observed))
    second = (OpeningLotsRecorded(con_id=SPY.con_id, currency="USD", lots=lots), *closing(1, *observed))

    found = known(bridged(first, second)[1])

    assert moved(found) == {"unrealised": D(-50), "adjustments": D(50)}
    assert (found.flows, found.gain, found.residual) == (D(0), D(0), D(0))


def test_a_future_is_worth_what_is_not_settled_yet() -> None:
    observed = (rates(), positions_reported(row(ES, "2", "5010")))
    first = (opened_cash("1000"), bought(ES, "2", "5000", execution="a.01"), *closing(0, *observed))
    settled = VariationSettled(source="statement", reference="1", con_id=ES.con_id, amount=D(1000), currency="USD")

    days = bridged(first, (settled, *closing(1, rates(), positions_reported(row(ES, "2", "5012")))))

    assert [known(day).closing for day in days] == [D(2000), D(2200)]
    assert moved(known(days[1])) == {"unrealised": D(200)}
    assert [known(day).residual for day in days] == [D(0), D(0)]


def test_what_comes_after_the_last_cycle_belongs_to_the_next_day() -> None:
    fee = FeeCharged(source="statement", reference="1", amount=D("-1.5"), currency="USD")
    first = (opened_cash("1000"), *closing(0, rates()), fee)

    days = bridged(first, closing(1, rates()))

    assert [moved(known(day)) for day in days] == [{"flows": 1000}, {"fees": D("-1.5")}]


def test_a_running_day_reaches_to_its_last_finished_cycle() -> None:
    fee = FeeCharged(source="statement", reference="1", amount=D("-1.5"), currency="USD")

    (day,) = bridged((opened_cash("1000"), *closing(0, rates()), *closing(0, rates())[:1], fee))

    assert moved(known(day)) == {"flows": 1000}


def test_days_need_not_begin_with_the_log() -> None:
    """A book of a finished day, and what came after it, tell the same as the whole log."""
    fee = FeeCharged(source="statement", reference="1", amount=D("-1.5"), currency="USD")
    log = log_of([(opened_cash("1000"), *closing(0, rates())), (fee, *closing(1, rates())), closing(2, rates())])
    whole = tuple(bridged_days(log, Book()))
    end = next(place for place, event in enumerate(log) if event.type == "cycle_finished") + 1
    book = Book()
    for event in log[:end]:
        book.apply(event)

    assert tuple(bridged_days(log[end:], book)) == whole[1:]


@pytest.mark.parametrize(
    ("observed", "missing"),
    [
        pytest.param((rates(), positions_reported(row(SPY, "10", None))), "SPY: no mark was reported", id="a mark"),
        pytest.param((rates(), positions_reported(row(SPY, "10", "402"))), "no exchange rate EUR/USD", id="a rate"),
    ],
)
def test_a_day_without_a_mark_or_a_rate_is_unknown_by_name_and_so_is_the_next(
    observed: tuple[Fact, ...], missing: str
) -> None:
    fine = (rates(EUR="1.3"), positions_reported(row(SPY, "10", "402")))
    first = (
        opened_cash("10000"),
        opened_cash("1", "EUR"),
        bought(SPY, "10", "400", execution="a.01"),
        *closing(0, *observed),
    )

    days = bridged(first, closing(1, *fine), closing(2, *fine))

    assert [day.bridge is None for day in days] == [True, True, False]
    assert all(missing in day.unknown for day in days[:2])


def test_a_line_in_a_currency_whose_rate_is_missing_makes_the_day_unknown() -> None:
    converted = CurrencyConverted(
        source="api", reference="1", sold=D("131"), sold_currency="USD", bought=D("100"), bought_currency="EUR"
    )
    fee = FeeCharged(source="statement", reference="1", amount=D("-100"), currency="EUR")
    first = (opened_cash("1000"), *closing(0, rates()))

    day = bridged(first, (converted, fee, *closing(1, rates())))[1]

    assert (day.bridge, day.unknown) == (None, "no exchange rate EUR/USD was reported")


@pytest.mark.parametrize("line", LINES)
def test_a_line_that_is_wrong_shows_as_a_residual(line: str) -> None:
    found = known(bridged((opened_cash("1000"), *closing(0, rates())))[0])

    wrong = replace(found, lines={**found.lines, line: found.lines[line] + D("0.01")})

    assert (found.residual, wrong.residual) == (D(0), D("-0.01"))


def test_an_account_of_the_journal_that_no_line_names_shows_as_a_residual() -> None:
    book = replay([opened_cash("1000"), rates()])
    book.journal["gifts", "USD"] = D(-5)
    book.cash["USD"] += D(5)

    assert bridge(None, standing(book)).residual == 5


def test_a_standing_says_the_nav_that_the_book_says() -> None:
    book = replay(
        [
            opened_cash("1000"),
            bought(SPY, "10", "40", execution="a.01"),
            bought(SAP, "-3", "50", execution="b.01"),
            rates(EUR="1.3"),
            positions_reported(row(SPY, "10", "41"), row(SAP, "-3", "51")),
        ]
    )

    assert standing(book).nav == own_nav(book)
    with pytest.raises(Unvalued, match="AAPL: no mark"):
        standing(replay([bought(AAPL, "1", execution="c.01", at=minutes(1))]))


def test_days_join_line_by_line() -> None:
    days = bridged(
        (opened_cash("1000"), opened_cash("200", "EUR"), *closing(0, rates(EUR="1.3"))),
        (
            InterestPaid(source="statement", reference="1", amount=D("10"), currency="EUR"),
            *closing(1, rates(EUR="1.4")),
        ),
        closing(2, rates(EUR="1.2")),
    )

    found = summed(known(day) for day in days[1:])

    assert (found.opening, found.closing) == (known(days[0]).closing, known(days[2]).closing)
    assert moved(found) == {"interest": 14, "translation": D("-22")}  # 20 and then -42
    assert found.residual == 0


def test_from_nothing_to_nothing_nothing_moved() -> None:
    empty = Standing(START, "USD")

    assert moved(bridge(empty, empty)) == {}


GUESSED = FeeCharged(source="operator", reference="B-1/1", amount=D(-7), currency="USD", provisional=True)
ADJUSTED = CashAdjusted(break_id="B-1", amount=D(9), currency="USD", why="so")


def accepting(fact: Fact, *recorded: str) -> tuple[Fact, ...]:
    """A break of cash, its acceptance, and what that booked."""
    begun = BreakFound(
        break_id="B-1", kind="cash", subject="USD", consequence="note", expected=D(0), found=D(9), currency="USD"
    )
    return (begun, BreakAccepted(break_id="B-1", why="so", recorded=recorded), fact)


@pytest.mark.parametrize(
    ("fact", "name", "line", "amount"),
    [
        pytest.param(GUESSED, GUESSED.key, "fees", D(-7), id="a fee"),
        pytest.param(ADJUSTED, "adjustment/B-1", "adjustments", D(9), id="an amount against suspense"),
    ],
)
def test_what_a_day_undoes_of_an_earlier_one_is_the_prior_periods(
    fact: Fact, name: str, line: str, amount: Decimal
) -> None:
    back = AcceptanceTakenBack(break_id="B-1", why="not so", withdraws=(name,))
    first = (opened_cash("1000"), *accepting(fact, name), *closing(0, rates()))
    at_once = (opened_cash("1000"), *accepting(fact, name), back, *closing(0, rates()))

    later = bridged(first, (back, *closing(1, rates())))

    assert [moved(known(day)) for day in later] == [{"flows": 1000, line: amount}, {PRIOR_PERIOD: -amount}]
    assert [known(day).residual for day in later] == [0, 0]
    assert moved(known(bridged(at_once)[0])) == {"flows": 1000}


def test_a_late_fact_that_its_own_day_undoes_moves_nothing() -> None:
    late = GUESSED.model_copy(update={"occurred_at": START - timedelta(hours=1)})
    back = AcceptanceTakenBack(break_id="B-1", why="not so", withdraws=(late.key,))
    first = (opened_cash("1000"), *closing(0, rates()))

    found = known(bridged(first, (*accepting(late, late.key), back, *closing(1, rates())))[1])

    assert not moved(found)
    assert found.residual == 0
