"""One planned row for each contract: how much, at what limit, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from ledger.book import Book
from ledger.events import ContractDefined, OrderPlanned
from ledger.lots import ZERO
from ledger.references import new_order_ref
from trader.netting import allowed_to_any
from trader.projection import Touch, borrowable, gross_value, reduces, unit_value
from trader.sizing.units import in_lots, increment_at, least_of, lot_of, price_above, price_below
from trader.sizing.wishes import Frame, Wish, percent


def rows_of(frame: Frame, wishes: tuple[Wish, ...]) -> tuple[OrderPlanned, ...]:
    """Plan every contract; if drift that the band leaves alone exceeds the leverage cap, let the band leave none."""
    rows = tuple(_row(frame, wish) for wish in wishes)
    if gross_value(frame.book, rows) > frame.sizing.limits.gross_leverage_max * frame.nav:
        return tuple(_row(replace(frame, band_binds_reductions=False), wish) for wish in wishes)
    return rows


def _row(frame: Frame, wish: Wish) -> OrderPlanned:
    """Decide about one contract."""
    if wish.market is None:
        return nothing(wish)
    contract = frame.book.contracts.get(wish.con_id)
    target = in_lots(contract, abs(wish.weight) * frame.invested // wish.unit).copy_sign(wish.weight)  # toward zero
    lock = _lock(frame.book, wish)
    change = _agreed_reduction(frame.book, wish, target) if lock else target - wish.held
    if not change:
        is_little = wish.weight and not target
        return nothing(wish, target, lock or ("less than a lot is wanted" if is_little else "on target"))
    change, reason = _permitted(frame, wish, change)
    if not change:
        return nothing(wish, target, reason)
    wanted, change = change, in_lots(contract, change)  # toward zero: a part of a lot that is held cannot be ordered
    if not change:
        return nothing(wish, target, lock or _less_than_a_lot(contract, wanted))
    if reason := _too_small(frame, wish, target, change):
        return nothing(wish, target, f"{reason}; {lock}" if lock else reason)
    return _order(frame, wish, wish.market, target, change)


def _less_than_a_lot(contract: ContractDefined | None, wanted: Decimal) -> str:
    least = least_of(contract)
    if least == 1:
        return f"{abs(wanted)} from the target, less than one unit: cannot be ordered"
    return f"{abs(wanted)} from the target: ordered in lots of {lot_of(contract)}, {least} at least"


def _permitted(frame: Frame, wish: Wish, change: Decimal) -> tuple[Decimal, str]:
    """Return as much of a change as may be ordered: as far as flat where a position may only shrink or not be short."""
    limits = frame.sizing.limits
    override = allowed_to_any(frame.book, wish.symbol)
    reason = frame.reductions_only or ("it is restricted" if wish.symbol in limits.restricted else "")
    if not reason and override.allow == "reduce_only":
        reason = override.why
    if reason and not reduces(wish.held, change):
        return (-wish.held if wish.held * change < 0 else ZERO), f"reductions only: {reason}"
    if limits.bans_short(wish.symbol) and change < 0 and wish.held + change < 0:
        return min(-wish.held, ZERO), "it may not be sold short"
    if change < 0 and wish.held + change < 0:
        shares = borrowable(frame.book, wish.con_id)
        most = -max(wish.held, ZERO) - (shares or ZERO)
        why = "nobody told that it can be borrowed" if shares is None else f"{shares} can be borrowed"
        return max(change, most), why
    return change, ""


def _lock(book: Book, wish: Wish) -> str:
    if wish.con_id not in book.locked:
        return ""
    return "locked by break " + ", ".join(
        found.break_id
        for found in (b.found for b in book.open_breaks)
        if found.con_id == wish.con_id and found.consequence == "lock"
    )


REDUCIBLE = frozenset({"position", "foreign_trade", "corporate_action"})


def _agreed_reduction(book: Book, wish: Wish, target: Decimal) -> Decimal:
    """Return the change of a locked contract: toward the target, within what both sides agree is held.

    Of what somebody else traded, only what was there before and after is agreed: their shares are not sold for them. An
    unknown order or a refused fact says that somebody else is at work: then nothing is done.
    """
    against = [b.found for b in book.open_breaks if b.found.con_id == wish.con_id and b.found.consequence == "lock"]
    reported = (book.reported.positions or {}).get(wish.con_id)
    if reported is None or not {found.kind for found in against} <= REDUCIBLE:
        return ZERO
    sides = [side for found in against for side in (found.expected, found.found) if side is not None]
    foreign = (found.difference or ZERO for found in against if found.kind == "foreign_trade")
    sides += [wish.held, reported.quantity, wish.held - sum(foreign, ZERO)]
    if any(side * wish.held <= 0 for side in sides):
        return ZERO
    agreed = min(sides, key=abs)
    goal = target if target * agreed > 0 else ZERO
    return min(goal, agreed, key=abs) - agreed


def _too_small(frame: Frame, wish: Wish, target: Decimal, change: Decimal) -> str:
    """Say why a change is not worth an order; leaving a position altogether always is."""
    leaves = wish.weight == 0 and not in_lots(frame.book.contracts.get(wish.con_id), wish.held + change)
    if leaves or (reduces(wish.held, change) and not frame.band_binds_reductions):
        return ""
    value, limits = abs(change) * wish.unit, frame.sizing.limits
    if value < limits.no_trade_band * frame.nav:
        return f"drift {percent(value / frame.nav)} of NAV, below the band of {percent(limits.no_trade_band)}"
    if abs(change) < limits.min_drift * abs(target):
        drift = abs(change) / abs(target)
        return f"drift {percent(drift)} of the position wanted, below the minimum of {percent(limits.min_drift)}"
    if value < limits.min_order_notional:
        return f"an order of {value:.2f}, below the minimum of {limits.min_order_notional}"
    return ""


def _order(frame: Frame, wish: Wish, market: Touch, target: Decimal, change: Decimal) -> OrderPlanned:
    priced = frame.sizing.order_type == "LMT"
    limit_price = limit_price_of(frame, wish.con_id, market, change) if priced else None
    price = market.far(change) if limit_price is None else limit_price
    quantity = _bounded(frame, wish, change, max(price, market.reference))
    if not quantity:
        return nothing(wish, target, "one unit exceeds what one order may be worth, or its share of the volume")
    shares = f"{percent(wish.held * wish.unit / frame.nav)} of NAV held, {percent(wish.weight)} wanted"
    return OrderPlanned(
        con_id=wish.con_id,
        symbol=wish.symbol,
        action="BUY" if quantity > 0 else "SELL",
        quantity=quantity,
        reason="; ".join((shares, *_left(frame, wish, change, quantity))),
        held=wish.held,
        target=target,
        weight=wish.weight,
        reference_price=market.reference,
        limit_price=limit_price,
        order_ref=new_order_ref(frame.book, wish.con_id, "B" if quantity > 0 else "S"),
        algo=frame.sizing.algo if priced else "",
        algo_priority=frame.sizing.algo_priority if priced else "",
        order_type=frame.sizing.order_type,
    )


def _left(frame: Frame, wish: Wish, change: Decimal, quantity: Decimal) -> Iterator[str]:
    """Tell what an order leaves for later, and what cannot be ordered at all."""
    if quantity != change:
        yield f"{abs(quantity)} of {abs(change)} in this cycle"
    contract = frame.book.contracts.get(wish.con_id)
    if odd := abs(wish.held) % lot_of(contract):
        yield f"{odd} held cannot be ordered: it trades in lots of {lot_of(contract)}"


def limit_price_of(frame: Frame, con_id: int, market: Touch, change: Decimal) -> Decimal:
    """Price an order a few ticks through the touch, inside both collars, where its exchange takes a price."""
    limits, contract, ticks = frame.sizing.limits, frame.book.contracts[con_id], frame.sizing.offset_ticks
    collar = limits.collar_of(market.data_type)
    if change > 0:
        ceilings = market.last * (1 + collar), market.close * (1 + limits.close_collar)
        return price_below(contract, min(market.ask + ticks * increment_at(contract, market.ask), *ceilings))
    floors = market.last * (1 - collar), market.close * (1 - limits.close_collar)
    return price_above(contract, max(market.bid - ticks * increment_at(contract, market.bid), *floors))


def _bounded(frame: Frame, wish: Wish, change: Decimal, price: Decimal) -> Decimal:
    """Keep an order within what one may be worth; what shrinks a position is never kept back."""
    if reduces(wish.held, change):
        return change
    limits = frame.sizing.limits
    worth = min(limits.order_notional_max, limits.order_share_max * frame.nav)
    most = worth // unit_value(frame.book, wish.con_id, price)
    most = min(most, limits.order_volume_share_max * wish.volume // 1)
    if wish.held * change < 0:
        most = max(most, abs(wish.held) // 1)
    return in_lots(frame.book.contracts.get(wish.con_id), min(abs(change), most)).copy_sign(change)


def nothing(wish: Wish, target: Decimal | None = None, reason: str = "") -> OrderPlanned:
    """Plan to leave a contract alone, and say why."""
    return OrderPlanned(
        con_id=wish.con_id,
        symbol=wish.symbol,
        action="NOTHING",
        quantity=ZERO,
        reason=reason or wish.obstacle,
        held=wish.held,
        target=wish.held if target is None else target,
        weight=wish.weight,
        reference_price=wish.price,
    )
