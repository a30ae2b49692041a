"""The cycle, the log and the connection: the cases of `trader/safeguards/cycle.py`."""

from __future__ import annotations

from datetime import timedelta

from ledger.events import (
    BookReconciled,
    BreakFound,
    BrokerConnected,
    CashObserved,
    CycleFinished,
    CycleSkipped,
    GoneLive,
    NavObserved,
    NoticeFailed,
    NoticeSent,
    OrderAcknowledged,
    PositionsObserved,
    RecoveryEnded,
    RecoveryStarted,
    SettingsApproved,
    StepFailed,
    TargetsComputed,
    TradingHalted,
)
from tests.trader.decisions import AAPL, ACCOUNT, IBM, KO, connected, started
from tests.trader.safeguards.situations import ALLOWED, HELD, REF, THESE, Case, attempted, order

LOCK = BreakFound(break_id="B-1", kind="position", subject=str(AAPL), consequence="lock", con_id=AAPL)
REDUCE = BreakFound(break_id="B-1", kind="nav", subject="NAV", consequence="reduce_only")
HALT = BreakFound(break_id="B-1", kind="cash", subject="USD", consequence="halt")
EARLIER = started(slot="2005-03-01/0935")
MISSED = CycleSkipped(slot="2005-03-01/0835", reason="no cycle ran in its time")
OTHERS = SettingsApproved(settings_sha256="1" * 64, by="operator", why="more")
UNSENT = NoticeFailed(kind="end", subject="END", reason="refused")
SENT = NoticeSent(kind="start", subject="START")
DAY_AND_MORE = timedelta(hours=24, seconds=1)
GONE = GoneLive(account=ACCOUNT, paper_sessions=20, why="")
TRADED = "this_slot_was_not_traded"
FINISHED_HERE = CycleFinished(slot=started().slot, book_hash="1:0")
FINISHED = CycleFinished(slot=EARLIER.slot, book_hash="1:0")
RECOVERY = RecoveryStarted(reason="restored from a backup")
CASES: tuple[Case, ...] = (
    Case("book_is_reconciled", "pass", "compared in this cycle"),
    Case("book_is_reconciled", "unknown", "not compared", world={"instead": {BookReconciled: ()}}),
    Case("book_is_reconciled", "unknown", "NAV not observed", world={"instead": {NavObserved: ()}}),
    Case("book_is_reconciled", "unknown", "positions not observed", world={"instead": {PositionsObserved: ()}}),
    Case("book_is_reconciled", "unknown", "cash not observed", world={"instead": {CashObserved: ()}}),
    Case("book_is_reconciled", "unknown", "compared before this cycle", also=[started(slot="2005-03-01/1135")]),
    Case("no_step_failed", "pass", "none failed"),
    Case("no_step_failed", "veto", "one failed", also=[StepFailed(step="ingest", reason="source down")]),
    Case("not_halted", "pass", "nothing halts"),
    Case("not_halted", "veto", "by the operator", also=[TradingHalted(reason="holiday")]),
    Case("not_halted", "veto", "by a break", also=[HALT]),
    Case("this_log_is_the_newest", "pass", "no recovery"),
    Case("this_log_is_the_newest", "pass", "it ended", also=[RECOVERY, RecoveryEnded(evidence=("nothing newer",))]),
    Case("this_log_is_the_newest", "veto", "a restored home", also=[RECOVERY]),
    Case("the_slot_before_was_finished", "pass", "the first of all"),
    Case("the_slot_before_was_finished", "pass", "it was", world={"before": [EARLIER, FINISHED]}),
    Case("the_slot_before_was_finished", "veto", "nobody used it", world={"before": [MISSED]}),
    Case("the_slot_before_was_finished", "veto", "it broke off", world={"before": [EARLIER]}),
    Case("nothing_in_doubt", "pass", "no order of ours"),
    Case("nothing_in_doubt", "veto", "one in doubt", [order()], also=[*ALLOWED, attempted(order())]),
    Case(
        "nothing_in_doubt",
        "veto",
        "one still works",
        [order()],
        also=[*ALLOWED, attempted(order()), OrderAcknowledged(order_ref=REF, perm_id=1, status="Submitted")],
    ),
    Case("breaks_are_respected", "pass", "no break", [order()]),
    Case("breaks_are_respected", "pass", "a lock, reduced", [order(quantity="-100")], world=HELD, also=[LOCK]),
    Case("breaks_are_respected", "pass", "another is locked", [order(IBM)], also=[LOCK]),
    Case("breaks_are_respected", "veto", "a lock, grown", [order(quantity="1")], world=HELD, also=[LOCK]),
    Case("breaks_are_respected", "veto", "a lock, flipped", [order(quantity="-1001")], world=HELD, also=[LOCK]),
    Case("breaks_are_respected", "veto", "reductions only", [order()], also=[REDUCE]),
    Case("every_order_has_a_target", "pass", "named", [order()]),
    Case("every_order_has_a_target", "veto", "not named", [order(KO)]),
    Case("every_order_has_a_target", "unknown", "no forecast", [order()], world={"instead": {TargetsComputed: ()}}),
    Case(TRADED, "pass", "for the first time"),
    Case(TRADED, "pass", "rehearsed before", world={"before": [started(dry_run=True, attempt=0), FINISHED_HERE]}),
    Case(TRADED, "pass", "it broke off before", world={"before": [started(attempt=0)]}),
    Case(TRADED, "veto", "finished before", world={"before": [started(attempt=0), FINISHED_HERE]}),
    Case("account_and_mode_match", "pass", "they do"),
    Case("account_and_mode_match", "veto", "another account", also=[connected(account="DU2")]),
    Case("account_and_mode_match", "veto", "a live account", also=[connected(account="U1000001")]),
    Case("account_and_mode_match", "unknown", "no session", world={"instead": {BrokerConnected: ()}}),
    Case("live_was_decided", "pass", "paper"),
    Case("live_was_decided", "veto", "real money", world={"mode": "live"}),
    Case("live_was_decided", "pass", "decided", world={"mode": "live"}, also=[GONE]),
    Case("settings_are_approved", "pass", "the first ones"),
    Case("settings_are_approved", "veto", "changed since", world={"before": [started(attempt=0), OTHERS]}),
    Case("settings_are_approved", "pass", "approved", world={"before": [started(attempt=0), OTHERS, THESE]}),
    Case("clocks_agree", "pass", "just", also=[connected(clock_difference_seconds=-30)]),
    Case("clocks_agree", "veto", "a second too far", also=[connected(clock_difference_seconds=31)]),
    Case("clocks_agree", "unknown", "no session", world={"instead": {BrokerConnected: ()}}),
    Case("disk_has_room", "pass", "just", limits={"disk_free_megabytes_min": 10_000}),
    Case("disk_has_room", "veto", "a megabyte too little", limits={"disk_free_megabytes_min": 10_001}),
    Case("disk_has_room", "unknown", "not told", also=[started(attempt=2, disk_free_megabytes=None)]),
    Case("mails_leave", "pass", "none failed"),
    Case("mails_leave", "pass", "just", world={"before": [UNSENT]}, also=[connected()], later=timedelta(hours=24)),
    Case("mails_leave", "veto", "too long", world={"before": [UNSENT]}, also=[connected()], later=DAY_AND_MORE),
    Case("mails_leave", "pass", "cured", world={"before": [UNSENT, THESE]}, also=[connected()], later=DAY_AND_MORE),
    Case("mails_leave", "pass", "one left", world={"before": [UNSENT, SENT]}, also=[connected()], later=DAY_AND_MORE),
)
