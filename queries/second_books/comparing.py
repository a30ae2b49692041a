"""The book beside the second bookkeeping, figure by figure.

Positions, cash, commissions and what was realised before them are equal, exactly. The share of a commission that goes
with a part of a trade is rounded by the book, to 1e-10 a time, and by the second bookkeeping not: so much may lie
between them for each trade of a contract, and between amounts that the broker rounded when a trade is closed in parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, localcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.events import BreakFound
from ledger.events.reconciliation import BreakKind
from queries.second_books.summing import Fifo, SecondBooks, second_books

if TYPE_CHECKING:
    from ledger.book import Book


KIND: BreakKind = "second_books"


class Difference(NamedTuple):
    """A figure that the two bookkeepings do not agree on; None: the one does not have it."""

    kind: str  # position, cash, commissions, lots, realised, realised commission, basis, open commission
    key: str
    own: str | None
    second: str | None
    tolerance: Decimal = Decimal(0)

    def __str__(self) -> str:
        return f"{self.kind} {self.key}: the book says {self.own or 'nothing'}, SQL says {self.second or 'nothing'}"


def compare(home: Path, book: Book) -> tuple[Difference, ...]:
    """Hold the book beside the second bookkeeping of the same log, up to the book's last line."""
    return differences(book, second_books(home, until_seq=book.seq))


def differences(book: Book, second: SecondBooks) -> tuple[Difference, ...]:
    """Name every figure on which a book and the second bookkeeping do not agree; what is unknown is left out."""
    held = {con_id: holding.quantity for con_id, holding in book.holdings.items()}
    commissions = {currency: amount for (account, currency), amount in book.journal.items() if account == "commissions"}
    found = [
        *_unequal("position", held, second.positions, frozenset()),
        *_unequal("cash", book.cash, second.cash, second.unknown_cash),
        *_unequal("commissions", commissions, second.commissions, second.unknown_cash),
    ]
    for con_id in sorted(book.holdings.keys() | second.contracts.keys()):
        if con_id not in second.unknown_lots:
            found += _unequal_lots(con_id, book, second.contracts.get(con_id))
    return tuple(found)


def break_of(book: Book, found: Sequence[Difference]) -> BreakFound | None:
    """Return the break of our own that differences are: it halts trading until somebody has looked; None, if known."""
    if not found or any(known.found.kind == KIND for known in book.open_breaks):
        return None
    first, others = found[0], f", and {len(found) - 1} more" if len(found) > 1 else ""
    return BreakFound(
        break_id=book.next_break_id,
        kind=KIND,
        subject=f"{first.kind} {first.key}",
        consequence="halt",
        text=f"our two bookkeepings differ: {first}{others}; nothing of the broker's is wrong; run: tallybook verify",
    )


def _unequal(
    kind: str, own: Mapping[Any, Decimal], second: Mapping[Any, Decimal], unknown: frozenset[Any]
) -> Iterable[Difference]:
    for key in sorted((own.keys() | second.keys()) - unknown):
        ours, theirs = own.get(key, Decimal(0)), second.get(key, Decimal(0))
        if ours != theirs:
            yield Difference(kind, str(key), f"{ours:f}", f"{theirs:f}")


def _unequal_lots(con_id: int, book: Book, second: Fifo | None) -> Iterable[Difference]:
    holding, key = book.holdings.get(con_id), str(con_id)
    if holding is None or second is None:
        if (holding is not None and holding.now.entry is not None) or (second is not None and second.lots):
            yield Difference("lots", key, holding and str(holding.lots), second and str(second.lots))
        return
    rounded = Decimal(0) if second.exact else second.tolerance
    figures = (
        ("realised", holding.realised_gross, second.realised_gross, rounded),
        ("realised commission", holding.realised_commission, second.realised_commission, second.tolerance),
        ("basis", holding.gross_basis, _sum(lot.gross for lot in second.lots), rounded),
        ("open commission", holding.commission, _sum(lot.commission for lot in second.lots), second.tolerance),
    )
    for kind, ours, theirs, tolerance in figures:
        if abs(ours - theirs) > tolerance:
            yield Difference(kind, key, f"{ours:f}", f"{theirs:f}", tolerance)
    own_lots = holding.lots
    alike = len(own_lots) == len(second.lots) and all(
        (ours.execution, ours.quantity) == theirs[:2]
        and abs(ours.gross - theirs.gross) <= rounded
        and abs(ours.commission - theirs.commission) <= second.tolerance
        for ours, theirs in zip(own_lots, second.lots, strict=True)
    )
    if not alike:
        yield Difference("lots", key, _spelt(own_lots), _spelt(second.lots), second.tolerance)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    with localcontext(prec=100):  # a share of a commission may have more digits than the book's
        return sum(amounts, Decimal(0))


def _spelt(lots: Sequence[Any]) -> str:
    return "; ".join(f"{lot.execution} {lot.quantity:f} for {lot.gross:f}, {lot.commission:f}" for lot in lots)
