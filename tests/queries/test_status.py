from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.checkpoints import rebuild
from ledger.events import (
    BreakAccepted,
    BreakFound,
    CashDeposited,
    CycleFailed,
    DividendPaid,
    FlowExpected,
    NavObserved,
    NoticeFailed,
    NoticeSent,
    PositionsObserved,
    RateRow,
    RatesObserved,
    RecoveryStarted,
    SnapshotTaken,
    TaxWithheld,
    TradingHalted,
    TradingResumed,
)
from ledger.growth import Growth
from ledger.nav import own_nav
from queries.status import status
from queries.status_text import print_status, status_lines
from tests.queries.history import IBM, TUESDAY, WEDNESDAY, World, closed, new_world, ready, send, two_sessions


@pytest.fixture
def world(tmp_path: Path) -> World:
    return two_sessions(tmp_path)


def test_a_healthy_home_may_trade_and_nothing_waits(world: World) -> None:
    found = status(closed(world))

    assert (found.verdict, found.waiting, found.exit_status) == ("MAY TRADE", (), 0)


def test_the_figures_are_exact_and_add_up(world: World) -> None:
    found = status(closed(world))

    assert (found.nav, found.today, found.session_day) == (Decimal("100080.67"), Decimal(15), WEDNESDAY)
    (held,), (cash,) = found.positions, found.cash
    assert (held.symbol, held.quantity, held.mark, held.unrealised) == (
        "IBM", Decimal(150), Decimal("93.3"), Decimal("83.67"),
    )  # fmt: skip
    assert held.value is not None
    assert held.value + cash.amount == found.nav
    assert found.since_start == Decimal("0.0008067")


def test_the_lines_show_what_a_person_looks_for(world: World) -> None:
    shown = status(closed(world), next_cycle=lambda: "Wed 10:35", leverage_max=Decimal("1.5"))

    assert status_lines(shown) == [
        "DU1000001 paper · Wed 2 Mar 2005 09:40 New York",
        "MAY TRADE · nothing waits for you · next cycle Wed 10:35",
        "NAV 100,080.67   today +15.00 (+0.01 %)   start +0.08 %   drawdown 0.00 %   leverage 0.14 of 1.50   (09:40)",
        " IBM  150 × 93.30 13,995.00 14.0 % (target 17.0) unrealised +83.67",
        " cash             86,085.67 86.0 %",
        "book = broker: 1 position, cash, NAV apart by 0.00 (09:40)",
    ]


def test_old_figures_bear_their_day(world: World) -> None:
    now = world.moment + timedelta(days=1)

    lines = status_lines(status(closed(world), now))

    assert "Wed 2 +15.00" in lines[2]
    assert lines[2].endswith("(Wed 2 Mar 2005 09:40)")
    assert lines[-1].endswith("(Wed 2 Mar 2005 09:40)")


def test_an_open_break_locks_its_contract_and_waits(world: World) -> None:
    world.record(BreakFound(break_id="B-2", kind="position", subject=str(IBM), consequence="lock", con_id=IBM))

    found = status(closed(world))

    assert found.verdict == "LOCKED IBM, others may trade"
    assert found.waiting == (
        "B-2 position IBM (lock): tallybook breaks B-2, "
        'then tallybook accept B-2 --as-suspense --why "…" (if the broker is right)',
    )
    assert found.positions[0].locked
    assert found.exit_status == 1


def test_a_break_that_only_lets_risk_shrink_says_so(world: World) -> None:
    world.record(BreakFound(break_id="B-2", kind="nav", subject="nav", consequence="reduce_only"))

    assert status(closed(world)).verdict == "REDUCE ONLY"


def test_a_halt_file_halts(world: World) -> None:
    home = closed(world)
    (home / "var" / "HALT").write_text("the roof is on fire\n")

    found = status(home)

    assert (found.verdict, found.exit_status) == ("HALTED", 1)
    assert found.waiting == ('halted: the roof is on fire; to lift it: tallybook resume --why "…"',)


def test_a_break_that_halts_is_not_cured_by_resuming(world: World) -> None:
    world.record(BreakFound(break_id="B-2", kind="cash", subject="USD", consequence="halt"))

    found = status(closed(world))

    (waiting,) = found.waiting
    assert (found.verdict, found.exit_status) == ("HALTED", 1)
    assert 'tallybook accept B-2 --as-suspense --why "…"' in waiting
    assert "resume" not in waiting


