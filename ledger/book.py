"""The book: what the facts imply. It composes the effects of `ledger/effects/`, and nothing else changes it.

A live batch is applied to a fork, which replaces the book once the batch is on disk: what cannot be is refused before
anything is written, and what is written cannot fail to apply. Replay applies the same effects to the same facts.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import DecimalException, localcontext
from typing import Any

from ledger.effects import continuity, cycle, money, observations, orders
from ledger.events import (
    BrokerConnected,
    BrokerDisconnected,
    BrokerLost,
    ContractRenamed,
    CostAdjusted,
    DaySealed,
    Fact,
    FactRefused,
    FlowExpected,
    HeadAdvanced,
    MergerApplied,
    NoticeFailed,
    OptionAssigned,
    OptionExercised,
    OptionExpired,
    OverrideSet,
    PositionTransferred,
    SpinOffApplied,
    SplitApplied,
    StartRefused,
    TailTruncated,
    VariationSettled,
    WallClockRegressed,
)
from ledger.line import Event
from ledger.lots import EXACT
from ledger.overlay import Overlay
from ledger.references import is_ours, new_order_ref
from ledger.state import Impossible, State
from ledger.statement import VERSION, book_hash, statement

__all__ = ["Book", "Impossible", "book_hash", "is_ours", "new_order_ref", "replay"]

# Of interest to reports alone.
WITHOUT_EFFECT: tuple[type[Fact], ...] = (
    TailTruncated, HeadAdvanced, WallClockRegressed, StartRefused, FactRefused, BrokerConnected, BrokerLost,
    BrokerDisconnected, OverrideSet, FlowExpected, DaySealed, NoticeFailed,
)  # fmt: skip
# In the vocabulary, but beyond what the book can do today: refused by name, never skipped.
NOT_YET: tuple[type[Fact], ...] = (
    VariationSettled, PositionTransferred, SplitApplied, SpinOffApplied, MergerApplied, ContractRenamed,
    OptionExercised, OptionAssigned, OptionExpired, CostAdjusted,
)  # fmt: skip
EFFECTS: dict[type[Fact], money.Effect] = dict(
    (*cycle.EFFECTS, *continuity.EFFECTS, *observations.EFFECTS, *orders.EFFECTS, *money.EFFECTS)
)


class Book(State):
    """Both halves of the tally after some fact."""

    def apply(self, event: Event) -> None:
        """Take one fact in; raise Impossible for one that cannot be (apply to a fork what may be refused).

        A fact that is told twice is one fact.
        """
        fact_type = type(event.fact)
        if fact_type in NOT_YET:
            raise Impossible(f"{event.type}: the book cannot apply it yet")
        told_before = self.recognise(event.fact)
        if told_before is None:
            self._take_effect(event)
        elif event.fact.ACTS:
            raise Impossible(f"{event.key}: an intent is never repeated; it stands at seq {told_before}")
        self.seq, self.head, self.now = event.seq, event.hash, event.recorded_at

    def _take_effect(self, event: Event) -> None:
        effect = EFFECTS.get(type(event.fact))
        if effect is not None:
            try:
                with localcontext(EXACT):
                    effect(self, event)
            except DecimalException as error:
                raise Impossible(f"{event.type}: its numbers need more than {EXACT.prec} digits") from error
        if event.key is not None:
            self.keys[event.key] = (event.seq, event.fact.economic_part)

    def recognise(self, fact: Fact) -> int | None:
        """Return the seq of the same fact if it is in the log already; raise Impossible for another economic part."""
        key = fact.key
        known = self.keys.get(key) if key is not None else None
        if known is None:
            return None
        seq, economic_part = known
        if economic_part is not None and economic_part != fact.economic_part:
            raise Impossible(f"{key}: seq {seq} says {economic_part}, now {fact.economic_part}")
        return seq

    def statement(self, version: int = VERSION) -> dict[str, Any]:
        """Return the canonical projection that the book hash is computed over."""
        return statement(self, version)

    def fork(self) -> Book:
        """Return a book to try facts on: values are immutable, and each dict gets an overlay for what changes.

        It holds while this book stays as it is.
        """
        fork = object.__new__(type(self))
        fork.__dict__ = {k: Overlay(v) if isinstance(v, dict) else v for k, v in self.__dict__.items()}
        return fork

    def become(self, other: Book) -> None:
        """Take over another book's state, of a fork only what it changed; cannot fail."""
        mine = self.__dict__
        for name, value in other.__dict__.items():
            if isinstance(value, Overlay) and value.base is mine[name]:
                value.merge()
            else:
                mine[name] = value


def replay(events: Iterable[Event]) -> Book:
    """Fold a log into a book."""
    book = Book()
    for event in events:
        book.apply(event)
    return book
