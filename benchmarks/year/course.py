"""The year, session by session: what is injected, and what is checked.

After every closing the book must equal the venue's own books to the last digit, unless a break says why not. A fault is
judged once the session after it is over: it stands in the log, and its owner got exactly the mails that are due. What
happens in sessions without a fault is judged too: nothing may be told at once then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from benchmarks.year.faults import KINDS, Kind
from benchmarks.year.world import World
from ledger.book import Book, book_hash, replay
from ledger.checkpoints import folded_from
from ledger.events import Fact, IncidentEnded, IncidentOpened, NoticeSent, OrderFilled
from ledger.log import read_events
from queries.story import divergence_lines
from trader.audit import audit_day
from trader.calendar import NEW_YORK, Session, Slot
from trader.demo.tally import differences, lost_and_doubled

AFTER_SLOT = timedelta(seconds=20)
FAULTY_SHARE = 0.45  # of the sessions that a fault may begin in
ALL_CLEAR = "all clear"


@dataclass
class Fault:
    """One fault that was injected."""

    kind: Kind
    slot: str
    first_seq: int
    first_mail: int  # of all that came in
    killed: bool = False
    happened: bool = False
    opened: int = 0
    ended: int = 0
    at_once: int = 0  # mails when it began to matter
    at_end: int = 0
    digests: int = 0  # that tell of it in their text

    @property
    def complaint(self) -> str:
        """Say what is wrong with how it was told; "" if nothing is."""
        expected = (1, 1) if self.happened and self.kind.told == "incident" else (0, 0)
        if (self.at_once, self.at_end) != expected:
            return f"{self.kind.name} ({self.slot}): {self.at_once} mails at once and {self.at_end} at its end"
        if self.happened and self.kind.told == "digest" and not self.digests:
            return f"{self.kind.name} ({self.slot}): no digest tells of it"
        return ""


@dataclass
class Year:
    """What became of it."""

    world: World
    sessions: int = 0
    cycles: int = 0
    equal: int = 0  # closings at which nothing differed
    excused: int = 0  # closings at which an open break said what differs
    faults: list[Fault] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    clean_told: int = 0  # mails at once in sessions without a fault
    navs: list[tuple[date, Decimal, Decimal]] = field(default_factory=list)
    at_venue: dict[int, str] = field(default_factory=dict)
    live_twice: int = 0  # moments at which a contract had two live orders
    decided: int = 0  # finished cycles that were decided again
    decided_equal: int = 0
    _kinds: list[Kind] = field(default_factory=list)

    def run(self, sessions: tuple[Session, ...]) -> Iterator[Session]:
        """Play the sessions; yields each when it is over."""
        open_fault: Fault | None = None
        for session in sessions:
            first = self.world.book().seq + 1
            if open_fault is not None:  # the morning after
                self.world.advance(session.open - timedelta(minutes=30))
                open_fault.kind.undone(self.world)
                self._session(session, None)
                self._judge(open_fault)
                open_fault = None
            elif self.world.chance.random() < FAULTY_SHARE:
                open_fault = self._session(session, self._drawn())
            else:
                self._session(session, None)
                self._judge_clean(session, first)
            self.sessions += 1
            yield session

    def _drawn(self) -> Kind:
        """Draw a kind; each comes once before any comes again."""
        if not self._kinds:
            self._kinds = list(KINDS)
            self.world.chance.shuffle(self._kinds)
        return self._kinds.pop()

    def _session(self, session: Session, kind: Kind | None) -> Fault | None:
        """Play a session; a kind begins before one of its slots, and ends some slots later or with the last."""
        slots = self.world.calendar.slots(session)
        fault, at, until = None, -1, -1
        if kind is not None:
            lasts = self.world.chance.randint(1, kind.slots_max) if kind.slots_max else len(slots)
            at = self.world.chance.randrange(max(1, len(slots) - lasts))
            until = min(at + lasts, len(slots))
        for number, slot in enumerate((*slots, self.world.calendar.closing_slot(session))):
            self.world.advance(slot.at + AFTER_SLOT)
            if kind is not None and number == at:
                fault = Fault(kind, slot.name, self.world.book().seq + 1, len(self.world.box.received))
                kind.begin(self.world)
            if kind is not None and number == until:
                kind.end(self.world)
            if fault is not None and number < until:
                self._faulty_start(fault, slot)
            else:
                self.world.start(slot)
            self._look()
        self._compare(session)
        return fault

    def _faulty_start(self, fault: Fault, slot: Slot) -> None:
        """Start the real processes while something is wrong; after a kill, once more, as cron would."""
        if not fault.kind.kills or fault.killed:
            self.world.start_as_cron()
        elif self.world.start_to_be_killed():
            fault.killed = True
            self.world.advance(slot.at + timedelta(minutes=5, seconds=20))
            self.world.start_as_cron()

    def _look(self) -> None:
        """Take down what the venue knows of orders: none may be there twice."""
        self.cycles += 1
        orders = self.world.control.dump()["orders"]
        self.at_venue |= {order["perm_id"]: order["order_ref"] for order in orders}
        working = [order["con_id"] for order in orders if order["status"] in ("Submitted", "PreSubmitted")]
        self.live_twice += len(working) - len(set(working))

    def _compare(self, session: Session) -> None:
        book = self.world.book()
        apart = differences(book, self.world.control.dump())
        self.equal += not apart
        if apart and book.open_breaks:
            self.excused += 1
        elif apart:
            self.complaints.append(f"{session.day}: {'; '.join(apart)}")
        if (taken := book.snapshots.get(session.day)) is not None:
            self.navs.append((session.day, taken.nav, taken.leverage_gross))

    def _judge(self, fault: Fault) -> None:
        facts = self._since(fault.first_seq, fault.slot.partition("/")[0])
        fault.happened = fault.kind.happened(facts)
        fault.opened = sum(isinstance(fact, IncidentOpened) for fact in facts)
        fault.ended = sum(isinstance(fact, IncidentEnded) for fact in facts)
        sent = [fact for fact in facts if isinstance(fact, NoticeSent)]
        fault.at_once = sum(fact.kind == "alarm" for fact in sent)
        fault.at_end = sum(fact.kind == "ended" for fact in sent)
        fault.digests = sum(fault.kind.words in text for text in self.world.box.bodies(fault.first_mail))
        self.faults.append(fault)
        if fault.complaint:
            self.complaints.append(fault.complaint)

    def _judge_clean(self, session: Session, first: int) -> None:
        told = [
            fact.subject
            for fact in self._since(first, str(session.day))
            if isinstance(fact, NoticeSent) and (fact.kind in ("alarm", "ended") or ALL_CLEAR not in fact.subject)
        ]
        self.clean_told += len(told)
        self.complaints += [f"{session.day}, without a fault: {subject}" for subject in told]

    def _since(self, seq: int, day: str) -> list[Fact]:
        """Read what was recorded from a line of a day on; the days before are not read again."""
        _, seal = folded_from(self.world.home, before=f"{day}.jsonl")
        return [event.fact for event in read_events(self.world.home, since=seal) if event.seq >= seq]

    def ends(self) -> tuple[Book, int, int]:
        """Fold the whole log; return the book, and how many orders are lost and doubled."""
        book = replay(lambda: read_events(self.world.home), retain=True)
        lost, doubled = lost_and_doubled(book, self.at_venue)
        return book, lost, doubled

    def replays(self) -> bool:
        """Tell whether the whole log, with nothing forgotten, is the book that the cycles went by."""
        return book_hash(self.ends()[0]) == book_hash(self.world.book())

    def decide_again(self, sessions: Iterable[Session]) -> None:
        """Audit every session: whatever its cycles decided must come out again, to the last digit."""
        for session in sessions:
            audited = audit_day(self.world.home, session.day, str(NEW_YORK))
            self.decided += audited.checked
            self.decided_equal += audited.equal
            self.complaints += [f"{session.day}: {line}" for line in divergence_lines(audited)]

    def fills(self) -> int:
        """Count our fills."""
        return sum(isinstance(event.fact, OrderFilled) for event in read_events(self.world.home))