def test_an_old_copy_of_the_log_is_replaced_and_never_resumed(world: World) -> None:
    world.record(TradingHalted(reason="order tb-1 is not in the log", code="old-copy"))
    world.record(CycleFailed(slot=f"{WEDNESDAY}/1035", code="old-copy", reason="order tb-1 is not in the log"))
    home = closed(world)
    (home / "var" / "HALT").write_text("by hand too\n")

    assert status(home).waiting == (
        "halted: order tb-1 is not in the log; do not resume: put the newest copy of the log in the place of this one, "
        "see docs/runbook.md#old-copy",
    )


def test_an_old_copy_in_recovery_is_told_once_and_with_one_mind(world: World) -> None:
    reason = "order tb-1 is not in the log"
    world.record(RecoveryStarted(reason=reason), TradingHalted(reason=reason, code="old-copy"))

    halted, recovering = status(closed(world)).waiting

    assert halted.startswith(f"halted: {reason}; do not resume: ")
    assert recovering == (
        'in recovery; if there is no newer log anywhere, and only then: tallybook resume --recovered --why "…"'
    )


def test_a_halt_for_damage_is_mended_and_not_resumed(world: World) -> None:
    home = closed(world)
    (home / "var" / "HALT").write_text("the log is damaged: 2005-03-01.jsonl, line 3\n")

    (waiting,) = status(home).waiting

    assert waiting.endswith("line 3; do not resume: tallybook verify, then docs/runbook.md, 'A damaged log'")


def test_once_resumed_an_old_copy_is_forgotten(world: World) -> None:
    world.record(TradingHalted(reason="order tb-1", code="old-copy"), TradingResumed(why="it was the newest"))
    world.record(TradingHalted(reason="lunch"))

    assert status(closed(world)).waiting == ('halted: lunch; to lift it: tallybook resume --why "…"',)


def _without_head(home: Path) -> None:
    for slot in (home / "var").glob("HEAD.*"):
        slot.unlink()


def _foreign_day(home: Path) -> None:
    first = min((home / "var/events").glob("*.jsonl")).read_bytes().splitlines(keepends=True)[0]
    log_id = json.loads(first)["log"]
    (head, _, _) = first.replace(log_id.encode(), b"0" * len(log_id)).rpartition(b',"hash":"')
    (home / "var/events/2031-01-02.jsonl").write_bytes(head + b',"hash":"%s"}\n' % sha256(head).hexdigest().encode())
    (home / "var/events/2031-01-02.jsonl").chmod(0o600)


def _open_to_all(home: Path) -> None:
    min((home / "var/events").glob("*.jsonl")).chmod(0o666)


@pytest.mark.parametrize(
    ("harm", "code"),
    [(_without_head, "head-damaged"), (_foreign_day, "log-foreign"), (_open_to_all, "log-not-writable")],
)
def test_a_log_that_refuses_every_start_waits_for_the_owner(
    world: World, harm: Callable[[Path], None], code: str
) -> None:
    home = closed(world)
    harm(home)

    found = status(home)

    assert (found.verdict, found.exit_status) == ("CANNOT START", 1)
    assert found.waiting[0].startswith(f"no cycle can start: {code}: ")


def test_a_sealed_day_that_is_missing_waits_though_a_cycle_may_start(world: World) -> None:
    for days in (1, 2):
        world.quiet_cycle(WEDNESDAY + timedelta(days=days), "09:35", "93.1")
    home = closed(world)
    rebuild(home)  # a start reads the days from the newest checkpoint on
    (home / f"var/events/{WEDNESDAY}.jsonl").unlink()

    found = status(home)

    assert (found.verdict, found.exit_status) == ("LOG DAMAGED", 1)
    assert found.waiting == (
        "log-damaged: 2005-03-03.jsonl, line 1: expected the seal of 2005-03-01.jsonl, found that of 2005-03-02.jsonl, "
        "which is missing; restore the last good copy, as docs/runbook.md says under 'A damaged log'",
    )

    (home / "var" / "HALT").write_text("the log is damaged: 2005-03-03.jsonl, line 1\n")
    assert len(status(home).waiting) == 1


def test_a_home_that_may_be_a_copy_is_told_of_the_recovery_to_come(world: World) -> None:
    found = status(closed(world), displaced="the log is not where it was stamped")

    assert (found.verdict, found.exit_status) == ("MOVED OR COPIED", 1)
    assert found.waiting == (
        "the log is not where it was stamped; the next cycle starts in recovery, and sends no order",
    )


def test_a_halt_file_that_cannot_be_read_halts(world: World) -> None:
    home = closed(world)
    (home / "var" / "HALT").mkdir()

    assert status(home).verdict == "HALTED"


