"""A home that was restored, moved or copied looks, and sends nothing until nothing outside is newer than its log."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.events import (
    BreakAccepted,
    OrderCancelAttempted,
    OrderFilled,
    OrderSendAttempted,
    RecoveryEnded,
    RecoveryStarted,
    TradingVetoed,
)
from tests.trader.cycles.world import THURSDAY, TUESDAY, WEDNESDAY, World
from trader import exits


@pytest.fixture
def traded(world: World) -> World:
    """An account that traded on Tuesday, and was closed."""
    world.advance_to(TUESDAY, 0)
    assert world.trade() == exits.FINE
    world.close(TUESDAY)
    return world


def backed_up(world: World) -> Path:
    folder = world.home.with_name("backup")
    done = world.command("backup", str(folder))
    assert done.status == exits.FINE, done.err
    return folder


def lose(world: World) -> None:
    """The disk with the log is gone."""
    shutil.rmtree(world.home / "var")


def restored(world: World, folder: Path, *options: str) -> World:
    lose(world)
    done = world.command("restore", str(folder), *options)
    assert done.status == exits.FINE, done.err
    return world


def copied(world: World, name: str = "copy") -> World:
    """The same home on another disk, as `cp -a` or rsync leaves it."""
    other = replace(world, home=world.home.with_name(name))
    shutil.copytree(world.home, other.home, copy_function=shutil.copy2)
    return other


def sent(world: World) -> int:
    return len(world.facts(OrderSendAttempted))


def test_a_restored_home_that_is_up_to_date_trades_again_after_one_cycle(traded: World) -> None:
    folder = backed_up(traded)
    restored(traded, folder)
    assert "IN RECOVERY" in traded.command("status").out
    traded.want(ACME="0.3", WAVE="0.25")
    before = sent(traded)
    traded.advance_to(WEDNESDAY, 0)

    assert traded.trade() == exits.BAD_NEWS

    assert sent(traded) == before
    assert any("this_log_is_the_newest" in reason for reason in traded.facts(TradingVetoed)[-1].reasons)
    (ended,) = traded.facts(RecoveryEnded)
    assert ended.evidence
    assert ended.why is None
    traded.advance_to(WEDNESDAY, 1)
    assert traded.trade() == exits.FINE
    assert sent(traded) > before
    assert traded.apart() == ()


def test_a_backup_of_yesterday_halts_where_today_has_traded(traded: World) -> None:
    folder = backed_up(traded)
    traded.want(ACME="0.3", WAVE="0.25")
    traded.advance_to(WEDNESDAY, 0)
    traded.trade()
    at_venue = traded.at_venue()
    assert at_venue
    restored(traded, folder)
    traded.advance_to(WEDNESDAY, 1)

    done = traded.cycle()

    assert (done.status, done.code) == (exits.COULD_NOT, "old-copy")
    assert "the log does not know" in done.err
    book = traded.book()
    assert (book.halt_code, book.recovery is not None) == ("old-copy", True)
    assert traded.at_venue() == at_venue
    assert all(not fill.foreign for fill in book.fills.values())  # what it does not know did not enter it
    shown = traded.command("status")
    assert shown.status == exits.BAD_NEWS
    assert "do not resume" in shown.out


def test_what_the_broker_has_forgotten_overnight_waits_to_be_accepted(traded: World) -> None:
    folder = backed_up(traded)
    traded.want(ACME="0.3", WAVE="0.25")
    traded.advance_to(WEDNESDAY, 0)
    traded.trade()
    traded.close(WEDNESDAY)
    restored(traded, folder)
    before = sent(traded)
    traded.want(ACME="0.6", WAVE="0.25")
    traded.advance_to(THURSDAY, 0)

    assert traded.trade() == exits.BAD_NEWS

    found = traded.book().open_breaks
    assert ("position", "lock") in [(known.found.kind, known.found.consequence) for known in found]
    assert traded.book().recovery is not None
    for known in found:
        assert (
            traded.command("accept", known.found.break_id, "--as-suspense", "--why", "lost with the disk").status
            == exits.FINE
        )
    traded.advance_to(THURSDAY, 1)
    traded.trade()
    assert sent(traded) == before
    assert len(traded.facts(RecoveryEnded)) == 1
    assert len(traded.facts(BreakAccepted)) == len(found)
    traded.advance_to(THURSDAY, 2)
    assert traded.trade() == exits.FINE
    assert sent(traded) > before
    assert traded.held()["ACME"] > 1000


def test_a_copy_halts_where_the_original_traded_on(traded: World) -> None:
    copy = copied(traded)
    traded.want(ACME="0.3", WAVE="0.25")
    traded.advance_to(WEDNESDAY, 0)
    traded.trade()
    at_venue = traded.at_venue()
    traded.control.advance(seconds=300)

    assert copy.cycle().code == "old-copy"

    assert copy.book().halt_code == "old-copy"
    assert copy.facts(RecoveryStarted)[0].reason.startswith("the log is not where it was stamped")
    assert traded.at_venue() == at_venue
    assert traded.facts(RecoveryStarted) == []  # the original stays where it was
    traded.advance_to(WEDNESDAY, 1)
    assert traded.trade() == exits.FINE


def test_an_original_halts_where_its_copy_traded_on(traded: World) -> None:
    copy = copied(traded)
    copy.want(ACME="0.3", WAVE="0.25")
    copy.advance_to(WEDNESDAY, 0)
    copy.trade()  # in recovery: nothing is newer
    copy.advance_to(WEDNESDAY, 1)
    assert copy.trade() == exits.FINE
    at_venue = copy.at_venue()
    assert at_venue
    copy.control.advance(seconds=300)

    assert traded.cycle().code == "old-copy"

    assert traded.book().halt_code == "old-copy"
    assert copy.at_venue() == at_venue
    assert copy.apart() == ()


def test_a_home_that_moved_to_another_disk_trades_again_after_one_cycle(traded: World) -> None:
    moved = copied(traded, "moved")
    shutil.rmtree(traded.home)
    moved.want(ACME="0.3", WAVE="0.25")
    moved.advance_to(WEDNESDAY, 0)
    before = sent(moved)

    assert moved.trade() == exits.BAD_NEWS
    assert sent(moved) == before
    moved.advance_to(WEDNESDAY, 1)
    assert moved.trade() == exits.FINE
    assert sent(moved) > before
    assert len(moved.facts(RecoveryStarted)) == len(moved.facts(RecoveryEnded)) == 1
    assert moved.apart() == ()


def test_a_home_that_is_renamed_stays_the_same_home(traded: World) -> None:
    renamed = replace(traded, home=traded.home.with_name("renamed"))
    traded.home.rename(renamed.home)
    renamed.want(ACME="0.3", WAVE="0.25")
    renamed.advance_to(WEDNESDAY, 0)

    assert renamed.trade() == exits.FINE
    assert renamed.facts(RecoveryStarted) == []


def test_in_recovery_not_even_a_working_order_is_cancelled(world: World) -> None:
    world.control.fill_orders(False)
    world.advance_to(TUESDAY, 0)
    world.trade()
    working = world.control.orders()
    assert working
    moved = copied(world, "moved")
    moved.advance_to(TUESDAY, 1)

    moved.trade()

    assert moved.facts(OrderCancelAttempted) == []
    assert world.control.orders() == working
    assert len(moved.facts(RecoveryEnded)) == 1  # its own orders, all known
    moved.advance_to(TUESDAY, 2)
    moved.trade()
    assert moved.facts(OrderCancelAttempted)


def test_an_order_that_the_other_copy_sent_and_ended_means_an_old_copy_too(world: World) -> None:
    world.advance_to(TUESDAY, 0)
    world.want()  # nothing is wanted: nothing is sent
    world.trade()
    copy = copied(world)
    world.control.fill_orders(False)
    world.want(ACME="0.3", WAVE="0.25")
    world.advance_to(TUESDAY, 1)
    world.trade()
    world.want()
    world.advance_to(TUESDAY, 2)
    world.trade()
    assert world.control.orders() == []  # sent, cancelled, never filled

    done = copy.cycle()

    assert (done.status, done.code) == (exits.COULD_NOT, "old-copy")
    assert "completed order" in done.err
    assert copy.facts(OrderFilled) == []


def test_what_a_newer_log_executed_is_not_booked_because_the_gateway_failed(traded: World) -> None:
    copy = copied(traded)
    traded.want(ACME="0.3")
    traded.advance_to(WEDNESDAY, 0)
    traded.trade()
    before = copy.facts(OrderFilled)
    copy.set(broker={"request_timeout_seconds": 1})
    traded.control.drop("execDetailsEnd")
    traded.advance_to(WEDNESDAY, 1)

    assert copy.cycle().status == exits.COULD_NOT

    assert copy.facts(OrderFilled) == before
    assert (copy.book().halt_code, copy.book().recovery is not None) == ("old-copy", True)
    traded.control.clear()
    traded.advance_to(WEDNESDAY, 2)
    assert copy.cycle().code == "old-copy"


def test_a_backup_that_is_copied_over_the_log_in_its_place_is_in_recovery(traded: World) -> None:
    traded.advance_to(WEDNESDAY, 0)
    traded.trade()
    folder = backed_up(traded)
    traded.want(ACME="0.3")
    traded.advance_to(WEDNESDAY, 1)
    traded.trade()
    for path in (path for path in sorted((folder / "var").rglob("*")) if path.is_file()):  # as `cp -r` does
        there = traded.home / path.relative_to(folder)
        if there.read_bytes() != path.read_bytes():
            there.write_bytes(path.read_bytes())
    before = sent(traded)
    traded.advance_to(THURSDAY, 0)

    traded.trade()

    (started,) = traded.facts(RecoveryStarted)
    assert started.reason.startswith("the log was put back from a backup")
    assert traded.book().recovery is not None  # positions differ, and nobody has accepted that
    assert sent(traded) == before


# Witnesses


def test_a_witness_that_knows_more_halts_even_when_the_broker_has_forgotten(traded: World, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere"
    place.mkdir()
    traded.set(witness={"file": str(place / "witness.txt")})
    folder = backed_up(traded)
    traded.advance_to(WEDNESDAY, 0)
    traded.trade()
    traded.close(WEDNESDAY)
    restored(traded, folder)
    traded.advance_to(THURSDAY, 0)
    before = sent(traded)

    traded.trade()  # in recovery it goes on looking, halted

    book = traded.book()
    assert (book.halt_code, book.recovery is not None) == ("old-copy", True)
    assert traded.facts(RecoveryEnded) == []
    assert sent(traded) == before

    done = traded.command("resume", "--recovered", "--why", "the newest log is lost")
    assert done.status == exits.FINE, done.err
    traded.advance_to(THURSDAY, 1)
    assert traded.trade() == exits.FINE
    assert (traded.book().recovery, traded.book().halted) == (None, None)


def test_an_old_copy_does_not_write_over_the_witness_that_halts_it(traded: World, tmp_path: Path) -> None:
    witness = tmp_path / "witness.txt"
    traded.set(witness={"file": str(witness)})
    folder = backed_up(traded)
    traded.advance_to(WEDNESDAY, 0)
    traded.trade()
    told = witness.read_text()
    restored(traded, folder)
    traded.advance_to(THURSDAY, 0)
    traded.trade()
    assert traded.command("resume", "--why", "a halt is a nuisance").status == exits.FINE
    traded.advance_to(THURSDAY, 1)

    traded.trade()  # looks at the witness again

    assert witness.read_text() == told
    assert (traded.book().halt_code, traded.book().recovery is not None) == ("old-copy", True)


def test_an_old_log_that_was_put_back_by_hand_halts_by_its_witness(traded: World, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere"
    place.mkdir()
    traded.set(witness={"file": str(place / "witness.txt")})
    old = tmp_path / "old"
    shutil.move(traded.home / "var", old)
    shutil.copytree(old, traded.home / "var", copy_function=shutil.copy2)
    shutil.rmtree(old)
    traded.advance_to(WEDNESDAY, 0)
    traded.trade()  # a moved home: recovered in one cycle, and stamped
    kept = {path: path.read_bytes() for path in sorted((traded.home / "var").rglob("*")) if path.is_file()}
    traded.advance_to(WEDNESDAY, 3)
    traded.trade()
    for path in sorted((traded.home / "var" / "events").iterdir()):
        if path not in kept:
            path.unlink()
    for path, content in kept.items():  # in place: every file keeps its number
        if path.read_bytes() != content:
            path.write_bytes(content)
    traded.advance_to(THURSDAY, 0)

    done = traded.cycle()

    assert (done.status, done.code) == (exits.COULD_NOT, "old-copy")
    assert "witness file" in done.err
    assert traded.book().halt_code == "old-copy"


def test_a_given_witness_beyond_the_backup_keeps_the_recovery_until_the_operator_ends_it(traded: World) -> None:
    folder = backed_up(traded)
    traded.advance_to(WEDNESDAY, 0)
    traded.trade()
    newest = traded.book()
    lose(traded)
    done = traded.command("restore", str(folder), "--witness", f"{newest.seq}:{newest.head}")
    assert done.status == exits.FINE
    assert "it is not the newest log" in done.out
    for slot in (1, 2):
        traded.advance_to(WEDNESDAY, slot)
        traded.trade()
    assert traded.facts(RecoveryEnded) == []
    assert "--recovered" in traded.command("status").out

    assert traded.command("resume", "--recovered", "--why", "nothing was sent since").status == exits.FINE

    assert [fact.why for fact in traded.facts(RecoveryEnded)] == ["nothing was sent since"]
    traded.advance_to(WEDNESDAY, 3)
    assert traded.trade() == exits.FINE


def test_a_given_witness_that_the_backup_holds_is_evidence(traded: World) -> None:
    folder = backed_up(traded)
    book = traded.book()
    restored(traded, folder, "--witness", f"{book.seq}:{book.head}")
    traded.advance_to(WEDNESDAY, 0)

    traded.trade()

    (ended,) = traded.facts(RecoveryEnded)
    assert f"the witness {book.seq}:{book.head} stands in the log" in ended.evidence


def test_a_witness_of_another_history_is_refused_before_anything_is_restored(traded: World) -> None:
    folder = backed_up(traded)
    lose(traded)

    done = traded.command("restore", str(folder), "--witness", f"3:{'0' * 64}")

    assert (done.status, done.code) == (exits.COULD_NOT, "backup-refused")
    assert not (traded.home / "var" / "events").exists()


def test_a_backup_made_while_an_order_is_on_its_way_finds_it_at_the_broker(world: World) -> None:
    world.want(ACME="0.5")
    world.advance_to(TUESDAY, 0)
    process = world.start_held("placeOrder")
    folder = backed_up(world)  # the intent stands in it; no answer does
    world.control.release()
    process.communicate(timeout=30)
    (order,) = world.orders()
    assert order.status == "filled"
    restored(world, folder)
    assert [known.status for known in world.orders()] == ["attempted"]
    world.advance_to(TUESDAY, 1)

    world.trade()

    assert [known.status for known in world.orders()] == ["filled"]
    assert len(world.facts(RecoveryEnded)) == 1
    assert world.apart() == ()
    world.want(ACME="0.3")
    world.advance_to(TUESDAY, 2)
    assert world.trade() == exits.FINE
    assert 590 < world.held()["ACME"] < 610
    assert world.apart() == ()
