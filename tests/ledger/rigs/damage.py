"""Ways to damage a log, and the check that each is met as the recovery table says.

`Case` is one damaged home: day files and the two slots of HEAD. `check` asks the oracle what must come out, then lets
the real reader and the real start at it. To add a kind of damage: write a function that yields cases, and a test that
checks them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from ledger.book import book_hash, replay
from ledger.errors import LogError
from ledger.events import DaySealed, HeadAdvanced, TailTruncated
from ledger.ledger import Ledger
from ledger.line import Event, decode
from ledger.log import Log, encode, read_events
from tests.ledger.logs import StillClock
from tests.ledger.rigs.log_of_three_days import END, EVENTS, Written, books, three_days
from tests.ledger.rigs.oracle import Verdict, judge, readable, slot_of
from tests.ledger.rigs.simulated_disk import HOME, SimulatedDisk

Slots = tuple[bytes | None, bytes | None]
EVENTS_FOLDER = HOME / "var/events"


@dataclass(frozen=True)
class Case:
    """One damaged home."""

    name: str
    files: dict[str, bytes]
    slots: Slots
    accept_head: bool = False
    others: dict[str, bytes] = field(default_factory=dict)  # files of the folder that are no day files
    forged: int | None = None  # a line that only the witness can tell from a true one, if HEAD does not vouch for it

    def on_disk(self) -> SimulatedDisk:
        disk = SimulatedDisk()
        disk.make_folder(HOME / "var", 0o700)
        disk.make_folder(EVENTS_FOLDER, 0o700)
        for name, content in (self.files | self.others).items():
            disk.put(EVENTS_FOLDER / name, content)
        for name, slot in zip(("HEAD.0", "HEAD.1"), self.slots, strict=True):
            if slot is not None:
                disk.put(HOME / "var" / name, slot)
        return disk


class WrongAnswer(AssertionError):
    """The log said something that is not so, or refused what is sound."""


def heads(log: Written) -> dict[str, Slots]:
    """Name the states of HEAD: at the end, in the last day, in the day before, at the genesis, damaged, gone."""
    return {
        "at the end": (log.head(END), log.head(60)),
        "before the last batch": (log.head(57), log.head(60)),
        "in the last day": (log.head(50), log.head(47)),
        "in the day before": (log.head(24), log.head(32)),
        "at the genesis": (log.head(0), log.head(0)),
        "of the past in one slot": (b"\0" * 151, log.head(24)),
        "damaged in one slot": (log.head(END), b"junk"),
        "damaged": (b"junk", log.head(END)[:-1]),
        "missing": (None, None),
    }


Start = Callable[[Case, SimulatedDisk], Log]
Read = Callable[[SimulatedDisk], Iterator[Event]]


def real_start(case: Case, disk: SimulatedDisk) -> Log:
    return Log.open(HOME, _clock(), accept_head=case.accept_head, disk=disk)


def real_read(disk: SimulatedDisk) -> Iterator[Event]:
    return read_events(HOME, disk=disk)


def check(
    case: Case,
    seen: Counter[str] | None = None,
    *,
    book: bool = False,
    start: Start = real_start,
    read: Read = real_read,
) -> None:
    """Hold the log to the oracle; WrongAnswer names the case. Start and reader are others for the canaries alone."""
    verdict = judge(case.files, case.slots, accept_head=case.accept_head)
    try:
        _check_reader(case, read)
        if book:
            _check_ledger(case, verdict)
        else:
            _check_start(case, verdict, start)
    except AssertionError as wrong:
        expected = f"{verdict.decision} at seq {verdict.seq}, {sorted(verdict.refusals)}"
        raise WrongAnswer(f"{case.name}: expected {expected}: {wrong}") from wrong
    if seen is not None:
        seen[verdict.decision] += 1


def check_all(cases: Iterable[Case], seen: Counter[str], *, book_every: int = 4) -> None:
    """Check them all, each so many with the book too."""
    for number, case in enumerate(cases):
        check(case, seen, book=number % book_every == 0)


def _check_reader(case: Case, reader: Read) -> None:
    """The reader without the lock yields exactly what is whole, or raises."""
    expected = readable(case.files, case.slots)
    read, error = list[Event](), None
    disk = case.on_disk()
    before = disk.files(EVENTS_FOLDER)
    try:
        for event in reader(disk):
            read.append(event)
    except LogError as refused:
        error = refused
    assert (error is not None) == expected.complains, f"expected an error: {expected.complains}, found {error!r}"
    if error is None:
        assert tuple(encode(event) for event in read) == expected.lines, f"expected {len(expected.lines)} events"
    assert disk.files(EVENTS_FOLDER) == before, "the reader touched a file"


def _check_start(case: Case, verdict: Verdict, start: Start) -> None:
    disk = case.on_disk()
    try:
        log = start(case, disk)
    except LogError as refused:
        _check_refusal(case, verdict, disk, refused)
        return
    log.close()
    _check_opened(case, verdict, disk)


def _check_ledger(case: Case, verdict: Verdict) -> None:
    """Start through the ledger: the book has to be the one of exactly these lines."""
    disk = case.on_disk()
    try:
        ledger = Ledger.open(HOME, _clock(), accept_head=case.accept_head, disk=disk)
    except LogError as refused:
        _check_refusal(case, verdict, disk, refused)
        return
    with ledger:
        book = books()[verdict.seq] if case.forged is None else replay(map(decode, verdict.lines))
        assert book_hash(ledger.book) == book_hash(book), "another book"
        assert ledger.book.seq == ledger.log.head[0], "a book that lags behind its log"
    _check_opened(case, verdict, disk)


def _check_refusal(case: Case, verdict: Verdict, disk: SimulatedDisk, refused: LogError) -> None:
    assert not verdict.opens, f"refused: {refused}"
    assert refused.code in verdict.refusals, f"refused as {refused.code}: {refused}"
    assert refused.exit_status == 2
    assert disk.files(EVENTS_FOLDER) == case.files | case.others, "a refusal touched a file"
    slots = disk.files(HOME / "var")
    assert (slots.get("HEAD.0"), slots.get("HEAD.1")) == case.slots, "a refusal touched HEAD"


def _check_opened(case: Case, verdict: Verdict, disk: SimulatedDisk) -> None:
    assert verdict.opens, "opened what it had to refuse"
    truth, files = three_days().lines, disk.files(EVENTS_FOLDER)
    events = list(read_events(HOME, disk=disk))
    stayed, recorded = events[: verdict.seq + 1], [event.fact for event in events[verdict.seq + 1 :]]
    assert tuple(map(encode, stayed)) == verdict.lines, f"expected {len(verdict.lines)} events, found others"
    others = {seq for seq, line in enumerate(verdict.lines) if line != truth[seq]}
    vouched_for = -1 if verdict.head is None else verdict.head
    assert others <= {case.forged}, f"other events at {others}"
    assert min(others, default=EVENTS) > vouched_for, f"other events at {others}, which HEAD vouches for"
    if recorded and events[verdict.seq].recorded_at.date() < _clock().now().date():
        assert isinstance(recorded.pop(0), DaySealed), "a later day begins without the seal of the one before"
    if verdict.cut is not None:
        name, at = verdict.cut
        torn = case.files[name][at:]
        kept = f"torn-{verdict.seq + 1}-{sha256(torn).hexdigest()[:8]}.bin"
        told = recorded.pop(0)
        assert files.pop(kept) == torn, "the torn tail is not kept"
        if name != max(case.files):
            name, at = max(case.files), 0  # an empty later file: where the log goes on, not where it was torn
        assert told == TailTruncated(
            file=name, offset=at, byte_count=len(torn), sha256=sha256(torn).hexdigest(), kept_as=kept
        )
    if verdict.seq != verdict.head:
        assert recorded.pop(0) == HeadAdvanced(from_seq=vouched_for, to_seq=verdict.seq)
    assert recorded == [], "recorded more than what happened"
    slots = disk.files(HOME / "var")
    vouched = max(filter(None, map(slot_of, slots.values())))
    assert vouched == (events[-1].seq, events[-1].hash), "HEAD does not vouch for the end"


def _clock() -> StillClock:
    return StillClock(three_days().events[-1].recorded_at)


def flipped(content: bytes, at: int, bit: int) -> bytes:
    """Flip one bit."""
    changed = bytearray(content)
    changed[at] ^= 1 << bit
    return bytes(changed)


Placed = list[tuple[str, bytes]]  # lines, each with the file that it lies in


def placed() -> Placed:
    """Return the undamaged lines where they lie."""
    log = three_days()
    return [(name, line) for (name, _), line in zip(log.starts, log.lines, strict=True)]


def laid(lines: Placed) -> dict[str, bytes]:
    """Join lines to files."""
    files = dict[str, bytes]()
    for name, line in lines:
        files[name] = files.get(name, b"") + line
    return files


def everywhere(
    name: str, files: dict[str, bytes], among: Iterable[str] = (), *, forged: int | None = None
) -> Iterator[Case]:
    """Put the same files under every state of HEAD, or those named; an unreadable one also with the operator's word."""
    for state, slots in heads(three_days()).items():
        if among and state not in among:
            continue
        yield Case(f"{name}, HEAD {state}", files, slots, forged=forged)
        if state in ("damaged", "missing"):
            yield Case(f"{name}, HEAD {state}, accepted", files, slots, accept_head=True, forged=forged)
