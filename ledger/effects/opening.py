"""What the account held at the beginning, and what an operator's acceptance corrects."""

from __future__ import annotations

from ledger.effects.changes import (
    MARGINED,
    Effect,
    change,
    check_contract,
    earn,
    holding_of,
    impossible,
    method_of,
    trade,
)
from ledger.events import BreakFound, CashAdjusted, Fact, OpeningBalanceRecorded, OpeningLotsRecorded, PositionAdjusted
from ledger.journal import post
from ledger.line import Event
from ledger.lots import OPENING, BringIn, Lot, Trade
from ledger.state import ZERO, Impossible, State


def _against(state: State, con_id: int, account: str) -> str:
    """Return the account for a basis that was not paid: what a future cost is never in cash, so it is not in NAV."""
    return f"variation:{con_id}" if state.contracts[con_id].security_type in MARGINED else account


def _opened(state: State, event: Event) -> None:
    fact: OpeningBalanceRecorded = event.fact  # type: ignore[assignment]
    con_id = fact.con_id
    if con_id is None:
        earn(state, fact.currency, fact.amount, "opening")
        return
    what = ("opening balance of contract", con_id)
    check_contract(state, con_id, fact.currency, what)
    if not fact.quantity:
        raise impossible(what, f"expected a quantity, found {fact.quantity}")
    holding, account = holding_of(state, con_id), _against(state, con_id, "opening")
    told = Trade(event.at, OPENING, 0, fact.quantity, fact.amount, method=method_of(state, con_id, event.at))
    trade(state, holding, holding.with_entry(told), fact.amount, account, event.at)
    if fact.settled is not None:
        if account == "opening":
            raise impossible(what, "expected nothing settled before of what is paid in full")
        post(state.journal, fact.currency, (account, -fact.settled), ("opening", fact.settled))


def _lots_told(state: State, event: Event) -> None:
    """Put the statement's lots in the place of the one that was adopted."""
    fact: OpeningLotsRecorded = event.fact  # type: ignore[assignment]
    what = ("opening lots of contract", fact.con_id)
    check_contract(state, fact.con_id, fact.currency, what)
    before = holding_of(state, fact.con_id)
    try:
        adopted = before.entry(OPENING)
    except KeyError:
        raise impossible(what, "expected an opening balance before its lots, found none") from None
    quantity, basis = sum((lot.quantity for lot in fact.lots), ZERO), sum((lot.basis for lot in fact.lots), ZERO)
    was = (adopted.quantity, adopted.gross) if isinstance(adopted, Trade) else None
    if was is None or quantity != was[0]:
        raise impossible(what, f"expected {was and was[0]} units together, found {quantity}")
    if any(lot.opened_at > adopted.at for lot in fact.lots):
        raise impossible(what, f"expected lots acquired by {adopted.at:%Y-%m-%d %H:%M}, found a later one")
    rows = sorted(fact.lots, key=lambda lot: lot.opened_at)
    lots = tuple(Lot(OPENING, lot.quantity, lot.basis, ZERO, lot.opened_at) for lot in rows)
    after = before.replaced(BringIn(adopted.at, OPENING, 0, lots))
    leg = (_against(state, fact.con_id, "opening"), was[1] - basis)
    change(state, before, after, leg, since=adopted.at)


def _position_adjusted(state: State, event: Event) -> None:
    fact: PositionAdjusted = event.fact  # type: ignore[assignment]
    what = ("adjustment of contract", fact.con_id, "for", fact.break_id)
    check_contract(state, fact.con_id, fact.currency, what)
    if fact.quantity == 0:
        raise impossible(what, "expected a change of quantity")
    holding, account = holding_of(state, fact.con_id), _against(state, fact.con_id, "suspense")
    method = method_of(state, fact.con_id, event.at)
    told = Trade(event.at, fact.break_id, event.seq, fact.quantity, fact.amount, method=method)
    trade(state, holding, holding.with_entry(told), fact.amount, account, event.at)


def _cash_adjusted(state: State, event: Event) -> None:
    fact: CashAdjusted = event.fact  # type: ignore[assignment]
    earn(state, fact.currency, fact.amount, "suspense")


def adjustment_name(break_id: str) -> str:
    """Name the adjustment that an acceptance made: it has no key, for it is no word of the broker's."""
    return f"adjustment/{break_id}"


def unadjust(state: State, found: BreakFound) -> None:
    """Take back the adjustment of a break: its cash, or its units with what they were held at."""
    if found.kind == "cash" and found.difference is not None and found.currency is not None:
        earn(state, found.currency, -found.difference, "suspense")
        return
    holding = state.holdings.get(found.con_id or 0)
    try:
        told = None if holding is None else holding.entry(found.break_id)
    except KeyError:
        told = None
    if holding is None or not isinstance(told, Trade):
        raise Impossible(f"break {found.break_id}: expected an adjustment of cash or units, found none")
    account = _against(state, holding.con_id, "suspense")
    trade(state, holding, holding.without_entry(found.break_id), -told.gross, account, told.at)


EFFECTS: tuple[tuple[type[Fact], Effect], ...] = (
    (OpeningBalanceRecorded, _opened),
    (OpeningLotsRecorded, _lots_told),
    (PositionAdjusted, _position_adjusted),
    (CashAdjusted, _cash_adjusted),
)
