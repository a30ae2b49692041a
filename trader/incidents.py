"""Incidents: what the owner is told at once becomes a fact when it begins, and another when it is over. Pure.

An incident has subjects, what is wrong by name; it lasts until none of them is. What is wrong already, and told, begins
no second one. A start that did not reach its end is an incident of starts: it lasts until a start does. All the ways in
which the broker may be away are one outage, and one incident.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from ledger.book import Book
from ledger.events import IncidentEnded, IncidentOpened
from ledger.incidents import Incident
from queries.break_words import ended_words, symbol, what_differs
from queries.figures import change, money, quantity
from trader.alarms import Kind, Trouble

ZERO = Decimal(0)
OUTAGE = "outage"
OUTAGES = frozenset(  # codes of a broker that is away, or does not answer as it should
    {
        "gateway-down", "gateway-silent", "no-answer", "garbled", "unreadable", "account-not-ready", "looks-differ",
        "connection-lost", "broker-offline", "cycle-timed-out", "client-id-in-use",
    }
)  # fmt: skip
COMMIT = "commit "
COMMANDS: dict[str, str] = {  # what to type first when a start failed; of what is not named: tallybook status
    "settings-wrong": "tallybook settings",
    "log-damaged": "tallybook verify",
    "wrong-account": "tallybook doctor",
    "wrong-mode": "tallybook doctor",
    "clock-differs": "tallybook doctor",
    "calendar": "tallybook doctor",
    "unknown-contract": "tallybook doctor",
    "contract-changed": "tallybook doctor",
    "read-only": "tallybook doctor",
} | dict.fromkeys(OUTAGES, "tallybook doctor")


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong with a start, or with what follows a cycle."""

    code: str  # stands in docs/runbook.md
    reason: str
    slot: str
    details: tuple[str, ...] = ()  # how the process ended, and what else is known
    recorded: str = ""  # why the log did not take it; empty if it did
    headline: str = ""  # of what did not end the start; empty if it did
    command: str = ""  # what to type first; empty: what its code says
    name: str = ""  # of the incident, where it has one
    began: datetime | None = None  # None: now
    is_of_start: bool = True  # False: the cycle itself went on
    is_of_commit: bool = False  # the day was closed, and not put into the database

    @property
    def incident(self) -> str:
        """Name the incident that it would be: a code and a day."""
        return f"{self.code}/{self.slot.partition('/')[0]}"

    @property
    def subject(self) -> str:
        """Name what is wrong: of one thing that is wrong one mail is enough, whatever it is called."""
        if self.code in OUTAGES:
            return OUTAGE
        return f"{COMMIT}{self.slot.partition('/')[0]}" if self.is_of_commit else self.code

    @property
    def first_line(self) -> str:
        """Return what a mail begins with."""
        return self.headline or f"{'Not committed' if self.is_of_commit else 'No cycle finished'}: {self.code}."

    @property
    def to_type(self) -> str:
        """Return what to type first."""
        return self.command or COMMANDS.get(self.code, "tallybook status")


def is_told(book: Book, failure: Failure) -> bool:
    """Whether an incident is open that tells of the same trouble."""
    return failure.subject in _open_subjects(book)


def begun_by_start(
    book: Book, failure: Failure, to: tuple[str, ...], told: tuple[str, ...] = ()
) -> tuple[IncidentOpened, ...]:
    """Open an incident for a start that failed, unless what it failed of is told already."""
    if is_told(book, failure):
        return ()
    reported = book.reported.nav
    opened = IncidentOpened(
        incident=_free_name(book, failure.incident),
        code=failure.code,
        slot=failure.slot,
        subjects=(failure.subject,),
        headline=failure.first_line,
        lines=(failure.reason, *failure.details),
        command=failure.to_type,
        of_starts=not failure.is_of_commit,
        to=to,
        told=told,
        nav=reported.net_liquidation if reported is not None else None,
    )
    return (opened,)


