"""What a plan lets leave at once, and what waits for the proceeds of the rest."""

from __future__ import annotations

from decimal import ROUND_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.events import OrderDeferred, OrderPlanned, QuotesObserved
from ledger.orders import Order
from ledger.sending import deferred, next_planned
from tests.trader.decisions import (
    AAPL,
    IBM,
    KO,
    NOW,
    SESSION,
    UNIVERSE,
    D,
    ingested,
    quote,
    situation,
    started,
    targets,
    told,
)
from trader.limits import Limits
from trader.projection import cautious_nav, gross_value
from trader.sizing import Sizing, plan_orders

WIDE = Limits(
    name_share_max=D("1.5"), order_share_max=D("2"), order_notional_max=D("1000000"), order_volume_share_max=D("1")
)


def needs(weights: dict[int, str], held: dict[int, str], cash: str, reserve: str = "0") -> dict[int, Decimal]:
    """Plan, and return what each order needs of the others' proceeds."""
    sizing = Sizing(universe=UNIVERSE, limits=WIDE, cash_reserve=D(reserve))
    rows = plan_orders(situation(weights, held=held, cash=cash), sizing)
    return {row.con_id: row.proceeds_needed for row in rows if isinstance(row, OrderPlanned) and row.order_ref}


@pytest.mark.parametrize(
    ("weights", "held", "cash", "expected"),
    [
        pytest.param({AAPL: "0.4", IBM: "0.4"}, {}, "100000", {AAPL: "0", IBM: "0"}, id="bought from cash"),
        # 1,000 AAPL at 44.50 and 200 IBM at 92.50, no cash: NAV 63,000. AAPL falls to 20 %: 283 of them are left
        pytest.param(
            {AAPL: "0.2", IBM: "0.8"}, {AAPL: "1000", IBM: "200"}, "0",
            {AAPL: "0", IBM: "31820"}, id="no cash: the whole purchase waits",
        ),
        pytest.param(
            {AAPL: "0", IBM: "0.5"}, {AAPL: "1000"}, "55500", {AAPL: "0", IBM: "0"}, id="cash for all of it",
        ),
        pytest.param(
            {AAPL: "-0.5", IBM: "0.5"}, {IBM: "1000"}, "7500", {AAPL: "42473.5", IBM: "0"}, id="a short sale waits too",
        ),
        pytest.param(
            {AAPL: "0.7", IBM: "0.7"}, {AAPL: "2000"}, "11000", {AAPL: "0", IBM: "19001.5"},
            id="with leverage: as far as the plan leads",
        ),
    ],
)  # fmt: skip
def test_growth_beyond_the_room_waits_for_reductions(
    weights: dict[int, str], held: dict[int, str], cash: str, expected: dict[int, str]
) -> None:
    assert needs(weights, held, cash) == {con_id: D(need) for con_id, need in expected.items()}


def test_the_reserve_is_no_room() -> None:
    without = needs({AAPL: "0", IBM: "0.9"}, {AAPL: "2000"}, "11000")
    with_reserve = needs({AAPL: "0", IBM: "0.9"}, {AAPL: "2000"}, "11000", reserve="6000")

    assert (without[IBM], with_reserve[IBM]) == (D("78910"), D("79545"))


def test_what_waits_never_needs_more_than_the_reductions_bring() -> None:
    book = situation({AAPL: "0.55", IBM: "0.9"}, held={AAPL: "3000", KO: "100"}, cash="-41800")
    rows = [row for row in plan_orders(book, Sizing(universe=UNIVERSE, limits=WIDE)) if isinstance(row, OrderPlanned)]

    sold, bought = rows
    assert sold.notional is not None
    assert bought.proceeds_needed <= sold.notional == abs(sold.quantity) * D("44.50")


def test_orders_at_the_close_fill_together_and_wait_for_nothing() -> None:
    book = situation({AAPL: "0.2", IBM: "0.8"}, held={AAPL: "1000", IBM: "200"}, cash="0")
    rows = plan_orders(book, Sizing(universe=UNIVERSE, limits=WIDE, order_type="MOC"))

    assert [row.proceeds_needed for row in rows if isinstance(row, OrderPlanned)] == [D("0"), D("0")]


@pytest.mark.parametrize(
    ("cash", "quantity", "need"),
    [
        pytest.param("18600", "201", "0", id="cut to the room"),
        pytest.param("0", "544", "50320", id="no room: it waits again"),
        pytest.param("600", "550", "50275", id="room for less than the band"),
    ],
)
def test_a_purchase_that_waited_in_vain_is_cut_to_the_room(cash: str, quantity: str, need: str) -> None:
    before = situation({AAPL: "0.2", IBM: "0.8"}, held={AAPL: "1416"}, cash=cash)
    planned = [
        row for row in plan_orders(before, Sizing(universe=UNIVERSE, limits=WIDE)) if isinstance(row, OrderPlanned)
    ]
    waits = OrderDeferred(order_ref=str(planned[1].order_ref), reason="waits for proceeds")
    computed = targets({AAPL: "0.2", IBM: "0.8"})
    quotes = QuotesObserved(rows=tuple(map(quote, UNIVERSE)))
    again = told(before, *planned, waits, started(slot="2005-03-01/1135"), ingested(), computed, quotes)

    bought = plan_orders(again, Sizing(universe=UNIVERSE, limits=WIDE))[1]

    assert isinstance(bought, OrderPlanned)
    assert (bought.quantity, bought.proceeds_needed) == (D(quantity), D(need))


WEIGHT = st.sampled_from(("-1.4", "-0.9", "-0.3", "0", "0.2", "0.7", "1.1", "1.5"))
HELD = st.sampled_from(("-900", "-40", "30", "1500"))


@settings(max_examples=60, deadline=None)
@given(weights=st.tuples(WEIGHT, WEIGHT), held=st.tuples(HELD, HELD), choices=st.data())
def test_on_the_way_the_account_never_holds_more_than_before_after_or_its_nav(
    weights: tuple[str, str], held: tuple[str, str], choices: st.DataObject
) -> None:
    book = situation(
        dict(zip(UNIVERSE, weights, strict=True)), held=dict(zip(UNIVERSE, held, strict=True)), cash="300000"
    )
    rows = plan_orders(book, Sizing(universe=UNIVERSE, limits=WIDE))
    plan = [row for row in rows if isinstance(row, OrderPlanned)]
    most = max(cautious_nav(book), gross_value(book, ()), gross_value(book, plan))
    orders = dict[str, Order]()
    while left := [row for row in plan if filled_of(orders, row) != row.quantity]:
        while (row := next_planned(plan, orders)) is not None:
            orders[str(row.order_ref)] = sent(row)
        assert [one for one in orders.values() if not one.ended], left
        order = choices.draw(st.sampled_from([one for one in orders.values() if not one.ended]))
        share = choices.draw(st.sampled_from((D("0.3"), D("1"))))
        filled = order.filled + (order.remaining * share).to_integral_value(ROUND_UP)
        orders[order.order_ref] = order.executed(filled, "filled" if filled == order.quantity else "working")
        on_the_way = [row.model_copy(update={"quantity": filled_of(orders, row)}) for row in plan]
        assert gross_value(book, on_the_way) <= most

    assert deferred(plan, orders) == ()


def sent(row: OrderPlanned) -> Order:
    return Order(str(row.order_ref), row.con_id, row.quantity, row.limit_price, 1, 1, NOW, SESSION, status="working")


def filled_of(orders: dict[str, Order], row: OrderPlanned) -> Decimal:
    order = orders.get(str(row.order_ref))
    return D("0") if order is None else order.filled
