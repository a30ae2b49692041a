"""Futures, options and currencies on the wire, through the real client library."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ib_insync import Contract, Forex, Future, Option

from tests.trader.simulator.gateway_world import (
    MONDAY,
    TUESDAY,
    WEDNESDAY,
    Library,
    at,
    caught_up,
    connect,
    decoder_errors,
    event_loop,
    limit,
)
from trader.simulator.simulator import Simulator

CONTRACTS = """\
ticker,type,symbol,exchange,multiplier,expiry,strike,right,underlying,tick,commission currency,name
EUR.USD,CASH,,,,,,,,0.00005,EUR,European Monetary Union Euro
ESH5,FUT,ES,CME,50,2005-03-18,,,,0.25,,E-mini S&P 500
ACME C45,OPT,ACME,,100,2005-03-01,45,C,ACME,0.05,,ACME 01MAR05 45 C
"""
PRICES = {"ACME": "50.00", "EUR.USD": "1.3000", "ESH5": "1200.00", "ACME C45": "5.00"}


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    for ticker, price in PRICES.items():
        rows = "".join(f"{day},{','.join([price] * 4)},39000000\n" for day in (MONDAY, TUESDAY, WEDNESDAY))
        (tmp_path / f"{ticker}.csv").write_text("Date,Open,High,Low,Close,Volume\n" + rows)
    (tmp_path / "contracts.csv").write_text(CONTRACTS)
    with Simulator(data=tmp_path, start=at("09:35")) as simulator:
        yield simulator


@pytest.fixture
def ib(simulator: Simulator) -> Iterator[Library]:
    with event_loop():
        ib = connect(simulator)
        yield ib
        ib.disconnect()


def bought(ib: Library, simulator: Simulator, contract: Contract, quantity: int, price: float) -> Any:
    ib.qualifyContracts(contract)
    trade = ib.placeOrder(contract, limit("BUY", quantity, price))
    simulator.control.advance(seconds=60)
    caught_up(ib)
    return trade


def ledger(ib: Library) -> dict[tuple[str, str], str]:
    return {(value.tag, value.currency): value.value for value in ib.accountValues()}


def test_a_future_is_described_bought_and_held(ib: Library, simulator: Simulator) -> None:
    [details] = ib.reqContractDetails(Future("ES", "20050318", "CME"))
    trade = bought(ib, simulator, Future("ES", "200503", "CME"), 1, 1200.25)

    contract = details.contract
    assert (contract.localSymbol, contract.multiplier, contract.lastTradeDateOrContractMonth) == (
        "ESH5",
        "50",
        "20050318",
    )
    assert (details.minTick, details.contractMonth, details.validExchanges) == (0.25, "200503", "CME")
    assert trade.orderStatus.status == "Filled"
    [fill] = trade.fills
    assert (fill.execution.price, fill.execution.exchange, fill.commissionReport.commission) == (1200.25, "CME", 2.25)
    [position] = ib.positions()
    assert (position.contract.secType, position.position, position.avgCost) == ("FUT", 1, 60014.75)
    [shown] = ib.portfolio()
    assert (shown.marketPrice, shown.marketValue, shown.unrealizedPNL) == (1200.0, 60000.0, -14.75)


def test_an_option_is_found_by_its_terms_and_delivers_its_shares(ib: Library, simulator: Simulator) -> None:
    [details] = ib.reqContractDetails(Option("ACME", "20050301", 45, "C", "SMART"))
    bought(ib, simulator, Option("ACME", "20050301", 45, "C", "SMART"), 2, 5.05)
    [held] = ib.positions()
    simulator.control.advance(at("16:00"))
    caught_up(ib)

    contract = details.contract
    assert (contract.localSymbol, contract.right, contract.strike) == ("ACME  050301C00045000", "C", 45.0)
    assert (details.underSymbol, details.marketRuleIds) == ("ACME", "15000,15000")
    assert (held.contract.secType, held.position, held.avgCost) == ("OPT", 2, 505.65)
    [shares] = ib.positions()
    assert (shares.contract.symbol, shares.contract.secType, shares.position) == ("ACME", "STK", 200)
    assert shares.avgCost == 50.0565  # the strike, and the premium with its commission
    assert [fill.contract.secType for fill in ib.reqExecutions()] == ["OPT"]


def test_a_currency_is_converted_and_shows_in_the_ledger(ib: Library, simulator: Simulator) -> None:
    pair = Forex("EURUSD")
    trade = bought(ib, simulator, pair, 10_000, 1.30005)

    assert (pair.localSymbol, pair.exchange, pair.secType) == ("EUR.USD", "IDEALPRO", "CASH")
    [fill] = trade.fills
    report = fill.commissionReport
    assert (fill.execution.price, report.commission, report.currency) == (1.30005, 2.0, "EUR")
    shown = ledger(ib)
    assert (shown["CashBalance", "EUR"], shown["CashBalance", "USD"]) == ("9998.00", "86999.50")
    assert (shown["ExchangeRate", "EUR"], shown["TotalCashValue", "USD"]) == ("1.3", "99996.90")
    assert (ib.positions(), ib.portfolio()) == ([], [])


def test_quotes_history_and_previews_speak_of_them_too(ib: Library, caplog: pytest.LogCaptureFixture) -> None:
    pair = Forex("EURUSD")
    ib.qualifyContracts(pair)
    with caplog.at_level(logging.INFO):
        [ticker] = ib.reqTickers(pair)
        bars = ib.reqHistoricalData(pair, "", "2 D", "1 day", "TRADES", useRTH=True, timeout=10)
        state = ib.whatIfOrder(pair, limit("BUY", 1_000_000, 1.30005))

    assert (ticker.bid, ticker.ask) == (1.3, 1.30005)
    assert [bar.date for bar in bars] == [date(2005, 2, 28), date(2005, 3, 1)]
    assert (state.commission, state.commissionCurrency, state.initMarginChange) == (20.0, "EUR", "0.0")
    assert decoder_errors(caplog.records) == []


def test_every_listed_tick_has_its_market_rule(ib: Library) -> None:
    increments = {rule: ib.reqMarketRule(rule)[0].increment for rule in (26, 10005, 15000, 35000)}

    assert increments == {26: 0.01, 10005: 0.00005, 15000: 0.05, 35000: 0.25}


def test_the_dump_tells_currencies_and_what_is_not_settled(ib: Library, simulator: Simulator) -> None:
    bought(ib, simulator, Future("ES", "20050318", "CME"), 1, 1200.25)
    simulator.control.cash(Decimal(100), "EUR")

    dump = simulator.control.dump()

    assert dump["cash"] == {"USD": "99997.75", "EUR": "100"}
    assert (dump["unsettled_variation"], dump["nav"]) == ("-12.5", "100115.25")
