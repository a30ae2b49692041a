"""Corporate actions to tell a book, and what every book must be after them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ledger.book import Book
from ledger.checkpoints import decode, encode
from ledger.events import (
    ContractDefined,
    DividendPaid,
    Fact,
    MergerApplied,
    SplitApplied,
)
from ledger.journal import as_postings, balance, trial_balance
from tests.facts import START, bought, contract, minutes, replay

D = Decimal
OLD, NEW, THIRD = contract(801, "OLD"), contract(802, "NEW"), contract(803, "THIRD")
CALL, FOREIGN = contract(804, "CALL", kind="OPT", multiplier=100), contract(805, "FOREIGN", "EUR")
WORLD = (OLD, NEW, THIRD, CALL, FOREIGN)


def action(kind: type[Any], what: ContractDefined, reference: str = "1", minute: int = 600, **rest: Any) -> Any:
    given: dict[str, Any] = {
        "con_id": what.con_id, "source": "statement", "reference": reference, "occurred_at": minutes(minute), **rest,
    }  # fmt: skip
    return kind.model_validate(given)


def split(what: ContractDefined, change: str, minute: int = 600, **rest: Any) -> SplitApplied:
    reference = rest.pop("reference", "1")
    fact: SplitApplied = action(
        SplitApplied, what, reference, minute, numerator=2, denominator=1, quantity_change=D(change), **rest
    )
    return fact


def merger(cash: str, units: str | None = None, **rest: Any) -> MergerApplied:
    into: dict[str, Any] = {} if units is None else {"successor_con_id": NEW.con_id, "successor_quantity": D(units)}
    fact: MergerApplied = action(
        MergerApplied, OLD, quantity_change=D(-10), cash=D(cash), currency="USD", **into, **rest
    )
    return fact


def dividend(source: str, amount: str, **rest: Any) -> DividendPaid:
    fact: DividendPaid = action(DividendPaid, OLD, source=source, amount=D(amount), currency="USD", **rest)
    return fact


def lots(book: Book, what: ContractDefined) -> list[tuple[str, Decimal, Decimal, int]]:
    """Open lots: what opened them, units, gross basis, and how many minutes after the start."""
    return [
        (lot.execution, lot.quantity, lot.gross, round((lot.opened_at - START).total_seconds() / 60))
        for lot in book.holdings[what.con_id].lots
    ]


def basis(book: Book, what: ContractDefined) -> Decimal:
    return book.holdings[what.con_id].basis


def realised(book: Book, what: ContractDefined) -> Decimal:
    return book.holdings[what.con_id].realised


def sound(book: Book) -> Book:
    """A book whose postings sum to zero, with nothing left between contracts, and which a checkpoint can keep."""
    assert not any(trial_balance(as_postings(book.journal)).values())
    assert all(account != "exchange" for account, _ in book.journal)
    for con_id, holding in book.holdings.items():
        assert balance(book.journal, f"position:{con_id}", holding.currency) == holding.gross_basis
    assert decode(encode(book)).__dict__ == {**book.__dict__, "forgets": True}
    return book


def held(*facts: Fact) -> Book:
    return sound(replay([*WORLD, bought(OLD, "10", "5", execution="a.01"), *facts]))
