"""The account's arithmetic, to the last digit."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trader.simulator.small_market import ACCOUNT, ACME, WEDNESDAY, at, exactly, market_of
from trader.simulator.account import Account
from trader.simulator.account_values import account_values
from trader.simulator.commissions import commission_of
from trader.simulator.dumps import dump_account
from trader.simulator.lots import allocate, plain

GV9 = (
    ("100", "10", "1"),
    ("100", "12", "1"),
    ("100", "11", "1"),
    ("-150", "13", "1.5"),
    ("-250", "11", "2.5"),  # turns the position around, to -100
    ("60", "9", "0.6"),
    ("100", "9.5", "1"),  # turns it around again, to +60
)


def traded(*trades: tuple[str, str, str], cash: str = "0") -> tuple[Account, list[Decimal | None]]:
    account = Account(ACCOUNT, Decimal(cash))
    return account, [
        account.trade(ACME, Decimal(quantity), Decimal(price), Decimal(commission), at("10:00"))
        for quantity, price, commission in trades
    ]


def test_first_in_first_out_through_a_partial_close_two_flips_and_a_short() -> None:
    account, realised = traded(*GV9)

    assert realised == [None, None, None, Decimal(347), Decimal(-53), Decimal("118.8"), Decimal("59.2")]
    assert account.realised_gross - account.realised_commission == 472
    position = account.holdings[ACME]
    assert (position.quantity, position.gross_basis + position.commission) == exactly(60, "570.6")  # 9.51 a share
    assert account.commissions == Decimal("8.6")
    assert account.cash == Decimal("-98.6")


@pytest.mark.parametrize(
    ("trades", "average"),
    [
        pytest.param(GV9[:3], "11.01", id="three buys"),
        pytest.param(GV9[:4], "11.01", id="a sale leaves it"),
        pytest.param(GV9[:5], "10.99", id="short: commissions lower it"),
        pytest.param(GV9, "9.51", id="flipped back"),
    ],
)
def test_clients_see_the_average_cost_with_commissions(trades: tuple[tuple[str, str, str], ...], average: str) -> None:
    account, _ = traded(*trades)

    assert account.position(ACME).average_cost == Decimal(average)


def test_a_partial_close_leaves_the_remainder_in_the_lot() -> None:
    account, realised = traded(("3", "10.01", "1"), ("-1", "11", "0.11"))
    holding = account.holdings[ACME]

    assert holding.gross_basis == Decimal("20.02")
    assert holding.commission == Decimal("0.6666666667")
    assert realised[1] == Decimal("11") - Decimal("10.01") - Decimal("0.3333333333") - Decimal("0.11")


def test_a_flip_splits_its_commission_by_quantity() -> None:
    account, realised = traded(("1", "10", "1"), ("-3", "12", "1"))
    holding = account.holdings[ACME]

    assert realised[1] == Decimal(12) - Decimal(10) - Decimal(1) - Decimal("0.3333333333")
    assert (holding.quantity, holding.gross_basis, holding.commission) == exactly(-2, -24, "0.6666666667")


def test_a_share_of_a_total_is_rounded_half_to_even_at_the_tenth_digit() -> None:
    assert allocate(Decimal("0.0000000001"), Decimal(1), Decimal(2)) == 0
    assert allocate(Decimal("0.0000000003"), Decimal(1), Decimal(2)) == Decimal("0.0000000002")
    assert allocate(Decimal("0.00000000001"), Decimal(2), Decimal(2)) == Decimal("0.00000000001")  # all of it, exactly


TRADES = st.lists(
    st.tuples(st.integers(-500, 500).filter(bool), st.integers(1, 10**6), st.integers(0, 10**4)),
    min_size=1,
    max_size=20,
)


@given(trades=TRADES)
def test_once_flat_cash_has_moved_by_what_was_realised(trades: list[tuple[int, int, int]]) -> None:
    account, _ = traded(*((str(q), str(Decimal(p) / 1000), str(Decimal(c) / 1000)) for q, p, c in trades))
    held = account.quantity(ACME)
    if held:
        account.trade(ACME, -held, Decimal("7.77"), Decimal("0.35"), at("11:00"))

    assert account.positions() == []
    assert account.cash == account.realised_gross - account.realised_commission
    assert account.realised_commission == account.commissions


@pytest.mark.parametrize(
    ("shares", "value", "commission"),
    [
        pytest.param("1000", "50000", "5", id="half a cent a share"),
        pytest.param("100", "5000", "1", id="at least one dollar"),
        pytest.param("10", "50", "0.50", id="at most one per cent"),
        pytest.param("10000", "1000", "10", id="penny stock"),
    ],
)
def test_the_commission_of_an_order(shares: str, value: str, commission: str) -> None:
    assert commission_of(Decimal(shares), Decimal(value)) == Decimal(commission)


def test_values_agree_with_each_other_long_and_short() -> None:
    market = market_of()
    account = Account(ACCOUNT, Decimal(100000))
    account.trade(ACME, Decimal(-1000), Decimal(52), Decimal(5), at("10:00"))

    rows = {(row.tag, row.currency): row.value for row in account_values(account, market, at("11:00"))}

    assert rows["AccountReady", ""] == "true"
    assert rows["NetLiquidation", "USD"] == "101995.00"
    assert rows["TotalCashValue", "USD"] == rows["CashBalance", "BASE"] == "151995.00"
    assert rows["StockMarketValue", "BASE"] == "-50000.00"
    assert rows["GrossPositionValue", "USD"] == "50000.00"
    assert (rows["InitMarginReq", "USD"], rows["MaintMarginReq", "USD"]) == ("25000.00", "12500.00")
    assert (rows["AvailableFunds", "USD"], rows["ExcessLiquidity", "USD"]) == ("76995.00", "89495.00")
    assert rows["UnrealizedPnL", "USD"] == "1995.00"
    assert rows["Leverage-S", ""] == "0.49"
    assert rows["ExchangeRate", "USD"] == "1.00"


NEEDED = """\
AccountCode AccountReady AccountType NetLiquidation TotalCashValue SettledCash AccruedCash BuyingPower
EquityWithLoanValue GrossPositionValue RegTEquity RegTMargin SMA InitMarginReq MaintMarginReq AvailableFunds
ExcessLiquidity Cushion FullInitMarginReq FullMaintMarginReq FullAvailableFunds FullExcessLiquidity
LookAheadInitMarginReq LookAheadMaintMarginReq LookAheadAvailableFunds LookAheadExcessLiquidity DayTradesRemaining
Leverage-S NetLiquidation-S NetLiquidation-C CashBalance TotalCashBalance NetLiquidationByCurrency StockMarketValue
FuturesPNL FutureOptionValue OptionMarketValue FxCashBalance AccruedDividend RealizedPnL UnrealizedPnL ExchangeRate
Currency RealCurrency"""


def test_every_tag_is_provided_once_a_currency() -> None:
    account = Account(ACCOUNT, Decimal(100000))
    rows = [(row.tag, row.currency) for row in account_values(account, market_of(), at("11:00"))]

    assert set(NEEDED.split()) <= {tag for tag, _ in rows}
    assert len(rows) == len(set(rows))
    assert ("CashBalance", "BASE") in rows


def test_realised_today_starts_anew_at_midnight_in_new_york() -> None:
    account, _ = traded(*GV9[:4])

    assert account.realised_today(at("23:59")) == 347
    assert account.realised_today(at("00:00", WEDNESDAY)) == 0
    assert account.portfolio(market_of(), at("12:00"))[0].realised == 347


def test_a_position_closed_today_is_still_shown_with_quantity_zero() -> None:
    account, _ = traded(("10", "50", "1"), ("-10", "51", "1"))

    today, tomorrow = (account.portfolio(market_of(), moment) for moment in (at("12:00"), at("12:00", WEDNESDAY)))

    assert [(row.quantity, row.value, row.unrealised, row.realised) for row in today] == [exactly(0, 0, 0, 8)]
    assert tomorrow == []


def test_the_dump_is_exact_and_adds_up() -> None:
    account, _ = traded(("3", "10.01", "1"), ("-1", "11", "0.11"), cash="100")

    dump = dump_account(account, market_of(), at("12:00"))

    assert dump["cash"] == {"USD": "79.86"}
    assert dump["positions"] == {
        str(ACME): {
            "symbol": "ACME",
            "quantity": "2",
            "gross_basis": "20.02",
            "commission": "0.6666666667",
            "basis": "20.6866666667",
            "average_cost": "10.3433333334",
            "mark": "50",
            "lots": [
                {
                    "quantity": "2",
                    "gross_basis": "20.02",
                    "commission": "0.6666666667",
                    "opened_at": "2005-03-01T15:00:00+00:00",
                }
            ],
        }
    }
    assert (dump["realised_gross"], dump["realised_commission"]) == ("0.99", "0.4433333333")
    assert (dump["realised"], dump["commissions"]) == ("0.5466666667", "1.11")
    assert (dump["nav"], dump["margin_initial"], dump["margin_maintenance"]) == ("179.86", "50", "25")


def test_a_number_is_written_in_full() -> None:
    assert [plain(Decimal(text)) for text in ("1E+3", "-0.00", "1.500", "1E-10")] == [
        "1000",
        "0",
        "1.5",
        "0.0000000001",
    ]