def begun(book: Book, found: Iterable[Trouble], to: tuple[str, ...]) -> Iterator[IncidentOpened]:
    """Open an incident for each kind of which something new is wrong."""
    known, by_kind = _open_subjects(book), dict[type[Kind], list[Trouble]]()
    for trouble in found:
        if trouble.opens and trouble.subject not in known:
            by_kind.setdefault(trouble.kind, []).append(trouble)
    for kind, news in by_kind.items():
        slot = book.cycle.started.slot if book.cycle is not None else ""
        reported = book.reported.nav
        yield IncidentOpened(
            incident=_free_name(book, f"{kind.code}/{slot.partition('/')[0]}"),
            code=kind.code,
            slot=slot,
            subjects=tuple(dict.fromkeys(trouble.subject for trouble in news)),
            headline=kind.headline,
            lines=tuple(dict.fromkeys(trouble.line for trouble in news)),
            command=news[0].command or kind.command,
            to=tuple(by for by in to if by not in kind.not_by),
            nav=reported.net_liquidation if reported is not None else None,
        )


def over(book: Book, found: Iterable[Trouble], kinds: Iterable[type[Kind]]) -> Iterator[IncidentEnded]:
    """End the incidents of which nothing is wrong any more; a cycle has just finished."""
    wrong = {trouble.subject for trouble in found}
    is_closing = book.cycle is not None and book.cycle.started.kind == "close"
    only_trading = {kind.code for kind in kinds if kind.of_trading}
    for known in tuple(book.incidents.values()):
        if not known.is_open or (is_closing and known.opened.code in only_trading):
            continue
        if known.opened.of_starts or not any(_lasts(book, subject, wrong) for subject in known.opened.subjects):
            yield IncidentEnded(incident=known.opened.incident, lines=tuple(what_became(book, known)))


def _lasts(book: Book, subject: str, wrong: set[str]) -> bool:
    if subject.startswith(COMMIT):
        return subject.removeprefix(COMMIT) not in {day.isoformat() for day in book.committed}
    return subject in wrong


def what_became(book: Book, known: Incident) -> Iterator[str]:
    """Tell how long it lasted, what was missed in that time, and what is different now."""
    yield f"It lasted {_span(book.now - known.at)}."
    if known.opened.of_starts:
        yield from _missed(book, known)
    for subject in known.opened.subjects:
        if (was := book.breaks.get(subject)) is not None and was.status != "open":
            yield f"{subject} {what_differs(book, was)}: {ended_words(was, 'you')}."
    if known.opened.of_starts:
        yield from _different(book, known)


def _missed(book: Book, known: Incident) -> Iterator[str]:
    starts = f"{known.starts} start{'s' if known.starts != 1 else ''} failed"
    first = known.opened.slot
    missed = ", ".join(sorted(name for name, slot in book.slots.items() if name >= first and slot.skipped))
    yield f"{starts}; {f'missed: {missed}' if missed else 'no slot was missed'}."


def _different(book: Book, known: Incident) -> Iterator[str]:
    """Tell NAV, executions and breaks since it began."""
    now = book.reported.nav.net_liquidation if book.reported.nav is not None else None
    before = known.opened.nav
    if now is not None and before is not None:
        yield f"NAV {money(before)} before, {money(now)} now: {change(now - before)}."
    fills = [fill for fill in book.fills.values() if fill.at >= known.at and not fill.busted]
    for con_id in dict.fromkeys(fill.con_id for fill in fills):
        traded = sum((fill.quantity for fill in fills if fill.con_id == con_id), ZERO)
        yield f"Executed since: {symbol(book, con_id)} {'+' if traded > 0 else ''}{quantity(traded)}."
    found = [it for it in book.breaks.values() if it.at >= known.at]
    yield from (f"Found since: {it.found.break_id} {what_differs(book, it)}." for it in found)
    if not fills and not found:
        yield "Nothing was executed since, and book and broker agree as before."


def _open_subjects(book: Book) -> frozenset[str]:
    return frozenset(it for known in book.incidents.values() if known.is_open for it in known.opened.subjects)


def _free_name(book: Book, name: str) -> str:
    """Name the second incident of a code and a day `code/day/2`."""
    taken = sum(1 for known in book.incidents if known == name or known.startswith(f"{name}/"))
    return name if not taken and name not in book.mailed else f"{name}/{max(taken, 1) + 1}"


def _span(lasted: timedelta) -> str:
    minutes = max(0, int(lasted.total_seconds()) // 60)
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{days} d {hours} h {minutes % 60:02d} min"
    return f"{hours} h {minutes % 60:02d} min" if hours else f"{minutes} min"
