"""Names of our orders: unique for ever, and recognisable at the broker."""

from __future__ import annotations

from typing import Literal

from ledger.state import Impossible, State

LENGTH_MAX = 40


def new_order_ref(book: State, con_id: int, side: Literal["B", "S"], attempt: int = 1) -> str:
    """Return tb-ACCOUNT-SEQ-HHHH-CONID-SIDE-ATTEMPT of the running cycle.

    HHHH starts the hash of the CycleStarted line, so that a restored old copy of a log cannot repeat a reference.
    Raises Impossible outside a cycle, and for one longer than 40 characters.
    """
    if book.cycle is None:
        raise Impossible("an order reference: expected a running cycle, found none")
    reference = f"{prefix(book.account)}{book.cycle.seq}-{book.cycle.hash[:4]}-{con_id}-{side}-{attempt}"
    if len(reference) > LENGTH_MAX:
        raise Impossible(
            f"order reference {reference}: expected at most {LENGTH_MAX} characters, found {len(reference)}"
        )
    return reference


def prefix(account: str) -> str:
    """Return what every order of ours in an account starts with."""
    return f"tb-{account}-"


def is_ours(order_ref: str, account: str) -> bool:
    """Tell whether a reference at the broker bears our prefix."""
    return order_ref.startswith(prefix(account))


def cycle_of(order_ref: str, account: str) -> int | None:
    """Return the seq of the cycle that a reference of ours was made in; None if it is not of that form."""
    start = prefix(account)
    if not order_ref.startswith(start):
        return None
    seq, _, rest = order_ref[len(start) :].partition("-")
    return int(seq) if seq.isdecimal() and rest.count("-") == 3 else None
