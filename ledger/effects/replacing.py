"""How one fact takes the place of another: what was inferred, of what the broker says at last.

A fact that names another in `replaces` first undoes it. The other stays known: told again, it changes nothing. An
effect that another fact may replace is wrapped in `replaceable`, and says what to undo in `state.booked`; for plain
cash the fact's own identity says it.
"""

from __future__ import annotations

from decimal import Decimal

from ledger.booked import Booked, Provisional
from ledger.effects.announcements import expected_again
from ledger.effects.changes import Effect, change, earn, leaving, negated, recall
from ledger.events import (
    BrokerCash,
    CashDeposited,
    CashWithdrawn,
    CommissionAdjusted,
    DividendPaid,
    Fact,
    FeeCharged,
    InterestPaid,
    PaymentInLieuPaid,
    PositionAction,
    TaxWithheld,
    type_name,
)
from ledger.line import Event
from ledger.lots import CarveOut
from ledger.state import ZERO, Impossible, State
from ledger.subbooks import follow, positions_shared

ACTION = "action/"  # how the keys of what moves units begin

CASH_ACCOUNTS: tuple[tuple[type[Fact], str], ...] = (
    (DividendPaid, "dividends"),
    (PaymentInLieuPaid, "dividends"),
    (TaxWithheld, "taxes"),
    (InterestPaid, "interest"),
    (FeeCharged, "fees"),
    (CommissionAdjusted, "commissions"),
    (CashDeposited, "transfers"),
    (CashWithdrawn, "transfers"),
)
ACCOUNT_OF: dict[str, str] = {type_name(fact_type): account for fact_type, account in CASH_ACCOUNTS}

BY_EXECUTIONS = ("fill/", "bust/")  # keys of what is undone by a bust of its own, or by an execution that stands again


def replaceable(effect: Effect) -> Effect:
    """Let a fact with this effect take another's place, and have its own taken."""

    def applied(state: State, event: Event) -> None:
        fact: BrokerCash | PositionAction = event.fact  # type: ignore[assignment]
        key = event.key or fact.key
        if fact.replaces is not None:
            _replace(state, fact.replaces, key)
        if key in state.replaced:
            return  # by a fact that was told before it
        effect(state, event)
        if fact.provisional:
            state.provisional[key] = Provisional(
                event.seq, fact.type, getattr(fact, "con_id", None), getattr(fact, "currency", None),
                getattr(fact, "amount", None),
            )  # fmt: skip

    return applied


def standing(state: State, key: str) -> str:
    """Return what has taken a fact's place at last, however often; its own key if nothing has."""
    passed = {key}
    while (by := state.replaced.get(key)) is not None and by not in passed:
        key = by
        passed.add(key)
    return key


def withdraw(state: State, key: str, by: str) -> None:
    """Undo a fact for good, on the word of another that takes no place: told again, it changes nothing."""
    if key not in state.keys or key in state.replaced:
        raise Impossible(f"{by}: expected to undo what stands, found {key} {_what_of(state, key)}")
    booked, before = state.booked.get(key), positions_shared(state)
    _replace(state, key, by)
    if key.startswith(ACTION) and before.shared:
        follow(state, before)
    if booked is not None and booked.flow is not None:
        expected_again(state, *booked.flow)


def _what_of(state: State, key: str) -> str:
    return f"replaced by {standing(state, key)}" if key in state.replaced else "never recorded"


def _replace(state: State, key: str, by: str) -> None:
    if key == by:
        raise Impossible(f"{key}: expected another fact to take the place of, found its own key")
    known = state.keys.get(key)
    is_first = state.replaced.setdefault(key, by) == by
    if known is None or not is_first:
        return
    state.provisional.pop(key, None)
    if state.pending_actions.pop(key, None) is not None:
        return
    booked = state.booked.pop(key, None)
    if booked is None:
        _return_cash(state, key, known[1])
    else:
        undo(state, booked)


def _return_cash(state: State, key: str, part: tuple[object, ...] | None) -> None:
    """Undo plain cash, of which the key's economic part says all."""
    match part:
        case (str() as kind, Decimal() as amount, str() as currency) if kind in ACCOUNT_OF:
            earn(state, currency, -amount, ACCOUNT_OF[kind])
        case ("currency_converted", Decimal() as sold, str() as from_currency, Decimal() as bought, str() as currency):
            earn(state, from_currency, sold, "conversion")
            earn(state, currency, -bought, "conversion")
        case _:
            raise Impossible(f"{key}: expected a cash movement or an action to take the place of, found {part}")


def undo(state: State, booked: Booked) -> None:
    """Take back what a fact did, whatever was told since."""
    if booked.spin_off is not None:
        spin_off = standing(state, booked.spin_off)
        state.allocations.pop(spin_off, None)
        allocate_basis(state, spin_off, ZERO)
    if booked.passage is not None:
        recall(state, booked.passage, *booked.legs)
    for con_id, entry_id, legs in reversed(booked.steps):
        holding = state.holdings[con_id]
        change(state, holding, holding.without_entry(entry_id), *negated(legs), since=booked.at)
    for currency, account, amount in booked.cash:
        earn(state, currency, -amount, account)


def allocate_basis(state: State, spin_off: str, fraction: Decimal) -> None:
    """Let a spin-off have taken this share of the basis from the parent."""
    booked = state.booked.get(spin_off)
    if booked is None or booked.passage is None:
        return
    parent = state.holdings[booked.passage.source]
    out = parent.entry(leaving(spin_off))
    assert isinstance(out, CarveOut)
    change(state, parent, parent.replaced(out._replace(fraction=fraction)), since=out.at)
