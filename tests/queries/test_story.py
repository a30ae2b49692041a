from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ledger.events import (
    CycleFinished,
    NoticeFailed,
    OrderCancelled,
    OrderExpired,
    OrderRejected,
    OrderResolved,
    StepFailed,
    TradingHalted,
    TradingVetoed,
)
from ledger.line import Event
from ledger.log import read_events
from queries import UnknownDay
from queries.story import audit, audit_lines, audit_of, print_audit
from tests.queries.history import TUESDAY, WEDNESDAY, World, buy_ibm, closed, fill, new_world, ready, send, two_sessions


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return closed(two_sessions(tmp_path_factory.mktemp("home")))


def told(world: World, day: date = TUESDAY) -> str:
    return "\n".join(audit(closed(world), day).lines)


def test_a_day_is_told_in_order(home: Path) -> None:
    found = audit(home, TUESDAY)

    assert list(found.lines) == [
        "09:00  a new log for DU1000001 (paper)",
        "09:00  you adopted DU1000001",
        "09:00  opening cash 100,000.00 USD",
        "09:35  agrees · BUY 100 IBM limit 92.05 Adaptive Normal · filled @ 92.0133 in 41 s, commission 2.00"
        " · others: do nothing ×1 (drift below 1 %)",
        "10:35  agrees · do nothing ×2 (drift below 1 %)",
        "11:12  not ours: BUY 50 IBM @ 94.20, commission 1.00",
        "11:35  BREAK B-1 (foreign trade IBM), explained · IBM locked · 1 open break · do nothing ×2 (drift below 1 %)",
        '13:10  you accepted B-1: "my own trade, forgot"',
        "13:35  agrees · do nothing ×2 (drift below 1 %)   14:35 the same",
        "16:35  closing · agrees",
        "bridge unrealised +68.67  commissions -3.00  flows +100,000.00 = +100,065.67   residual 0.00",
        "close  100,065.67   IBM 150  cash 86,085.67",
    ]


def test_the_next_day_opens_where_the_day_before_closed(home: Path) -> None:
    assert list(audit(home, WEDNESDAY).lines) == [
        "open   100,065.67   IBM 150  cash 86,085.67",
        "09:35  FAILED cycle-killed: killed",
        "09:40  attempt 2 · agrees · do nothing ×2 (drift below 1 %)",
        "bridge unrealised +15.00 = +15.00   residual 0.00",
        "close  100,080.67   IBM 150  cash 86,085.67",
    ]


def test_every_finished_cycle_of_the_day_is_replayed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = audit(home, TUESDAY)

    assert (found.checked, found.equal, found.divergence) == (6, 6, None)
    assert print_audit(found) == 0
    assert capsys.readouterr().out.startswith("2005-03-01  chain ok 0-79 · 6 cycles replayed, 6 equal · exit 0\n")


def tampered(home: Path, slot: str) -> Iterator[Event]:
    for event in read_events(home):
        if isinstance(event.fact, CycleFinished) and event.fact.slot == slot:
            yield event._replace(fact=CycleFinished(slot=slot, book_hash=f"1:{'0' * 64}"))
        else:
            yield event


def test_a_divergence_is_named_with_both_values(home: Path) -> None:
    true = next(e.fact.book_hash for e in read_events(home) if isinstance(e.fact, CycleFinished))

    found = audit_of(tampered(home, "2005-03-01/0935"), TUESDAY)

    assert found.divergence is not None
    assert (found.divergence.slot, found.divergence.again) == ("2005-03-01/0935", true)
    assert (found.checked, found.equal, found.exit_status) == (6, 5, 1)
    assert f"  recorded 1:{'0' * 64}" in audit_lines(found)
    assert f"  replayed {true}" in audit_lines(found)


def test_a_divergence_of_an_earlier_day_is_found_too_and_one_of_a_later_day_is_not(home: Path) -> None:
    earlier = audit_of(tampered(home, "2005-03-01/1035"), WEDNESDAY)
    later = audit_of(tampered(home, "2005-03-02/0940"), TUESDAY)

    assert (earlier.checked, earlier.equal, earlier.exit_status) == (1, 1, 1)
    assert (later.divergence, later.exit_status) == (None, 0)


