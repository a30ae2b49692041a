"""What corporate actions, exercises and transfers do to lots, with their postings.

The quantity that the broker moved counts, whatever is held: what is told later may mend that, and is matched again from
its place, in every contract that the lots went to (`ledger/effects/changes.py`). To add one: write its effect here, add
it to `ACTIONS`, and keep in `state.booked` what would undo it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from ledger.booked import Booked, Passage, Step
from ledger.effects.changes import (
    MARGINED,
    Effect,
    Leg,
    change,
    check_contract,
    earn,
    holding_of,
    impossible,
    leaving,
    method_of,
    paid_from,
    send,
)
from ledger.effects.replacing import allocate_basis, replaceable, standing
from ledger.events import (
    ActionPending,
    BasisAllocated,
    ContractDelisted,
    ContractRenamed,
    CostAdjusted,
    Fact,
    MergerApplied,
    OptionAssigned,
    OptionExercised,
    OptionExpired,
    PositionAction,
    PositionTransferred,
    SpinOffApplied,
    SplitApplied,
    StockDividendApplied,
    TenderApplied,
)
from ledger.line import Event
from ledger.lots import ONE, BringIn, CarveOut, Entry, Lot, Recost, Scale, TakeOut, Trade
from ledger.state import ZERO, State
from ledger.subbooks import follow, positions_shared


def _split(state: State, event: Event) -> None:
    fact: SplitApplied = event.fact  # type: ignore[assignment]
    what = _checked(state, fact)
    if fact.numerator <= 0 or fact.denominator <= 0:
        raise impossible(what, f"expected a ratio above zero, found {fact.numerator}:{fact.denominator}")
    if fact.successor_con_id is None or fact.successor_con_id == fact.con_id:
        _step(state, event, Scale(event.at, fact.key, 0, fact.quantity_change))
        return
    _check_other(state, fact.con_id, fact.successor_con_id, what)
    passage = Passage(fact.key, event.at, fact.con_id, fact.successor_con_id, difference=fact.quantity_change)
    _pass(state, passage, TakeOut(event.at, leaving(fact.key), 0))


def _renamed(state: State, event: Event) -> None:
    fact: ContractRenamed = event.fact  # type: ignore[assignment]
    _check_other(state, fact.con_id, fact.successor_con_id, _checked(state, fact))
    passage = Passage(fact.key, event.at, fact.con_id, fact.successor_con_id)
    _pass(state, passage, TakeOut(event.at, leaving(fact.key), 0))


def _spun_off(state: State, event: Event) -> None:
    """Let the child's lots have the parent's dates, and as much of its basis as is known."""
    fact: SpinOffApplied = event.fact  # type: ignore[assignment]
    what = _checked(state, fact)
    _check_other(state, fact.con_id, fact.child_con_id, what)
    told = state.allocations.get(fact.key, state.allocations.get(fact.replaces or ""))
    fraction = told if told is not None else fact.basis_fraction or ZERO
    _check_fraction(fraction, what)
    if told is not None:
        state.allocations[fact.key] = told  # for what takes its own place
    passage = Passage(fact.key, event.at, fact.con_id, fact.child_con_id, quantity=fact.child_quantity)
    _pass(state, passage, CarveOut(event.at, leaving(fact.key), 0, fraction))


def _basis_allocated(state: State, event: Event) -> None:
    fact: BasisAllocated = event.fact  # type: ignore[assignment]
    what = _checked(state, fact)
    _check_fraction(fact.fraction, what)
    spin_off = standing(state, fact.spin_off)
    if spin_off not in state.booked:
        raise impossible(what, f"expected a spin-off that is recorded, found {fact.spin_off}")
    state.allocations[spin_off] = fact.fraction
    allocate_basis(state, spin_off, fact.fraction)
    state.booked[fact.key] = Booked(event.at, spin_off=spin_off)


def _check_fraction(fraction: Decimal, what: tuple[object, ...]) -> None:
    if not ZERO <= fraction <= ONE:
        raise impossible(what, f"expected a fraction from 0 to 1, found {fraction}")


def _merged(state: State, event: Event) -> None:
    fact: MergerApplied = event.fact  # type: ignore[assignment]
    what = _checked(state, fact, fact.currency)
    if fact.successor_con_id is None:
        _close(state, event, fact.quantity_change, fact.cash)
        return
    _check_other(state, fact.con_id, fact.successor_con_id, what)
    if fact.successor_quantity is None:
        raise impossible(what, f"expected how many units of {fact.successor_con_id} were received")
    settled = fact.basis_to_cash
    if fact.cash and settled is None:
        raise impossible(
            what, "for cash and another contract: how much of the basis the cash settles is not told; say it with "
            "`tallybook accept --basis-to-cash`",
        )  # fmt: skip
    passage = Passage(fact.key, event.at, fact.con_id, fact.successor_con_id, quantity=fact.successor_quantity)
    out = TakeOut(event.at, leaving(fact.key), 0, fact.quantity_change, settled=settled or ZERO, proceeds=fact.cash)
    _pass(state, passage, out, *((("cash", fact.cash),) if fact.cash else ()))


def _delisted(state: State, event: Event) -> None:
    fact: ContractDelisted = event.fact  # type: ignore[assignment]
    _checked(state, fact)
    _close(state, event, fact.quantity_change, ZERO)


def _expired(state: State, event: Event) -> None:
    fact: OptionExpired = event.fact  # type: ignore[assignment]
    _checked(state, fact)
    _close(state, event, fact.quantity, ZERO)


def _exercised(state: State, event: Event) -> None:
    """Carry the premium into the trade of the underlying; what is settled in cash is realised on the option."""
    fact: OptionExercised = event.fact  # type: ignore[assignment]
    what, underlying = _checked(state, fact), fact.underlying_con_id
    commission = fact.commission or ZERO
    if underlying is None:
        if fact.amount is None:
            raise impossible(what, "expected the cash that was moved, for nothing was delivered")
        _close(state, event, fact.quantity, fact.amount, commission)
        return
    _check_other(state, fact.con_id, underlying, what)
    multiplier = state.contracts[underlying].multiplier
    gross = fact.underlying_quantity * fact.strike * multiplier if fact.amount is None else -fact.amount
    passage = Passage(
        fact.key, event.at, fact.con_id, underlying, "premium", fact.underlying_quantity, None, gross, commission
    )
    _pass(state, passage, TakeOut(event.at, leaving(fact.key), 0, fact.quantity))
    _charge(state, event, commission)


def _cost_adjusted(state: State, event: Event) -> None:
    fact: CostAdjusted = event.fact  # type: ignore[assignment]
    _checked(state, fact, fact.currency)
    _step(state, event, Recost(event.at, fact.key, 0, fact.amount), ("cost adjustments", -fact.amount))


def _transferred(state: State, event: Event) -> None:
    fact: PositionTransferred = event.fact  # type: ignore[assignment]
    what, key = _checked(state, fact, fact.currency), fact.key
    if not fact.quantity:
        raise impossible(what, "expected units, found none")
    unpaid = _unpaid(state, fact)
    if fact.quantity < 0 and not fact.lots:
        method = method_of(state, fact.con_id, event.at)
        out = TakeOut(event.at, leaving(key), 0, fact.quantity, method)
        _pass(state, Passage(key, event.at, fact.con_id, None), out, *unpaid)
        return
    lots = [Lot(key, lot.quantity, lot.basis, ZERO, lot.opened_at) for lot in fact.lots]
    lots = sorted(lots, key=lambda lot: lot.opened_at) or [Lot(key, fact.quantity, fact.basis, ZERO, event.at)]
    if sum((lot.quantity for lot in lots), ZERO) != fact.quantity or lots[-1].opened_at > event.at:
        raise impossible(what, f"expected lots of {fact.quantity} units, acquired before, found others")
    basis = sum((lot.gross for lot in lots), ZERO)
    _step(state, event, BringIn(event.at, key, 0, tuple(lots)), ("transfers", -basis), *unpaid)


def _unpaid(state: State, fact: PositionTransferred) -> tuple[Leg, ...]:
    """Return what stands against the value of a future or a CFD that is moved: that much of it was never paid.

    Its gains up to then were settled elsewhere. Where its value is not told, it is taken to move at its basis.
    """
    if state.contracts[fact.con_id].security_type not in MARGINED:
        return ()
    value = fact.basis if fact.value is None else fact.value
    return (f"variation:{fact.con_id}", -value), ("transfers", value)


def _pending(state: State, event: Event) -> None:
    fact: ActionPending = event.fact  # type: ignore[assignment]
    state.pending_actions[fact.key] = fact


# What they are made of


def _checked(state: State, fact: PositionAction, currency: str | None = None) -> tuple[object, ...]:
    """Return how to call an action whose contract the book can hold."""
    what = (fact.type.replace("_", " "), fact.reference, "of contract", fact.con_id)
    check_contract(state, fact.con_id, currency, what)
    return what


def _check_other(state: State, con_id: int, other: int, what: tuple[object, ...]) -> None:
    if other == con_id:
        raise impossible(what, "expected another contract in its place, found the same")
    check_contract(state, other, state.contracts[con_id].currency, (*what, f"into {other}"))


def _step(state: State, event: Event, entry: Entry, *legs: Leg) -> None:
    """Change the lots of the fact's own contract."""
    fact: PositionAction = event.fact  # type: ignore[assignment]
    before = holding_of(state, fact.con_id)
    change(state, before, before.with_entry(entry), *legs, since=event.at)
    state.booked[fact.key] = Booked(event.at, (Step(fact.con_id, fact.key, legs),))


