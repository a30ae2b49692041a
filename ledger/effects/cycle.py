"""Genesis, cycles, decisions, the operator's words and the end of a day; `incidents.py` what is told of them."""

from __future__ import annotations

from dataclasses import replace

from ledger.effects.opening import adjustment_name, unadjust
from ledger.effects.replacing import withdraw
from ledger.events import (
    AcceptanceTakenBack,
    AccountAdopted,
    BookReconciled,
    BreakAccepted,
    BreakClosed,
    BreakExplained,
    BreakFound,
    BrokerConnected,
    CycleFailed,
    CycleFinished,
    CycleSkipped,
    CycleStarted,
    DataFaultFound,
    DataIngested,
    DayCommitted,
    DaySealed,
    GoneLive,
    OverrideSet,
    PreflightFinished,
    SafeguardsEvaluated,
    SettingsApproved,
    SettingsChanged,
    SnapshotTaken,
    StepFailed,
    TargetsComputed,
    TradingAllowed,
    TradingHalted,
    TradingResumed,
    TradingVetoed,
    VerdictRow,
    execution_base,
)
from ledger.events.cycle import LogStarted
from ledger.forgetting import is_old_day
from ledger.line import Event
from ledger.sending import waiting_for_proceeds
from ledger.state import ONE, Break, Cycle, Forgotten, Impossible, SlotState, State, changed
from ledger.wanting import wanted_after


def _log_started(state: State, event: Event) -> None:
    fact: LogStarted = event.fact  # type: ignore[assignment]
    if state.seq != -1:
        raise Impossible("genesis: expected it as the first line only")
    state.account, state.mode, state.clock = fact.account, fact.mode, fact.clock
    state.base_currency, state.log_id = fact.base_currency, event.log
    state.rates = {fact.base_currency: state.rates.get(fact.base_currency, ONE)}


def _adopted(state: State, event: Event) -> None:
    fact: AccountAdopted = event.fact  # type: ignore[assignment]
    if fact.account != state.account:
        raise Impossible(f"adoption: expected account {state.account}, found {fact.account}")
    state.adopted, state.adopted_perm_ids = True, frozenset(fact.open_order_perm_ids)
    for execution_id in fact.execution_ids:  # part of the opening balances: never booked again
        base, revision = execution_base(execution_id)
        state.keys[f"fill/{state.account}/{base}/{revision}"] = (event.seq, None)
        state.keys[f"commission/{base}/{revision}"] = (event.seq, None)


def _cycle_started(state: State, event: Event) -> None:
    fact: CycleStarted = event.fact  # type: ignore[assignment]
    known = _slot(state, fact.slot)
    waited = () if state.cycle is None else waiting_for_proceeds(state.cycle.plan, state.cycle.deferred)
    state.cycle = Cycle(event.seq, event.hash, fact, event.recorded_at, waited=waited)
    if fact.kind == "trade":
        state.data_faults = ()
    state.failed = None
    state.settings_approved = state.settings_approved or fact.settings_sha256
    state.slots[fact.slot] = changed(known, attempts=known.attempts + 1)


def _slot(state: State, name: str) -> SlotState:
    known = state.slots.get(name)
    if known is None and is_old_day(state, name):
        raise Forgotten(f"slot {name}: what became of it is forgotten")
    return known or SlotState()


def _skipped(state: State, event: Event) -> None:
    fact: CycleSkipped = event.fact  # type: ignore[assignment]
    state.slots[fact.slot] = changed(_slot(state, fact.slot), skipped=True)


def _finished(state: State, event: Event) -> None:
    fact: CycleFinished = event.fact  # type: ignore[assignment]
    known, cycle = _slot(state, fact.slot), state.cycle
    was_dry = cycle is not None and cycle.started.dry_run and (known.rehearsed or not known.finished)
    state.slots[fact.slot] = changed(known, finished=True, rehearsed=was_dry)
    state.failed = None
    state.update_cycle(ended="finished", allowed=False)


def _failed(state: State, event: Event) -> None:
    """End the running cycle; a start that died before its cycle began leaves the one before as it ended."""
    fact: CycleFailed = event.fact  # type: ignore[assignment]
    state.failed = fact
    for name, known in list(state.incidents.items()):
        if known.is_open and known.opened.of_starts:
            state.incidents[name] = replace(known, starts=known.starts + 1)
    if state.cycle is not None and state.cycle.started.slot == fact.slot and not state.cycle.ended:
        state.update_cycle(ended="failed", allowed=False)


def _preflight(state: State, event: Event) -> None:
    fact: PreflightFinished = event.fact  # type: ignore[assignment]
    state.preflight = fact
    if fact.passed and state.failed is not None and state.failed.slot == fact.slot:
        state.failed = None


