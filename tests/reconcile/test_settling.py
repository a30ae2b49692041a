"""What becomes of what was inferred, once a statement covers its day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

import pytest

from ledger.book import Book
from ledger.events import (
    BreakAccepted,
    BreakFound,
    CashObserved,
    CashRow,
    CashWithdrawn,
    CommissionAdjusted,
    CommissionCharged,
    DividendAccrued,
    FeeCharged,
    OrderFilled,
    PositionsObserved,
    StatementReconciled,
)
from reconcile.settling import inferred_keys, is_waiting, lacking, undoing
from reconcile.statements import Statement
from reconcile.statements.statement import Held, Observed
from reconcile.taking_back import taking_back
from reconcile.witness import Reports
from tests.facts import ACCOUNT, DAY, SPY, bought, busted, commission, row, told
from tests.reconcile.worlds import HELD, look, quiet_book, reconciled

D = Decimal
WITHDRAWN = CashWithdrawn(source="operator", reference="B-1/1", amount=D(-50), currency="USD", provisional=True)
FEE = FeeCharged(source="rule", reference="B-2/1", amount=D(-7), currency="USD", kind="other", provisional=True)
FILLED = OrderFilled(
    account=ACCOUNT, execution_id="inferred.B-3.01", con_id=SPY.con_id, quantity=D(5), price=D(400), currency="USD",
    source="operator",
)  # fmt: skip
COST = CommissionCharged(execution_id="inferred.B-3.01", amount=D(-1), currency="USD")
EMPTY = StatementReconciled(account=ACCOUNT, first_day=DAY, last_day=DAY, file_sha256="00")
TODAY: Mapping[str, date] = {}


def statement(cash: Decimal | None, spy: Decimal | None = None) -> Statement:
    """A statement of the day that ends with so much cash; of units only if they are named."""
    held = {con_id: Held(each.quantity) for con_id, each in ((r.con_id, r) for r in HELD.values())}
    positions = None if spy is None else {**held, SPY.con_id: Held(spy)}
    observed = Observed(cash=None if cash is None else {"USD": cash}, positions=positions)
    return Statement("flex activity", ACCOUNT, DAY, DAY, None, "USD", (), (), observed)


def heard(cash: Decimal) -> Reports:
    return Reports(cash=CashObserved(rows=(CashRow(currency="USD", amount=cash),)))


def undone(book: Book, told_by: Statement, reports: Reports, days: Mapping[str, date] = TODAY) -> tuple[str, ...]:
    return lacking(book, book, told_by, reports, days, EMPTY)


def test_what_agrees_with_the_statement_is_never_undone() -> None:
    book = told(quiet_book(), WITHDRAWN)
    cash = book.cash["USD"]

    assert undone(book, statement(cash), heard(cash)) == ()


def test_what_the_statement_and_the_api_lack_is_undone() -> None:
    book = told(quiet_book(), WITHDRAWN, FEE)
    cash = book.cash["USD"] + 50

    assert undone(book, statement(cash), heard(cash)) == (WITHDRAWN.key,)


def test_what_the_api_shows_still_waits_on_its_own_day_and_not_on_a_later_one() -> None:
    book = told(quiet_book(), WITHDRAWN)
    cash = book.cash["USD"]
    yesterday = {WITHDRAWN.key: DAY - timedelta(days=1)}

    assert undone(book, statement(cash + 50), heard(cash), {WITHDRAWN.key: DAY}) == ()
    assert undone(book, statement(cash + 50), heard(cash), yesterday) == (WITHDRAWN.key,)


@pytest.mark.parametrize(
    ("apart", "gone"),
    [
        pytest.param("57", (WITHDRAWN.key, FEE.key), id="both together"),
        pytest.param("43", (), id="another amount"),
        pytest.param("50.01", (), id="a cent more"),
    ],
)
def test_only_what_makes_the_statement_right_to_the_cent_is_undone(apart: str, gone: tuple[str, ...]) -> None:
    book = told(quiet_book(), WITHDRAWN, FEE)
    cash = book.cash["USD"] + D(apart)

    assert undone(book, statement(cash), heard(cash)) == gone


def test_without_cash_in_the_statement_nothing_is_undone() -> None:
    book = told(quiet_book(), WITHDRAWN)

    assert undone(book, statement(None), heard(book.cash["USD"] + 50)) == ()


def test_what_happened_after_the_statement_is_left_alone() -> None:
    book = told(quiet_book(), WITHDRAWN)
    cash = book.cash["USD"] + 50

    assert undone(book, statement(cash), heard(cash), {WITHDRAWN.key: DAY + timedelta(days=1)}) == ()


def test_an_inferred_execution_goes_with_what_it_cost() -> None:
    before = quiet_book()
    book = told(before, FILLED, COST)
    (key,) = inferred_keys(book)
    lacks = statement(before.cash["USD"], before.positions[SPY.con_id])
    shown = Reports(
        cash=heard(before.cash["USD"]).cash,
        positions=PositionsObserved(rows=tuple(
            row(SPY, str(before.positions[SPY.con_id])) if each.con_id == SPY.con_id else each
            for each in HELD.values()
        )),
    )  # fmt: skip

    assert undone(book, lacks, shown) == (key,)

    after = told(book, *undoing(book, (key,), EMPTY))
    assert (after.cash, after.positions) == (before.cash, before.positions)
    assert inferred_keys(after) == {}
    assert after.stated is not None
    assert [each.key for each in after.stated.reversed] == [key]


def test_a_dividend_that_never_came_is_due_again() -> None:
    due = DividendAccrued(
        con_id=SPY.con_id, reference="756733/due", gross=D(80), tax=D(-24), currency="USD", pay_date=DAY
    )
    book = told(reconciled(look(quiet_book())), due)
    book = reconciled(look(book, cash={"USD": "92056"}))
    assert (book.accruals, book.cash["USD"]) == ({}, D(92056))

    after = told(book, *undoing(book, tuple(book.provisional), EMPTY))

    assert (after.provisional, after.cash["USD"]) == ({}, D(92000))
    assert [(each.gross, each.tax) for each in after.accruals.values()] == [(due.gross, due.tax)]


EXECUTED = (bought(SPY, "5", "400", execution="a.01"), commission("a.01", "-1"))
REFUND = CommissionAdjusted(
    source="operator", reference="B-1/refund/a", amount=D(1), currency="USD", con_id=SPY.con_id, provisional=True
)


def bust_accepted(book: Book) -> Book:
    """Let a bust have been accepted of an execution of the broker's own, with what it had cost."""
    begun = BreakFound(
        break_id="B-1", kind="position", subject=str(SPY.con_id), consequence="lock", expected=D(15), found=D(10),
        con_id=SPY.con_id,
    )  # fmt: skip
    gone = busted("a.01")
    recorded = (gone.key, REFUND.key)
    return told(book, begun, BreakAccepted(break_id="B-1", why="so", explanation=1, recorded=recorded), gone, REFUND)


