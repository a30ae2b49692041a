"""The two pasts of a log: what was known at a moment, and what is known now of that time.

`as_known_at` is a beginning of the log. `as_of` leaves out what happened later, and keeps what was told later of the
time before: a fact that speaks of another (a commission, the broker's proceeds, a bust, a basis that is allocated)
belongs to the time of what it speaks of. What was only inferred never happened, once the broker says that it happened
later. Fold either with `replay(…, retain=True)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from ledger.events import (
    BasisAllocated,
    BrokerCash,
    CommissionCharged,
    ContractDefined,
    Fact,
    FillBusted,
    LogStarted,
    LotsSpecified,
    OrderFilled,
    PositionAction,
    ProceedsSettled,
    StatementReconciled,
    TransactionTaxCharged,
    execution_base,
)
from ledger.line import Event

WITHOUT_TIME = (LogStarted, ContractDefined)  # what the rest needs, whenever it was told
OF_AN_EXECUTION = (CommissionCharged, FillBusted, LotsSpecified, ProceedsSettled, TransactionTaxCharged)


def as_known_at(events: Iterable[Event], moment: datetime) -> Iterator[Event]:
    """Yield what was recorded by a moment."""
    for event in events:
        if event.recorded_at > moment:
            return
        yield event


def as_of(read: Callable[[], Iterable[Event]], moment: datetime) -> Iterator[Event]:
    """Yield what is known now to have happened by a moment, in the order of the log; `read` begins a new reading."""
    left_out, happened_later = set[str](), frozenset(_told_as_later(read(), moment))
    for event in read():
        subject = _subject(event.fact)
        if subject is not None:
            is_later = subject in left_out
        else:
            is_later = event.at > moment or (event.key in happened_later and _may_be_moved(event.fact))
        if is_later and not isinstance(event.fact, WITHOUT_TIME):
            left_out.add(_name(event))
        else:
            left_out.discard(_name(event))  # a correction may move an execution to an earlier time
            yield event


def _told_as_later(events: Iterable[Event], moment: datetime) -> Iterator[str]:
    """Yield the keys of what something that happened after a moment takes the place of."""
    for event in events:
        fact = event.fact
        if event.at > moment:
            if isinstance(fact, BrokerCash | PositionAction) and fact.replaces is not None:
                yield fact.replaces
            elif isinstance(fact, OrderFilled):
                base, last = execution_base(fact.execution_id)
                yield from (f"fill/{fact.account}/{base}/{revision}" for revision in range(1, last))
            elif isinstance(fact, StatementReconciled):
                yield from (each.key for each in fact.reversed)  # it never happened at all


def _may_be_moved(fact: Fact) -> bool:
    """Tell whether what takes a fact's place says when it happened; what was booked and then reversed did happen."""
    return isinstance(fact, OrderFilled) or (isinstance(fact, BrokerCash | PositionAction) and fact.provisional)


def _subject(fact: Fact) -> str | None:
    """Return the name of what a fact speaks of; None if it stands for itself."""
    if isinstance(fact, OF_AN_EXECUTION):
        return execution_base(fact.execution_id)[0]
    return fact.spin_off if isinstance(fact, BasisAllocated) else None


def _name(event: Event) -> str:
    fact = event.fact
    return execution_base(fact.execution_id)[0] if isinstance(fact, OrderFilled) else event.key or ""
