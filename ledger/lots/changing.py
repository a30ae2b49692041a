"""What an entry does to the open lots, in the open: what it takes, and what it closes.

`match` deals with most trades by itself, faster; everything else is changed here. The quantity that an entry states
counts whatever is held: units that are not there open a lot without basis, and basis that finds no units is realised.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from decimal import Decimal
from operator import attrgetter
from typing import NamedTuple, assert_never

from ledger.lots.arithmetic import ONE, ZERO, allocate, spread
from ledger.lots.entries import BringIn, CarveOut, Entry, Lot, Named, Part, Recost, Scale, TakeOut, Trade
from ledger.lots.matched import Matched, lot_of, queue_of
from ledger.lots.methods import take


class Closed(NamedTuple):
    """A lot, or a part of its basis (then of no units), that something was realised on, and for how much."""

    lot: Lot
    gross: Decimal  # of what closed it, signed as a trade's
    commission: Decimal


class Changing:
    """The lots of one contract while an entry changes them."""

    def __init__(self, before: Matched, entry: Entry) -> None:
        self.entry = entry
        self.lots: list[Part] = list(before.parts)
        self.taken: list[Lot] = []  # what left, or was closed
        self.closed: list[Closed] = []
        self._before = before
        match entry:
            case Trade():
                self._trade(entry)
            case Scale():
                self._scale(entry)
            case TakeOut():
                self._take_out(entry)
            case CarveOut():
                self._carve_out(entry)
            case BringIn():
                self._bring_in(entry)
            case Recost():
                self._recost(entry)
            case _:
                assert_never(entry)

    @property
    def after(self) -> Matched:
        """The state that the entry leads to."""
        realised_gross, realised_commission = self._before.realised_gross, self._before.realised_commission
        for lot, gross, commission in self.closed:
            realised_gross -= gross + lot.gross
            realised_commission += commission + lot.commission
        quantity, gross, commission = _totals(self.lots)
        return Matched(
            queue_of(tuple(self.lots)), None, quantity, gross, commission, realised_gross, realised_commission,
            self.entry, self._before,
        )  # fmt: skip

    def _trade(self, trade: Trade) -> None:
        """Close lots of the other side and open what remains; gross and commission are split by quantity."""
        closing = self._covered(trade.quantity)
        gross, commission = ZERO, ZERO
        if closing:
            gross = allocate(trade.gross, closing, trade.quantity)
            commission = allocate(trade.commission, closing, trade.quantity)
            self._close(self._take(closing, trade.method, trade.named), gross, commission)
        if rest := trade.quantity - closing:
            self._open(Lot(trade.execution, rest, trade.gross - gross, trade.commission - commission, trade.at))

    def _scale(self, scale: Scale) -> None:
        held, change = _totals(self.lots)[0], scale.quantity_change
        if held and held + change and held.is_signed() == (held + change).is_signed():
            self.lots = list(scaled(self.lots, held + change))
        else:  # these cannot be the units that were split: others will be told
            self._trade(Trade(scale.at, scale.id, scale.revision, change, ZERO))

    def _take_out(self, out: TakeOut) -> None:
        quantity = -_totals(self.lots)[0] if out.quantity is None else out.quantity
        closing = self._covered(quantity)
        parts = [lot_of(part) for part in self._take(closing, out.method, out.named)]
        if out.proceeds or out.settled:
            parts = self._settle(parts, out)
        self.taken = parts
        if rest := quantity - closing:
            self._open(Lot(out.id, rest, ZERO, ZERO, out.at))

    def _settle(self, parts: list[Lot], out: TakeOut) -> list[Lot]:
        """Realise the cash that settles a part of the basis, lot by lot, and return what leaves."""
        if not parts:  # whose basis it settles will be told
            self.closed.append(Closed(Lot(out.id, ZERO, ZERO, ZERO, out.at), -out.proceeds, ZERO))
            return []
        left = _recosted(parts, -out.settled)
        settled = [
            lot._replace(quantity=ZERO, gross=lot.gross - rest.gross, commission=ZERO)
            for lot, rest in zip(parts, left, strict=True)
        ]
        proceeds = spread(-out.proceeds, [lot.quantity for lot in parts])
        self.closed += (Closed(lot, share, ZERO) for lot, share in zip(settled, proceeds, strict=True))
        return left

    def _carve_out(self, carving: CarveOut) -> None:
        left = list[Part]()
        for lot in map(lot_of, self.lots):
            gross = allocate(lot.gross, carving.fraction, ONE)
            commission = allocate(lot.commission, carving.fraction, ONE)
            self.taken.append(lot._replace(gross=gross, commission=commission))
            left.append(lot._replace(gross=lot.gross - gross, commission=lot.commission - commission))
        self.lots = left

    def _bring_in(self, bringing: BringIn) -> None:
        lots: Sequence[Lot] = bringing.lots
        if bringing.quantity is not None and not lots and bringing.quantity:
            lots = (Lot(bringing.id, bringing.quantity, ZERO, ZERO, bringing.at),)
        elif bringing.quantity is not None and _totals(lots)[0] != bringing.quantity:
            lots = self._resized(lots, bringing)
        for lot in lots:
            closing = self._covered(lot.quantity)
            gross, commission = ZERO, ZERO
            if closing:
                gross = allocate(lot.gross, closing, lot.quantity)
                commission = allocate(lot.commission, closing, lot.quantity)
                self._close(self._take(closing, "fifo"), gross, commission)
            if rest := lot.quantity - closing:
                self._open(Lot(lot.execution, rest, lot.gross - gross, lot.commission - commission, lot.opened_at))

    def _resized(self, lots: Sequence[Lot], bringing: BringIn) -> Sequence[Lot]:
        if not bringing.quantity:
            self.closed += (Closed(lot._replace(quantity=ZERO), ZERO, ZERO) for lot in lots)
            return ()
        if not _totals(lots)[0]:  # lots of both sides
            rest = Lot(bringing.id, bringing.quantity, ZERO, ZERO, bringing.at)
            return (*lots, rest)
        return scaled(lots, bringing.quantity)

    def _recost(self, recost: Recost) -> None:
        amount = recost.amount if recost.kind == "spread" else -recost.amount
        if not self.lots:
            self._realise(Lot(recost.id, ZERO, amount, ZERO, recost.at))
            return
        lots = [lot_of(part) for part in self.lots]
        if recost.kind == "spread":
            self.lots = list(_recosted(lots, amount))
            return
        shares = spread(amount, [lot.quantity for lot in lots])
        kept = [_reduced(lot, share) for lot, share in zip(lots, shares, strict=True)]
        for lot, share, now in zip(lots, shares, kept, strict=True):
            if excess := lot.gross + share - now:
                self._realise(lot._replace(quantity=ZERO, gross=excess, commission=ZERO))
        self.lots = [lot._replace(gross=now) for lot, now in zip(lots, kept, strict=True)]

    def _realise(self, basis: Lot) -> None:
        self.closed.append(Closed(basis, ZERO, ZERO))

    def _covered(self, quantity: Decimal) -> Decimal:
        """How much of a change of position closes what is held."""
        held = _totals(self.lots)[0]
        if not held or not quantity or held.is_signed() == quantity.is_signed():
            return ZERO
        return quantity if abs(quantity) <= abs(held) else -held

    def _take(self, closing: Decimal, method: str, named: Named = ()) -> list[Part]:
        if not closing:
            return []
        taken, self.lots = take(self.lots, abs(closing), method, named)
        return taken

    def _close(self, parts: Sequence[Part], gross: Decimal, commission: Decimal) -> None:
        self.taken += map(lot_of, parts)
        self.closed += closed_by(parts, gross, commission)

    def _open(self, lot: Lot) -> None:
        """Put a lot among the others by its age."""
        self.lots.insert(bisect_right(self.lots, lot.opened_at, key=_age), lot)


_age = attrgetter("opened_at")


def closed_by(parts: Sequence[Part], gross: Decimal, commission: Decimal) -> list[Closed]:
    """Share out what closed some lots among them."""
    weights = [part.quantity for part in parts]
    shares = zip(map(lot_of, parts), spread(gross, weights), spread(commission, weights), strict=True)
    return [Closed(*share) for share in shares]


def scaled(lots: Sequence[Part], quantity: Decimal) -> Sequence[Lot]:
    """Let lots be so many units together, in proportion; the basis of one that vanishes goes to its neighbour."""
    resized, gross, commission = list[Lot](), ZERO, ZERO
    for part, units in zip(lots, spread(quantity, [lot.quantity for lot in lots]), strict=True):
        gross, commission = gross + part.gross, commission + part.commission
        if units:
            resized.append(Lot(part.execution, units, gross, commission, part.opened_at))
            gross = commission = ZERO
    if gross or commission:
        last = resized[-1]
        resized[-1] = last._replace(gross=last.gross + gross, commission=last.commission + commission)
    return resized


def _recosted(lots: Sequence[Lot], amount: Decimal) -> list[Lot]:
    shares = spread(amount, [lot.quantity for lot in lots])
    return [lot._replace(gross=lot.gross + share) for lot, share in zip(lots, shares, strict=True)]


def _reduced(lot: Lot, share: Decimal) -> Decimal:
    """Return a lot's basis after a change that must not carry it past zero."""
    after = lot.gross + share
    if not share or share.is_signed() == lot.quantity.is_signed():
        return after  # it grows
    if after and after.is_signed() != lot.quantity.is_signed():
        return ZERO if lot.gross and lot.gross.is_signed() == lot.quantity.is_signed() else lot.gross
    return after


def _totals(lots: Sequence[Part]) -> tuple[Decimal, Decimal, Decimal]:
    quantity = gross = commission = ZERO
    for lot in lots:
        quantity, gross, commission = quantity + lot.quantity, gross + lot.gross, commission + lot.commission
    return quantity, gross, commission
