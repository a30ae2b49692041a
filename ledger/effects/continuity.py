"""Recovery and witnesses: what tells whether this log is the newest there is."""

from __future__ import annotations

from ledger.events import RecoveryEnded, RecoveryStarted, WitnessDropped, WitnessFailed, WitnessKept
from ledger.line import Event
from ledger.state import Impossible, State


def _recovery_started(state: State, event: Event) -> None:
    fact: RecoveryStarted = event.fact  # type: ignore[assignment]
    if state.recovery is None:
        state.recovery_since = event.seq
    state.recovery = fact.reason
    state.recovery_witness = fact.witness or state.recovery_witness  # a second start forgets no witness
    state.update_cycle(allowed=False)


def _recovery_ended(state: State, event: Event) -> None:
    fact: RecoveryEnded = event.fact  # type: ignore[assignment]
    if state.recovery is None:
        raise Impossible("the end of a recovery: expected a recovery, found none")
    if not fact.evidence and not fact.why:
        raise Impossible("the end of a recovery: expected evidence or the operator's reason, found neither")
    state.recovery, state.recovery_since, state.recovery_witness = None, -1, None


def _witness_kept(state: State, event: Event) -> None:
    fact: WitnessKept = event.fact  # type: ignore[assignment]
    state.witnessed[fact.place] = f"{fact.session_day}/{fact.part}"
    state.witness_failures.pop(fact.place, None)


def _witness_failed(state: State, event: Event) -> None:
    fact: WitnessFailed = event.fact  # type: ignore[assignment]
    state.witness_failures[fact.place] = f"{fact.doing}: {fact.reason}"


def _witness_dropped(state: State, event: Event) -> None:
    fact: WitnessDropped = event.fact  # type: ignore[assignment]
    state.witness_failures.pop(fact.place, None)


EFFECTS = (
    (RecoveryStarted, _recovery_started),
    (RecoveryEnded, _recovery_ended),
    (WitnessKept, _witness_kept),
    (WitnessFailed, _witness_failed),
    (WitnessDropped, _witness_dropped),
)
