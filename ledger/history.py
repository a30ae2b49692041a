"""The two pasts of a log: what was known at a moment, and what is known now of that time.

`as_known_at` is a beginning of the log. `as_of` leaves out what happened later, and keeps what was told later of the
time before: a fact that speaks of another (a commission, the broker's proceeds, a bust, a basis that is allocated)
belongs to the time of what it speaks of. Fold either with `replay(…, retain=True)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from ledger.events import (
    BasisAllocated,
    CommissionCharged,
    ContractDefined,
    Fact,
    FillBusted,
    LogStarted,
    LotsSpecified,
    OrderFilled,
    ProceedsSettled,
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


def as_of(events: Iterable[Event], moment: datetime) -> Iterator[Event]:
    """Yield what is known now to have happened by a moment, in the order of the log."""
    left_out = set[str]()
    for event in events:
        subject = _subject(event.fact)
        is_later = subject in left_out if subject is not None else event.at > moment
        if is_later and not isinstance(event.fact, WITHOUT_TIME):
            left_out.add(_name(event))
        else:
            left_out.discard(_name(event))  # a correction may move an execution to an earlier time
            yield event


def _subject(fact: Fact) -> str | None:
    """Return the name of what a fact speaks of; None if it stands for itself."""
    if isinstance(fact, OF_AN_EXECUTION):
        return execution_base(fact.execution_id)[0]
    return fact.spin_off if isinstance(fact, BasisAllocated) else None


def _name(event: Event) -> str:
    fact = event.fact
    return execution_base(fact.execution_id)[0] if isinstance(fact, OrderFilled) else event.key or ""
