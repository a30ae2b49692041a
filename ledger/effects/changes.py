"""How the book changes: cash against an account, lots against cash, and what follows from it in other contracts.

Every effect that moves money or lots does it through `earn` and `change`, which post a balanced entry. Lots and
premiums that go from one contract to another pass through the account `exchange`, which is therefore zero after each
fact: `send` books what leaves, and what arrives is derived again whenever something told late changes what left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal

from ledger.booked import Passage
from ledger.events import ContractDefined
from ledger.journal import post
from ledger.line import Event
from ledger.lots import BringIn, CarveOut, Entry, Holding, Lot, TakeOut, Trade
from ledger.state import ZERO, Impossible, State

Effect = Callable[[State, Event], None]
Leg = tuple[str, Decimal]  # account and amount

# Paid in full when they are traded; their lots stand in the journal at what was paid.
PAID = frozenset(("STK", "OPT", "FOP", "BOND", "BILL", "FUND", "WAR", "IOPT", "CRYPTO", "CMDTY"))
# Nothing is paid when they are traded: what they gain or lose is settled into cash day by day.
MARGINED = frozenset(("FUT", "CFD"))
VIRTUAL = "CASH"  # a pair of currencies: two amounts of cash, and no position


def impossible(what: tuple[object, ...], why: str) -> Impossible:
    """Say it once it is known to be so: every execution is checked, and hardly one is refused."""
    return Impossible(f"{' '.join(map(str, what))}: {why}")


def check_account(state: State, account: str, what: tuple[object, ...]) -> None:
    """Refuse what happened to another account."""
    if account != state.account:
        raise impossible(what, f"expected account {state.account}, found {account}")


def check_contract(state: State, con_id: int, currency: str | None, what: tuple[object, ...]) -> ContractDefined:
    """Return a contract whose lots the book can hold, in the currency that is told."""
    contract = state.contracts.get(con_id)
    if contract is None:
        raise impossible(what, f"contract {con_id} is not defined")
    kind = contract.security_type
    if kind not in PAID and kind not in MARGINED:
        raise impossible(what, f"the book cannot hold {kind}")
    if currency is not None and contract.currency != currency:
        raise impossible(what, f"expected {contract.currency}, found {currency}")
    return contract


def holding_of(state: State, con_id: int) -> Holding:
    """Return what is held of a contract; its history is empty if it was never held."""
    holding = state.holdings.get(con_id)
    if holding is None:
        contract = state.contracts[con_id]
        holding = Holding(con_id, contract.currency, contract.multiplier)
    return holding


def paid_from(state: State, con_id: int) -> str:
    """Return the account that a trade of a contract is paid from."""
    return f"variation:{con_id}" if state.contracts[con_id].security_type in MARGINED else "cash"


def method_of(state: State, con_id: int, at: datetime) -> str:
    """Return the method by which a contract's lots are closed at a moment: its own, else the account's, else fifo."""
    for whose in (con_id, None):
        for since, method in reversed(state.lot_methods.get(whose, ())):
            if since <= at:
                return method
    return "fifo"


# Cash


def earn(state: State, currency: str, amount: Decimal, account: str) -> None:
    """Move cash, + received, against an account."""
    post(state.journal, currency, ("cash", amount), (account, -amount))
    move_cash(state, currency, amount)


def move_cash(state: State, currency: str, amount: Decimal) -> None:
    """Change a balance whose posting is made elsewhere."""
    state.cash[currency] = state.cash.get(currency, ZERO) + amount


# Lots


def trade(state: State, before: Holding, after: Holding, gross: Decimal, account: str, at: datetime) -> None:
    """Post a trade of a moment: what was paid, what the basis became, and what that realised."""
    if before.con_id in state.passages:
        change(state, before, after, (account, -gross), since=at)
        return
    was, now, con_id, currency = before.now, after.now, after.con_id, after.currency
    basis, realised = now.gross - was.gross, now.realised_gross - was.realised_gross
    post(state.journal, currency, (account, -gross), (f"position:{con_id}", basis), ("realised", -realised))
    if account == "cash":
        move_cash(state, currency, -gross)
    state.holdings[con_id] = after


def change(state: State, before: Holding, after: Holding, *legs: Leg, since: datetime) -> None:
    """Post any change of lots; what its legs do not balance comes from other contracts, or goes there.

    What left this contract at `since` or later may be something else now, and is sent on again.
    """
    was, now, con_id, currency = before.now, after.now, after.con_id, after.currency
    basis, realised = now.gross - was.gross, now.realised_gross - was.realised_gross
    outside = realised - basis - sum((amount for _, amount in legs), ZERO)
    post(state.journal, currency, *legs, (f"position:{con_id}", basis), ("realised", -realised), ("exchange", outside))
    for account, amount in legs:
        if account == "cash":
            move_cash(state, currency, amount)
    state.holdings[con_id] = after
    for passage in state.passages.get(con_id, ()):
        if passage.at >= since:
            _arrive_again(state, passage)


def negated(legs: Iterable[Leg]) -> tuple[Leg, ...]:
    """Return the legs that undo some."""
    return tuple((account, -amount) for account, amount in legs)


# From one contract to another


def arriving(key: str) -> str:
    """Return the id of the entry by which something arrives: before what leaves then, for it may go further."""
    return f"+{key}"


def leaving(key: str) -> str:
    """Return the id of the entry by which something leaves."""
    return f"-{key}"


def send(state: State, passage: Passage, out: TakeOut | CarveOut, *legs: Leg) -> None:
    """Take lots, or a share of their basis, out of one contract, and let them arrive elsewhere."""
    source = holding_of(state, passage.source)
    change(state, source, source.with_entry(out), *legs, since=passage.at)
    state.passages[passage.source] = (*state.passages.get(passage.source, ()), passage)
    taken = state.holdings[passage.source].taken_by(leaving(passage.key))
    if passage.target is None:
        _hand_over(state, passage, _gross(taken))
        return
    target = holding_of(state, passage.target)
    arrived = target.with_entry(_arrival(state, passage, taken))
    change(state, target, arrived, *_own(state, passage), since=passage.at)


def recall(state: State, passage: Passage, *legs: Leg) -> None:
    """Undo what `send` did with these legs."""
    kept = tuple(each for each in state.passages.pop(passage.source) if each.key != passage.key)
    if kept:
        state.passages[passage.source] = kept
    if passage.target is None:
        _hand_over(state, passage, ZERO)
    else:
        target = state.holdings[passage.target]
        left = target.without_entry(arriving(passage.key))
        change(state, target, left, *negated(_own(state, passage)), since=passage.at)
    source = state.holdings[passage.source]
    change(state, source, source.without_entry(leaving(passage.key)), *negated(legs), since=passage.at)


def _arrive_again(state: State, passage: Passage) -> None:
    """Let arrive what left, now that something was told late: only what changed is matched again."""
    taken = state.holdings[passage.source].taken_by(leaving(passage.key))
    if passage.target is None:
        _hand_over(state, passage, _gross(taken))
        return
    target, arrival = state.holdings[passage.target], _arrival(state, passage, taken)
    if target.entry(arriving(passage.key)) != arrival:
        change(state, target, target.replaced(arrival), since=passage.at)


def _arrival(state: State, passage: Passage, taken: Iterable[Lot]) -> Entry:
    taken = tuple(taken)
    key, at, target, quantity = arriving(passage.key), passage.at, passage.target, passage.quantity
    if passage.carries == "premium":
        assert target is not None
        assert quantity is not None
        commission = passage.commission + sum((lot.commission for lot in taken), ZERO)
        gross = passage.gross + _gross(taken)
        return Trade(at, key, 0, quantity, gross, commission, method_of(state, target, at))
    if passage.difference is not None:
        quantity = sum((lot.quantity for lot in taken), passage.difference)
    return BringIn(at, key, 0, taken, quantity)


def _own(state: State, passage: Passage) -> tuple[Leg, ...]:
    """Return what is paid for what arrives, beside what is carried there."""
    assert passage.target is not None
    return ((paid_from(state, passage.target), -passage.gross),) if passage.gross else ()


def _hand_over(state: State, passage: Passage, basis: Decimal) -> None:
    """Let basis leave the account, in place of what was said to leave before."""
    more = basis - state.handed_over.pop(passage.key, ZERO)
    post(state.journal, state.contracts[passage.source].currency, ("exchange", -more), ("transfers", more))
    if basis:
        state.handed_over[passage.key] = basis


def _gross(lots: Iterable[Lot]) -> Decimal:
    return sum((lot.gross for lot in lots), ZERO)
