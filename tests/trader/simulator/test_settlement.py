"""What happens to the account overnight: dividends and splits."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from tests.trader.simulator.gateway_world import caught_up, connect, event_loop, place
from tests.trader.simulator.gateway_world import limit as limit_of
from tests.trader.simulator.small_market import (
    ACCOUNT,
    ACME,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    at,
    exactly,
    exchange_on,
    limit,
    market_of,
    row,
    values_of,
)
from trader.simulator.account import Account
from trader.simulator.bookings import CashBooked, DividendAccrualBooked, SplitBooked, TradeBooked
from trader.simulator.exchange import Exchange
from trader.simulator.happenings import Happening, OrderChanged, PositionChanged
from trader.simulator.simulator import Simulator
from trader.simulator.terms import Terms

PAYS = (  # 0.50 a share, ex on Wednesday
    row(TUESDAY, "50", "50", "50", "50", adjusted="49.5000000"),
    row(WEDNESDAY, "50", "50", "50", "50", adjusted="50.0000000"),
    row(THURSDAY, "50", "50", "50", "50", adjusted="50.0000000"),
)
SPLITS = (  # 3 for 2 on Wednesday
    row(TUESDAY, "90", "90", "90", "90", adjusted="60"),
    row(WEDNESDAY, "60", "60", "60", "60", adjusted="60"),
    row(THURSDAY, "60", "60", "60", "60", adjusted="60"),
)
ON = Terms(dividends=True, splits=True)


def venue(rows: tuple[Any, ...], terms: Terms = ON, cash: str = "100000") -> tuple[Exchange, list[Happening]]:
    return exchange_on(market_of(*rows), at("10:00"), cash, terms=terms)


def test_a_dividend_accrues_the_evening_before_and_is_paid_less_its_tax_on_the_ex_date() -> None:
    exchange, _ = venue(PAYS)
    exchange.trade_by_hand("ACME", Decimal(100), Decimal(50))
    bought = exchange.account.cash

    exchange.advance(at("19:59"))
    before = values_of(exchange)
    exchange.advance(at("20:00"))
    accrued, cash_then = values_of(exchange), exchange.account.cash
    exchange.advance(at("09:35", WEDNESDAY))
    paid = values_of(exchange)

    assert (before["AccruedDividend", "USD"], before["NetLiquidation", "USD"]) == ("0.00", "99999.00")
    assert (accrued["AccruedDividend", "USD"], accrued["NetLiquidation", "USD"]) == ("35.00", "100034.00")
    assert (accrued["AccruedDividend", "BASE"], accrued["EquityWithLoanValue", "USD"]) == ("35.00", "99999.00")
    assert (paid["AccruedDividend", "USD"], paid["NetLiquidation", "USD"]) == ("0.00", "100034.00")
    assert (cash_then, exchange.account.cash) == (bought, bought + 35)


def test_the_books_say_what_was_accrued_paid_withheld_and_taken_back() -> None:
    exchange, _ = venue(PAYS)
    exchange.trade_by_hand("ACME", Decimal(100), Decimal(50))
    exchange.advance(at("09:35", WEDNESDAY))

    accruals = [each for each in exchange.account.bookings if isinstance(each, DividendAccrualBooked)]
    cash = [each for each in exchange.account.bookings if isinstance(each, CashBooked)]

    assert [(each.code, each.gross, each.tax, each.net, each.at) for each in accruals] == [
        ("Po", *exactly(50, 15, 35), at("20:00")),
        ("Re", *exactly(-50, -15, -35), at("00:00", WEDNESDAY)),
    ]
    assert [(each.label.kind, each.amount, each.label.action) for each in cash] == [
        ("Dividends", Decimal(50), accruals[0].number),
        ("Withholding Tax", Decimal(-15), accruals[0].number),
    ]
    assert cash[0].label.description == f"ACME({ACME}) CASH DIVIDEND USD 0.5 PER SHARE (Ordinary Dividend)"


def test_short_shares_owe_the_dividend_untaxed() -> None:
    exchange, _ = venue(PAYS)
    exchange.trade_by_hand("ACME", Decimal(-100), Decimal(50))
    exchange.advance(at("20:00"))
    owed = values_of(exchange)["AccruedDividend", "USD"]
    exchange.advance(at("09:35", WEDNESDAY))

    [paid] = [each for each in exchange.account.bookings if isinstance(each, CashBooked)]

    assert (owed, paid.label.kind, paid.amount) == ("-50.00", "Payment In Lieu Of Dividends", Decimal(-50))


def test_who_buys_on_the_ex_date_gets_nothing_and_who_sells_on_it_is_still_paid() -> None:
    late, _ = venue(PAYS)
    late.advance(at("09:35", WEDNESDAY))
    late.trade_by_hand("ACME", Decimal(100), Decimal(50))
    late.advance(at("16:00", THURSDAY))
    seller, _ = venue(PAYS)
    seller.trade_by_hand("ACME", Decimal(100), Decimal(50))
    seller.advance(at("21:00"))
    seller.trade_by_hand("ACME", Decimal(-100), Decimal(50))
    seller.advance(at("16:00", THURSDAY))

    assert late.account.cash == 100000 - 5000 - 1
    assert seller.account.cash == 100000 - 2 + 35


def test_without_the_term_no_dividend_is_paid() -> None:
    exchange, _ = venue(PAYS, Terms())
    exchange.trade_by_hand("ACME", Decimal(100), Decimal(50))
    exchange.advance(at("16:00", THURSDAY))

    assert exchange.account.cash == 100000 - 5000 - 1


def test_a_split_multiplies_every_lot_and_leaves_what_they_cost() -> None:
    exchange, heard = venue(SPLITS)
    exchange.trade_by_hand("ACME", Decimal(100), Decimal(90))
    exchange.trade_by_hand("ACME", Decimal(40), Decimal(87))
    worth = values_of(exchange)["NetLiquidation", "USD"]
    exchange.advance(at("09:35", WEDNESDAY))

    holding = exchange.account.holdings[ACME]
    assert [(lot.quantity, lot.gross_basis, lot.commission) for lot in holding.lots] == [
        exactly(150, 9000, 1),
        exactly(60, 3480, 1),
    ]
    [moved] = [each for each in heard if isinstance(each, PositionChanged) and each.at == at("00:00", WEDNESDAY)]
    assert (moved.position.quantity, moved.position.average_cost) == (Decimal(210), Decimal("59.4380952381"))
    assert values_of(exchange)["NetLiquidation", "USD"] == worth
    [booked] = [each for each in exchange.account.bookings if isinstance(each, SplitBooked)]
    assert (booked.ratio, booked.quantity_change) == (Fraction(3, 2), Decimal(70))


def test_a_fraction_that_a_split_leaves_is_paid_out_at_the_adjusted_close() -> None:
    exchange, _ = venue(SPLITS)
    exchange.trade_by_hand("ACME", Decimal(101), Decimal(90))
    before = exchange.account.cash
    exchange.advance(at("09:35", WEDNESDAY))

    [fraction] = [each for each in exchange.account.bookings if isinstance(each, TradeBooked) and not each.execution]

    assert exchange.account.quantity(ACME) == 151
    assert (fraction.kind, fraction.quantity, fraction.price, fraction.commission) == (
        "FracShare",
        *exactly("-0.5", 60, 0),
    )
    assert exchange.account.cash == before + 30
    assert [each for each in exchange.executions_today() if each[0].time > at("10:00")] == []


def test_a_short_position_splits_too() -> None:
    exchange, _ = venue(SPLITS)
    exchange.trade_by_hand("ACME", Decimal(-100), Decimal(90))
    exchange.advance(at("09:35", WEDNESDAY))

    holding = exchange.account.holdings[ACME]
    assert (holding.quantity, holding.gross_basis) == exactly(-150, -9000)


def test_a_split_cancels_the_orders_in_its_contract_alone() -> None:
    exchange = Exchange(market_of(*SPLITS, OTHER=PAYS), Account(ACCOUNT, Decimal(100000)), at("10:00"), 7, ON)
    other = exchange.market.contract_of("OTHER")
    assert other is not None
    heard: list[Happening] = []
    exchange.listen.append(heard.append)
    exchange.place(limit("BUY", "1", "40", tif="GTC"))
    exchange.place(limit("BUY", "1", "40", tif="GTC", con_id=other.con_id, order_id=2))
    exchange.advance(at("09:35", WEDNESDAY))

    [cancelled] = [each for each in heard if isinstance(each, OrderChanged) and each.at == at("00:00", WEDNESDAY)]

    assert (cancelled.order.request.con_id, cancelled.order.completed_status) == (ACME, "Cancelled by System")
    assert [order.request.con_id for order in exchange.open_orders()] == [other.con_id]


def test_a_withholding_of_more_than_all_is_refused() -> None:
    with pytest.raises(ValueError, match=r"withholding: expected a share from 0 to 1, found 1\.1"):
        Terms(withholding=Decimal("1.1"))


def test_msft_pays_and_aapl_splits_on_the_wire_in_february_2005() -> None:
    pytest.importorskip("bokeh_sampledata")
    start = datetime(2005, 2, 14, 14, 35, tzinfo=UTC)
    held = {"MSFT": (Decimal(1000), Decimal(26)), "AAPL": (Decimal(180), Decimal(84))}
    with Simulator(start=start, positions=held, terms=ON) as simulator, event_loop():
        ib = connect(simulator)
        place(ib, limit_of("BUY", 1, 20, tif="GTC"), "AAPL")
        cash = Decimal(simulator.control.dump()["cash"]["USD"])
        simulator.control.advance(at("09:35", date(2005, 2, 15)))
        caught_up(ib)
        told = {value.tag: value.value for value in ib.accountValues() if value.currency == "USD"}
        simulator.control.advance(at("09:35", date(2005, 2, 28)))
        caught_up(ib)

        assert told["CashBalance"] == str((cash + 80 - 24).quantize(Decimal("0.01")))
        aapl = {position.contract.symbol: position for position in ib.positions()}["AAPL"]
        shown = {item.contract.symbol: item for item in ib.portfolio()}["AAPL"]
        assert (aapl.position, shown.position, ib.openTrades()) == (360, 360, [])
        assert Decimal(str(aapl.avgCost)) == Decimal("42.0027777778")  # (180 x 84 + 1) / 360
        ib.disconnect()
