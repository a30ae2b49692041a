"""What is missing, late or not to be believed: nothing is ordered of it, and the reason is told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ledger.events import (
    Fact,
    MarginObserved,
    NavObserved,
    OrderPlanned,
    QuotesObserved,
    StepFailed,
    TargetsComputed,
    TradingHalted,
)
from tests.trader.decisions import AAPL, CLOSED, IBM, KO, D, margin, quote, situation, started, targets, told
from tests.trader.sizing.planning import facts, plan
from trader.limits import Limits
from trader.sizing import Sizing, plan_orders


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"bid": None}, "no price: bid missing", id="no bid"),
        pytest.param({"ask": None, "last": None}, "no price: ask, last missing", id="no ask, no last"),
        pytest.param({"close": None}, "no price: close missing", id="no close"),
        pytest.param({"bid": D("44.52")}, "no price: bid 44.52 above ask 44.5", id="crossed"),
        pytest.param({"halted": True}, "its trading is halted", id="halted"),
        pytest.param({"bid": D("43")}, "spread 3.49 %, above 2.00 %", id="wide"),
        pytest.param(
            {"last": D("48")},
            "price 44.49 beyond the collar of 5.00 % around the last price 48",
            id="away from the last",
        ),
        pytest.param(
            {"close": D("89")},
            "price 44.49 beyond the collar of 25.00 % around the previous close 89",
            id="a split that nobody applied",
        ),
    ],
)
def test_a_price_that_cannot_be_believed_leaves_the_contract_alone(changes: dict[str, object], reason: str) -> None:
    book = situation(quotes=[quote(AAPL, **changes), quote(IBM)])

    rows = plan(book)

    assert (rows[AAPL].action, rows[AAPL].reason.replace("44.50", "44.5")) == ("NOTHING", reason)
    assert rows[IBM].action == "BUY"


def test_prices_at_or_below_zero_are_none() -> None:
    row = plan(situation(quotes=[quote(AAPL, bid=D("-1"), ask=D("-1"))]))[AAPL]

    assert row.action == "NOTHING"
    assert row.reason.startswith("no price: expected prices above zero, found bid -1")


@pytest.mark.parametrize(
    ("instead", "reason"),
    [
        pytest.param({QuotesObserved: ()}, "no price: the broker quoted none", id="never asked for quotes"),
        pytest.param({TargetsComputed: ()}, "no target: the forecast does not name it", id="no forecast"),
    ],
)
def test_what_is_missing_is_the_reason_to_do_nothing(instead: dict[type[Fact], tuple[Fact, ...]], reason: str) -> None:
    rows = plan(situation(instead=instead))

    assert {row.reason for row in rows.values()} == {reason}
    assert {row.action for row in rows.values()} == {"NOTHING"}


def test_yesterday_s_quotes_are_no_quotes() -> None:
    book = situation()
    next_cycle = told(book, started(slot="2005-03-01/1135"), targets({AAPL: "0.2", IBM: "0.2"}))

    assert {row.reason for row in plan(next_cycle).values()} == {"no price: the broker quoted none"}


@pytest.mark.parametrize(
    ("moment", "action"),
    [
        pytest.param(datetime(2005, 3, 1, 14, 29, tzinfo=UTC), "NOTHING", id="before the open"),
        pytest.param(datetime(2005, 3, 1, 14, 31, tzinfo=UTC), "BUY", id="in the session"),
        pytest.param(CLOSED, "NOTHING", id="at the close"),
    ],
)
def test_nothing_is_planned_outside_the_session(moment: datetime, action: str) -> None:
    assert plan(situation(now=moment))[AAPL].action == action


def test_an_undefined_contract_is_left_alone() -> None:
    stranger = 99
    sizing = Sizing(universe=(AAPL, stranger), limits=Limits())
    book = situation({AAPL: "0.2"})

    row = next(row for row in plan_orders(book, sizing) if isinstance(row, OrderPlanned) and row.con_id == stranger)

    assert (row.symbol, row.action) == ("99", "NOTHING")


@pytest.mark.parametrize(
    "instead",
    [
        pytest.param({NavObserved: ()}, id="no NAV reported"),
        pytest.param({MarginObserved: ()}, id="no margin reported"),
        pytest.param({MarginObserved: (margin(currency="EUR"),)}, id="margin in another currency"),
    ],
)
def test_without_its_figures_the_plan_fails_and_orders_nothing(instead: dict[type[Fact], tuple[Fact, ...]]) -> None:
    failed, *rows = facts(situation(instead=instead))

    assert isinstance(failed, StepFailed)
    assert [row.action for row in rows if isinstance(row, OrderPlanned)] == ["NOTHING", "NOTHING"]


def test_a_position_without_a_mark_makes_nav_unknown() -> None:
    failed, *_ = facts(situation(held={KO: "10"}, reported={}))

    assert failed == StepFailed(step="plan", reason="KO: no mark was reported")


def test_debts_above_all_holdings_leave_no_nav_to_size_by() -> None:
    failed, *_ = facts(situation(cash="-1"))

    assert failed == StepFailed(step="plan", reason="expected a NAV above zero, found -1")


def test_a_halted_book_plans_all_the_same() -> None:
    assert plan(situation(also=[TradingHalted(reason="by hand")]))[AAPL].action == "BUY"


def test_a_closing_cycle_plans_nothing() -> None:
    book = told(situation(), started(kind="close", slot="2005-03-01/close"))

    assert facts(book) == ()
