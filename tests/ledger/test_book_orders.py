from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from ledger.book import Book, Impossible
from ledger.events import (
    BreakFound,
    CycleFinished,
    Fact,
    OrderExpired,
    OrderKept,
    OrderModified,
    OrderModifyAttempted,
    OrderModifyRefused,
    OrderPlanned,
    OrderRejected,
    OrderResolved,
    StepFailed,
    TradingHalted,
    TradingResumed,
    TradingVetoed,
)
from ledger.references import is_ours, new_order_ref
from tests.facts import (
    ACCOUNT,
    DAY,
    SPY,
    acknowledged,
    attempted,
    bought,
    busted,
    cancelled,
    cycle_started,
    replay,
    snapshot,
    told,
    trading_allowed,
    working,
)

D = Decimal
REF = f"tb-{ACCOUNT}-9-abcd-756733-B-1"


def test_an_order_is_in_doubt_until_something_decides_it() -> None:
    book = replay([cycle_started(), *trading_allowed(), attempted(REF, SPY, "10")])

    assert [order.order_ref for order in book.in_doubt] == [REF]
    assert not book.may_trade
    assert told(book, acknowledged(REF)).may_trade
    assert told(book, acknowledged(REF)).in_doubt == ()


@pytest.mark.parametrize(
    ("decision", "status"),
    [
        (acknowledged(REF), "working"),
        (OrderRejected(order_ref=REF, code=201, reason="no"), "rejected"),
        (cancelled(REF), "cancelled"),
        (OrderExpired(order_ref=REF, filled=D(0)), "expired"),
        (OrderResolved(order_ref=REF, outcome="not_sent", evidence="nowhere"), "not_sent"),
        (OrderResolved(order_ref=REF, outcome="unknown", evidence="nowhere"), "attempted"),
        (bought(SPY, "10", execution="a.01", order_ref=REF), "filled"),
        (bought(SPY, "4", execution="a.01", order_ref=REF), "working"),
    ],
)
def test_what_decides_an_order(decision: Fact, status: str) -> None:
    book = replay([cycle_started(), *trading_allowed(), attempted(REF, SPY, "10"), decision])

    assert book.orders[REF].status == status
    assert (book.orders[REF] in book.working_orders) == (status in ("attempted", "working"))


def test_fills_of_a_known_order_are_ours_and_fill_it() -> None:
    book = replay([*working(REF, SPY, "10"), bought(SPY, "4", execution="a.01", order_ref=REF)])

    order = book.orders[REF]
    assert (order.status, order.filled, order.remaining) == ("working", D(4), D(6))
    assert not book.fills["a"].foreign
    assert told(book, bought(SPY, "4", execution="b.01", order_ref="by hand")).fills["b"].foreign


def test_an_overfilled_order_is_filled_and_its_excess_is_held() -> None:
    fills = (bought(SPY, "6", execution=f"{name}.01", order_ref=REF) for name in "ab")

    book = replay([*working(REF, SPY, "10"), *fills])

    assert (book.orders[REF].status, book.orders[REF].filled, book.positions) == ("filled", D(12), {SPY.con_id: D(12)})


def test_a_bust_opens_a_filled_order_again_unless_it_had_ended() -> None:
    filled = [*working(REF, SPY, "10"), bought(SPY, "10", execution="a.01", order_ref=REF)]

    assert replay([*filled, busted("a.01")]).orders[REF].status == "working"
    assert replay([*filled, cancelled(REF, "10"), busted("a.01")]).orders[REF].status == "cancelled"


def test_one_order_may_have_several_permanent_ids() -> None:
    book = replay([*working(REF, SPY, "10"), acknowledged(REF, 2), acknowledged(REF, 2)])

    assert book.orders[REF].perm_ids == (1, 2)


def test_an_order_id_is_never_used_again() -> None:
    book = replay([*working(REF, SPY, "10", order_id=7)])

    with pytest.raises(Impossible, match="expected more than 7"):
        told(book, attempted("tb-another", SPY, "1", order_id=7))


def test_an_intent_is_never_repeated() -> None:
    book = replay([*working(REF, SPY, "10")])

    with pytest.raises(Impossible, match="never repeated"):
        told(book, attempted(REF, SPY, "10", order_id=1))


@pytest.mark.parametrize(
    "spoiler",
    [
        TradingHalted(reason="by hand"),
        TradingVetoed(reasons=("stale price",)),
        StepFailed(step="forecast", reason="no data"),
        CycleFinished(slot="2005-03-01/1035", book_hash="1:0"),
        cycle_started(slot="1135"),
        BreakFound(break_id="B-1", kind="refused_fact", subject="fill", consequence="lock", con_id=SPY.con_id),
    ],
    ids=lambda fact: fact.type,
)
def test_permission_to_trade_ends(spoiler: Fact) -> None:
    book = replay([cycle_started(), *trading_allowed()])

    assert book.may_trade
    assert not told(book, spoiler).may_trade


def test_a_break_that_is_only_noted_stops_no_order() -> None:
    book = replay([cycle_started(), *trading_allowed()])

    assert told(book, BreakFound(break_id="B-1", kind="cash", subject="USD", consequence="note")).may_trade


@pytest.mark.parametrize("evidence", [0, 1], ids=["not reconciled", "no verdicts"])
def test_trading_is_not_allowed_without_evidence_of_this_very_cycle(evidence: int) -> None:
    *needed, allowed = trading_allowed()
    del needed[evidence]

    with pytest.raises(Impossible, match="expected a reconciled book, verdicts"):
        replay([cycle_started(), *trading_allowed(), cycle_started(slot="1135"), *needed, allowed])


