"""What limits make of the targets before anything is planned: names are cut, all are scaled to what is free."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal

from ledger.events import TargetsScaled
from ledger.lots import ZERO
from ledger.nav import mark
from trader.projection import (
    unit_value,
)
from trader.sizing.wishes import Frame, Wish, percent

FACTOR_UNIT = Decimal("1e-6")


def shaped(frame: Frame, wishes: tuple[Wish, ...]) -> tuple[tuple[Wish, ...], tuple[TargetsScaled, ...]]:
    """Cut names above their share, scale sectors to theirs, then all to the leverage that is free."""
    limits, scaled = frame.sizing.limits, list[TargetsScaled]()
    cut = []
    for wish in wishes:
        factor = _factor(limits.name_share_max, abs(wish.weight))
        cut.append(_times(wish, factor))
        if factor < 1 and not wish.obstacle:
            reason = (
                f"{wish.symbol}: {percent(abs(wish.weight))} of NAV wanted, {percent(limits.name_share_max)} allowed"
            )
            scaled.append(TargetsScaled(limit="name_share_max", factor=factor, con_ids=(wish.con_id,), reason=reason))
    cut = list(_within_sectors(frame, cut, scaled))
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


def _within_sectors(frame: Frame, wishes: list[Wish], scaled: list[TargetsScaled]) -> Iterator[Wish]:
    """Scale the names of a sector to what is allowed of it, and tell so."""
    limits = frame.sizing.limits
    wanted = dict[str, Decimal]()
    for wish in wishes:
        sector = limits.sector_of(wish.symbol)
        wanted[sector] = wanted.get(sector, ZERO) + abs(wish.weight)
    factors = {s: _factor(limits.sector_share_max, total) for s, total in wanted.items() if s}
    for sector, factor in factors.items():
        if factor < 1:
            con_ids = tuple(wish.con_id for wish in wishes if limits.sector_of(wish.symbol) == sector)
            reason = f"{sector}: {percent(wanted[sector])} of NAV wanted, {percent(limits.sector_share_max)} allowed"
            scaled.append(TargetsScaled(limit="sector_share_max", factor=factor, con_ids=con_ids, reason=reason))
    for wish in wishes:
        yield _times(wish, factors.get(limits.sector_of(wish.symbol), Decimal(1)))


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
