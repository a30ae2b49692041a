"""What was inferred and did not happen, as is known now: an acceptance was taken back, or a statement lacked it.

The fact that undoes names what it undoes. Told as of now, neither has any effect; told as known then, what was undone
later stands. To let another fact undo something for good, name it in `UNDOING`, and give it its case in `undone_by` and
in `sparing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

from ledger.effects.opening import adjustment_name
from ledger.effects.replacing import BY_EXECUTIONS
from ledger.events import (
    AcceptanceTakenBack,
    CashAdjusted,
    DividendAccrued,
    Fact,
    PositionAdjusted,
    StatementReconciled,
)
from ledger.line import Event

UNDOING: tuple[type[Fact], ...] = (AcceptanceTakenBack, StatementReconciled, DividendAccrued)


def undone_by(fact: Fact) -> tuple[str, ...]:
    """Return the names of what a fact undoes for good, without taking its place."""
    if type(fact) not in UNDOING:
        return ()  # as almost every fact: it is asked of whole logs
    match fact:
        case AcceptanceTakenBack():
            return fact.withdraws
        case StatementReconciled():
            return tuple(each.key for each in fact.reversed if not each.key.startswith(BY_EXECUTIONS))
        case DividendAccrued(resumes=str(reversal)):
            return (reversal,)
        case _:
            return ()


def name_of(event: Event) -> str | None:
    """Return the name by which a fact may be undone: its key; an adjustment has none, and is its break's."""
    match event.fact:
        case CashAdjusted() | PositionAdjusted() as adjusted:
            return adjustment_name(adjusted.break_id)
        case _:
            return event.key


def sparing(event: Event, names: Set[str]) -> Event | None:
    """Return an event that leaves these alone; None where nothing of it remains."""
    match event.fact:
        case AcceptanceTakenBack() as fact:
            left = tuple(key for key in fact.withdraws if key not in names)
            return event._replace(fact=fact.model_copy(update={"withdraws": left}))
        case StatementReconciled() as fact:
            rows = tuple(each for each in fact.reversed if each.key not in names)
            return event._replace(fact=fact.model_copy(update={"reversed": rows}))
        case _:
            return None


def without_undone(events: Iterable[Event]) -> Iterator[Event]:
    """Tell events as if nothing of what they undo had happened; what was told before them is still undone."""
    told = tuple(events)
    undone = {name for event in told for name in undone_by(event.fact)}
    here = undone & {name_of(event) for event in told} if undone else undone
    for event in told:
        if here and name_of(event) in here:
            continue
        spared = event if here.isdisjoint(undone_by(event.fact)) else sparing(event, here)
        if spared is not None:
            yield spared
