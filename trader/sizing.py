"""What to do about every contract of the universe: buy, sell or nothing, how much, at what limit, and why.

Pure. Limits shape the plan first: a name above its share is cut, all are scaled pro rata to the leverage that holdings
outside the plan leave free, drift above the cap is reduced, one order is kept within its bounds. A halted or doubtful
book plans too, so that the log shows what would be done: the safeguards veto it. To leave a contract alone for another
reason: add a case to `_obstacle`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal, localcontext

from ledger.book import Book
from ledger.events import Fact, OrderPlanned, StepFailed, TargetRow, TargetsScaled
from ledger.lots import ZERO
from ledger.nav import Unvalued, mark
from ledger.references import new_order_ref
from trader.limits import Limits
from trader.projection import (
    ARITHMETIC,
    Touch,
    cautious_nav,
    gross_value,
    held,
    reduces,
    running_cycle,
    touch,
    unit_value,
)
from trader.safeguards import reductions_only

STEP = "plan"
FACTOR_UNIT = Decimal("1e-6")


@dataclass(frozen=True)
class Sizing:
    """What the plan is made by, besides the book."""

    universe: tuple[int, ...]  # con_ids: nothing else is ever ordered
    limits: Limits
    offset_ticks: int = 2  # added to the ask of a purchase, taken from the bid of a sale
    algo: str = "Adaptive"
    algo_priority: str = "Normal"  # Urgent, Normal, Patient


@dataclass(frozen=True)
class Wish:
    """One contract on its way from weight to order."""

    con_id: int
    symbol: str
    held: Decimal
    weight: Decimal  # fraction of NAV, leverage included
    obstacle: str = ""  # why nothing can be done; then the holding stays as it is
    market: Touch | None = None  # absent only beside an obstacle
    unit: Decimal = ZERO  # value of one unit at its reference price, in the base currency

    @property
    def price(self) -> Decimal | None:
        """The reference price."""
        return self.market.reference if self.market else None


@dataclass(frozen=True)
class Frame:
    """What holds for the whole plan."""

    book: Book
    sizing: Sizing
    nav: Decimal
    reductions_only: str  # why, or empty
    band_binds_reductions: bool = True  # not while drift carries leverage above its cap


def plan_orders(book: Book, sizing: Sizing) -> tuple[Fact, ...]:
    """Return how limits shaped the targets, and one planned row for each contract; a closing cycle plans nothing."""
    if running_cycle(book).started.kind == "close":
        return ()
    with localcontext(ARITHMETIC):
        try:
            frame = _frame(book, sizing)
            wishes = tuple(_wish(frame, con_id) for con_id in sizing.universe)
            wishes, scaled = _shaped(frame, wishes)
            return (*scaled, *_rows(frame, wishes))
        except Unvalued as unknown:
            idle = (_bare(book, con_id, f"not sized: {unknown}") for con_id in sizing.universe)
            return (StepFailed(step=STEP, reason=str(unknown)), *(_nothing(wish) for wish in idle))


def _frame(book: Book, sizing: Sizing) -> Frame:
    nav = cautious_nav(book)
    return Frame(book, sizing, nav, reductions_only(book, sizing.limits))


def _wish(frame: Frame, con_id: int) -> Wish:
    book, target = frame.book, _targets(frame.book).get(con_id)
    bare = _bare(book, con_id, "")
    if target is None:
        return replace(bare, obstacle="no target: the forecast does not name it")
    wish = replace(bare, weight=target.weight * target.leverage)
    if obstacle := _closed(book, con_id):
        return replace(wish, obstacle=obstacle)
    try:
        market = touch(book, con_id)
        unit = unit_value(book, con_id, market.reference)
    except Unvalued as missing:
        return replace(wish, obstacle=f"no price: {missing}")
    if obstacle := _wild(market, frame.sizing.limits):
        return replace(wish, obstacle=obstacle)
    return replace(wish, market=market, unit=unit)


def _closed(book: Book, con_id: int) -> str:
    """Say why a contract cannot be traded now, or nothing."""
    started, contract, quote = running_cycle(book).started, book.contracts.get(con_id), book.quotes.get(con_id)
    if contract is None or contract.min_tick <= 0:
        return "the broker has not defined the contract"
    if not started.session_open <= book.now < started.session_close:
        return "market closed"
    return "its trading is halted" if quote is not None and quote.halted else ""


def _wild(market: Touch, limits: Limits) -> str:
    """Say why a price is not to be believed, or nothing."""
    if market.bid > market.ask:
        return f"no price: bid {market.bid} above ask {market.ask}"
    if market.spread > limits.spread_max:
        return f"spread {_percent(market.spread)}, above {_percent(limits.spread_max)}"
    for name, base, collar in (
        ("last price", market.last, limits.price_collar),
        ("previous close", market.close, limits.close_collar),
    ):
        for price in (market.bid, market.ask):
            if abs(price - base) > collar * base:
                return f"price {price} beyond the collar of {_percent(collar)} around the {name} {base}"
    return ""


def _shaped(frame: Frame, wishes: tuple[Wish, ...]) -> tuple[tuple[Wish, ...], tuple[TargetsScaled, ...]]:
    """Cut names above their share, then scale all to the leverage that is free."""
    limits, scaled = frame.sizing.limits, []
    cut = []
    for wish in wishes:
        factor = _factor(limits.name_share_max, abs(wish.weight))
        cut.append(_times(wish, factor))
        if factor < 1 and not wish.obstacle:
            reason = (
                f"{wish.symbol}: {_percent(abs(wish.weight))} of NAV wanted, {_percent(limits.name_share_max)} allowed"
            )
            scaled.append(TargetsScaled(limit="name_share_max", factor=factor, con_ids=(wish.con_id,), reason=reason))
    free = [wish for wish in cut if _is_free(frame, wish)]
    others = _share_of_others(frame, cut)
    wanted = sum((abs(wish.weight) for wish in free), ZERO)
    factor = _factor(max(limits.gross_leverage_max - others, ZERO), wanted)
    if factor < 1:
        reason = (
            f"gross leverage {wanted + others:.4f} wanted, {others:.4f} of it held outside the plan; "
            f"{limits.gross_leverage_max} allowed"
        )
        con_ids = tuple(wish.con_id for wish in free)
        scaled.append(TargetsScaled(limit="gross_leverage_max", factor=factor, con_ids=con_ids, reason=reason))
    return tuple(_times(wish, factor) if _is_free(frame, wish) else wish for wish in cut), tuple(scaled)


def _factor(allowed: Decimal, wanted: Decimal) -> Decimal:
    """Return the factor that brings a wanted amount within what is allowed; rounded down, so that it stays within."""
    return Decimal(1) if wanted <= allowed else (allowed / wanted).quantize(FACTOR_UNIT, ROUND_DOWN)


def _times(wish: Wish, factor: Decimal) -> Wish:
    return wish if factor == 1 else replace(wish, weight=wish.weight * factor)


def _is_free(frame: Frame, wish: Wish) -> bool:
    """Tell whether the plan decides a contract's position; a locked one at most shrinks, so it counts as it stands."""
    return not wish.obstacle and wish.con_id not in frame.book.locked


