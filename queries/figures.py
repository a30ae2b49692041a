"""How figures look to a person: thousands separated, cents for money, a sign where a change is meant.

Rounding here is for the eye alone (half-even, at the last moment); whoever needs every digit asks for csv or json.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from ledger.events import decimal_text

UNKNOWN = "unknown"
CENT = Decimal("0.01")


def money(amount: Decimal | None) -> str:
    """1234.5 -> 1,234.50."""
    return UNKNOWN if amount is None else f"{_without_negative_zero(amount, 2):,.2f}"


def change(amount: Decimal | None) -> str:
    """1234.5 -> +1,234.50."""
    return UNKNOWN if amount is None else f"{_without_negative_zero(amount, 2):+,.2f}"


def adding_up(terms: Sequence[Decimal], total: Decimal) -> list[Decimal]:
    """Round terms to cents so that they add up to the total as it is shown: each is right to a cent, and so is the sum.

    What rounding leaves over goes to the terms whose own rounding went furthest the other way.
    """
    shown = [round(term, 2) for term in terms]
    left = round(total, 2) - sum(shown, Decimal(0))
    step = CENT.copy_sign(left)
    nearest = sorted(range(len(terms)), key=lambda place: (shown[place] - terms[place]) * step)
    for place in nearest[: int(abs(left) / CENT)]:
        shown[place] += step
    return shown


def percent(fraction: Decimal | None, places: int = 1) -> str:
    """0.17 -> 17.0 %."""
    return UNKNOWN if fraction is None else f"{_without_negative_zero(fraction * 100, places):,.{places}f} %"


def percent_change(fraction: Decimal | None) -> str:
    """0.0026 -> +0.26 %."""
    return UNKNOWN if fraction is None else f"{_without_negative_zero(fraction * 100, 2):+,.2f} %"


def points(basis_points: Decimal | None) -> str:
    """0.36 -> +0.4 bp; what costs or brings nothing in money may have none."""
    return UNKNOWN if basis_points is None else f"{_without_negative_zero(basis_points, 1):+,.1f} bp"


def quantity(units: Decimal) -> str:
    """1000 -> 1,000; every decimal place that there is."""
    return f"{Decimal(decimal_text(units)):,f}"


def price(amount: Decimal | None) -> str:
    """44.8 -> 44.80; finer prices keep all their places."""
    if amount is None:
        return UNKNOWN
    exact = Decimal(decimal_text(amount))
    places = -int(exact.as_tuple().exponent)
    return f"{exact:,.2f}" if places < 2 else f"{exact:,f}"


def clock_time(moment: datetime, zone: str) -> str:
    """Return 09:35, in the zone."""
    return f"{moment.astimezone(ZoneInfo(zone)):%H:%M}"


def day_and_time(moment: datetime, zone: str) -> str:
    """Return Mon 28 Feb 2005 16:35, in the zone."""
    there = moment.astimezone(ZoneInfo(zone))
    return f"{there:%a} {there.day} {there:%b %Y %H:%M}"


def city(zone: str) -> str:
    """America/New_York -> New York."""
    return zone.rpartition("/")[2].replace("_", " ")


def columns(rows: Iterable[Iterable[str]], right: frozenset[int] = frozenset(), gap: str = "  ") -> list[str]:
    """Align cells under each other; the named columns stand to the right."""
    table = [list(row) for row in rows]
    widths = [max(map(len, cells)) for cells in zip(*table, strict=True)]
    return [
        gap.join(
            cell.rjust(w) if i in right else cell.ljust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in table
    ]


def _without_negative_zero(amount: Decimal, places: int) -> Decimal:
    return round(amount, places) + 0
