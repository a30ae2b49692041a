"""What Interactive Brokers' words about an order mean, as cases."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from ib_insync.util import UNSET_DOUBLE

from ledger.book import Book
from ledger.events import (
    Fact,
    OpenOrderRow,
    OrderAcknowledged,
    OrderCancelled,
    OrderPlanned,
    OrderRejected,
    OrderResolved,
)
from ledger.state import Order
from tests.trader.broker_world import ACCOUNT, TUESDAY, at
from trader.ib import build_order
from trader.ib_inbox import OrderNews
from trader.ib_orders import REFUSALS, WARNINGS, Picture, acknowledgement, resolution
from trader.ib_rows import CompletedRow

REF = "tb-DU1-3-abcd-1-B-1"
NOON = at("12:00")


def news(status: str = "", perm_id: int = 0, *errors: int, executed: bool = False) -> OrderNews:
    return OrderNews(perm_id, status, executed, [(code, "text") for code in errors])


def kinds(facts: tuple[Fact, ...]) -> list[type[Fact]]:
    return [type(fact) for fact in facts]


@pytest.mark.parametrize(
    ("heard", "told"),
    [
        pytest.param(news(), [], id="nothing: in doubt"),
        pytest.param(news("Submitted", 5), [OrderAcknowledged], id="works"),
        pytest.param(news("PreSubmitted", 0), [], id="no permanent id yet"),
        pytest.param(news("", 5, executed=True), [OrderAcknowledged], id="executed before any status"),
        pytest.param(news("Filled", 5), [OrderAcknowledged], id="filled at once"),
        pytest.param(news("Inactive", 5), [OrderAcknowledged], id="inactive alone proves nothing"),
        pytest.param(news("Inactive", 5, 201), [OrderRejected], id="refused"),
        pytest.param(news("", 0, 110), [OrderRejected], id="refused without a status"),
        pytest.param(news("Submitted", 5, 10349), [OrderAcknowledged], id="preset: live all the same"),
        pytest.param(news("PreSubmitted", 5, 399), [OrderAcknowledged], id="warned: live all the same"),
        pytest.param(news("PreSubmitted", 5, 404), [OrderAcknowledged], id="waits for shares to borrow"),
        pytest.param(news("", 0, 31337), [], id="a code that nobody knows: in doubt"),
        pytest.param(news("Submitted", 5, 201), [OrderAcknowledged], id="refused, but the broker says it works"),
        pytest.param(news("Cancelled", 5, 201), [OrderRejected], id="refused and cancelled"),
        pytest.param(news("Cancelled", 5, 201, executed=True), [OrderAcknowledged], id="filled before it was refused"),
        pytest.param(news("Cancelled", 5, 202), [OrderAcknowledged, OrderCancelled], id="cancelled by the broker"),
    ],
)
def test_what_was_heard_decides_an_order(heard: OrderNews, told: list[type[Fact]]) -> None:
    assert kinds(acknowledgement(REF, heard)) == told


def test_no_code_both_refuses_and_warns() -> None:
    assert not REFUSALS & WARNINGS


# An undecided order


def order(filled: str = "0") -> Order:
    return Order(REF, 1, Decimal(100), Decimal(49), 13, 3, at("10:35"), TUESDAY, filled=Decimal(filled))


def open_row(perm_id: int = 5) -> OpenOrderRow:
    return OpenOrderRow(
        perm_id=perm_id,
        order_id=13,
        client_id=17,
        order_ref=REF,
        con_id=1,
        symbol="ACME",
        quantity=Decimal(100),
        filled=Decimal(0),
        limit_price=Decimal(49),
        status="Submitted",
    )


def completed(status: str, filled: str) -> CompletedRow:
    return CompletedRow(REF, 5, status, Decimal(filled), "text")


@pytest.mark.parametrize(
    ("known", "picture", "outcome"),
    [
        pytest.param(order(), Picture((open_row(),), ()), "working", id="open"),
        pytest.param(order("100"), Picture((), ()), "filled", id="executions add up"),
        pytest.param(order("100"), Picture((open_row(),), ()), "filled", id="listed for a while after it filled"),
        pytest.param(order("40"), Picture((), (completed("Cancelled", "40"),)), "cancelled", id="partly filled"),
        pytest.param(order(), Picture((), (completed("Inactive", "0"),)), "rejected", id="refused"),
        pytest.param(order(), Picture((), ()), None, id="nowhere"),
        pytest.param(order("40"), Picture((), (completed("Filled", "100"),)), None, id="executions are missing"),
    ],
)
def test_the_brokers_lists_resolve_an_order(known: Order, picture: Picture, outcome: str | None) -> None:
    facts = resolution(Book(), known, picture, NOON)

    assert [fact.outcome for fact in facts if isinstance(fact, OrderResolved)] == ([outcome] if outcome else [])


def test_every_permanent_id_of_an_order_is_taken_down() -> None:
    facts = resolution(Book(), order(), Picture((open_row(5), open_row(6)), ()), NOON)

    assert [fact.perm_id for fact in facts if isinstance(fact, OrderAcknowledged)] == [5, 6]


def test_the_session_of_an_order_is_over_on_the_next_day() -> None:
    facts = resolution(Book(), order(), Picture((), (completed("Cancelled", "0"),)), NOON + timedelta(days=1))

    assert [fact.type for fact in facts] == ["order_acknowledged", "order_resolved", "order_expired"]


# An order on the wire


def planned(**changes: Any) -> OrderPlanned:
    terms: dict[str, Any] = {
        **{"con_id": 1, "symbol": "ACME", "action": "BUY", "quantity": Decimal(100), "reason": "", "held": Decimal(0)},
        **{"target": Decimal(100), "weight": Decimal("0.1"), "limit_price": Decimal("49.99"), "order_ref": REF},
        **{"algo_priority": "Patient"},
        **changes,
    }
    return OrderPlanned(**terms)


AT_CLOSE: dict[str, Any] = {"order_type": "MOC", "limit_price": None, "algo": "", "algo_priority": ""}


@pytest.mark.parametrize("changes", [AT_CLOSE, {**AT_CLOSE, "order_type": "MKT"}, {"algo": "", "algo_priority": ""}])
def test_each_type_of_order_carries_its_terms_whole(changes: dict[str, Any]) -> None:
    asked = planned(**changes)

    built = build_order(ACCOUNT, asked)

    assert (built.orderType, built.tif, built.account, built.orderRef) == (asked.order_type, "DAY", ACCOUNT, REF)
    assert (built.algoStrategy, built.algoParams) == ("", [])
    assert (built.lmtPrice == UNSET_DOUBLE) == (asked.order_type != "LMT")


def test_an_order_carries_account_reference_time_in_force_and_algorithm() -> None:
    built = build_order(ACCOUNT, planned(quantity=Decimal(-100)))

    assert (built.account, built.orderRef, built.tif) == (ACCOUNT, REF, "DAY")
    assert (built.action, built.totalQuantity, built.orderType, built.lmtPrice) == ("SELL", 100, "LMT", 49.99)
    assert (built.algoStrategy, built.algoParams[0].value) == ("Adaptive", "Patient")


@pytest.mark.parametrize(
    ("account", "changes"),
    [
        pytest.param("", {}, id="account"),
        pytest.param(ACCOUNT, {"order_ref": None}, id="reference"),
        pytest.param(ACCOUNT, {"tif": ""}, id="time in force"),
        pytest.param(ACCOUNT, {"tif": "GTC"}, id="Adaptive lives for a day"),
        pytest.param(ACCOUNT, {"limit_price": None}, id="Adaptive has a limit here"),
        pytest.param(ACCOUNT, {"order_type": "MKT", "algo": ""}, id="none has a limit that is not a limit order"),
        pytest.param(ACCOUNT, {"limit_price": None, "algo": ""}, id="a limit order has one"),
        pytest.param(ACCOUNT, {**AT_CLOSE, "tif": "GTC"}, id="an order at the close is for the day"),
        pytest.param(ACCOUNT, {**AT_CLOSE, "algo": "Adaptive"}, id="nothing works an order at the close"),
        pytest.param(ACCOUNT, {"algo_priority": "Soon"}, id="a priority that IB knows"),
        pytest.param(ACCOUNT, {"quantity": Decimal("0.5")}, id="whole units"),
        pytest.param(ACCOUNT, {"quantity": Decimal(0)}, id="something to do"),
        pytest.param(ACCOUNT, {"limit_price": Decimal("49.99000000000000000001")}, id="a price that can be spelled"),
    ],
)
def test_an_order_without_its_terms_cannot_be_built(account: str, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected"):
        build_order(account, planned(**changes))
