"""The reports of `tallybook report`, within the frame of the site."""

from __future__ import annotations

from queries.reconciliation_report import report_of
from queries.sections import body
from trader.dashboard.days import last_day
from trader.dashboard.edition import Edition
from trader.dashboard.page import Asked, Page, Route

LINK = "/event/"


def last_reconciliation(edition: Edition, _: Asked) -> Page:
    """Show the newest day's reconciliation."""
    return reconciliation(edition, Asked({"day": last_day(edition).isoformat()}))


def reconciliation(edition: Edition, asked: Asked) -> Page:
    """Show whether the book agreed with the broker on a day."""
    from markupsafe import Markup  # it comes with jinja2, late

    of = asked.day()
    found = edition.once(("reconciliation", of), lambda: report_of(edition.home, of, edition.zone))
    shown = {"inside": Markup(body(found, link=LINK)), "day": of}
    return Page("report", found.title, shown, tab="/reconciliation", follows=True)


def reports(edition: Edition, _: Asked) -> Page:
    """List what there is."""
    of = last_day(edition)
    listed = ((f"/reconciliation/{of}", "reconciliation", "did the book agree with the broker, and why not?"),)
    return Page("reports", "Reports", {"listed": listed}, tab="/reports")


ROUTES: tuple[Route, ...] = (
    ("/reports", reports), ("/reconciliation", last_reconciliation), ("/reconciliation/{day}", reconciliation),
)  # fmt: skip
