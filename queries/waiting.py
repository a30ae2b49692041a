"""What waits for the owner, and the verdict in a few words: the first lines of `tallybook status`. Pure.

To let something else wait, write a function from `Seen` to lines and add it to `WAITING`; if it matters more than
anything, give it its words in `_state` too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from ledger.book import Book
from queries.advice import DAMAGED, accepting, halt, recovery, undecided
from queries.break_words import symbol

CYCLE_LASTS = timedelta(minutes=30)  # a cycle without an end for longer than this has died
MAY_TRADE, OTHERS_MAY = "MAY TRADE", ", others may trade"


@dataclass(frozen=True, slots=True)
class Seen:
    """The book, and what it does not know of."""

    book: Book
    halt_file: str | None
    now: datetime
    dry_run: bool = False  # no order leaves: as the settings say, else as the last cycle did
    settings_error: str = ""  # why the settings cannot be used; empty if they can
    refused: str = ""  # why the log refuses every start; empty if it does not
    displaced: str = ""  # why the home may be a copy; empty if it lies where it was stamped
    damaged: str = ""  # which sealed day is missing or follows no seal; empty if none is: the rest is told by `verify`

    @property
    def only_statements(self) -> bool:
        """Statements were imported, and nobody set the home up to trade: nothing is wrong with that."""
        return self.book.statement_until is not None and not self.book.adopted and bool(self.settings_error)


def waiting(seen: Seen) -> Iterator[str]:
    """Yield what waits for the owner, what stops most first."""
    for reason in WAITING:
        yield from reason(seen)


def verdict(seen: Seen) -> str:
    """Return the most important thing in a few words; in a dry run nothing trades, whatever else is true."""
    if not seen.dry_run:
        return _state(seen)
    state = _state(seen).removesuffix(OTHERS_MAY)
    return "DRY RUN, no order leaves" if state == MAY_TRADE else f"DRY RUN, {state}"


def _state(seen: Seen) -> str:
    book = seen.book
    if seen.only_statements:
        return f"STATEMENTS ONLY, up to {book.statement_until} (to trade: tallybook init, then tallybook adopt)"
    if not book.adopted:
        return "NOT ADOPTED"
    if seen.settings_error:
        return "SETTINGS WRONG"
    if seen.refused or seen.damaged:
        return "CANNOT START" if seen.refused else "LOG DAMAGED"
    if seen.halt_file or book.halted:
        return "HALTED"
    if book.recovery is not None:
        return "IN RECOVERY"
    if seen.displaced:
        return "MOVED OR COPIED"
    if book.in_doubt:
        return "IN DOUBT"
    if list(_last_cycle(seen)):
        return "LAST CYCLE FAILED"
    if list(_stopped(seen)):
        return "LAST CYCLE STOPPED"
    if book.reduce_only:
        return "REDUCE ONLY"
    if book.locked:
        return f"LOCKED {' '.join(sorted(symbol(book, con_id) for con_id in book.locked))}{OTHERS_MAY}"
    return MAY_TRADE


def _not_adopted(seen: Seen) -> Iterable[str]:
    if not seen.book.adopted and not seen.only_statements:
        yield "the account is not adopted: tallybook adopt"


def _settings(seen: Seen) -> Iterable[str]:
    if seen.settings_error and not seen.only_statements:
        yield f"no cycle can start: {seen.settings_error}"


def _refused(seen: Seen) -> Iterable[str]:
    if seen.refused:
        yield f"no cycle can start: {seen.refused}"


def _damaged(seen: Seen) -> Iterable[str]:
    if seen.damaged and not (seen.refused or (seen.halt_file or "").startswith(DAMAGED)):
        yield seen.damaged


def _halt(seen: Seen) -> Iterable[str]:
    """Tell a halt with its cure; that of a break is told with the break."""
    halted = halt(seen.book, seen.halt_file)
    if halted is not None:
        reason, cure = halted
        yield f"halted: {reason}; {cure}"


def _recovery(seen: Seen) -> Iterable[str]:
    yield from recovery(seen.book)


def _displaced(seen: Seen) -> Iterable[str]:
    if seen.displaced and seen.book.recovery is None:
        yield f"{seen.displaced}; the next cycle starts in recovery, and sends no order"


def _in_doubt(seen: Seen) -> Iterable[str]:
    for order in undecided(seen.book):
        yield f"order {order.order_ref} was sent, and no answer is known: the next cycle asks the broker"


def _last_cycle(seen: Seen) -> Iterable[str]:
    book, cycle = seen.book, seen.book.cycle
    if book.failed is not None:
        if book.failed.code != book.halt_code:  # else told as a halt
            yield f"the last cycle ({book.failed.slot}) failed, {book.failed.code}: {book.failed.reason}"
    elif cycle is not None and not cycle.ended and seen.now - cycle.at > CYCLE_LASTS:
        yield f"the last cycle ({cycle.started.slot}) started and never ended: the next one resolves what was under way"


def _stopped(seen: Seen) -> Iterable[str]:
    """Tell what kept the orders of the last cycle back, though it finished: it may keep back those of the next."""
    cycle = seen.book.cycle
    if cycle is None or cycle.started.kind != "trade" or cycle.started.dry_run or seen.book.failed is not None:
        return
    yield from (f"{it.step} failed in the last cycle ({cycle.started.slot}): {it.reason}" for it in cycle.failures)
    if cycle.settings_changed is not None:
        yield 'changed settings wait, and no order leaves by them: tallybook approve, then approve --why "…"'
    elif cycle.vetoed and not cycle.failures and any(row.order_ref for row in cycle.plan):
        others = f", and {len(cycle.vetoed) - 1} more" if len(cycle.vetoed) > 1 else ""
        yield f"the last cycle ({cycle.started.slot}) sent none of its orders: {cycle.vetoed[0]}{others}"


def _breaks(seen: Seen) -> Iterable[str]:
    for known in seen.book.open_breaks:
        found = known.found
        subject = found.subject if found.con_id is None else symbol(seen.book, found.con_id)
        what = f"{found.break_id} {found.kind.replace('_', ' ')} {subject} ({found.consequence.replace('_', ' ')})"
        yield f"{what}: tallybook breaks {found.break_id}, then {accepting(known)}"


def _mails(seen: Seen) -> Iterable[str]:
    if (since := seen.book.mail_fails_since) is not None:
        yield f"no mail has left since {since:%Y-%m-%d %H:%M} UTC; before long no order will either: tallybook doctor"


def _witnesses(seen: Seen) -> Iterable[str]:
    for place, failure in seen.book.witness_failures.items():
        yield f"witness {place} cannot be used, {failure}; trading goes on: check [witness] in the settings"


WAITING: tuple[Callable[[Seen], Iterable[str]], ...] = (
    _not_adopted, _settings, _refused, _damaged, _halt, _recovery, _displaced, _in_doubt, _last_cycle, _stopped,
    _breaks, _mails, _witnesses,
)  # fmt: skip
