"""What was accepted in error is taken back: what was inferred is undone, and the difference shows again."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from ledger.book import Book, Impossible
from ledger.events import (
    BreakAccepted,
    BreakFound,
    BrokerCash,
    CommissionCharged,
    CurrencyConverted,
    DividendAccrued,
    DividendPaid,
    Fact,
    FlowExpected,
    OrderFilled,
    SplitApplied,
)
from reconcile import Tolerances, acceptance, reconcile, taking_back
from tests.facts import ACCOUNT, DAY, SPY, row, told
from tests.reconcile.worlds import HELD, accepted, agrees, found, look, quiet_book, reconciled

D = Decimal
SHORT = HELD["AAPL"]
NO_RULE = Tolerances(rules=())
DUE = DividendAccrued(
    con_id=SPY.con_id, reference="756733/due", gross=D(80), tax=D(-24), currency="USD",
    pay_date=date.fromisoformat(str(DAY)),
)  # fmt: skip
PAID = {"cash": {"USD": "92056"}}


def taken_back(book: Book, break_id: str = "B-1") -> Book:
    return told(book, *taking_back(book, break_id, "not so", "ana"))


@pytest.mark.parametrize(
    "half",
    [
        pytest.param({"cash": {"USD": "91900"}}, id="cash"),
        pytest.param({"rows": [row(SPY, "12", "405"), SHORT]}, id="units"),
    ],
)
def test_an_amount_against_suspense_is_taken_back_and_found_again(half: dict[str, object]) -> None:
    before = reconciled(look(quiet_book(), **half))  # type: ignore[arg-type]
    after = taken_back(accepted(before, "B-1"))

    assert (after.cash, after.positions) == (before.cash, before.positions)
    assert after.journal.get(("suspense", "USD"), D(0)) == 0
    known = after.breaks["B-1"]
    assert (known.status, known.why) == ("taken back", "not so")
    assert known.taken_back is not None
    assert known.taken_back.by == "ana"
    assert [b.break_id for b in found(reconcile(look(after, **half), NO_RULE))] == ["B-2"]  # type: ignore[arg-type]


def test_a_dividend_that_was_inferred_is_taken_back_and_due_again() -> None:
    before = reconciled(look(told(quiet_book(), DUE), **PAID), NO_RULE)  # type: ignore[arg-type]
    once = told(before, *acceptance(before, "B-1", "it came", NO_RULE))

    after = taken_back(once)

    assert once.cash == {"USD": D(92056)}
    assert after.cash == {"USD": D(92000)}
    assert after.journal["dividends", "USD"] == -80  # accrued once more
    assert set(after.accruals) == {"756733/due/B-1"}
    again = reconciled(look(after, **PAID), NO_RULE)  # type: ignore[arg-type]
    accepted_again = told(again, *acceptance(again, "B-2", "it did come", NO_RULE))
    assert agrees(look(accepted_again, **PAID))  # type: ignore[arg-type]


def test_a_deposit_that_was_announced_is_expected_again_and_explains_again() -> None:
    flow = FlowExpected(amount=D(5000), currency="USD", until=DAY + timedelta(days=5))
    came = {"cash": {"USD": "97000"}}
    before = reconciled(look(told(quiet_book(), flow), **came), NO_RULE)  # type: ignore[arg-type]
    once = told(before, *acceptance(before, "B-1", "it came", NO_RULE))

    after = taken_back(once)

    assert (once.flows, once.cash) == ({}, {"USD": D(97000)})
    assert (after.flows, after.cash) == ({"F-1": flow}, {"USD": D(92000)})
    again = reconciled(look(after, **came), NO_RULE)  # type: ignore[arg-type]
    assert told(again, *acceptance(again, "B-2", "it did come", NO_RULE)).flows == {}


def test_an_accrual_whose_payment_the_statement_confirmed_is_not_due_again() -> None:
    before = reconciled(look(told(quiet_book(), DUE), **PAID), NO_RULE)  # type: ignore[arg-type]
    once = told(before, *acceptance(before, "B-1", "it came", NO_RULE))
    assert (accepted_facts := once.breaks["B-1"].accepted) is not None
    words = [
        fact.model_copy(update={"source": "statement", "provisional": False, "replaces": fact.key})
        for fact in acceptance(before, "B-1", "it came", NO_RULE) if isinstance(fact, BrokerCash)
    ]  # fmt: skip

    with pytest.raises(Impossible, match="the statement has confirmed all of it"):
        taking_back(told(once, *words), "B-1", "not so")
    assert len(accepted_facts.recorded) == 3  # the dividend, its tax, and the end of the accrual


def inferred(book: Book, *facts: Fact) -> Book:
    """Let a break have been accepted with facts that were inferred for it."""
    begun = BreakFound(break_id="B-1", kind="cash", subject="USD", consequence="note", currency="USD")
    recorded = tuple(fact.key for fact in facts if fact.key is not None)
    return told(book, begun, BreakAccepted(break_id="B-1", why="so", explanation=1, recorded=recorded), *facts)


BOUGHT = OrderFilled(
    account=ACCOUNT, execution_id="inferred.B-1.01", con_id=SPY.con_id, quantity=D(5), price=D(400), currency="USD",
    source="operator",
)  # fmt: skip
CHARGED = CommissionCharged(execution_id="inferred.B-1.01", amount=D(-1), currency="USD")


def test_an_execution_that_was_inferred_is_busted_and_costs_nothing() -> None:
    book = quiet_book()

    after = taken_back(inferred(book, BOUGHT, CHARGED))

    assert (after.positions, after.cash) == (book.positions, book.cash)
    assert after.fills["inferred.B-1"].busted
    assert after.pending_commissions == ()


@pytest.mark.parametrize(
    "fact",
    [
        pytest.param(
            SplitApplied(
                con_id=SPY.con_id, source="operator", reference="B-1", numerator=2, denominator=1,
                quantity_change=D(10), provisional=True,
            ),
            id="an action",
        ),
        pytest.param(
            CurrencyConverted(
                source="operator", reference="B-1", sold=D(100), sold_currency="USD", bought=D(80),
                bought_currency="EUR",
            ),
            id="a conversion",
        ),
    ],
)  # fmt: skip
def test_whatever_was_inferred_is_undone(fact: Fact) -> None:
    book = quiet_book()

    after = taken_back(inferred(book, fact))

    assert after.positions == book.positions
    assert {c: amount for c, amount in after.cash.items() if amount} == book.cash
    assert told(after, fact).cash == after.cash  # told again, it changes nothing


def test_what_the_statement_has_confirmed_is_not_taken_back() -> None:
    guess = DividendPaid(
        con_id=SPY.con_id, source="operator", reference="B-1", amount=D(80), currency="USD", provisional=True
    )
    word = guess.model_copy(
        update={"source": "statement", "reference": "7", "provisional": False, "replaces": guess.key}
    )
    book = told(inferred(quiet_book(), guess), word)

    with pytest.raises(Impossible, match="the statement has confirmed all of it"):
        taking_back(book, "B-1", "not so")


def test_a_correction_of_the_brokers_own_execution_is_left_to_the_statement() -> None:
    book = inferred(quiet_book(), BOUGHT.model_copy(update={"execution_id": "0000e0d5.4213a1c0.01.02"}))

    with pytest.raises(Impossible, match="corrects an execution of the broker's"):
        taking_back(book, "B-1", "not so")


def test_an_acceptance_is_taken_back_once() -> None:
    book = reconciled(look(quiet_book(), cash={"USD": "91900"}))

    with pytest.raises(Impossible, match=r"expected an accepted break \(none\), found that nobody has"):
        taking_back(book, "B-1", "not so")
    with pytest.raises(Impossible, match=r"found that its acceptance was taken back on 2005-03-01"):
        taking_back(taken_back(accepted(book, "B-1")), "B-1", "not so")
