"""The reports of `tallybook report`, within the frame of the site.

To add one: a function from an edition and what was asked to a `Report`, and its line in `REPORTS`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from queries.bridge import days_of
from queries.reconciliation_report import report_of
from queries.sections import Report, body
from queries.tables import UnknownDay
from trader.commands.dashboard.edition import Edition
from trader.commands.dashboard.page import Asked, NoSuchPage, Page, Route

LINK = "/event/"
Days = tuple[date, date]


class Kind(NamedTuple):
    """A report: what it answers, of how many days it is unless told otherwise, and how it is made."""

    name: str
    answers: str
    span: str  # day, month, year, or nothing at all
    made: Callable[[Edition, Days], Report]


def _account(edition: Edition, days: Days) -> Report:
    from queries.pages.account import account_page
    from trader.benchmark import benchmark_of

    ticker, closes_of = benchmark_of(edition.home)
    return account_page(edition.home, *days, zone=edition.zone, ticker=ticker, closes_of=closes_of)


def _reconciliation(edition: Edition, days: Days) -> Report:
    return report_of(edition.home, days[1], edition.zone)


def _execution(edition: Edition, days: Days) -> Report:
    from queries.pages.execution import execution_page

    return execution_page(edition.home, *days, zone=edition.zone)


def _performance(edition: Edition, days: Days) -> Report:
    from queries.pages.tables import performance_page

    bridged = tuple(days_of(edition.home, *days, zone=edition.zone))
    return performance_page(bridged, edition.genesis.base_currency, edition.genesis.account)


def _nav_bridge(edition: Edition, days: Days) -> Report:
    from queries.pages.tables import bridge_page

    bridged = tuple(days_of(edition.home, *days, zone=edition.zone))
    return bridge_page(bridged, edition.genesis.base_currency, edition.genesis.account)


def _trades(edition: Edition, days: Days) -> Report:
    from queries.pages.tables import trades_page

    return trades_page(edition.home, *days, zone=edition.zone)


def _strategies(edition: Edition, _: Days) -> Report:
    from queries.pages.tables import strategies_page
    from queries.strategies import read_strategies

    return strategies_page(read_strategies(edition.home))


def _realised(edition: Edition, days: Days) -> Report:
    from queries.closed_lots import read_history
    from queries.pages.tables import realised_page
    from queries.performance import realised

    history = edition.once("history", lambda: read_history(edition.home, zone=edition.zone))
    return realised_page(realised(history, *days), edition.genesis.base_currency)


def _tax(edition: Edition, days: Days) -> Report:
    from queries.closed_lots import read_history
    from queries.pages.tables import tax_page

    history = edition.once("history", lambda: read_history(edition.home, zone=edition.zone))
    return tax_page(history, days[1].year)


REPORTS: tuple[Kind, ...] = (
    Kind("day", "what happened on a day: NAV, what made it, positions, orders, limits", "day", _account),
    Kind("month", "what happened in a month: NAV beside the benchmark, drawdown, leverage, who made what", "month",
         _account),
    Kind("reconciliation", "did the book agree with the broker, why not, and what did the statement say?", "day",
         _reconciliation),
    Kind("execution", "how orders became trades: how fast, at what cost, and what was refused", "month", _execution),
    Kind("performance", "what the account returned, month by month", "year", _performance),
    Kind("nav-bridge", "how NAV came from one day's end to the next", "month", _nav_bridge),
    Kind("trades", "every fill beside the price that it was decided at", "month", _trades),
    Kind("strategies", "what each strategy holds, and what it made (the whole log is read)", "", _strategies),
    Kind("realised", "what was realised, by contract and month (the whole log is read)", "year", _realised),
    Kind("tax", "disposals by lot, and income by payer (the whole log is read)", "year", _tax),
)  # fmt: skip
BY_NAME = {kind.name: kind for kind in REPORTS}


def report(edition: Edition, asked: Asked) -> Page:
    """Show one report, of the days that are asked for or of the last ones."""
    kind = BY_NAME.get(asked.place.get("name", "reconciliation"))
    if kind is None:
        raise NoSuchPage(f"{asked.place['name']}: expected one of {', '.join(BY_NAME)}")
    last = last_session(edition)
    words = asked.query.get("days", "").strip() or asked.place.get("day") or _usual(kind, last)
    days = _range(words, last)
    if kind.span == "day" and days[0] != days[1]:
        raise NoSuchPage(f"{words}: expected one day, as {last}")
    found = edition.once((kind.name, days), lambda: kind.made(edition, days))
    return Page("report", found.title, _shown(kind, found, words), tab=_tab(kind), follows=days[1] >= last)


def _shown(kind: Kind, found: Report, words: str) -> dict[str, object]:
    from markupsafe import Markup  # it comes with jinja2, late

    return {"inside": Markup(body(found, link=LINK)), "kind": kind, "words": words}


def _tab(kind: Kind) -> str:
    return "/reconciliation" if kind.made is _reconciliation else "/reports"


def _usual(kind: Kind, last: date) -> str:
    return {"day": f"{last}", "month": f"{last:%Y-%m}"}.get(kind.span, f"{last:%Y}")


def _range(words: str, last: date) -> Days:
    from typer import BadParameter

    from trader.commands.report import range_of

    try:
        first, until = range_of(words)
    except BadParameter as error:
        raise NoSuchPage(error.message) from error
    return first or date.min, until or last


def last_session(edition: Edition) -> date:
    """Return the last day that a cycle finished on."""
    last = edition.book.snapshot
    if last is None:
        raise UnknownDay("no cycle has finished yet: there is nothing to report")
    return last.session_day


def reports(edition: Edition, _: Asked) -> Page:
    """List what there is."""
    return Page("reports", "Reports", {"kinds": REPORTS, "last": last_session(edition)}, tab="/reports")


ROUTES: tuple[Route, ...] = (
    ("/reports", reports), ("/reports/{name}", report), ("/reconciliation", report), ("/reconciliation/{day}", report),
)  # fmt: skip
