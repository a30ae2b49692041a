"""What the gateway tells the real client library about the session, the account, contracts and the market."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from ib_insync import Contract, Stock

from tests.trader.simulator.gateway_world import (
    ACCOUNT,
    MONDAY,
    TUESDAY,
    WEDNESDAY,
    Library,
    at,
    caught_up,
    connect,
    decoder_errors,
    errors_of,
    event_loop,
    running,
    stock,
)
from trader.simulator.simulator import Simulator


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    with running(tmp_path) as simulator, event_loop():
        yield simulator


@pytest.fixture
def ib(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> Iterator[Library]:
    caplog.set_level(logging.INFO, "ib_insync")
    ib = connect(simulator)
    yield ib
    ib.disconnect()
    assert decoder_errors(caplog.get_records("call") + caplog.get_records("setup")) == []


def test_all_six_requests_of_the_start_up_are_answered(ib: Library, caplog: pytest.LogCaptureFixture) -> None:
    started = [record.getMessage() for record in caplog.get_records("setup")]

    assert "Synchronization complete" in started
    assert not [message for message in started if "timed out" in message]
    assert ib.client.serverVersion() == 176
    assert ib.managedAccounts() == [ACCOUNT]


def test_the_clock_is_the_simulated_one(ib: Library, simulator: Simulator) -> None:
    before = ib.reqCurrentTime()
    simulator.control.advance(seconds=90)

    assert (before, ib.reqCurrentTime()) == (at("09:35"), at("09:36:30"))


def test_account_values_arrive_by_tag_and_currency(ib: Library) -> None:
    values = {(row.tag, row.currency): row.value for row in ib.accountValues(ACCOUNT)}

    assert values["NetLiquidation", "USD"] == "100000.00"
    assert values["CashBalance", "BASE"] == values["CashBalance", "USD"] == "100000.00"
    assert values["AccountReady", ""] == "true"


def test_account_values_and_positions_are_pushed_when_they_change(ib: Library, simulator: Simulator) -> None:
    simulator.control.trade("ACME", Decimal(100), Decimal("50.00"))
    simulator.control.cash(Decimal("-1000.00"))
    caught_up(ib)

    values = {(row.tag, row.currency): row.value for row in ib.accountValues()}
    assert values["TotalCashValue", "USD"] == "93999.00"
    assert [(row.contract.symbol, row.position, row.avgCost) for row in ib.positions()] == [("ACME", 100.0, 50.01)]
    assert [(row.contract.symbol, row.marketValue) for row in ib.portfolio()] == [("ACME", 5000.0)]


def test_a_position_that_is_closed_leaves_the_portfolio_even_over_midnight(ib: Library, simulator: Simulator) -> None:
    simulator.control.trade("ACME", Decimal(100))
    simulator.control.trade("ACME", Decimal(-100))
    simulator.control.advance(at("09:35", WEDNESDAY))
    caught_up(ib)

    assert (ib.positions(), ib.portfolio()) == ([], [])


def test_prices_that_move_revalue_the_portfolio(ib: Library, simulator: Simulator) -> None:
    simulator.control.trade("MOVE", Decimal(100), Decimal("30.00"))
    simulator.control.advance(at("16:30"))
    caught_up(ib)

    (row,) = ib.portfolio()
    assert (row.marketPrice, row.marketValue, row.unrealizedPNL) == (27.0, 2700.0, -301.0)


def test_a_late_comer_sees_positions_and_account_at_once(simulator: Simulator, ib: Library) -> None:
    simulator.control.trade("ACME", Decimal(-40))

    late = connect(simulator, client_id=8)

    assert [(row.contract.symbol, row.position) for row in late.positions()] == [("ACME", -40.0)]
    assert [(row.contract.symbol, row.position) for row in late.portfolio()] == [("ACME", -40.0)]
    late.disconnect()


def test_the_summary_holds_the_tags_asked_for_and_the_ledger(ib: Library) -> None:
    rows = {(row.tag, row.currency): row.value for row in ib.accountSummary()}

    assert rows["NetLiquidation", "USD"] == "100000.00"
    assert rows["CashBalance", "BASE"] == "100000.00"
    assert ("LookAheadNextChange", "") in rows


def test_a_contract_is_qualified_from_its_symbol_or_its_id(ib: Library) -> None:
    by_symbol = stock(ib, "ACME")
    (by_id,) = ib.qualifyContracts(Contract(conId=by_symbol.conId))

    (details,) = ib.reqContractDetails(by_symbol)
    assert (by_id.symbol, by_id.primaryExchange, by_id.currency) == ("ACME", "NASDAQ", "USD")
    assert (details.minTick, details.timeZoneId, details.validExchanges) == (0.01, "US/Eastern", "SMART,NASDAQ")
    assert details.liquidHours.startswith("20050301:0930-20050301:1600;")
    assert [rule.increment for rule in ib.reqMarketRule(26)] == [0.01]


@pytest.mark.parametrize(
    "unknown",
    [Stock("NONE", "SMART", "USD"), Stock("ACME", "SMART", "EUR"), Contract(secType="OPT", symbol="ACME")],
    ids=["symbol", "currency", "kind"],
)
def test_an_unknown_contract_is_error_200(ib: Library, unknown: Contract) -> None:
    errors = errors_of(ib)

    assert ib.reqContractDetails(unknown) == []
    assert [code for _, code, _ in errors] == [200]


def test_symbols_are_found_by_their_beginning(ib: Library) -> None:
    assert [found.contract.symbol for found in ib.reqMatchingSymbols("AC")] == ["ACME"]


def test_daily_bars_come_as_dates_with_the_running_one_last(ib: Library) -> None:
    bars = ib.reqHistoricalData(stock(ib), "", "2 D", "1 day", "TRADES", useRTH=True)

    assert [bar.date for bar in bars] == [MONDAY, TUESDAY]
    assert [(bar.open, bar.close) for bar in bars] == [(50.0, 50.0), (50.0, 50.0)]
    assert bars[0].volume == 39_000_000


@pytest.mark.parametrize("format_date", [1, 2], ids=["text", "seconds"])
def test_hourly_bars_come_with_their_times(ib: Library, format_date: int) -> None:
    bars = ib.reqHistoricalData(
        stock(ib, "MOVE"), at("16:30", MONDAY), "1 D", "1 hour", "TRADES", useRTH=True, formatDate=format_date
    )

    assert [bar.date for bar in bars] == [at(f"{hour}:30", MONDAY) for hour in ("09", *range(10, 16))]


def test_history_ends_where_it_is_asked_to_and_never_in_the_future(ib: Library) -> None:
    bars = ib.reqHistoricalData(stock(ib), at("16:30", WEDNESDAY), "5 D", "1 day", "TRADES", useRTH=True)

    assert bars[-1].date == TUESDAY


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"barSizeSetting": "7 secs"}, 321),
        ({"durationStr": "ages"}, 321),
        ({"whatToShow": "BID"}, 321),
        ({"endDateTime": "20050201 16:00:00 UTC"}, 162),
    ],
    ids=["bar size", "duration", "kind of bars", "before the first bar"],
)
def test_history_that_is_not_there_is_an_error(ib: Library, terms: dict[str, str], code: int) -> None:
    errors = errors_of(ib)
    asked = {"endDateTime": "", "durationStr": "1 D", "barSizeSetting": "1 day", "whatToShow": "TRADES", "useRTH": True}

    assert list(ib.reqHistoricalData(stock(ib), **{**asked, **terms})) == []
    assert [found for _, found, _ in errors] == [code]


def test_the_first_bar_is_known(ib: Library) -> None:
    assert ib.reqHeadTimeStamp(stock(ib), "TRADES", useRTH=True, formatDate=2) == at("09:30", MONDAY)


def test_a_snapshot_brings_quotes_and_ends(ib: Library) -> None:
    (ticker,) = ib.reqTickers(stock(ib))

    assert (ticker.bid, ticker.ask, ticker.last, ticker.close, ticker.halted) == (50.0, 50.01, 50.0, 50.0, 0.0)
    assert (ticker.marketDataType, ticker.minTick) == (1, 0.01)
    assert ticker.bidSize > 0


def test_outside_the_session_there_is_no_quote_but_a_last_price(ib: Library, simulator: Simulator) -> None:
    simulator.control.advance(at("18:00"))

    (ticker,) = ib.reqTickers(stock(ib))

    assert (ticker.bid, ticker.ask, ticker.last) == (-1.0, -1.0, 50.0)


def test_a_market_data_line_goes_on_when_time_moves_until_it_is_cancelled(ib: Library, simulator: Simulator) -> None:
    contract = stock(ib, "MOVE")
    ticker = ib.reqMktData(contract)
    caught_up(ib)
    first = ticker.last
    simulator.control.advance(at("16:30"))
    caught_up(ib)
    moved = ticker.last
    ib.cancelMktData(contract)
    simulator.control.advance(at("10:00", WEDNESDAY))
    caught_up(ib)

    assert (first <= 30.0, moved, ticker.volume) == (True, 27.0, 39_000_000.0)


def test_frozen_quotes_are_named_so(ib: Library, simulator: Simulator) -> None:
    simulator.control.advance(at("18:00"))
    ib.reqMarketDataType(2)

    (ticker,) = ib.reqTickers(stock(ib))

    assert ticker.marketDataType == 2


def test_a_request_that_is_not_simulated_is_refused_by_name_on_its_id(ib: Library) -> None:
    errors = errors_of(ib)
    ib.reqPnL(ACCOUNT)
    caught_up(ib)

    assert [(code, "reqPnL" in text) for _, code, text in errors] == [(321, True)]
    assert errors[0][0] > 0


def test_the_session_hours_tell_holidays_apart(tmp_path: Path) -> None:
    with running(tmp_path, start=at("12:00", date(2005, 2, 28))) as simulator, event_loop():
        ib = connect(simulator)
        (details,) = ib.reqContractDetails(stock(ib))
        ib.disconnect()

    assert "20050305:CLOSED" in details.tradingHours
