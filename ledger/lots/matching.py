"""What a state becomes by the next entry. A trade costs the same however many lots are open, first or last in."""

from __future__ import annotations

from decimal import Decimal

from ledger.lots.arithmetic import ZERO, allocate, new
from ledger.lots.changing import Changing, Closed, closed_by
from ledger.lots.entries import Entry, Lot, Part, Trade
from ledger.lots.matched import Link, Matched, from_front, lot_of


def match(before: Matched, entry: Entry) -> Matched:
    """Close lots of the other side and open what remains; a flip's commission is split by quantity."""
    if type(entry) is not Trade:
        return Changing(before, entry).after
    oldest, newest, held, gross, commission, realised_gross, realised_commission, _, _ = before
    at, execution, _, quantity, moved, charged, _, _ = entry
    if not held or held.is_signed() == quantity.is_signed():
        return new(Matched, (
            oldest, (entry, newest), held + quantity, gross + moved, commission + charged, realised_gross,
            realised_commission, entry, before,
        ))  # fmt: skip
    left = held + quantity
    if not left:
        return new(Matched, (
            None, None, ZERO, ZERO, ZERO, realised_gross - moved - gross, realised_commission + charged + commission,
            entry, before,
        ))  # fmt: skip
    if left.is_signed() == held.is_signed():
        return _closed_in_part(before, entry, left)
    closing, closing_charged = allocate(moved, -held, quantity), allocate(charged, -held, quantity)
    moved, charged = moved - closing, charged - closing_charged
    return new(Matched, (
        None, (new(Lot, (execution, left, moved, charged, at)), None), left, moved, charged,
        realised_gross - closing - gross, realised_commission + closing_charged + commission, entry, before,
    ))  # fmt: skip


def _closed_in_part(before: Matched, trade: Trade, left: Decimal) -> Matched:
    """Take the lots for a trade of the other side that they cover with some to spare."""
    if trade.method not in ("fifo", "lifo"):
        return Changing(before, trade).after
    parts, oldest, newest = _taken(before, trade.quantity, trade.method)
    gross, commission = parts[0].gross, parts[0].commission
    for part in parts[1:]:
        gross, commission = gross + part.gross, commission + part.commission
    _, _, _, basis, charged, realised_gross, realised_commission, _, _ = before
    return new(Matched, (
        oldest, newest, left, basis - gross, charged - commission, realised_gross - trade.gross - gross,
        realised_commission + trade.commission + commission, trade, before,
    ))  # fmt: skip


def _taken(before: Matched, closing: Decimal, method: str) -> tuple[list[Part], Link | None, Link | None]:
    """Take from one end of the queue: what was taken, oldest first, and the queue that is left."""
    if method == "lifo":
        parts, newest, oldest = from_front(before.newest, before.oldest, closing)
        return parts[::-1], oldest, newest
    return from_front(before.oldest, before.newest, closing)


def recharged(after: Matched, trade: Trade, charge: Decimal) -> Matched:
    """Return what a trade led to, had its commission been this; a flip alone need be matched again for that."""
    oldest, newest, quantity, gross, commission, realised_gross, realised_commission, _, before = after
    at, execution, revision, traded, moved, was, method, named = trade
    charged: Trade = new(Trade, (at, execution, revision, traded, moved, charge, method, named))
    if newest is not None and newest[0] is trade:
        newest, commission = (charged, newest[1]), commission + charge - was
    elif before is not None and (not quantity or quantity.is_signed() == before.quantity.is_signed()):
        realised_commission += charge - was
    else:
        assert before is not None
        return match(before, charged)
    return new(Matched, (
        oldest, newest, quantity, gross, commission, realised_gross, realised_commission, charged, before,
    ))  # fmt: skip


def taken_by(after: Matched) -> tuple[Lot, ...]:
    """Return what the last entry took or closed, oldest first."""
    before, entry = after.before, after.entry
    if before is None or entry is None:
        return ()
    if type(entry) is Trade and entry.method in ("fifo", "lifo"):
        return tuple(map(lot_of, _closing(before, entry)[0]))
    return tuple(Changing(before, entry).taken)


def closed_in(after: Matched) -> list[Closed]:
    """Say what the last entry realised, lot by lot."""
    before, entry = after.before, after.entry
    if before is None or entry is None:
        return []
    if type(entry) is Trade and entry.method in ("fifo", "lifo"):
        parts, closing = _closing(before, entry)
        gross, commission = (
            allocate(entry.gross, closing, entry.quantity),
            allocate(entry.commission, closing, entry.quantity),
        )
        return closed_by(parts, gross, commission)
    return Changing(before, entry).closed


def _closing(before: Matched, trade: Trade) -> tuple[list[Part], Decimal]:
    held, quantity = before.quantity, trade.quantity
    if not held or held.is_signed() == quantity.is_signed():
        return [], ZERO
    closing = quantity if abs(quantity) <= abs(held) else -held
    return _taken(before, closing, trade.method)[0], closing