def test_a_recorded_halt_stands_until_it_is_lifted(world: World) -> None:
    world.record(TradingHalted(reason="by hand"))
    halted = status(world.home).verdict
    world.record(TradingResumed(why="fine again"))

    assert (halted, status(closed(world)).verdict) == ("HALTED", "MAY TRADE")


def test_an_order_without_an_answer_waits(world: World) -> None:
    ready(world, WEDNESDAY, "10:35")
    ref = send(world, "-5")

    found = status(closed(world))

    assert (found.verdict, found.exit_status) == ("IN DOUBT", 1)
    assert ref in found.waiting[0]


def test_an_order_that_only_the_owner_can_decide_is_not_left_to_the_next_cycle(world: World) -> None:
    ready(world, WEDNESDAY, "10:35")
    ref = send(world, "-5")
    world.record(BreakFound(break_id="B-2", kind="order", subject=ref, consequence="lock", con_id=IBM))

    (waiting,) = status(closed(world)).waiting

    assert waiting.endswith('tallybook accept B-2 --why "…" (after a look into the account statement: did it fill?)')


def test_a_dry_run_is_told_whatever_else_is_true(world: World) -> None:
    home = closed(world)
    healthy = status(home, dry_run=True)
    (home / "var" / "HALT").write_text("by hand\n")

    assert (healthy.verdict, healthy.dry_run, healthy.exit_status) == ("DRY RUN, no order leaves", True, 0)
    assert status(home, dry_run=True).verdict == "DRY RUN, HALTED"


def test_in_a_dry_run_no_others_trade(world: World) -> None:
    world.record(BreakFound(break_id="B-2", kind="position", subject=str(IBM), consequence="lock", con_id=IBM))

    assert status(closed(world), dry_run=True).verdict == "DRY RUN, LOCKED IBM"


