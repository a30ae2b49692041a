"""The owner's choice of lots, told to the book: it is in force from the moment that it is recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ledger.events import Fact, LotMethodSet
from ledger.events.executions import LotMethod
from ledger.state import State


def lot_methods(
    book: State, account: LotMethod, contracts: Mapping[str, LotMethod], universe: tuple[int, ...]
) -> Iterator[Fact]:
    """Yield what the settings say otherwise than the book: of the account, then of contracts by their symbols."""
    if account != _in_force(book, None, "fifo"):
        yield LotMethodSet(method=account)
    for con_id in sorted({*universe, *(known for known in book.lot_methods if known is not None)}):
        wanted = contracts.get(book.contracts[con_id].symbol, account)
        if wanted != _in_force(book, con_id, account):
            yield LotMethodSet(method=wanted, con_id=con_id)


def _in_force(book: State, con_id: int | None, otherwise: LotMethod) -> str:
    told = book.lot_methods.get(con_id, ())
    return told[-1][1] if told else otherwise
