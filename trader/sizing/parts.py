"""What each strategy has in a planned row: its part of the order, and what it passes to another inside the account.

Pure. Those who want the order's side share it pro rata to what each wants; what others want of the other side is
crossed with the rest of it, at the plan's reference price. What no strategy holds, as after an adoption, is wanted by
nobody: it passes to the strategies in this way. A cross that would be too little for an order waits, as that would.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from ledger.book import Book
from ledger.events import CrossRow, Fact, OrderPlanned, PartRow, StrategiesCrossed
from ledger.lots import BASIS_UNIT, ZERO
from ledger.subbooks import REST, holders, pro_rata, sub_position
from trader.netting import allowed_to_any, exposures, names_wanting, together
from trader.projection import running_cycle
from trader.sizing.wishes import Frame, Wish

Units = dict[str, Decimal]  # signed, by strategy


def with_parts(frame: Frame, wishes: tuple[Wish, ...], rows: tuple[OrderPlanned, ...]) -> tuple[OrderPlanned, ...]:
    """Return the plan with what each strategy has in it; where there is but one, all is that one's."""
    if len(names_wanting(frame.book)) < 2 and not frame.book.sub_positions:
        return rows
    wished = {wish.con_id: wish for wish in wishes}
    return tuple(_with_parts(frame, wished[row.con_id], row) for row in rows)


def cross_strategies(book: Book) -> tuple[Fact, ...]:
    """Pass units from strategy to strategy as the plan says; nothing where no order may leave."""
    if not book.may_trade:
        return ()
    rows = tuple(
        CrossRow(
            con_id=row.con_id,
            symbol=row.symbol,
            strategy=part.strategy,
            quantity=part.crossed,
            price=row.reference_price,
        )
        for row in running_cycle(book).plan
        for part in row.parts
        if part.crossed and row.reference_price is not None
    )
    return (StrategiesCrossed(rows=rows),) if rows else ()


def _with_parts(frame: Frame, wish: Wish, row: OrderPlanned) -> OrderPlanned:
    book, con_id = frame.book, row.con_id
    held = {name: sub_position(book, name, con_id) for name in _participants(book, con_id)}
    if wish.obstacle or con_id in book.locked:
        wanted = dict.fromkeys(held, ZERO)
    else:
        targets = _targets(frame, wish)
        wanted = {name: (targets.get(name, ZERO) - units).quantize(BASIS_UNIT) for name, units in held.items()}
    parts = tuple(_parts(frame, wish, row.quantity, wanted, held))
    return row.model_copy(update={"parts": parts}) if parts else row


def _participants(book: Book, con_id: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*names_wanting(book), *holders(book, con_id), REST)))


def _targets(frame: Frame, wish: Wish) -> Units:
    """Return the units that each strategy wants, shaped as the limits shaped what all want together."""
    if not frame.invested or not wish.unit:
        return {}
    wanted = exposures(frame.book, wish.con_id, wish.symbol, wish.unit / frame.invested)
    unshaped = together(wanted)
    factor = wish.weight / unshaped if unshaped else Decimal(1)
    return {name: exposure * factor * frame.invested / wish.unit for name, exposure in wanted.items()}


def _parts(frame: Frame, wish: Wish, quantity: Decimal, wanted: Units, held: Units) -> Iterator[PartRow]:
    side = quantity or sum(wanted.values(), ZERO) or Decimal(1)
    same = {name: units for name, units in wanted.items() if units * side > 0}
    other = {name: units for name, units in wanted.items() if units * side < 0}
    if quantity and not same:  # it shrinks what nobody asked to: whose it is, shares it
        same = {name: -units for name, units in held.items() if units * quantity < 0}
    ordered = dict(pro_rata(quantity, tuple(same.items())))
    crossed = _crossed(frame, wish, same, other, abs(quantity))
    for name in dict.fromkeys((*ordered, *crossed)):
        yield PartRow(strategy=name, quantity=ordered.get(name, ZERO), crossed=crossed.get(name, ZERO))


def _crossed(frame: Frame, wish: Wish, same: Units, other: Units, ordered: Decimal) -> Mapping[str, Decimal]:
    """Return what each side gets of the other: what is wanted of both, beyond the order."""
    ours, theirs = abs(sum(same.values(), ZERO)), abs(sum(other.values(), ZERO))
    most = min(ours - ordered, theirs)
    leaves = any(sub_position(frame.book, name, wish.con_id) == -units for name, units in other.items())
    is_little = most * wish.unit < frame.sizing.limits.no_trade_band * frame.nav and not leaves
    may_grow = allowed_to_any(frame.book, wish.symbol).allow == "all"  # what passes makes one of them larger
    if most <= 0 or wish.obstacle or is_little or not may_grow:
        return {}
    sign = Decimal(1).copy_sign(next(iter(same.values())))
    return dict((*pro_rata(most * sign, tuple(same.items())), *pro_rata(-most * sign, tuple(other.items()))))
