"""What a trade does to cash."""

from __future__ import annotations

from decimal import Decimal

from ledger.effects.changes import MARGINED
from ledger.lots import EXACT, ZERO
from ledger.state import State


def paid(book: State, con_id: int, quantity: Decimal, price: Decimal) -> Decimal:
    """Return the cash that a trade moves, without its commission: + received; what is margined moves none."""
    contract = book.contracts[con_id]
    if contract.security_type in MARGINED:
        return ZERO
    return EXACT.multiply(EXACT.multiply(-quantity, price), contract.multiplier)