def listing(book: Book) -> tuple[Statement, Reports]:
    """What statement and API tell, if they tell what a book says."""
    cash, units = book.cash["USD"], book.positions[SPY.con_id]
    held = (row(SPY, str(units)), *(each for each in HELD.values() if each.con_id != SPY.con_id))
    return statement(cash, units), Reports(cash=heard(cash).cash, positions=PositionsObserved(rows=held))


def test_a_bust_that_the_statement_does_not_bear_out_is_undone_and_the_execution_stands() -> None:
    before = told(quiet_book(), *EXECUTED)
    book = bust_accepted(before)

    keys = undone(book, *listing(before))
    after = told(book, *undoing(book, keys, EMPTY))

    assert set(keys) == {busted("a.01").key, REFUND.key}
    assert (after.cash, after.positions) == (before.cash, before.positions)
    assert not any(is_waiting(key, DAY, statement(None)) for key in inferred_keys(after))


def test_a_bust_waits_for_the_statement_of_its_day_alone() -> None:
    book = bust_accepted(told(quiet_book(), *EXECUTED))
    (bust, _) = inferred_keys(book)

    assert undone(book, *listing(book)) == ()
    assert is_waiting(bust, DAY, statement(None))
    assert not is_waiting(bust, DAY - timedelta(days=1), statement(None))


def test_a_bust_that_was_taken_back_is_inferred_no_longer() -> None:
    book = bust_accepted(told(quiet_book(), *EXECUTED))

    after = told(book, *taking_back(book, "B-1", "not so"))

    assert [key for key in inferred_keys(after) if key.startswith(("bust/", "broker-cash/"))] == []
    assert undone(after, *listing(after)) == ()
