"""The control port's hand on what happens to an account without its client."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pytest

from tests.trader.simulator.busy_sessions import statement_of
from tests.trader.simulator.gateway_world import connect, event_loop, running
from tests.trader.simulator.small_market import ACME, TUESDAY, at, exchange_on, market_of, still
from trader.simulator import reorganising
from trader.simulator.contracts import stable_con_id
from trader.simulator.control import Control, ControlError
from trader.simulator.exchange import Exchange
from trader.simulator.simulator import Simulator
from trader.simulator.terms import Terms

WITH_STATEMENTS = Terms(statements=True)
BOLT = stable_con_id("BOLT")


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    with running(tmp_path) as simulator, event_loop():
        yield simulator


@pytest.fixture
def control(simulator: Simulator) -> Control:
    return simulator.control


def positions(control: Control) -> dict[str, str]:
    return {row["symbol"]: row["quantity"] for row in control.dump()["positions"].values()}


def test_a_bust_takes_the_trade_and_its_commission_back(control: Control) -> None:
    before = control.dump()["cash"]
    execution = control.trade("ACME", Decimal(50))

    control.restate(execution["exec_id"])

    assert positions(control) == {}
    assert control.dump()["cash"] == before
    assert control.dump()["executions"] == []


def test_a_correction_is_the_next_revision_at_its_own_price(control: Control) -> None:
    execution = control.trade("ACME", Decimal(50), Decimal("49.50"))

    control.restate(execution["exec_id"], price=Decimal("49.90"))

    (told,) = control.dump()["executions"]
    assert told["exec_id"] == execution["exec_id"][:-2] + "02"
    assert (told["shares"], told["price"]) == ("50", "49.9")
    assert control.dump()["cash"]["USD"] == "97504"


def test_what_was_traded_on_cannot_be_taken_back(control: Control) -> None:
    first = control.trade("ACME", Decimal(50))
    control.trade("ACME", Decimal(-10))

    with pytest.raises(ControlError, match="expected the last trade in ACME, found later ones"):
        control.restate(first["exec_id"])


def test_a_client_hears_a_liquidation_and_whose_a_trade_was(simulator: Simulator) -> None:
    simulator.control.trade("ACME", Decimal(-5), client_id=99)
    simulator.control.trade("ACME", Decimal(-7), liquidation=True)

    with connect(simulator) as client:
        fills: list[Any] = client.reqExecutions()

    told = sorted((fill.execution.clientId, fill.execution.liquidation, fill.execution.shares) for fill in fills)
    assert told == [(0, 1, 7.0), (99, 0, 5.0)]


def test_units_come_from_another_broker_without_cash(control: Control) -> None:
    before = control.dump()["cash"]

    control.transfer("ACME", Decimal(30), Decimal("41.5"))

    assert positions(control) == {"ACME": "30"}
    assert control.dump()["cash"] == before


@pytest.mark.parametrize(
    ("asked", "refused"),
    [
        pytest.param({"kind": "merge", "symbol": "ACME"}, "something that is held", id="nothing held"),
        pytest.param({"kind": "vote", "symbol": "ACME"}, "kind should be one of", id="unknown"),
        pytest.param({"kind": "rename", "symbol": "NONE"}, "listed here", id="not listed"),
        pytest.param({"kind": "merge", "symbol": "ACME", "ratio": "3/2"}, "like 3:2", id="a ratio of another form"),
    ],
)
def test_an_action_that_cannot_be_is_refused(control: Control, asked: dict[str, Any], refused: str) -> None:
    with pytest.raises(ControlError, match=refused):
        control.send("action", **asked)


def test_a_spin_off_needs_a_child_and_a_delivery_an_option(control: Control) -> None:
    control.trade("ACME", Decimal(40))

    with pytest.raises(ControlError, match="into is missing"):
        control.action("spin-off", "ACME")
    with pytest.raises(ControlError, match="an option that is held"):
        control.deliver("ACME")


@pytest.mark.parametrize(
    ("kind", "ratio", "cash", "left"),
    [
        pytest.param("stock-dividend", "11:10", None, {"ACME": "44"}, id="stock dividend"),
        pytest.param("spin-off", "1:4", None, {"ACME": "40", "THIN": "10"}, id="spin-off"),
        pytest.param("merge", "1:2", None, {"THIN": "20"}, id="merger for stock"),
        pytest.param("rename", None, None, {"THIN": "40"}, id="rename"),
    ],
)
def test_an_action_moves_units(
    control: Control, kind: str, ratio: str | None, cash: Decimal | None, left: dict[str, str]
) -> None:
    control.trade("ACME", Decimal(40))
    paid = control.dump()["cash"]

    control.action(kind, "ACME", into=None if kind == "stock-dividend" else "THIN", ratio=ratio, cash=cash)

    assert positions(control) == left
    assert control.dump()["cash"] == paid


def traded_venue() -> Exchange:
    exchange, _ = exchange_on(market_of(BOLT=(still(TUESDAY),)), at("10:00"), terms=WITH_STATEMENTS)
    exchange.trade_by_hand("ACME", Decimal(40))
    return exchange


def rows(exchange: Exchange, tag: str) -> list[Element]:
    exchange.advance(at("21:00"))
    return list(statement_of(exchange).iter(tag))


def test_a_statement_tells_a_merger_in_two_rows_with_its_cash_and_what_it_realised() -> None:
    exchange = traded_venue()

    reorganising.merge(exchange.account, exchange.market.known(ACME), exchange.now, cash=Decimal(52))

    (row,) = rows(exchange, "CorporateAction")
    told = {name: row.attrib[name] for name in ("type", "quantity", "proceeds", "fifoPnlRealized")}
    assert told == {"type": "TC", "quantity": "-40", "proceeds": "2080", "fifoPnlRealized": "78.6"}


def test_a_statement_tells_a_bust_as_a_cancellation_of_the_trade() -> None:
    exchange = traded_venue()
    (report,) = exchange.executions_today()

    exchange.restate(report[0].exec_id)

    trade, cancelled = rows(exchange, "Trade")
    assert (cancelled.attrib["transactionType"], cancelled.attrib["quantity"]) == ("TradeCancel", "-40")
    assert cancelled.attrib["origTransactionID"] == trade.attrib["transactionID"]


def test_a_statement_tells_a_transfer_with_its_worth() -> None:
    exchange = traded_venue()

    reorganising.transfer(exchange.account, exchange.market.known(ACME), Decimal(-15), Decimal(50), exchange.now)

    (row,) = rows(exchange, "Transfer")
    assert (row.attrib["direction"], row.attrib["quantity"], row.attrib["positionAmount"]) == ("OUT", "15", "750")
