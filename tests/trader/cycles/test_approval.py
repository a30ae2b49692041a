"""Settings that changed reach the venue only after they were approved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.trader.cycles.world import TUESDAY, World, fixed, world
from trader import exits


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, approval="wait") as made:
        made.advance_to(TUESDAY, 0)
        assert made.trade() == exits.FINE
        yield made


def test_another_strategy_waits_is_mailed_and_trades_once_approved(asking: World) -> None:
    known = len(asking.at_venue())
    asking.want(ACME="0.2", WAVE="0.6")
    for slot in (1, 2):
        asking.advance_to(TUESDAY, slot)
        assert asking.trade() == exits.BAD_NEWS
    assert len(asking.at_venue()) == known
    status = asking.command("status")
    assert status.status == exits.BAD_NEWS
    assert "LAST CYCLE STOPPED · 1 waiting for you" in status.out
    assert " ! changed settings wait, and no order leaves by them: tallybook approve" in status.out
    (place,) = [place for place, subject in enumerate(asking.box.subjects) if "settings-wait" in subject]
    alarm = " ".join(asking.box.body("plain", place).split())
    assert "strategy.weights.ACME: 0.5 -> 0.2" in alarm
    assert "would have sent 2 orders" in alarm
    shown = asking.command("approve")
    assert shown.status == exits.BAD_NEWS
    assert "strategy.weights.WAVE: 0.25 -> 0.6" in shown.out

    assert asking.command("approve", "--why", "rebalanced").status == exits.FINE
    asking.advance_to(TUESDAY, 3)

    assert asking.trade() == exits.FINE
    assert len(asking.at_venue()) == known + 2


def test_a_limit_that_is_tightened_holds_at_once(asking: World) -> None:
    known = len(asking.at_venue())
    asking.set(limits={"drawdown_max": "0.2"})
    told = asking.command("approve")
    assert (told.status, told.out.splitlines()[-1]) == (
        exits.FINE, "nothing waits for you: limits were only tightened, and the next cycle may trade by it",
    )  # fmt: skip
    asking.advance_to(TUESDAY, 1)

    assert asking.trade() == exits.FINE
    assert len(asking.at_venue()) >= known


def test_what_is_changed_back_needs_nothing(asking: World) -> None:
    asking.want(ACME="0.2", WAVE="0.6")
    asking.advance_to(TUESDAY, 1)
    assert asking.trade() == exits.BAD_NEWS

    asking.set(strategy=fixed(ACME="0.5", WAVE="0.25"))
    asking.advance_to(TUESDAY, 2)

    assert asking.trade() == exits.FINE
    assert asking.command("approve").out.startswith("nothing is to be approved")


def test_what_failed_or_was_vetoed_in_the_last_cycle_is_told_by_the_status(asking: World) -> None:
    asking.set(limits={"orders_per_cycle_max": 1}, approval="none")
    asking.want(ACME="0.2", WAVE="0.6")
    asking.command("approve", "--why", "from here on nothing waits")
    asking.advance_to(TUESDAY, 1)
    assert asking.trade() == exits.BAD_NEWS
    vetoed = asking.command("status")
    asking.set(sources={"folder": "nowhere"})
    asking.advance_to(TUESDAY, 2)
    assert asking.trade() == exits.BAD_NEWS
    failed = asking.command("status")

    assert "sent none of its orders: few_enough_orders" in vetoed.out
    assert " ! ingest failed in the last cycle (2005-03-01/1135): source folder" in failed.out
    assert vetoed.status == failed.status == exits.BAD_NEWS
