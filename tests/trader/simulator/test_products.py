"""Futures, options, currencies and interest: what they do to the account, to the last digit."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.trader.simulator.small_market import (
    ACCOUNT,
    MONDAY,
    STILL_DAYS,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    at,
    exactly,
    exchange_on,
    limit,
    market_of,
    row,
    still,
    values_of,
)
from trader.simulator.account import Account
from trader.simulator.bars import DailyBar, DailyBars, Series
from trader.simulator.bookings import CashBooked, InterestAccrualBooked, TradeBooked, VariationBooked
from trader.simulator.contracts import Contract, contract_of_row
from trader.simulator.exchange import NO_TERMS, Exchange
from trader.simulator.happenings import CommissionCharged, Happening, PositionChanged
from trader.simulator.market import Market
from trader.simulator.orders import Rejected
from trader.simulator.settlement import SplitAheadError
from trader.simulator.terms import Terms

FRIDAY = date(2005, 3, 4)
ES = contract_of_row(
    {"ticker": "ESH5", "type": "FUT", "symbol": "ES", "multiplier": "50", "tick": "0.25", "expiry": "2005-03-03"}
)
EURO = contract_of_row({"ticker": "EUR.USD", "type": "CASH", "tick": "0.00005", "commission currency": "EUR"})


def option(right: str, strike: str, multiplier: str = "100", expiry: date = WEDNESDAY) -> Contract:
    return contract_of_row(
        {
            "ticker": f"{right}{strike}",
            "type": "OPT",
            "symbol": "ACME",
            "underlying": "ACME",
            "right": right,
            "strike": strike,
            "multiplier": multiplier,
            "expiry": expiry.isoformat(),
        }
    )


def closes(*prices: str) -> tuple[DailyBar, ...]:
    """Return days from Monday on that stand still at a price each."""
    return tuple(
        still(day, price) for day, price in zip((MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY), prices, strict=False)
    )


def venue(
    contract: Contract | None = None,
    bars: tuple[DailyBar, ...] = (),
    acme: tuple[DailyBar, ...] = STILL_DAYS,
    terms: Terms = NO_TERMS,
    cash: str = "0",
) -> tuple[Exchange, list[Happening]]:
    listed = {} if contract is None else {contract.name: contract}
    series = {"ACME": Series("ACME", acme)} | {name: Series(name, bars) for name in listed}
    market = Market(DailyBars(series), 7, listed)
    return exchange_on(market, at("10:00"), cash, terms=terms)


def booked(exchange: Exchange, kind: type[Any]) -> list[Any]:
    return [each for each in exchange.account.bookings if isinstance(each, kind)]


# Futures


def test_a_future_settles_into_cash_every_evening_and_realises_the_same_by_lots() -> None:
    exchange, _ = venue(ES, closes("5000", "5010", "5000", "5000"))
    exchange.trade_by_hand("ESH5", Decimal(2), Decimal(5000))
    bought = exchange.account.cash
    exchange.advance(at("20:00"))
    settled = exchange.account.cash
    exchange.advance(at("10:00", WEDNESDAY))
    exchange.trade_by_hand("ESH5", Decimal(-2), Decimal(4995))
    exchange.advance(at("20:00", WEDNESDAY))

    assert (bought, settled, exchange.account.cash) == exactly("-4.5", "995.5", -509)
    assert [each.amount for each in booked(exchange, VariationBooked)] == [Decimal(1000), Decimal(-1500)]
    assert exchange.account.realised_gross - exchange.account.realised_commission == -509
    assert exchange.account.variation[ES.con_id] == 0


def test_a_future_turned_around() -> None:
    exchange, _ = venue(ES, closes("5000", "5000", "5000", "5000"))
    exchange.trade_by_hand("ESH5", Decimal(-2), Decimal(5000))
    short = exchange.account.position(ES.con_id).average_cost
    exchange.trade_by_hand("ESH5", Decimal(3), Decimal(4990))

    position = exchange.account.position(ES.con_id)
    assert (short, position.quantity, position.average_cost) == exactly("249997.75", 1, "249502.25")
    assert booked(exchange, TradeBooked)[1].realised == 991


def test_the_notional_of_a_future_is_in_no_value_but_in_the_margin() -> None:
    exchange, _ = venue(ES, closes("5000", "5010", "5010", "5010"), cash="100000")
    exchange.trade_by_hand("ESH5", Decimal(1), Decimal(5000))

    values = values_of(exchange)

    assert (values["NetLiquidation", "USD"], values["FuturesPNL", "USD"]) == ("100497.75", "500.00")
    assert (values["CashBalance", "USD"], values["TotalCashValue", "USD"]) == ("100497.75", "100497.75")
    assert (values["GrossPositionValue", "USD"], values["StockMarketValue", "USD"]) == ("0.00", "0.00")
    assert values["InitMarginReq", "USD"] == "25050.00"
    [shown] = exchange.account.portfolio(exchange.market, exchange.now)
    assert (shown.value, shown.average_cost, shown.unrealised) == exactly(250500, "250002.25", "497.75")


def test_a_future_ends_at_its_last_close() -> None:
    exchange, heard = venue(ES, closes("5000", "5000", "5010", "5020"))
    exchange.trade_by_hand("ESH5", Decimal(1), Decimal(5000))
    exchange.advance(at("16:00", THURSDAY))
    flat = exchange.account.quantity(ES.con_id)
    exchange.advance(at("20:00", THURSDAY))

    assert (flat, exchange.account.cash, exchange.account.variation[ES.con_id]) == exactly(0, "997.75", 0)
    last = booked(exchange, TradeBooked)[-1]
    assert (last.kind, last.notes, last.price, last.realised) == ("BookTrade", "Ep", *exactly(5020, "997.75"))
    assert [each.position.quantity for each in heard if isinstance(each, PositionChanged)] == [1, 0]
    with pytest.raises(Rejected, match="ESH5 has expired on 2005-03-03"):
        exchange.trade_by_hand("ESH5", Decimal(1))


# Options


def test_a_short_put_that_is_assigned_puts_its_premium_into_the_shares() -> None:
    put = option("P", "50")
    exchange, heard = venue(put, closes("0.53", "0.53", "0.53"), closes("50", "50", "48.74", "48.74"))
    exchange.trade_by_hand("P50", Decimal(-1), Decimal("0.53"))
    exchange.account.holdings[put.con_id].lots[0].commission = Decimal("3.5")
    exchange.advance(at("16:00", WEDNESDAY))

    acme = exchange.market.contract_of("ACME")
    assert acme is not None
    [lot] = exchange.account.holdings[acme.con_id].lots
    assert (lot.quantity, lot.basis) == exactly(100, "4950.5")
    assert exchange.account.position(acme.con_id).average_cost == Decimal("49.505")
    gone, bought = booked(exchange, TradeBooked)[1:]
    assert (gone.quantity, gone.price, gone.realised, gone.cost) == exactly(1, 0, 0, "49.5")
    assert (bought.money, bought.commission, bought.realised, bought.cost) == exactly(5000, 0, 0, "4950.5")
    assert {each.kind for each in (gone, bought)} == {"BookTrade"}
    assert {each.notes for each in (gone, bought)} == {"A"}
    assert [each.position.con_id for each in heard if isinstance(each, PositionChanged)][-2:] == [
        put.con_id,
        acme.con_id,
    ]


def test_a_short_call_that_is_assigned_adds_its_premium_to_what_the_shares_bring() -> None:
    call = option("C", "5")
    exchange, _ = venue(call, closes("28", "28", "28"), closes("34", "34", "34", "34"), cash="1000")
    exchange.trade_by_hand("C5", Decimal(-3), Decimal(28))
    exchange.advance(at("16:00", WEDNESDAY))

    acme = exchange.market.contract_of("ACME")
    assert acme is not None
    [lot] = exchange.account.holdings[acme.con_id].lots
    assert (lot.quantity, lot.gross_basis) == exactly(-300, -9900)  # 1500 at the strike, 8400 of premium
    assert exchange.account.cash == Decimal("1000") + 8400 - Decimal("1.95") + 1500


def test_a_held_call_closes_a_short_sale_and_its_premium_is_realised_there() -> None:
    call = option("C", "50")
    exchange, _ = venue(call, closes("2", "2", "2"), closes("60", "60", "60", "60"))
    exchange.trade_by_hand("ACME", Decimal(-100), Decimal(61))
    exchange.trade_by_hand("C50", Decimal(1), Decimal(2))
    exchange.advance(at("16:00", WEDNESDAY))

    assert exchange.account.positions() == []
    assert exchange.account.realised_gross == 6100 - 5000 - 200
    assert exchange.account.realised_gross - exchange.account.realised_commission == exchange.account.cash


@pytest.mark.parametrize(
    ("right", "quantity", "realised"),
    [
        pytest.param("C", "2", "-201.3", id="a call that was held"),
        pytest.param("P", "-2", "198.7", id="a put that was sold"),
    ],
)
def test_at_the_money_an_option_expires_without_value(right: str, quantity: str, realised: str) -> None:
    exchange, _ = venue(option(right, "50"), closes("1", "1", "1"))
    exchange.trade_by_hand(f"{right}50", Decimal(quantity), Decimal(1))
    exchange.advance(at("16:00", WEDNESDAY))

    last = booked(exchange, TradeBooked)[-1]
    assert (last.notes, last.price, last.realised) == ("Ep", *exactly(0, realised))
    assert (exchange.account.positions(), exchange.account.cash) == ([], Decimal(realised))


def test_an_order_in_what_expires_does_not_outlive_it() -> None:
    call = option("C", "50")
    exchange, _ = venue(call, closes("1", "1", "1"), cash="10000")
    exchange.place(limit("BUY", "1", "0.50", tif="GTC", con_id=call.con_id))
    exchange.advance(at("16:00", WEDNESDAY))

    assert exchange.open_orders() == []
    with pytest.raises(Rejected, match="C50 has expired on 2005-03-02"):
        exchange.place(limit("BUY", "1", "0.50", con_id=call.con_id, order_id=2))


def test_time_does_not_pass_a_split_of_what_an_option_is_written_on() -> None:
    splits = (
        row(TUESDAY, "90", "90", "90", "90", adjusted="45"),
        row(WEDNESDAY, "45", "45", "45", "45", adjusted="45"),
    )
    exchange, _ = venue(option("C", "50"), closes("1", "1", "1"), splits, Terms(splits=True))
    exchange.trade_by_hand("C50", Decimal(1), Decimal(1))

    with pytest.raises(SplitAheadError, match=r"C50: it splits 2:1 .* nor can it adjust options"):
        exchange.advance(at("10:00", WEDNESDAY))


# Currencies


def euros(rate: str = "1.30") -> tuple[DailyBar, ...]:
    return closes(rate, rate, "1.35", "1.35")


def test_a_currency_trade_gives_one_currency_for_another_and_leaves_no_position() -> None:
    exchange, heard = venue(EURO, euros(), cash="100000")
    exchange.trade_by_hand("EUR.USD", Decimal(10_000), Decimal("1.30"))

    assert exchange.account.balances == {"USD": Decimal(87_000), "EUR": Decimal(9_998)}
    assert exchange.account.positions() == []
    assert exchange.account.portfolio(exchange.market, exchange.now) == []
    assert not [each for each in heard if isinstance(each, PositionChanged)]
    [charged] = [each.commission for each in heard if isinstance(each, CommissionCharged)]
    assert (charged.amount, charged.currency, charged.realised) == (Decimal(2), "EUR", None)


def test_every_currency_has_its_row_and_the_total_is_in_the_base_currency() -> None:
    exchange, _ = venue(EURO, euros(), cash="100000")
    exchange.trade_by_hand("EUR.USD", Decimal(10_000), Decimal("1.30"))
    exchange.advance(at("10:00", WEDNESDAY))

    values = values_of(exchange)

    assert (values["CashBalance", "EUR"], values["CashBalance", "USD"]) == ("9998.00", "87000.00")
    assert (values["ExchangeRate", "EUR"], values["ExchangeRate", "USD"]) == ("1.35", "1.00")
    assert values["CashBalance", "BASE"] == values["NetLiquidation", "USD"] == "100497.30"
    assert values["NetLiquidationByCurrency", "EUR"] == "9998.00"


def test_an_order_in_a_currency_fills_at_its_tick_and_needs_no_margin() -> None:
    exchange, heard = venue(EURO, euros("1.30003"), cash="2000")
    exchange.place(limit("BUY", "1000", "1.30005", con_id=EURO.con_id))
    exchange.advance(at("10:05"))

    [charged] = [each for each in heard if isinstance(each, CommissionCharged)]
    assert (charged.execution.price, charged.execution.exchange) == (Decimal("1.30005"), "IDEALPRO")
    assert exchange.account.balances == {"USD": Decimal("699.95"), "EUR": Decimal(998)}
    with pytest.raises(Rejected, match="minimum price variation"):
        exchange.place(limit("BUY", "1000", "1.30001", con_id=EURO.con_id, order_id=2))


def test_algorithms_are_for_stocks() -> None:
    exchange, _ = venue(EURO, euros(), cash="2000")

    with pytest.raises(Rejected, match=r"EUR\.USD: algorithms are for stocks here"):
        exchange.place(limit("BUY", "1", "1.30", con_id=EURO.con_id, algo="Adaptive", algo_priority="Normal"))


def test_foreign_cash_is_paid_in_where_something_values_it() -> None:
    exchange, _ = venue(EURO, euros(), cash="0")
    exchange.move_cash(Decimal(100), "EUR")

    assert values_of(exchange)["NetLiquidation", "USD"] == "130.00"


# Interest

MONTH_ENDS = (date(2005, 3, 30), date(2005, 3, 31), date(2005, 4, 1), date(2005, 4, 4), date(2005, 4, 5))


def bank(cash: str, **rates: str) -> Exchange:
    terms = Terms(**{name: Decimal(rate) for name, rate in rates.items()})  # type: ignore[arg-type]
    bars = tuple(still(day) for day in MONTH_ENDS)
    return Exchange(market_of(*bars), Account(ACCOUNT, Decimal(cash)), at("10:00", MONTH_ENDS[0]), 7, terms)


def test_interest_accrues_every_evening_for_the_days_since_the_last_one() -> None:
    exchange = bank("360000", credit_rate="0.03")
    exchange.advance(at("20:00", date(2005, 3, 31)))
    before = values_of(exchange)
    exchange.advance(at("20:00", date(2005, 4, 4)))

    assert (before["AccruedCash", "USD"], before["NetLiquidation", "USD"]) == ("60.00", "360060.00")
    assert [each.amount for each in booked(exchange, InterestAccrualBooked)] == [
        *exactly(30, 30, -60, "30.005", "90.015")  # the third is paid; then over a weekend
    ]


def test_interest_of_a_month_is_paid_on_the_first_session_of_the_next() -> None:
    exchange = bank("360000", credit_rate="0.03")
    exchange.advance(at("20:00", date(2005, 4, 1)))

    [paid] = booked(exchange, CashBooked)

    assert (paid.amount, paid.label.kind, paid.label.description) == (
        *exactly(60),
        "Broker Interest Received",
        "USD CREDIT INT FOR MAR-2005",
    )
    assert exchange.account.cash == 360060
    assert values_of(exchange)["AccruedCash", "USD"] == "30.00"  # the first of the new month, 30.005


def test_who_owes_cash_pays_interest_and_who_borrows_shares_a_fee() -> None:
    exchange = bank("0", debit_rate="0.06", borrow_rate="0.036")
    exchange.trade_by_hand("ACME", Decimal(-2000), Decimal(50))
    exchange.move_cash(Decimal(-160_000) + 10)
    exchange.advance(at("20:00", date(2005, 4, 1)))

    assert exchange.account.interest_accrued.keys() == {("USD", "DEBIT INT"), ("USD", "BORROW FEES")}
    assert [(each.amount, each.label.description) for each in booked(exchange, CashBooked)[1:]] == [
        (Decimal(-20), "USD DEBIT INT FOR MAR-2005"),
        (Decimal(-20), "USD BORROW FEES FOR MAR-2005"),
    ]
    assert booked(exchange, CashBooked)[1].label.kind == "Broker Interest Paid"


def test_without_rates_nothing_accrues() -> None:
    exchange = bank("360000")
    exchange.advance(at("21:00", date(2005, 4, 4)))

    assert exchange.account.bookings == []


def test_a_rate_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="debit_rate: expected a rate of 0 or more a year, found"):
        Terms(debit_rate=Decimal("-0.01"))