def _close(state: State, event: Event, quantity: Decimal, cash: Decimal, commission: Decimal = ZERO) -> None:
    """Close units for cash: what they cost is realised."""
    fact: PositionAction = event.fact  # type: ignore[assignment]
    method = method_of(state, fact.con_id, event.at)
    closing = Trade(event.at, fact.key, 0, quantity, -cash, commission, method)
    _step(state, event, closing, (paid_from(state, fact.con_id), cash))
    _charge(state, event, commission)


def _pass(state: State, passage: Passage, out: TakeOut | CarveOut, *legs: Leg) -> None:
    send(state, passage, out, *legs)
    state.booked[passage.key] = Booked(passage.at, passage=passage, legs=legs)


def _charge(state: State, event: Event, commission: Decimal) -> None:
    """Pay what an action costs, in the currency of its contract."""
    fact: PositionAction = event.fact  # type: ignore[assignment]
    if commission:
        currency = state.contracts[fact.con_id].currency
        earn(state, currency, commission, "commissions")
        booked = state.booked[fact.key]
        state.booked[fact.key] = booked._replace(cash=((currency, "commissions", commission),))


ACTIONS: tuple[tuple[type[Fact], Effect], ...] = (
    (SplitApplied, _split),
    (StockDividendApplied, _split),
    (SpinOffApplied, _spun_off),
    (BasisAllocated, _basis_allocated),
    (MergerApplied, _merged),
    (TenderApplied, _merged),
    (ContractRenamed, _renamed),
    (ContractDelisted, _delisted),
    (OptionExercised, _exercised),
    (OptionAssigned, _exercised),
    (OptionExpired, _expired),
    (CostAdjusted, _cost_adjusted),
    (PositionTransferred, _transferred),
    (ActionPending, _pending),
)


NOT_SHARED = (PositionTransferred, SpinOffApplied)  # what arrives by them is no strategy's


def _shared(effect: Effect) -> Effect:
    """Let the strategies' units follow what happens to the position."""

    def applied(state: State, event: Event) -> None:
        before = positions_shared(state, getattr(event.fact, "successor_con_id", None))
        effect(state, event)
        if before.shared:
            follow(state, before)

    return applied


def _replaceable(actions: Iterable[tuple[type[Fact], Effect]]) -> Iterator[tuple[type[Fact], Effect]]:
    for fact_type, effect in actions:
        yield fact_type, replaceable(effect) if fact_type in NOT_SHARED else _shared(replaceable(effect))


EFFECTS = tuple(_replaceable(ACTIONS))
