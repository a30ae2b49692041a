"""What Interactive Brokers' objects become, row by row; the objects are the client library's own."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from ib_insync import CommissionReport, Contract, ContractDetails, Execution, Order, OrderState, PriceIncrement, Ticker

from ledger.events import CommissionCharged, ContractDefined, OrderFilled
from trader import ib_rows
from trader.broker import BrokerIncomplete
from trader.ib_inbox import Inbox

NOON = datetime(2005, 3, 1, 17, tzinfo=UTC)
ACME = Contract(conId=1, symbol="ACME", secType="STK", currency="USD", exchange="SMART")
UNSET = 1.7976931348623157e308


def execution(execution_id: str = "0001.02.01", side: str = "BOT", **changes: Any) -> Execution:
    facts: dict[str, Any] = {
        **{"execId": execution_id, "time": NOON, "acctNumber": "DU1", "exchange": "ISLAND", "side": side},
        **{"shares": 100.0, "price": 50.01, "permId": 5, "clientId": 17, "orderId": 3, "orderRef": "tb-DU1-1"},
        **changes,
    }
    return Execution(**facts)


def report(execution_id: str, amount: float, realised: float = UNSET) -> CommissionReport:
    return CommissionReport(execId=execution_id, commission=amount, currency="USD", realizedPNL=realised)


def values(**changes: str | None) -> dict[tuple[str, str], str]:
    """A download of an account in USD that also holds euros; None leaves a figure out."""
    figures = {
        **{"AccountReady": "true", "NetLiquidation": "100.50", "InitMarginReq": "1", "MaintMarginReq": "1"},
        **{"AvailableFunds": "1", "ExcessLiquidity": "1", "EquityWithLoanValue": "100.50"},
        **changes,
    }
    base = {(tag, "" if tag == "AccountReady" else "USD"): text for tag, text in figures.items() if text is not None}
    ledger = {("CashBalance", "USD"): "80.5", ("CashBalance", "EUR"): "20", ("CashBalance", "BASE"): "106.5"}
    rates = {("ExchangeRate", "USD"): "1.00", ("ExchangeRate", "EUR"): "1.3", ("ExchangeRate", "BASE"): "1.00"}
    return {**base, **ledger, **rates}


# Numbers


@pytest.mark.parametrize("number", [float("nan"), float("inf"), UNSET, "1.7976931348623157E308", "", None])
def test_what_is_no_number_is_refused(number: object) -> None:
    with pytest.raises(BrokerIncomplete, match="expected a number"):
        ib_rows.exact(number, "a figure")


@pytest.mark.parametrize(
    ("number", "exact"), [(50.01, "50.01"), (0.1, "0.1"), (100.0, "100"), ("1e-05", "0.00001"), (-3.5, "-3.5")]
)
def test_a_number_becomes_what_it_is_spelled(number: object, exact: str) -> None:
    assert ib_rows.exact(number, "a figure") == Decimal(exact)


@pytest.mark.parametrize("price", [-1.0, 0.0, float("nan"), UNSET])
def test_no_price_is_none_and_never_zero(price: float) -> None:
    assert ib_rows.price_or_none(price) is None


# Executions and commissions


@pytest.mark.parametrize(("side", "quantity"), [("BOT", "100"), ("SLD", "-100")])
def test_the_sign_is_applied_at_the_border(side: str, quantity: str) -> None:
    assert ib_rows.fill(ACME, execution(side=side)).quantity == Decimal(quantity)


def test_an_execution_by_hand_has_no_order_id() -> None:
    fill = ib_rows.fill(ACME, execution(orderId=2147483647, orderRef=""))

    assert fill.order_id == 0


@pytest.mark.parametrize(("said", "is_liquidation"), [(0, False), (1, True)], ids=["no", "yes"])
def test_an_execution_says_whether_the_broker_liquidated(said: int, is_liquidation: bool) -> None:
    assert ib_rows.fill(ACME, execution(liquidation=said)).liquidation is is_liquidation


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"side": "???"}, id="side"),
        pytest.param({"time": datetime(2005, 3, 1)}, id="time without a zone"),  # noqa: DTZ001
        pytest.param({"execution_id": "nonsense"}, id="id without a revision"),
        pytest.param({"price": float("nan")}, id="price"),
    ],
)
def test_an_execution_that_cannot_be_read_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BrokerIncomplete):
        ib_rows.fill(ACME, execution(**wrong))


@pytest.mark.parametrize(
    ("amount", "charged"), [pytest.param(1.0, "-1", id="paid"), pytest.param(-0.2, "0.2", id="rebate"), (0.0, "0")]
)
def test_a_commission_is_signed_as_cash(amount: float, charged: str) -> None:
    told = ib_rows.commission("0001.02.01", amount, "USD", UNSET)

    assert told is not None
    assert (told.amount, told.realised_reported) == (Decimal(charged), None)


@pytest.mark.parametrize(("execution_id", "amount"), [("0001.02.01", UNSET), ("", 0.0)])
def test_an_unset_commission_has_not_come(execution_id: str, amount: float) -> None:
    assert ib_rows.commission(execution_id, amount, "USD", UNSET) is None


# What is heard


def test_a_commission_before_its_execution_waits_for_it() -> None:
    inbox = Inbox("DU1", 17)
    inbox.commission(report("0001.02.01", 1.0))
    early = inbox.drain()

    inbox.execution(-1, ACME, execution())

    assert early == ()
    assert [type(fact) for fact in inbox.drain()] == [OrderFilled, CommissionCharged]


def test_the_commission_of_a_booked_execution_needs_no_execution() -> None:
    inbox = Inbox("DU1", 17)
    inbox.commission(report("0001.02.01", 1.0))

    assert [type(fact) for fact in inbox.drain({"0001.02"})] == [CommissionCharged]


def test_a_correction_is_an_execution_of_its_own() -> None:
    inbox = Inbox("DU1", 17)
    inbox.execution(-1, ACME, execution("0001.02.01"))
    inbox.execution(-1, ACME, execution("0001.02.01"))
    inbox.execution(-1, ACME, execution("0001.02.02", shares=60.0))

    told = [(fact.execution_id, fact.quantity) for fact in inbox.drain() if isinstance(fact, OrderFilled)]

    assert told == [("0001.02.01", Decimal(100)), ("0001.02.02", Decimal(60))]


def test_other_accounts_and_combination_rows_are_left_out() -> None:
    inbox = Inbox("DU1", 17)
    inbox.execution(-1, ACME, execution(acctNumber="DU2"))
    inbox.execution(-1, Contract(conId=9, secType="BAG", currency="USD"), execution())

    assert inbox.drain() == ()


def test_a_first_bogus_preview_is_replaced_by_the_real_one() -> None:
    inbox = Inbox("DU1", 17)
    order = Order(orderId=4, whatIf=True)
    inbox.open_order(4, ACME, order, OrderState(initMarginAfter="1.7976931348623157E308"))
    inbox.open_order(4, ACME, order, OrderState(initMarginAfter="2500.0"))

    assert inbox.previews[4].initMarginAfter == "2500.0"


def test_virtual_currency_positions_are_no_positions() -> None:
    inbox = Inbox("DU1", 17)
    inbox.portfolio_row(Contract(conId=7, secType="CASH", symbol="EUR"), 20.0, 1.3, 26.0, 1.3, 0.0, 0.0, "DU1")
    inbox.portfolio_row(ACME, 100.0, UNSET, 0.0, 50.0, 0.0, 0.0, "DU1")

    assert inbox.portfolio == {1: (Decimal(100), None)}


# The account


def test_the_total_row_is_never_added_to_the_currencies() -> None:
    rates, cash, nav, _ = ib_rows.account_facts(values())

    assert [(row.currency, row.amount) for row in cash.rows] == [("EUR", Decimal(20)), ("USD", Decimal("80.5"))]
    assert [(row.currency, row.rate) for row in rates.rows] == [("EUR", Decimal("1.3")), ("USD", Decimal(1))]
    assert (nav.currency, nav.net_liquidation) == ("USD", Decimal("100.50"))


def test_the_base_currency_is_the_one_whose_rate_is_one() -> None:
    assert ib_rows.base_currency(values()) == "USD"


def test_a_second_currency_at_par_does_not_become_the_base() -> None:
    assert ib_rows.base_currency({**values(), ("ExchangeRate", "EUR"): "1.0"}) == "USD"


def test_without_a_rate_of_one_the_base_is_unknown() -> None:
    with pytest.raises(BrokerIncomplete, match="expected one currency at 1"):
        ib_rows.base_currency({("ExchangeRate", "EUR"): "1.3"})


@pytest.mark.parametrize("missing", ["AccountReady", "NetLiquidation", "InitMarginReq", "ExcessLiquidity"])
def test_an_account_with_a_figure_missing_is_incomplete(missing: str) -> None:
    with pytest.raises(BrokerIncomplete, match=missing):
        ib_rows.account_facts(values(**{missing: None}))


# The market


@pytest.mark.parametrize(("halted", "is_halted"), [(float("nan"), False), (-1.0, False), (0.0, False), (1.0, True)])
def test_a_halt_is_what_ib_says_it_is(halted: float, is_halted: bool) -> None:
    row = ib_rows.quote_row(1, "ACME", Ticker(bid=-1.0, ask=50.01, halted=halted), "1109693700")

    assert row.halted is is_halted
    assert (row.bid, row.ask, row.at) == (None, Decimal("50.01"), datetime.fromtimestamp(1109693700, UTC))


# Contracts


def defined(contract: Contract, **told: Any) -> ContractDefined:
    return ib_rows.contract_defined(ContractDetails(contract=contract, minTick=0.05, **told))


def test_an_option_is_defined_with_what_it_ends_in() -> None:
    option = Contract(
        conId=2, symbol="ACME", secType="OPT", currency="USD", lastTradeDateOrContractMonth="20050318", strike=47.5,
        right="P", multiplier="100",
    )  # fmt: skip

    read = defined(option, underConId=1, realExpirationDate="20050318")

    assert (read.underlying_con_id, read.expiry, read.strike, read.right) == (
        1,
        date(2005, 3, 18),
        Decimal("47.5"),
        "P",
    )


@pytest.mark.parametrize(
    ("last_day", "expiry"), [("20050318 16:00 US/Central", date(2005, 3, 18)), ("200503", None), ("", None)]
)
def test_a_future_is_defined_with_its_last_day_where_that_is_told(last_day: str, expiry: date | None) -> None:
    future = Contract(
        conId=3, symbol="ES", secType="FUT", currency="USD", lastTradeDateOrContractMonth=last_day, multiplier="50"
    )

    read = defined(future)

    assert (read.underlying_con_id, read.expiry, read.strike, read.right) == (None, expiry, None, None)


def test_a_last_day_that_is_none_is_refused() -> None:
    with pytest.raises(BrokerIncomplete, match="expected its last day"):
        defined(Contract(conId=3, symbol="ES", secType="FUT", currency="USD"), realExpirationDate="20051345")


def test_a_stock_ends_in_nothing() -> None:
    read = defined(ACME, underConId=0)

    assert (read.underlying_con_id, read.expiry, read.strike, read.right) == (None, None, None, None)


# Steps of price and size


@pytest.mark.parametrize(
    ("exchanges", "rules", "rule"),
    [
        pytest.param("SMART,NYSE", "26,240", 26, id="of the exchange that orders go to"),
        pytest.param("NYSE,SMART", "240,26", 26, id="wherever it stands"),
        pytest.param("NYSE", "240", None, id="not of another exchange"),
        pytest.param("SMART", "", None, id="none told"),
    ],
)
def test_the_price_rule_is_that_of_the_exchange_that_orders_go_to(exchanges: str, rules: str, rule: int | None) -> None:
    details = ContractDetails(contract=ACME, validExchanges=exchanges, marketRuleIds=rules)

    assert ib_rows.market_rule_of(details) == rule


def test_increments_are_exact_and_rise_with_the_price() -> None:
    told = ib_rows.price_increments([PriceIncrement(1.0, 0.01), PriceIncrement(0.0, 0.0001)], 26)

    assert [(row.from_price, row.increment) for row in told] == [
        (Decimal(0), Decimal("0.0001")),
        (Decimal(1), Decimal("0.01")),
    ]


@pytest.mark.parametrize("rows", [[], [PriceIncrement(0.0, 0.0)], [PriceIncrement(0.0, UNSET)]])
def test_a_price_rule_without_increments_is_unreadable(rows: list[PriceIncrement]) -> None:
    with pytest.raises(BrokerIncomplete, match="market rule 26"):
        ib_rows.price_increments(rows, 26)


@pytest.mark.parametrize(("told", "least", "step"), [((0.0, 0.0), None, None), ((0.0001, 0.5), "0.0001", "0.5")])
def test_a_size_that_the_broker_does_not_tell_is_not_told(
    told: tuple[float, float], least: str | None, step: str | None
) -> None:
    read = defined(ACME, minSize=told[0], sizeIncrement=told[1])

    assert (read.size_min, read.size_increment) == tuple(None if n is None else Decimal(n) for n in (least, step))
