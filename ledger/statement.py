"""The book's canonical statement, and its hash.

The statement is an explicit projection, so that refactoring the book does not break recorded hashes. It names no seq
and no clock. A changed statement gets a new version; old versions stay computable.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ledger.events import Fact, Row, decimal_text, payload_bytes
from ledger.state import State

VERSION = 1


def statement(book: State, version: int = VERSION) -> dict[str, Any]:
    """Return what the book says, as JSON values; raises ValueError for a version that this code does not know."""
    if version != VERSION:
        raise ValueError(f"statement version: expected {VERSION}, found {version}")
    return {
        "account": book.account,
        "cash": _amounts(book.cash),
        "lots": {str(con_id): _lots(book, con_id) for con_id in sorted(book.positions)},
        "realised": {
            str(con_id): [decimal_text(holding.realised_gross), decimal_text(holding.realised_commission)]
            for con_id, holding in sorted(book.holdings.items())
        },
        "journal": {
            f"{account}/{currency}": decimal_text(v) for (account, currency), v in sorted(book.journal.items())
        },
        "pending_commissions": sorted(book.pending_commissions),
        "orders": {
            order.order_ref: [order.status, decimal_text(order.quantity), decimal_text(order.filled), *order.perm_ids]
            for order in book.working_orders
        },
        "order_id_high": book.order_id_high,
        "open_breaks": sorted(known.found.break_id for known in book.open_breaks),
        "locked": sorted(book.locked),
        "halted": book.halted,
        "reported": _reported(book),
        **({} if book.recovery is None else {"recovery": book.recovery}),
        **({"sub_positions": _sub_positions(book)} if book.sub_positions else {}),
    }


def book_hash(book: State, version: int = VERSION) -> str:
    """Return VERSION:SHA256 of the canonical JSON of the statement."""
    text = json.dumps(statement(book, version), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"{version}:{hashlib.sha256(text.encode()).hexdigest()}"


def _sub_positions(book: State) -> dict[str, str]:
    return {f"{name}/{con_id}": decimal_text(units) for (name, con_id), units in sorted(book.sub_positions.items())}


def _amounts(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    """Spell amounts; none is the same as zero."""
    return {name: decimal_text(amount) for name, amount in sorted(amounts.items()) if amount}


def _lots(book: State, con_id: int) -> list[list[str]]:
    lots = book.holdings[con_id].lots
    return [[lot.execution, *map(decimal_text, (lot.quantity, lot.gross, lot.commission))] for lot in lots]


def _reported(book: State) -> dict[str, Any]:
    reported = book.reported
    positions = (
        None if reported.positions is None else [_row(reported.positions[k]) for k in sorted(reported.positions)]
    )
    open_orders = None if reported.open_orders is None else [_row(row) for row in reported.open_orders]
    return {
        "nav": _payload(reported.nav),
        "margin": _payload(reported.margin),
        "cash": None if reported.cash is None else _amounts(reported.cash),
        "positions": positions,
        "open_orders": open_orders,
    }


def _payload(fact: Fact | None) -> Any:
    return None if fact is None else json.loads(payload_bytes(fact))


def _row(row: Row) -> Any:
    return row.model_dump(mode="json", exclude_none=True)
