"""Reports: how NAV came about, what the account returned and realised, and what a tax form needs.

To add one: write what it says in `queries/`, a function here, and name it in `REPORT`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ledger.log import read_genesis
from ledger.log.head import read_head
from ledger.log.storage import var_folder
from queries.sql import Format
from trader.commands.home import home_of, refuse_foreign_log, zone_of
from trader.commands.progress import bar

if TYPE_CHECKING:
    from queries.closed_lots import History

Form = Literal["text", "json", "html"]
FormatOption = Annotated[Format, typer.Option("--format", help="table, csv or json")]
RANGE_HELP = "a trading day (2005-03-01), a month, a year, or two of these joined: 2005-01..2005-03-15"
Range = Annotated[str, typer.Argument(metavar="DAY|RANGE", help=RANGE_HELP)]
SomeRange = Annotated[str, typer.Argument(metavar="[RANGE]", help=RANGE_HELP, show_default=False)]

REPORT = typer.Typer(
    help="What the account did: NAV bridge, reconciliation, returns, realised, trades, strategies, tax.",
    no_args_is_help=True,
)


@REPORT.callback()
def report() -> None:
    """Tell what the account did."""


@REPORT.command("nav-bridge")
def nav_bridge(context: typer.Context, days: Range, format: FormatOption = "table") -> int:
    """Explain how NAV came from one day's end to the next, line by line (exit 1 on a residual or an unknown day).

    DAY is a trading day; its last finished cycle ends it. Lines are in the base currency, at the day's closing rates.
    """
    from queries.bridge import days_of, print_bridges

    home, (first, last) = _home(context), range_of(days)
    base_currency = read_genesis(home).base_currency
    if format != "table":
        return print_bridges(days_of(home, first, last, zone=zone_of(home)), base_currency, format)
    with _reading(home) as tell:
        found = tuple(days_of(home, first, last, zone=zone_of(home), tell=tell))
    return print_bridges(found, base_currency, format)


@REPORT.command("reconciliation")
def reconciliation(
    context: typer.Context,
    day: Annotated[
        datetime | None,
        typer.Argument(formats=["%Y-%m-%d"], metavar="[DAY]", help="a trading day; else the last", show_default=False),
    ] = None,
    format: Annotated[Form, typer.Option("--format", help="text, json, or html: one page that needs nothing else")] = (
        "text"
    ),
) -> int:
    """Tell whether the book agreed with the broker on a day, why not, and what its statement said (exit 1: it differs).

    The day's statement is read by the next session's first cycle; it stands beside what the book and the API had.
    """
    from queries.reconciliation_report import report_of
    from queries.sections import rendered

    home = _home(context)
    found = report_of(home, None if day is None else day.date(), zone_of(home))
    print(rendered(found, format))
    return found.exit_status


@REPORT.command("performance")
def performance(context: typer.Context, days: SomeRange = "", format: FormatOption = "table") -> int:
    """Tell the time-weighted and the money-weighted return, and the deepest fall, by month (exit 1: a day is unknown).

    Flows count as there from the start of their day; the money-weighted return is a yearly rate.
    """
    from queries.bridge import days_of
    from queries.performance import print_performance

    home, (first, last) = _home(context), range_of(days)
    with _reading(home) as tell:
        found = tuple(days_of(home, first, last, zone=zone_of(home), tell=tell))
    return print_performance(found, read_genesis(home).base_currency, format)


@REPORT.command("realised")
def realised(context: typer.Context, days: SomeRange = "", format: FormatOption = "table") -> int:
    """Tell what was realised, by contract and month, before commissions and after those of both legs."""
    from queries.performance import print_realised
    from queries.performance import realised as realised_of

    home, (first, last) = _home(context), range_of(days)
    history = _history(home)
    return print_realised(realised_of(history, first, last), history.book.base_currency, format)


@REPORT.command("trades")
def trades(context: typer.Context, days: SomeRange = "", format: FormatOption = "table") -> int:
    """List every fill beside the price that it was decided at, and what the difference cost (+ is worse)."""
    from queries.trades import print_trades

    home, (first, last) = _home(context), range_of(days)
    return print_trades(home, first, last, format, zone=zone_of(home))


@REPORT.command("strategies")
def strategies(context: typer.Context, format: FormatOption = "table") -> int:
    """Tell what each strategy holds, what money moved for it, and what it made; together they are the account."""
    from queries.strategies import print_strategies, read_strategies

    home = _home(context)
    with _reading(home) as tell:
        found = read_strategies(home, tell=tell)
    return print_strategies(found, format)


@REPORT.command("tax")
def tax(
    context: typer.Context,
    year: Annotated[int, typer.Argument(metavar="YEAR", min=1970, max=2999, help="by trade date in the home's zone")],
    format: FormatOption = "table",
) -> int:
    """List what was closed in a year, lot by lot, and income and withholding by payer (exit 1: a rate is missing).

    Each amount in its currency and in the base currency, at the rate recorded at its moment. What it leaves out stands
    on top; in csv, on standard error.
    """
    from queries.tax import print_tax

    return print_tax(_history(_home(context)), year, format)


def range_of(text: str) -> tuple[date | None, date | None]:
    """Read a day, a month, a year, or two of these joined by `..`; nothing is all there is."""
    first, joined, last = text.partition("..")
    begin = _extent(first)[0] if first else None
    end = _extent(last if joined else first)[1] if last or (first and not joined) else None
    if begin is not None and end is not None and begin > end:
        raise typer.BadParameter(f"expected a range that ends after it begins, found {text}")
    return begin, end


def _extent(text: str) -> tuple[date, date]:
    """Return the first and the last day of what a day, a month or a year names."""
    try:
        numbers = [int(part) for part in text.split("-")]
        match numbers:
            case [year]:
                return date(year, 1, 1), date(year, 12, 31)
            case [year, month]:
                following = date(year + month // 12, month % 12 + 1, 1)
                return date(year, month, 1), following - timedelta(days=1)
            case [year, month, day]:
                return date(year, month, day), date(year, month, day)
            case _:
                raise ValueError(text)
    except ValueError:
        raise typer.BadParameter(f"expected {RANGE_HELP}; found {text!r}") from None


def _home(context: typer.Context) -> Path:
    home = home_of(context)
    refuse_foreign_log(home)
    return home


def _history(home: Path) -> History:
    from queries.closed_lots import read_history

    with _reading(home) as tell:
        return read_history(home, zone=zone_of(home), tell=tell)


@contextmanager
def _reading(home: Path) -> Iterator[Callable[[int], None]]:
    """Show how far the reading is, once it takes longer than two seconds."""
    head = read_head(var_folder(home))
    with bar("reading", head.seq if head is not None else 0) as tell:
        yield tell
