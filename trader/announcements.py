"""What sources announce, held against what the log knows: only what is new, other, or told no more becomes a fact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from ledger.book import Book
from ledger.events import Fact
from trader.sources.announcements import Announcement
from trader.sources.source import ANNOUNCED_DAYS, Source, Universe

LOOKED_BACK = timedelta(days=ANNOUNCED_DAYS)  # ex-dates before that are history: whatever came of them is in statements
LOOKED_AHEAD = timedelta(days=366)


def announced(book: Book, source: Source, universe: Universe, session_day: date) -> tuple[Fact, ...]:
    """Return what a source announces and the log lacks; one that announces nothing ever tells nothing."""
    told = getattr(source, "announcements", None)
    if told is None:
        return ()
    current = {
        (type(fact), f"{fact.con_id}/{fact.ex_date}"): fact
        for fact in told(universe)
        if session_day - LOOKED_BACK <= fact.ex_date <= session_day + LOOKED_AHEAD
    }
    known = dict(_known(book, source.name, universe, session_day))
    new = tuple(fact for name, fact in current.items() if not _is_same(known.get(name), fact))
    gone = (fact for name, fact in known.items() if name not in current and not fact.taken_back)
    return (*new, *(fact.model_copy(update={"taken_back": True}) for fact in gone))


def _known(
    book: Book, source: str, universe: Universe, session_day: date
) -> Iterator[tuple[tuple[type[Announcement], str], Announcement]]:
    con_ids = {contract.con_id for contract in universe}
    kept: tuple[Mapping[str, Announcement], ...] = (book.distributions, book.splits)
    for facts in kept:
        for name, fact in facts.items():
            if fact.source == source and fact.con_id in con_ids and fact.ex_date >= session_day - LOOKED_BACK:
                yield (type(fact), name), fact


def _is_same(known: Announcement | None, fact: Announcement) -> bool:
    """Tell whether the log has a source's word as it is now, whenever that was recorded."""
    return known is not None and known.model_dump(exclude={"occurred_at"}) == fact.model_dump(exclude={"occurred_at"})
