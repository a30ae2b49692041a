"""What the broker tells at last of what was inferred: the inferred fact is taken back in the same batch. Pure.

An inferred execution goes when one of its contract, in its direction and from before it was missed, is told; one that
stands for a correction, when the next revision is told. An inferred adjustment of a commission goes with the commission
itself, an inferred conversion with the execution of its pair. Cash and actions that a statement tells take the place of
inferred ones by name: `trader/importing/fitting.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from ledger.effects.changes import VIRTUAL
from ledger.effects.executions import bought_currency
from ledger.events import (
    CommissionAdjusted,
    CommissionCharged,
    CurrencyConverted,
    Fact,
    OrderFilled,
    execution_base,
    type_name,
)
from ledger.state import ZERO, Fill, State
from reconcile.comparing.names import INFERRED
from reconcile.taking_back import AGAIN, fill_taken_back

WAITED = timedelta(days=10)  # a break may wait so long before somebody accepts what explains it
STANDING_FOR = ("/corrected/", AGAIN)  # in names of what stands for one of the broker's, whose base ends them
TOLD = "the broker told it itself"
ADJUSTED, CONVERTED = type_name(CommissionAdjusted), type_name(CurrencyConverted)


class _Execution(NamedTuple):
    """An execution that the broker told after something was inferred, or tells now."""

    base: str
    con_id: int
    is_bought: bool
    at: datetime
    seq: int | None  # None: now


def without_inferred(book: State, facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
    """Return facts of the broker's after those that take back what was inferred of the same."""
    if not facts:
        return ()
    taken_back = (_fills_taken_back, _commissions_taken_back, _conversions_taken_back)
    return (*(fact for each in taken_back for fact in each(book, facts)), *facts)


def _fills_taken_back(book: State, facts: tuple[Fact, ...]) -> Iterator[Fact]:
    inferred = [
        (base, fill) for base in reversed(book.fills) if base.startswith(INFERRED)
        for fill in (book.fills[base],) if not fill.busted
    ]  # fmt: skip
    if not inferred:
        return
    told = sorted(_told(book, facts, min(fill.seq for _, fill in inferred)), key=lambda each: each.at)
    for base, fill in reversed(inferred):
        same = next((each for each in told if _is_of(each, base, fill)), None)
        if same is not None:
            told.remove(same)
            yield from fill_taken_back(book, base, TOLD)


def _told(book: State, facts: Iterable[Fact], since: int) -> Iterator[_Execution]:
    """Yield the executions that the broker tells now, and those that it has told since something was inferred."""
    for fact in facts:
        if isinstance(fact, OrderFilled):
            base, revision = execution_base(fact.execution_id)
            known = book.fills.get(base)
            if known is None or revision > known.revision:
                yield _Execution(base, fact.con_id, fact.quantity > 0, fact.occurred_at or book.now, None)
    for base in reversed(book.fills):
        fill = book.fills[base]
        if fill.seq < since:
            return
        if not fill.busted and not base.startswith(INFERRED):
            yield _Execution(base, fill.con_id, fill.quantity > 0, fill.at, fill.seq)


def _is_of(told: _Execution, base: str, fill: Fill) -> bool:
    if told.seq is not None and told.seq < fill.seq:
        return False
    if any(name in base for name in STANDING_FOR):
        return base.endswith(f"/{told.base}")
    is_like = (told.con_id, told.is_bought) == (fill.con_id, fill.quantity > 0)
    return is_like and fill.at - WAITED <= told.at <= fill.at


def _commissions_taken_back(book: State, facts: Iterable[Fact]) -> Iterator[Fact]:
    inferred = {key: each for key, each in book.provisional.items() if each.type == ADJUSTED}
    charged = (fact for fact in facts if isinstance(fact, CommissionCharged)) if inferred else ()
    told = {execution_base(fact.execution_id)[0] for fact in charged}
    for key, each in inferred.items():
        if any(f"/{base}/" in key for base in told):
            _, source, reference = key.split("/", 2)
            yield CommissionAdjusted(
                source=source, reference=f"{reference}/told", amount=ZERO, currency=str(each.currency),
                con_id=each.con_id, note=TOLD, replaces=key,
            )  # fmt: skip


def _conversions_taken_back(book: State, facts: Iterable[Fact]) -> Iterator[Fact]:
    """End conversions that were inferred of what are executions of a pair of currencies."""
    inferred = [key for key, each in book.provisional.items() if each.type == CONVERTED]
    for fact in facts if inferred else ():
        pair = book.contracts.get(fact.con_id) if isinstance(fact, OrderFilled) else None
        if pair is None or pair.security_type != VIRTUAL or fact.key in book.keys or not isinstance(fact, OrderFilled):
            continue
        legs = (bought_currency(pair), pair.currency)
        bought, sold = legs if fact.quantity > 0 else legs[::-1]
        same = next((key for key in inferred if _currencies(book, key) == (sold, bought)), None)
        if same is not None:
            inferred.remove(same)
            _, source, reference = same.split("/", 2)
            yield CurrencyConverted(
                source=source, reference=f"{reference}/told", sold=ZERO, sold_currency=sold, bought=ZERO,
                bought_currency=bought, note=TOLD, replaces=same,
            )  # fmt: skip


def _currencies(book: State, key: str) -> tuple[str, str] | None:
    """Return what was sold and bought by an inferred conversion."""
    match book.keys.get(key):
        case (_, (_, _, str() as sold, _, str() as bought)):
            return sold, bought
        case _:
            return None
