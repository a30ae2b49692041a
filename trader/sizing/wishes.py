"""Each contract on its way from weight to order: what is wanted, and what stands in the way.

To leave a contract alone for another reason: add a case to `closed`, or to `wish_of`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from ledger.book import Book
from ledger.hours import hours_of, last_moment
from ledger.lots import ZERO
from ledger.nav import Unvalued
from ledger.refusals import rests
from trader.limits import Limits
from trader.netting import allowed_to_any, exposures, is_wanted, together
from trader.projection import (
    Touch,
    average_volume,
    held,
    running_cycle,
    skipped,
    touch,
    unit_value,
)

Policy = Literal["leave", "cover_debits", "convert_all"]  # of cash in other currencies


@dataclass(frozen=True)
class Sizing:
    """What the plan is made by, besides the book."""

    universe: tuple[int, ...]  # con_ids: nothing else is ever ordered
    limits: Limits
    offset_ticks: int = 2  # added to the ask of a purchase, taken from the bid of a sale
    algo: str = "Adaptive"
    algo_priority: str = "Normal"  # Urgent, Normal, Patient
    cash_reserve: Decimal = ZERO  # base currency: of NAV, what weights are not taken of
    currency_policy: Policy = "leave"
    currency_min: Decimal = ZERO  # base currency: a smaller balance is left
    order_type: Literal["LMT", "MKT", "MOC"] = "LMT"
    moc_cutoff: timedelta = timedelta(minutes=15)  # before the close: from then on no order at the close is placed


@dataclass(frozen=True)
class Wish:
    """One contract on its way from weight to order."""

    con_id: int
    symbol: str
    held: Decimal
    weight: Decimal  # fraction of NAV, leverage included
    obstacle: str = ""  # why nothing can be done; then the holding stays as it is
    market: Touch | None = None  # absent only beside an obstacle
    volume: Decimal = ZERO  # average of a day, in units
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

    @property
    def invested(self) -> Decimal:
        """What weights are fractions of: NAV without the reserve; limits are fractions of NAV."""
        return max(self.nav - self.sizing.cash_reserve, ZERO)


def wish_of(frame: Frame, con_id: int) -> Wish:
    """Return what is wanted of a contract, and its market; or what stands in the way."""
    book = frame.book
    if not is_wanted(book, con_id):
        return bare(book, con_id, "no target: the forecast does not name it")
    wish = bare(book, con_id, "")
    if fault := skipped(book).get(con_id):
        return replace(wish, obstacle=f"its data are faulty: {fault.kind} of {fault.first}: {fault.text}")
    override = allowed_to_any(book, wish.symbol)
    wish = replace(wish, weight=_wanted(frame, wish, ZERO))
    if override.allow == "none":
        return replace(wish, obstacle=override.why)
    if obstacle := closed(book, con_id) or rests(book, con_id, _today(book)) or _too_late(frame, wish.symbol):
        return replace(wish, obstacle=obstacle)
    try:
        market = touch(book, con_id)
        unit = unit_value(book, con_id, market.reference)
    except Unvalued as missing:
        return replace(wish, obstacle=f"no price: {missing}")
    try:
        volume = average_volume(book, con_id)
    except Unvalued as missing:
        return replace(wish, obstacle=f"no volume: {missing}")
    if obstacle := wild(market, frame.sizing.limits):
        return replace(wish, obstacle=obstacle)
    return replace(wish, market=market, unit=unit, volume=volume, weight=_wanted(frame, wish, unit))


def closed(book: Book, con_id: int) -> str:
    """Say why a contract cannot be traded now, or nothing."""
    started, contract, quote = running_cycle(book).started, book.contracts.get(con_id), book.quotes.get(con_id)
    if contract is None or contract.min_tick <= 0:
        return "the broker has not defined the contract"
    hours = hours_of(started, contract.symbol)
    if not hours.has_opened(book.now):
        return f"market closed: {hours.calendar}" if hours.calendar else "market closed"
    return "its trading is halted" if quote is not None and quote.halted else ""


def _today(book: Book) -> date:
    return running_cycle(book).started.session_day


def _too_late(frame: Frame, symbol: str) -> str:
    """Say why an order at the close cannot be placed any more, or nothing."""
    sizing, started = frame.sizing, running_cycle(frame.book).started
    cutoff = last_moment(started, [symbol]) - sizing.moc_cutoff
    if sizing.order_type != "MOC" or frame.book.now < cutoff:
        return ""
    return f"too late for an order at the close: placed until {cutoff:%H:%M} UTC"


def wild(market: Touch, limits: Limits) -> str:
    """Say why a price is not to be believed, or nothing."""
    if market.bid > market.ask:
        return f"no price: bid {market.bid} above ask {market.ask}"
    if market.spread > limits.spread_max:
        return f"spread {percent(market.spread)}, above {percent(limits.spread_max)}"
    for name, base, collar in (
        ("last price", market.last, limits.collar_of(market.data_type)),
        ("previous close", market.close, limits.close_collar),
    ):
        for price in (market.bid, market.ask):
            if abs(price - base) > collar * base:
                return f"price {price} beyond the collar of {percent(collar)} around the {name} {base}"
    return ""


def bare(book: Book, con_id: int, obstacle: str) -> Wish:
    """Return a contract of which nothing is wanted."""
    contract = book.contracts.get(con_id)
    symbol = contract.symbol if contract else str(con_id)
    return Wish(con_id, symbol, held(book, con_id), ZERO, obstacle)


def _wanted(frame: Frame, wish: Wish, unit: Decimal) -> Decimal:
    """Return what all strategies want together; what one of them may not change counts as it stands."""
    worth = unit / frame.invested if frame.invested else ZERO
    return together(exposures(frame.book, wish.con_id, wish.symbol, worth))


def percent(share: Decimal) -> str:
    """Spell a fraction as people do."""
    return f"{share:.2%}".replace("%", " %")
