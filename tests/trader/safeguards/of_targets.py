"""What the strategies want: the cases of `trader/safeguards/targets.py`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from ledger.events import (
    Fact,
    SafeguardsEvaluated,
    SettingsApproved,
    TargetsComputed,
    TradingAllowed,
    TradingVetoed,
    VerdictRow,
)
from tests.trader.decisions import AAPL, IBM, RECONCILED, SESSION, started, targets
from tests.trader.safeguards.situations import ALLOWED, HELD, THESE, Case, order

UNSEEN = SettingsApproved(settings_sha256="0" * 64, by="rule", why="nothing that decides has changed")
WANTED = "targets_stay_within_leverage"
JUMP = "targets_do_not_jump"
STUCK = "targets_change"
FRESH = "targets_are_fresh"
LEAP = targets({AAPL: "1"}, "3")
VETOED = (SafeguardsEvaluated(verdicts=()), TradingVetoed(reasons=("something",)))
BEYOND = VerdictRow(safeguard=JUMP, outcome="pass", formula="", observed="2.8", limit="2", distance="-0.8")
SHRUNK = (SafeguardsEvaluated(verdicts=(BEYOND,)), TradingAllowed(orders=1))


def wanting(aapl: str, ibm: str) -> dict[str, Any]:
    return {"weights": {AAPL: aapl, IBM: ibm}}


def again(computed: TargetsComputed) -> Iterator[Fact]:
    """The next cycle, and what it wants; the one before wanted 0.2 of AAPL."""
    yield started(slot="2005-03-01/1135")
    yield RECONCILED
    yield computed


def days_of(computed: TargetsComputed, days: int) -> Sequence[Fact]:
    """So many sessions, two cycles each, that want the same."""
    told_twice = [SESSION + timedelta(days=index // 2) for index in range(2 * days)]
    return [fact for day in told_twice for fact in (started(slot=f"{day}/1135", session_day=day), computed)]


CASES: tuple[Case, ...] = (
    Case(WANTED, "pass", "at it", limits={"target_leverage_max": "1"}, world=wanting("0.5", "-0.5")),
    Case(WANTED, "veto", "above", limits={"target_leverage_max": "1"}, world=wanting("0.5", "-0.501")),
    Case(WANTED, "veto", "above by leverage", world={**wanting("0.5", "0.5"), "leverage": "4.01"}),
    Case(WANTED, "pass", "above, reducing", [order(quantity="-1")], {"target_leverage_max": "0.1"}, HELD),
    Case(WANTED, "unknown", "no forecast", world={"instead": {TargetsComputed: ()}}),
    Case(JUMP, "pass", "the first", also=[targets({AAPL: "1"}, "3")]),
    Case(JUMP, "pass", "at it", also=[*ALLOWED, *again(targets({AAPL: "-1"}, "1.6"))]),
    Case(JUMP, "veto", "above", also=[*ALLOWED, *again(targets({AAPL: "-1"}, "1.601"))]),
    Case(JUMP, "veto", "another name", also=[*ALLOWED, *again(targets({IBM: "1"}, "2.001"))]),
    Case(JUMP, "veto", "and the cycle after", also=[*ALLOWED, *again(LEAP), *VETOED, *again(LEAP)]),
    Case(JUMP, "veto", "since a reduction", also=[*ALLOWED, *again(LEAP), *SHRUNK, *again(LEAP)]),
    Case(JUMP, "pass", "after new settings", also=[*ALLOWED, THESE, *again(LEAP)]),
    Case(JUMP, "veto", "after settings that nobody looked at", also=[*ALLOWED, UNSEEN, *again(LEAP)]),
    Case(JUMP, "pass", "of what was vetoed", also=[*VETOED, *again(LEAP)]),
    Case(JUMP, "pass", "above, reducing", world=HELD, also=[*ALLOWED, *again(LEAP), order(quantity="-1")]),
    Case(JUMP, "unknown", "no forecast", world={"instead": {TargetsComputed: ()}}),
    Case(STUCK, "pass", "for so long", also=days_of(targets({AAPL: "0.2", IBM: "0.1"}, moves=True), 20)),
    Case(STUCK, "veto", "longer", also=days_of(targets({AAPL: "0.2", IBM: "0.1"}, moves=True), 21)),
    Case(STUCK, "pass", "what need not move", also=days_of(targets({AAPL: "0.2", IBM: "0.1"}), 21)),
    Case(STUCK, "pass", "one at its cap", also=days_of(targets({AAPL: "1", IBM: "0"}, moves=True), 21)),
    Case(STUCK, "unknown", "no forecast", world={"instead": {TargetsComputed: ()}}),
    Case(FRESH, "pass", "of a week ago", also=[targets({AAPL: "0.2"}, age=7)]),
    Case(FRESH, "veto", "older", also=[targets({AAPL: "0.2"}, age=8)]),
    Case(FRESH, "pass", "older, not wanted", also=[targets({AAPL: "0"}, age=8)]),
    Case(FRESH, "unknown", "of no day", also=[targets({AAPL: "0.2"}, age=None)]),
)
