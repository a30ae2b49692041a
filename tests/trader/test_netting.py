"""Several strategies in one account: netted before anything is ordered, and what each holds kept apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal

import pytest

from ledger.book import Book
from ledger.events import (
    Fact,
    OrderAcknowledged,
    OrderFilled,
    OrderKept,
    OrderPlanned,
    OrderSendAttempted,
    OverrideSet,
    SafeguardsEvaluated,
    StrategiesCrossed,
    TargetsComputed,
    TradingAllowed,
)
from ledger.subbooks import REST, sub_position
from tests.trader.decisions import AAPL, ACCOUNT, IBM, KO, NOW, SYMBOLS, UNIVERSE, D, situation, targets, told
from trader.limits import Limits
from trader.sizing import Sizing, cross_strategies, plan_orders

SIZING = Sizing(universe=UNIVERSE, limits=Limits())


def wants(name: str, capital: str, weights: Mapping[int, str]) -> TargetsComputed:
    every = {con_id: weights.get(con_id, "0") for con_id in UNIVERSE}
    return targets(every).model_copy(update={"strategy": name, "capital": D(capital)})


def world(*wanted: TargetsComputed, held: Mapping[int, str] | None = None, also: Sequence[Fact] = ()) -> Book:
    return situation(held=held, instead={TargetsComputed: wanted}, also=also)


def plan(book: Book) -> dict[int, OrderPlanned]:
    return {row.con_id: row for row in plan_orders(book, SIZING) if isinstance(row, OrderPlanned)}


def parts(row: OrderPlanned) -> dict[str, tuple[Decimal, Decimal]]:
    return {part.strategy: (part.quantity, part.crossed) for part in row.parts}


def traded(book: Book) -> Book:
    """Let the plan be allowed, cross inside the account, and fill every order at its reference price."""
    rows = tuple(plan(book).values())
    after = told(book, *rows, SafeguardsEvaluated(verdicts=()), TradingAllowed(orders=len(rows)))
    after = told(after, *cross_strategies(after))
    for number, row in enumerate(row for row in rows if row.order_ref is not None):
        after = told(after, sent(row, after.order_id_high + 1), filled(row, number))
    return after


def sent(row: OrderPlanned, order_id: int) -> OrderSendAttempted:
    return OrderSendAttempted(
        order_ref=str(row.order_ref), account=ACCOUNT, order_id=order_id, con_id=row.con_id, quantity=row.quantity,
        order_type="LMT", limit_price=row.limit_price, tif="DAY", algo="Adaptive", algo_priority="Normal",
    )  # fmt: skip


def filled(row: OrderPlanned, number: int, quantity: Decimal | None = None) -> OrderFilled:
    assert row.reference_price is not None
    return OrderFilled(
        account=ACCOUNT, execution_id=f"0000e0d5.{number:08x}.01.01", con_id=row.con_id,
        quantity=row.quantity if quantity is None else quantity, price=row.reference_price, currency="USD",
        order_ref=str(row.order_ref), occurred_at=NOW,
    )  # fmt: skip


def override(subject: str, allow: Literal["reduce_only", "none"]) -> OverrideSet:
    return OverrideSet(subject=subject, allow=allow, scale=Decimal(1), why="not now")


def held_by(book: Book, con_id: int) -> dict[str, Decimal]:
    names = ("trend", "parity", REST)
    return {name: units for name in names if (units := sub_position(book, name, con_id))}


def test_weights_are_summed_by_capital_before_anything_is_ordered() -> None:
    book = world(wants("trend", "0.6", {AAPL: "0.5"}), wants("parity", "0.4", {AAPL: "-0.25", IBM: "0.5"}))

    rows = plan(book)

    assert (rows[AAPL].weight, rows[IBM].weight) == (D("0.2"), D("0.2"))  # 0.6 x 0.5 - 0.4 x 0.25
    alone = plan(situation({AAPL: "0.2", IBM: "0.2", KO: "0"}))
    assert [rows[con_id].quantity for con_id in (AAPL, IBM)] == [alone[con_id].quantity for con_id in (AAPL, IBM)]


def test_only_the_net_is_ordered_and_the_rest_is_crossed_inside() -> None:
    book = world(wants("trend", "0.6", {AAPL: "0.5"}), wants("parity", "0.4", {AAPL: "-0.25"}))

    row = plan(book)[AAPL]

    bought, crossed = parts(row)["trend"]
    assert bought == row.quantity == D("449")
    assert parts(row)["parity"] == (D("0"), -crossed)
    assert crossed == D("224.7191011236")  # 10 % of 100,000 at 44.50


def test_two_that_want_the_same_share_the_order_pro_rata() -> None:
    row = plan(world(wants("trend", "0.6", {AAPL: "0.2"}), wants("parity", "0.4", {AAPL: "0.2"})))[AAPL]

    (trend, _), (parity, _) = parts(row)["trend"], parts(row)["parity"]
    assert trend + parity == row.quantity
    assert trend.quantize(D("0.0001")) == (row.quantity * D("0.6")).quantize(D("0.0001"))


def test_what_is_held_without_a_strategy_passes_to_those_that_want_it() -> None:
    book = traded(world(wants("trend", "0.5", {AAPL: "0.4"}), wants("parity", "0.5", {}), held={AAPL: "449"}))

    assert book.positions[AAPL] == D("539")
    assert held_by(book, AAPL) == {"trend": D("539")}


def test_a_fill_goes_to_those_that_have_a_part_in_its_order_pro_rata() -> None:
    book = traded(world(wants("trend", "0.6", {AAPL: "0.2"}), wants("parity", "0.4", {AAPL: "0.2"})))

    held = held_by(book, AAPL)
    assert sum(held.values()) == book.positions[AAPL]
    assert held.keys() == {"trend", "parity"}


def test_what_two_hold_against_each_other_is_no_position() -> None:
    book = traded(world(wants("trend", "0.5", {AAPL: "0.2"}), wants("parity", "0.5", {AAPL: "-0.2"})))

    assert AAPL not in book.positions
    assert held_by(book, AAPL) == {"trend": D("224.7191011236"), "parity": D("-224.7191011236")}


def test_nothing_crosses_where_no_order_may_leave() -> None:
    book = world(wants("trend", "0.5", {AAPL: "0.2"}), wants("parity", "0.5", {AAPL: "-0.2"}))

    assert cross_strategies(told(book, *plan(book).values())) == ()


def test_a_cross_that_is_too_little_for_an_order_waits() -> None:
    row = plan(world(wants("trend", "0.5", {AAPL: "0.01"}), wants("parity", "0.5", {AAPL: "-0.01"})))[AAPL]

    assert parts(row) == {}


def test_a_strategy_that_may_not_trade_keeps_what_it_holds() -> None:
    wanted = (wants("trend", "0.5", {AAPL: "0.2"}), wants("parity", "0.5", {AAPL: "0.2"}))
    before = traded(world(*wanted))
    after = told(before, override("strategy trend", "none"))
    sell = tuple(each.model_copy(update={"rows": wants(each.strategy, "0.5", {}).rows}) for each in wanted)

    row = plan(told(_again(after), *sell))[AAPL]

    assert parts(row).keys() == {"parity"}
    assert abs(row.quantity + held_by(before, AAPL)["parity"]) < 1


@pytest.mark.parametrize("cash", ["61234.57", "52345.67"])
def test_what_is_kept_is_kept_to_the_last_unit(cash: str) -> None:
    wanted = (wants("trend", "0.5", {AAPL: "0.3"}), wants("parity", "0.5", {}))
    before = traded(situation(cash=cash, instead={TargetsComputed: wanted}))
    before = told(before, override("strategy trend", "none"))

    row = plan(told(_again(before), wants("trend", "0.5", {}), wants("parity", "0.5", {})))[AAPL]

    assert row.target == row.held == held_by(before, AAPL)["trend"]


def test_a_strategy_that_may_only_reduce_buys_nothing() -> None:
    wanted = (wants("trend", "0.5", {AAPL: "0.2"}), wants("parity", "0.5", {AAPL: "0.2"}))

    row = plan(world(*wanted, also=[override("strategy trend", "reduce_only")]))[AAPL]

    assert parts(row).keys() == {"parity"}


def test_nothing_passes_in_a_contract_that_may_only_shrink() -> None:
    book = traded(world(wants("trend", "0.5", {AAPL: "0.2"}), wants("parity", "0.5", {AAPL: "-0.2"})))
    more = (wants("trend", "0.5", {AAPL: "0.4"}), wants("parity", "0.5", {AAPL: "-0.4"}))

    assert parts(plan(told(_again(book), *more))[AAPL]).keys() == {"trend", "parity"}
    assert parts(plan(told(_again(book), override("AAPL", "reduce_only"), *more))[AAPL]) == {}


@pytest.mark.parametrize("of_trend", ["none", "reduce_only"])
def test_what_one_may_only_reduce_is_not_taken_from_another(of_trend: Literal["reduce_only", "none"]) -> None:
    wanted = (wants("trend", "0.5", {AAPL: "0.2"}), wants("parity", "0.5", {AAPL: "0.1"}))
    before = traded(world(*wanted))
    after = told(_again(before), override("strategy trend", of_trend), override("strategy parity", "reduce_only"))

    row = plan(told(after, wants("trend", "0.5", {AAPL: "0.2"}), wants("parity", "0.5", {AAPL: "-0.6"})))[AAPL]

    assert parts(row).keys() == {"parity"}
    assert abs(row.quantity + held_by(before, AAPL)["parity"]) < 1  # it is flat then, and not short


def test_an_order_that_others_want_now_is_not_kept_for_those_who_wanted_it() -> None:
    wanted = (wants("trend", "0.5", {AAPL: "0.2"}), wants("parity", "0.5", {}))
    first = world(*wanted)
    row = plan(first)[AAPL]
    assert row.limit_price is not None
    works = OrderAcknowledged(order_ref=str(row.order_ref), perm_id=7, status="Submitted")
    kept = OrderKept(order_ref=str(row.order_ref), perm_id=7, limit_price=row.limit_price, filled=Decimal(0))
    left = told(first, *plan(first).values(), SafeguardsEvaluated(verdicts=()), TradingAllowed(orders=1))
    left = told(_again(told(left, sent(row, 10), works)), kept)

    alike = plan(told(left, *wanted))[AAPL]
    other = plan(told(left, wants("trend", "0.5", {}), wants("parity", "0.5", {AAPL: "0.2"})))[AAPL]

    assert (alike.quantity, alike.order_ref) == (row.quantity, row.order_ref)
    assert (other.quantity, other.order_ref == row.order_ref) == (row.quantity, False)


def test_an_override_of_all_strategies_is_the_contracts() -> None:
    book = world(wants("trend", "0.5", {AAPL: "0.2"}), wants("parity", "0.5", {}), also=[override("AAPL", "none")])

    assert plan(book)[AAPL].reason == "override of AAPL: no orders: not now"


def test_one_strategy_alone_has_no_parts() -> None:
    assert all(row.parts == () for row in plan(world(wants("trend", "1", {AAPL: "0.2"}))).values())


@pytest.mark.parametrize("quantity", ["449", "150", "1"])
def test_parts_and_crosses_always_add_up(quantity: str) -> None:
    held = {AAPL: quantity, IBM: "300"}
    book = world(wants("trend", "0.7", {AAPL: "0.3", IBM: "-0.2"}), wants("parity", "0.3", {IBM: "0.6"}), held=held)

    for row in plan(book).values():
        if row.parts:
            assert sum(part.quantity for part in row.parts) == row.quantity
            assert sum(part.crossed for part in row.parts) == 0


def test_what_is_crossed_is_told_by_contract_at_the_decision_price() -> None:
    book = world(wants("trend", "0.5", {AAPL: "0.2"}), wants("parity", "0.5", {AAPL: "-0.2"}))
    rows = tuple(plan(book).values())
    allowed = told(book, *rows, SafeguardsEvaluated(verdicts=()), TradingAllowed(orders=0))

    (crossed,) = cross_strategies(allowed)

    assert isinstance(crossed, StrategiesCrossed)
    assert {(row.symbol, row.price) for row in crossed.rows} == {(SYMBOLS[AAPL], rows[0].reference_price)}


def _again(book: Book) -> Book:
    """Begin a second cycle like the first, before its forecast."""
    from tests.trader.decisions import RECONCILED, connected, ingested, margin, observed, quote, started

    held = {con_id: str(units) for con_id, units in book.positions.items()}
    cash = str(book.cash["USD"])
    from ledger.events import QuotesObserved

    return told(
        book, started(slot="2005-03-01/1135", attempt=1), connected(), *observed(cash, held, None), margin(),
        RECONCILED, ingested(), QuotesObserved(rows=tuple(map(quote, UNIVERSE))),
    )  # fmt: skip
