"""Statements, held against the account that they are written from: every sum meets, exactly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from xml.etree.ElementTree import Element

import pytest

from tests.trader.simulator.busy_sessions import (
    DAYS,
    EVERYTHING,
    FIRST,
    amount,
    archive_of,
    busy_exchange,
    busy_market,
    statement_of,
)
from tests.trader.simulator.small_market import (
    ACCOUNT,
    ACME,
    STILL_DAYS,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    at,
    exactly,
    market_of,
)
from tests.trader.simulator.test_settlement import PAYS, SPLITS
from trader.simulator.account import Account
from trader.simulator.bars import DailyBars, Series
from trader.simulator.contracts import contract_of_row
from trader.simulator.exchange import Exchange
from trader.simulator.market import Market
from trader.simulator.statement_lines import CASH_REPORT_LINES, NAV_LINES
from trader.simulator.statements import NoStatementError
from trader.simulator.terms import Terms

SEEDS = (1, 2, 3)
NAV_PARTS = ("cash", "stock", "options", "futures", "dividendAccruals", "interestAccruals")
Sums = defaultdict[tuple[str, str], Decimal]  # by contract and field


@pytest.fixture(scope="module", params=[*SEEDS, *(-seed for seed in SEEDS)], ids=lambda seed: f"seed {seed}")
def busy(request: pytest.FixtureRequest) -> Exchange:
    """Stocks alone, and with currencies, futures and options (negative seeds)."""
    seed = abs(request.param)
    return busy_exchange(seed, market=busy_market(seed, others=request.param < 0))


@cache
def statements_of(exchange: Exchange) -> list[Element]:
    """The statements of all days, and one of them all; written once for all tests, which only read them."""
    days = archive_of(exchange).days
    assert len(days) == 60
    return [*(statement_of(exchange, day) for day in days), statement_of(exchange, days[-1], days[0])]


def test_the_sixty_sessions_hold_every_kind_of_row(busy: Exchange) -> None:
    whole = statements_of(busy)[-1]
    others = len(busy.market.contracts) > 3

    assert {row.attrib["type"] for row in whole.iter("CashTransaction")} == {
        *("Deposits/Withdrawals", "Dividends", "Payment In Lieu Of Dividends", "Withholding Tax"),
        *("Broker Interest Paid", "Broker Interest Received"),
    }
    assert {row.attrib["openCloseIndicator"] for row in whole.iter("Trade")} >= {"O", "C", "C;O"}
    assert len(whole.findall(".//CorporateAction")) >= 2
    assert {row.attrib["side"] for statement in statements_of(busy) for row in statement.iter("OpenPosition")} == {
        *("Long", "Short"),
    }
    assert {row.attrib["assetCategory"] for row in whole.iter("Trade")} == (
        {"STK", "OPT", "FUT", "CASH"} if others else {"STK"}
    )


def test_the_change_of_the_net_liquidation_value_adds_up_every_day_and_over_all_days(busy: Exchange) -> None:
    for statement in statements_of(busy):
        change = statement.find("ChangeInNAV")
        lines = sum((amount(change, line) for line in NAV_LINES), Decimal(0))

        assert amount(change, "startingValue") + lines == amount(change, "endingValue")


def test_the_net_liquidation_value_is_cash_and_positions_and_accruals(busy: Exchange) -> None:
    for statement in statements_of(busy):
        total = statement.findall(".//EquitySummaryByReportDateInBase")[-1]
        rows = statement.findall(".//OpenPosition[@levelOfDetail='SUMMARY']")
        values = [amount(row, "positionValue") for row in rows if row.attrib["assetCategory"] in ("STK", "OPT")]

        parts = [amount(total, name) for name in NAV_PARTS]
        assert sum(parts, Decimal(0)) == amount(total, "total") == amount(statement.find("ChangeInNAV"), "endingValue")
        assert sum(values, Decimal(0)) == amount(total, "stock") + amount(total, "options")


def test_the_cash_report_adds_up_and_goes_on_where_the_day_before_ended(busy: Exchange) -> None:
    before = Decimal(500_000)
    for statement in statements_of(busy)[:-1]:
        dollars = statement.find(".//CashReportCurrency[@currency='USD']")
        lines = sum((amount(dollars, line) for line in CASH_REPORT_LINES), Decimal(0))

        assert amount(dollars, "startingCash") == before
        assert before + lines == amount(dollars, "endingCash")
        before = amount(dollars, "endingCash")
    assert before == busy.account.cash


def test_cash_rows_trades_and_settlements_explain_the_cash_of_every_currency(busy: Exchange) -> None:
    for statement in statements_of(busy):
        moved: defaultdict[str, Decimal] = defaultdict(Decimal)
        for row in statement.findall(".//CashTransaction"):
            moved[row.attrib["currency"]] += amount(row, "amount")
        for row in statement.findall(".//Trade"):
            moved[row.attrib["ibCommissionCurrency"]] += amount(row, "ibCommission")
            if row.attrib["assetCategory"] != "FUT":
                moved[row.attrib["currency"]] += amount(row, "proceeds")
            if row.attrib["assetCategory"] == "CASH":
                moved[row.attrib["symbol"].partition(".")[0]] += amount(row, "quantity")

        for report in statement.findall(".//CashReportCurrency[@levelOfDetail='Currency']"):
            explained = moved[report.attrib["currency"]] + amount(report, "cashSettlingMtm")
            assert amount(report, "startingCash") + explained == amount(report, "endingCash")


def test_the_cash_of_all_currencies_adds_up_in_the_base_currency(busy: Exchange) -> None:
    for statement in statements_of(busy):
        base = statement.find(".//CashReportCurrency[@levelOfDetail='BaseCurrency']")
        lines = sum((amount(base, line) for line in (*CASH_REPORT_LINES, "fxTranslationGainLoss")), Decimal(0))

        assert amount(base, "startingCash") + lines == amount(base, "endingCash")
        assert amount(base, "endingCash") == amount(statement.findall(".//EquitySummaryByReportDateInBase")[-1], "cash")


def test_futures_settle_in_cash_all_that_they_gain(busy: Exchange) -> None:
    whole = statements_of(busy)[-1]
    gained = Decimal(0)
    for row in whole.findall(".//MTMPerformanceSummaryUnderlying[@assetCategory='FUT']"):
        gained += amount(row, "priorOpenMtm") + amount(row, "transactionMtm")

    assert gained == amount(whole.find(".//CashReportCurrency[@currency='USD']"), "cashSettlingMtm")
    assert all(amount(row, "futures") == 0 for row in whole.findall(".//EquitySummaryByReportDateInBase"))


def test_lots_add_up_to_their_positions_and_these_are_the_account_s(busy: Exchange) -> None:
    for statement in statements_of(busy):
        positions: Sums = defaultdict(Decimal)
        lots: Sums = defaultdict(Decimal)
        for row in statement.findall(".//OpenPosition"):
            sums = positions if row.attrib["levelOfDetail"] == "SUMMARY" else lots
            for name in ("position", "costBasisMoney", "positionValue", "fifoPnlUnrealized"):
                sums[row.attrib["conid"], name] += amount(row, name)
        assert positions == lots
    for position in busy.account.positions():
        holding = busy.account.holdings[position.con_id]
        assert positions[str(position.con_id), "position"] == position.quantity
        assert positions[str(position.con_id), "costBasisMoney"] == holding.gross_basis + holding.commission


def test_every_trade_realises_what_its_closed_lots_do_and_all_of_them_what_the_account_did(busy: Exchange) -> None:
    realised = Decimal(0)
    whole = statements_of(busy)[-1].find("Trades")
    assert whole is not None
    for trade, lots in trades_with_lots(whole):
        assert amount(trade, "fifoPnlRealized") == sum((amount(lot, "fifoPnlRealized") for lot in lots), Decimal(0))
        realised += amount(trade, "fifoPnlRealized")
    assert realised == busy.account.realised_gross - busy.account.realised_commission


def test_what_a_trade_moves_and_what_it_costs_are_what_it_realises(busy: Exchange) -> None:
    delivered = Decimal(0)
    for trade in statements_of(busy)[-1].iter("Trade"):
        if trade.attrib["assetCategory"] == "CASH":
            continue
        moved = amount(trade, "proceeds") + amount(trade, "ibCommission") + amount(trade, "cost")
        if trade.attrib["notes"] in ("A", "Ex"):
            delivered += moved - amount(trade, "fifoPnlRealized")  # the premium, from one row to the other
        else:
            assert moved == amount(trade, "fifoPnlRealized")
    assert delivered == 0


def trades_with_lots(section: Element) -> Iterator[tuple[Element, list[Element]]]:
    trade, lots = section[0], []
    for row in [*section[1:], section[0]]:
        if row.tag == "Lot":
            lots.append(row)
        else:
            yield trade, lots
            trade, lots = row, []


def test_the_market_moved_what_the_rows_by_contract_say(busy: Exchange) -> None:
    for statement in statements_of(busy):
        change = statement.find("ChangeInNAV")
        rows = statement.findall(".//MTMPerformanceSummaryUnderlying")
        gained = sum((amount(row, "priorOpenMtm") + amount(row, "transactionMtm") for row in rows), Decimal(0))

        assert gained == amount(change, "mtm")
        assert sum((amount(row, "total") for row in rows), Decimal(0)) == gained + amount(change, "commissions")


def test_accruals_that_are_open_are_those_begun_and_not_taken_back(busy: Exchange) -> None:
    open_net = Decimal(0)
    for statement in statements_of(busy)[:-1]:
        moved = [amount(row, "netAmount") for row in statement.findall(".//ChangeInDividendAccrual")]
        open_net += sum(moved, Decimal(0))

        assert open_net == sum(
            (amount(row, "netAmount") for row in statement.findall(".//OpenDividendAccrual")), Decimal(0)
        )


def test_a_statement_names_every_contract_that_it_mentions(busy: Exchange) -> None:
    for statement in statements_of(busy):
        mentioned = {row.attrib["conid"] for row in statement.iter() if row.attrib.get("conid")}

        assert mentioned == {row.attrib["conid"] for row in statement.findall(".//SecurityInfo")}


def venue(*rows: object) -> Exchange:
    return Exchange(market_of(*rows), Account(ACCOUNT, Decimal(100_000)), at("10:00"), 7, EVERYTHING)  # type: ignore[arg-type]


def test_the_day_of_a_purchase_and_the_eve_of_a_dividend() -> None:
    exchange = venue(*PAYS)
    execution = exchange.trade_by_hand("ACME", Decimal(100), Decimal("49.50"))
    exchange.advance(at("20:00"))

    statement = statement_of(exchange)

    assert statement.attrib == {
        "accountId": ACCOUNT,
        "fromDate": "20050301",
        "toDate": "20050301",
        "period": "LastBusinessDay",
        "whenGenerated": "20050301;200000",
    }
    [trade] = statement.findall(".//Trade")
    shown = ("ibExecID", "dateTime", "quantity", "tradePrice", "proceeds", "ibCommission", "netCash", "cost", "mtmPnl")
    assert [trade.attrib[name] for name in shown] == [
        *(execution.exec_id, "20050301;100000", "100", "49.5", "-4950", "-1", "-4951", "4951", "50"),
    ]
    assert (trade.attrib["openCloseIndicator"], trade.attrib["buySell"], trade.attrib["conid"]) == (
        "O",
        "BUY",
        str(ACME),
    )
    [lot] = statement.findall(".//OpenPosition[@levelOfDetail='LOT']")
    assert lot.attrib["openDateTime"] == "20050301;100000"
    assert lot.attrib["originatingTransactionID"] == trade.attrib["transactionID"]
    [accrual] = statement.findall(".//ChangeInDividendAccrual")
    told = ("code", "exDate", "payDate", "quantity", "grossRate", "grossAmount", "tax", "netAmount")
    assert [accrual.attrib[name] for name in told] == ["Po", "20050302", "20050302", "100", "0.5", "50", "15", "35"]


def test_the_day_of_a_dividend() -> None:
    exchange = venue(*PAYS)
    exchange.trade_by_hand("ACME", Decimal(100), Decimal("49.50"))
    exchange.advance(at("20:00", WEDNESDAY))

    statement = statement_of(exchange)

    shown = [
        (row.attrib["type"], row.attrib["amount"], row.attrib["dateTime"]) for row in statement.iter("CashTransaction")
    ]
    assert shown == [("Dividends", "50", "20050302;000000"), ("Withholding Tax", "-15", "20050302;000000")]
    change = statement.find("ChangeInNAV")
    assert [amount(change, line) for line in ("dividends", "withholdingTax", "changeInDividendAccruals", "mtm")] == [
        *exactly(50, -15, -35, 0)
    ]


def test_the_day_of_a_split() -> None:
    exchange = venue(*SPLITS)
    exchange.trade_by_hand("ACME", Decimal(101), Decimal(90))
    exchange.advance(at("20:00", WEDNESDAY))

    statement = statement_of(exchange, WEDNESDAY)

    [split] = statement.findall(".//CorporateAction")
    assert (split.attrib["type"], split.attrib["quantity"]) == ("FS", "50.5")
    assert "SPLIT 3 FOR 2" in split.attrib["actionDescription"]
    [fraction] = statement.findall(".//Trade")
    assert [fraction.attrib[name] for name in ("transactionType", "quantity", "proceeds", "ibExecID")] == [
        *("FracShare", "-0.5", "30", ""),
    ]


def test_a_flip_shows_both_halves() -> None:
    exchange = venue(*PAYS)
    exchange.trade_by_hand("ACME", Decimal(100), Decimal(50))
    exchange.trade_by_hand("ACME", Decimal(-150), Decimal(51))
    exchange.advance(at("20:00"))

    flip = statement_of(exchange).findall(".//Trade")[1]

    assert flip.attrib["openCloseIndicator"] == "C;O"
    assert amount(flip, "fifoPnlRealized") == Decimal("98.3333333333")


def test_what_happens_after_the_evening_belongs_to_the_next_session() -> None:
    exchange = venue(*PAYS)
    exchange.advance(at("20:00"))
    exchange.move_cash(Decimal(500))
    exchange.advance(at("20:00", WEDNESDAY))

    assert statement_of(exchange, TUESDAY).findall(".//CashTransaction") == []
    [paid] = statement_of(exchange, WEDNESDAY).findall(".//CashTransaction")
    assert (paid.attrib["dateTime"], paid.attrib["reportDate"]) == ("20050301;200000", "20050302")


@pytest.mark.parametrize(
    ("last", "first"),
    [
        pytest.param(FIRST - timedelta(days=1), None, id="before the first"),
        pytest.param(DAYS[-1], None, id="not closed yet"),
        pytest.param(DAYS[2], DAYS[3], id="backwards"),
    ],
)
def test_a_day_without_a_statement_is_refused(busy: Exchange, last: date, first: date | None) -> None:
    with pytest.raises(NoStatementError, match="expected a day that is closed"):
        archive_of(busy).period(last, first)


def test_before_the_first_evening_there_is_none() -> None:
    with pytest.raises(NoStatementError, match=r"closed \(none is yet\)"):
        archive_of(venue(*PAYS)).period()


def test_an_option_names_its_underlying_and_no_option_of_the_same_symbol() -> None:
    given = {"ticker": "A50", "type": "OPT", "symbol": "ACME", "underlying": "ACME", "strike": "50", "right": "C"}
    bars = DailyBars({ticker: Series(ticker, STILL_DAYS) for ticker in ("A50", "ACME")})
    market = Market(bars, 7, {"A50": contract_of_row({**given, "expiry": THURSDAY.isoformat()})})
    exchange = Exchange(market, Account(ACCOUNT, Decimal(100_000)), at("10:00"), 7, Terms(statements=True))
    exchange.trade_by_hand("A50", Decimal(1))
    exchange.advance(at("21:00"))

    row = statement_of(exchange).find("OpenPositions/OpenPosition")

    assert row is not None
    assert row.attrib["underlyingConid"] == str(ACME)