def _step_failed(state: State, event: Event) -> None:
    fact: StepFailed = event.fact  # type: ignore[assignment]
    if state.cycle is not None:
        state.update_cycle(failures=(*state.cycle.failures, fact), allowed=False)


def _connected(state: State, event: Event) -> None:
    fact: BrokerConnected = event.fact  # type: ignore[assignment]
    state.update_cycle(connected=fact)


def _ingested(state: State, event: Event) -> None:
    fact: DataIngested = event.fact  # type: ignore[assignment]
    state.ingested[fact.source] = fact
    if state.cycle is not None:
        state.update_cycle(data={**state.cycle.data, fact.source: fact})


def _data_fault(state: State, event: Event) -> None:
    fact: DataFaultFound = event.fact  # type: ignore[assignment]
    state.data_faults = (*state.data_faults, fact)
    if state.cycle is not None:
        state.update_cycle(data_faults=(*state.cycle.data_faults, fact))


def _targets(state: State, event: Event) -> None:
    fact: TargetsComputed = event.fact  # type: ignore[assignment]
    if state.cycle is not None:
        state.update_cycle(targets=(*state.cycle.targets, fact))
        before, session_day = state.wanted.get(fact.strategy), state.cycle.started.session_day
        state.wanted[fact.strategy] = wanted_after(before, fact, session_day)


def _evaluated(state: State, event: Event) -> None:
    fact: SafeguardsEvaluated = event.fact  # type: ignore[assignment]
    state.verdicts = fact.verdicts
    state.update_cycle(verdicts=fact.verdicts)


def _allowed(state: State, event: Event) -> None:
    cycle = state.cycle
    if cycle is None or cycle.reconciled is None or cycle.verdicts is None or cycle.failures or cycle.ended:
        raise Impossible("trading allowed: expected a reconciled book, verdicts and no failed step in this very cycle")
    if cycle.started.dry_run:
        raise Impossible("trading allowed: this cycle is a dry run")
    if state.recovery is not None:
        raise Impossible(f"trading allowed: this home is in recovery: {state.recovery}")
    if any(verdict.outcome != "pass" for verdict in cycle.verdicts):
        raise Impossible("trading allowed: a safeguard did not pass")
    state.update_cycle(allowed=True, allowed_at=event.recorded_at)
    _accept_targets(state)


def _accept_targets(state: State) -> None:
    """Take the targets of a cycle that passed as what the next ones are measured by.

    Not so where it passed only because its positions shrink: the jump would pass for none in the next one.
    """
    if state.cycle is not None and not any(map(_is_beyond_the_jump, state.cycle.verdicts or ())):
        for name in {computed.strategy: None for computed in state.cycle.targets}:
            state.wanted[name] = state.wanted[name]._replace(accepted=state.wanted[name].exposures)


def _is_beyond_the_jump(row: VerdictRow) -> bool:
    return row.safeguard == "targets_do_not_jump" and row.distance.startswith("-")


def _vetoed(state: State, event: Event) -> None:
    fact: TradingVetoed = event.fact  # type: ignore[assignment]
    state.update_cycle(vetoed=fact.reasons, allowed=False)
    if fact.reasons == ("dry run",):  # nothing else was against it
        _accept_targets(state)


def _reconciled(state: State, event: Event) -> None:
    fact: BookReconciled = event.fact  # type: ignore[assignment]
    state.reconciled, state.reconciled_at = fact, event.recorded_at
    state.update_cycle(reconciled=fact)


def _break_found(state: State, event: Event) -> None:
    fact: BreakFound = event.fact  # type: ignore[assignment]
    if fact.break_id in state.breaks:
        raise Impossible(f"break {fact.break_id}: found already")
    if state.horizon is not None and fact.break_id != state.next_break_id:
        raise Forgotten(f"break {fact.break_id}: expected {state.next_break_id}")
    day = state.cycle.started.session_day if state.cycle is not None else None
    state.keep_break(Break(fact, event.recorded_at, event.seq, day))
    state.breaks_found += 1
    if fact.consequence != "note":
        state.update_cycle(allowed=False)  # the safeguards consented without knowing of it


def _open_break(state: State, break_id: str) -> Break:
    known = state.breaks.get(break_id)
    if known is None and state.horizon is not None:
        raise Forgotten(f"break {break_id}: it may be one that is forgotten")
    if known is None or known.status != "open":
        raise Impossible(f"break {break_id}: expected an open break, found {known.status if known else 'none'}")
    return known


def _explained(state: State, event: Event) -> None:
    fact: BreakExplained = event.fact  # type: ignore[assignment]
    state.keep_break(replace(_open_break(state, fact.break_id), explanation=fact))