def _share_of_others(frame: Frame, wishes: list[Wish]) -> Decimal:
    """Return the gross share of NAV of every holding that the plan does not decide, as it stands."""
    decided = {wish.con_id for wish in wishes if _is_free(frame, wish)}
    units = {wish.con_id: wish.unit for wish in wishes if wish.market}
    value = ZERO
    for con_id, quantity in frame.book.positions.items():
        if con_id not in decided:
            unit = units.get(con_id) or unit_value(frame.book, con_id, mark(frame.book, con_id))
            value += abs(quantity) * unit
    return value / frame.nav


def _rows(frame: Frame, wishes: tuple[Wish, ...]) -> tuple[OrderPlanned, ...]:
    """Plan every contract; if drift that the band leaves alone exceeds the leverage cap, let the band leave none."""
    rows = tuple(_row(frame, wish) for wish in wishes)
    if gross_value(frame.book, rows) > frame.sizing.limits.gross_leverage_max * frame.nav:
        return tuple(_row(replace(frame, band_binds_reductions=False), wish) for wish in wishes)
    return rows


def _row(frame: Frame, wish: Wish) -> OrderPlanned:
    """Decide about one contract."""
    if wish.market is None:
        return _nothing(wish)
    target = (abs(wish.weight) * frame.nav // wish.unit).copy_sign(wish.weight)  # whole shares, toward zero
    lock = _lock(frame.book, wish)
    change = _agreed_reduction(frame.book, wish, target) if lock else target - wish.held
    if not change:
        return _nothing(wish, target, lock or "on target")
    if frame.reductions_only and not reduces(wish.held, change):
        if wish.held * change >= 0:
            return _nothing(wish, target, f"reductions only: {frame.reductions_only}")
        change = -wish.held  # as far as flat, not through it
    change = change // 1  # whole units, toward zero: a fraction of one that is held cannot be ordered
    if not change:
        return _nothing(wish, target, lock or "less than one unit from the target")
    if reason := _too_small(frame, wish, change):
        return _nothing(wish, target, f"{reason}; {lock}" if lock else reason)
    return _order(frame, wish, wish.market, target, change)


def _lock(book: Book, wish: Wish) -> str:
    if wish.con_id not in book.locked:
        return ""
    return "locked by break " + ", ".join(
        found.break_id for found in (b.found for b in book.open_breaks) if found.con_id == wish.con_id
    )


def _agreed_reduction(book: Book, wish: Wish, target: Decimal) -> Decimal:
    """Return the change of a locked contract: toward the target, within what both sides agree is held.

    Only a difference of positions leaves anything agreed. A foreign trade, an unknown order or a refused fact says
    that somebody else is at work: then nothing is done.
    """
    kinds = {b.found.kind for b in book.open_breaks if b.found.con_id == wish.con_id}
    reported = (book.reported.positions or {}).get(wish.con_id)
    if kinds != {"position"} or reported is None or wish.held * reported.quantity <= 0:
        return ZERO
    agreed = min(wish.held, reported.quantity, key=abs)
    goal = target if target * agreed > 0 else ZERO
    return min(goal, agreed, key=abs) - agreed


def _too_small(frame: Frame, wish: Wish, change: Decimal) -> str:
    """Say why a change is not worth an order; leaving a position altogether always is."""
    leaves = wish.weight == 0 and abs(wish.held + change) < 1
    if leaves or (reduces(wish.held, change) and not frame.band_binds_reductions):
        return ""
    value, limits = abs(change) * wish.unit, frame.sizing.limits
    if value < limits.no_trade_band * frame.nav:
        return f"drift {_percent(value / frame.nav)} of NAV, below the band of {_percent(limits.no_trade_band)}"
    if value < limits.min_order_notional:
        return f"an order of {value:.2f}, below the minimum of {limits.min_order_notional}"
    return ""


def _order(frame: Frame, wish: Wish, market: Touch, target: Decimal, change: Decimal) -> OrderPlanned:
    limit_price = _limit_price(frame, wish.con_id, market, change)
    quantity = _bounded(frame, wish, change, max(limit_price, market.reference))
    if not quantity:
        return _nothing(wish, target, "one unit exceeds what one order may be worth")
    shares = f"{_percent(wish.held * wish.unit / frame.nav)} of NAV held, {_percent(wish.weight)} wanted"
    return OrderPlanned(
        con_id=wish.con_id,
        symbol=wish.symbol,
        action="BUY" if quantity > 0 else "SELL",
        quantity=quantity,
        reason=shares if quantity == change else f"{shares}; {abs(quantity)} of {abs(change)} in this cycle",
        held=wish.held,
        target=target,
        weight=wish.weight,
        reference_price=market.reference,
        limit_price=limit_price,
        order_ref=new_order_ref(frame.book, wish.con_id, "B" if quantity > 0 else "S"),
        algo=frame.sizing.algo,
        algo_priority=frame.sizing.algo_priority,
    )


def _limit_price(frame: Frame, con_id: int, market: Touch, change: Decimal) -> Decimal:
    """Price an order a few ticks through the touch, inside both collars, on a tick."""
    limits, tick = frame.sizing.limits, frame.book.contracts[con_id].min_tick
    offset = frame.sizing.offset_ticks * tick
    if change > 0:
        ceilings = market.last * (1 + limits.price_collar), market.close * (1 + limits.close_collar)
        return (min(market.ask + offset, *ceilings) / tick).to_integral_value(ROUND_FLOOR) * tick
    floors = market.last * (1 - limits.price_collar), market.close * (1 - limits.close_collar)
    return (max(market.bid - offset, *floors) / tick).to_integral_value(ROUND_CEILING) * tick


def _bounded(frame: Frame, wish: Wish, change: Decimal, price: Decimal) -> Decimal:
    """Keep an order within what one may be worth; what shrinks a position is never kept back."""
    if reduces(wish.held, change):
        return change
    limits = frame.sizing.limits
    worth = min(limits.order_notional_max, limits.order_share_max * frame.nav)
    most = worth // unit_value(frame.book, wish.con_id, price)
    if wish.held * change < 0:
        most = max(most, abs(wish.held) // 1)
    return min(abs(change), most).copy_sign(change)


def _bare(book: Book, con_id: int, obstacle: str) -> Wish:
    contract = book.contracts.get(con_id)
    symbol = contract.symbol if contract else str(con_id)
    return Wish(con_id, symbol, held(book, con_id), ZERO, obstacle)


def _nothing(wish: Wish, target: Decimal | None = None, reason: str = "") -> OrderPlanned:
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


def _targets(book: Book) -> Mapping[int, TargetRow]:
    computed = running_cycle(book).targets
    return {row.con_id: row for row in computed[-1].rows} if computed else {}


def _percent(share: Decimal) -> str:
    return f"{share:.2%}".replace("%", " %")
