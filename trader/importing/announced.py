"""A dividend that is announced anew after it was taken back bears the same name in a statement of that day alone.

A statement counts its own announcements of one dividend; those of earlier days are in the log. So one that the log has
under this name, but of another day, is the next of them, and what is taken back is the one that is open. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count

from ledger.book import Book
from ledger.events import DividendAccrualReversed, DividendAccrued, Fact
from ledger.line import Event
from reconcile.periods import booked_on


def announced_since(book: Book, facts: Iterable[Fact]) -> int | None:
    """Return the seq from which on the log must be looked at for dividends that it has too; None: it has none."""
    stated = [fact for fact in facts if isinstance(fact, DividendAccrued)]
    if not any(fact.key in book.keys for fact in stated):
        return None
    names = {f"{kind}/{_family(fact)}" for fact in stated for kind in ("accrual", "accrual-reversed")}
    return min(seq for key, (seq, _) in book.keys.items() if "/".join(key.split("/")[:4]) in names)


def announced(book: Book, facts: Iterable[Fact], events: Iterable[Event]) -> Iterator[Fact]:
    """Name what is announced and taken back as the log would, had it been told all of it at once."""
    known = {event.key: event for event in events if isinstance(event.fact, DividendAccrued)}
    told = {_said(event.fact, event) for event in known.values() if isinstance(event.fact, DividendAccrued)}
    still = dict(book.accruals)  # open, while the facts go on
    for stated in facts:
        if not isinstance(stated, DividendAccrued):
            yield stated
            continue
        before = known.get(stated.key)
        is_other = before is not None and before.fact.occurred_at is not None and _said(stated) not in told
        fact = _named(stated, still, known) if is_other else _resumed(stated, still)
        if isinstance(fact, DividendAccrualReversed):
            still.pop(fact.reference, None)
        elif fact.key not in known:
            still[fact.reference] = fact
        if fact.key not in known or _said(fact) not in told:
            yield fact


def _named(fact: DividendAccrued, still: dict[str, DividendAccrued], known: dict[str | None, Event]) -> DividendAccrued:
    family = _family(fact)
    names = [name for name, each in still.items() if _family(each) == family]
    if isinstance(fact, DividendAccrualReversed):
        amounts = (fact.gross, fact.tax, fact.currency)
        alike = (name for name in names if (still[name].gross, still[name].tax, still[name].currency) == amounts)
        return fact.model_copy(update={"reference": next(alike, fact.reference)})
    if names:
        return fact  # it is open: the log knows better, or they contradict each other
    free = (name for number in count(2) if f"accrual/{(name := f'{family}/{number}')}" not in known)
    return fact.model_copy(update={"reference": next(free)})


def _resumed(fact: DividendAccrued, still: dict[str, DividendAccrued]) -> DividendAccrued:
    """Let what ends an accrual end the one that was resumed: it was thought to have ended before, and had not."""
    name = next((name for name, each in still.items() if each.resumes == fact.key), None)
    return fact if name is None else fact.model_copy(update={"reference": name})


def _said(fact: DividendAccrued, event: Event | None = None) -> tuple[object, ...]:
    day = booked_on(fact if event is None else fact.model_copy(update={"occurred_at": event.at}))
    return (fact.type, _family(fact), fact.gross, fact.tax, fact.currency, day)


def _family(fact: DividendAccrued) -> str:
    """Return the name of a dividend, whichever of its announcements this is."""
    return "/".join(fact.reference.split("/")[:3])