def test_without_settings_the_last_cycle_tells_whether_it_was_dry(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.begin(TUESDAY, "09:35", dry_run=True)

    assert status(closed(world)).verdict == "DRY RUN, no order leaves"


def test_settings_that_cannot_be_used_wait_for_the_owner(world: World) -> None:
    found = status(closed(world), settings_error="settings-wrong: line 1")

    assert (found.verdict, found.exit_status) == ("SETTINGS WRONG", 1)
    assert found.waiting == ("no cycle can start: settings-wrong: line 1",)


def test_that_no_mail_leaves_waits_until_one_does(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.quiet_cycle(TUESDAY, "09:35", "92")
    world.record(NoticeFailed(kind="start", subject="…", reason="refused"))

    line = f"no mail has left since {TUESDAY} 14:35 UTC; before long no order will either: tallybook doctor"
    assert status(tmp_path).waiting == (line,)

    world.record(NoticeSent(kind="start", subject="…"))
    assert status(closed(world)).waiting == ()


def test_a_failed_last_cycle_waits_and_a_good_one_after_it_does_not(tmp_path: Path) -> None:
    world = two_sessions(tmp_path)
    healthy = status(world.home)  # the killed cycle of the morning was done again
    world.begin(WEDNESDAY, "10:35")
    running = status(world.home)
    world.later(3600)
    dead = status(closed(world), world.moment)

    assert (healthy.exit_status, running.exit_status) == (0, 0)
    assert dead.waiting == (
        "the last cycle (2005-03-02/1035) started and never ended: the next one resolves what was under way",
    )
    assert (dead.verdict, dead.exit_status) == ("LAST CYCLE FAILED", 1)


def test_what_moved_after_the_snapshot_is_named(world: World) -> None:
    world.record(CashDeposited(source="statement", reference="d1", amount=Decimal(500), currency="USD"))

    found = status(closed(world))

    assert found.since_then == ("cash USD 86,085.67 → 86,585.67",)
    assert found.nav == Decimal("100080.67")


def test_before_the_first_cycle_nav_is_unknown_not_zero(tmp_path: Path) -> None:
    found = status(closed(new_world(tmp_path)))

    assert (found.nav, found.today, found.leverage) == (None, None, None)
    assert found.cash[0].amount == 100_000
    assert any(line.startswith("NAV unknown") for line in status_lines(found))


def test_json_and_csv_carry_every_digit(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    found = status(closed(world))

    assert print_status(found, "json") == 0
    as_json = json.loads(capsys.readouterr().out)
    print_status(found, "csv")
    as_csv = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))

    assert (as_json["nav"], as_json["today"], as_json["exit_status"]) == ("100080.67", "15", 0)
    assert as_json["positions"][0]["unrealised"] == "83.67"
    assert [(row["kind"], row["value"]) for row in as_csv[1:]] == [
        ("nav", "100080.67"),
        ("position", "13995"),
        ("cash", "86085.67"),
    ]


def snapshot(nav: str, flows: str = "100") -> SnapshotTaken:
    zero = Decimal(0)
    return SnapshotTaken(
        session_day=TUESDAY, kind="trade", nav=Decimal(nav), nav_reported=Decimal(nav), cash=(), positions=(),
        leverage_gross=zero, leverage_net=zero, realised=zero, unrealised=zero, commissions=zero, dividends=zero,
        taxes=zero, interest=zero, fees=zero, flows=Decimal(flows), adjustments=zero,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("snapshots", "since_start", "drawdown"),
    [
        pytest.param([snapshot("110")], "0.1", "0", id="a gain"),
        pytest.param([snapshot("125"), snapshot("100")], "0", "-0.2", id="back where it began"),
        pytest.param([snapshot("80")], "-0.2", "0", id="what was lost before the first look is no drawdown"),
        pytest.param([snapshot("80"), snapshot("72")], "-0.28", "-0.1", id="what is lost after it is"),
        pytest.param([snapshot("110"), snapshot("210", flows="200")], "0.1", "0", id="a deposit earns nothing"),
        pytest.param([snapshot("110"), snapshot("55", flows="45")], "0.1", "0", id="a withdrawal loses nothing"),
    ],
)
def test_growth_leaves_deposits_and_withdrawals_out(
    snapshots: list[SnapshotTaken], since_start: str, drawdown: str
) -> None:
    growth = Growth()
    for taken in snapshots:
        growth = growth.after(taken.nav, taken.flows)

    assert (growth.since_start, growth.drawdown) == (Decimal(since_start), Decimal(drawdown))


def test_what_was_inferred_is_told_until_a_statement_says_it(world: World) -> None:
    told = {"con_id": IBM, "source": "rule", "currency": "USD", "provisional": True}
    dividend = DividendPaid.model_validate({**told, "reference": "1", "amount": Decimal("12.40")})
    tax = TaxWithheld.model_validate({**told, "reference": "1t", "amount": Decimal("-3.72")})
    world.ledger.record((dividend, tax))
    word = {"source": "statement", "reference": "77", "provisional": False, "replaces": dividend.key}

    lines = status_lines(status(world.home))
    world.ledger.record((dividend.model_copy(update=word),))

    assert "provisional: 2 items, USD +8.68, until a statement tells them" in lines
    assert "provisional: 1 item, USD -3.72, until a statement tells them" in status_lines(status(closed(world)))


def test_money_that_is_on_its_way_is_told_until_it_comes(world: World) -> None:
    world.record(FlowExpected(amount=Decimal(5000), currency="USD", until=date(2005, 3, 7)))
    before = status_lines(status(world.home, world.ledger.book.now))

    world.record(CashDeposited(source="statement", reference="1", amount=Decimal(5000), currency="USD"))

    assert "expected: +5,000.00 USD by 2005-03-07 (F-1)" in before
    assert not any("expected:" in line for line in status_lines(status(closed(world))))


def test_what_a_rate_did_to_money_put_in_earlier_is_earned_today(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    deposit = CashDeposited(source="statement", reference="1", amount=Decimal(1000), currency="EUR")
    for day, rate, before in ((TUESDAY, "1.3", (deposit,)), (WEDNESDAY, "1.4", ())):
        world.begin(day, "09:35")
        rows = tuple(RateRow(currency=c, rate=Decimal(r)) for c, r in (("USD", "1"), ("EUR", rate)))
        world.record(*before, RatesObserved(base_currency="USD", rows=rows), PositionsObserved(rows=()))
        world.record(NavObserved(currency="USD", net_liquidation=own_nav(world.ledger.book)))
        world.finish()

    found = status(closed(world))

    assert found.today == Decimal(100)
    assert found.today_share == Decimal(100) / Decimal(101_300)


def test_a_break_that_was_settled_since_the_last_comparison_is_not_told_as_open(world: World) -> None:
    world.record(BreakFound(break_id="B-2", kind="cash", subject="USD", consequence="note", currency="USD"))
    world.agree()
    assert status_lines(status(world.home))[-1] == "book ≠ broker: 1 open break, NAV apart by 0.00 (09:40)"

    world.record(BreakAccepted(break_id="B-2", why="a fee"))

    assert status_lines(status(closed(world)))[-1].endswith("(09:40); none is open now, the next cycle compares")