def test_a_halt_lasts_until_it_is_lifted() -> None:
    book = replay([cycle_started(), TradingHalted(reason="by hand"), cycle_started(slot="1135"), *trading_allowed()])

    assert (book.halted, book.may_trade) == ("by hand", False)
    assert told(book, TradingResumed(why="seen to")).may_trade


def plan(order_ref: str, limit: str = "400") -> OrderPlanned:
    return OrderPlanned(
        con_id=SPY.con_id, symbol="SPY", action="BUY", quantity=D(10), reason="", held=D(0), target=D(10),
        weight=D("0.1"), order_ref=order_ref, limit_price=D(limit),
    )  # fmt: skip


def test_the_plan_is_worked_off_order_by_order() -> None:
    planned = plan(REF)
    nothing = planned.model_copy(update={"action": "NOTHING", "order_ref": None})
    book = replay([cycle_started(), nothing, planned, *trading_allowed()])

    assert book.next_order == planned
    assert told(book, attempted(REF, SPY, "10")).next_order is None  # in doubt
    assert told(book, attempted(REF, SPY, "10"), acknowledged(REF)).next_order is None  # done


def test_an_order_reference_names_account_cycle_contract_side_and_attempt() -> None:
    book = replay([cycle_started()])

    reference = new_order_ref(book, SPY.con_id, "B", 2)

    assert book.cycle is not None
    assert reference == f"tb-{ACCOUNT}-5-{book.cycle.hash[:4]}-756733-B-2"
    assert is_ours(reference, ACCOUNT)
    assert not is_ours(reference, ACCOUNT[:-1])
    assert not is_ours("by hand", ACCOUNT)


def test_an_order_reference_needs_a_cycle_and_forty_characters_at_most() -> None:
    with pytest.raises(Impossible, match="expected a running cycle"):
        new_order_ref(replay([]), SPY.con_id, "B")
    with pytest.raises(Impossible, match="at most 40 characters, found 46"):
        new_order_ref(replay([cycle_started()]), 10**18, "S", 1000)


def test_the_last_snapshot_of_a_session_stands_for_it() -> None:
    book = replay([snapshot(DAY), snapshot(date(2005, 3, 2)), snapshot(DAY)])

    assert list(book.snapshots) == [DAY, date(2005, 3, 2)]


# An order that works on


def kept_order(*more: Fact) -> Book:
    """An order of the last cycle that works on in this one, which may trade."""
    kept = OrderKept(order_ref=REF, perm_id=1, limit_price=D("400"), filled=D(0))
    return replay([*working(REF, SPY, "10"), cycle_started(slot="1135"), kept, *trading_allowed(), *more])


def changing(limit: str = "401") -> OrderModifyAttempted:
    return OrderModifyAttempted(order_ref=REF, order_id=1, perm_id=1, quantity=D(10), limit_price=D(limit))


def test_while_a_change_is_undecided_the_order_is_in_doubt_and_nothing_leaves() -> None:
    book = kept_order(changing())

    assert [order.order_ref for order in book.in_doubt] == [REF]
    assert not book.may_trade
    assert book.orders[REF].change_asked


def test_a_fill_says_nothing_of_a_change_that_is_undecided() -> None:
    book = kept_order(changing(), bought(SPY, "1", execution="e.01", order_ref=REF), acknowledged(REF))

    assert [order.order_ref for order in book.in_doubt] == [REF]
    assert not book.may_trade


def test_a_change_that_the_broker_shows_is_the_orders_limit() -> None:
    book = kept_order(changing(), OrderModified(order_ref=REF, limit_price=D("401")))

    order = book.orders[REF]
    assert (order.status, order.limit_price, order.change_asked) == ("working", D("401"), False)
    assert book.may_trade


def test_of_a_change_that_was_refused_the_order_works_as_it_was_and_none_follows_in_this_cycle() -> None:
    book = kept_order(changing(), OrderModifyRefused(order_ref=REF, code=110, reason="price"))

    assert (book.orders[REF].status, book.orders[REF].limit_price) == ("working", D("400.00"))
    with pytest.raises(Impossible, match="expected an order that this cycle kept"):
        told(book, changing("402"))


def test_an_order_whose_change_a_crash_left_undecided_works_but_is_not_taken_for_certain() -> None:
    found = OrderResolved(order_ref=REF, outcome="working", evidence="open as 1")
    book = told(kept_order(changing()), cycle_started(slot="1235"), found)

    assert book.in_doubt == ()
    assert book.orders[REF].change_asked


def test_an_order_at_another_limit_than_planned_is_next_until_its_change_was_tried() -> None:
    planned = plan(REF, "401")
    book = kept_order(planned)

    assert book.next_order == planned
    assert told(book, changing(), OrderModifyRefused(order_ref=REF, code=110, reason="price")).next_order is None
    assert kept_order(plan(REF)).next_order is None  # it works as planned


def test_what_was_kept_and_is_not_planned_or_not_allowed_has_no_warrant() -> None:
    planned = plan(REF)  # of this cycle, under the reference of before

    assert kept_order(planned).unwarranted == ()
    assert kept_order().unwarranted == (REF,)
    assert kept_order(planned, TradingVetoed(reasons=("a veto",))).unwarranted == (REF,)
    assert kept_order(planned, TradingHalted(reason="look")).unwarranted == (REF,)
    assert replay([*working(REF, SPY, "10"), cycle_started(slot="1135")]).unwarranted == ()  # nothing was kept
