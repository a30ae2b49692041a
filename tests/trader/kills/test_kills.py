"""The real cycle, killed with SIGKILL at exact points: no order lost, none doubled, books equal to the venue's.

A spread of the points that `make soak` tries one by one, and whatever once failed. To keep a point: a line in `CASES`.
"""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.events import OrderSendAttempted
from tests.trader.cycles.world import TUESDAY, world
from tests.trader.kills.rig import Point, Run, Scenario, complaints, trace, try_out
from tests.trader.kills.scenarios import (
    CANCELLING,
    CHANGING,
    FILLED,
    LATE,
    PARTIAL,
    RACE,
    REFUSED,
    SCENARIOS,
    SELLING,
    SLOW,
)

SENT = Point("send placeOrder", 1, "after")
INTENT = "write order_send_attempted"
ONE_ORDER = (
    *(INTENT, "sync order_send_attempted", "write HEAD", "truncate HEAD", "sync HEAD", "send placeOrder"),
    *("write order_acknowledged", "sync order_acknowledged"),
)

CASES: tuple[tuple[Scenario, tuple[Run, ...]], ...] = (
    (FILLED, ((Point(INTENT, 1, "torn"),),)),  # half an intent
    (FILLED, ((Point("sync HEAD", 1, "after"),),)),  # a whole intent, vouched for, and no order
    (FILLED, ((Point("send placeOrder", 2, "torn"),),)),  # half an order on the wire
    (FILLED, ((SENT,),)),
    (FILLED, ((Point("write cycle_finished", 1, "after"),),)),
    (PARTIAL, ((SENT,),)),
    (LATE, ((Point("send placeOrder", 2, "after"),),)),
    (RACE, ((SENT,),)),
    (CANCELLING, ((Point("send cancelOrder", 1, "after"),),)),
    (CHANGING, ((Point("sync order_modify_attempted", 1, "after"),),)),  # intended, and not sent
    (CHANGING, ((SENT,),)),  # changed, and nothing heard of it
    (SELLING, ((SENT,),)),
    (REFUSED, ((Point("write order_rejected", 1, "before"),),)),
    (SLOW, ((Point("write order_acknowledged", 2, "before"),),)),
    # Killed again while the next start recovers.
    (FILLED, ((SENT,), (Point("write order_resolved", 1, "before"),))),
    (PARTIAL, ((SENT,), (Point("send cancelOrder", 1, "after"),))),
    (PARTIAL, ((Point("send placeOrder", 2, "torn"),), (Point("sync .N.json.N", 1, "before"),))),  # found, untold
    # The parent alone, whose cycle goes on; both, so that nobody tells; the parent while it tells.
    (FILLED, ((Point("send placeOrder", 1, "after", victims="parent"),),)),
    (FILLED, ((Point("send placeOrder", 1, "after", victims="both"),),)),
    (FILLED, ((SENT, Point("write cycle_failed", 1, "torn", who="parent")),)),
    (FILLED, ((SENT, Point("sync cycle_failed", 1, "after", who="parent")),)),  # recorded, and not mailed
)

# Calls that every scenario's cycle makes at least so often.
EVERYWHERE = {
    "send reqAllOpenOrders": 5, "send reqExecutions": 6, "send reqPositions": 3, "send reqCurrentTime": 3,
    "send whatIf": 2, "write rates_observed": 2, "sync book_reconciled": 2, "write order_planned": 1,
    "write safeguards_evaluated": 1, "sync HEAD": 3, "truncate HEAD": 2, "send control advance": 1,
}  # fmt: skip
SEEDS = (1, 2, 3)


def named(case: tuple[Scenario, tuple[Run, ...]]) -> str:
    scenario, runs = case
    return f"{scenario.name}: {'; then '.join(' and '.join(map(str, run)) for run in runs)}"


@pytest.mark.parametrize("case", CASES, ids=named)
def test_crash_k_a_kill_loses_and_doubles_no_order(tmp_path: Path, case: tuple[Scenario, tuple[Run, ...]]) -> None:
    scenario, runs = case
    with world(tmp_path) as made:
        assert try_out(made, scenario, *runs) == ()


@pytest.mark.parametrize("seed", SEEDS)
def test_crash_k_a_kill_anywhere_loses_and_doubles_no_order(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    scenario, call = chance.choice(SCENARIOS), chance.choice(sorted(EVERYWHERE))
    torn = () if call.startswith(("sync", "truncate")) else ("torn",)
    point = Point(call, chance.randint(1, EVERYWHERE[call]), chance.choice(("before", *torn, "after")))
    print(f"seed {seed}: {scenario.name}: {point}")
    with world(tmp_path) as made:
        assert try_out(made, scenario, (point,)) == ()


def test_an_order_leaves_with_its_intent_synced_and_vouched_for_and_the_next_one_after_its_acknowledgement(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as made:
        calls = [point.call for point in trace(made, FILLED)]

    ordering = [
        call for call in calls if call.endswith((" order_send_attempted", "HEAD", "Order", " order_acknowledged"))
    ]
    first = ordering.index(INTENT)
    assert ordering[first : first + 2 * len(ONE_ORDER)] == [*ONE_ORDER, *ONE_ORDER]


# What the rig must catch


def test_the_rig_catches_an_order_that_was_sent_before_its_intent_was_on_disk(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        found = try_out(made, FILLED, (SENT,), LIE="late-intent")

        (sent,) = made.at_venue()
        assert f"{sent['order_ref']}: the venue has it, the log does not know it" in found
        assert made.facts(OrderSendAttempted) == []


def test_the_rig_catches_an_order_that_the_venue_has_twice(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        made.advance_to(TUESDAY, 0)
        made.trade()
        honest = tuple(complaints(made))
        ref = made.at_venue()[0]["order_ref"]
        made.control.foreign_order("ACME", "BUY", Decimal(1), Decimal(49), order_ref=ref)

        assert honest == ()
        assert f"{ref}: the venue has 2 of it" in tuple(complaints(made))


def test_the_rig_catches_books_that_differ_from_the_venue(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        made.advance_to(TUESDAY, 0)
        made.trade()
        made.control.trade("ACME", Decimal(1))

        assert "ACME quantity: book 1000, venue 1001" in tuple(complaints(made))


def test_the_rig_catches_a_kill_that_never_happened(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        found = try_out(made, FILLED, (Point("send placeOrder", 99),))

        assert found[0] == "before send placeOrder #99: expected a killed cycle, found status 0: "
