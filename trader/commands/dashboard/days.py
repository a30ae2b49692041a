"""The days: each one's NAV and cycles, its story with the hashes replayed, and each cycle's lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from queries.sql import Answer
from queries.story import Audit
from trader.commands.dashboard.edition import Edition
from trader.commands.dashboard.links import lead
from trader.commands.dashboard.now import records
from trader.commands.dashboard.page import Asked, NoSuchPage, Page, Route
from trader.commands.dashboard.stories import TOLD, sessions, told

MOMENT = re.compile(r"(\d{2}:\d{2})  (.*)", re.DOTALL)  # how a line of a story begins that has a moment

DAYS = """
SELECT session_day, nav, profit, profit_since_start, leverage_gross, cycles, cycles_finished, orders_sent, fills,
    foreign_fills
FROM days WHERE year(session_day) = {year} ORDER BY session_day DESC
"""
YEARS = "SELECT DISTINCT year(session_day) AS year FROM cycle_started ORDER BY year DESC"


class Line(NamedTuple):
    """A line of a day's story: its moment, where that leads, its words."""

    at: str
    leads: str | None
    text: str


def days(edition: Edition, asked: Asked) -> Page:
    """List a year's sessions, the last one first."""
    years = [int(str(row[0])) for row in edition.answer(YEARS).rows]
    if not years:
        raise NoSuchPage("no session is in the log yet: its first cycle begins one")
    try:
        year = int(asked.query.get("year", years[0]))
    except ValueError:
        raise NoSuchPage(f"{asked.query['year']}: expected a year, as 2005") from None
    found = edition.answer(DAYS.format(year=year))
    rows = records(found)
    course = Answer(("session_day", "nav"), tuple((row["session_day"], row["nav"]) for row in rows))
    shown = {"rows": rows, "years": years, "year": year, "course": course,
             "snapshots": sessions(edition).snapshots}  # fmt: skip
    return Page("days", f"{year}", shown, tab="/days", follows=True)


def day(edition: Edition, asked: Asked) -> Page:
    """Tell a day in order, as its lines say; whether its decisions come out again is asked for later."""
    of = asked.day()
    return _told(edition, of, edition.once(("told", of), lambda: told(edition, of)))


def last(edition: Edition, _: Asked) -> Page:
    """Tell the newest day."""
    known = sessions(edition).days
    if not known:
        raise NoSuchPage("no session is in the log yet: its first cycle begins one")
    return day(edition, Asked({"day": known[-1].isoformat()}))


def again(edition: Edition, asked: Asked) -> Page:
    """Tell a day as `tallybook audit` does: every decision made again, to the last digit."""
    from trader.audit import audit_day

    of = asked.day()
    return _told(edition, of, edition.once(("again", of), lambda: audit_day(edition.home, of, edition.zone)))


def _told(edition: Edition, of: date, found: Audit) -> Page:
    known = sessions(edition)
    before, after = known.beside(of)
    cycles = known.cycles.get(of, ())
    shown = {
        "day": of,
        "audit": found,
        "lines": told_lines(found.lines, cycles, of),
        "before": before,
        "after": after,
        "is_again": found.verb != TOLD,
    }
    return Page("day", f"{of:%a} {of.day} {of:%b %Y}", shown, tab="/days", follows=after is None)


def told_lines(lines: Sequence[str], cycles: Sequence[tuple[int, str]], of: date) -> list[Line]:
    """Give each line its place to lead to: a cycle's its cycle, another's the events of its minute."""
    waiting: dict[str, list[int]] = {}
    for seq, at in cycles:
        waiting.setdefault(at, []).append(seq)
    found = []
    for line in lines:
        match = MOMENT.fullmatch(line)
        if match is None:
            name, _, rest = line.partition(" ")
            found.append(Line(name, None, rest.strip()))
            continue
        begun = waiting.get(match[1])
        leads = lead("cycle", begun.pop(0)) if begun else f"/minute/{of}/{match[1]}"
        found.append(Line(match[1], leads, match[2]))
    return found


ROUTES: tuple[Route, ...] = (("/days", days), ("/day", last), ("/day/{day}", day), ("/day/{day}/again", again))
