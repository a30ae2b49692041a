"""Reports: what the account did on a day or in a month, how NAV came about, how orders fared, what a tax form needs.

Each is told on the terminal, to a program, and as one HTML page that needs nothing else; `--out` writes it to a file,
and the file's ending says in which form. To add one: write what it says in `queries/`, a function here, and name it in
`REPORT`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ledger.log import read_genesis
from ledger.log.head import read_head
from ledger.log.storage import var_folder
from trader.commands.home import home_of, refuse_foreign_log, zone_of
from trader.commands.moments import day_of
from trader.commands.output import require_free
from trader.commands.progress import bar

if TYPE_CHECKING:
    from queries.closed_lots import History
    from queries.sections import Report

Form = Literal["text", "json", "html"]
TableForm = Literal["table", "csv", "json", "html"]
FormOption = Annotated[
    Form | None, typer.Option("--format", help="text, json, or html: one page that needs nothing else")
]
TableOption = Annotated[
    TableForm | None, typer.Option("--format", help="table, csv, json, or html: one page that needs nothing else")
]


def _free(context: typer.Context, out: Path | None) -> Path | None:
    require_free(context.obj or Path(), out)
    return out


OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="FILE", callback=_free, help="write to a file; without --format, its ending says the form"
    ),
]
BEFORE_ALL = date(1970, 1, 1)
DAY_HELP = "a trading day; else the last"
RANGE_HELP = "a trading day (2005-03-01), a month, a year, or two of these joined: 2005-01..2005-03-15"
Range = Annotated[str, typer.Argument(metavar="DAY|RANGE", help=RANGE_HELP)]
SomeRange = Annotated[str, typer.Argument(metavar="[RANGE]", help=RANGE_HELP, show_default=False)]

REPORT = typer.Typer(
    help="What the account did: day, month, execution, NAV bridge, reconciliation, returns, realised, trades, tax.",
    no_args_is_help=True,
)


@REPORT.callback()
def report() -> None:
    """Tell what the account did."""


# Pages


@REPORT.command("day")
def day(
    context: typer.Context,
    day: Annotated[
        datetime | None, typer.Argument(parser=day_of, metavar="[DAY]", help=DAY_HELP, show_default=False)
    ] = None,
    format: FormOption = None,
    out: OutOption = None,
) -> int:
    """Tell a day on one page: NAV, what made it, the story, positions, orders, limits (exit 1: something is open)."""
    home = _home(context)
    asked = _last_session(home) if day is None else day.date()
    return _show(_account_page(home, asked, asked), _page_form(format, out), out)


@REPORT.command("month")
def month(context: typer.Context, days: SomeRange = "", format: FormOption = None, out: OutOption = None) -> int:
    """Tell a month, or any days, on one page: NAV beside the benchmark, drawdown, leverage, who made what, limits.

    Without a RANGE, the month of the last session. The benchmark is that of the settings. Exit 1: something is open.
    """
    home = _home(context)
    first, last = _days_of(home, days)
    return _show(_account_page(home, first, last), _page_form(format, out), out)


@REPORT.command("execution")
def execution(context: typer.Context, days: SomeRange = "", format: FormOption = None, out: OutOption = None) -> int:
    """Tell how orders became trades: how fast, at what cost against the decision, what was refused and why.

    Without a RANGE, the month of the last session.
    """
    from queries.pages.execution import execution_page

    home = _home(context)
    first, last = _days_of(home, days)
    with _reading(home) as tell:
        found = execution_page(home, first, last, zone=zone_of(home), tell=tell)
    return _show(found, _page_form(format, out), out)


@REPORT.command("reconciliation")
def reconciliation(
    context: typer.Context,
    day: Annotated[
        datetime | None, typer.Argument(parser=day_of, metavar="[DAY]", help=DAY_HELP, show_default=False)
    ] = None,
    format: FormOption = None,
    out: OutOption = None,
) -> int:
    """Tell whether the book agreed with the broker on a day, why not, and what its statement said (exit 1: it differs).

    The day's statement is read by the next session's first cycle; it stands beside what the book and the API had.
    """
    from queries.reconciliation_report import report_of

    home = _home(context)
    found = report_of(home, None if day is None else day.date(), zone_of(home))
    return _show(found, _page_form(format, out), out)


def _account_page(home: Path, first: date, last: date) -> Report:
    from queries.pages.account import account_page
    from trader.benchmark import benchmark_of

    ticker, closes_of = benchmark_of(home)
    with _reading(home) as tell:
        return account_page(
            home, first, last, zone=zone_of(home), ticker=ticker, closes_of=closes_of, tell=tell
        )  # fmt: skip


def _days_of(home: Path, days: str) -> tuple[date, date]:
    """Return the first and the last day of a range; without one, the month of the last session."""
    session = _last_session(home)
    first, last = range_of(days or f"{session:%Y-%m}")
    return first or BEFORE_ALL, last or session


def _last_session(home: Path) -> date:
    """Return the last day that a cycle finished on."""
    from ledger.checkpoints import book_of
    from queries.tables import UnknownDay

    last = book_of(home).snapshot
    if last is None:
        raise UnknownDay(f"{home}: expected a day with a finished cycle, found none: run `tallybook cycle` first")
    return last.session_day


# Tables


@REPORT.command("nav-bridge")
def nav_bridge(context: typer.Context, days: Range, format: TableOption = None, out: OutOption = None) -> int:
    """Explain how NAV came from one day's end to the next, line by line (exit 1 on a residual or an unknown day).

    DAY is a trading day; its last finished cycle ends it. Lines are in the base currency, at the day's closing rates.
    """
    from queries.bridge import days_of, print_bridges

    home, (first, last), form = _home(context), range_of(days), _table_form(format, out)
    genesis = read_genesis(home)
    base_currency = genesis.base_currency
    if form in ("csv", "json"):
        with _written(out):
            return print_bridges(days_of(home, first, last, zone=zone_of(home)), base_currency, form)
    with _reading(home) as tell:
        found = tuple(days_of(home, first, last, zone=zone_of(home), tell=tell))
    if form == "html":
        from queries.pages.tables import bridge_page

        return _show(bridge_page(found, base_currency, genesis.account), form, out)
    with _written(out):
        return print_bridges(found, base_currency, form)


@REPORT.command("performance")
def performance(context: typer.Context, days: SomeRange = "", format: TableOption = None, out: OutOption = None) -> int:
    """Tell the time-weighted and the money-weighted return, and the deepest fall, by month (exit 1: a day is unknown).

    Flows count as there from the start of their day; the money-weighted return is a yearly rate. Sharpe ratio and
    volatility are of daily returns, a year being 252 sessions, over nothing.
    """
    from queries.bridge import days_of
    from queries.performance import print_performance

    home, (first, last), form = _home(context), range_of(days), _table_form(format, out)
    with _reading(home) as tell:
        found = tuple(days_of(home, first, last, zone=zone_of(home), tell=tell))
    genesis = read_genesis(home)
    if form == "html":
        from queries.pages.tables import performance_page

        return _show(performance_page(found, genesis.base_currency, genesis.account), form, out)
    with _written(out):
        return print_performance(found, genesis.base_currency, form)


@REPORT.command("realised")
def realised(context: typer.Context, days: SomeRange = "", format: TableOption = None, out: OutOption = None) -> int:
    """Tell what was realised, by contract and month, before commissions and after those of both legs."""
    from queries.performance import print_realised
    from queries.performance import realised as realised_of

    home, (first, last), form = _home(context), range_of(days), _table_form(format, out)
    history = _history(home)
    found, base_currency = realised_of(history, first, last), history.book.base_currency
    if form == "html":
        from queries.pages.tables import realised_page

        return _show(realised_page(found, base_currency), form, out)
    with _written(out):
        return print_realised(found, base_currency, form)


@REPORT.command("trades")
def trades(context: typer.Context, days: SomeRange = "", format: TableOption = None, out: OutOption = None) -> int:
    """List every fill beside the price that it was decided at, and what the difference cost (+ is worse)."""
    from queries.trades import print_trades

    home, (first, last), form = _home(context), range_of(days), _table_form(format, out)
    if form == "html":
        from queries.pages.tables import trades_page

        return _show(trades_page(home, first, last, zone=zone_of(home)), form, out)
    with _written(out):
        return print_trades(home, first, last, form, zone=zone_of(home))


@REPORT.command("strategies")
def strategies(context: typer.Context, format: TableOption = None, out: OutOption = None) -> int:
    """Tell what each strategy holds, what money moved for it, and what it made; together they are the account."""
    from queries.strategies import print_strategies, read_strategies

    home, form = _home(context), _table_form(format, out)
    with _reading(home) as tell:
        found = read_strategies(home, tell=tell)
    if form == "html":
        from queries.pages.tables import strategies_page

        return _show(strategies_page(found), form, out)
    with _written(out):
        return print_strategies(found, form)


@REPORT.command("tax")
def tax(
    context: typer.Context,
    year: Annotated[int, typer.Argument(metavar="YEAR", min=1970, max=2999, help="by trade date in the home's zone")],
    format: TableOption = None,
    out: OutOption = None,
) -> int:
    """List what was closed in a year, lot by lot, and income and withholding by payer (exit 1: a rate is missing).

    Each amount in its currency and in the base currency, at the rate recorded at its moment. What it leaves out stands
    on top; in csv, on standard error.
    """
    from queries.tax import print_tax

    history, form = _history(_home(context)), _table_form(format, out)
    if form == "html":
        from queries.pages.tables import tax_page

        return _show(tax_page(history, year), form, out)
    with _written(out):
        return print_tax(history, year, form)


# Where to


def _page_form(format: Form | None, out: Path | None) -> Form:
    """Return the form that is asked for, or that a file's ending says, or text."""
    match "" if out is None else out.suffix.lower():
        case _ if format is not None:
            return format
        case ".html" | ".htm":
            return "html"
        case ".json":
            return "json"
        case _:
            return "text"


def _table_form(format: TableForm | None, out: Path | None) -> TableForm:
    """Return the form that is asked for, or that a file's ending says, or a table."""
    match "" if out is None else out.suffix.lower():
        case _ if format is not None:
            return format
        case ".html" | ".htm":
            return "html"
        case ".json":
            return "json"
        case ".csv":
            return "csv"
        case _:
            return "table"


def _show(found: Report, form: Form, out: Path | None) -> int:
    """Print a page, or write it."""
    from queries.sections import rendered

    with _written(out):
        print(rendered(found, form))
    return found.exit_status


@contextmanager
def _written(out: Path | None) -> Iterator[None]:
    """Write what is printed to a file, whole or not at all; without one it is printed."""
    if out is None:
        yield
        return
    from trader.evidence import write_whole

    if out.is_dir():
        raise typer.BadParameter(f"--out {out}: expected the name of a file, found a folder")
    told = StringIO()
    with redirect_stdout(told):
        yield
    write_whole(out, told.getvalue().encode())
    print(f"written: {out}")


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
