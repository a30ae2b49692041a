"""Forgetting bounds the memory, and changes nothing that the book says."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.book import Book, Forgotten, Impossible, book_hash, replay
from ledger.events import (
    AccountAdopted,
    BreakAccepted,
    BreakClosed,
    BreakExplained,
    BreakFound,
    CycleFinished,
    CycleSkipped,
    DaySealed,
    Fact,
    FeeCharged,
    OrderResolved,
    PositionAdjusted,
)
from ledger.events.reconciliation import BreakKind
from ledger.line import Event
from reconcile.reconciliation import reconcile
from reconcile.tolerances import Tolerances
from tests.facts import (
    AAPL,
    ACCOUNT,
    CONTRACTS,
    DAY,
    GENESIS,
    SPY,
    START,
    acknowledged,
    attempted,
    bought,
    busted,
    cancelled,
    commission,
    cycle_started,
    event,
    events,
    opened_cash,
    snapshot,
    told,
    trading_allowed,
)
from tests.ledger.years import Years

DAYS = 110
OLD, NOW = START + timedelta(minutes=1), START + timedelta(days=61)
FIRST_CYCLE = 1 + len(CONTRACTS)  # genesis and the contracts come before it
REF = f"tb-{ACCOUNT}-{FIRST_CYCLE}-0000-756733-B-1"


def said(book: Book) -> dict[str, Any]:
    """Everything that somebody reads off a book, but for what is past the window."""
    return {
        "hash": book_hash(book),
        "statement": book.statement(),
        "positions": book.positions,
        "lots": {con_id: holding.lots for con_id, holding in book.holdings.items()},
        "cash": book.cash,
        "journal": book.journal,
        "pending": book.pending_commissions,
        "working": book.working_orders,
        "in doubt": book.in_doubt,
        "open breaks": book.open_breaks,
        "next break": book.next_break_id,
        "halted": (book.halted, book.reduce_only, book.locked),
        "cycle": (book.cycle, book.failed, book.reconciled, book.reconciled_at),
        "snapshots": (book.snapshot, book.snapshot_at, book.previous_snapshot, book.growth),
        # An explanation may try what a book that forgets leaves to a whole fold (a fraction paid for in cash): who
        # replays folds as the cycle did. What differs, and what follows, never depends on it.
        "found": [fact for fact in reconcile(book, Tolerances()) if not isinstance(fact, BreakExplained)],
    }


def verdict(book: Book, offered: Event) -> str:
    """Take an event, or leave the book as it was."""
    candidate = book.fork()
    try:
        candidate.apply(offered)
    except Forgotten:
        return "forgotten"
    except Impossible:
        return "impossible"
    book.become(candidate)
    return "taken"


def say_the_same(seed: int, oddity: float) -> None:
    """Tell one history to a book that forgets and to one that does not."""
    history, forgetful, verdicts = Years(seed, DAYS, oddity), Book(), Counter[str]()
    forgetful.forgets = True

    for offered in history.events():
        found = verdict(forgetful, offered)
        verdicts[found] += 1
        if found == "forgotten":
            continue  # whoever folds would begin again; here it is left untold
        assert history.take(offered) == (found == "taken"), offered
        if isinstance(offered.fact, CycleFinished):
            assert said(forgetful) == said(history.book)

    assert said(forgetful) == said(history.book)
    assert forgetful.horizon is not None
    assert verdicts["taken"] > 20 * verdicts["forgotten"]
    assert len(forgetful.fills) < len(history.book.fills)
    assert len(forgetful.keys) < len(history.book.keys)


@given(st.integers(0, 2**32), st.sampled_from((0.02, 0.1, 0.3)))
@settings(max_examples=4, deadline=None)
def test_whether_it_forgets_or_not_a_book_says_the_same(seed: int, oddity: float) -> None:
    say_the_same(seed, oddity)


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(100))
@pytest.mark.parametrize("oddity", [0.02, 0.1, 0.3])
def test_whatever_the_history_it_says_the_same(seed: int, oddity: float) -> None:
    say_the_same(seed, oddity)


# What is forgotten, what never, and how the book knows that it does not know


def found(break_id: str, kind: BreakKind = "cash", subject: str = "USD", con_id: int | None = None) -> BreakFound:
    return BreakFound(break_id=break_id, kind=kind, subject=subject, consequence="note", con_id=con_id)


def sealed(day: date) -> DaySealed:
    return DaySealed(file=f"{day}.jsonl", first_seq=0, last_seq=1, events=1, head_hash="0" * 64, file_sha256=str(day))


def fee(reference: str) -> FeeCharged:
    return FeeCharged(source="api", reference=reference, amount=Decimal(-1), currency="USD")


# One session, in which everything ends well but for what has "pending" or "open" in its name.
SESSION: tuple[Fact, ...] = (
    cycle_started(),
    *trading_allowed(),
    attempted(REF, SPY, "10"),
    acknowledged(REF),
    bought(SPY, "10", execution="old.01", order_ref=REF, at=OLD),
    commission("old.01", "-1"),
    bought(SPY, "-4", execution="foreign.01", at=OLD),
    commission("foreign.01", "-1"),
    bought(AAPL, "1", execution="pending.01", at=OLD),
    fee("1"),
    found("B-1"),
    BreakClosed(break_id="B-1", reason="it came"),
    found("B-2", "foreign_trade", "foreign", SPY.con_id),
    BreakExplained(break_id="B-2", cause="foreign trade", certainty="certain", text="", evidence=("foreign",)),
    BreakAccepted(break_id="B-2", why="mine"),
    found("B-3", "nav", "NAV"),
    BreakAccepted(break_id="B-3", why="seen"),
    found("B-4", "foreign_trade", "pending", AAPL.con_id),
    BreakExplained(break_id="B-4", cause="foreign trade", certainty="certain", text="", evidence=("pending",)),
    snapshot(DAY),
    CycleFinished(slot=f"{DAY}/1035", book_hash="1:0"),
)


@pytest.fixture
def later() -> Book:
    """The book sixty days after that session; every day was sealed, and 40 of them had a session."""
    book = Book()
    book.forgets = True
    told = [
        opened_cash("100000"),
        AccountAdopted(account=ACCOUNT, execution_ids=("adopted.01",), open_order_perm_ids=()),
    ]
    seq, at = 0, START
    for day in range(61):
        facts: tuple[Fact, ...] = (sealed(DAY + timedelta(days=day)), cycle_started(DAY + timedelta(days=day + 1)))
        if day == 0:
            facts = (GENESIS, *CONTRACTS, *SESSION, *told, *facts)
        if day < 40:
            facts = (*facts, snapshot(DAY + timedelta(days=day + 1)))
        for fact in facts:
            at += timedelta(microseconds=1)
            book.apply(event(fact, seq, at))
            seq += 1
        at = START + timedelta(days=day + 1)
    return book


def test_what_is_settled_and_old_is_forgotten(later: Book) -> None:
    assert later.horizon is not None
    assert later.horizon > OLD
    assert (REF in later.orders, list(later.fills), list(later.breaks)) == (False, ["pending"], ["B-3", "B-4"])
    assert not {key for key in later.keys if "old" in key or REF in key or str(DAY) in key}
    assert (DAY in later.snapshots, f"{DAY}/1035" in later.slots) == (False, False)
    assert later.holdings[SPY.con_id].trades == ()


def test_what_is_open_or_may_come_again_is_not(later: Book) -> None:
    assert later.pending_commissions == ("pending.01",)
    assert [known.found.break_id for known in later.open_breaks] == ["B-4"]
    assert later.locked == frozenset()
    assert later.next_break_id == "B-5"
    assert [lot.quantity for lot in later.holdings[SPY.con_id].lots] == [6]
    assert later.recognise(fee("1")) is not None
    assert later.recognise(bought(SPY, "1", execution="adopted.01", at=OLD)) is not None
    assert later.positions == {SPY.con_id: 6, AAPL.con_id: 1}


@pytest.mark.parametrize(
    "fact",
    [
        pytest.param(bought(SPY, "10", execution="old.01", order_ref=REF, at=OLD), id="a fill told again"),
        pytest.param(bought(SPY, "3", execution="new.01", at=OLD), id="a fill of that time"),
        pytest.param(bought(SPY, "9", execution="old.02", at=NOW), id="a correction"),
        pytest.param(bought(SPY, "9", execution="n.01").model_copy(update={"occurred_at": None}), id="without a time"),
        pytest.param(bought(SPY, "1", execution="n.01", order_ref=REF, at=NOW), id="a late fill of an order"),
        pytest.param(commission("old.01", "-1"), id="a commission told again"),
        pytest.param(commission("pending.01", "-1"), id="a pending commission: its lots are folded"),
        pytest.param(busted("old.01"), id="a bust"),
        pytest.param(cancelled(REF, "10"), id="a step of an order"),
        pytest.param(OrderResolved(order_ref=REF, outcome="unknown", evidence=""), id="a look at an order"),
        pytest.param(attempted(REF, SPY, "10", 9), id="an intent"),
        pytest.param(cycle_started(), id="a start of a slot"),
        pytest.param(CycleSkipped(slot=f"{DAY}/1135", reason="late"), id="a slot"),
        pytest.param(sealed(DAY), id="a seal"),
        pytest.param(BreakClosed(break_id="B-1", reason="again"), id="the end of a break"),
        pytest.param(BreakAccepted(break_id="B-2", why="again"), id="an acceptance"),
        pytest.param(found("B-1"), id="a break"),
        pytest.param(
            PositionAdjusted(
                break_id="B-4", con_id=SPY.con_id, quantity=Decimal(1), amount=Decimal(1), currency="USD", why="",
                occurred_at=START,
            ),
            id="an adjustment of that time",
        ),
    ],
)  # fmt: skip
def test_what_may_need_the_forgotten_is_not_judged(later: Book, fact: Fact) -> None:
    before = book_hash(later)

    with pytest.raises(Forgotten):
        told(later, fact)

    assert book_hash(later) == before


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param((bought(SPY, "1", execution="n.01", at=NOW), commission("n.01", "-1"), busted("n.01")), id="fill"),
        pytest.param((bought(SPY, "1", execution="n.01", order_ref="not ours", at=NOW),), id="a foreign order"),
        pytest.param((cycle_started(DAY + timedelta(days=62)), sealed(DAY + timedelta(days=61))), id="a day"),
        pytest.param((found("B-5"), BreakClosed(break_id="B-5", reason=""), BreakAccepted(break_id="B-4", why="")),
                     id="breaks"),
        pytest.param((fee("2"),), id="money"),
    ],
)  # fmt: skip
def test_what_needs_nothing_old_is_taken(later: Book, facts: tuple[Fact, ...]) -> None:
    assert told(later, *facts).seq == later.seq + len(facts)


def test_a_replay_that_meets_such_a_fact_begins_again_and_keeps_everything() -> None:
    history = Years(7, 80, 0)
    written = [offered for offered in history.events() if history.take(offered)]
    late = event(bought(SPY, "1", execution="late.01", at=written[40].recorded_at), len(written), history.now)

    assert replay(written).horizon is not None
    assert replay([*written, late]).holdings == replay([*written, late], retain=True).holdings
    assert replay(lambda: iter([*written, late])).horizon is None
    with pytest.raises(Forgotten):
        replay(iter([*written, late]))


def test_what_a_book_keeps_does_not_grow_with_the_years() -> None:
    history, kept = Years(1, 240, 0.02), list[tuple[int, int, int, int]]()
    history.book.forgets = True
    for offered in history.events():
        history.take(offered)
        if isinstance(offered.fact, DaySealed):
            book = history.book
            steps = sum(len(holding.trades) for holding in book.holdings.values())
            kept.append((len(book.fills), len(book.orders), len(book.keys), steps))

    young, old = kept[50:90], kept[120:]
    assert all(max(column) > 0 for column in zip(*old, strict=True))
    for earlier, later in zip(zip(*young, strict=True), zip(*old, strict=True), strict=True):
        assert max(later) < 2 * max(earlier)


def test_what_is_never_forgotten_is_not_looked_at_over_and_over() -> None:
    """Nobody accepted these trades, so that all are kept, and looking for old ones must not take longer and longer."""
    book, at, looked_at = Book(), START, 0
    book.forgets = True
    facts: list[Fact] = [GENESIS, *CONTRACTS]
    for day in range(400):
        at = START + timedelta(days=day)
        names = [f"foreign-{day}-{number}" for number in range(3)]
        facts += (bought(SPY, "1", execution=f"{name}.01", at=at) for name in names)
        facts += (commission(f"{name}.01", "-1") for name in names)
        facts.append(sealed(DAY + timedelta(days=day)))

    for offered in events(facts, after=START - timedelta(hours=1)):
        horizon = book.horizon
        book.apply(offered)
        if book.horizon != horizon:
            looked_at += sum(seq <= book.horizon_seq for seq, _ in book.keys.values())

    assert len(book.fills) == 1200
    assert book.horizon is not None
    assert book.horizon > START + timedelta(days=200)
    assert looked_at < 5 * len(facts)
