"""What breaks, overrides and lists of names leave of a plan."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.events import BreakFound, MarginObserved, OrderPlanned, OverrideSet
from tests.trader.decisions import AAPL, IBM, D, margin, situation
from tests.trader.sizing.planning import plan, quantities


def locks(con_id: int, kind: str = "position") -> BreakFound:
    return BreakFound.model_validate(
        {"break_id": "B-2", "kind": kind, "subject": str(con_id), "consequence": "lock", "con_id": con_id}
    )


def overridden(*overrides: OverrideSet, **world: Any) -> dict[int, OrderPlanned]:
    return plan(situation(also=overrides, **world))


def test_a_locked_contract_is_reduced_only_within_what_both_sides_agree_on() -> None:
    book = situation(
        {AAPL: "0.10", IBM: "0"},
        held={AAPL: "1000"},
        reported={AAPL: "900"},
        cash="55500",
        also=[locks(AAPL)],
    )

    row = plan(book)[AAPL]  # 10 % of the smaller NAV of 95,550: 214 shares; 900 are agreed

    assert (row.action, row.quantity) == ("SELL", D("-686"))


@pytest.mark.parametrize(
    ("reported", "weight", "kind"),
    [
        pytest.param("1000", "0.10", "foreign_order", id="somebody else orders it"),
        pytest.param("1000", "0.10", "refused_fact", id="a fact of it was refused"),
        pytest.param("900", "0.95", "position", id="it would grow"),
        pytest.param("-900", "0.10", "position", id="the sides differ"),
        pytest.param("0", "0.10", "position", id="the broker has none"),
    ],
)
def test_a_locked_contract_is_otherwise_left_alone(reported: str, weight: str, kind: str) -> None:
    book = situation(
        {AAPL: weight, IBM: "0"},
        held={AAPL: "1000"},
        reported={AAPL: reported},
        nav="100000",
        cash="55500",
        also=[locks(AAPL, kind)],
    )

    row = plan(book, name_share_max="1")[AAPL]

    assert (row.action, row.reason) == ("NOTHING", "locked by break B-2")


@pytest.mark.parametrize(
    ("before", "weight", "sold"),
    [
        pytest.param("900", "0.10", "-676", id="bought by hand: what was there before is sold, no more"),
        pytest.param("900", "0", "-900", id="what was bought by hand stays"),
        pytest.param("1100", "0.10", "-776", id="sold by hand: what is left is sold"),
        pytest.param("900", "0.42", "0", id="it was less than the target before"),
        pytest.param("-100", "0.10", "0", id="the other side of zero"),
    ],
)
def test_of_what_somebody_else_traded_only_what_was_there_before_and_after_is_sold(
    before: str, weight: str, sold: str
) -> None:
    foreign = BreakFound(
        break_id="B-2", kind="foreign_trade", subject="e1", consequence="lock", con_id=AAPL, expected=D(before),
        found=D("1000"),
    )  # fmt: skip
    book = situation({AAPL: weight, IBM: "0"}, held={AAPL: "1000"}, cash="55500", also=[foreign])

    row = plan(book, name_share_max="1")[AAPL]

    assert row.quantity == D(sold)


def test_what_several_others_bought_at_once_is_all_left_to_them() -> None:
    def bought(name: str, expected: str) -> BreakFound:
        return BreakFound(
            break_id=name, kind="foreign_trade", subject=name, consequence="lock", con_id=AAPL, expected=D(expected),
            found=D("1000"),
        )  # fmt: skip

    two = [bought("B-2", "800"), bought("B-3", "900")]  # 200 and 100, in one look
    book = situation({AAPL: "0", IBM: "0"}, held={AAPL: "1000"}, cash="55500", also=two)

    assert plan(book, name_share_max="1")[AAPL].quantity == D("-700")


def test_a_break_that_only_informs_hinders_no_reduction() -> None:
    note = BreakFound(
        break_id="B-1",
        kind="realised",
        subject=str(AAPL),
        consequence="note",
        con_id=AAPL,
        expected=D("5"),
        found=D("9"),
    )
    book = situation(
        {AAPL: "0.10", IBM: "0"}, held={AAPL: "1000"}, reported={AAPL: "900"}, cash="55500", also=[note, locks(AAPL)]
    )

    assert plan(book)[AAPL].quantity == D("-686")


def test_others_trade_while_one_is_locked() -> None:
    book = situation(also=[locks(AAPL)])

    assert [row.action for row in plan(book).values()] == ["NOTHING", "BUY"]


def test_while_a_break_says_so_positions_only_shrink() -> None:
    broken = BreakFound(break_id="B-1", kind="nav", subject="NAV", consequence="reduce_only")
    book = situation({AAPL: "0.10", IBM: "0.30"}, held={AAPL: "1000", IBM: "100"}, cash="46250", also=[broken])

    rows = plan(book)

    assert (rows[AAPL].action, rows[AAPL].quantity) == ("SELL", D("-776"))
    assert (rows[IBM].action, rows[IBM].reason) == ("NOTHING", "reductions only: an open break")


def test_a_flip_stops_at_flat_while_positions_may_only_shrink() -> None:
    broken = BreakFound(break_id="B-1", kind="nav", subject="NAV", consequence="reduce_only")
    book = situation({AAPL: "-0.10", IBM: "0"}, held={AAPL: "1000"}, cash="55500", also=[broken])

    assert quantities(book)[AAPL] == D("-1000")


def test_short_of_liquidity_positions_only_shrink() -> None:
    book = situation(
        {AAPL: "0.10", IBM: "0.30"},
        held={AAPL: "1000"},
        cash="55500",
        instead={MarginObserved: (margin("4000"),)},
    )

    rows = plan(book)

    assert rows[AAPL].quantity == D("-776")
    assert rows[IBM].reason == "reductions only: excess_liquidity_remains: 0.04, limit 0.05"


def test_an_override_leaves_a_contract_alone_with_its_reason() -> None:
    rows = overridden(OverrideSet(subject="AAPL", allow="none", why="earnings"))

    assert rows[AAPL].action == "NOTHING"
    assert rows[AAPL].reason == "override of AAPL: no orders: earnings"
    assert rows[IBM].action == "BUY"


def test_an_override_lets_a_position_shrink_alone() -> None:
    less = OverrideSet(subject="account", allow="reduce_only", why="holiday")

    rows = overridden(less, held={AAPL: "1000"}, cash="55500", weights={AAPL: "0.2", IBM: "0.2"})

    assert rows[AAPL].quantity == D("-551")
    assert rows[IBM].reason == "reductions only: override of account: reduce only: holiday"


def test_scales_multiply_and_the_last_word_counts() -> None:
    tenth = OverrideSet(subject="account", scale=D("0.1"), why="going live")
    half = OverrideSet(subject="AAPL", scale=D("0.5"), why="careful")
    lifted = OverrideSet(subject="IBM", why="again")

    rows = overridden(tenth, half, OverrideSet(subject="IBM", allow="none", why="no"), lifted)

    assert (rows[AAPL].weight, rows[IBM].weight) == (D("0.010"), D("0.020"))


def test_a_restricted_name_is_sold_to_flat_and_never_through_it() -> None:
    book = situation({AAPL: "-0.1", IBM: "0"}, held={AAPL: "100"}, cash="95550")

    assert plan(book, restricted="AAPL")[AAPL].quantity == D("-100")


def test_what_may_not_be_short_is_sold_to_flat() -> None:
    rows = plan(situation({AAPL: "-0.1", IBM: "-0.1"}, held={AAPL: "100"}, cash="95550"), short_banned="*")

    assert rows[AAPL].quantity == D("-100")
    assert rows[IBM].reason == "it may not be sold short"
