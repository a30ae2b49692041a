"""Recovery: a home that may not hold the newest log lets no order leave until everything outside says that it does.

`require_newest` runs when a cycle starts, before the broker is asked: a home that was restored, moved or copied is in
recovery from then on, and a witness that knows more than the log shows an old copy. `recovered` runs at a cycle's end:
the recovery is over if the broker and the witnesses showed nothing that the log does not know, or what they showed was
accepted. An order or an execution of ours that the log does not know is found by the broker's adapter, and halts.
To let something else keep a home in recovery: a function in `OBSTACLES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ledger.book import Book
from ledger.events import Fact, RecoveryEnded, RecoveryStarted, TradingHalted, TradingResumed, WitnessDropped
from ledger.state import State
from trader.broker import OldCopyOfLog
from trader.place import displaced, mark, marked
from trader.witness import Place, WitnessUnusable, completed, contradiction, failure, parse

OLD_COPY = "old-copy"


def require_newest(book: Book, home: Path, places: tuple[Place, ...]) -> Iterator[Fact]:
    """Begin a recovery where the home was moved; raise OldCopyOfLog if a witness knows more than the log.

    In a recovery such a witness halts, and the cycle goes on looking: what it finds is told, and waits for the owner.
    """
    why = displaced(home) or _cut_back(book, home)
    if why is not None and book.recovery is None:
        yield RecoveryStarted(reason=why)
    mark(home, f"{book.seq}:{book.head}")  # only now: a crash in between starts the recovery again
    for place in places:
        yield from _read_back(book, home, place)
    set_up = {place.name for place in places}
    yield from (WitnessDropped(place=name) for name in tuple(book.witness_failures) if name not in set_up)


def _cut_back(book: Book, home: Path) -> str | None:
    """Say why the log may be an old one, put back in the very files of the newer; None if it holds its own mark."""
    end = marked(home)
    try:
        found = None if end is None else contradiction(home, book, parse(end))
    except ValueError:
        return "the stamp of the log's place cannot be read: it may have been copied here"
    return None if found is None else f"the log was put back from a backup: of the mark {end}, {found}"


def _read_back(book: Book, home: Path, place: Place) -> Iterator[Fact]:
    try:
        known = place.read(book.log_id)
        if known is None and place.name in book.witnessed:
            raise WitnessUnusable("expected what was kept there before, found nothing")
    except WitnessUnusable as error:
        if failed := failure(book, place, "reading", error):
            yield failed
        return
    found = contradiction(home, book, known) if known is not None else None
    if found is None:
        return
    problem = OldCopyOfLog(f"witness {place.name}: {found}")
    if book.recovery is None:
        raise problem
    if book.halt_code != OLD_COPY:
        yield TradingHalted(reason=str(problem), code=OLD_COPY)


def recovered(book: Book, home: Path, places: tuple[Place, ...]) -> tuple[Fact, ...]:
    """End a recovery by what this cycle saw; nothing while anything stands against it."""
    if book.recovery is None or any(True for obstacle in OBSTACLES for _ in obstacle(book, home)):
        return ()
    return (RecoveryEnded(evidence=tuple(_evidence(book, places))),)


def end_by_word(book: State, why: str) -> tuple[Fact, ...]:
    """End a recovery, and the halt of an old copy, by the operator's word; a halt by hand is lifted by hand."""
    ended = RecoveryEnded(evidence=(), why=why)
    return (ended, TradingResumed(why=why)) if book.halt_code == OLD_COPY else (ended,)


def _evidence(book: State, places: tuple[Place, ...]) -> Iterator[str]:
    compared = book.cycle.reconciled.positions if book.cycle and book.cycle.reconciled else 0
    yield "the broker's executions, open and completed orders: none of ours that the log does not know"
    yield f"{compared} positions and the cash compared: nothing found since that is not accepted"
    if book.recovery_witness is not None:
        yield f"the witness {book.recovery_witness} stands in the log"
    for place in places:
        try:
            known = place.read(book.log_id)
        except WitnessUnusable as error:
            yield f"witness {place.name}: could not be read: {error}"
        else:
            yield f"witness {place.name}: {f'{known} stands in the log' if known else 'keeps none to compare with'}"


def _not_compared(book: State, _: Path) -> Iterator[str]:
    cycle = book.cycle
    if cycle is None or cycle.reconciled is None:
        yield "this cycle has not compared both halves"


def _in_doubt(book: State, _: Path) -> Iterator[str]:
    for order in book.in_doubt:
        yield f"order {order.order_ref} is in doubt"


def _old_copy(book: State, _: Path) -> Iterator[str]:
    if book.halt_code == OLD_COPY:
        yield "it is halted as an old copy"


def _found_since(book: State, _: Path) -> Iterator[str]:
    for known in book.open_breaks:
        if known.seq > book.recovery_since:
            yield f"break {known.found.break_id} is open"


def _witness(book: State, home: Path) -> Iterator[str]:
    if book.recovery_witness is not None:
        found = contradiction(home, book, completed(home, book.recovery_witness))
        if found is not None:
            yield f"the witness {book.recovery_witness}: {found}"


OBSTACLES: tuple[Callable[[State, Path], Iterable[str]], ...] = (
    _not_compared, _in_doubt, _old_copy, _found_since, _witness,
)  # fmt: skip
