"""How contracts and what nobody but we told are named."""

from __future__ import annotations

from ledger.state import State

INFERRED = "inferred."  # how the executions begin that nobody but we told …
UNNAMED = "statement-"  # … and those that a statement tells without the name that the API gave them


def symbol(book: State, con_id: int) -> str:
    """Name a contract for people."""
    if con_id in book.contracts:
        return book.contracts[con_id].symbol
    row = (book.reported.positions or {}).get(con_id)
    return row.symbol if row is not None else f"contract {con_id}"


def name_of(book: State, con_id: int) -> str:
    """Name a contract as a person does, with its id: a symbol is no identity."""
    named = symbol(book, con_id)
    return f"{named} ({con_id})" if not named.startswith("contract ") else str(con_id)
