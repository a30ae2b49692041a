"""`tallybook audit`: a day, or many, told and decided again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from trader.commands.home import home_of, refuse_foreign_log, zone_of
from trader.commands.progress import bar, explained
from trader.commands.report import RANGE_HELP, range_of

DayOrRange = Annotated[str, typer.Argument(metavar="DAY|MONTH|YEAR", help=RANGE_HELP)]


def audit(
    context: typer.Context,
    day: DayOrRange,
    cycle: Annotated[
        str, typer.Option("--cycle", metavar="HH:MM", help="one cycle of the day, line by line", show_default=False)
    ] = "",
    why: Annotated[
        str, typer.Option("--why", metavar="CONTRACT", help="a symbol: what led to its orders", show_default=False)
    ] = "",
    other: Annotated[
        Path | None, typer.Option("--with", metavar="FILE", help="the same day under other settings")
    ] = None,
    without: Annotated[
        str, typer.Option("--without", metavar="SAFEGUARD", help="the same day without one safeguard")
    ] = "",
) -> int:
    """Decide a recorded day again: every forecast, plan, verdict and reconciliation, to the last digit.

    Exit 1 on a divergence: the first is named with both values. A month or a year is told a line a day.
    """
    from queries.slowness import unfolded  # slow to import

    home = home_of(context)
    refuse_foreign_log(home)
    zone, (first, last) = zone_of(home), range_of(day)
    if first is None or last is None or not day:
        raise typer.BadParameter(f"expected {RANGE_HELP}; found {day!r}")
    if first != last:
        _refuse_beside_range(cycle, why, str(other or ""), without)
    with explained(partial(unfolded, home, first.isoformat())):
        if first != last:
            return _range(home, first, last, zone)
        return _day(home, first, zone, cycle, why, other, without)


def _day(home: Path, day: date, zone: str, cycle: str, why: str, other: Path | None, without: str) -> int:
    from trader.audit.telling import print_cycle, print_day, print_otherwise, print_why

    if other is not None or without:
        return print_otherwise(home, day, zone, other, without)
    if why:
        return print_why(home, day, zone, why, cycle)
    return print_cycle(home, day, zone, cycle) if cycle else print_day(home, day, zone)


def _refuse_beside_range(*options: str) -> None:
    if any(options):
        raise typer.BadParameter("--cycle, --why, --with and --without are of one day; name one")


def _range(home: Path, first: date, last: date, zone: str) -> int:
    from trader.audit.periods import days_between
    from trader.audit.telling import print_days

    days = days_between(home, first, last)
    with bar("deciding again", len(days), every=1) as tell:
        return print_days(home, days, zone, tell)


COMMANDS: tuple[tuple[str, Callable[..., object]], ...] = (("audit", audit),)
