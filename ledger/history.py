"""The two pasts of a log: what was known at a moment, and what is known now of that time.

`as_known_at` is a beginning of the log. `as_of` leaves out what happened later, and keeps what was told later of the
time before: a fact that speaks of another (a commission, the broker's proceeds, a bust, a basis that is allocated)
belongs to the time of what it speaks of. What was only inferred never happened, once the broker says that it happened
later, or once it was undone (`ledger/undone.py`). Fold either with `replay(…, retain=True)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from ledger.events import (
    BasisAllocated,
    BrokerCash,
    CommissionCharged,
    ContractDefined,
    CurrencyConverted,
    Fact,
    FillBusted,
    LogStarted,
    LotsSpecified,
    OrderFilled,
    PositionAction,
    ProceedsSettled,
    TransactionTaxCharged,
    execution_base,
)
from ledger.line import Event
from ledger.undone import name_of, undone_by

WITHOUT_TIME = (LogStarted, ContractDefined)  # what the rest needs, whenever it was told
INFERRED = (BrokerCash, PositionAction, CurrencyConverted)  # of what may be provisional, and have its place taken
OF_AN_EXECUTION = (CommissionCharged, FillBusted, LotsSpecified, ProceedsSettled, TransactionTaxCharged)


def as_known_at(events: Iterable[Event], moment: datetime) -> Iterator[Event]:
    """Yield what was recorded by a moment."""
    for event in events:
        if event.recorded_at > moment:
            return
        yield event


def as_of(read: Callable[[], Iterable[Event]], moment: datetime) -> Iterator[Event]:
    """Yield what is known now to have happened by a moment, in the order of the log; `read` begins a new reading."""
    left_out, later = set[str](), _Later.than(moment, read())
    for event in read():
        subject = _subject(event.fact)
        is_left_out = subject in left_out if subject is not None else event.at > moment or later.undoes(event)
        if is_left_out and not isinstance(event.fact, WITHOUT_TIME):
            left_out.add(_name(event))
        else:
            left_out.discard(_name(event))  # a correction may move an execution to an earlier time
            yield event


def stands_alone(read: Callable[[], Iterable[Event]], moment: datetime) -> bool:
    """Tell whether what happened after a moment undoes nothing but what is read here too.

    Then the events that are read may be selected by themselves, on top of a book of all that was recorded before.
    """
    later = _Later.than(moment, read())
    undone = later.undone | later.retold
    return not undone or undone <= {name for event in read() for name in (event.key, name_of(event)) if name}


class _Later(NamedTuple):
    """What happened after a moment, and says what did not happen until then."""

    undone: frozenset[str]  # by name, for good
    retold: frozenset[str]  # keys of what something later takes the place of

    @classmethod
    def than(cls, moment: datetime, events: Iterable[Event]) -> _Later:
        undone, retold = set[str](), set[str]()
        for event in events:
            fact = event.fact
            if event.at <= moment:
                continue
            undone.update(undone_by(fact))
            if isinstance(fact, INFERRED) and fact.replaces is not None:
                retold.add(fact.replaces)
            elif isinstance(fact, OrderFilled):
                base, last = execution_base(fact.execution_id)
                retold.update(f"fill/{fact.account}/{base}/{revision}" for revision in range(1, last))
        return cls(frozenset(undone), frozenset(retold))

    def undoes(self, event: Event) -> bool:
        """Tell whether a fact did not happen by the moment, as is known now."""
        if event.key in self.retold and _may_be_moved(event.fact):
            return True
        return bool(self.undone) and name_of(event) in self.undone


def _may_be_moved(fact: Fact) -> bool:
    """Tell whether what takes a fact's place says when it happened; what was booked and then reversed did happen."""
    return isinstance(fact, OrderFilled) or (isinstance(fact, INFERRED) and fact.provisional)


def _subject(fact: Fact) -> str | None:
    """Return the name of what a fact speaks of; None if it stands for itself."""
    if isinstance(fact, OF_AN_EXECUTION):
        return execution_base(fact.execution_id)[0]
    return fact.spin_off if isinstance(fact, BasisAllocated) else None


def _name(event: Event) -> str:
    fact = event.fact
    return execution_base(fact.execution_id)[0] if isinstance(fact, OrderFilled) else event.key or ""
