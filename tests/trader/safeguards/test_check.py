"""What all safeguards together decide of a plan."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ledger.book import Book
from ledger.events import LogStarted, OrderPlanned, SafeguardsEvaluated, TradingAllowed, TradingVetoed
from ledger.state import Impossible
from tests.trader.decisions import AAPL, ACCOUNT, IBM, KO, PRICES, UNIVERSE, D, preview, situation, started, told
from tests.trader.safeguards.situations import BY_NAME, worst
from trader.limits import Limits
from trader.projection import planned_orders
from trader.safeguards import account, check_safeguards, cycle, evaluate, orders, prices
from trader.sizing import Sizing, plan_orders


def ready_to_trade(**world: Any) -> Book:
    book = situation(**world)
    planned = plan_orders(book, Sizing(universe=UNIVERSE, limits=Limits()))
    orders = [row for row in planned if isinstance(row, OrderPlanned) and row.order_ref]
    return told(book, *planned, *map(preview, orders))


def test_a_quiet_cycle_may_trade() -> None:
    book = ready_to_trade()

    evaluated, decided = check_safeguards(book, Limits())

    assert decided == TradingAllowed(orders=2)
    assert isinstance(evaluated, SafeguardsEvaluated)
    assert {row.safeguard for row in evaluated.verdicts} == set(BY_NAME)
    after = told(book, evaluated, decided)
    assert after.next_order is not None


def test_a_plan_without_orders_may_trade_too() -> None:
    book = ready_to_trade(weights={AAPL: "0", IBM: "0"})

    assert check_safeguards(book, Limits())[1] == TradingAllowed(orders=0)


def test_a_dry_run_is_never_allowed_to_trade() -> None:
    book = situation(instead={type(started()): [started(dry_run=True)]})
    evaluated, decided = check_safeguards(book, Limits())

    assert decided == TradingVetoed(reasons=("dry run",))
    with pytest.raises(Impossible, match="dry run"):
        told(book, evaluated, TradingAllowed(orders=0))


def test_a_closing_cycle_evaluates_nothing() -> None:
    book = told(situation(), started(kind="close", slot="2005-03-01/close"))

    assert check_safeguards(book, Limits()) == ()


def test_permission_ends_with_its_cycle() -> None:
    book = ready_to_trade()
    allowed = told(book, *check_safeguards(book, Limits()))

    assert allowed.may_trade
    assert not told(allowed, started(slot="2005-03-01/1135")).may_trade


def test_without_a_cycle_there_is_nothing_to_ask() -> None:
    genesis = LogStarted(account=ACCOUNT, mode="paper", clock="simulated", base_currency="USD")
    book = told(Book(), genesis, at=datetime(2005, 3, 1, tzinfo=UTC))

    with pytest.raises(LookupError, match="running cycle"):
        check_safeguards(book, Limits())


WEIGHT = st.decimals("-0.5", "0.5", places=3)
HELD_SHARES = st.tuples(*[st.integers(-4000, 4000)] * 3)
LEVERAGE = st.sampled_from(["0", "0.5", "1", "2", "4"])
JUDGED_BY_THE_PLAN: tuple[Callable[..., object], ...] = (
    account.gross_leverage_stays_within_limit,
    orders.names_stay_within_share,
    orders.order_notional_stays_within_limit,
    orders.order_share_stays_within_limit,
    prices.limit_prices_stay_near_the_last,
    prices.limit_prices_stay_near_the_close,
    prices.spreads_are_narrow,
    cycle.every_order_has_a_target,
    cycle.breaks_are_respected,
)


@settings(max_examples=150, deadline=None)
@given(
    aapl=WEIGHT,
    ibm=WEIGHT,
    leverage=LEVERAGE,
    held=HELD_SHARES,
)
def test_a_plan_never_runs_into_the_limits_that_shape_it(
    aapl: Decimal, ibm: Decimal, leverage: str, held: tuple[int, int, int]
) -> None:
    holdings = {con_id: str(quantity) for con_id, quantity in zip((AAPL, IBM, KO), held, strict=True) if quantity}
    worth = sum((PRICES[con_id] * int(quantity) for con_id, quantity in holdings.items()), D("0"))
    book = situation({AAPL: str(aapl), IBM: str(ibm)}, leverage=leverage, held=holdings, cash=str(100_000 - worth))

    planned = told(book, *plan_orders(book, Sizing(universe=UNIVERSE, limits=Limits())))

    assume(planned_orders(planned))  # with nothing to order, what others hold may stand above the cap

    for safeguard in JUDGED_BY_THE_PLAN:
        assert worst(evaluate(safeguard, planned, Limits())) == "pass"  # type: ignore[arg-type]
