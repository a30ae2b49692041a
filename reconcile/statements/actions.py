"""Corporate actions: rows of one action joined, each kind booked by a function of its own.

The quantities that the broker moved count, ratios only explain them. What needs a choice, or what the file does not
tell whole, becomes ActionPending with the broker's words. To book another kind, write a function from `Action` to facts
and add it to `BOOKED` under the broker's code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ledger.events import (
    ActionPending,
    BrokerCash,
    ContractDelisted,
    ContractRenamed,
    DividendPaid,
    Fact,
    FeeCharged,
    InterestPaid,
    MergerApplied,
    SpinOffApplied,
    SplitApplied,
    StockDividendApplied,
    TenderApplied,
)
from ledger.lots import EXACT
from reconcile.statements.action_rows import Action, Moved, actions_of
from reconcile.statements.reading import ACTION, Reading
from reconcile.statements.rows import ZERO, Row, words
from reconcile.statements.sections import Section
from reconcile.statements.securities import READS

Book = Callable[[Action, Reading], Iterator[Fact]]


class Unclear(Exception):
    """An action that needs the operator's choice, or of which the file does not tell all."""


def split(action: Action, _: Reading) -> Iterator[Fact]:
    """Book a split: in one row that adds or takes units, or in two where the units get another id."""
    given, received = action.given, action.received
    if len(given) + len(received) == 1:
        moved = (*given, *received)[0]
        if received and action.is_of_another(moved):
            raise Unclear("units of another contract")
        numerator, denominator = action.ratio or (1, 1)
        if action.ratio is None and action.factor is not None:
            numerator, denominator = action.factor.numerator, action.factor.denominator
        yield SplitApplied(
            con_id=moved.con_id, numerator=numerator, denominator=denominator, quantity_change=moved.quantity,
            **action.common,
        )  # fmt: skip
        return
    old, new = _pair(action)
    ratio = Fraction(new.quantity) / Fraction(-old.quantity)
    numerator, denominator = action.ratio or (ratio.numerator, ratio.denominator)
    yield SplitApplied(
        con_id=old.con_id, numerator=numerator, denominator=denominator,
        quantity_change=EXACT.add(old.quantity, new.quantity), successor_con_id=new.con_id, **action.common,
    )  # fmt: skip


def _pair(action: Action) -> tuple[Moved, Moved]:
    if len(action.given) != 1 or len(action.received) != 1:
        raise Unclear(f"{len(action.given)} contracts given, {len(action.received)} received")
    return action.given[0], action.received[0]


def stock_dividend(action: Action, reading: Reading) -> Iterator[Fact]:
    """Book units that were added: of the same contract as a split, of another as a spin-off."""
    if len(action.changed) != 1:
        raise Unclear("more than one contract")
    moved = action.changed[0]
    if action.is_of_another(moved):
        yield from spin_off(action, reading)
        return
    added, held = action.ratio or (0, 1)
    yield StockDividendApplied(
        con_id=moved.con_id, numerator=added + held, denominator=held, quantity_change=moved.quantity, **action.common
    )


def spin_off(action: Action, reading: Reading, fraction: Decimal | None = None) -> Iterator[Fact]:
    """Book units of a child; how much of the basis goes along is known later."""
    if not all(action.is_of_another(moved) for moved in action.changed):
        raise Unclear("units of the parent moved, too")
    for moved in action.changed:
        parent = action.parent(moved, reading)
        if parent is None:
            raise Unclear("the contract that it is split off from is not in the file")
        yield SpinOffApplied(
            con_id=parent, child_con_id=moved.con_id, child_quantity=moved.quantity, basis_fraction=fraction,
            **action.common,
        )  # fmt: skip


def rights(action: Action, reading: Reading) -> Iterator[Fact]:
    """Book rights as units that cost nothing."""
    if action.proceeds:
        raise Unclear("rights, and cash")
    yield from spin_off(action, reading, ZERO)


def merger(action: Action, _: Reading) -> Iterator[Fact]:
    """Book units given for cash, for units of another contract, or for both."""
    yield _merged(action, MergerApplied)


def tender(action: Action, _: Reading) -> Iterator[Fact]:
    """Book units set aside for an offer."""
    yield _merged(action, TenderApplied)


def _merged(action: Action, kind: type[MergerApplied]) -> MergerApplied:
    if len(action.given) != 1 or len(action.received) > 1:
        raise Unclear(f"{len(action.given)} contracts given, {len(action.received)} received")
    old, cash = action.given[0], action.proceeds
    new = action.received[0] if action.received else None
    if new is None and not cash:
        raise Unclear("units given, and nothing received")
    if new is not None and new.currency != old.currency:
        raise Unclear("contracts in two currencies")
    told = None
    if new is not None and cash and old.realised is not None:
        told = EXACT.subtract(cash, action.realised)  # the broker's own realised gain says what the cash settles
    return kind(
        con_id=old.con_id, quantity_change=old.quantity, cash=cash, currency=old.currency,
        successor_con_id=None if new is None else new.con_id, successor_quantity=None if new is None else new.quantity,
        basis_to_cash=told, **action.common,
    )  # fmt: skip