def test_a_fact_that_was_changed_makes_replay_diverge(home: Path) -> None:
    """The hash covers what the facts imply: one share more, and the book is another."""

    def changed() -> Iterator[Event]:
        for event in read_events(home):
            more = event.type == "order_filled" and getattr(event.fact, "quantity", 0) == 60
            yield event._replace(fact=event.fact.model_copy(update={"quantity": Decimal(61)})) if more else event

    found = audit_of(changed(), TUESDAY)

    assert found.divergence is not None
    assert found.divergence.slot == "2005-03-01/0935"
    assert found.equal == 0


def test_a_hash_of_an_unknown_version_is_no_agreement(home: Path) -> None:
    events = [
        e._replace(fact=CycleFinished(slot=e.fact.slot, book_hash="9:abc")) if isinstance(e.fact, CycleFinished) else e
        for e in read_events(home)
    ]

    found = audit_of(events, TUESDAY)

    assert found.divergence is not None
    assert "cannot be computed" in found.divergence.again


@pytest.mark.parametrize("day", [date(2005, 3, 5), date(2004, 12, 31)])
def test_a_day_without_facts_cannot_be_told(home: Path, day: date) -> None:
    with pytest.raises(UnknownDay, match=rf"{day}: expected a day of the log \(2005-03-01 to 2005-03-02\)"):
        audit(home, day)


def test_what_stops_a_cycle_is_told(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.begin(TUESDAY, "09:35")
    world.record(
        StepFailed(step="forecast", reason="no bars for AAPL"),
        TradingVetoed(reasons=("error flag", "stale price")),
        TradingHalted(reason="by hand"),
        NoticeFailed(kind="alarm", subject="veto", reason="no route"),
    )

    assert told(world).splitlines()[-3:] == [
        "09:35  step forecast failed: no bars for AAPL · vetoed: error flag; stale price · NO END RECORDED",
        "09:35  HALTED: by hand",
        "09:35  mail failed (veto): no route",
    ]


def test_what_an_earlier_order_filled_is_told_where_it_was_learned(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    ready(world, TUESDAY, "09:35")
    ref = buy_ibm(world, "60")
    world.begin(TUESDAY, "10:35")
    world.record(*fill("5", "40", "92", world.moment, ref))

    story = told(world)

    assert "filled 60 of 100 @ 92.0133 in 41 s, commission 1.00" in story
    assert "an earlier order bought 40 IBM @ 92.00" in story


def test_a_rejected_order_and_one_without_an_answer_are_told(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    ready(world, TUESDAY, "09:35")
    world.record(OrderRejected(order_ref=send(world, "100"), code=201, reason="no margin"))
    ready(world, TUESDAY, "10:35")
    send(world, "100")

    story = told(world)

    assert "BUY 100 IBM limit 92.05 Adaptive Normal · rejected 201: no margin" in story
    assert "BUY 100 IBM limit 92.05 Adaptive Normal · NO ANSWER KNOWN" in story


@pytest.mark.parametrize(
    ("outcome", "phrase"),
    [
        ("working", "found at the broker: it works"),
        ("filled", "found at the broker: filled"),
        ("cancelled", "found at the broker: cancelled"),
        ("rejected", "found at the broker: rejected"),
        ("not_sent", "not found at the broker: it never left"),
        ("unknown", "not found at the broker: stays in doubt"),
    ],
)
def test_what_the_broker_said_of_an_order_in_doubt_is_told(tmp_path: Path, outcome: Any, phrase: str) -> None:
    world = new_world(tmp_path)
    ready(world, TUESDAY, "09:35")
    ref = send(world, "100")
    world.begin(TUESDAY, "10:35")
    world.record(OrderResolved(order_ref=ref, outcome=outcome, evidence="its lists"))

    assert f"order {ref} {phrase}" in told(world)


@pytest.mark.parametrize(
    ("how", "phrase"), [("cancelled", "cancelled the rest of {ref}"), ("expired", "{ref} expired")]
)
def test_how_an_earlier_order_ended_is_told(tmp_path: Path, how: str, phrase: str) -> None:
    world = new_world(tmp_path)
    ready(world, TUESDAY, "09:35")
    ref = buy_ibm(world, "60")
    world.begin(TUESDAY, "10:35")
    ended = OrderCancelled if how == "cancelled" else OrderExpired
    world.record(ended(order_ref=ref, filled=Decimal(60)))

    assert phrase.format(ref=ref) in told(world)
