"""What is no stock in dollars: how it is described in a file, and what it costs to trade."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.trader.simulator.small_market import STILL_DAYS, TUESDAY, row
from trader.simulator.bars import DailyBars, Series, read_bars
from trader.simulator.bridge import bridge
from trader.simulator.commissions import commission_of
from trader.simulator.contracts import Contract, ContractsError, contract_of_row, read_contracts, stable_con_id
from trader.simulator.market import Market, touch
from trader.simulator.sessions import session_on
from trader.simulator.simulator import Setup, build_exchange

HEADER = "ticker,type,symbol,exchange,multiplier,expiry,strike,right,underlying,tick,commission currency,name\n"
EURO = "EUR.USD,CASH,,,,,,,,0.00005,EUR,Euro\n"
FUTURE = "ESH5,FUT,ES,CME,50,2005-03-18,,,,0.25,,E-mini\n"
OPTION = "ACME C50,OPT,ACME,,,2005-03-18,50,C,ACME,0.05,,\n"


def described(line: str, folder: Path) -> Contract:
    (folder / "contracts.csv").write_text(HEADER + line)
    [contract] = read_contracts(folder).values()
    return contract


def test_a_currency_pair(tmp_path: Path) -> None:
    pair = described(EURO, tmp_path)

    assert (pair.symbol, pair.currency, pair.exchange, pair.local_symbol) == ("EUR", "USD", "IDEALPRO", "EUR.USD")
    assert (pair.is_currency, pair.is_settled_daily, pair.commission_currency) == (True, False, "EUR")
    assert (pair.min_tick, pair.con_id) == (Decimal("0.00005"), stable_con_id("EUR.USD"))


def test_a_future(tmp_path: Path) -> None:
    future = described(FUTURE, tmp_path)

    assert (future.symbol, future.local_symbol, future.multiplier) == ("ES", "ESH5", Decimal(50))
    assert (future.expiry, future.is_settled_daily, future.name) == (date(2005, 3, 18), True, "ESH5")


def test_an_option(tmp_path: Path) -> None:
    option = described(OPTION, tmp_path)

    assert (option.local_symbol, option.multiplier, option.strike) == (
        "ACME  050318C00050000",
        Decimal(100),
        Decimal(50),
    )
    assert (option.exchange, option.primary_exchange, option.underlying) == ("SMART", "CBOE", "ACME")


def test_a_stock_needs_no_more_than_its_ticker(tmp_path: Path) -> None:
    (tmp_path / "contracts.csv").write_text("ticker\nMSFT\n")

    assert read_contracts(tmp_path)["MSFT"].con_id == 272093
    assert read_contracts(tmp_path / "elsewhere") == {}


@pytest.mark.parametrize(
    ("row", "cause"),
    [
        pytest.param("X,BOND\n", "line 2: expected a ticker and a type of STK", id="another type"),
        pytest.param(",FUT\n", "line 2: expected a ticker", id="no ticker"),
        pytest.param("EURUSD,CASH\n", "line 2: expected a pair like EUR.USD", id="no pair"),
        pytest.param("ESH5,FUT,ES\n", "line 2: ESH5: expected an expiry", id="a future without end"),
        pytest.param("C50,OPT,ACME,,,2005-03-18,50,X,ACME\n", "expected a strike, a right", id="neither call nor put"),
        pytest.param("C50,OPT,ACME,,,18 March,50,C,ACME\n", "line 2: Invalid isoformat", id="no date"),
        pytest.param("ESH5,FUT,ES,CME,fifty,2005-03-18\n", "line 2: expected a number", id="no number"),
        pytest.param("ESH5,FUT,ES,CME,0,2005-03-18\n", "multiplier: expected a positive number", id="worth nothing"),
        pytest.param("ESH5,FUT,ES,CME,nan,2005-03-18\n", "multiplier: expected a positive number", id="NaN"),
        pytest.param(FUTURE.replace("0.25", "-0.25"), "tick: expected a positive number", id="a tick below zero"),
        pytest.param(FUTURE + FUTURE, "line 3: ESH5: expected one row of it", id="twice"),
        pytest.param(FUTURE.replace("E-mini", "E-mini,50"), r"found \['50'\] beyond", id="more than columns"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(tmp_path: Path, row: str, cause: str) -> None:
    with pytest.raises(ContractsError, match=cause):
        described(row, tmp_path)


@pytest.mark.parametrize("header", ["ticker,type,multplier", "ticker,type,type", "ticker,,type"])
def test_a_column_that_is_unknown_or_stands_twice_is_refused(tmp_path: Path, header: str) -> None:
    (tmp_path / "contracts.csv").write_text(f"{header}\nESH5,FUT,50\n")

    with pytest.raises(ContractsError, match="line 1: expected columns of ticker, type"):
        read_contracts(tmp_path)


def test_the_file_stands_beside_the_bars_and_is_none_of_them(tmp_path: Path) -> None:
    (tmp_path / "contracts.csv").write_text(HEADER + EURO)
    for ticker in ("ACME", "EUR.USD"):
        (tmp_path / f"{ticker}.csv").write_text("Date,Open,High,Low,Close,Volume\n2005-03-01,50,50,50,50,1000\n")

    exchange = build_exchange(Setup(data=tmp_path, start=date(2005, 3, 1)))

    assert set(read_bars(tmp_path).tickers) == {"ACME", "EUR.USD"}
    assert {each.name: each.security_type for each in exchange.market.contracts} == {"ACME": "STK", "EUR.USD": "CASH"}


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        pytest.param({"ticker": "GBP.USD", "type": "CASH"}, "GBP.USD: expected bars of it", id="no bars"),
        pytest.param(
            {"ticker": "EUR.CHF", "type": "CASH"},
            "EUR.CHF: expected a pair that is paid for in USD",
            id="not in dollars",
        ),
        pytest.param(
            {"ticker": "EUR.USD", "type": "CASH", "commission currency": "JPY"},
            "in one of its own currencies",
            id="fee",
        ),
        pytest.param(
            {
                "ticker": "C50",
                "type": "OPT",
                "expiry": "2005-03-18",
                "strike": "50",
                "right": "C",
                "underlying": "NONE",
            },
            "C50: expected bars of its underlying 'NONE'",
            id="no underlying",
        ),
        pytest.param(
            {"ticker": "ESH5", "type": "FUT", "expiry": "2005-03-25"},
            "ESH5: expected an expiry on a session, found 2005-03-25",
            id="it ends on Good Friday",
        ),
    ],
)
def test_a_market_refuses_what_it_cannot_keep(given: dict[str, str], cause: str) -> None:
    tickers = ("ACME", "EUR.CHF", "EUR.USD", "C50", "ESH5")
    bars = DailyBars({ticker: Series(ticker, STILL_DAYS) for ticker in tickers})

    with pytest.raises(ValueError, match=cause):
        Market(bars, 7, {given["ticker"]: contract_of_row(given)})


@pytest.mark.parametrize(
    ("row", "quantity", "value", "commission"),
    [
        pytest.param(OPTION, "1", "2.5", "1", id="an option, at least a dollar"),
        pytest.param(OPTION, "10", "25", "6.5", id="ten options"),
        pytest.param(FUTURE, "2", "10000", "4.5", id="two futures"),
        pytest.param(EURO, "10000", "13000", "2", id="a currency, at least two"),
        pytest.param(EURO, "1000000", "1300000", "20", id="a million euros, charged in euros"),
        pytest.param(EURO.replace(",EUR,", ",USD,"), "1000000", "1300000", "26", id="or in dollars"),
    ],
)
def test_what_an_order_costs(tmp_path: Path, row: str, quantity: str, value: str, commission: str) -> None:
    contract = described(row, tmp_path)

    assert commission_of(Decimal(quantity), Decimal(value), contract) == Decimal(commission)


def test_prices_move_in_ticks_of_the_contract() -> None:
    assert touch(Decimal("1.32507"), Decimal("0.00005")) == (Decimal("1.32505"), Decimal("1.32510"))
    assert touch(Decimal("1201.60"), Decimal("0.25")) == (Decimal("1201.50"), Decimal("1201.75"))
    assert touch(Decimal("50.017")) == (Decimal("50.01"), Decimal("50.02"))


def test_a_day_in_ticks_adds_up_to_its_row_and_stays_on_them() -> None:
    session = session_on(TUESDAY)
    assert session is not None
    bars = bridge(7, row(TUESDAY, "1200.25", "1215.50", "1193.75", "1207.00"), "ESH5", session, Decimal(25))

    assert (bars[0].open, bars[-1].close) == (Decimal("1200.25"), Decimal("1207.00"))
    assert max(bar.high for bar in bars) == Decimal("1215.50")
    assert min(bar.low for bar in bars) == Decimal("1193.75")
    assert {price % Decimal("0.25") for bar in bars for price in bar.path} == {0}
