"""The course of some days, drawn: NAV beside the benchmark, the fall from the peak, leverage under its limit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from itertools import groupby

from ledger.lots import ROUNDING, ZERO
from queries.figures import clock_time, money, percent
from queries.pages.drawing import NARROW, Curve, Mark, Style, curves, spark
from queries.pages.found import Found
from queries.sections import Chart, Section

ONE = Decimal(1)
CYCLES_MAX = 700  # more of them are too many for one picture
YEAR = timedelta(days=366)


def sections(found: Found) -> Iterator[Section]:
    """Yield the pictures."""
    charts = tuple(chart for chart in (_nav(found), _drawdown(found), _leverage(found)) if chart is not None)
    if charts:
        yield Section("Course", charts=charts)


def _nav(found: Found) -> Chart | None:
    if found.is_one_day:
        return _nav_of_a_day(found)
    if not found.days:
        return None
    places = ("before", *map(_days_named(found), (day.day for day in found.days)))
    values = (found.days[0].opening or None, *(day.closing for day in found.days))
    told = [Curve("NAV", values)]
    if found.course is not None and found.course.until is not None:
        told.append(Curve(found.course.ticker, (found.days[0].opening or None, *found.course.values), "second"))
    days = [day.day for day in found.days]
    marks = [
        Mark(days.index(day) + 1, f"break {name}")
        for name, event in found.stretch.breaks.items()
        if (day := found.stretch.day_of(event)) in days
    ]
    return _chart(found, told, places, marks)


def _nav_of_a_day(found: Found) -> Chart:
    told = [(cycle.started_at, cycle.stood.nav) for cycle in found.cycles if cycle.stood is not None]
    places = [clock_time(at, found.stretch.zone) for at, _ in told]
    values: list[Decimal | None] = [nav for _, nav in told]
    before = found.stretch.opening_snapshot
    if before is not None:
        places, values = ["before", *places], [before.nav, *values]
    cycles = [cycle for cycle in found.cycles if cycle.stood is not None]
    shift = len(places) - len(cycles)
    marks = [Mark(place + shift, f"break {name}") for place, cycle in enumerate(cycles) for name in cycle.breaks]
    return _chart(found, [Curve("NAV", values)], places, marks)


def _chart(
    found: Found, told: list[Curve], places: list[str] | tuple[str, ...], marks: list[Mark]
) -> Chart:  # fmt: skip
    unit = found.stretch.base_currency
    legend = tuple((curve.style, curve.name) for curve in told) if len(told) > 1 else ()
    return Chart(
        f"NAV {unit}", curves(told, places, partial(_whole), marks=marks), _named(legend), spark(told[0].values)
    )


def _named(legend: Iterable[tuple[Style, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((style, name) for style, name in legend)


def _whole(amount: Decimal) -> str:
    """Spell a level of NAV: cents only where the whole is small."""
    return f"{amount:,.0f}" if abs(amount) >= 1000 else money(amount)


def _drawdown(found: Found) -> Chart | None:
    """Draw how far a unit of the account is below its best of these days."""
    if len(found.days) < 2:
        return None
    unit = peak = ONE
    falls: list[Decimal | None] = [ZERO]
    for day in found.days:
        if day.factor is None:
            return None
        unit = ROUNDING.multiply(unit, day.factor)
        peak = max(peak, unit)
        falls.append(ROUNDING.subtract(ROUNDING.divide(unit, peak), ONE))
    if not any(falls):
        return None
    places = ("before", *map(_days_named(found), (day.day for day in found.days)))
    told = [Curve("below the peak", falls), Curve("", falls, "area")]
    return Chart(
        "Below the best of these days", curves(told, places, percent, base=ZERO, size=NARROW), (), spark(falls)
    )


def _leverage(found: Found) -> Chart | None:
    """Draw leverage after each cycle; of many, that of each day's highest."""
    told = [(cycle, cycle.stood) for cycle in found.cycles if cycle.stood is not None]
    if len(told) > CYCLES_MAX:
        by_day = groupby(told, key=lambda each: each[0].day)
        told = [max(of_day, key=lambda each: each[1].leverage_gross) for _, of_day in by_day]
    if not told:
        return None
    gross = [stood.leverage_gross for _, stood in told]
    limits = list[Decimal | None]()
    for cycle, _ in told:
        limits.append(cycle.gross_limit or (limits[-1] if limits else None))
    zone, named = found.stretch.zone, _days_named(found)
    places = [clock_time(cycle.started_at, zone) if found.is_one_day else named(cycle.day) for cycle, _ in told]
    shown = [Curve("gross", gross, steps=True), Curve("", gross, "area", steps=True)]
    legend: list[tuple[Style, str]] = [("line", "gross")]
    if any(limits):
        shown.insert(1, Curve("limit", limits, "limit", steps=True))
        legend.append(("limit", "limit of gross"))
    net = [stood.leverage_net for _, stood in told]
    if net != gross:
        shown.append(Curve("net", net, "second", steps=True))
        legend.append(("second", "net"))
    drawn = curves(shown, places, _twice, base=ZERO, size=NARROW)
    return Chart("Leverage", drawn, _named(legend) if len(legend) > 1 else (), spark(gross))


def _days_named(found: Found) -> Callable[[date], str]:
    """Return how days are named: of more than a year, by month."""
    length = found.bridged[-1].day - found.bridged[0].day
    return (lambda day: f"{day:%b %Y}") if length > YEAR else (lambda day: f"{day.day} {day:%b}")


def _twice(amount: Decimal) -> str:
    return f"{amount:.2f}"