def _accepted(state: State, event: Event) -> None:
    fact: BreakAccepted = event.fact  # type: ignore[assignment]
    known = _open_break(state, fact.break_id)
    if known.found.kind == "corporate_action":
        state.pending_actions.pop(known.found.subject, None)  # the choice follows it, or there is none
    state.keep_break(replace(known, status="accepted", why=fact.why, ended_at=event.recorded_at, accepted=fact))


def _taken_back(state: State, event: Event) -> None:
    """Undo what an acceptance recorded; the difference is found again by the next comparison, as another break."""
    fact: AcceptanceTakenBack = event.fact  # type: ignore[assignment]
    known = state.breaks.get(fact.break_id)
    if known is None and state.horizon is not None:
        raise Forgotten(f"break {fact.break_id}: it may be one that is forgotten")
    if known is None or known.status != "accepted":
        raise Impossible(
            f"break {fact.break_id}: expected an accepted break, found {known.status if known else 'none'}"
        )
    for key in fact.withdraws:
        if key == adjustment_name(fact.break_id):
            unadjust(state, known.found)
        else:
            withdraw(state, key, fact.key)
    state.keep_break(replace(known, status="taken back", why=fact.why, ended_at=event.recorded_at, taken_back=fact))


def _closed(state: State, event: Event) -> None:
    fact: BreakClosed = event.fact  # type: ignore[assignment]
    known = _open_break(state, fact.break_id)
    state.keep_break(replace(known, status="closed", why=fact.reason, ended_at=event.recorded_at, closed=fact))


def _halted(state: State, event: Event) -> None:
    fact: TradingHalted = event.fact  # type: ignore[assignment]
    state.halt, state.halt_code = fact.reason, fact.code or state.halt_code


def _resumed(state: State, _: Event) -> None:
    state.halt = state.halt_code = None


def _gone_live(state: State, event: Event) -> None:
    fact: GoneLive = event.fact  # type: ignore[assignment]
    if fact.account != state.account:
        raise Impossible(f"going live: expected account {state.account}, found {fact.account}")
    state.gone_live = True


def _settings_changed(state: State, event: Event) -> None:
    fact: SettingsChanged = event.fact  # type: ignore[assignment]
    state.update_cycle(settings_changed=fact)


def _settings_approved(state: State, event: Event) -> None:
    fact: SettingsApproved = event.fact  # type: ignore[assignment]
    state.settings_approved = fact.settings_sha256
    if fact.by == "operator":  # who saw what they would do; what a rule lets through, nobody has seen
        for name, wanted in list(state.wanted.items()):
            state.wanted[name] = wanted._replace(accepted=None)
    state.mail_fails_since = None  # the cure of a mail that fails, or its end: if it fails on, that counts from here


def _overridden(state: State, event: Event) -> None:
    fact: OverrideSet = event.fact  # type: ignore[assignment]
    if not 0 <= fact.scale <= 1:
        raise Impossible(f"an override: expected a scale from 0 to 1, found {fact.scale}")
    state.overrides.pop(fact.subject, None)
    if (fact.allow, fact.scale) != ("all", ONE):
        state.overrides[fact.subject] = fact


def _snapshot(state: State, event: Event) -> None:
    fact: SnapshotTaken = event.fact  # type: ignore[assignment]
    state.snapshots[fact.session_day] = state.snapshot = fact
    state.snapshot_at = event.recorded_at
    state.growth = state.growth.after(fact.nav, fact.flows)


def _sealed(state: State, event: Event) -> None:
    state.seals = (*state.seals, (event.recorded_at, event.seq))


def _committed(state: State, event: Event) -> None:
    fact: DayCommitted = event.fact  # type: ignore[assignment]
    state.committed[fact.session_day] = event.seq


EFFECTS = (
    (LogStarted, _log_started),
    (AccountAdopted, _adopted),
    (CycleStarted, _cycle_started),
    (CycleSkipped, _skipped),
    (CycleFinished, _finished),
    (CycleFailed, _failed),
    (PreflightFinished, _preflight),
    (StepFailed, _step_failed),
    (BrokerConnected, _connected),
    (DataIngested, _ingested),
    (DataFaultFound, _data_fault),
    (TargetsComputed, _targets),
    (SafeguardsEvaluated, _evaluated),
    (TradingAllowed, _allowed),
    (TradingVetoed, _vetoed),
    (BookReconciled, _reconciled),
    (BreakFound, _break_found),
    (BreakExplained, _explained),
    (BreakAccepted, _accepted),
    (AcceptanceTakenBack, _taken_back),
    (BreakClosed, _closed),
    (TradingHalted, _halted),
    (TradingResumed, _resumed),
    (GoneLive, _gone_live),
    (SettingsChanged, _settings_changed),
    (SettingsApproved, _settings_approved),
    (OverrideSet, _overridden),
    (SnapshotTaken, _snapshot),
    (DaySealed, _sealed),
    (DayCommitted, _committed),
)
