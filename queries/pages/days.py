"""Many days, a line each; of more than a quarter, a month each.

To tell another figure of a day or a month: a column in `_head`, and its cell in `_row`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from ledger.lots import ZERO
from ledger.returns import DayOfAccount, linked
from queries.figures import UNKNOWN, change, money, percent_change
from queries.pages.found import Found
from queries.pages.orders import Order
from queries.pages.stretch import Cycle
from queries.sections import Section

DAYS_MAX = 66  # more of them are told by month
GLYPHS = "● finished  ○ without consent to trade  ◐ beside an open break  ✗ failed  † never ended"
OF_MONTHS = "Leverage is the highest after a cycle; cycles are those that finished, of all."


@dataclass(slots=True)
class Line:
    """What a line tells of."""

    name: str
    first: date
    is_day: bool
    days: list[DayOfAccount | None] = field(default_factory=list)
    benchmark: list[DayOfAccount | None] = field(default_factory=list)
    cycles: list[Cycle] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)


def sections(found: Found) -> Iterator[Section]:
    """Tell each day, or each month, in a line."""
    if found.is_one_day:
        return
    lines = _lines(found)
    by_day = lines[0].is_day
    rows = [_row(line) for line in lines]
    base = found.stretch.base_currency
    head = ["day" if by_day else "month", f"NAV {base}", "made", "", "leverage", "cycles", "filled", ""]
    if found.course is not None:
        head.insert(4, found.course.ticker)
    else:
        rows = [(*row[:4], *row[5:]) for row in rows]
    texts = frozenset((0, len(head) - 3, len(head) - 1))
    heading = "Day by day" if by_day else "Month by month"
    yield Section(
        heading, head=tuple(head), rows=tuple(rows), texts=texts, after=(GLYPHS if by_day else OF_MONTHS,)
    )  # fmt: skip


def _lines(found: Found) -> Sequence[Line]:
    by_day = len(found.bridged) <= DAYS_MAX
    lines = dict[str, Line]()

    def line_of(day: date) -> Line:
        name = f"{day:%a} {day.day} {day:%b}" if by_day else f"{day:%b %Y}"
        return lines.setdefault(name, Line(name, day, by_day))

    known = {day.day: day for day in found.days}
    beside = dict(zip(known, _beside(found), strict=True)) if found.course is not None else {}
    for told in found.bridged:
        line = line_of(told.day)
        line.days.append(known.get(told.day))
        line.benchmark.append(beside.get(told.day))
    for cycle in found.cycles:
        line_of(cycle.day).cycles.append(cycle)
    for order in found.stretch.orders.values():
        line_of(order.day).orders.append(order)
    # A day on which nothing finished has no bridge, and cycles alone: its line comes last, and belongs in its place.
    return sorted(lines.values(), key=lambda line: line.first)


def _beside(found: Found) -> Iterator[DayOfAccount | None]:
    """Return each day as it would have been in the benchmark; None where that is not known."""
    assert found.course is not None
    before: Decimal | None = found.days[0].opening
    for day, value in zip(found.days, found.course.values, strict=True):
        yield None if before is None or value is None else DayOfAccount(day.day, before, day.flows, value)
        before = value


def _row(line: Line) -> tuple[str, ...]:
    stood = [cycle.stood for cycle in line.cycles if cycle.stood is not None]
    filled = sum(order.status == "filled" for order in line.orders)
    levels = [each.leverage_gross for each in stood]
    level = None if not levels else levels[-1] if line.is_day else max(levels)
    return (
        line.name,
        money(stood[-1].nav if stood else None),
        change(_made(line.days)),
        percent_change(_returned(line.days)),
        percent_change(_returned(line.benchmark)) if any(line.benchmark) else "",
        UNKNOWN if level is None else f"{level:.2f}",
        _cycles(line),
        f"{filled}/{len(line.orders)}",
        _breaks(line),
    )


def _made(days: Sequence[DayOfAccount | None]) -> Decimal | None:
    """Return what was made as the difference of the figures that are shown; None where a day is not known."""
    total = ZERO if days else None
    for day in days:
        if day is None or total is None:
            return None
        total += round(day.closing, 2) - round(day.opening, 2) - round(day.flows, 2)
    return total


def _returned(days: Sequence[DayOfAccount | None]) -> Decimal | None:
    known = [day for day in days if day is not None]
    return linked(known) if known and len(known) == len(days) else None


def _cycles(line: Line) -> str:
    if line.is_day:
        return "".join(cycle.glyph for cycle in line.cycles if cycle.kind != "close")
    finished = sum(cycle.ended_at is not None and not cycle.failed for cycle in line.cycles)
    return f"{finished}/{len(line.cycles)}"


def _breaks(line: Line) -> str:
    names = [name for cycle in line.cycles for name in cycle.breaks]
    if line.is_day or not names:
        return ", ".join(names)
    return f"{len(names)} break{'' if len(names) == 1 else 's'}"
