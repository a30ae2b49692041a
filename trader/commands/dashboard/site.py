"""The site: which address is which page, and what becomes of an error."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ledger.book import Impossible
from ledger.errors import Refusal
from ledger.nav import Unvalued
from queries.sql import StatementError
from queries.tables import TableError, UnknownDay
from trader.calendar import CalendarError
from trader.commands.dashboard import asking, days, events, now, reports
from trader.commands.dashboard.edition import Edition, Editions
from trader.commands.dashboard.guard import REASONS, Guard, Reason
from trader.commands.dashboard.page import MISSING, WRONG, Asked, File, NoSuchPage, Page, Route, Show
from trader.commands.dashboard.rendering import html_of, policy

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

PAGES: tuple[Route, ...] = (*now.ROUTES, *days.ROUTES, *events.ROUTES, *reports.ROUTES, *asking.ROUTES)
FAILED = 500
UNKNOWN: tuple[type[Exception], ...] = (NoSuchPage, UnknownDay)
EXPECTED: tuple[type[Exception], ...] = (
    *UNKNOWN, Refusal, Impossible, Unvalued, TableError, StatementError, CalendarError, OSError,
)  # fmt: skip


def application(home: Path, *, reasons: Iterable[Reason] = (), is_served: bool = False) -> ASGIApp:
    """Return the site of a home; `reasons` refuse more than it does by itself. One that is served reads ahead."""
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route as Address

    editions = Editions(home, _read_first if is_served else None)
    if is_served:
        editions.newest()

    def version(_: Request) -> Response:
        return PlainTextResponse(editions.newest().mark)

    pages = [Address(path, _served(editions, show)) for path, show in PAGES]
    missing = _served(editions, _no_page)
    site = Starlette(routes=[Address("/version", version), *pages, Address("/{path:path}", missing)])
    return Guard(site, policy=policy(), reasons=(*REASONS, *reasons))


def _read_first(edition: Edition) -> None:
    """Read for the pages that are opened first, and that a browser asks for again when the log has grown."""
    for show in (now.now, days.days, days.last, reports.report):
        shown(edition, show, Asked())


def _no_page(_: Edition, asked: Asked) -> Page:
    raise NoSuchPage(f"/{asked.place['path']}: no page has this address")


def _served(editions: Editions, show: Show) -> Any:
    def serve(request: Request) -> Response:
        from starlette.responses import HTMLResponse, Response

        edition = editions.newest()
        asked = Asked(
            {name: str(value) for name, value in request.path_params.items()}, dict(request.query_params.items())
        )
        found = shown(edition, show, asked)
        if isinstance(found, File):
            named = {"content-disposition": f'attachment; filename="{found.name}"'}
            return Response(found.content, media_type=found.kind, headers=named)
        return HTMLResponse(html_of(found, frame_of(edition)), found.status)

    return serve


def shown(edition: Edition, show: Show, asked: Asked) -> Page | File:
    """Return the page, or one that says why there is none."""
    try:
        return show(edition, asked)
    except EXPECTED as error:
        status = MISSING if isinstance(error, UNKNOWN) else WRONG if isinstance(error, StatementError) else FAILED
        code = getattr(error, "code", "")
        return Page("error", "Not found" if status == MISSING else "Could not show this",
                    {"code": code, "reason": str(error)}, status)  # fmt: skip


def frame_of(edition: Edition) -> dict[str, Any]:
    """Return what stands around every page: whose home it is, and whether it may trade."""
    frame: dict[str, Any] = {"zone": edition.zone, "mark": edition.mark, "standing": None, "unreadable": ""}
    try:
        frame["standing"] = edition.status
    except EXPECTED as error:
        frame["unreadable"] = str(error)
    return frame