def renamed(action: Action, reading: Reading) -> Iterator[Fact]:
    """Book the same position under another id."""
    old, new = _pair(action)
    if new.quantity != -old.quantity:
        yield from split(action, reading)
        return
    yield ContractRenamed(con_id=old.con_id, successor_con_id=new.con_id, **action.common)


def delisted(action: Action, _: Reading) -> Iterator[Fact]:
    """Book units removed as worthless."""
    if action.received or action.proceeds:
        raise Unclear("units received, or cash")
    for moved in action.given:
        yield ContractDelisted(con_id=moved.con_id, quantity_change=moved.quantity, **action.common)


def coupon(action: Action, reading: Reading) -> Iterator[Fact]:
    """Book a coupon, unless the cash tells it."""
    yield from _paid(action, reading, InterestPaid)


def cash_dividend(action: Action, reading: Reading) -> Iterator[Fact]:
    """Book a dividend, unless the cash tells it; one that offers a choice is no dividend yet."""
    if not action.proceeds:
        raise Unclear("a dividend without an amount")
    yield from _paid(action, reading, DividendPaid)


def _paid(action: Action, reading: Reading, kind: type[InterestPaid] | type[DividendPaid]) -> Iterator[Fact]:
    if len({moved.con_id for moved in action.moved}) != 1 or not action.proceeds:
        raise Unclear("no amount")
    moved = action.moved[0]
    for told in reading.told:
        fact = told.fact
        if isinstance(fact, BrokerCash) and (moved.con_id, action.proceeds) == (_con_id(fact), fact.amount):
            return
    common = {name: value for name, value in action.common.items() if name != "reference"}
    yield kind(
        con_id=moved.con_id, amount=action.proceeds, currency=moved.currency,
        reference=f"{action.reference}-{moved.con_id}", **common,
    )  # fmt: skip


def _con_id(fact: BrokerCash) -> int | None:
    return getattr(fact, "con_id", None)


def fee(action: Action, _: Reading) -> Iterator[Fact]:
    """Book a fee of an action."""
    if any(moved.quantity for moved in action.moved) or not action.proceeds:
        raise Unclear("units moved, or no amount")
    moved, amount = action.moved[0], action.proceeds
    yield FeeCharged(con_id=moved.con_id, amount=amount, currency=moved.currency, kind="action", **action.common)


def choice(_: Action, __: Reading) -> Iterator[Fact]:
    """Leave to the operator what only the operator knows."""
    raise Unclear("it needs a choice")


BOOKED: tuple[tuple[str, Book], ...] = (
    ("FS", split), ("RS", split), ("FI", split), ("CS", split), ("CC", split), ("SD", stock_dividend),
    ("SO", spin_off), ("CO", spin_off), ("RI", rights), ("DI", rights), ("TC", merger), ("BM", merger), ("TM", merger),
    ("BC", merger), ("CI", merger), ("SR", merger), ("OR", merger), ("CT", merger), ("TO", tender), ("TI", tender),
    ("IC", renamed), ("DW", delisted), ("ED", delisted), ("CP", coupon), ("CD", cash_dividend), ("FA", fee),
    ("CH", choice), ("HD", choice), ("HI", choice), ("GV", choice), ("CA", choice), ("PI", choice), ("PC", merger),
    ("PV", choice), ("", choice),
)  # fmt: skip
BY_CODE = dict(BOOKED)


def take_actions(rows: list[Row], reading: Reading) -> None:
    """Book each action once, however many rows tell it."""
    for action in actions_of(rows, reading):
        for moved in action.moved:
            reading.add("realised", moved.con_id, moved.realised)
        if not action.moves:
            reading.note(f"corporate action without effect: {action.description}")
            continue
        if action.code not in BY_CODE:
            raise action.row.error("a type of corporate action that is known", repr(action.code), "type")
        for place, fact in enumerate(_booked(action, reading)):
            reading.tell(action.row, fact, ACTION, action.reference, place)


def _booked(action: Action, reading: Reading) -> list[Fact]:
    try:
        if action.cancelled:
            raise Unclear("the broker takes back what this file does not tell")
        return list(BY_CODE[action.code](action, reading))
    except Unclear as why:
        con_id = (*action.given, *action.moved)[0].con_id
        told: dict[str, Any] = {**action.common, "note": str(why)}
        return [ActionPending(con_id=con_id, description=action.description or f"action {action.code}", **told)]


ACTIONS: tuple[Section, ...] = (
    Section(
        "CorporateActions", ("CorporateAction",), take_actions,
        READS | words("type actionType actionDescription dateTime date reportDate amount proceeds quantity "
                      "fifoPnlRealized code transactionID actionID principalAdjustFactor"),
        words("value mtmPnl capitalGainsPnl fxPnl costBasis"),
    ),
)  # fmt: skip
