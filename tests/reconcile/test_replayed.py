"""Every reconciliation is decided again by a replay, to the bit: breaks, explanations, rivals, what rules booked."""

from __future__ import annotations

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.book import Book
from ledger.events import BookReconciled, BreakAccepted, BreakClosed, BreakExplained, BreakFound, Fact, StepFailed
from ledger.events.reconciliation import ExplanationRow
from reconcile import acceptance, reconcile
from reconcile.acceptance import Unexplained
from reconcile.explanations import first_of
from tests.facts import (
    AAPL,
    CONTRACTS,
    DAY,
    GENESIS,
    SPY,
    bought,
    cash_reported,
    commission,
    cycle_started,
    nav_reported,
    open_orders,
    positions_reported,
    rates,
    replay,
    row,
)
from tests.reconcile.test_causes import accrued
from tests.reconcile.worlds import OPENING, RETAIL

D = Decimal
ROOT = Path(__file__).parents[2]
cents = st.integers(-30_000, 30_000).map(lambda n: D(n) / 100)
units = st.integers(-12, 12)
looks = st.lists(st.tuples(cents, units, units, st.booleans(), st.booleans()), min_size=1, max_size=5)


def reported(number: int, cash: Decimal, spy: int, aapl: int) -> tuple[Fact, ...]:
    """Begin a cycle in which the broker's half differs by so much."""
    return (
        cycle_started(DAY, attempt=number),
        rates(),
        cash_reported(USD=str(92000 + cash)),
        positions_reported(*(r for r in (row(SPY, str(10 + spy)), row(AAPL, str(-5 + aapl))) if r.quantity)),
        nav_reported(str(92000 + cash + 400 * (5 + spy + aapl))),
        open_orders(),
    )


def history(steps: list[tuple[Decimal, int, int, bool, bool]]) -> tuple[list[Fact], list[tuple[int, tuple[Fact, ...]]]]:
    """Live through cycles: what is recorded, and after how many facts which reconciliation was decided."""
    facts: list[Fact] = [*OPENING, accrued("1/due", "80", "-24"), accrued("2/due", "7.5", "0", con_id=AAPL.con_id)]
    decided: list[tuple[int, tuple[Fact, ...]]] = []
    for number, (cash, spy, aapl, is_traded, is_accepted) in enumerate(steps, 1):
        if is_traded:
            facts += [bought(SPY, "1", execution=f"x{number}.01", perm_id=number), commission(f"x{number}.01", "-1")]
        facts += reported(number, cash, spy, aapl)
        book = replay(facts)
        decided.append((len(facts), reconcile(book, RETAIL)))
        facts += decided[-1][1]
        if is_accepted:
            facts += accepted(replay(facts))
    return facts, decided


def accepted(book: Book) -> tuple[Fact, ...]:
    """Accept the first open break: by its first explanation, else by the broker's word."""
    first = next(iter(book.open_breaks), None)
    if first is None:
        return ()
    try:
        return acceptance(book, first.found.break_id, "so", RETAIL, explanation=1, by="ana")
    except Unexplained:
        return acceptance(book, first.found.break_id, "so", RETAIL, by="ana", as_suspense=True)


@settings(max_examples=25, deadline=None)
@given(looks)
def test_a_replay_decides_every_reconciliation_again_to_the_bit(
    steps: list[tuple[Decimal, int, int, bool, bool]],
) -> None:
    facts, decided = history(steps)

    for length, before in decided:
        again = reconcile(replay(facts[:length]), RETAIL)
        assert [fact.model_dump_json() for fact in again] == [fact.model_dump_json() for fact in before]
    live = replay(facts)
    assert {b: known.explanation for b, known in live.breaks.items()} == {
        fact.break_id: fact for fact in facts if isinstance(fact, BreakExplained)
    }


@settings(max_examples=25, deadline=None)
@given(cents, units, units)
def test_what_is_explained_leaves_nothing(cash: Decimal, spy: int, aapl: int) -> None:
    facts, _ = history([(cash, spy, aapl, False, False)])

    for fact in facts:
        if isinstance(fact, BreakExplained):
            known = replay(facts).breaks[fact.break_id].found
            for each in told_of(fact):
                explained = sum((term.amount for term in each.terms), D(0))
                assert not each.terms or known.difference == explained + (each.unexplained or 0)
                assert each.certainty == "unexplained" or not each.unexplained


ABOUT = (BookReconciled, BreakAccepted, BreakClosed, BreakExplained, BreakFound, StepFailed)


@settings(max_examples=25, deadline=None)
@given(cents, units, units)
def test_nothing_inferred_is_recorded_without_a_rule_or_an_acceptance(cash: Decimal, spy: int, aapl: int) -> None:
    facts, decided = history([(cash, spy, aapl, False, False), (D(56), 0, 0, False, False)])

    for _, batch in decided:
        by_rule = [fact for fact in batch if isinstance(fact, BreakClosed) and "by rule" in fact.reason]
        ruled = {key for fact in by_rule for key in fact.evidence}
        inferred = [fact for fact in batch if not isinstance(fact, ABOUT)]
        assert {fact.key for fact in inferred} == ruled
        assert all(getattr(fact, "source", "rule") == "rule" for fact in inferred)
    batch = accepted(replay(facts))
    recorded = {key for fact in batch if isinstance(fact, BreakAccepted) for key in fact.recorded}
    assert {fact.key for fact in batch if not isinstance(fact, ABOUT) and fact.key is not None} <= recorded


def told_of(fact: BreakExplained) -> tuple[ExplanationRow, ...]:
    return (first_of(fact), *fact.rivals)


SAID = """
import sys
from ledger.book import Book
from ledger.events import BY_NAME
from reconcile import Tolerances, reconcile
pairs = (line.rstrip("\\n").partition(" ") for line in sys.stdin)
book = Book().supposing(tuple(BY_NAME[name].model_validate_json(told) for name, _, told in pairs))
for fact in reconcile(book, Tolerances()):
    print(fact.type, fact.model_dump_json())
"""


def test_another_process_says_the_same() -> None:
    """Nothing depends on how a process happens to order sets."""
    facts, _ = history([(D("-77.31"), 10, -4, True, False)])
    before = (GENESIS, *CONTRACTS, *facts[:-1])  # told once more, as a half that differs otherwise
    lines = "".join(f"{fact.type} {fact.model_dump_json()}\n" for fact in (*before, *reported(2, D("55.5"), 3, 1)))
    told = [
        subprocess.run(
            [sys.executable, "-c", SAID], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, input=lines, text=True,
            capture_output=True, check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    ]  # fmt: skip

    assert told[0] == told[1] == told[2]
    assert "break_explained" in told[0]
