"""What the broker reported: kept beside our half, never mixed with it."""

from __future__ import annotations

from datetime import date

from ledger.effects.replacing import BY_EXECUTIONS, withdraw
from ledger.events import (
    CashObserved,
    ContractDefined,
    ExecutionsObserved,
    MarginObserved,
    NavObserved,
    OpenOrdersObserved,
    PositionsObserved,
    QuotesObserved,
    RatesObserved,
    StatementImported,
    StatementReconciled,
)
from ledger.line import Event
from ledger.state import ONE, Impossible, Reported, State, changed

SESSIONS_COMPARED = 2  # what accrued in the session before tells what was paid since
NAV, MARGIN, CASH, POSITIONS, OPEN_ORDERS, EXECUTIONS = map(
    Reported._fields.index, ("nav", "margin", "cash", "positions", "open_orders", "executions")
)


def _contract(state: State, event: Event) -> None:
    fact: ContractDefined = event.fact  # type: ignore[assignment]
    known = state.contracts.get(fact.con_id)
    changed = known is not None and (known.currency, known.multiplier) != (fact.currency, fact.multiplier)
    if known is not None and changed and fact.con_id in state.holdings:
        expected, found = f"{known.currency} x {known.multiplier}", f"{fact.currency} x {fact.multiplier}"
        raise Impossible(f"contract {fact.con_id}: expected {expected}, found {found}")
    state.contracts[fact.con_id] = fact


def _nav(state: State, event: Event) -> None:
    fact: NavObserved = event.fact  # type: ignore[assignment]
    if fact.currency != state.base_currency:
        raise Impossible(f"NAV: expected it in {state.base_currency}, found {fact.currency}")
    state.reported = state.reported.with_part(NAV, fact, event.recorded_at)
    if state.cycle is not None and fact.accrued_cash is not None:
        state.interest_accrued[state.cycle.started.session_day] = fact.accrued_cash
        for day in sorted(state.interest_accrued)[:-SESSIONS_COMPARED]:
            del state.interest_accrued[day]


def _margin(state: State, event: Event) -> None:
    fact: MarginObserved = event.fact  # type: ignore[assignment]
    state.reported = state.reported.with_part(MARGIN, fact, event.recorded_at)


def _cash(state: State, event: Event) -> None:
    fact: CashObserved = event.fact  # type: ignore[assignment]
    cash = {row.currency: row.amount for row in fact.rows}
    state.reported = state.reported.with_part(CASH, cash, event.recorded_at)


def _positions(state: State, event: Event) -> None:
    fact: PositionsObserved = event.fact  # type: ignore[assignment]
    positions = {row.con_id: row for row in fact.rows if row.quantity}
    state.reported = state.reported.with_part(POSITIONS, positions, event.recorded_at)
    for row in fact.rows:
        if row.mark is not None:
            state.marks[row.con_id] = row.mark
        else:
            state.marks.pop(row.con_id, None)  # unknown; the old one is not its mark any more


def _open_orders(state: State, event: Event) -> None:
    fact: OpenOrdersObserved = event.fact  # type: ignore[assignment]
    state.reported = state.reported.with_part(OPEN_ORDERS, fact.rows, event.recorded_at)


def _executions(state: State, event: Event) -> None:
    fact: ExecutionsObserved = event.fact  # type: ignore[assignment]
    state.reported = state.reported.with_part(EXECUTIONS, fact.execution_ids, event.recorded_at)


def _quotes(state: State, event: Event) -> None:
    fact: QuotesObserved = event.fact  # type: ignore[assignment]
    state.quotes = {row.con_id: row for row in fact.rows}
    state.quotes_at = event.recorded_at
    state.update_cycle(quoted=True)


def _rates(state: State, event: Event) -> None:
    fact: RatesObserved = event.fact  # type: ignore[assignment]
    if fact.base_currency != state.base_currency:
        raise Impossible(f"rates: expected base currency {state.base_currency}, found {fact.base_currency}")
    rates = {fact.base_currency: ONE, **{row.currency: row.rate for row in fact.rows}}
    if rates[fact.base_currency] != ONE or min(rates.values()) <= 0:
        raise Impossible(f"rates: expected {fact.base_currency} at 1 and the others above 0, found {rates}")
    if fact.source == "statement":  # of a day that is over: it stands in only until a session reported its own
        state.rates = rates if state.reported.rates_at is None else state.rates
        return
    state.rates = rates
    state.reported = changed(state.reported, rates_at=event.recorded_at)


def _statement(state: State, event: Event) -> None:
    fact: StatementImported = event.fact  # type: ignore[assignment]
    state.statement_until = max(state.statement_until or date.min, date.fromisoformat(fact.last_day))


def _stated(state: State, event: Event) -> None:
    """Undo what was inferred and the statement lacks; executions and busts are undone by executions that follow."""
    fact: StatementReconciled = event.fact  # type: ignore[assignment]
    for undone in fact.reversed:
        if not undone.key.startswith(BY_EXECUTIONS):
            withdraw(state, undone.key, fact.key)
    state.stated, state.stated_at = fact, event.recorded_at


EFFECTS = (
    (ContractDefined, _contract),
    (NavObserved, _nav),
    (MarginObserved, _margin),
    (CashObserved, _cash),
    (PositionsObserved, _positions),
    (OpenOrdersObserved, _open_orders),
    (ExecutionsObserved, _executions),
    (QuotesObserved, _quotes),
    (RatesObserved, _rates),
    (StatementImported, _statement),
    (StatementReconciled, _stated),
)
