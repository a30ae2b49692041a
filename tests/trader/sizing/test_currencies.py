"""What becomes of cash in other currencies: which pair, which side, how much, and when nothing."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal

import pytest

from ledger.book import Book
from ledger.events import (
    BreakFound,
    CashObserved,
    CashRow,
    ContractDefined,
    Fact,
    OpeningBalanceRecorded,
    OrderPlanned,
    OrderRejected,
    OrderSendAttempted,
    OverrideSet,
    QuoteRow,
    RateRow,
    RatesObserved,
    SafeguardsEvaluated,
    TradingAllowed,
)
from tests.trader.decisions import AAPL, ACCOUNT, IBM, NOW, UNIVERSE, D, contract, preview, quote, situation, told
from trader.limits import Limits
from trader.projection import gross_value
from trader.safeguards import check_safeguards
from trader.sizing import Sizing, plan_orders
from trader.sizing.wishes import Policy

EURO, YEN = 12087792, 15016059  # EUR.USD and USD.JPY
RATES = {"USD": "1", "EUR": "1.3", "JPY": "0.01"}
PRICES = {EURO: (D("1.29995"), D("1.30005"), D("0.00005")), YEN: (D("99.99"), D("100.01"), D("0.01"))}
NAMES = {EURO: ("EUR", "USD"), YEN: ("USD", "JPY")}


def pair(con_id: int) -> ContractDefined:
    symbol, currency = NAMES[con_id]
    return ContractDefined(
        con_id=con_id, symbol=symbol, security_type="CASH", currency=currency, exchange="IDEALPRO",
        primary_exchange="IDEALPRO", multiplier=Decimal(1), min_tick=PRICES[con_id][2],
    )  # fmt: skip


def quoted(con_id: int, **changes: object) -> QuoteRow:
    """As the broker quotes a pair: without a last trade."""
    bid, ask, _ = PRICES[con_id]
    given = {"con_id": con_id, "symbol": NAMES[con_id][0], "bid": bid, "ask": ask, "close": ask} | changes
    return QuoteRow.model_validate(given)


def world(
    balances: dict[str, str],
    reported: dict[str, str] | None = None,
    quotes: Sequence[QuoteRow] | None = None,
    also: Sequence[Fact] = (),
    contracts: Sequence[Fact] = (),
    wanted: str = "0",
) -> Book:
    """An account with cash in other currencies, beside 100,000 dollars, that wants no share."""
    told_cash = {"USD": "100000"} | (balances if reported is None else reported)
    opened = [OpeningBalanceRecorded(currency=c, amount=D(held)) for c, held in balances.items()]
    rates = RatesObserved(base_currency="USD", rows=tuple(RateRow(currency=c, rate=D(r)) for c, r in RATES.items()))
    cash = CashObserved(rows=tuple(CashRow(currency=c, amount=D(held)) for c, held in told_cash.items()))
    return situation(
        {AAPL: wanted, IBM: "0"},
        before=[*contracts, pair(EURO), pair(YEN), *opened],
        instead={RatesObserved: [rates], CashObserved: [cash]},
        quotes=[*map(quote, UNIVERSE), *(quotes if quotes is not None else map(quoted, PRICES))],
        nav="120000",
        also=also,
    )


def plan(book: Book, policy: Policy = "convert_all", **limits: object) -> list[OrderPlanned]:
    sizing = Sizing(UNIVERSE, Limits.model_validate(limits), currency_policy=policy, currency_min=D("100"))
    return [row for row in plan_orders(book, sizing) if isinstance(row, OrderPlanned) and row.con_id not in UNIVERSE]


def test_what_the_plan_spends_of_a_currency_is_not_converted() -> None:
    book = world({"EUR": "10000"}, contracts=[contract(AAPL, currency="EUR")], wanted="0.1")
    sizing = Sizing(UNIVERSE, Limits(), currency_policy="convert_all", currency_min=D("100"))

    rows = {row.symbol: row for row in plan_orders(book, sizing) if isinstance(row, OrderPlanned)}

    bought, sold = rows["AAPL"], rows["EUR.USD"]
    assert bought.limit_price is not None
    assert bought.quantity > 0
    assert -sold.quantity == (10000 - bought.quantity * bought.limit_price).to_integral_value(ROUND_DOWN)


def test_a_conversion_that_was_refused_twice_rests() -> None:
    book = world({"EUR": "-5000"})
    (row, *_) = plan(book, "cover_debits")
    for number in (1, 2):
        again = row.model_copy(update={"order_ref": f"{row.order_ref}{number}"})
        rejected = OrderRejected(order_ref=str(again.order_ref), code=201, reason="no trading permission")
        allowed = (preview(again), SafeguardsEvaluated(verdicts=()), TradingAllowed(orders=1))
        book = told(book, again, *allowed, sent(again), rejected)

    (row, *_) = plan(book, "cover_debits")

    assert row.order_ref is None
    assert "refused 2 times today" in row.reason


def sent(row: OrderPlanned) -> OrderSendAttempted:
    return OrderSendAttempted(
        order_ref=str(row.order_ref), account=ACCOUNT, order_id=int(str(row.order_ref)[-2:]), con_id=row.con_id,
        quantity=row.quantity, order_type="LMT", limit_price=row.limit_price, tif="DAY", algo="", algo_priority="",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "balances", "expected"),
    [
        pytest.param("leave", {"EUR": "-9000", "JPY": "5000000"}, [], id="left"),
        pytest.param("cover_debits", {"EUR": "9000"}, [], id="no debt"),
        pytest.param("cover_debits", {"EUR": "-9000.01"}, [("EUR.USD", "9001", "1.30015")], id="a debt of the first"),
        pytest.param("cover_debits", {"JPY": "-500000"}, [("USD.JPY", "-5002", "99.97")], id="a debt of the second"),
        pytest.param("convert_all", {"EUR": "9000.99"}, [("EUR.USD", "-9000", "1.29985")], id="a credit of the first"),
        pytest.param("convert_all", {"JPY": "500000"}, [("USD.JPY", "4998", "100.03")], id="a credit of the second"),
        pytest.param(
            "convert_all", {"EUR": "-9000", "JPY": "500000"},
            [("EUR.USD", "9000", "1.30015"), ("USD.JPY", "4998", "100.03")], id="both at once",
        ),
    ],
)  # fmt: skip
def test_a_balance_comes_back_through_the_pair_that_the_broker_has(
    policy: Policy, balances: dict[str, str], expected: list[tuple[str, str, str]]
) -> None:
    rows = plan(world(balances), policy)

    assert [(row.symbol, row.quantity, row.limit_price) for row in rows] == [
        (name, D(quantity), D(limit)) for name, quantity, limit in expected
    ]
    assert all((row.order_type, row.algo, row.proceeds_needed) == ("LMT", "", D("0")) for row in rows)


REDUCE_ONLY = BreakFound(break_id="B-1", kind="cash", subject="USD", consequence="reduce_only")
NONE_OF_IT = OverrideSet(subject="EUR.USD", allow="none", scale=Decimal(1), until=None, why="not now")


@pytest.mark.parametrize(
    ("book", "reason"),
    [
        pytest.param(world({"EUR": "76"}), "EUR 76: worth 98.80, below the minimum of 100", id="too little"),
        pytest.param(
            world({"EUR": "9000"}, quotes=[]), "EUR 9000: the broker has no pair of it with USD, or did not quote it",
            id="no pair",
        ),
        pytest.param(world({"EUR": "9000"}, reported={}), "EUR 9000: the broker says 0", id="only we hold it"),
        pytest.param(
            world({"EUR": "9000"}, reported={"EUR": "-1"}), "EUR 9000: the broker says -1", id="the other side",
        ),
        pytest.param(
            world({"EUR": "9000"}, quotes=[quoted(EURO, bid=None)]), "EUR 9000: bid, last missing", id="no price"
        ),
        pytest.param(
            world({"EUR": "9000"}, quotes=[quoted(EURO, bid=D("1.2"))]), "EUR 9000: spread 8.34 %, above 2.00 %",
            id="a price that cannot be believed",
        ),
        pytest.param(
            world({"EUR": "9000"}, also=[REDUCE_ONLY]), "EUR 9000: reductions only: an open break", id="a break",
        ),
        pytest.param(
            world({"EUR": "9000"}, also=[NONE_OF_IT]), "EUR 9000: override of EUR.USD: no orders: not now",
            id="an override",
        ),
    ],
)  # fmt: skip
def test_a_balance_is_left_with_its_reason(book: Book, reason: str) -> None:
    [row] = plan(book)

    assert (row.action, row.reason, row.order_ref) == ("NOTHING", reason, None)


def test_only_what_both_halves_hold_is_converted() -> None:
    assert [row.quantity for row in plan(world({"EUR": "9000"}, reported={"EUR": "8000"}))] == [D("-8000")]


def test_an_account_that_trades_at_a_tenth_converts_a_tenth() -> None:
    tenth = OverrideSet(subject="account", allow="all", scale=D("0.1"), until=None, why="gone live")

    assert [row.quantity for row in plan(world({"EUR": "9000"}, also=[tenth]))] == [D("-900")]


def test_a_conversion_is_kept_within_what_one_order_may_be_worth() -> None:
    [row] = plan(world({"EUR": "9000"}), order_notional_max="6500")

    assert (row.quantity, row.reason) == (D("-5000"), "EUR 9000 converted; 5000 of 9000 in this cycle")


def test_a_conversion_is_no_position_to_the_limits_and_may_leave() -> None:
    book = world({"EUR": "9000"})
    sizing = Sizing(UNIVERSE, Limits(), currency_policy="convert_all", currency_min=D("100"))
    planned = plan_orders(book, sizing)
    orders = [row for row in planned if isinstance(row, OrderPlanned) and row.order_ref]
    ready = told(book, *planned, *map(preview, orders), at=NOW)

    evaluated, decided = check_safeguards(ready, Limits(short_banned=("*",), name_share_max=D("0.01")))

    assert decided == TradingAllowed(orders=1), evaluated
    assert gross_value(book, orders) == 0
