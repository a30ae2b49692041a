"""What a start is for: its slot, how it was asked for, and whether there is anything left to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from ledger.errors import Refusal
from ledger.state import State
from trader import exits
from trader.calendar import Slot

CLOSING, PREFLIGHT = "close", "preflight"
BY_HAND = "/now-"


@dataclass(frozen=True, slots=True)
class Options:
    """How the cycle was asked for."""

    slot_name: str  # the slot's name, or DAY/now-HHMMSS for a start by hand
    dry_run: bool = False  # asked for on the command line; the settings may ask for it too
    verbose: bool = False


class AccountNotAdopted(Refusal):
    """The account was never accepted as the log's beginning; nothing trades before."""

    code = "account-not-adopted"
    exit_status = exits.COULD_NOT

    def __init__(self, account: str) -> None:
        super().__init__(f"account {account}: expected an adopted account, found none in the log; run: tallybook adopt")


class SlotUsedUp(Exception):
    """The slot's work was done by an earlier start."""


def require_work(book: State, slot: str, *, dry_run: bool) -> None:
    """Raise AccountNotAdopted, or SlotUsedUp where a start has nothing left to do; a start by hand always has.

    Whoever looks with `--dry-run` in a slot does not take its trading away.
    """
    if not book.adopted:
        raise AccountNotAdopted(book.account)
    if book.preflight is not None and book.preflight.slot == slot and book.preflight.passed:
        raise SlotUsedUp(slot)
    known = book.slots.get(slot)
    if known is None or not known.finished or BY_HAND in slot:
        return
    day, _, kind = slot.partition("/")
    if kind != CLOSING and known.rehearsed and not dry_run:
        return
    if kind != CLOSING or date.fromisoformat(day) in book.committed:  # a closed day is committed until it succeeds
        raise SlotUsedUp(slot)


def is_closed(book: State, slot: str) -> bool:
    """Tell whether the closing cycle of a slot finished already."""
    known = book.slots.get(slot)
    return slot.endswith(f"/{CLOSING}") and known is not None and known.finished


def slot_of(name: str, at: datetime) -> Slot:
    """Return the slot that a name and its moment mean."""
    day, _, kind = name.partition("/")
    match kind:
        case "close" | "preflight":
            return Slot(date.fromisoformat(day), 0, at, kind)
        case _:
            return Slot(date.fromisoformat(day), 0, at, "trade")
